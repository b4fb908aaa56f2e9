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
const DATE_LIMIT_SECONDS = 8_640_000_000_000;

/** Bytes of text whose length fits into its head. */
const LONGEST_SHORT_TEXT = 31;

const PROTOTYPE_KEY = "__proto__";

/** Keys of a map that are compared each with each other; those of a larger one are decoded and looked up. */
const MOST_COMPARED_KEYS = 8;

/** No object has 2^24 keys or more: no Set would hold them to compare. */
const MOST_KEY_BITS = 24;

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
  readonly #maxDepth: number;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
  }

  value(depth: number): void {
    const at = this.at;
    const tag = this.#byte();
    if (tag < 0x80 || tag >= 0xe0) return;
    if (tag < 0x90) return this.#map(tag & 0x0f, depth, at);
    if (tag < 0xa0) return this.#array(tag & 0x0f, depth, at);
    if (tag < 0xc0) return this.#text(tag & 0x1f, at);
    if (tag === 0xc1) throw malformed("a byte that begins no value", at);
    if (tag < 0xc4) return; // nil, false, true
    // Of the others there are several each, by how many bytes a length, a number or an extension takes: 1, 2, 4 and so on.
    if (tag < 0xc7) return this.#skip(this.#length(1 << (tag - 0xc4)));
    if (tag < 0xca) return this.#extension(this.#length(1 << (tag - 0xc7)), at);
    if (tag < 0xcc) return this.#skip(4 << (tag - 0xca));
    if (tag < 0xd4) return this.#skip(1 << (tag & 3));
    if (tag < 0xd9) return this.#extension(1 << (tag - 0xd4), at);
    if (tag < 0xdc) return this.#text(this.#length(1 << (tag - 0xd9)), at);
    const count = this.#length(2 << (tag & 1));
    return tag < 0xde ? this.#array(count, depth, at) : this.#map(count, depth, at);
  }

  #array(count: number, depth: number, at: number): void {
    this.#enter(count, depth, at);
    for (let index = 0; index < count; index++) this.value(depth + 1);
  }

  #map(count: number, depth: number, at: number): void {
    this.#enter(count >>> MOST_KEY_BITS === 0 ? count * 2 : Infinity, depth, at);
    const first = this.#keysEnd;
    const seen = count > MOST_COMPARED_KEYS ? new Set<string>() : undefined;
    for (let index = 0; index < count; index++) {
      const keyAt = this.at;
      this.#skipKey();
      const isTwice = seen === undefined ? this.#isKnown(first) : seen.size === seen.add(this.#lastText()).size;
      if (isTwice) throw malformed(`the key ${JSON.stringify(this.#lastText())} twice`, keyAt);
      if (this.at - this.#textStart === PROTOTYPE_KEY.length && this.#lastText() === PROTOTYPE_KEY) {
        throw malformed("a key that would be taken for a prototype", keyAt);
      }
      this.value(depth + 1);
    }
    this.#keysEnd = first;
  }

  /** Whether the last key is among those of its map, which begin at `first` in {@link #keys}; from now on it is. */
  #isKnown(first: number): boolean {
    const [bytes, keys, last] = [this.#bytes, this.#keys, this.#keysEnd];
    for (let other = first; other < last; other += 2) {
      // One text has one spelling in UTF-8, so keys are the same when their bytes are.
      let [known, at] = [keys[other]!, this.#textStart]; // one of those that were noted
      while (at < this.at && bytes[known] === bytes[at]) [known, at] = [known + 1, at + 1];
      if (at === this.at && known === keys[other + 1]) return true;
    }
    keys[last] = this.#textStart;
    keys[last + 1] = this.at;
    this.#keysEnd = last + 2;
    return false;
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
    const tag = this.#bytes[this.at];
    if (tag !== undefined && !((tag >= 0xa0 && tag < 0xc0) || (tag >= 0xd9 && tag < 0xdc))) {
      throw malformed("a key that is no string", this.at);
    }
    this.value(0);
  }

  #text(length: number, head: number): void {
    const start = this.at;
    this.#textStart = start;
    this.#skip(length);
    const bytes = this.#bytes;
    let at = start;
    while (at < this.at && bytes[at]! < 0x80) at++; // below the end, which #skip has checked
    if (at === this.at) return;
    try {
      const text = this.#lastText();
      // Up to 64 bytes msgpackr decodes by itself, and right.
      if (length > LONGEST_SHORT_TEXT && text.startsWith("\ufeff")) this.marked.push(head);
    } catch {
      throw malformed("text that is not UTF-8", start);
    }
  }

  #extension(length: number, at: number): void {
    const type = this.#byte();
    const start = this.at;
    this.#skip(length);
    const first = length > 0 ? this.#bytes[start]! : -1; // #skip has checked that it is there
    const isSound =
      (type === UNDEFINED && length === 1 && first === 0) ||
      (type === TIMESTAMP && (length === 4 || ((length === 8 || length === 12) && this.#isTime(start, length)))) ||
      (type === BIG_INTEGER && length > 0 && length * 8 <= MAX_BIGINT_BITS + 8) ||
      (type === TYPED_ARRAY && (length - 1) % Number(elementBytes[first]) === 0); // of a type that is none the remainder is NaN
    if (!isSound) throw malformed(`an extension of type ${type} and ${length} bytes`, at);
  }

  /** Nanoseconds below a second, and a moment that Date can hold. */
  #isTime(at: number, length: number): boolean {
    const { buffer, byteOffset } = this.#bytes;
    const view = new DataView(buffer, byteOffset + at, length);
    const nanoseconds = view.getUint32(0);
    if (length === 8) return nanoseconds >>> 2 < 1_000_000_000;
    // So many seconds below zero may have nanoseconds, which count upwards; so many above may not.
    const seconds = Number(view.getBigInt64(4)) + (nanoseconds && 0.5);
    return nanoseconds < 1_000_000_000 && Math.abs(seconds) <= DATE_LIMIT_SECONDS;
  }

  #byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw malformed("the end in the middle of a value", this.at);
    this.at++;
    return byte;
  }

  /** A length of so many bytes. */
  #length(bytes: number): number {
    const start = this.at;
    this.#skip(bytes);
    let length = 0;
    for (let at = start; at < this.at; at++) length = length * 256 + this.#bytes[at]!; // #skip has checked that it is there
    return length;
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.at) throw malformed("a length beyond the end", this.at);
    this.at += length;
  }
}

function malformed(what: string, offset: number): CodecError {
  return new CodecError("CODEC_PAYLOAD_MALFORMED", `the payload has ${what} at byte ${offset}`, { offset });
}
