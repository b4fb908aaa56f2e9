import { EventRows } from "./event-columns.js";
import { EVENT_COLUMNS, EVENT_HEADER_BYTES, padded, viewOf } from "./accelerator-layout.js";

/**
 * A block of events: columns of distances from the least number of each, as wide as the greatest distance asks for, and the hashes of ids.
 *
 * ```
 *  0  8  width of each column: 0, 1, 2, 4 or 8 bytes; zeros behind
 *  8  8  base of each column, a float64; and so on
 * 48  .  distances of the first column, unsigned, or a float64 where they are 8 bytes wide; padded to a multiple of 8; and so on
 *  .  .  hashes of ids, 4 bytes each; padded
 * ```
 */

type Numbers = Uint16Array | Uint32Array | Float64Array;
type Width = 0 | 1 | 2 | 4 | 8;

/** @param ids - hashes of the ids, one for each row. */
export function encodeEventBlock(rows: EventRows, ids: Uint32Array): Uint8Array {
  const { count } = rows;
  const columns = columnsOf(rows).map((numbers) => ({ numbers, ...rangeOf(numbers) }));
  const size = columns.reduce((sum, { width }) => sum + padded(width * count), EVENT_HEADER_BYTES + padded(4 * count));
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  let offset = EVENT_HEADER_BYTES;
  for (const [column, { numbers, base, width }] of columns.entries()) {
    bytes[column] = width;
    view.setFloat64(8 + 8 * column, base, true);
    if (width !== 0) {
      const distances = arrayOf(bytes, offset, count, width);
      for (let at = 0; at < count; at += 1) distances[at] = numbers[at]! - base; // one for each row
    }
    offset += padded(width * count);
  }
  new Uint32Array(bytes.buffer, offset, count).set(ids);
  return bytes;
}

/** What the numbers of a block may be: below these counts. */
export interface EventBlockLimits {
  readonly streams: number;
  readonly scopes: number;
}

/**
 * Decodes a block into `rows`, and the hashes of ids into `ids`; false when it is not one of so many events, or has numbers out of bounds.
 *
 * @param bytes - begin at a multiple of 8 of their buffer.
 */
export function decodeEventBlock(
  bytes: Uint8Array,
  rows: EventRows,
  ids: Uint32Array,
  limits: EventBlockLimits,
): boolean {
  const { count } = rows;
  if (bytes.length < EVENT_HEADER_BYTES) return false;
  const widths = Array.from(bytes.subarray(0, EVENT_COLUMNS));
  if (!widths.every(isWidth)) return false;
  const size = widths.reduce((sum, width) => sum + padded(width * count), EVENT_HEADER_BYTES + padded(4 * count));
  if (size !== bytes.length) return false;
  const view = viewOf(bytes);
  const most = [2 ** 32 - 1, limits.streams - 1, limits.scopes - 1, 2 ** 16 - 1, Number.MAX_SAFE_INTEGER];
  let offset = EVENT_HEADER_BYTES;
  for (const [column, target] of columnsOf(rows).entries()) {
    const width = widths[column] as Width; // every one of them is
    const base = view.getFloat64(8 + 8 * column, true);
    if (!(Number.isSafeInteger(base) && base >= 0)) return false;
    if (!addDistances(target, base, width === 0 ? undefined : arrayOf(bytes, offset, count, width), most[column]!))
      return false;
    offset += padded(width * count);
  }
  ids.set(new Uint32Array(bytes.buffer, bytes.byteOffset + offset, count));
  return true;
}

/** Fills `target` with the sums; false when one is above `most`. */
function addDistances(target: Numbers, base: number, distances: ArrayLike<number> | undefined, most: number): boolean {
  if (distances === undefined) {
    target.fill(base);
    return base <= most;
  }
  let greatest = 0;
  for (let at = 0; at < target.length; at += 1) {
    const distance = distances[at]!; // one for each
    if (distance > greatest) greatest = distance;
    target[at] = base + distance;
  }
  return base + greatest <= most;
}

function columnsOf({ frames, streams, scopes, kinds, times }: EventRows): Numbers[] {
  return [frames, streams, scopes, kinds, times];
}

function rangeOf(numbers: Numbers): { readonly base: number; readonly width: Width } {
  let least = numbers[0]!; // there is one
  let most = least;
  for (let at = 1; at < numbers.length; at += 1) {
    const number = numbers[at]!; // below its length
    if (number < least) least = number;
    if (number > most) most = number;
  }
  const span = most - least;
  return { base: least, width: span === 0 ? 0 : span < 2 ** 8 ? 1 : span < 2 ** 16 ? 2 : span < 2 ** 32 ? 4 : 8 };
}

function arrayOf(bytes: Uint8Array, offset: number, count: number, width: Exclude<Width, 0>): Numbers | Uint8Array {
  const start = bytes.byteOffset + offset;
  if (width === 1) return new Uint8Array(bytes.buffer, start, count);
  if (width === 2) return new Uint16Array(bytes.buffer, start, count);
  return width === 4 ? new Uint32Array(bytes.buffer, start, count) : new Float64Array(bytes.buffer, start, count);
}

function isWidth(width: number): boolean {
  return width === 0 || width === 1 || width === 2 || width === 4 || width === 8;
}
