import type { Zone } from "./sdx4-columns.js";
import { NUMERIC_COLUMNS, ROWS_PER_BLOCK } from "./sdx4-layout.js";
import { PlaceCursor } from "./sdx4-places.js";
import type { Sdx4Column } from "./sdx4-row.js";
import type { Sdx4Tables } from "./sdx4-tables.js";

/**
 * The entries that match a filter, in ascending order, without an object for each. With an entity it follows the index of
 * entities; otherwise it goes through the blocks of rows. Blocks whose record shows that nothing in them matches are not read.
 */
export class Sdx4Selection {
  /** The entry that was found last; -1 before the first call of `next()`. */
  ordinal = -1;
  #tables: Sdx4Tables;
  /** The least and the greatest number that match, of each of the columns that have zones. */
  #ranges: readonly Zone[];
  /** The place of the entity in the string table. */
  #entity: number | undefined;
  #places: PlaceCursor | undefined;
  /** The next candidate, where no index gives them. */
  #at = 0;
  #block = -1;
  #columns: readonly (readonly [Float64Array, Zone])[] | undefined;

  /** @internal {@link Sdx4Footer.select} makes them. */
  constructor(tables: Sdx4Tables, ranges: readonly Zone[], entity: number | undefined) {
    this.#tables = tables;
    this.#ranges = ranges;
    this.#entity = entity;
    this.#places = entity === undefined ? undefined : new PlaceCursor(tables, "entities", entity);
  }

  /**
   * Moves to the next match; false when there is none.
   *
   * @throws {@link SidxError} `SIDX_CHECKSUM_MISMATCH` and `SIDX_MALFORMED` at a block that is damaged or makes no sense.
   */
  next(): boolean {
    const { entryCount } = this.#tables.root.trailer;
    for (;;) {
      const candidate = this.#places?.next() ?? (this.#at < entryCount ? this.#at++ : -1);
      if (candidate === -1) return false;
      if (!this.#matches(candidate)) continue;
      this.ordinal = candidate;
      return true;
    }
  }

  #matches(ordinal: number): boolean {
    const block = Math.floor(ordinal / ROWS_PER_BLOCK);
    if (block !== this.#block) {
      this.#block = block;
      this.#columns = this.#columnsOf(block);
    }
    const columns = this.#columns;
    if (columns === undefined) {
      this.#at = (block + 1) * ROWS_PER_BLOCK; // nothing in this block matches
      return false;
    }
    const row = ordinal - block * ROWS_PER_BLOCK;
    for (const [values, [least, most]] of columns) {
      const value = values[row] ?? 0; // every column has as many rows as the block
      if (value < least || value > most) return false;
    }
    return true;
  }

  /** The columns of a block that have to be looked at; undefined when nothing in it matches. */
  #columnsOf(block: number): readonly (readonly [Float64Array, Zone])[] | undefined {
    const { directory } = this.#tables.root;
    const section = directory.section("rows");
    const open: (readonly [Sdx4Column, Zone])[] = [];
    for (const [index, range] of this.#ranges.entries()) {
      const [least, most] = directory.zone(section, block, index);
      if (most < range[0] || least > range[1]) return undefined;
      const isInside = least >= range[0] && most <= range[1];
      const name = NUMERIC_COLUMNS[index];
      if (!isInside && name !== undefined) open.push([name, range]);
    }
    // The index is believed no more than any other part: an entry that it lists has to be of the entity.
    const entity = this.#entity;
    if (entity !== undefined) open.push(["entity", [entity, entity]]);
    if (open.length === 0) return [];
    const rows = this.#tables.rowsAt(block * ROWS_PER_BLOCK);
    return open.map(([name, range]) => [rows.column(name), range] as const);
  }
}
