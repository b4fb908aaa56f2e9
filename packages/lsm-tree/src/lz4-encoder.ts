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
/** A view keeps its buffer in memory: of larger ones, which a view costs little beside, none is kept. */
const MOST_KEPT_BYTES = 1024 * 1024;
const NOTHING = new DataView(new ArrayBuffer(0));

/** Keeps the table, so that encoding allocates nothing. Blocks are independent of each other. */
export class Lz4Encoder {
  /** How far behind the start a word of this hash lay last; 0 is the start and stands for nowhere, too: words are compared, whatever it says. */
  readonly #table = new Int32Array(1 << HASH_BITS);
  /** Four bytes at once, wherever they lie; kept for as long as source and target are the same, unless their buffers are large. */
  #sourceView: DataView = NOTHING;
  #targetView: DataView = NOTHING;

  /**
   * Encodes `source[start, end)` into `target[at, limit)` and returns the offset behind it, or -1 when it does not fit: what is in
   * `target` there is then of no meaning. The ranges may not overlap.
   */
  encode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, limit: number): number {
    const table = this.#table.fill(0);
    const view = viewOf(source, this.#sourceView);
    const targetView = viewOf(target, this.#targetView);
    this.#sourceView = view.buffer.byteLength <= MOST_KEPT_BYTES ? view : NOTHING;
    this.#targetView = targetView.buffer.byteLength <= MOST_KEPT_BYTES ? targetView : NOTHING;
    const findLimit = end - MATCH_FIND_LIMIT;
    let anchor = start; // first byte that is not written yet
    let to = at;
    let position = start + 1;
    while (position <= findLimit) {
      let match = -1;
      for (let looks = 1 << SKIP_TRIGGER; position <= findLimit; position += looks++ >>> SKIP_TRIGGER) {
        const word = view.getInt32(position, true);
        const slot = Math.imul(word, 0x9e37_79b1) >>> (32 - HASH_BITS);
        // Without asking first whether there is one, which half of the time is not what the processor guesses.
        const candidate = start + table[slot]!; // the shift leaves as many bits as the table has
        table[slot] = position - start;
        if (view.getInt32(candidate, true) === word && position - candidate <= MAX_OFFSET) {
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
      let difference = 0;
      while (difference === 0 && position <= wordLimit) {
        difference = view.getInt32(position, true) ^ view.getInt32(position - offset, true);
        position += difference === 0 ? 4 : (31 - Math.clz32(difference & -difference)) >>> 3; // bytes below the lowest bit that differs
      }
      if (difference === 0) {
        while (position < matchLimit && source[position] === source[position - offset]) position += 1;
      }

      const length = position - matchStart - MIN_MATCH;
      to = literals(view, anchor, matchStart, targetView, to, limit, length);
      // Two bytes of offset, and the length where it does not fit the token.
      if (to < 0 || to + 2 + (length >= 15 ? lengthBytes(length) : 0) > limit) return -1;
      target[to++] = offset; // keeps the low eight bits
      target[to++] = offset >>> 8;
      if (length >= 15) to = writeLength(targetView, to, length);
      anchor = position;
      if (position <= findLimit) {
        const before = position - 2; // so that a run that goes on is found at once
        table[Math.imul(view.getInt32(before, true), 0x9e37_79b1) >>> (32 - HASH_BITS)] = before - start;
      }
    }
    return literals(view, anchor, end, targetView, to, limit, 0);
  }
}

/** The view, if it is of these bytes, or one that is. */
function viewOf({ buffer, byteOffset, length }: Uint8Array, view: DataView): DataView {
  if (buffer === view.buffer && byteOffset === view.byteOffset && length === view.byteLength) return view;
  return new DataView(buffer, byteOffset, length);
}

/** The token with `matchLength`, and the literals; -1 when they do not fit. */
function literals(
  source: DataView,
  start: number,
  end: number,
  target: DataView,
  at: number,
  limit: number,
  matchLength: number,
): number {
  const count = end - start;
  let to = at + 1;
  if (to + (count >= 15 ? lengthBytes(count) : 0) + count > limit) return -1;
  target.setUint8(at, ((count < 15 ? count : 15) << 4) | (matchLength < 15 ? matchLength : 15));
  if (count >= 15) to = writeLength(target, to, count);
  let from = start;
  for (; from <= end - 4; from += 4, to += 4) target.setInt32(to, source.getInt32(from, true), true);
  for (; from < end; from++) target.setUint8(to++, source.getUint8(from));
  return to;
}

function lengthBytes(length: number): number {
  return Math.floor((length - 15) / 255) + 1;
}

function writeLength(target: DataView, at: number, length: number): number {
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) target.setUint8(at++, 255);
  target.setUint8(at++, rest);
  return at;
}
