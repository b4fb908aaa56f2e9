import { crc32 } from "node:zlib";
import { Prng, streamSeed } from "@holdfast/fs-seam/fault";

/**
 * The log that the tour's child process writes: numbered records, one line each, so that `--keep` leaves something a
 * person can read.
 *
 *     <number> <payload> <CRC-32 of all before the last space, 8 hexadecimal digits>\n
 *
 * Numbers count from 1 without a gap; the payload of a number follows from the seed, so that a reader knows every byte
 * that should be there. A record is complete when its line ends and its checksum holds.
 */

const newline = 0x0a;

/** The bytes of record `number` under `seed`: 36 of them or more, up to about 300. */
export function encodeRecord(number: number, seed: number): Uint8Array {
  const body = `${number} ${payloadOf(number, seed)}`;
  return Buffer.from(`${body} ${checksumOf(body)}\n`, "latin1");
}

function payloadOf(number: number, seed: number): string {
  const choices = new Prng(streamSeed(seed, `record ${number}`));
  const words = 3 + choices.below(28);
  return Array.from({ length: words }, () => hexadecimal(choices.nextU32())).join("");
}

function checksumOf(text: string): string {
  return hexadecimal(crc32(Buffer.from(text, "latin1")));
}

/** 8 digits. */
function hexadecimal(word: number): string {
  return word.toString(16).padStart(8, "0");
}

/** What a log holds. */
export interface LogScan {
  /** Records 1 to this number are there and check. */
  readonly recordCount: number;
  /** Where the last of them ends. */
  readonly endOffset: number;
  readonly end: LogEnd;
}

/** Why a scan stopped. Only `torn` may be repaired, by cutting the file at `endOffset`. */
export type LogEnd =
  | { readonly kind: "clean" }
  /** The beginning of the next record: its write was interrupted. */
  | { readonly kind: "torn"; readonly tornBytes: number }
  /** Something that no killed process leaves behind, because what it wrote stays in the order it was written. */
  | { readonly kind: "corrupt"; readonly why: string };

/** Reads a log from its beginning. Never throws. */
export function scanLog(bytes: Uint8Array, seed: number): LogScan {
  let recordCount = 0;
  let endOffset = 0;
  while (endOffset < bytes.length) {
    const expected = encodeRecord(recordCount + 1, seed);
    const found = bytes.subarray(endOffset, endOffset + expected.length);
    if (Buffer.compare(found, expected.subarray(0, found.length)) !== 0) {
      return { recordCount, endOffset, end: { kind: "corrupt", why: faultAt(bytes, endOffset, recordCount + 1) } };
    }
    if (found.length < expected.length) {
      return { recordCount, endOffset, end: { kind: "torn", tornBytes: found.length } };
    }
    recordCount += 1;
    endOffset += expected.length;
  }
  return { recordCount, endOffset, end: { kind: "clean" } };
}

function faultAt(bytes: Uint8Array, offset: number, number: number): string {
  const lineEnd = bytes.indexOf(newline, offset);
  const line = Buffer.from(bytes.subarray(offset, lineEnd === -1 ? bytes.length : lineEnd)).toString("latin1");
  const space = line.lastIndexOf(" ");
  const checks = space !== -1 && line.slice(space + 1) === checksumOf(line.slice(0, space));
  return checks
    ? `a record checks where number ${number} should be, and is another`
    : `record ${number} does not check`;
}
