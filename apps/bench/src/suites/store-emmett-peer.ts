import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { installedPeer } from "../peer-install.js";
import { orderOf, type Opened } from "./store-workloads.js";

/** What of Emmett on SQLite is used here. */
interface Connection {
  command(text: string): Promise<unknown>;
  querySingle(text: string): Promise<unknown>;
  close(): void;
}

interface EmmettSqlite {
  sqliteConnection(options: { readonly fileName: string }): Connection;
  createEventStoreSchema(connection: Connection): Promise<void>;
  appendToStream(
    connection: Connection,
    stream: string,
    streamType: string,
    events: readonly { readonly type: string; readonly data: unknown }[],
    options: { readonly expectedStreamVersion: bigint },
  ): Promise<{ readonly success: boolean }>;
  readStream(
    connection: Connection,
    stream: string,
  ): Promise<{ readonly events: readonly { readonly data: unknown }[] }>;
}

export type OpenEmmett = (path: string, synchronous: "NORMAL" | "FULL") => Promise<Opened<EmmettStreams>>;

/** The last version whose own peer is published: 0.42.4 wants an Emmett that is not. Its driver binds SQLite by callbacks. */
const version = "0.38.5";
const beside = { "@event-driven-io/emmett": "0.38.5", sqlite3: "5.1.7" };

/** Undefined, said on stderr, where Emmett on SQLite does not install. */
export function loadEmmett(): OpenEmmett | undefined {
  const emmett = installedPeer("@event-driven-io/emmett-sqlite", version, beside) as EmmettSqlite | undefined;
  if (emmett === undefined) return undefined;
  return async (path, synchronous) => {
    const own = mkdtempSync(join(path, "emmett-"));
    const connection = emmett.sqliteConnection({ fileName: join(own, "events.db") });
    await emmett.createEventStoreSchema(connection);
    await setSynchronous(connection, synchronous);
    return {
      subject: new EmmettStreams(emmett, connection),
      directory: openDirectory(own),
      async dispose() {
        connection.close();
        rmSync(own, { recursive: true });
      },
    };
  };
}

/** It opens in WAL mode, and leaves the level of barriers to SQLite, which is FULL unless somebody says otherwise. */
async function setSynchronous(connection: Connection, level: "NORMAL" | "FULL"): Promise<void> {
  const levels = { NORMAL: 1, FULL: 2 } as const;
  await connection.command(`PRAGMA synchronous = ${level}`);
  const found = (await connection.querySingle("PRAGMA synchronous")) as { readonly synchronous: number };
  if (found.synchronous !== levels[level]) throw new Error(`synchronous is ${found.synchronous}, not ${level}`);
}

/**
 * Emmett's own functions on one connection that stays open: its `getSQLiteEventStore` opens the file anew for every call, and would be slower by
 * that.
 */
export class EmmettStreams {
  readonly #emmett: EmmettSqlite;
  readonly #connection: Connection;

  constructor(emmett: EmmettSqlite, connection: Connection) {
    this.#emmett = emmett;
    this.#connection = connection;
  }

  /** Appends so many events, from number `first` on, in one transaction to a stream that has `version` of them. */
  async append(stream: string, version: number, first: number, count = 1): Promise<void> {
    const events = Array.from({ length: count }, (_, each) => ({ type: "order.placed", data: orderOf(first + each) }));
    const options = { expectedStreamVersion: BigInt(version) };
    const { success } = await this.#emmett.appendToStream(this.#connection, stream, "order", events, options);
    if (!success) throw new Error(`${stream} is not where it is expected`);
  }

  async read(stream: string): Promise<readonly { readonly data: unknown }[]> {
    const { events } = await this.#emmett.readStream(this.#connection, stream);
    return events;
  }
}
