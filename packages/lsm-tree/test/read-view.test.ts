// Where a view looks, what it leaves alone, and what damage in one place does to the rest.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import type { TableMeta } from "../src/format-entry.js";
import { S3FifoCache } from "../src/block-cache.js";
import { Version } from "../src/format-entry.js";
import { ReadView } from "../src/read-view.js";
import type { TableFiles } from "../src/table-files.js";
import type { ViewCursor } from "../src/view-cursor.js";
import { bytesOf, entryOf, hexOf, type Entry } from "./support/entries.js";
import { memtableOf } from "./support/layout.js";
import { tableFiles, writeTable } from "./support/table-directory.js";
import { hashKeyOfTests } from "./support/tables.js";

const count = 60;
const keyAt = (at: number): Uint8Array => bytesOf(`key ${String(at).padStart(3, "0")}`);
/** Every key once, with seqnos from `base` on. */
const generation = (base: number, from = 0, to = count): Entry[] =>
  Array.from({ length: to - from }, (_, at) => ({
    key: keyAt(from + at),
    seqno: base + at,
    value: bytesOf(`${base} value ${at} `.repeat(5)),
  }));

function viewOver(files: TableFiles, metas: readonly TableMeta[], memtables: readonly Entry[][] = []): ReadView {
  const version = Version.empty(4).apply(metas.map((table) => ({ kind: "addTable", table })));
  return new ReadView({ memtables: memtables.map(memtableOf), version, tables: files, hashKey: hashKeyOfTests });
}

function rest(cursor: ViewCursor): Entry[] {
  const found: Entry[] = [];
  for (; cursor.valid; cursor.next()) found.push(entryOf(cursor));
  return found;
}

test("newer places hide older ones, and a delete ends the search", async () => {
  using files = tableFiles();
  const old = generation(1);
  const metas = [
    await writeTable(files, 1, old, 2),
    await writeTable(files, 2, [{ key: keyAt(3), seqno: 100, value: bytesOf("level 1") }], 1),
    await writeTable(files, 3, [{ key: keyAt(3), seqno: 200, value: bytesOf("level 0") }], 0),
    await writeTable(files, 4, [{ key: keyAt(3), seqno: 300, value: undefined }], 0),
  ];
  const view = viewOver(files, metas, [
    [{ key: keyAt(3), seqno: 500, value: bytesOf("active") }],
    [{ key: keyAt(3), seqno: 400, value: bytesOf("sealed") }],
  ]);
  const textAt = (seqno: number): string | undefined => {
    const [value] = view.getMany([keyAt(3)], seqno);
    return value && new TextDecoder().decode(value);
  };
  expect([500, 499, 399, 299, 199].map(textAt)).toEqual(["active", "sealed", undefined, "level 0", "level 1"]);
  expect(view.find(keyAt(3), 350)).toMatchObject({ kind: 2, seqno: 300 });
  expect(entryOf(view.find(keyAt(3), 99)!)).toEqual(old[3]);
  expect(view.find(keyAt(3), 3)).toBeUndefined();
});

test("a get opens no table outside whose keys it lies, none newer than its seqno, and none behind the one that has the key", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs });
  const view = viewOver(files, [
    await writeTable(files, 1, generation(1, 0, 30), 2),
    await writeTable(files, 2, generation(100, 10, 20), 1),
    await writeTable(files, 3, generation(200, 25, 30), 1),
    await writeTable(files, 4, generation(300, 10, 20), 0),
    await writeTable(files, 5, generation(400, 12, 30), 0),
  ]);
  const openedBy = (at: number, seqno: number): string[] => {
    files.remove(9); // of nobody
    const before = new Set(fs.openHandles.map(({ path }) => path));
    view.find(keyAt(at), seqno);
    return fs.openHandles.map(({ path }) => path).filter((path) => !before.has(path));
  };
  expect(openedBy(50, 999)).toEqual([]);
  expect(openedBy(22, 99)).toEqual(["/1.sst"]);
  expect(openedBy(27, 250)).toEqual(["/3.sst"]);
  expect(openedBy(15, 999)).toEqual(["/5.sst"]);
  expect(openedBy(11, 999)).toEqual(["/4.sst"]);
});

test("getMany gives what gets give, and reads each block once though nothing is cached", async () => {
  using files = tableFiles({ blockBytes: 100, filterBitsPerKey: 0 });
  const meta = await writeTable(files, 1, generation(1), 1);
  const view = viewOver(files, [meta]);
  const blocks = files.reader(meta).index.blockCount;
  expect(blocks).toBeGreaterThan(20);
  const shuffled = Array.from({ length: 4 * count }, (_, at) => keyAt((at * 37) % count));
  const before = files.readCount;
  const values = view.getMany([...shuffled, bytesOf("none")], 999);
  // The first four reads are what tells it that keys are not in memory.
  expect(files.readCount - before).toBeLessThanOrEqual(blocks + 4);
  expect(values.pop()).toBeUndefined();
  expect(values.map((value) => hexOf(value!))).toEqual(
    shuffled.map((_, at) => hexOf(generation(1)[(at * 37) % count]!.value!)),
  );
  expect(values[0]).not.toBe(values[count]);
  expect(view.getMany([], 999)).toEqual([]);
});

test("law 63: values of getMany are the caller's, from memtables and from cached blocks", async () => {
  using files = tableFiles({ cache: new S3FifoCache({ maxBytes: 1_000_000 }) });
  const view = viewOver(
    files,
    [await writeTable(files, 1, generation(1), 1)],
    [[{ key: bytesOf("m"), seqno: 99, value: bytesOf("in memory") }]],
  );
  const asked = [keyAt(1), bytesOf("m")];
  const before = view.getMany(asked, 999).map((value) => hexOf(value!));
  for (const value of view.getMany(asked, 999)) value!.fill(0);
  expect(view.getMany(asked, 999).map((value) => hexOf(value!))).toEqual(before);
});

test("a missing and a damaged table are told by file and keys, and hide nothing that lies elsewhere", async () => {
  const fs = new MemoryFs();
  using files = tableFiles({ fs, blockBytes: 100 });
  const metas = [
    await writeTable(files, 1, generation(1, 0, 20), 1),
    await writeTable(files, 2, generation(1, 20, 40), 1),
    await writeTable(files, 3, generation(1, 40, 60), 1),
    await writeTable(files, 4, [{ key: keyAt(25), seqno: 99, value: bytesOf("newer") }], 0),
  ];
  const directory = new Directory(fs);
  directory.remove("2.sst");
  const bytes = directory.readFile("3.sst");
  bytes[70] = bytes[70]! ^ 1;
  directory.writeFile("3.sst", bytes);
  const view = viewOver(files, metas);
  const codes = Array.from({ length: count }, (_, at) => {
    try {
      return view.find(keyAt(at), 999) === undefined ? "none" : "found";
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  const damaged = codes.findLastIndex((code) => code === "LSM_CORRUPT") + 1;
  expect(damaged).toBeLessThan(count);
  expect(codes.slice(40, damaged)).toEqual(Array.from({ length: damaged - 40 }, () => "LSM_CORRUPT"));
  expect(codes.filter((code) => code === "LSM_MISSING_TABLE")).toHaveLength(19);
  expect(codes.filter((code) => code === "found")).toHaveLength(20 + 1 + count - damaged);
  expect(() => view.find(keyAt(30), 999)).toThrow(
    expect.objectContaining({
      context: { file: "2.sst", tableNumber: 2, keysFrom: hexOf(keyAt(20)), keysUpTo: hexOf(keyAt(39)) },
    }),
  );
  using cursor = view.cursor(999);
  expect(() => {
    cursor.start();
    rest(cursor);
  }).toThrow(expect.objectContaining({ code: "LSM_MISSING_TABLE" }));
  cursor.seek(keyAt(damaged));
  expect(rest(cursor)).toEqual(generation(1, 40, 60).slice(damaged - 40));
});

test("law 23: a view shows the same whatever is written, flushed and removed meanwhile", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 100, maxOpenTables: 1 });
  const metas = [
    await writeTable(files, 1, generation(1, 0, 30), 1),
    await writeTable(files, 2, generation(1, 30, 60), 1),
  ];
  const memtable = memtableOf([{ key: keyAt(7), seqno: 100, value: bytesOf("newer") }]);
  const version = Version.empty(2).apply(metas.map((table) => ({ kind: "addTable", table })));
  const view = new ReadView({ memtables: [memtable], version, tables: files, hashKey: hashKeyOfTests });
  const scan = (seqno: number): Entry[] => {
    using cursor = view.cursor(seqno);
    cursor.start();
    return rest(cursor);
  };
  const expected = scan(100);
  expect(expected).toHaveLength(count);
  using cursor = view.cursor(100);
  cursor.start();
  for (let at = 0; at < count; at++) memtable.delete(keyAt(at), 101 + at);
  await writeTable(files, 3, generation(400), 0);
  version.apply([{ kind: "deleteTable", level: 1, tableNumber: 1 }]);
  expect(rest(cursor)).toEqual(expected);
  expect(scan(100)).toEqual(expected);
  expect(scan(999)).toEqual([]);
});

test("law 28: a cursor keeps open what it stands in, and closing it lets go of all", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 100 });
  const metas = [await writeTable(files, 1, generation(1), 1), await writeTable(files, 2, generation(100), 0)];
  const view = viewOver(files, metas);
  let closed = 0;
  const cursor = view.cursor(999, { reverse: true }, () => void (closed += 1));
  cursor.start();
  for (const { tableNumber } of metas) files.remove(tableNumber);
  expect(fs.openHandles).toHaveLength(2);
  expect(rest(cursor)).toEqual(generation(100).toReversed());
  cursor.start();
  expect(cursor.valid).toBe(true);
  cursor.close();
  cursor.close();
  expect([cursor.valid, closed, fs.openHandles.length]).toEqual([false, 1, 0]);
  for (const move of [() => cursor.start(), () => cursor.next(), () => cursor.seek(keyAt(1))]) {
    expect(move).toThrow(expect.objectContaining({ code: "LSM_CLOSED" }));
  }
});

test("a cursor opens no table outside its bounds, and none whose entries are all too new", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs });
  const view = viewOver(files, [
    await writeTable(files, 1, generation(1, 0, 20), 1),
    await writeTable(files, 2, generation(1, 20, 40), 1),
    await writeTable(files, 3, generation(1, 40, 60), 1),
    await writeTable(files, 4, generation(100), 0),
  ]);
  for (const range of [
    { gte: keyAt(25), lte: keyAt(34) },
    { gt: keyAt(24), lt: keyAt(35) },
  ]) {
    using cursor = view.cursor(99, range);
    cursor.start();
    expect(rest(cursor)).toEqual(generation(1, 20, 40).slice(5, 15));
    expect(fs.openHandles.map(({ path }) => path)).toEqual(["/2.sst"]);
  }
});
