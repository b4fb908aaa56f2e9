import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import type { EntryView } from "@holdfast/lsm-tree";
import {
  BlockCursor,
  LevelCursor,
  Memtable,
  ReadView,
  S3FifoCache,
  TableFiles,
  Version,
  type TableMeta,
} from "@holdfast/lsm-tree/format";
import { compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";
import { entriesOf, hashKeyOfBench, hashOf, keyOf } from "./lsm-tree-entries.js";

/** Reading through files of the system's temporary directory, which are in its page cache. */
export const lsmFilesPart: Part = {
  name: "files",
  async measure({ quick }): Promise<Row[]> {
    const root = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
    try {
      return [...cacheRows(quick), ...(await fileRows(root, quick))];
    } finally {
      rmSync(root, { recursive: true });
    }
  },
};

/** A hit against one of a `Map` that evicts nothing. */
function cacheRows(quick: boolean): Row[] {
  const blocks = 4096;
  const cache = new S3FifoCache({ maxBytes: 64 * 1024 * 1024 });
  const map = new Map<number, Uint8Array>();
  for (let block = 0; block < blocks; block++) {
    const bytes = new Uint8Array(4096);
    cache.put(1 + (block >>> 10), block & 1023, bytes);
    map.set(block, bytes);
  }
  const asked = scatter(100_000, blocks);
  const [ours, peer] = interleave(
    [
      once("S3-FIFO", asked.length, () => {
        for (const block of asked) {
          if (cache.get(1 + (block >>> 10), block & 1023) === undefined) throw new Error("lost");
        }
      }),
      once("Map", asked.length, () => {
        for (const block of asked) if (map.get(block) === undefined) throw new Error("lost");
      }),
    ],
    { rounds: quick ? 3 : 9 },
  );
  return [compare({ id: "files/cache-hit", workload: "find a block in the cache" }, ours!, peer!, { of: "time" })];
}

async function fileRows(root: string, quick: boolean): Promise<Row[]> {
  const count = quick ? 40_000 : 200_000;
  const rounds = { rounds: quick ? 3 : 7 };
  const entries = entriesOf(count);
  const open = (name: string, cache?: S3FifoCache): TableFiles =>
    new TableFiles({
      ...{ directory: openDirectory(join(root, name), { create: true }), databaseId: new Uint8Array(16).fill(1) },
      ...{ hashKey: hashKeyOfBench, nonce: () => 1, ...(cache === undefined ? {} : { cache }) },
    });
  const cached = open("get", new S3FifoCache({ maxBytes: 256 * 1024 * 1024 }));
  const bare = open("scan");
  // Every key is in one of three tables of level 0 and two levels, so that a get looks into three of them in the mean.
  const metas: TableMeta[] = [];
  for (let at = 0; at < 5; at++) metas.push(await write(cached, at + 1, part(entries, at), at < 3 ? 0 : at - 2));
  const version = Version.empty(4).apply(metas.map((table) => ({ kind: "addTable", table })));
  const memtables = [new Memtable({ hashKey: hashKeyOfBench })];
  const view = new ReadView({ memtables, version, tables: cached, hashKey: hashKeyOfBench });
  const keys = Array.from(scatter(50_000, count), (index) => keyOf(index * 2));
  const readers = metas.map((meta) => cached.reader(meta));
  const [get, alone] = interleave(
    [
      once("view", keys.length, () => {
        for (const key of keys) if (view.find(key, count) === undefined) throw new Error("lost");
      }),
      once("readers", keys.length, () => {
        for (const key of keys) {
          const hash = hashOf(key);
          if (!readers.some((reader) => reader.find(key, hash, count) !== undefined)) throw new Error("lost");
        }
      }),
    ],
    rounds,
  );
  const hundreds = Array.from({ length: keys.length / 100 }, (_, at) => keys.slice(at * 100, at * 100 + 100));
  const [many, each] = interleave(
    [
      once("getMany", keys.length, () =>
        hundreds.reduce((sum, hundred) => sum + view.getMany(hundred, count).length, 0),
      ),
      once("one by one", keys.length, () =>
        hundreds.reduce((sum, hundred) => sum + hundred.map((key) => valueOf(view.find(key, count))).length, 0),
      ),
    ],
    rounds,
  );
  const table = await write(bare, 1, entries, 1);
  const ahead = new LevelCursor(bare, [table], false);
  const reader = bare.reader(table);
  const single = new BlockCursor();
  const [scan, blocks] = interleave(
    [
      once("ahead", count, () => {
        for (ahead.first(); ahead.valid; ahead.next());
      }),
      once("block by block", count, () => {
        for (let block = 0; block < reader.index.blockCount; block++) {
          single.load(reader.block(block, false));
          for (single.first(); single.valid; single.next());
        }
      }),
    ],
    rounds,
  );
  ahead.close();
  for (const files of [cached, bare]) files.close();
  return [
    compare(
      {
        id: "files/get",
        workload: "get through five tables, blocks cached",
        note: "against the same tables asked one after another",
      },
      ...[get!, alone!],
      { of: "time" },
    ),
    compare({ id: "files/get-many", workload: "getMany of 100 keys, blocks cached" }, many!, each!, { of: "time" }),
    compare(
      { id: "files/scan", workload: "scan a table of files, nothing cached", note: "against reading block by block" },
      ...[scan!, blocks!],
      { of: "speed" },
    ),
  ];
}

/** A fifth of the entries, spread over all keys; the seqnos of the parts do not overlap. */
function part(entries: readonly EntryView[], at: number): EntryView[] {
  const mine = entries.filter((_, index) => index % 5 === at);
  return mine.map((entry, index) => ({ ...entry, seqno: (4 - at) * mine.length + index + 1 }));
}

async function write(
  files: TableFiles,
  tableNumber: number,
  entries: readonly EntryView[],
  level: number,
): Promise<TableMeta> {
  const table = files.create(tableNumber, { level });
  for (const entry of entries) table.builder.add(entry);
  return table.finish();
}

function valueOf(found: EntryView | undefined): Uint8Array | undefined {
  return found?.valueBytes.slice(found.valueStart, found.valueEnd);
}

function once(name: string, operations: number, run: () => unknown): Contestant {
  return { name, operations, prepare: () => ({ run: () => void run() }) };
}
