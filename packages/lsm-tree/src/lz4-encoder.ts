/**
 * The LZ4 block format, written: sequences of literals and of matches with what lies up to 65,535 bytes before. Greedy, with one
 * table of places by a hash of four bytes; the more it looks in vain, the larger its steps, so that bytes that do not compress cost little.
 *
 * Source: "LZ4 Block Format Description" by Yann Collet. A block ends in at least five literals, and its last match begins at least
 * twelve bytes before the end: decoders that copy more than they need rely on it.
 */

const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_FIND_LIMIT = 12;
const MAX_OFFSET = 0xffff;
const HASH_BITS = 12;
/** After 2^6 looks in vain the step is two bytes, after twice as many three, and so on. */
const SKIP_TRIGGER = 6;

/** Keeps the table, so that encoding allocates nothing. Blocks are independent of each other. */
export class Lz4Encoder {
  /** Place behind the start plus one, by hash; 0 where there is none. */
  readonly #table = new Int32Array(1 << HASH_BITS);
  /** Reads four bytes at once, wherever they lie; kept for as long as the source is the same. */
  #view = new DataView(new ArrayBuffer(0));

  /**
   * Encodes `source[start, end)` into `target[at, limit)` and returns the offset behind it, or -1 when it does not fit: what is in
   * `target` there is then of no meaning. The ranges may not overlap.
   */
  encode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, limit: number): number {
    const table = this.#table.fill(0);
    if (
      source.buffer !== this.#view.buffer ||
      source.byteOffset !== this.#view.byteOffset ||
      source.length !== this.#view.byteLength
    ) {
      this.#view = new DataView(source.buffer as ArrayBuffer, source.byteOffset, source.length); // shared memory is one too
    }
    const view = this.#view;
    const findLimit = end - MATCH_FIND_LIMIT;
    let anchor = start; // first byte that is not written yet
    let to = at;
    let position = start;
    while (position <= findLimit) {
      let match = -1;
      for (let looks = 1 << SKIP_TRIGGER; position <= findLimit; position += looks++ >>> SKIP_TRIGGER) {
        const word = view.getInt32(position, true);
        const slot = Math.imul(word, 0x9e37_79b1) >>> (32 - HASH_BITS);
        const candidate = start + table[slot]! - 1; // the shift leaves as many bits as the table has
        table[slot] = position - start + 1;
        if (candidate >= start && position - candidate <= MAX_OFFSET && view.getInt32(candidate, true) === word) {
          match = candidate;
          break;
        }
      }
      if (match < 0) break;
      while (position > anchor && match > start && source[position - 1] === source[match - 1]) {
        position -= 1;
        match -= 1;
      }
      const matchStart = position;
      const offset = matchStart - match;
      position += MIN_MATCH;
      const matchLimit = end - LAST_LITERALS;
      const wordLimit = matchLimit - 4;
      while (position <= wordLimit && view.getInt32(position, true) === view.getInt32(position - offset, true)) {
        position += 4;
      }
      while (position < matchLimit && source[position] === source[position - offset]) position += 1;

      const length = position - matchStart - MIN_MATCH;
      to = literals(source, anchor, matchStart, target, to, limit, length);
      // Two bytes of offset, and the length where it does not fit the token.
      if (to < 0 || to + 2 + (length >= 15 ? lengthBytes(length) : 0) > limit) return -1;
      target[to++] = offset; // keeps the low eight bits
      target[to++] = offset >>> 8;
      if (length >= 15) to = writeLength(target, to, length);
      anchor = position;
      if (position <= findLimit) {
        const before = position - 2; // so that a run that goes on is found at once
        table[Math.imul(view.getInt32(before, true), 0x9e37_79b1) >>> (32 - HASH_BITS)] = before - start + 1;
      }
    }
    return literals(source, anchor, end, target, to, limit, 0);
  }
}

/** The token with `matchLength`, and the literals; -1 when they do not fit. */
function literals(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
  limit: number,
  matchLength: number,
): number {
  const count = end - start;
  let to = at + 1;
  if (to + (count >= 15 ? lengthBytes(count) : 0) + count > limit) return -1;
  target[at] = ((count < 15 ? count : 15) << 4) | (matchLength < 15 ? matchLength : 15);
  if (count >= 15) to = writeLength(target, to, count);
  if (count < 32) for (let from = start; from < end; from++) target[to++] = source[from]!; // inside the source
  else {
    target.set(source.subarray(start, end), to);
    to += count;
  }
  return to;
}

function lengthBytes(length: number): number {
  return Math.floor((length - 15) / 255) + 1;
}

function writeLength(target: Uint8Array, at: number, length: number): number {
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) target[at++] = 255;
  target[at++] = rest;
  return at;
}
