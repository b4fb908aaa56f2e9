import type { Row } from "../row.js";
import type { Part } from "../suite.js";
import { scatter, type AsyncContestant } from "../workload.js";
import { classic, compact, keyOf, load, memoryKind, newLevel, ours, shuffled, valueOf } from "./lsm-level-peers.js";
import type { Bytes, LevelKind } from "./lsm-level-peers.js";
import { levelRows } from "./lsm-level-rows.js";
import { sortedTables, type SortedTable, type TableKind } from "./lsm-level-tables.js";
import { inDirectory } from "./store-workloads.js";

/** What reads cost of a database that was filled in random order, compacted, and read before: no block comes from the disk. */
export const lsmLevelReadPart: Part = {
  name: "level-read",
  measure: ({ quick, full }) =>
    inDirectory(async (root) => {
      const count = quick ? 20_000 : full ? 1_000_000 : 200_000;
      const gets = quick ? 5_000 : 20_000;
      const rounds = quick ? 1 : 3;
      const size = count.toLocaleString("en");
      const mine = await filled(ours, root, count);
      const peer = await filled(classic, root, count);
      const freshMine = await fresh(ours, root, count);
      const freshPeer = await fresh(classic, root, count);
      const memory = memoryKind();
      const third = memory && (await filled(memory, root, count));
      const tables = sortedTables().map((kind) => filledTable(kind, root, count));
      const numbers = scatter(gets, count);
      const both = (operations: number, run: Run): { ours: AsyncContestant; classic: AsyncContestant } => ({
        ours: reads(mine, operations, run),
        classic: reads(peer, operations, run),
      });
      const inMemory = (operations: number, run: Run): AsyncContestant[] =>
        third === undefined ? [] : [reads(third, operations, run)];
      const inTables = (operations: number, run: (table: SortedTable) => void): AsyncContestant[] =>
        tables.map(({ name, table }) => turn(name, operations, () => run(table)));
      const getAll: Run = async (level) => {
        for (const number of numbers) expectThere(await level.get(keyOf(number * 2)));
      };
      const getAllSync: Run = (level) => {
        for (const number of numbers) expectThere(level.getSync(keyOf(number * 2)));
      };
      const getAbsent: Run = async (level) => {
        for (const number of numbers) expectAbsent(await level.get(keyOf(number * 2 + 1)));
      };
      const seeks = gets / 10;
      const seekAll: Run = async (level) => {
        const iterator = level.iterator();
        for (let at = 0; at < seeks; at += 1) {
          iterator.seek(keyOf((numbers[at] ?? 0) * 2));
          await iterator.nextv(100);
        }
        await iterator.close();
      };
      const rows: Row[] = [
        ...(await levelRows(
          { id: "level/get", workload: `get, random keys of ${size}, awaited one by one`, bar: 4, rounds },
          { ...both(gets, getAll), others: inMemory(gets, getAll) },
        )),
        ...(await levelRows(
          { id: "level/get-sync", workload: `getSync, random keys of ${size}`, bar: 1.1, rounds },
          {
            ...both(gets, getAllSync),
            others: [
              ...inMemory(gets, getAllSync),
              ...inTables(gets, (table) => {
                for (const number of numbers) expectThere(table.get(keyOf(number * 2)));
              }),
            ],
          },
        )),
        ...(await levelRows(
          {
            id: "level/get-missing",
            workload: `get of keys that are not there, beside ${size}, awaited one by one`,
            bar: 5,
            rounds,
          },
          both(gets, getAbsent),
        )),
        ...(await levelRows(
          { id: "level/nextv", workload: `all ${size} entries, nextv(1000)`, bar: 3, rounds },
          {
            ...both(count, (level) => scan(level, count, {})),
            others: [
              ...inMemory(count, (level) => scan(level, count, {})),
              ...inTables(count, (table) => expectCount(table.scan(false), count)),
            ],
          },
        )),
        ...(await levelRows(
          {
            id: "level/nextv-fresh",
            workload: `all ${size} entries of what was just written, nextv(1000)`,
            note: "as it was left by the writes: memtable, tables of level 0, and whatever was compacted by then; the other rows read one level of tables",
            bar: 3,
            rounds,
          },
          {
            ours: reads(freshMine, count, (level) => scan(level, count, {})),
            classic: reads(freshPeer, count, (level) => scan(level, count, {})),
          },
        )),
        ...(await levelRows(
          { id: "level/nextv-text", workload: `all ${size} entries as text, nextv(1000)`, bar: 3, rounds },
          both(count, (level) => scan(level, count, { keyEncoding: "utf8", valueEncoding: "utf8" })),
        )),
        ...(await levelRows(
          { id: "level/for-await", workload: `all ${size} entries, for await`, bar: 1.5, rounds },
          both(count, async (level) => {
            let seen = 0;
            for await (const [key] of level.iterator()) if (key.length === 16) seen += 1;
            if (seen !== count) throw new Error(`${seen} entries`);
          }),
        )),
        ...(await levelRows(
          { id: "level/reverse", workload: `all ${size} entries backward, nextv(1000)`, bar: 2.5, rounds },
          {
            ...both(count, (level) => scan(level, count, { reverse: true })),
            others: inTables(count, (table) => expectCount(table.scan(true), count)),
          },
        )),
        ...(await levelRows(
          { id: "level/seek", workload: `seek to a random key of ${size} and read 100 entries`, bar: 1.5, rounds },
          both(seeks, seekAll),
        )),
      ];
      for (const { dispose } of [mine, peer, freshMine, freshPeer, ...(third === undefined ? [] : [third])]) {
        await dispose();
      }
      for (const { table } of tables) await table.dispose();
      return rows;
    }),
};

type Run = (level: Bytes) => Promise<void> | void;

interface Filled {
  readonly name: string;
  readonly level: Bytes;
  readonly dispose: () => Promise<void>;
}

/** Filled, compacted and closed, then opened and read once. */
async function filled(kind: LevelKind, root: string, count: number): Promise<Filled> {
  const { level, dispose } = await newLevel(kind, root);
  await load(level, shuffled(count));
  await compact(level);
  if (kind.name !== "memory-level") {
    await level.close();
    await level.open();
  }
  await scan(level, count, { fillCache: true });
  return { name: kind.name, level, dispose };
}

/** Filled and left as it is, then read once. */
async function fresh(kind: LevelKind, root: string, count: number): Promise<Filled> {
  const { level, dispose } = await newLevel(kind, root);
  await load(level, shuffled(count));
  await scan(level, count, { fillCache: true });
  return { name: kind.name, level, dispose };
}

function filledTable(
  kind: TableKind,
  root: string,
  count: number,
): { readonly name: string; readonly table: SortedTable } {
  const table = kind.open(root, false);
  const entries = Array.from(shuffled(count), (number) => [keyOf(number * 2), valueOf(number)] as const);
  void table.putMany(entries); // neither waits
  return { name: kind.nameOf(false), table };
}

function reads({ name, level }: Filled, operations: number, run: Run): AsyncContestant {
  return turn(name, operations, () => run(level));
}

function turn(name: string, operations: number, run: () => Promise<void> | void): AsyncContestant {
  return { name, operations, prepare: async () => ({ run }) };
}

async function scan(level: Bytes, count: number, options: object): Promise<void> {
  const iterator = level.iterator(options);
  let seen = 0;
  for (let more = await iterator.nextv(1000); more.length > 0; more = await iterator.nextv(1000)) seen += more.length;
  await iterator.close();
  if (seen !== count) throw new Error(`${seen} entries`);
}

function expectThere(value: Uint8Array | undefined): void {
  if (value?.length !== 100) throw new Error("lost");
}

function expectAbsent(value: Uint8Array | undefined): void {
  if (value !== undefined) throw new Error("found");
}

function expectCount(entries: Iterable<unknown>, count: number): void {
  let seen = 0;
  for (const entry of entries) if (entry !== undefined) seen += 1;
  if (seen !== count) throw new Error(`${seen} entries`);
}
