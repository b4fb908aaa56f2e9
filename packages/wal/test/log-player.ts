import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect } from "vitest";
import type { Wal, WalReader } from "../src/index.js";

/** Plays steps on a log and on an array beside it, for the properties of both logs. */

export type LogStep =
  | { readonly do: "append"; readonly bytes: number }
  | { readonly do: "batch"; readonly sizes: readonly number[] }
  | { readonly do: "write" | "sync" | "sync-blocking" | "reopen" | "read" | "refresh" }
  | { readonly do: "read-from" | "last"; readonly share: number };

const share = fc.double({ min: 0, max: 1, noNaN: true });

/** Steps that every log can take, and with `own` those that one alone can: kinds that take a share of what is there. */
export function logSteps<Own extends string>(own: readonly Own[]): fc.Arbitrary<(LogStep | OwnStep<Own>)[]> {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), bytes: fc.nat(300) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("batch" as const),
        sizes: fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom(
          "write" as const,
          "sync" as const,
          "sync-blocking" as const,
          "reopen" as const,
          "read" as const,
          "refresh" as const,
        ),
      }),
    },
    fc.record({ do: fc.constantFrom("read-from" as const, "last" as const), share }),
    fc.record({ do: fc.constantFrom(...own), share }),
  );
  return fc.array(step, { maxLength: 40 });
}

export interface OwnStep<Own extends string> {
  readonly do: Own;
  readonly share: number;
}

/** WAL_RUNS and FC_SEED choose how many runs, and which. */
export const playing: fc.Parameters<unknown> = {
  numRuns: Number(process.env["WAL_RUNS"] ?? 150),
  ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
};

type AnyLog = Pick<
  Wal,
  | "append"
  | "appendBatch"
  | "write"
  | "sync"
  | "syncBlocking"
  | "read"
  | "readLast"
  | "close"
  | "report"
  | "firstLsn"
  | "lastLsn"
  | "writtenLsn"
  | "durableLsn"
>;

/** How a log is opened, and looked at beside. */
export interface Played<Log extends AnyLog> {
  readonly open: (directory: Directory) => Promise<Log>;
  readonly openReader: (directory: Directory) => Pick<WalReader, "read" | "readLast" | "refresh">;
  readonly lockFile: string;
}

/** Record bytes that say which record they are. */
export function payload(lsn: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (lsn * 31 + index) & 0xff);
}

export class LogPlayer<Log extends AnyLog> {
  readonly directory: Directory;
  /** Length of every record that was appended. */
  readonly sizes: number[] = [];
  log: Log;
  readonly #played: Played<Log>;
  readonly #reader: ReturnType<Played<Log>["openReader"]>;

  private constructor(played: Played<Log>, directory: Directory, log: Log) {
    this.#played = played;
    this.directory = directory;
    this.log = log;
    this.#reader = played.openReader(directory);
  }

  /** Creates the log. */
  static async start<Log extends AnyLog>(played: Played<Log>): Promise<LogPlayer<Log>> {
    const directory = new Directory(new MemoryFs());
    return new LogPlayer(played, directory, await played.open(directory));
  }

  /** Demands the records from `from` up to `to`, all of them and nothing else. */
  demand(
    records: Iterable<{ lsn: number; payload: Uint8Array }>,
    from: number = this.log.firstLsn,
    to: number = this.sizes.length,
  ): void {
    let lsn = from;
    for (const record of records) {
      expect(record.lsn).toBe(lsn);
      expect(record.payload).toEqual(payload(lsn, this.sizes[lsn - 1] as number));
      lsn += 1;
    }
    expect(lsn).toBe(Math.max(from, to + 1));
  }

  /** What kill -9 leaves: everything written, and a lock of nobody. A copy stands for it, since this process lives on. */
  killed(): Directory {
    const copy = new Directory(new MemoryFs({ image: (this.directory.fs as MemoryFs).snapshot() }));
    copy.remove(this.#played.lockFile);
    return copy;
  }

  async play(step: LogStep): Promise<void> {
    const { log, sizes } = this;
    const { firstLsn } = log;
    switch (step.do) {
      case "append":
        expect(log.append(payload(sizes.length + 1, step.bytes))).toBe(sizes.length + 1);
        sizes.push(step.bytes);
        break;
      case "batch": {
        const first = sizes.length + 1;
        expect(log.appendBatch(step.sizes.map((bytes, index) => payload(first + index, bytes)))).toBe(first);
        sizes.push(...step.sizes);
        break;
      }
      case "write":
        log.write();
        expect(log.writtenLsn).toBe(sizes.length);
        break;
      case "sync":
        expect(await log.sync()).toBe(sizes.length);
        expect(log.durableLsn).toBe(sizes.length);
        break;
      case "sync-blocking":
        expect(log.syncBlocking()).toBe(sizes.length);
        break;
      case "reopen":
        await this.reopen();
        break;
      case "read":
        this.demand(log.read());
        this.demand(this.#played.openReader(this.directory).read());
        break;
      case "refresh":
        log.write();
        expect(this.#reader.refresh()).toBe(sizes.length);
        this.demand(this.#reader.read({ from: firstLsn }));
        break;
      case "read-from": {
        const from = firstLsn + Math.floor(step.share * (sizes.length - firstLsn + 1));
        this.demand(log.read({ from }), from);
        break;
      }
      case "last": {
        const count = 1 + Math.floor(step.share * sizes.length);
        const from = Math.max(firstLsn, sizes.length - count + 1);
        this.demand(log.readLast(count), from);
        this.demand(this.#played.openReader(this.directory).readLast(count), from);
        break;
      }
    }
  }

  /** Closes the log in order and opens it again: nothing is lost, and nothing in doubt. */
  async reopen(): Promise<void> {
    const { firstLsn } = this.log;
    await this.log.close();
    this.log = await this.#played.open(this.directory);
    const { length } = this.sizes;
    expect(this.log.report).toMatchObject({ created: false, firstLsn, lastLsn: length, provenLsn: length });
    expect(this.log.report).toMatchObject({ dropped: [], damage: undefined });
  }

  /** Closes the log, reads all of it once more, and closes it for good. */
  async end(): Promise<void> {
    await this.reopen();
    this.demand(this.log.read());
    await this.log.close();
  }
}
