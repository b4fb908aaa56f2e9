import { compareUserKeys } from "./internal-key.js";
import { corrupt } from "./lsm-error.js";
import type { LsmError } from "./lsm-error.js";
import type { EditChange, TableMeta } from "./version-edit.js";

/**
 * The set of live tables at one moment. Immutable: an edit makes another one, so a reader that keeps a version reads what it saw whatever
 * is flushed, compacted or cleared meanwhile.
 *
 * Level 0 holds tables as they were flushed, newest first; their keys overlap, their seqnos do not. From level 1 on the tables of a
 * level are sorted by their smallest key and no user key lies in two of them. Whatever a level holds of a key is newer than what deeper levels hold of it.
 */
export class Version {
  /** Tables by level, from 0: level 0 newest first, the others by key and without overlaps. */
  readonly levels: readonly (readonly TableMeta[])[];

  private constructor(levels: readonly (readonly TableMeta[])[]) {
    this.levels = levels;
  }

  /** A version without tables. */
  static empty(levelCount: number): Version {
    return new Version(Array.from({ length: levelCount }, () => []));
  }

  /** Tables of all levels. */
  get tableCount(): number {
    return this.levels.reduce((sum, tables) => sum + tables.length, 0);
  }

  /** Bytes of all files of a level. */
  bytes(level: number): number {
    return this.tablesOf(level).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The tables of a level in its order; none for a level that is not there. */
  tablesOf(level: number): readonly TableMeta[] {
    return this.levels[level] ?? [];
  }

  /** All tables, level by level. */
  *tables(): Generator<TableMeta, void, undefined> {
    for (const tables of this.levels) yield* tables;
  }

  /**
   * The tables of a level that may hold a user key from `smallest` to `largest`, both inclusive and open where they are left out, in the order of
   * the level.
   */
  overlapping(level: number, smallest: Uint8Array | undefined, largest: Uint8Array | undefined): TableMeta[] {
    const tables = this.tablesOf(level);
    if (level === 0) return tables.filter((table) => isWithin(table, smallest, largest));
    const from = smallest === undefined ? 0 : firstEndingAtOrAfter(tables, smallest);
    let end = from;
    while (end < tables.length && isWithin(tables[end]!, smallest, largest)) end += 1; // below the length
    return tables.slice(from, end);
  }

  /** The tables of a level from 1 on that lie next to the keys from `smallest` to `largest`: none, one or both, the one before first. */
  beside(level: number, smallest: Uint8Array, largest: Uint8Array): TableMeta[] {
    const tables = this.tablesOf(level);
    const from = firstEndingAtOrAfter(tables, smallest);
    const end = from + this.overlapping(level, smallest, largest).length;
    return [...tables.slice(Math.max(0, from - 1), from), ...tables.slice(end, end + 1)];
  }

  /** The one table of a level from 1 on that may hold `key`; undefined when there is none. */
  tableFor(level: number, key: Uint8Array): TableMeta | undefined {
    const tables = this.tablesOf(level);
    const table = tables[firstEndingAtOrAfter(tables, key)];
    return table !== undefined && compareUserKeys(table.smallest, key) <= 0 ? table : undefined;
  }

  /**
   * The version after an edit; changes that concern no tables are passed by.
   *
   * @throws {@link LsmError} `LSM_CORRUPT` for an edit that removes a table that is not there, adds one that is, names a level that is not there, or breaks the
   * order of a level; this version is as it was then, as always.
   */
  apply(changes: readonly EditChange[]): Version {
    const levels = this.levels.map((tables) => [...tables]);
    const touched = new Set<number>();
    for (const change of changes) {
      if (change.kind === "deleteTable") {
        const tables = levels[change.level];
        const at = tables?.findIndex(({ tableNumber }) => tableNumber === change.tableNumber) ?? -1;
        if (at === -1) throw unfit(`removes a table that level ${change.level} does not have`, change.tableNumber);
        tables?.splice(at, 1);
      } else if (change.kind === "addTable") {
        const { table } = change;
        const tables = levels[table.level];
        if (tables === undefined) {
          throw unfit(`adds a table to level ${table.level}, which is not there`, table.tableNumber);
        }
        tables.push(table);
        touched.add(table.level);
      }
    }
    for (const level of touched) sortLevel(levels[level] ?? [], level);
    if (touched.size > 0) checkNumbers(levels);
    return new Version(levels);
  }
}

function sortLevel(tables: TableMeta[], level: number): void {
  if (level === 0) tables.sort((a, b) => b.maxSeqno - a.maxSeqno);
  else tables.sort((a, b) => compareUserKeys(a.smallest, b.smallest));
  for (let at = 1; at < tables.length; at++) {
    const [before, table] = [tables[at - 1]!, tables[at]!]; // both inside
    const isOrdered =
      level === 0 ? before.minSeqno > table.maxSeqno : compareUserKeys(before.largest, table.smallest) < 0;
    if (!isOrdered) throw unfit(`leaves tables of level ${level} that overlap`, table.tableNumber);
  }
}

function checkNumbers(levels: readonly (readonly TableMeta[])[]): void {
  const numbers = new Set<number>();
  for (const { tableNumber } of levels.flat()) {
    if (numbers.has(tableNumber)) throw unfit("adds a table that is there already", tableNumber);
    numbers.add(tableNumber);
  }
}

function unfit(problem: string, tableNumber: number): LsmError {
  return corrupt(`an edit of the manifest ${problem}: ${tableNumber}`, { tableNumber });
}

function isWithin(table: TableMeta, smallest: Uint8Array | undefined, largest: Uint8Array | undefined): boolean {
  if (smallest !== undefined && compareUserKeys(table.largest, smallest) < 0) return false;
  return largest === undefined || compareUserKeys(table.smallest, largest) <= 0;
}

/** Of tables that ascend and do not overlap, the ordinal of the first whose largest key is at least `key`; their count when there is none. */
export function firstEndingAtOrAfter(tables: readonly TableMeta[], key: Uint8Array): number {
  let low = 0;
  for (let high = tables.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (compareUserKeys(tables[middle]!.largest, key) < 0) low = middle + 1; // below the length
    else high = middle;
  }
  return low;
}
