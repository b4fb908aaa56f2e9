/**
 * Byte strings as rmp-serde spells them: arrays of integers, in which a byte below 128 stands for itself and any other stands
 * behind a tag `cc`. Three hashes and the content make up half of an envelope, so this is its hot loop.
 *
 * Half of the bytes of a hash have a tag, at random: a branch for each is mispredicted every other time, and a step that waits
 * for where the last one ended takes seven cycles. Here four bytes are taken at once. Their top bits, and whether a tag came
 * before them, say which are tags, how many values end among them and whether a tag is before the next four.
 * Source: the suite `segment-codec` of apps/bench, part `fbat`.
 */

const TAG = 0xcc;
const TAGS = 0xcc_cc_cc_cc | 0;
const TOP_BITS = 0x01_01_01_01;
/** Gathers the lowest bits of four bytes in the top byte of a product, the first byte's highest. */
const GATHER = 0x08_04_02_01;
const PENDING = 0x10;
const WRONG = 0x80;

/** By row, pending tag and top bits: which of four bytes must be tags, as a mask over a little-endian word. */
const tagMasks = new Int32Array(32);
/** By row: how many values end, `PENDING` when the last byte is a tag, `WRONG` when a tag has a value below 128. */
const steps = new Uint8Array(32);

for (let row = 0; row < 32; row++) {
  let pending = row >= 16;
  let step = 0;
  for (let index = 0; index < 4; index++) {
    const top = ((row >> (3 - index)) & 1) === 1;
    if (!top && pending) step |= WRONG;
    const tag = top && !pending;
    if (tag) tagMasks[row] = tagMasks[row]! | (0xff << (8 * index)); // row is below the length
    else step++;
    pending = tag;
  }
  steps[row] = step | (pending ? PENDING : 0);
}

/**
 * Returns where the array of `count` integers that begins at `start` ends, or -1 when it runs past `end` or is spelled in any
 * other way than the one above.
 */
export function skipIntegers(view: DataView, start: number, end: number, count: number): number {
  let at = start;
  let left = count;
  let pending = 0;
  let wrong = 0;
  let seen = 0;
  for (; left >= 4; at += 4) {
    if (at + 4 > end) return -1; // every value takes one byte at least
    const word = view.getInt32(at, true);
    const row = pending | (Math.imul((word >>> 7) & TOP_BITS, GATHER) >>> 24);
    const step = steps[row]!; // four bits and one
    wrong |= (word ^ TAGS) & tagMasks[row]!; // as above
    seen |= step;
    left -= step & 7;
    pending = step & PENDING;
  }
  if (pending !== 0) at--;
  for (; left > 0; left--) {
    if (at >= end) return -1;
    const byte = view.getUint8(at);
    const next = at + 1 < end ? view.getUint8(at + 1) : 0;
    const wide = byte >>> 7;
    wrong |= -wide & ((byte ^ TAG) | (~next & 0x80));
    at += 1 + wide;
  }
  return wrong !== 0 || (seen & WRONG) !== 0 ? -1 : at;
}

/** The values of an array that {@link skipIntegers} has let pass, in memory of their own. */
export function unpackIntegers(bytes: Uint8Array, start: number, count: number): Uint8Array {
  const values = new Uint8Array(count);
  let at = start;
  for (let index = 0; index < count; index++) {
    const wide = bytes[at]! >>> 7; // the array was walked before
    values[index] = bytes[at + wide]!;
    at += 1 + wide;
  }
  return values;
}
