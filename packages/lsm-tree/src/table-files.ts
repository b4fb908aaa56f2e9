import { isFsError, type Directory } from "@holdfast/fs-seam";
import type { TableBlockCache } from "./block-cache.js";
import type { BlockCodec, BlockCodecs } from "./block-codec.js";
import type { NewTable, TablePin, TableStore } from "./engine-contract.js";
import type { HashKey } from "./key-hash.js";
import { LsmError } from "./lsm-error.js";
import { poisonedBy, writeFailure } from "./log-failure.js";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import type { TableReader } from "./sstable/table-reader.js";
import { TableCreation, type NewTableDetails } from "./table-creation.js";
import { formatTableFileName, parseTableFileName } from "./table-file-name.js";
import { OpenTable, withKeysOf } from "./open-table.js";
import type { TableMeta } from "./version-edit.js";

/** Where tables are, and how those that are created are made. */
export interface TableFilesOptions {
  /** Where tables lie, and nothing else that is ours: `tables/` of the database. */
  readonly directory: Directory;
  /** 16 bytes. */
  readonly databaseId: Uint8Array;
  /** That of the database. */
  readonly hashKey: HashKey;
  /** 32 random bits for each table that is created. */
  readonly nonce: () => number;
  /** Milliseconds since 1970, stated in tables that are created. Default: they state 0. */
  readonly now?: () => number;
  /** Keeps blocks that were read. Default none. */
  readonly cache?: TableBlockCache;
  /** Codecs for reading, beside those of the format. */
  readonly codecs?: BlockCodecs;
  /** How many files stay open at once beyond those that are pinned. Default 512. */
  readonly maxOpenTables?: number;
  /** Of tables that are created: see `TableBuilder`. */
  readonly blockBytes?: number;
  /** As of `TableBuilder`. */
  readonly codec?: BlockCodec | null;
  /** As of `TableBuilder`. */
  readonly filterBitsPerKey?: number;
  /** A barrier of names has failed: nothing may be written any more. */
  readonly onFailure?: (error: unknown) => void;
}

/** What lies in the directory of tables. */
export interface TableListing {
  /** By ascending number. */
  readonly tables: readonly { readonly tableNumber: number; readonly file: string; readonly bytes: number }[];
  /** Entries whose names are not those of tables: nobody touches them. */
  readonly foreign: readonly string[];
}

const optionKeys: readonly (keyof TableFilesOptions)[] = [
  ...(["directory", "databaseId", "hashKey", "nonce", "now", "cache", "codecs", "maxOpenTables"] as const),
  ...(["blockBytes", "codec", "filterBitsPerKey", "onFailure"] as const),
];

/**
 * The files of tables: `{number}.sst`, each created exclusively and never changed once it is finished. A file counts for nothing before an edit of the
 * manifest names it, so that a crash at any point of its writing leaves an orphan: absent, empty, or any part of it.
 *
 * Readers are kept open, so many at most; the one that was not asked for longest goes first, unless it is pinned.
 */
export class TableFiles implements TableStore {
  readonly #options: TableFilesOptions;
  readonly #maxOpenTables: number;
  readonly #opened = new Map<number, OpenTable>();
  readonly #reads = { count: 0 };
  /** Counts what is asked for, so that a table that is open costs a look-up and a number, no list to be kept in order. */
  #clock = 0;
  #isClosed = false;
  readonly #makeRoomAgain = (): void => this.#makeRoom();

  /** @throws `TypeError` or `RangeError` that names the option. */
  constructor(options: TableFilesOptions) {
    checkKeys(options, optionKeys, "TableFiles");
    const { maxOpenTables = 512 } = options;
    checkBytes(options.databaseId, "databaseId", 16);
    checkWhole(maxOpenTables, "maxOpenTables", 1, Number.MAX_SAFE_INTEGER);
    if (typeof options.nonce !== "function") throw new TypeError("nonce must be a function");
    this.#options = options;
    this.#maxOpenTables = maxOpenTables;
  }

  /** How many reads of files there were. */
  get readCount(): number {
    return this.#reads.count;
  }

  /** How many files are open for reading. */
  get openCount(): number {
    return this.#opened.size;
  }

  /** Bytes of the indexes and filters of open tables. */
  get residentBytes(): number {
    let bytes = 0;
    for (const { reader } of this.#opened.values()) bytes += reader.residentBytes;
    return bytes;
  }

  reader(table: TableMeta): TableReader {
    return this.#open(table).reader;
  }

  pin(table: TableMeta): TablePin {
    return this.#open(table).pin(this.#makeRoomAgain);
  }

  create(tableNumber: number, details: NewTableDetails): NewTable {
    this.#refuseClosed();
    const { directory, databaseId, hashKey, nonce, now, blockBytes, codec, filterBitsPerKey } = this.#options;
    return new TableCreation(directory, {
      ...{ databaseId, tableNumber, hashKey, nonce: nonce(), createdMs: now?.() ?? 0, ...details },
      ...(blockBytes === undefined ? {} : { blockBytes }),
      ...(codec === undefined ? {} : { codec }),
      ...(filterBitsPerKey === undefined ? {} : { filterBitsPerKey }),
    });
  }

  async syncNames(): Promise<void> {
    try {
      await this.#options.directory.syncNames();
    } catch (error) {
      if (!isFsError(error)) throw error;
      const failure = writeFailure(error, "tables");
      // There was no barrier: another one may do. Behind one that failed nobody knows which names the disk has.
      if (isFsError(error, "FS_TOO_MANY_OPEN_FILES")) throw failure;
      this.#options.onFailure?.(failure);
      throw poisonedBy(failure);
    }
  }

  /** Closes the reader and drops what the cache has of a table that nobody asks for any more. Its file stays. */
  forget(tableNumber: number): void {
    const table = this.#opened.get(tableNumber);
    if (table !== undefined) this.#drop(table);
    this.#options.cache?.forget(tableNumber);
  }

  remove(tableNumber: number): void {
    this.forget(tableNumber);
    this.#options.directory.removeIfPresent(formatTableFileName(tableNumber));
  }

  /** Every entry of the directory, with the sizes of tables. Opens nothing. */
  list(): TableListing {
    const { directory } = this.#options;
    const tables: { tableNumber: number; file: string; bytes: number }[] = [];
    const foreign: string[] = [];
    for (const { name, kind } of directory.list()) {
      const tableNumber = kind === "file" ? parseTableFileName(name) : undefined;
      if (tableNumber === undefined) foreign.push(name);
      else tables.push({ tableNumber, file: name, bytes: directory.stat(name).size });
    }
    tables.sort((a, b) => a.tableNumber - b.tableNumber);
    return { tables, foreign };
  }

  /** Closes all files; those that are pinned with their last pin. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const table of this.#opened.values()) this.#drop(table);
  }

  #open(meta: TableMeta): OpenTable {
    let table = this.#opened.get(meta.tableNumber);
    if (table === undefined) {
      this.#refuseClosed();
      table = this.#openFile(meta);
      this.#opened.set(meta.tableNumber, table);
      table.usedAt = ++this.#clock;
      this.#makeRoom();
      return table;
    }
    table.usedAt = ++this.#clock;
    return table;
  }

  #openFile(meta: TableMeta): OpenTable {
    const { directory, databaseId, hashKey, cache, codecs } = this.#options;
    const { tableNumber, bytes, chain } = meta;
    const file = formatTableFileName(tableNumber);
    try {
      return new OpenTable(directory.open(file, { mode: "read" }), this.#reads, {
        ...{ databaseId, tableNumber, bytes, chain, file, hashKey },
        ...(cache === undefined ? {} : { cache }),
        ...(codecs === undefined ? {} : { codecs }),
      });
    } catch (error) {
      throw withKeysOf(meta, file, error);
    }
  }

  /** Closes what was not asked for longest. The one that was just opened is never among them, nor is a pinned one. */
  #makeRoom(): void {
    while (this.#opened.size > this.#maxOpenTables) {
      let oldest: OpenTable | undefined;
      for (const table of this.#opened.values()) {
        if (table.isPinned || table.usedAt === this.#clock) continue;
        if (oldest === undefined || table.usedAt < oldest.usedAt) oldest = table;
      }
      if (oldest === undefined) return;
      this.#drop(oldest);
    }
  }

  #drop(table: OpenTable): void {
    this.#opened.delete(table.reader.tableNumber);
    table.drop();
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new LsmError("LSM_CLOSED", "the tables of this database are closed");
  }
}
