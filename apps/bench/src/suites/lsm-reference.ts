import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openEngine, WriteBatch, type Engine } from "@holdfast/lsm-tree";
import type { Part } from "../suite.js";
import type { AsyncContestant } from "../workload.js";
import { ENTRY_BYTES, keyOf, shuffled, valueOf } from "./lsm-level-peers.js";
import { referenceRows } from "./reference-rows.js";

const BATCH = 1_000;
const READS = 10_000;
/** As in `reference/src/keys.rs`. */
const memory = { writeBufferBytes: 8 * 1024 * 1024, cacheBytes: 64 * 1024 * 1024 };

/** The database, as bytes, beside the tree of the Rust crate coordinode-lsm-tree, with LZ4 in both. */
export const lsmReferencePart: Part = {
  name: "lsm-reference",
  isReference: true,
  measure: (options) => {
    const count = options.quick ? 50_000 : options.full ? 1_000_000 : 200_000;
    return referenceRows(options, "coordinode-lsm-tree", [
      {
        workload: "keys-fill",
        says: "keys in random order in batches of 1,000, until all are in tables",
        note: "the reference has no log: it writes tables alone, and what is not in one is lost when the process ends",
        count,
        ours: (root) => fills(root, count),
      },
      {
        workload: "keys-get",
        says: "get of a key at random, its block in the cache",
        count,
        operations: READS,
        behind: "keys-fill",
        ours: (root) => gets(root, count),
      },
      {
        workload: "keys-scan",
        says: "all entries in order, copied",
        count,
        behind: "keys-fill",
        ours: (root) => scans(root, count),
      },
      {
        workload: "keys-open",
        says: `open with ${count} keys in tables`,
        count,
        operations: 1,
        behind: "keys-fill",
        ours: (root) => opens(root, count),
      },
    ]);
  },
};

function newPath(root: string): string {
  return mkdtempSync(join(root, "engine-"));
}

function open(path: string): Promise<Engine> {
  return openEngine({ directory: openDirectory(path), ...memory });
}

async function fill(engine: Engine, count: number): Promise<void> {
  let batch = new WriteBatch();
  let held = 0;
  for (const number of shuffled(count)) {
    batch.put(keyOf(number * 2), valueOf(number));
    held += 1;
    if (held % BATCH !== 0 && held !== count) continue;
    await engine.write(batch);
    batch = new WriteBatch();
  }
  await engine.flush();
  await engine.idle();
}

/** A database with so many keys, closed. */
async function filled(root: string, count: number): Promise<string> {
  const path = newPath(root);
  const engine = await open(path);
  await fill(engine, count);
  await engine.close();
  return path;
}

function fills(root: string, operations: number): AsyncContestant {
  return {
    name: "lsm-tree",
    operations,
    async prepare() {
      const path = newPath(root);
      const engine = await open(path);
      return {
        run: () => fill(engine, operations),
        async dispose() {
          await engine.close();
          rmSync(path, { recursive: true });
        },
      };
    },
  };
}

async function gets(root: string, count: number): Promise<AsyncContestant> {
  const path = await filled(root, count);
  const keys = [...shuffled(count)].slice(0, READS).map((number) => keyOf(number * 2));
  return reads(path, READS, (engine) => {
    for (const key of keys) if (engine.get(key)?.length !== 100) throw new Error("a key is not there");
  });
}

async function scans(root: string, count: number): Promise<AsyncContestant> {
  const path = await filled(root, count);
  return reads(path, count, (engine) => {
    using cursor = engine.cursor();
    let bytes = 0;
    for (cursor.start(); cursor.valid; cursor.next()) {
      bytes += cursor.keyBytes.slice(cursor.keyStart, cursor.keyEnd).length;
      bytes += cursor.valueBytes.slice(cursor.valueStart, cursor.valueEnd).length;
    }
    if (bytes !== count * ENTRY_BYTES) throw new Error(`${bytes} bytes`);
  });
}

/** Reads in a database that was opened just before; gets once untimed, so that blocks are in the cache. */
function reads(path: string, operations: number, read: (engine: Engine) => void): AsyncContestant {
  return {
    name: "lsm-tree",
    operations,
    async prepare() {
      const engine = await open(path);
      if (operations === READS) read(engine);
      return { run: () => read(engine), dispose: () => engine.close() };
    },
  };
}

async function opens(root: string, count: number): Promise<AsyncContestant> {
  const path = await filled(root, count);
  return {
    name: "lsm-tree",
    operations: 1,
    async prepare() {
      let engine: Engine | undefined;
      return {
        async run() {
          engine = await open(path);
        },
        async dispose() {
          if (engine?.get(keyOf(count * 2 - 2)) === undefined) throw new Error("the last key is not there");
          await engine.close();
        },
      };
    },
  };
}
