import { CodecError } from "./codec-error.js";

/**
 * Reads back what {@link EnvelopeWriter} writes, and nothing else: another spelling of the same value, a key out of place, a
 * byte too many is an error. The reference reads many spellings and writes one; a file that its checksums cover holds that one.
 */
export class EnvelopeReader {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
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

  /** The key of a field: its very bytes, length included. */
  key(spelled: Uint8Array, field: string): void {
    const start = this.#need(spelled.length, field);
    const bytes = this.#bytes;
    const size = spelled.length;
    for (let index = 0; index < size; index++) {
      if (bytes[start + index] !== spelled[index]) throw malformed(field, start);
    }
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

  /** 16 bytes behind `c4 10`, in memory of their own. */
  id(field: string): Uint8Array {
    const start = this.#take(18, field);
    if (this.#bytes[start] !== 0xc4 || this.#bytes[start + 1] !== 16) throw malformed(field, start);
    return this.#copy(start + 2, 16);
  }

  /** Bytes spelled as an array of integers, `exactly` so many if given, in memory of their own. */
  byteArray(field: string, exactly = -1): Uint8Array {
    const count = this.#count(0x90, 0xdc, field);
    // Each byte takes one at least, so a count is bounded by what is left before it costs memory.
    if ((exactly !== -1 && count !== exactly) || count > this.#end - this.at) throw malformed(field, this.at);
    const bytes = this.#bytes;
    const value = new Uint8Array(count);
    let at = this.at;
    for (let index = 0; index < count; index++) {
      let byte = bytes[at++] ?? 0xff;
      if (byte >= 0x80) {
        if (byte !== 0xcc) throw malformed(field, at - 1);
        byte = bytes[at++] ?? 0;
        if (byte < 0x80) throw malformed(field, at - 2);
      }
      value[index] = byte;
    }
    if (at > this.#end) throw malformed(field, this.at);
    this.at = at;
    return value;
  }

  text(field: string): string {
    const start = this.at;
    const tag = this.#byte(field);
    let size = tag & 0x1f;
    if (tag === 0xd9) size = this.#least(this.#view.getUint8(this.#take(1, field)), 32, start, field);
    else if (tag === 0xda) size = this.#least(this.#view.getUint16(this.#take(2, field)), 0x100, start, field);
    else if (tag === 0xdb) size = this.#least(this.#view.getUint32(this.#take(4, field)), 0x1_0000, start, field);
    else if (tag < 0xa0 || tag >= 0xc0) throw malformed(field, start);
    const from = this.#take(size, field);
    const ascii = size <= SHORT_TEXT_BYTES ? this.#ascii(from, size) : undefined;
    if (ascii !== undefined) return ascii;
    try {
      return utf8.decode(this.#bytes.subarray(from, from + size));
    } catch (cause) {
      throw malformed(field, from, cause);
    }
  }

  /** Short text without a byte from 128 on, which TextDecoder would take ten times as long for. */
  #ascii(from: number, size: number): string | undefined {
    let value = "";
    for (let index = from; index < from + size; index++) {
      const byte = this.#bytes[index]!; // the caller took the range
      if (byte >= 0x80) return undefined;
      value += String.fromCharCode(byte);
    }
    return value;
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

  #copy(start: number, size: number): Uint8Array {
    // A loop, because 16 bytes are fewer than what a view and a generic copy cost.
    const copy = new Uint8Array(size);
    for (let index = 0; index < size; index++) copy[index] = this.#bytes[start + index]!; // the caller took the range
    return copy;
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

export function malformed(field: string, offset: number, cause?: unknown): CodecError {
  const message = `${field} is not as the format spells it, at byte ${offset}`;
  return new CodecError(
    "CODEC_MALFORMED_ENVELOPE",
    message,
    { offset, field },
    cause === undefined ? undefined : { cause },
  );
}

/** A short key as it is spelled in the file. */
export function spelled(key: string): Uint8Array {
  const bytes = new TextEncoder().encode(key);
  return Uint8Array.of(...(bytes.length < 32 ? [0xa0 | bytes.length] : [0xd9, bytes.length]), ...bytes);
}
