/**
 * The order that everything relies on: user keys ascending as unsigned bytes, a prefix before what it begins; versions of one key
 * by descending seqno. A seqno stands for one operation, so that no two entries are equal.
 */

/** Kinds of entries by the number that stands for them on disk. 0 is never written: zeros must not decode as data. */
export const entryKinds = { put: 1, delete: 2 } as const;

/** Of log records alone: everything from a key up to another is deleted. */
export const RANGE_DELETE = 6;

/** The longest user key, in bytes. The empty key is legal and sorts first. */
export const MAX_KEY_BYTES = 0xffff;

/** The longest value, in bytes: 64 MiB. */
export const MAX_VALUE_BYTES = 0x400_0000;

/** Above it no seqno can be held exactly. */
export const MAX_SEQNO: number = Number.MAX_SAFE_INTEGER;

/** From this many bytes on the native comparison pays for its call; see the suite `lsm-tree` of apps/bench. */
const NATIVE_FROM_BYTES = 64;

/**
 * Compares `a[aStart, aEnd)` with `b[bStart, bEnd)` as unsigned bytes: negative, 0 or positive. The caller has checked the ranges;
 * that bound is what makes the assertions below true.
 */
export function compareBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const aBytes = aEnd - aStart;
  const bBytes = bEnd - bStart;
  const common = aBytes < bBytes ? aBytes : bBytes;
  const inline = common < NATIVE_FROM_BYTES ? common : NATIVE_FROM_BYTES;
  for (let at = 0; at < inline; at++) {
    const difference = a[aStart + at]! - b[bStart + at]!;
    if (difference !== 0) return difference;
  }
  if (common > inline) {
    const rest = Buffer.prototype.compare.call(
      a,
      b,
      bStart + inline,
      bStart + common,
      aStart + inline,
      aStart + common,
    );
    if (rest !== 0) return rest;
  }
  return aBytes - bBytes;
}

/** Whether two ranges hold the same bytes. From the end, where neighbours in an order differ. */
export function equalBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  let at = aEnd - 1;
  for (let other = bEnd - 1; at >= aStart && a[at] === b[other]; at--) other--;
  return at < aStart;
}

/** How many bytes both ranges begin with. */
export function sharedPrefix(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const most = aEnd - aStart < bEnd - bStart ? aEnd - aStart : bEnd - bStart;
  let at = 0;
  while (at < most && a[aStart + at] === b[bStart + at]) at++;
  return at;
}

/** Compares two whole user keys. */
export function compareUserKeys(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(a, 0, a.length, b, 0, b.length);
}

/** Copies `source[start, end)` to `target[at]`: a loop where a call would cost more than the bytes. */
export function copyBytes(target: Uint8Array, at: number, source: Uint8Array, start: number, end: number): void {
  if (end - start < 48) {
    for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!; // the caller has checked both ranges
  } else if (start === 0 && end === source.length) {
    target.set(source, at);
  } else {
    target.set(source.subarray(start, end), at);
  }
}

/**
 * A shortest key that is at least `last` and below `first`, where `last < first`; `last` itself where there is no shorter one, or
 * where both are the same key. It parts two blocks in an index.
 */
export function separatorOf(last: Uint8Array, first: Uint8Array): Uint8Array {
  const shared = sharedPrefix(last, 0, last.length, first, 0, first.length);
  if (shared >= last.length || shared >= first.length) return new Uint8Array(last);
  for (let at = shared; at < last.length; at++) {
    const raised = last[at]! + 1; // at is below the length
    // Behind the first difference any byte may be raised; at it, the result must stay below `first`.
    const fits =
      at === shared ? raised < first[at]! || (raised === first[at] && at + 1 < first.length) : raised <= 0xff;
    if (!fits) continue;
    if (at + 1 === last.length) return new Uint8Array(last); // raising the last byte makes nothing shorter
    const separator = new Uint8Array(last.subarray(0, at + 1));
    separator[at] = raised;
    return separator;
  }
  return new Uint8Array(last);
}
