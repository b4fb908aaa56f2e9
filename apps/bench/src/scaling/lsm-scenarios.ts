import { openEngine, WriteBatch, type Engine, type EngineOptions } from "@holdfast/lsm-tree";
import { keyOf, shuffled, valueOf } from "../suites/lsm-level-peers.js";
import type { Disk } from "./disk.js";
import type { Scenario, Work } from "./scenario.js";
import { waitTogether } from "./waiters.js";

const PUTS = 100;
const ROUNDS = 10;
const READS = 500;
const BATCH = 100;
/** Puts that no barrier covers when the process is killed, where the size is that of the rest. */
const TAIL = 100;

export type LsmSettings = Omit<EngineOptions, "directory" | "readOnly">;

/** What a database of plain bytes costs, as it grows. Keys have 16 and values 100 bytes. */
export function lsmScenarios(settings: LsmSettings): Scenario[] {
  const open = (disk: Disk): Promise<Engine> => openEngine({ directory: disk.directory, ...settings });
  /** With everything in tables, and all work behind that done. */
  const filled = async (disk: Disk, size: number): Promise<Engine> => {
    const engine = await open(disk);
    await fill(engine, size);
    await engine.flush();
    await engine.idle();
    return engine;
  };
  const opening = (disk: Disk, last: number): Work => {
    let engine: Engine | undefined;
    return {
      operations: 1,
      disk,
      async run() {
        engine = await open(disk);
      },
      async dispose() {
        if (engine?.get(keyOf(last * 2)) === undefined) throw new Error(`key ${last} is not there`);
        await engine.close();
      },
    };
  };
  const putting = async (
    disk: Disk,
    size: number,
    put: (engine: Engine, index: number) => Promise<void>,
  ): Promise<Work> => {
    const engine = await filled(disk, size);
    return {
      operations: PUTS,
      async run() {
        for (let index = 0; index < PUTS; index += 1) await put(engine, index);
      },
      dispose: () => engine.close(),
    };
  };
  return [
    {
      id: "lsm/put",
      workload: "put of 116 B, each awaited, with the system",
      of: "records",
      prepare: (disk, size) => putting(disk, size, (engine, index) => engine.put(keyOf(index * 2), valueOf(index))),
    },
    {
      id: "lsm/load",
      workload: "keys in random order in batches of 100 until all work behind them is done, for one of them",
      of: "records",
      async prepare(disk, size) {
        const engine = await open(disk);
        return { operations: size, run: () => fill(engine, size), dispose: () => engine.close() };
      },
    },
    {
      id: "lsm/durable",
      workload: "durable put of 116 B, each awaited",
      of: "records",
      prepare: (disk, size) => putting(disk, size, putDurable),
    },
    {
      id: "lsm/waiters",
      workload: "durable put of 116 B by so many who each await theirs",
      of: "waiters",
      async prepare(disk, size) {
        const engine = await open(disk);
        await putDurable(engine, 0);
        let index = 0;
        return {
          operations: size * ROUNDS,
          run: () => waitTogether(size, ROUNDS, () => putDurable(engine, (index += 1))),
          dispose: () => engine.close(),
        };
      },
    },
    {
      id: "lsm/open",
      workload: "open of a database that was closed",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        return opening(disk, size - 1);
      },
    },
    {
      id: "lsm/get",
      workload: "get of a key at random, its table open and its block not in the cache",
      of: "records",
      async prepare(disk, size) {
        const engine = await filled(disk, size);
        const numbers = [...shuffled(size)].slice(0, READS);
        for (const number of numbers) engine.get(keyOf(number * 2), { fillCache: false });
        return {
          operations: numbers.length,
          run() {
            for (const number of numbers) {
              const value = engine.get(keyOf(number * 2), { fillCache: false });
              if (value === undefined) throw new Error(`key ${number} is not there`);
            }
          },
          dispose: () => engine.close(),
        };
      },
    },
    {
      id: "lsm/scan",
      workload: "all entries in order, for one of them",
      of: "records",
      async prepare(disk, size) {
        const engine = await filled(disk, size);
        return {
          operations: size,
          run() {
            using cursor = engine.cursor({ fillCache: false });
            let seen = 0;
            for (cursor.start(); cursor.valid; cursor.next()) seen += 1;
            if (seen !== size) throw new Error(`read ${seen} entries of ${size}`);
          },
          dispose: () => engine.close(),
        };
      },
    },
    {
      id: "lsm/recovery",
      workload: `open behind a kill, ${TAIL} puts in the log alone behind all that are in tables`,
      of: "records",
      async prepare(disk, size) {
        const engine = await filled(disk, size);
        for (let index = 0; index < TAIL; index += 1) await engine.put(keyOf((size + index) * 2), valueOf(index));
        const left = disk.killed();
        await engine.close();
        return opening(left, size + TAIL - 1);
      },
    },
    {
      id: "lsm/recovery-tail",
      workload: "open behind a kill, all puts in the log alone as far as they fit the write buffer",
      of: "records",
      async prepare(disk, size) {
        const engine = await open(disk);
        await write(engine, size);
        const left = disk.killed();
        await engine.close();
        return opening(left, size - 1);
      },
    },
  ];
}

async function putDurable(engine: Engine, index: number): Promise<void> {
  await engine.put(keyOf(index * 2), valueOf(index), { rung: "data" });
}

async function fill(engine: Engine, size: number): Promise<void> {
  await write(engine, size);
  await engine.idle();
}

async function write(engine: Engine, size: number): Promise<void> {
  let batch = new WriteBatch();
  let held = 0;
  for (const number of shuffled(size)) {
    batch.put(keyOf(number * 2), valueOf(number));
    held += 1;
    if (held % BATCH !== 0 && held !== size) continue;
    await engine.write(batch);
    batch = new WriteBatch();
  }
}
