import { peekUint64, writeUint64 } from "@holdfast/segment-codec";
import { padded, viewOf } from "./sdx4-layout.js";
import { malformed } from "./sidx-error.js";

/**
 * A block of columns. Numbers are distances from the smallest of their column, each in as many bytes as the largest distance takes:
 * none where all are equal. A list of numbers has one encoding, because the base is the smallest number and the width
 * the smallest that will do. Byte columns follow as they are, or are left out with width 0.
 */

const TWO_TO_32 = 0x1_0000_0000;

/** A distance takes so many bytes at most: 2^53-1 fits. */
export const MAX_WIDTH = 7;

/** Distances are written as words; the zeros above the last one may end behind the block. */
const SLACK_BYTES = 8;

/** Bytes of the widths and bases of a block. */
export function columnHeaderBytes(numericCount: number, byteCount: number): number {
  return padded(numericCount + byteCount) + numericCount * 8;
}

/** Least and greatest number of a column in one block. */
export type Zone = readonly [number, number];

/** A block and the least and greatest number of each numeric column. */
export interface EncodedColumns {
  readonly bytes: Uint8Array;
  readonly zones: readonly Zone[];
}

/** Encodes columns of `count` rows, at least one; `parts` hold a whole number of bytes for each row, or nothing. */
export function encodeColumns(
  columns: readonly Float64Array[],
  parts: readonly Uint8Array[],
  count: number,
): EncodedColumns {
  const zones = columns.map(zoneOf);
  const widths = [...zones.map(([least, most]) => widthOf(most - least)), ...parts.map(({ length }) => length / count)];
  const header = columnHeaderBytes(columns.length, parts.length);
  const size = widths.reduce((sum, width) => sum + width * count, header);
  const bytes = new Uint8Array(padded(size) + SLACK_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(widths);
  let offset = header;
  columns.forEach((numbers, column) => {
    const [base = 0] = zones[column] ?? [];
    const width = widths[column] ?? 0;
    writeUint64(view, padded(widths.length) + column * 8, base);
    writeDistances(view, offset, numbers, base, width);
    offset += width * count;
  });
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return { bytes: bytes.subarray(0, padded(size)), zones };
}

function widthOf(span: number): number {
  let width = 0;
  for (let bound = 1; bound <= span; bound *= 256) width += 1;
  return width;
}

function zoneOf(numbers: Float64Array): Zone {
  let least = numbers[0]!; // there is at least one
  let most = least;
  for (let at = 1; at < numbers.length; at++) {
    const value = numbers[at]!; // below the end
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return [least, most];
}

/** Every distance is written as four or eight bytes. Those above its width are zeros, and what comes next covers them. */
function writeDistances(view: DataView, offset: number, numbers: Float64Array, base: number, width: number): void {
  if (width === 0) return;
  let at = offset;
  for (let from = 0; from < numbers.length; from++) {
    const distance = numbers[from]! - base; // below the end
    view.setUint32(at, distance, true); // modulo 2^32
    if (width > 4) view.setUint32(at + 4, distance / TWO_TO_32, true);
    at += width;
  }
}

/** What a block of columns has to be. */
export interface ColumnShape {
  /** What it holds, for errors. */
  readonly what: string;
  /** Offset of the block in the file, for errors. */
  readonly offset: number;
  readonly count: number;
  readonly numericCount: number;
  /** Bytes of a row in each byte column; all but the first may be left out. */
  readonly byteWidths: readonly number[];
}

/** A block of columns whose widths account for exactly its bytes. */
export class ColumnBlock {
  readonly shape: ColumnShape;
  #bytes: Uint8Array;
  /** Where each column begins, and the padding behind the last. */
  #starts: readonly number[];

  /**
   * @param bytes - borrowed as long as this object lives.
   * @throws {@link SidxError} `SIDX_MALFORMED`.
   */
  constructor(bytes: Uint8Array, shape: ColumnShape) {
    this.shape = shape;
    this.#bytes = bytes;
    const { what, offset, count, numericCount, byteWidths } = shape;
    let end = columnHeaderBytes(numericCount, byteWidths.length);
    const starts = [end];
    for (let column = 0; column < numericCount + byteWidths.length; column++) {
      const width = bytes[column] ?? 0;
      const full = byteWidths[column - numericCount];
      const known = full === undefined ? width <= MAX_WIDTH : width === full || (width === 0 && column > numericCount);
      if (!known) throw malformed(what, offset, "width");
      end += width * count;
      starts.push(end);
    }
    if (padded(end) !== bytes.length) throw malformed(what, offset, "length");
    checkZeros(bytes, numericCount + byteWidths.length, padded(numericCount + byteWidths.length), what, offset);
    checkZeros(bytes, end, bytes.length, what, offset);
    this.#starts = starts;
  }

  /**
   * The numbers of a column, none above `limit`, and of `zone` the least and the greatest.
   *
   * @throws {@link SidxError} `SIDX_MALFORMED` when they are others, or not encoded as an encoder does it.
   */
  readNumbers(column: number, limit: number, name: string, zone?: Zone): Float64Array {
    const { what, offset, count, numericCount, byteWidths } = this.shape;
    const bytes = this.#bytes;
    const view = viewOf(bytes);
    const base = peekUint64(view, padded(numericCount + byteWidths.length) + column * 8);
    const numbers = new Float64Array(count);
    const most = readDistances(numbers, view, this.#starts[column] ?? 0, base, bytes[column] ?? 0);
    if (base < 0 || most < 0 || most > limit) throw malformed(what, offset, name);
    if (zone !== undefined && (zone[0] !== base || zone[1] !== most)) throw malformed(what, offset, name);
    return numbers;
  }

  /** The bytes of a byte column, lent; empty when it is left out. */
  view(column: number): Uint8Array {
    const index = this.shape.numericCount + column;
    return this.#bytes.subarray(this.#starts[index], this.#starts[index + 1]);
  }
}

/** Whatever pads a block is zeros, so that its bytes say one thing in one way. */
export function checkZeros(bytes: Uint8Array, start: number, end: number, what: string, offset: number): void {
  for (let at = start; at < end; at++) if (bytes[at] !== 0) throw malformed(what, offset, "padding");
}

/**
 * Fills `target` with the numbers whose distances lie in a block, all of them inside; returns the largest, or -1 when they are not as
 * `writeDistances` writes them.
 */
function readDistances(target: Float64Array, view: DataView, offset: number, base: number, width: number): number {
  if (width === 0) {
    target.fill(base);
    return base;
  }
  // Four bytes that end where the distance ends, the others shifted out: before the first one lies the header of the block.
  const shift = width > 4 ? (8 - width) * 8 : (4 - width) * 8;
  let least = Infinity;
  let span = 0;
  let end = offset + width;
  for (let to = 0; to < target.length; to++) {
    let distance = view.getUint32(end - 4, true) >>> shift;
    if (width > 4) distance = distance * TWO_TO_32 + view.getUint32(end - width, true);
    if (distance < least) least = distance;
    if (distance > span) span = distance;
    target[to] = base + distance;
    end += width;
  }
  return least === 0 && widthOf(span) === width ? base + span : -1;
}
