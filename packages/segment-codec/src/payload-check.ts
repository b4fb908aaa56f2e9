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

const PROTOTYPE_KEY = "__proto__";

/** Keys of a map that are compared each with each other; those of a larger one are decoded and looked up. */
const MOST_COMPARED_KEYS = 8;

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
  /** Where the bytes of the last text begin. */
  #textStart = 0;
  /** Where the keys of the maps around {@link at} begin and end, outermost first: two numbers each. */
  readonly #keys: number[] = [];
  #keysEnd = 0;
  readonly #bytes: Uint8Array;
  /** Made for the first wide number: most payloads have none, and a view costs as much as the walk over one. */
  #lazyView: DataView | undefined = undefined;
  readonly #maxDepth: number;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
  }

  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return (this.#lazyView ??= new DataView(buffer, byteOffset, byteLength));
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
    if (count > MOST_COMPARED_KEYS) return this.#largeMap(count, depth);
    const keys = this.#keys;
    const first = this.#keysEnd;
    for (let index = 0; index < count; index++) {
      const keyAt = this.at;
      this.#skipKey();
      const last = this.#keysEnd;
      keys[last] = this.#textStart;
      keys[last + 1] = this.at;
      this.#keysEnd = last + 2;
      // One text has one spelling in UTF-8, so keys are the same when their bytes are.
      for (let other = first; other < last; other += 2) {
        if (this.#isSameText(other, last)) throw this.#twice(this.#lastText(), keyAt);
      }
      if (this.at - this.#textStart === PROTOTYPE_KEY.length && this.#lastText() === PROTOTYPE_KEY) {
        throw malformed("a key that would be taken for a prototype", keyAt);
      }
      this.value(depth + 1);
    }
    this.#keysEnd = first;
  }

  #largeMap(count: number, depth: number): void {
    const seen = new Set<string>();
    for (let index = 0; index < count; index++) {
      const keyAt = this.at;
      this.#skipKey();
      const key = this.#lastText();
      if (key === PROTOTYPE_KEY) throw malformed("a key that would be taken for a prototype", keyAt);
      if (seen.has(key)) throw this.#twice(key, keyAt);
      seen.add(key);
      this.value(depth + 1);
    }
  }

  #twice(key: string, at: number): CodecError {
    return malformed(`the key ${JSON.stringify(key)} twice`, at);
  }

  /** Whether two keys are the same, by where their ranges stand in {@link #keys}. */
  #isSameText(a: number, b: number): boolean {
    const [bytes, keys] = [this.#bytes, this.#keys];
    const [start, other] = [keys[a]!, keys[b]!]; // two ranges that were pushed
    const length = keys[a + 1]! - start;
    if (length !== keys[b + 1]! - other) return false;
    for (let at = 0; at < length; at++) if (bytes[start + at] !== bytes[other + at]) return false;
    return true;
  }

  #lastText(): string {
    return decodeText(this.#bytes.subarray(this.#textStart, this.at));
  }

  /** Every element takes a byte at least, so a count above what is left costs an error and no memory. */
  #enter(leastBytes: number, depth: number, at: number): void {
    if (depth >= this.#maxDepth) throw malformed(`nesting deeper than ${this.#maxDepth}`, at);
    if (leastBytes > this.#bytes.length - this.at) throw malformed("a count beyond the end", at);
  }

  /** Moves behind a key, whose bytes begin at {@link #textStart} then. */
  #skipKey(): void {
    const at = this.at;
    const tag = this.#byte();
    if (tag >= 0xa0 && tag < 0xc0) return this.#text(tag & 0x1f, at);
    if (tag === 0xd9) return this.#text(this.#length(1), at);
    if (tag === 0xda) return this.#text(this.#length(2), at);
    if (tag === 0xdb) return this.#text(this.#length(4), at);
    throw malformed("a key that is no string", at);
  }

  #text(length: number, head: number): void {
    const start = this.at;
    this.#textStart = start;
    this.#skip(length);
    const bytes = this.#bytes;
    for (let at = start; at < this.at; at++) {
      if (bytes[at]! < 0x80) continue; // below the end, which #skip has checked
      this.#checkText(start, length, head);
      return;
    }
  }

  #checkText(start: number, length: number, head: number): void {
    try {
      const text = decodeText(this.#bytes.subarray(start, this.at));
      // Up to 64 bytes msgpackr decodes by itself, and right.
      if (length > LONGEST_SHORT_TEXT && text.startsWith("\ufeff")) this.marked.push(head);
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
    if (width === 1) return this.#bytes[at]!; // #skip has checked that it is there
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
