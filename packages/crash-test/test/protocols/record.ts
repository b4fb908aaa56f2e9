import { crc32 } from "node:zlib";
import { bytesOf, textOf } from "./content.js";

/** Records of the logs below: length u32, CRC-32 of the body u32, body. Little-endian. Length 0 is no record. */
const headerBytes = 8;

/** One careless line in a reader. */
export type CarelessScan = "no-checksum" | "zeros-accepted" | "damage-skipped";

export function encodeRecord(text: string): Uint8Array {
  const body = bytesOf(text);
  const bytes = new Uint8Array(headerBytes + body.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32(body), true);
  bytes.set(body, headerBytes);
  return bytes;
}

export interface Scan {
  readonly records: string[];
  /** Bytes of the valid prefix. */
  readonly end: number;
}

/** The longest valid prefix from `start` on. */
export function scanRecords(bytes: Uint8Array, careless?: string, start = 0): Scan {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: string[] = [];
  let at = start;
  while (at + headerBytes <= bytes.length) {
    const length = view.getUint32(at, true);
    if (length === 0 && careless !== "zeros-accepted") break; // the CRC-32 of nothing is 0, so zeros would be valid
    const body = bytes.subarray(at + headerBytes, at + headerBytes + length);
    if (body.length < length) break;
    const intact = crc32(body) === view.getUint32(at + 4, true) || careless === "no-checksum";
    if (!intact && careless !== "damage-skipped") break;
    at += headerBytes + length;
    if (intact) records.push(textOf(body));
  }
  return { records, end: at };
}
