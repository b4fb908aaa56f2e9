// Verification of all tables of a version: what is sound is called sound, and everything else is named.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { S3FifoCache } from "../src/block-cache.js";
import { verifyVersion } from "../src/engine-verification.js";
import type { TableMeta } from "../src/format-entry.js";
import { LsmError } from "../src/index.js";
import { Version } from "../src/format-entry.js";
import { bytesOf, forward, hexOf, type Entry } from "./support/entries.js";
import { layOut, layouts } from "./support/layout.js";
import { tableFiles, writeTable } from "./support/table-directory.js";

/** Pauses after each step, and counts. */
function everyStep(): { spend: () => boolean; pause: () => Promise<void>; steps: number } {
  const slices = {
    steps: 0,
    spend: (): boolean => true,
    async pause(): Promise<void> {
      slices.steps += 1;
    },
  };
  return slices;
}

const entriesOf = (prefix: string, base: number): Entry[] =>
  Array.from({ length: 30 }, (_, at) => ({
    key: bytesOf(`${prefix}${String(at).padStart(2, "0")}`),
    seqno: base + at,
    value: at % 7 === 3 ? undefined : bytesOf(`value ${at} `.repeat(4)),
  }));

const versionOf = (metas: readonly TableMeta[]): Version =>
  Version.empty(4).apply(metas.map((table) => ({ kind: "addTable", table })));

test("law 35: what flushes and compactions leave is sound, and its totals are those of its entries", async () => {
  await fc.assert(
    fc.asyncProperty(layouts, async (layout) => {
      using files = tableFiles({ blockBytes: 60, maxOpenTables: 1 });
      const { version, metas } = await layOut(layout, files);
      const report = await verifyVersion(version, files, everyStep());
      expect(report.problems).toEqual([]);
      const all = metas.flatMap((meta) => forward(files.reader(meta).cursor()));
      expect(report).toMatchObject({
        ...{ tableCount: metas.length, entryCount: all.length },
        deleteCount: all.filter(({ value }) => value === undefined).length,
        bytes: files.list().tables.reduce((sum, { bytes }) => sum + bytes, 0),
      });
    }),
    { numRuns: 30 },
  );
});

test("law 35: an older version above a newer one is told with table and key", async () => {
  using files = tableFiles({ blockBytes: 60 });
  const metas = [
    await writeTable(files, 1, [{ key: bytesOf("a"), seqno: 7, value: bytesOf("x") }], 1),
    await writeTable(files, 2, [{ key: bytesOf("k"), seqno: 5, value: bytesOf("older") }], 1),
    await writeTable(files, 3, [...entriesOf("j", 100), { key: bytesOf("k"), seqno: 9, value: bytesOf("newer") }], 2),
  ];
  const { problems } = await verifyVersion(versionOf(metas), files, everyStep());
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({
    code: "LSM_CORRUPT",
    context: {
      file: "2.sst",
      tableNumber: 2,
      field: "level",
      keysFrom: hexOf(bytesOf("k")),
      keysUpTo: hexOf(bytesOf("k")),
    },
  });
});

test("each unsound table is named, whatever of it is wrong, and the others are gone through", async () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  using files = tableFiles({ fs, blockBytes: 100, cache: new S3FifoCache({ maxBytes: 1_000_000 }) });
  const metas: TableMeta[] = [];
  for (const [at, prefix] of ["a", "b", "c", "d", "e"].entries()) {
    metas.push(await writeTable(files, at + 1, entriesOf(prefix, 1), 1));
  }
  // A block that the cache has is read from the file all the same.
  expect(forward(files.reader(metas[1]!).cursor())).toHaveLength(30);
  const damage = (file: string, offset: number): void => {
    const bytes = directory.readFile(file);
    bytes[offset] = bytes[offset]! ^ 4;
    const handle = directory.open(file, { mode: "write" });
    handle.writeAt(bytes, 0);
    handle.close();
  };
  damage("2.sst", 120);
  damage("3.sst", files.reader(metas[2]!).file.filter!.offset + 40);
  directory.remove("4.sst");
  const { problems, tableCount } = await verifyVersion(versionOf(metas), files, everyStep());
  expect(tableCount).toBe(5);
  expect(problems.map(({ code, context }) => [code, context.file])).toEqual([
    ["LSM_CORRUPT", "2.sst"],
    ["LSM_CORRUPT", "3.sst"],
    ["LSM_MISSING_TABLE", "4.sst"],
  ]);
});

test.each([
  ["entryCount", { entryCount: 31 }],
  ["deleteCount", { deleteCount: 5 }],
  ["minSeqno", { minSeqno: 2 }],
  ["maxSeqno", { maxSeqno: 31 }],
  ["smallest", { smallest: bytesOf("") }],
  ["largest", { largest: bytesOf("zz") }],
])("a manifest that says another %s than the table has is told", async (field, wrong) => {
  using files = tableFiles();
  const meta = await writeTable(files, 1, entriesOf("a", 1), 1);
  const { problems } = await verifyVersion(versionOf([{ ...meta, ...wrong }]), files, everyStep());
  expect(problems.map(({ code, context }) => [code, context.file, context.field])).toEqual([
    ["LSM_CORRUPT", "1.sst", field],
  ]);
});

test("it goes in steps of a block, and what a pause throws ends it, with no file left open for it", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 100 });
  const meta = await writeTable(files, 1, entriesOf("a", 1), 1);
  const slices = everyStep();
  await verifyVersion(versionOf([meta]), files, slices);
  const { blockCount } = files.reader(meta).index;
  expect(blockCount).toBeGreaterThan(10);
  // Blocks, filter, index, properties, trailer, and the filter when it is loaded; then every entry once more.
  expect(slices.steps).toBe(blockCount + 5 + 30);
  for (const failing of [1, blockCount, blockCount + 20]) {
    let left = failing;
    const aborted = new LsmError("LSM_ABORTED", "stopped");
    const pause = async (): Promise<void> => {
      if (--left === 0) throw aborted;
    };
    await expect(verifyVersion(versionOf([meta]), files, { spend: () => true, pause })).rejects.toBe(aborted);
    files.remove(2);
  }
  files.close();
  expect(fs.openHandles).toEqual([]);
});
