import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { installedPeer } from "../peer-install.js";
import { entityOf, orderOf, streamCount, type Opened } from "./store-workloads.js";

/** What of better-sqlite3 is used here. */
export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number; readonly lastInsertRowid: number | bigint };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
  iterate(...values: readonly unknown[]): IterableIterator<unknown>;
}

export interface Database {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): Statement;
  transaction<Arguments extends readonly unknown[]>(
    body: (...values: Arguments) => void,
  ): (...values: Arguments) => void;
  close(): void;
}

export type OpenTable = (path: string, synchronous: "NORMAL" | "FULL") => Opened<EventTable>;

const version = "12.11.1";

/** Undefined, said on stderr, where better-sqlite3 does not install. */
export function loadSqlite(): (new (path: string) => Database) | undefined {
  return installedPeer("better-sqlite3", version) as (new (path: string) => Database) | undefined;
}

/** Opens what `make` makes of a new database `name.db`, in a directory of its own. */
export function openOnSqlite<T>(
  open: new (path: string) => Database,
  path: string,
  name: string,
  make: (database: Database) => T,
): Opened<T> {
  const own = mkdtempSync(join(path, `${name}-`));
  const database = new open(join(own, `${name}.db`));
  return {
    subject: make(database),
    directory: openDirectory(own),
    async dispose() {
      database.close();
      rmSync(own, { recursive: true });
    },
  };
}

/** Undefined as for {@link loadSqlite}. */
export function loadTable(): OpenTable | undefined {
  const open = loadSqlite();
  if (open === undefined) return undefined;
  return (path, synchronous) => openOnSqlite(open, path, "events", (database) => new EventTable(database, synchronous));
}

/** An event as the table has it, its payload decoded. */
export interface TableEvent {
  readonly sequence: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly kind: number;
  readonly time: number;
  readonly data: unknown;
}

interface EventRow extends Omit<TableEvent, "data"> {
  readonly payload: string;
}

const columns = "sequence, stream, revision, id, kind, time, payload";

/**
 * The event table that many write by hand, tuned: a write-ahead log, prepared statements, one statement for the expectation and the
 * insert, ids that ascend, reads through mapped memory, and JSON, which V8 reads and writes faster than any codec in JavaScript.
 */
export class EventTable {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #ofStream: Statement;
  readonly #one: Statement;
  readonly #everything: Statement;
  readonly #commit: (first: number, count: number) => void;
  #ids = 0;

  constructor(database: Database, synchronous: "NORMAL" | "FULL") {
    this.#database = database;
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma("cache_size = -65536");
    database.pragma("mmap_size = 1073741824");
    database.exec(`
      CREATE TABLE event (
        sequence INTEGER PRIMARY KEY,
        stream TEXT NOT NULL,
        revision INTEGER NOT NULL,
        id TEXT NOT NULL,
        kind INTEGER NOT NULL,
        time INTEGER NOT NULL,
        payload TEXT NOT NULL
      ) STRICT;
      CREATE UNIQUE INDEX event_by_stream ON event (stream, revision);
      CREATE UNIQUE INDEX event_by_id ON event (id);
    `);
    this.#insert = database.prepare(`
      INSERT INTO event (stream, revision, id, kind, time, payload)
      SELECT ?, ?, ?, ?, ?, ?
      WHERE coalesce((SELECT max(revision) FROM event WHERE stream = ?), -1) = ?
    `);
    this.#ofStream = database.prepare(`SELECT ${columns} FROM event WHERE stream = ? ORDER BY revision LIMIT ?`);
    this.#one = database.prepare(`SELECT ${columns} FROM event WHERE stream = ? AND revision = ?`);
    this.#everything = database.prepare(`SELECT ${columns} FROM event ORDER BY sequence`);
    this.#commit = database.transaction((first: number, count: number) => {
      for (let index = first; index < first + count; index += 1) this.append(index);
    });
  }

  /** Appends event `index` of the workload, the last revision of its stream expected. */
  append(index: number): void {
    const name = entityOf(index);
    const expected = Math.floor(index / streamCount) - 1; // -1 before the first event of a stream
    const { changes } = this.#insert.run(
      name,
      expected + 1,
      this.#nextId(),
      0x1001,
      Date.now() * 1000,
      JSON.stringify(orderOf(index)),
      name,
      expected,
    );
    if (changes !== 1) throw new Error(`${name} is not where it is expected`);
  }

  /** Appends so many events in one transaction. */
  commit(first: number, count: number): void {
    this.#commit(first, count);
  }

  stream(name: string, limit: number): TableEvent[] {
    return this.#ofStream.all(name, limit).map(decoded);
  }

  one(name: string, revision: number): TableEvent | undefined {
    const row = this.#one.get(name, revision);
    return row === undefined ? undefined : decoded(row);
  }

  *events(): Generator<TableEvent, void, undefined> {
    for (const row of this.#everything.iterate()) yield decoded(row);
  }

  /** Moves what the log has into the table, as reading a table that nobody writes to finds it. */
  checkpoint(): void {
    this.#database.pragma("wal_checkpoint(TRUNCATE)");
  }

  /** 36 characters that ascend, as UUIDs of version 7 do. */
  #nextId(): string {
    this.#ids += 1;
    return `01933b2c-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }
}

function decoded(row: unknown): TableEvent {
  const { sequence, stream, revision, id, kind, time, payload } = row as EventRow; // as the statements select
  return { sequence, stream, revision, id, kind, time, data: JSON.parse(payload) };
}
