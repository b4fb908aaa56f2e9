import type { NewTable, TableStore } from "../engine-contract.js";
import type { EntryView } from "../entry-cursor.js";
import { compareBytes } from "../internal-key.js";
import type { TableMeta } from "../version-edit.js";
import { LEVEL_RATIO } from "./level-targets.js";

export interface OutputTablesOptions {
  readonly tables: TableStore;
  readonly level: number;
  readonly allocateTableNumber: () => number;
  /** Bytes at which a table is full; Infinity for one table, whatever its size. */
  readonly targetTableBytes: number;
  /** Tables of the level below, which the outputs will be merged with one day. */
  readonly grandparents: readonly TableMeta[];
}

/** An output has no more entries, because its filter is built in one go. */
const MOST_ENTRIES = 120_000;

/**
 * The tables that a compaction writes, one after another. They end only between user keys: when one is full, or when it lies over so much of the level below
 * that merging it would take long. Sizes and keys alone decide, never the time, so that the same inputs give the same files.
 */
export class OutputTables {
  readonly finished: TableMeta[] = [];
  readonly #options: OutputTablesOptions;
  #open: NewTable | undefined;
  #grandparent = 0;
  #overlapBytes = 0;

  constructor(options: OutputTablesOptions) {
    this.#options = options;
  }

  /** Whether the open table has to be completed before this entry, which comes next. */
  isFullBefore(entry: EntryView): boolean {
    const builder = this.#open?.builder;
    const { targetTableBytes, grandparents } = this.#options;
    if (grandparents.length > 0) this.#passGrandparents(entry);
    if (builder === undefined || targetTableBytes === Infinity) return false;
    const isFull =
      builder.estimatedBytes >= targetTableBytes ||
      builder.entryCount >= MOST_ENTRIES ||
      this.#overlapBytes > LEVEL_RATIO * targetTableBytes;
    return isFull && !builder.endsWith(entry.keyBytes, entry.keyStart, entry.keyEnd);
  }

  add(entry: EntryView): void {
    if (this.#open === undefined) {
      const { tables, level, allocateTableNumber } = this.#options;
      this.#open = tables.create(allocateTableNumber(), { level });
      this.#overlapBytes = 0;
    }
    this.#open.builder.add(entry);
  }

  /** Completes the open table, if there is one, and syncs its bytes. */
  async finish(): Promise<void> {
    const table = this.#open;
    if (table === undefined) return;
    this.finished.push(await table.finish());
    this.#open = undefined;
  }

  /** Removes everything that was written. No edit ever named it. */
  abandon(): void {
    const { tables } = this.#options;
    const discard = (run: () => void): void => {
      try {
        run();
      } catch {
        // It stays as an orphan that the next open removes. What made the job fail is what has to be told.
      }
    };
    discard(() => this.#open?.abandon());
    this.#open = undefined;
    for (const { tableNumber } of this.finished.splice(0)) discard(() => tables.remove(tableNumber));
  }

  /** Counts the tables below that end before the entry as overlapped by the open one. */
  #passGrandparents({ keyBytes, keyStart, keyEnd }: EntryView): void {
    const { grandparents } = this.#options;
    for (; this.#grandparent < grandparents.length; this.#grandparent++) {
      const { largest, bytes } = grandparents[this.#grandparent]!; // below the length
      if (compareBytes(largest, 0, largest.length, keyBytes, keyStart, keyEnd) >= 0) return;
      if (this.#open !== undefined) this.#overlapBytes += bytes;
    }
  }
}
