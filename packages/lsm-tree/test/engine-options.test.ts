// S15: an option that does nothing is a defect. Each of them changes what can be seen of a database.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import { engineOptionKeys, type EngineOptions } from "../src/engine-options.js";
import { asLsmError } from "../src/log-failure.js";
import { LsmLevel } from "../src/lsm-level.js";
import { readManifest } from "../src/manifest-log.js";
import { bytes, contentOf, small } from "./engine-law.js";

type Options = Omit<EngineOptions, "directory" | "readOnly">;

const base: Options = { ...small, writeBufferBytes: 100_000, manifestBytes: 100_000, blockBytes: 200, tableBytes: 800 };

interface Seen {
  readonly tables: number;
  readonly tableBytes: number;
  readonly files: string;
  readonly reads: number;
  readonly openFiles: number;
  readonly manifestBytes: number;
  readonly createdMs: readonly number[];
}

/** Writes the same under these options, and tells what can be seen of it. */
async function run(options: Options): Promise<Seen> {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const directory = new Directory(fs);
  const engine = await openEngine({ ...base, ...options, directory });
  for (let at = 0; at < 60; at++) {
    await engine.put(bytes(`key ${at}`), bytes(`${at % 7}`.repeat(60)));
    if (at % 20 === 19) await engine.flush();
  }
  await engine.compactRange(bytes("key 1"), bytes("key 3"));
  for (let at = 0; at < 20; at++) {
    await engine.put(bytes(`key ${at}`), bytes("later"));
    if (at % 5 === 0) await engine.flush();
  }
  await engine.flush();
  await engine.idle();
  const counted = fs.plan.arm("read:*.sst n1000000 EIO");
  for (let round = 0; round < 3; round++) expect(contentOf(engine)).toHaveLength(60);
  for (let at = 0; at < 60; at++) engine.get(bytes(`key ${at}`));
  const openFiles = fs.openHandles.filter(({ path }) => path.endsWith(".sst")).length;
  await engine.close();
  const tables = [...(readManifest(directory.directory("manifest"))?.version.tables() ?? [])];
  const manifest = directory.list("manifest").filter(({ name }) => name.endsWith(".seg"));
  const hexOf = (name: string): string => Buffer.from(directory.readFile(`tables/${name}`)).toString("hex");
  return {
    tables: tables.length,
    tableBytes: tables.reduce((sum, table) => sum + table.bytes, 0),
    files: directory
      .list("tables")
      .map(({ name }) => hexOf(name))
      .join(),
    reads: counted.seen,
    openFiles,
    manifestBytes: manifest.reduce((sum, { name }) => sum + directory.stat(`manifest/${name}`).size, 0),
    createdMs: tables.map(({ createdMs }) => createdMs),
  };
}

/** What is different under other options. */
const seen: Readonly<
  Record<string, { readonly options: Options; readonly holds: (one: Seen, other: Seen) => boolean }>
> = {
  writeBufferBytes: { options: { writeBufferBytes: 300 }, holds: (one, other) => other.files !== one.files },
  manifestBytes: { options: { manifestBytes: 300 }, holds: (one, other) => other.manifestBytes < one.manifestBytes },
  blockBytes: { options: { blockBytes: 1000 }, holds: (one, other) => other.files !== one.files },
  tableBytes: { options: { tableBytes: 100_000 }, holds: (one, other) => other.tables < one.tables },
  cacheBytes: { options: { cacheBytes: 1_000_000 }, holds: (one, other) => other.reads < one.reads },
  maxOpenTables: { options: { maxOpenTables: 1 }, holds: (one, other) => other.openFiles < one.openFiles },
  filterBitsPerKey: { options: { filterBitsPerKey: 0 }, holds: (one, other) => other.tableBytes < one.tableBytes },
  codec: { options: { codec: null }, holds: (one, other) => other.tableBytes > one.tableBytes },
  random: { options: { random: (target) => target.fill(8) }, holds: (one, other) => other.files !== one.files },
  clock: {
    options: { clock: () => 1234 },
    holds: (one, other) => one.createdMs.every((ms) => ms === 0) && other.createdMs.every((ms) => ms === 1234),
  },
};

test.each(Object.entries(seen))("S15: %s does what it says", async (_, { options, holds }) => {
  const [one, other] = [await run({}), await run(options)];
  expect(one.tables).toBeGreaterThan(2);
  expect(holds(one, other)).toBe(true);
});

test("S15: now, turn and schedule are asked", async () => {
  const asked = new Set<string>();
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({
    ...{ ...base, directory, writeBufferBytes: 1, tableBytes: 1000 },
    now: () => (asked.add("now"), asked.size),
    turn: () => {
      asked.add("turn");
      return Promise.resolve();
    },
    schedule: (action) => {
      asked.add("schedule");
      queueMicrotask(action);
      return () => {};
    },
  });
  for (let round = 0; round < 40; round++) {
    const writes = Array.from({ length: 10 }, (_, at) => engine.put(bytes(`key ${at}`), bytes(`${round}`.repeat(100))));
    await Promise.all(writes);
    void engine.flush();
  }
  await engine.idle();
  await engine.close();
  expect([...asked].toSorted()).toEqual(["now", "schedule", "turn"]);
});

test.each([1, 1023, 1025, 4099, 2 ** 30 - 1])("a manifest of %s bytes is as good as any", async (manifestBytes) => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...base, directory, manifestBytes });
  await engine.put(bytes("a"), bytes("1"));
  await engine.close();
  const level = new LsmLevel({ directory, manifestBytes });
  expect(await level.get("a")).toBe("1");
  await level.close();
});

test("what no log takes as an option is a mistake of its caller, not of the disk", () => {
  const cause = new WalError("WAL_INVALID_OPTION", "option segmentBytes must be whole", { option: "segmentBytes" });
  const told = asLsmError(cause) as RangeError;
  expect(told).toBeInstanceOf(RangeError);
  expect([told.message, told.cause]).toEqual(["option segmentBytes must be whole", cause]);
});

test("S15: no option is left out of the tests of options", () => {
  const elsewhere = [
    ...["createIfMissing", "errorIfExists", "readOnly"], // engine.test.ts
    ...["orphans"], // engine-recovery.test.ts
    ...["mode", "paranoidOpen", "codecs"], // engine-damage.fault.test.ts
    ...["observer"], // engine-stats.test.ts
    ...["now", "turn", "schedule", "directory"],
  ];
  expect([...Object.keys(seen), ...elsewhere].toSorted()).toEqual([...engineOptionKeys].toSorted());
});
