import type { EventRows } from "./event-columns.js";
import { EVENT_COLUMNS, EVENT_HEADER_BYTES, padded, viewOf } from "./accelerator-layout.js";

/**
 * A block of events: columns of distances from the least number of each, as wide as the greatest distance asks for.
 *
 * ```
 *  0  8  width of each column: 0, 1, 2, 4 or 8 bytes; zeros behind
 *  8  8  base of each column, a float64; and so on
 * 48  .  distances of the first column, unsigned, or a float64 where they are 8 bytes wide; padded to a multiple of 8; and so on
 * ```
 */

type Numbers = Uint16Array | Uint32Array | Float64Array;
type Width = 0 | 1 | 2 | 4 | 8;

export function encodeEventBlock(rows: EventRows): Uint8Array {
  const { count } = rows;
  const columns = columnsOf(rows).map((numbers) => ({ numbers, ...rangeOf(numbers) }));
  const size = columns.reduce((sum, { width }) => sum + padded(width * count), EVENT_HEADER_BYTES);
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
  return bytes;
}

/** Decodes a block into chunks of columns, and says what numbers are in it. */
export class EventBlock {
  readonly count: number;
  readonly #columns: readonly { readonly base: number; readonly distances: ArrayLike<number> | undefined }[];

  /**
   * @param bytes - lent, and begin at a multiple of 8 of their buffer.
   * @throws `RangeError` when it is no block of so many events.
   */
  constructor(bytes: Uint8Array, count: number) {
    const widths = Array.from(bytes.subarray(0, EVENT_COLUMNS));
    const size = widths.reduce((sum, width) => sum + padded(width * count), EVENT_HEADER_BYTES);
    if (size !== bytes.length || !widths.every(isWidth)) throw new RangeError(`no block of ${count} events`);
    const view = viewOf(bytes);
    this.count = count;
    let offset = EVENT_HEADER_BYTES;
    this.#columns = widths.map((width, column) => {
      const distances = width === 0 ? undefined : arrayOf(bytes, offset, count, width);
      offset += padded(width * count);
      return { base: view.getFloat64(8 + 8 * column, true), distances };
    });
  }

  /** Fills the columns of a chunk with the events from `from` on, up to its end or the block's. */
  fill(chunk: EventRows, from: number): void {
    const to = Math.min(this.count, from + chunk.count);
    for (const [column, target] of columnsOf(chunk).entries()) {
      const { base, distances } = this.#columns[column]!; // as many
      if (distances === undefined) target.fill(base);
      else addDistances(target, base, distances, from, to);
    }
  }
}

function addDistances(target: Numbers, base: number, distances: ArrayLike<number>, from: number, to: number): void {
  for (let at = from; at < to; at += 1) target[at - from] = base + distances[at]!; // below the end
}

/** The greatest of the first so many numbers, or of all; -1 without one. */
export function greatest(numbers: Uint32Array, count: number): number {
  const end = Math.min(count, numbers.length);
  let most = -1;
  for (let at = 0; at < end; at += 1) if (numbers[at]! > most) most = numbers[at]!; // below its length
  return most;
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

function arrayOf(bytes: Uint8Array, offset: number, count: number, width: number): Numbers | Uint8Array {
  const start = bytes.byteOffset + offset;
  if (width === 1) return new Uint8Array(bytes.buffer, start, count);
  if (width === 2) return new Uint16Array(bytes.buffer, start, count);
  return width === 4 ? new Uint32Array(bytes.buffer, start, count) : new Float64Array(bytes.buffer, start, count);
}

function isWidth(width: number): boolean {
  return width === 0 || width === 1 || width === 2 || width === 4 || width === 8;
}
