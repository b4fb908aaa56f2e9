import type { Row } from "../row.js";
import type { Part } from "../suite.js";
import type { AsyncContestant } from "../workload.js";
import {
  bare,
  classic,
  compact,
  ENTRY_BYTES,
  KEY_BYTES,
  keyOf,
  memoryKind,
  newLevel,
  ours,
  shuffled,
  valueOf,
} from "./lsm-level-peers.js";
import type { Bytes, LevelKind } from "./lsm-level-peers.js";
import { levelRows } from "./lsm-level-rows.js";
import { sortedTables, type SortedTable, type TableKind } from "./lsm-level-tables.js";
import { inDirectory } from "./store-workloads.js";
import { barriersIn } from "./wal-workloads.js";

/** What writes cost through `abstract-level`, with the system and behind a barrier. */
export const lsmLevelWritePart: Part = {
  name: "level-write",
  measure: ({ quick, full }) =>
    inDirectory(async (root) => {
      const rounds = quick ? 1 : 3;
      const count = quick ? 2_000 : 10_000;
      const synced = Math.min(1_000, barriersIn(quick ? 20 : 100, root));
      const filled = quick ? 50_000 : full ? 500_000 : 150_000;
      const size = filled.toLocaleString("en");
      const memory = memoryKind();
      const tables = sortedTables();
      const inOrder = packed(ascending(filled), filled);
      const inNone = packed(shuffled(filled), filled);
      const both = (operations: number, run: Run): { ours: AsyncContestant; classic: AsyncContestant } => ({
        ours: writes(ours, root, operations, run),
        classic: writes(classic, root, operations, run),
      });
      const others = (operations: number, run: Run): AsyncContestant[] =>
        memory === undefined ? [] : [writes(memory, root, operations, run)];
      const rows: Row[] = [];
      rows.push(
        ...(await levelRows(
          { id: "level/put", workload: "put, 116 B, random keys, awaited one by one, with the system", bar: 2, rounds },
          {
            ...both(count, (level) => oneByOne(level, count, {})),
            others: [
              ...others(count, (level) => oneByOne(level, count, {})),
              ...tables.map((kind) => puts(kind, root, count, false)),
            ],
          },
        )),
        ...(await levelRows(
          { id: "level/put-100", workload: "the same, 100 in flight", bar: 1.5, rounds },
          both(count, (level) => inFlight(level, count, {})),
        )),
        ...(await levelRows(
          { id: "level/put-sync", workload: "put with sync: true, awaited one by one", bar: 1, rounds },
          {
            ...both(synced, (level) => oneByOne(level, synced, { sync: true })),
            others: tables.map((kind) => puts(kind, root, synced, true)),
          },
        )),
        ...(await levelRows(
          { id: "level/put-sync-100", workload: "the same, 100 in flight", bar: 6, rounds },
          both(synced * 10, (level) => inFlight(level, synced * 10, { sync: true })),
        )),
        ...(await levelRows(
          {
            id: "level/fillseq",
            workload: `${size} ascending keys in batches of 1,000, until the last is acknowledged`,
            bar: 1.8,
            rounds,
          },
          {
            ...both(filled, (level) => fill(level, inOrder)),
            others: [
              ...others(filled, (level) => fill(level, inOrder)),
              writes(bare, root, filled, (level) => fill(level, inOrder)),
              ...tables.map((kind) => fills(kind, root, inOrder)),
            ],
          },
        )),
        ...(await levelRows(
          {
            id: "level/fillrandom",
            workload: `${size} keys in random order in batches of 1,000, until the last is acknowledged`,
            bar: 1.3,
            rounds,
          },
          both(filled, (level) => fill(level, inNone)),
        )),
        ...(await levelRows(
          {
            id: "level/fillrandom-quiet",
            workload: `${size} keys in random order, until everything is compacted`,
            note: "`compactRange` over all keys ends the clock of both",
            bar: 0.8,
            rounds: quick ? 1 : 2,
          },
          both(filled, async (level) => {
            await fill(level, inNone);
            await compact(level);
          }),
        )),
      );
      return rows;
    }),
};

type Run = (level: Bytes) => Promise<void>;

/** A turn of work with a database of its own. */
function writes(kind: LevelKind, root: string, operations: number, run: Run): AsyncContestant {
  return {
    name: kind.name,
    operations,
    async prepare() {
      const { level, dispose } = await newLevel(kind, root);
      return { run: () => run(level), dispose };
    },
  };
}

async function oneByOne(level: Bytes, count: number, options: object): Promise<void> {
  for (const number of shuffled(count)) await level.put(keyOf(number), valueOf(number), options);
}

async function inFlight(level: Bytes, count: number, options: object): Promise<void> {
  let waiting: Promise<void>[] = [];
  for (const number of shuffled(count)) {
    waiting.push(level.put(keyOf(number), valueOf(number), options));
    if (waiting.length < 100) continue;
    await Promise.all(waiting);
    waiting = [];
  }
  await Promise.all(waiting);
}

function* ascending(count: number): Generator<number, void, undefined> {
  for (let number = 0; number < count; number += 1) yield number;
}

function puts(kind: TableKind, root: string, count: number, sync: boolean): AsyncContestant {
  return withTable(kind, root, sync, count, async (table) => {
    for (const number of shuffled(count)) await table.put(keyOf(number), valueOf(number));
  });
}

/**
 * Keys and values of a fill, one behind the other. To make them takes about as long as it takes to store them, so that is done before the clock runs, which
 * sees no more than that they are cut out of this.
 */
function packed(numbers: Iterable<number>, count: number): Buffer {
  const bytes = Buffer.alloc(count * ENTRY_BYTES);
  let at = 0;
  for (const number of numbers) {
    keyOf(number * 2).copy(bytes, at);
    valueOf(number).copy(bytes, at + KEY_BYTES);
    at += ENTRY_BYTES;
  }
  return bytes;
}

/** The entries of {@link packed}, by the thousand. */
function* thousandsOf<Entry>(
  bytes: Buffer,
  entryOf: (key: Buffer, value: Buffer) => Entry,
): Generator<Entry[], void, undefined> {
  for (let at = 0; at < bytes.length;) {
    const batch: Entry[] = [];
    for (; batch.length < 1000 && at < bytes.length; at += ENTRY_BYTES) {
      const middle = at + KEY_BYTES;
      batch.push(entryOf(bytes.subarray(at, middle), bytes.subarray(middle, at + ENTRY_BYTES)));
    }
    yield batch;
  }
}

async function fill(level: Bytes, bytes: Buffer): Promise<void> {
  const operationOf = (key: Buffer, value: Buffer) => ({ type: "put", key, value }) as const;
  for (const batch of thousandsOf(bytes, operationOf)) await level.batch(batch);
}

function fills(kind: TableKind, root: string, bytes: Buffer): AsyncContestant {
  return withTable(kind, root, false, bytes.length / ENTRY_BYTES, async (table) => {
    const pairOf = (key: Buffer, value: Buffer): [Buffer, Buffer] => [key, value];
    for (const batch of thousandsOf(bytes, pairOf)) await table.putMany(batch);
  });
}

function withTable(
  kind: TableKind,
  root: string,
  sync: boolean,
  operations: number,
  run: (table: SortedTable) => Promise<void>,
): AsyncContestant {
  return {
    name: kind.nameOf(sync),
    operations,
    async prepare() {
      const table = kind.open(root, sync);
      return { run: () => run(table), dispose: () => table.dispose() };
    },
  };
}
