import { ColumnBlock, type Zone } from "./sdx4-columns.js";
import * as at from "./sdx4-layout.js";
import type { Sdx4ByteColumn, Sdx4Column } from "./sdx4-row.js";
import { malformed } from "./sidx-error.js";

/** What trailer and directory say about a block of rows: its columns have to keep to it. */
export interface RowBounds {
  /** Offset of the block in the file, for errors. */
  readonly offset: number;
  readonly firstOrdinal: number;
  readonly count: number;
  readonly coveredBytes: number;
  readonly stringCount: number;
  /** Least and greatest number of each of the first columns. */
  readonly zones: readonly Zone[];
}

/** The largest number of the columns that are narrower than 53 bits. */
const limits: Partial<Readonly<Record<Sdx4Column, number>>> = {
  frameLength: at.MAX_UINT32,
  batchIndex: at.MAX_UINT32,
  lane: at.MAX_UINT32,
  depth: at.MAX_UINT32,
  kind: at.MAX_UINT16,
  flags: at.MAX_UINT16,
};

/**
 * Up to 1024 entries of a footer as columns. A column is decoded when it is first asked for, and checked against everything
 * that trailer and directory say about it.
 */
export class Sdx4Rows {
  /** Place of the first entry among all entries of the footer, from 0. */
  readonly firstOrdinal: number;
  /** Entries in this block. */
  readonly count: number;
  #block: ColumnBlock;
  #bounds: RowBounds;
  #numbers: (Float64Array | undefined)[] = [];

  /** @internal {@link Sdx4Footer.viewRows} hands them out. */
  constructor(bytes: Uint8Array, bounds: RowBounds) {
    const { offset, count, firstOrdinal } = bounds;
    const numericCount = at.NUMERIC_COLUMNS.length;
    this.#block = new ColumnBlock(bytes, { what: "rows", offset, count, numericCount, byteWidths: at.BYTE_WIDTHS });
    this.#bounds = bounds;
    this.firstOrdinal = firstOrdinal;
    this.count = count;
  }

  /**
   * The numbers of a column, one for each entry. Lent: whoever writes to it changes what is read later.
   *
   * @throws {@link SidxError} `SIDX_MALFORMED` when one is out of bounds or the column is not as an encoder writes it.
   */
  column(name: Sdx4Column): Float64Array {
    const index = indexIn(at.NUMERIC_COLUMNS, name);
    const known = this.#numbers[index];
    if (known !== undefined) return known;
    const isString = name === "entity" || name === "scope";
    const limit = isString ? this.#bounds.stringCount - 1 : (limits[name] ?? Number.MAX_SAFE_INTEGER);
    const numbers = this.#block.readNumbers(index, limit, name, this.#bounds.zones[index]);
    if (name === "sequence") this.#ascend(numbers);
    if (name === "frameOffset") this.#stayInside(numbers, this.column("frameLength"));
    this.#numbers[index] = numbers;
    return numbers;
  }

  /** The bytes of a column, entry by entry; undefined where all of them are zeros. Lent. */
  viewBytes(name: Sdx4ByteColumn): Uint8Array | undefined {
    const found = this.#block.view(indexIn(at.BYTE_COLUMNS, name));
    if (found.length > 0) return found;
    return name === "correlationId" ? this.#block.view(0) : undefined;
  }

  #ascend(sequences: Float64Array): void {
    let last = -1;
    for (let row = 0; row < this.count; row++) {
      const sequence = sequences[row] ?? 0;
      if (sequence <= last) throw this.#impossible("sequence", row);
      last = sequence;
    }
  }

  /** Frames come in the order of their entries and end inside the covered bytes. */
  #stayInside(offsets: Float64Array, lengths: Float64Array): void {
    let last = 0;
    for (let row = 0; row < this.count; row++) {
      const offset = offsets[row] ?? 0;
      const end = offset + (lengths[row] ?? 0);
      if (offset < last || end > this.#bounds.coveredBytes) throw this.#impossible("frameOffset", row);
      last = offset;
    }
  }

  #impossible(field: string, row: number): Error {
    return malformed("rows", this.#bounds.offset, field, { entry: this.firstOrdinal + row });
  }
}

function indexIn<Name extends string>(names: readonly Name[], name: Name): number {
  const index = names.indexOf(name);
  if (index !== -1) return index;
  throw new RangeError(`column must be one of ${names.join(", ")}, not ${String(name)}`);
}
