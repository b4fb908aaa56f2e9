import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installedPeer } from "../peer-install.js";

/** Sorted tables that are not of `abstract-level`, with the least that both have in common. What they do not do is in their names. */
export interface SortedTable {
  put(key: Buffer, value: Buffer): void | Promise<void>;
  /** In one transaction. */
  putMany(entries: readonly (readonly [Buffer, Buffer])[]): void | Promise<void>;
  get(key: Buffer): Uint8Array | undefined;
  scan(reverse: boolean): Iterable<unknown>;
  dispose(): Promise<void>;
}

export interface TableKind {
  /** @param sync - whether every transaction ends behind a barrier. */
  nameOf(sync: boolean): string;
  open(root: string, sync: boolean): SortedTable;
}

interface Lmdb {
  open(options: object): {
    put(key: Buffer, value: Buffer): Promise<boolean>;
    getBinary(key: Buffer): Buffer | undefined;
    transactionSync(body: () => void): void;
    putSync(key: Buffer, value: Buffer): void;
    getRange(options: { readonly reverse: boolean }): Iterable<unknown>;
    close(): Promise<void>;
  };
}

/** Those that can be installed here: lmdb and better-sqlite3. */
export function sortedTables(): TableKind[] {
  return [lmdb(), sqlite()].flatMap((kind) => kind ?? []);
}

function lmdb(): TableKind | undefined {
  const found = installedPeer("lmdb", "3.5.6") as Lmdb | undefined;
  if (found === undefined) return undefined;
  const nameOf = (sync: boolean): string => (sync ? "lmdb" : "lmdb, noSync");
  const openTable = (root: string, sync: boolean): SortedTable => {
    const path = mkdtempSync(join(root, "lmdb-"));
    const table = found.open({ path, keyEncoding: "binary", encoding: "binary", noSync: !sync, noMetaSync: !sync });
    return {
      put: async (key, value) => void (await table.put(key, value)),
      putMany(entries) {
        table.transactionSync(() => {
          for (const [key, value] of entries) table.putSync(key, value);
        });
      },
      get: (key) => table.getBinary(key),
      scan: (reverse) => table.getRange({ reverse }),
      async dispose() {
        await table.close();
        rmSync(path, { recursive: true });
      },
    };
  };
  return { nameOf, open: openTable };
}

interface Statement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): unknown;
  iterate(): Iterable<unknown>;
}

interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): Statement;
  transaction(body: (entries: readonly (readonly [Buffer, Buffer])[]) => void): (entries: readonly unknown[]) => void;
  close(): void;
}

function sqlite(): TableKind | undefined {
  const open = installedPeer("better-sqlite3", "12.11.1") as (new (path: string) => Sqlite) | undefined;
  if (open === undefined) return undefined;
  const nameOf = (sync: boolean): string => `better-sqlite3, ${sync ? "FULL" : "NORMAL"}`;
  const openTable = (root: string, sync: boolean): SortedTable => {
    const path = mkdtempSync(join(root, "sqlite-"));
    const database = new open(join(path, "table.db"));
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${sync ? "FULL" : "NORMAL"}`);
    database.pragma("cache_size = -65536");
    database.exec("CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID, STRICT");
    const insert = database.prepare(
      "INSERT INTO entry VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    const one = database.prepare("SELECT value FROM entry WHERE key = ?");
    const forward = database.prepare("SELECT key, value FROM entry ORDER BY key");
    const backward = database.prepare("SELECT key, value FROM entry ORDER BY key DESC");
    const putMany = database.transaction((entries) => {
      for (const [key, value] of entries) insert.run(key, value);
    });
    return {
      put: (key, value) => void insert.run(key, value),
      putMany,
      get: (key) => (one.get(key) as { readonly value: Buffer } | undefined)?.value,
      scan: (reverse) => (reverse ? backward : forward).iterate(),
      async dispose() {
        database.close();
        rmSync(path, { recursive: true });
      },
    };
  };
  return { nameOf, open: openTable };
}
