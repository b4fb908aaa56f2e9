/**
 * Byte strings as rmp-serde spells them: arrays of integers, in which a byte below 128 stands for itself and any other stands
 * behind a tag `cc`. Three hashes and the content make up half of an envelope, so this is its hot loop.
 *
 * Half of the bytes of a hash have a tag, at random: a branch for each is mispredicted every other time, and a step that waits
 * for where the last one ended takes seven cycles. Here eight bytes are taken at once. Their top bits, and whether a tag came
 * before them, say which are tags, how many values end among them and whether a tag is before the next eight.
 * Source: the suite `segment-codec` of apps/bench, part `fbat`.
 */

const TAG = 0xcc;

/**
 * Returns where the array of `count` integers that begins at `start` ends, or -1 when it runs past `end` or is spelled in any
 * other way than the one above. The range lies inside `view`.
 */
export const skipIntegers: (view: DataView, start: number, end: number, count: number) => number = withTables();

/** Everything is a constant of a function for the reason that `sliceBy16` has: V8 then knows it. */
function withTables(): typeof skipIntegers {
  const TAGS = 0xcc_cc_cc_cc | 0;
  const FIRST_BITS = 0x01_01_01_01;
  const LAST_BITS = 0x10_10_10_10;
  // Of a product with it the top byte holds the lowest bits of four bytes and, above them, the bits four places higher, the first
  // byte's lowest: no two of its terms share a place, so none carries.
  const GATHER = 0x01_02_04_08;
  const PENDING = 0x100;
  const WRONG = 0x10;
  // A row is a pending tag and eight top bits.
  // Which of the first and of the last four bytes must be tags, as masks over little-endian words.
  const firstTags = new Int32Array(512);
  const lastTags = new Int32Array(512);
  // How many values end, `PENDING` when the last byte is a tag, `WRONG` when a tag has a value below 128.
  const steps = new Int32Array(512);
  // By row and number of a value, from 0: behind how many bytes it ends.
  const ends = new Uint8Array(512 * 8);
  for (let row = 0; row < 512; row++) {
    let pending = row >= PENDING;
    let step = 0;
    let wrong = 0;
    for (let index = 0; index < 8; index++) {
      const top = ((row >> index) & 1) === 1;
      if (!top && pending) wrong = WRONG;
      pending = top && !pending;
      const tags = index < 4 ? firstTags : lastTags;
      if (pending) tags[row]! |= 0xff << (8 * index); // row is below the length, and a shift takes its count modulo 32
      else ends[8 * row + step++] = index + 1;
    }
    steps[row] = step | wrong | (pending ? PENDING : 0);
  }
  return (view, start, end, count) => {
    // Values take two bytes at most, so there are eight bytes to take until the last value has been seen.
    if (count === 0 || start + 2 * count + 8 > end) return skipOneByOne(view, start, end, count);
    let left = count;
    let step = 0;
    let wrong = 0;
    for (let at = start; ; at += 8) {
      const first = view.getInt32(at, true) ^ TAGS;
      const last = view.getInt32(at + 4, true) ^ TAGS;
      // The top bit of a tag is set, so a difference has it where the byte has it not.
      const row =
        (step & PENDING) | (Math.imul(((~first >>> 7) & FIRST_BITS) | ((~last >>> 3) & LAST_BITS), GATHER) >>> 24);
      step = steps[row]!; // nine bits, here and below
      const values = step & 0xf;
      if (values < left) {
        wrong |= (first & firstTags[row]!) | (last & lastTags[row]!) | (step & WRONG);
        left -= values;
        continue;
      }
      const size = ends[8 * row + left - 1]!; // left is 1 to 8
      const own = row & (PENDING | ((1 << size) - 1)); // what comes behind the array counts as values
      wrong |= (first & firstTags[own]!) | (last & lastTags[own]!) | (steps[own]! & WRONG);
      return wrong === 0 ? at + size : -1;
    }
  };
}

/** The same where the bytes may end. */
function skipOneByOne(view: DataView, start: number, end: number, count: number): number {
  let at = start;
  for (let left = count; left > 0; left--) {
    if (at >= end) return -1;
    const byte = view.getUint8(at++);
    if (byte >= 0x80 && (byte !== TAG || at >= end || view.getUint8(at++) < 0x80)) return -1;
  }
  return at;
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
