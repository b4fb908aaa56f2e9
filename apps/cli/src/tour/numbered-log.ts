import { crc32 } from "node:zlib";
import { SeededChoices } from "./seeded-choices.js";

/**
 * The log that the tour's child process writes: numbered records, one line each, so that `--keep` leaves something a
 * person can read.
 *
 *     <number> <payload> <CRC-32 of all before the last space, 8 hexadecimal digits>\n
 *
 * Numbers count from 1 without a gap; the payload of a number follows from the seed, so that a reader knows every byte
 * that should be there. A record is complete when its line ends and its checksum holds.
 */

/** A longer line is no record of ours. */
const maxRecordBytes = 1024;
const newline = 0x0a;

/** The bytes of record `number` under `seed`; 40 to 300 of them. */
export function encodeRecord(number: number, seed: number): Uint8Array {
  const body = `${number} ${payloadOf(number, seed)}`;
  return Buffer.from(`${body} ${checksumOf(body)}\n`, "latin1");
}

function payloadOf(number: number, seed: number): string {
  const choices = new SeededChoices(Math.imul(seed ^ 0x5bd1e995, 31) + number);
  const words = 3 + choices.below(28);
  return Array.from({ length: words }, () => hexadecimal(choices.below(2 ** 32))).join("");
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
  /** The last write arrived in part. */
  | { readonly kind: "torn"; readonly tornBytes: number }
  /** Something is wrong that no interrupted append explains. */
  | { readonly kind: "corrupt"; readonly why: string };

/** Reads a log from its beginning. Never throws. */
export function scanLog(bytes: Uint8Array, seed: number): LogScan {
  let recordCount = 0;
  let offset = 0;
  while (offset < bytes.length) {
    const lineEnd = lineEndAt(bytes, offset);
    if (lineEnd === undefined || !isRecord(bytes, offset, lineEnd)) break;
    const expected = encodeRecord(recordCount + 1, seed);
    if (Buffer.compare(expected, bytes.subarray(offset, lineEnd)) !== 0) {
      const why = `the record behind number ${recordCount} checks, but is not number ${recordCount + 1}`;
      return { recordCount, endOffset: offset, end: { kind: "corrupt", why } };
    }
    recordCount += 1;
    offset = lineEnd;
  }
  return { recordCount, endOffset: offset, end: endAt(bytes, offset, recordCount) };
}

/** Behind a torn tail nothing was written any more: a record that checks says that this is no tail. */
function endAt(bytes: Uint8Array, offset: number, recordCount: number): LogEnd {
  if (offset === bytes.length) return { kind: "clean" };
  for (let at = bytes.indexOf(newline, offset); at !== -1; at = bytes.indexOf(newline, at + 1)) {
    const next = lineEndAt(bytes, at + 1);
    if (next === undefined || !isRecord(bytes, at + 1, next)) continue;
    return { kind: "corrupt", why: `record ${recordCount + 1} does not check, and one behind it does` };
  }
  if (bytes.length - offset > maxRecordBytes) {
    return { kind: "corrupt", why: `record ${recordCount + 1} does not check, and more than one record follows` };
  }
  return { kind: "torn", tornBytes: bytes.length - offset };
}

/** Where the line at `offset` ends, its newline included; undefined when it does not, or is too long for a record. */
function lineEndAt(bytes: Uint8Array, offset: number): number | undefined {
  const at = bytes.indexOf(newline, offset);
  return at === -1 || at + 1 - offset > maxRecordBytes ? undefined : at + 1;
}

function isRecord(bytes: Uint8Array, offset: number, end: number): boolean {
  const line = Buffer.from(bytes.subarray(offset, end - 1)).toString("latin1");
  const space = line.lastIndexOf(" ");
  return space !== -1 && line.slice(space + 1) === checksumOf(line.slice(0, space));
}
