import type { EntryView } from "./entry-cursor.js";
import type { TableBuilder } from "./sstable/table-builder.js";
import type { TableReader } from "./sstable/table-reader.js";
import type { TableMeta } from "./version-edit.js";
import type { KeyBounds } from "./visible-entries.js";
import type { WriteBatch } from "./write-batch.js";

/**
 * What a write has reached when its promise resolves. `memory`: this process; `os`: the system, which survives the end of the process; `data` and
 * `full`: a barrier, which survives a power loss.
 */
export type WriteRung = "memory" | "os" | "data" | "full";

/** What a write has reached when its promise resolves. */
export interface WriteOptions {
  /** Default `os`. */
  readonly rung?: WriteRung;
}

/** A moment of the database that stays readable until it is released. */
export interface EngineSnapshot {
  /** The last write that it sees. */
  readonly seqno: number;
  /** Whether it was released; reads at it are refused then. */
  readonly released: boolean;
  /** Lets compaction drop what only this snapshot sees. Idempotent. */
  release(): void;
  [Symbol.dispose](): void;
}

/** How a clear lasts, and what ends it. */
export interface ClearOptions extends WriteOptions {
  /** Ends it with `LSM_ABORTED` before it begins, or between two batches: what was deleted by then stays deleted. */
  readonly signal?: AbortSignal | undefined;
}

/** Which moment is read, and whether blocks are kept. */
export interface ReadOptions {
  /** Default: everything that was written, as of the call. */
  readonly snapshot?: EngineSnapshot;
  /** Whether blocks that are read go into the cache. Default true. */
  readonly fillCache?: boolean;
}

export interface RangeOptions extends KeyBounds, ReadOptions {
  /** Descending order. Default false. */
  readonly reverse?: boolean;
}

/** Visible entries in one direction; it sees what there was when it was made. Must be closed, since it keeps tables from being removed. */
export interface EngineCursor extends EntryView {
  /** Whether the cursor stands on an entry. */
  readonly valid: boolean;
  /** To the first entry in this direction. */
  start(): void;
  /** Forward: to the first key that is at least `key`; reverse: to the last that is at most `key`. Nowhere when `key` is out of bounds. */
  seek(key: Uint8Array): void;
  /** To the next entry in this direction. Only from an entry. */
  next(): void;
  /** Lets go of the tables it reads. Idempotent. */
  close(): void;
  [Symbol.dispose](): void;
}

/**
 * What the adapter needs of an engine: plain bytes in and out, no types of abstract-level. Keys and values are borrowed until the call returns; what
 * is returned belongs to the caller, except that views are lent until the next call.
 */
export interface KeyValueEngine {
  /** An owned copy of the value; undefined when there is none. */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined;
  /** The entry where it lies, for whoever decodes it at once; undefined when there is none or it is deleted. Lent until the next call. */
  find(key: Uint8Array, options?: ReadOptions): EntryView | undefined;
  /** As `get` for each key, all of the same moment. */
  getMany(keys: readonly Uint8Array[], options?: ReadOptions): (Uint8Array | undefined)[];
  /** Whether there is an entry that is no delete. */
  has(key: Uint8Array, options?: ReadOptions): boolean;
  /** Writes one entry. Resolves on the rung that was asked for, rejects with an `LsmError`. */
  put(key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void>;
  /** Writes that there is no entry. As `put` otherwise. */
  delete(key: Uint8Array, options?: WriteOptions): Promise<void>;
  /** All operations of the batch or none; the batch may be used again when the call has returned. */
  write(batch: WriteBatch, options?: WriteOptions): Promise<void>;
  /** Removes the keys inside the bounds that `snapshot` sees, at most `limit` of them in the order of `reverse`. Not atomic, unless it removes everything: what is written to such a key before the promise resolves may go as well. */
  clear(range?: RangeOptions & { readonly limit?: number }, options?: ClearOptions): Promise<void>;
  /** A moment: everything that reads see now. Release it. */
  snapshot(): EngineSnapshot;
  /** Entries inside the bounds. Close it. */
  cursor(range?: RangeOptions): EngineCursor;
  /** Bytes of table files that hold keys from `start` up to `end`, exclusive. */
  approximateSize(start: Uint8Array, end: Uint8Array): number;
  /** Flushes, and rewrites all tables with keys inside the bounds down to the last level that has any. Both inclusive, open where left out. */
  compactRange(start?: Uint8Array, end?: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Waits for what is under way, syncs the log, and gives back files and lock. Idempotent. */
  close(): Promise<void>;
}

/** A table that is being written. It counts for nothing before an edit of the manifest names it. */
export interface NewTable {
  /** Number that no other table gets. */
  readonly tableNumber: number;
  /** Takes the entries, in order. */
  readonly builder: TableBuilder;
  /** Completes the file and syncs its bytes, not its name. Its entry in the manifest is returned. */
  finish(): Promise<TableMeta>;
  /** Closes and removes what was written. */
  abandon(): void;
}

/** Keeps a table's file open, and what it reads readable, even when the file is removed meanwhile. */
export interface TablePin {
  readonly reader: TableReader;
  /** Idempotent. Nobody may move the reader's cursors afterwards. */
  release(): void;
}

/** The files of tables, for flushes, compactions and reads. */
export interface TableStore {
  /**
   * A reader, opened on first use and kept open among the most recently used; good until the next call that opens one. Throws what opening
   * throws. Who keeps it longer, or a cursor of it, takes a pin.
   */
  reader(table: TableMeta): TableReader;
  /** The same for whoever goes through the table. */
  pin(table: TableMeta): TablePin;
  /** Creates the file, exclusively. */
  create(
    tableNumber: number,
    details: { readonly level: number; readonly firstLsn?: number; readonly lastLsn?: number },
  ): NewTable;
  /** Makes the names of all files that were finished durable. Throws `LSM_POISONED` when that fails: nothing may be written any more. */
  syncNames(): Promise<void>;
  /** Closes the reader and removes the file. */
  remove(tableNumber: number): void;
}
