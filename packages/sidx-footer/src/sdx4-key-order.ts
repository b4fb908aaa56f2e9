/** Keys in ascending order, and for each the place it stood at; equal keys keep the order of their places. */
export interface KeyOrder {
  readonly keys: Uint32Array;
  readonly places: Uint32Array;
}

/** A digit has so many bits at most: its counters still fit the fastest part of the cache. */
const MAX_DIGIT_BITS = 14;

/**
 * Sorts the first `count` keys digit by digit, the least first: linear in the count, whatever the keys are. Keys move along with
 * their places, so that every pass reads from front to back.
 */
export function orderOf(unsorted: Uint32Array, count: number): KeyOrder {
  let [keys, nextKeys] = [unsorted.slice(0, count), new Uint32Array(count)];
  let [places, nextPlaces] = [new Uint32Array(count), new Uint32Array(count)];
  let bitsSet = 0;
  for (let at = 0; at < count; at++) {
    places[at] = at;
    bitsSet |= keys[at]!; // at is below count, here and below
  }
  const keyBits = 32 - Math.clz32(bitsSet);
  const digitBits = Math.ceil(keyBits / Math.ceil(keyBits / MAX_DIGIT_BITS));
  const starts = new Uint32Array(1 << digitBits);
  const mask = starts.length - 1;
  for (let shift = 0; shift < keyBits; shift += digitBits) {
    starts.fill(0);
    for (let at = 0; at < count; at++) starts[(keys[at]! >>> shift) & mask]! += 1; // masked to an index of starts
    let start = 0;
    for (let digit = 0; digit < starts.length; digit++) {
      const size = starts[digit]!;
      starts[digit] = start;
      start += size;
    }
    for (let at = 0; at < count; at++) {
      const key = keys[at]!;
      const to = starts[(key >>> shift) & mask]!++; // masked as above
      nextKeys[to] = key;
      nextPlaces[to] = places[at]!;
    }
    [keys, nextKeys] = [nextKeys, keys];
    [places, nextPlaces] = [nextPlaces, places];
  }
  return { keys, places };
}
