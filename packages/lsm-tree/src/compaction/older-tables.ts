import type { EntryView } from "../entry-cursor.js";
import { compareBytes } from "../internal-key.js";
import type { TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";

/**
 * What lies outside a compaction and may be older than what is in it: deeper tables, and those of level 0 that are not newer than all that it takes of
 * level 0. Memtables never are, and neither is what is flushed while the job runs.
 *
 * Keys have to be asked for in ascending order: a place in each level moves along with them.
 */
export class OlderTables {
  readonly #level0: readonly TableMeta[];
  readonly #deeper: readonly (readonly TableMeta[])[];
  readonly #places: number[];

  /** @param inputs - of the job, of this version. */
  constructor(version: Version, inputs: readonly TableMeta[]) {
    const inside = new Set(inputs.map(({ tableNumber }) => tableNumber));
    const shallowest = Math.min(...inputs.map(({ level }) => level));
    const newest = Math.max(...inputs.filter(({ level }) => level === 0).map(({ maxSeqno }) => maxSeqno));
    const outside = version.levels.map((tables) => tables.filter(({ tableNumber }) => !inside.has(tableNumber)));
    this.#level0 = shallowest > 0 ? [] : (outside[0]?.filter(({ minSeqno }) => minSeqno < newest) ?? []);
    this.#deeper = outside.slice(Math.max(1, shallowest)).filter((tables) => tables.length > 0);
    this.#places = this.#deeper.map(() => 0);
  }

  /** Whether one of them may hold the entry's key. */
  mayHold({ keyBytes, keyStart, keyEnd }: EntryView): boolean {
    for (const { smallest, largest } of this.#level0) {
      const isInside =
        compareBytes(smallest, 0, smallest.length, keyBytes, keyStart, keyEnd) <= 0 &&
        compareBytes(largest, 0, largest.length, keyBytes, keyStart, keyEnd) >= 0;
      if (isInside) return true;
    }
    for (let level = 0; level < this.#deeper.length; level++) {
      const tables = this.#deeper[level]!; // below the length, like the place
      let at = this.#places[level]!;
      while (at < tables.length && isBefore(tables[at]!.largest, keyBytes, keyStart, keyEnd)) at += 1;
      this.#places[level] = at;
      const smallest = tables[at]?.smallest;
      if (smallest === undefined) continue;
      if (compareBytes(smallest, 0, smallest.length, keyBytes, keyStart, keyEnd) <= 0) return true;
    }
    return false;
  }
}

function isBefore(key: Uint8Array, keyBytes: Uint8Array, keyStart: number, keyEnd: number): boolean {
  return compareBytes(key, 0, key.length, keyBytes, keyStart, keyEnd) < 0;
}
