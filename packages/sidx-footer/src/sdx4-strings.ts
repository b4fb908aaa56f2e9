import { crc32 } from "@holdfast/segment-codec";
import { checkZeros } from "./sdx4-columns.js";
import type { EncodedBlock } from "./sdx4-encoder.js";
import * as at from "./sdx4-layout.js";
import { malformed } from "./sidx-error.js";

/**
 * The names of entities and scopes, each once, in the order in which entries brought them up; whoever is both has one place. A
 * block holds 256 of them: their lengths, then their bytes, and nothing else.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of a string that a footer can hold.
 *
 * @throws `TypeError` or `RangeError` that names it.
 */
export function encodeString(text: string, name: string): Uint8Array {
  if (typeof text !== "string") throw new TypeError(`${name} must be a string`);
  const bytes = encoder.encode(text);
  if (bytes.length > at.MAX_STRING_BYTES) {
    throw new RangeError(`${name} must have at most ${at.MAX_STRING_BYTES} bytes of UTF-8, not ${bytes.length}`);
  }
  // Half a surrogate pair would come back as another string, and two of them as the same one.
  if (decoder.decode(bytes) !== text) throw new RangeError(`${name} must not hold half a surrogate pair`);
  return bytes;
}

/** Gathers the strings of a footer. */
export class StringCollector {
  readonly #places = new Map<string, number>();
  readonly #encoded: Uint8Array[] = [];

  get count(): number {
    return this.#encoded.length;
  }

  /** The place of a string that is there. */
  find(text: string): number | undefined {
    return this.#places.get(text);
  }

  /** The place of a string, a new one when it is not there yet; `bytes` are what {@link encodeString} made of it. */
  put(text: string, bytes: Uint8Array): number {
    const known = this.#places.get(text);
    if (known !== undefined) return known;
    const place = this.#encoded.length;
    this.#places.set(text, place);
    this.#encoded.push(bytes);
    return place;
  }

  /** CRC-32 of every string, by its place: the keys of their index. */
  keys(): Uint32Array {
    return Uint32Array.from(this.#encoded, (bytes) => crc32(bytes));
  }

  encode(): readonly EncodedBlock[] {
    const blocks: EncodedBlock[] = [];
    for (let first = 0; first < this.count; first += at.STRINGS_PER_BLOCK) {
      blocks.push({ bytes: encodeBlock(this.#encoded.slice(first, first + at.STRINGS_PER_BLOCK)), zones: [] });
    }
    return blocks;
  }
}

function encodeBlock(strings: readonly Uint8Array[]): Uint8Array {
  const size = strings.reduce((sum, { length }) => sum + length, 2 * strings.length);
  const bytes = new Uint8Array(at.padded(size));
  const view = at.viewOf(bytes);
  let offset = 2 * strings.length;
  strings.forEach((string, place) => {
    view.setUint16(2 * place, string.length, true);
    bytes.set(string, offset);
    offset += string.length;
  });
  return bytes;
}

/** A block of strings, as bytes; text is made of those that are asked for. */
export class StringBlock {
  #bytes: Uint8Array;
  #offset: number;
  #starts: readonly number[];

  /**
   * @param offset - of the block in the file, for errors.
   * @throws {@link SidxError} `SIDX_MALFORMED` when the strings do not take exactly these bytes.
   */
  constructor(bytes: Uint8Array, offset: number, count: number) {
    this.#bytes = bytes;
    this.#offset = offset;
    const view = at.viewOf(bytes);
    let end = 2 * count; // the record of the block vouches for that much
    const starts = [end];
    for (let place = 0; place < count; place++) {
      const length = view.getUint16(2 * place, true);
      if (length > at.MAX_STRING_BYTES) throw malformed("strings", offset, "string length");
      end += length;
      starts.push(end);
    }
    if (at.padded(end) !== bytes.length) throw malformed("strings", offset, "length");
    checkZeros(bytes, end, bytes.length, "strings", offset);
    this.#starts = starts;
  }

  /** The bytes of a string by its place among all of them: they may be no UTF-8. */
  view(place: number): Uint8Array {
    const index = place % at.STRINGS_PER_BLOCK;
    return this.#bytes.subarray(this.#starts[index], this.#starts[index + 1]);
  }

  /** @throws {@link SidxError} `SIDX_MALFORMED` when it is not UTF-8. */
  text(place: number): string {
    try {
      return decoder.decode(this.view(place));
    } catch {
      throw malformed("strings", this.#offset, "string");
    }
  }
}
