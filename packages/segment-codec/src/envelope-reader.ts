import { CodecError } from "./codec-error.js";
import { skipIntegers, unpackIntegers } from "./integer-array.js";
import type { Spelling } from "./spelling.js";

/**
 * Reads back what {@link EnvelopeWriter} writes, and nothing else: another spelling of the same value, a key out of place, a
 * byte too many is an error. The reference reads many spellings and writes one; a file that its checksums cover holds that one.
 */
export class EnvelopeReader {
  at: number;
  #bytes: Uint8Array;
  #view: DataView;
  #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.at = start;
    this.#end = end;
  }

  /** Begins anew, without an object for each envelope of the same bytes. */
  reset(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = viewOf(bytes);
    }
    this.at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.at === this.#end;
  }

  /** A map of `least` to `most` entries; returns the count. */
  map(least: number, most: number, field: string): number {
    const count = this.#count(0x80, 0xde, field);
    if (count < least || count > most) throw malformed(field, this.at);
    return count;
  }

  /** The head of an array; returns the count, which its reader bounds by the bytes that are there. */
  array(field: string): number {
    return this.#count(0x90, 0xdc, field);
  }

  /** Bytes that are always the same: a key, with what stands around it in every envelope. */
  constant({ field, size, words }: Spelling): void {
    const start = this.at;
    if (size > this.#end - start) throw malformed(field, start);
    const view = this.#view;
    const last = words.length - 1;
    // By words, without a branch for each: the last one may overlap the one before.
    let difference = view.getInt32(start + size - 4, true) ^ words[last]!; // there is one at least
    for (let index = 0; index < last; index++) {
      difference |= view.getInt32(start + 4 * index, true) ^ words[index]!; // index is below the length
    }
    if (difference !== 0) throw malformed(field, start);
    this.at = start + size;
  }

  /** True, and past it, when a nil is next. */
  nil(): boolean {
    if (this.at >= this.#end || this.#bytes[this.at] !== 0xc0) return false;
    this.at++;
    return true;
  }

  uint(most: number, field: string): number {
    const start = this.at;
    const tag = this.#byte(field);
    if (tag < 0x80 && tag <= most) return tag;
    let value = tag;
    if (tag === 0xcc) value = this.#least(this.#view.getUint8(this.#take(1, field)), 0x80, start, field);
    else if (tag === 0xcd) value = this.#least(this.#view.getUint16(this.#take(2, field)), 0x100, start, field);
    else if (tag === 0xce) value = this.#least(this.#view.getUint32(this.#take(4, field)), 0x1_0000, start, field);
    else if (tag >= 0x80) throw malformed(field, start);
    if (value > most) throw malformed(field, start);
    return value;
  }

  /** An integer of 64 bits, `signed` or not. */
  long(signed: boolean, field: string): bigint {
    const start = this.at;
    const tag = this.#bytes[this.#need(1, field)] ?? 0;
    if (tag < 0x80 || (tag >= 0xcc && tag <= 0xce)) return BigInt(this.uint(0xffff_ffff, field));
    this.at++;
    if (tag === 0xcf) {
      const value = this.#view.getBigUint64(this.#take(8, field));
      if (value >= 0x1_0000_0000n && (!signed || value < 1n << 63n)) return value;
    } else if (signed && tag >= 0xe0) return BigInt(tag - 0x100);
    else if (signed && tag >= 0xd0 && tag <= 0xd3) {
      const [width, most] = negatives[tag - 0xd0]!; // four rows for four tags
      const value = BigInt.asIntN(8 * width, this.#big(width, field));
      if (value < most) return value;
    }
    throw malformed(field, start);
  }

  /** Goes past an integer of 64 bits and returns where it begins, for {@link EnvelopeReader.long}. */
  skipLong(signed: boolean, field: string): number {
    const start = this.at;
    // The usual form of a time, whose top half is neither 0 nor negative, without a bigint.
    if (this.#end - start >= 9 && this.#bytes[start] === 0xcf && this.#view.getInt32(start + 1) > 0) this.at += 9;
    else this.long(signed, field);
    return start;
  }

  /** Goes past 16 bytes behind `c4 10` and returns where they begin. */
  skipId(field: string): number {
    const start = this.#take(18, field);
    if (this.#bytes[start] !== 0xc4 || this.#bytes[start + 1] !== 16) throw malformed(field, start);
    return start + 2;
  }

  /** Goes past the integers of an array and returns where they begin, for {@link unpackIntegers}. */
  skipIntegers(count: number, field: string): number {
    const start = this.at;
    const end = skipIntegers(this.#view, start, this.#end, count);
    if (end === -1) throw malformed(field, start);
    this.at = end;
    return start;
  }

  /** Bytes spelled as an array of integers, `exactly` so many if given, in memory of their own. */
  byteArray(field: string, exactly = -1): Uint8Array {
    const count = this.array(field);
    if (exactly !== -1 && count !== exactly) throw malformed(field, this.at);
    return unpackIntegers(this.#bytes, this.skipIntegers(count, field), count);
  }

  text(field: string): string {
    const start = this.skipText(field);
    return textOf(this.#bytes, start, this.at);
  }

  /** Goes past a text, which is UTF-8, and returns where its bytes begin; they end at `at`. */
  skipText(field: string): number {
    const start = this.at;
    const tag = this.#byte(field);
    let size = tag & 0x1f;
    if (tag === 0xd9) size = this.#least(this.#view.getUint8(this.#take(1, field)), 32, start, field);
    else if (tag === 0xda) size = this.#least(this.#view.getUint16(this.#take(2, field)), 0x100, start, field);
    else if (tag === 0xdb) size = this.#least(this.#view.getUint32(this.#take(4, field)), 0x1_0000, start, field);
    else if (tag < 0xa0 || tag >= 0xc0) throw malformed(field, start);
    const from = this.#take(size, field);
    if (isAscii(this.#bytes, from, this.at)) return from;
    try {
      utf8.decode(this.#bytes.subarray(from, this.at));
    } catch (cause) {
      throw malformed(field, from, cause);
    }
    return from;
  }

  #count(fix: number, tag16: number, field: string): number {
    const start = this.at;
    const tag = this.#byte(field);
    if (tag >= fix && tag < fix + 16) return tag - fix;
    if (tag === tag16) return this.#least(this.#view.getUint16(this.#take(2, field)), 16, start, field);
    if (tag === tag16 + 1) return this.#least(this.#view.getUint32(this.#take(4, field)), 0x1_0000, start, field);
    throw malformed(field, start);
  }

  #big(width: number, field: string): bigint {
    const start = this.#take(width, field);
    let value = 0n;
    for (let index = 0; index < width; index++) value = (value << 8n) | BigInt(this.#bytes[start + index] ?? 0);
    return value;
  }

  #least(value: number, least: number, start: number, field: string): number {
    if (value < least) throw malformed(field, start); // a shorter form exists, so the writer took that one
    return value;
  }

  #byte(field: string): number {
    return this.#bytes[this.#take(1, field)] ?? 0;
  }

  #need(size: number, field: string): number {
    if (size > this.#end - this.at) throw malformed(field, this.at);
    return this.at;
  }

  #take(size: number, field: string): number {
    const start = this.#need(size, field);
    this.at = start + size;
    return start;
  }
}

/** Width in bytes of `d0` to `d3`, and the value that a shorter form already reaches. */
const negatives: readonly (readonly [number, bigint])[] = [
  [1, -32n],
  [2, -0x80n],
  [4, -0x8000n],
  [8, -0x8000_0000n],
];

const SHORT_TEXT_BYTES = 24;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let at = start; at < end; at++) all |= bytes[at]!; // the caller took the range
  return all < 0x80;
}

/** Text that {@link EnvelopeReader.skipText} has let pass. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  // TextDecoder takes ten times as long for a few letters.
  if (end - start > SHORT_TEXT_BYTES || !isAscii(bytes, start, end)) return utf8.decode(bytes.subarray(start, end));
  let value = "";
  for (let at = start; at < end; at++) value += String.fromCharCode(bytes[at]!); // as above
  return value;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function malformed(field: string, offset: number, cause?: unknown): CodecError {
  const message = `${field} is not as the format spells it, at byte ${offset}`;
  return new CodecError(
    "CODEC_MALFORMED_ENVELOPE",
    message,
    { offset, field },
    cause === undefined ? undefined : { cause },
  );
}
