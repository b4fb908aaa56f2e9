import { CodecError } from "./codec-error.js";
import { decodeText } from "./marked-text.js";
import { MAX_BIGINT_BITS } from "./payload-rules.js";

/**
 * One pass over MessagePack before it is decoded: structure, depth, lengths, UTF-8, keys and extensions. What passes can be
 * decoded without an exception, with no more than the declared depth of stack and in memory proportional to the bytes.
 */

const UNDEFINED = 0x00;
const BIG_INTEGER = 0x42;
const TYPED_ARRAY = 0x74;
const TIMESTAMP = 0xff;

/** The last second that a Date can hold, and its first one below zero. */
const DATE_LIMIT_SECONDS = 8_640_000_000_000n;

/** Bytes of text whose length fits into its head. */
const LONGEST_SHORT_TEXT = 31;

/** Element sizes by the number that names a typed array: Int8, Uint8, Uint8Clamped, Int16, ... BigUint64. */
const elementBytes: readonly number[] = [1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8];

/**
 * Throws `CODEC_PAYLOAD_MALFORMED` with the offset unless `bytes` is exactly one value that the decoder may see. Returns where
 * the strings begin, values and keys, that it may only see through `withMarkedText`.
 */
export function checkMessagePack(bytes: Uint8Array, maxDepth: number): readonly number[] {
  const walk = new Walk(bytes, maxDepth);
  walk.value(0);
  if (walk.at !== bytes.length) throw malformed("bytes behind the value", walk.at);
  return walk.marked;
}

class Walk {
  at = 0;
  readonly marked: number[] = [];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxDepth: number;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
  }

  value(depth: number): void {
    const at = this.at;
    const tag = this.#byte();
    if (tag < 0x80 || tag >= 0xe0) return;
    if (tag < 0x90) return this.#map(tag & 0x0f, depth, at);
    if (tag < 0xa0) return this.#array(tag & 0x0f, depth, at);
    if (tag < 0xc0) return this.#text(tag & 0x1f, at);
    switch (tag) {
      case 0xc0: // nil
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xc4:
        return this.#skip(this.#length(1));
      case 0xc5:
        return this.#skip(this.#length(2));
      case 0xc6:
        return this.#skip(this.#length(4));
      case 0xc7:
        return this.#extension(this.#length(1), at);
      case 0xc8:
        return this.#extension(this.#length(2), at);
      case 0xc9:
        return this.#extension(this.#length(4), at);
      case 0xca:
        return this.#skip(4);
      case 0xcb:
        return this.#skip(8);
      case 0xcc:
      case 0xd0:
        return this.#skip(1);
      case 0xcd:
      case 0xd1:
        return this.#skip(2);
      case 0xce:
      case 0xd2:
        return this.#skip(4);
      case 0xcf:
      case 0xd3:
        return this.#skip(8);
      case 0xd4:
        return this.#extension(1, at);
      case 0xd5:
        return this.#extension(2, at);
      case 0xd6:
        return this.#extension(4, at);
      case 0xd7:
        return this.#extension(8, at);
      case 0xd8:
        return this.#extension(16, at);
      case 0xd9:
        return this.#text(this.#length(1), at);
      case 0xda:
        return this.#text(this.#length(2), at);
      case 0xdb:
        return this.#text(this.#length(4), at);
      case 0xdc:
        return this.#array(this.#length(2), depth, at);
      case 0xdd:
        return this.#array(this.#length(4), depth, at);
      case 0xde:
        return this.#map(this.#length(2), depth, at);
      case 0xdf:
        return this.#map(this.#length(4), depth, at);
      default:
        throw malformed("a byte that begins no value", at); // c1
    }
  }

  #array(count: number, depth: number, at: number): void {
    this.#enter(count, depth, at);
    for (let index = 0; index < count; index++) this.value(depth + 1);
  }

  #map(count: number, depth: number, at: number): void {
    this.#enter(count * 2, depth, at);
    const seen = new Set<string>();
    for (let index = 0; index < count; index++) {
      const keyAt = this.at;
      const key = this.#key();
      if (key === "__proto__") throw malformed("a key that would be taken for a prototype", keyAt);
      if (seen.has(key)) throw malformed(`the key ${JSON.stringify(key)} twice`, keyAt);
      seen.add(key);
      this.value(depth + 1);
    }
  }

  /** Every element takes a byte at least, so a count above what is left costs an error and no memory. */
  #enter(leastBytes: number, depth: number, at: number): void {
    if (depth >= this.#maxDepth) throw malformed(`nesting deeper than ${this.#maxDepth}`, at);
    if (leastBytes > this.#bytes.length - this.at) throw malformed("a count beyond the end", at);
  }

  #key(): string {
    const at = this.at;
    const tag = this.#byte();
    if (tag >= 0xa0 && tag < 0xc0) return this.#string(tag & 0x1f, at);
    if (tag === 0xd9) return this.#string(this.#length(1), at);
    if (tag === 0xda) return this.#string(this.#length(2), at);
    if (tag === 0xdb) return this.#string(this.#length(4), at);
    throw malformed("a key that is no string", at);
  }

  #text(length: number, head: number): void {
    const start = this.at;
    this.#skip(length);
    for (let at = start; at < this.at; at++) {
      if ((this.#bytes[at] ?? 0) >= 0x80) {
        this.at = start;
        this.#string(length, head);
        return;
      }
    }
  }

  #string(length: number, head: number): string {
    const start = this.at;
    this.#skip(length);
    try {
      const text = decodeText(this.#bytes.subarray(start, this.at));
      // Up to 64 bytes msgpackr decodes by itself, and right.
      if (length > LONGEST_SHORT_TEXT && text.startsWith("\ufeff")) this.marked.push(head);
      return text;
    } catch (cause) {
      throw malformed("text that is not UTF-8", start, cause);
    }
  }

  #extension(length: number, at: number): void {
    const type = this.#byte();
    const start = this.at;
    this.#skip(length);
    const first = this.#bytes[start];
    switch (type) {
      case UNDEFINED:
        if (length === 1 && first === 0) return;
        break;
      case TIMESTAMP:
        if (length === 4 || ((length === 8 || length === 12) && this.#isTime(start, length))) return;
        break;
      case BIG_INTEGER:
        if (length > 0 && length * 8 <= MAX_BIGINT_BITS + 8) return;
        break;
      case TYPED_ARRAY:
        if (first !== undefined && length > 0 && (length - 1) % (elementBytes[first] ?? Number.NaN) === 0) return;
        break;
    }
    throw malformed(`an extension of type ${type} and ${length} bytes`, at);
  }

  /** Nanoseconds below a second, and a moment that Date can hold. */
  #isTime(at: number, length: number): boolean {
    if (length === 8) return this.#view.getUint32(at) >>> 2 < 1_000_000_000;
    const seconds = this.#view.getBigInt64(at + 4);
    const nanoseconds = this.#view.getUint32(at);
    if (nanoseconds >= 1_000_000_000 || seconds < -DATE_LIMIT_SECONDS) return false;
    return seconds < DATE_LIMIT_SECONDS || (seconds === DATE_LIMIT_SECONDS && nanoseconds === 0);
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw malformed("the end in the middle of a value", this.at);
    this.at++;
    return byte;
  }

  #length(width: 1 | 2 | 4): number {
    const at = this.at;
    this.#skip(width);
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.at) throw malformed("a length beyond the end", this.at);
    this.at += length;
  }
}

function malformed(what: string, offset: number, cause?: unknown): CodecError {
  const message = `the payload has ${what} at byte ${offset}`;
  return new CodecError("CODEC_PAYLOAD_MALFORMED", message, { offset }, cause === undefined ? undefined : { cause });
}
