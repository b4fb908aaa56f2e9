// Files of tables: what is created, kept open, removed, and what is said when one is not what the manifest says.
import { Directory, FsError } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test, vi } from "vitest";
import type { TableMeta } from "../src/format-entry.js";
import { LsmError } from "../src/index.js";
import { parseTableFileName } from "../src/table-file-name.js";
import { bytesOf, entryOf, forward, hexOf, type Entry } from "./support/entries.js";
import { tableFiles, writeTable } from "./support/table-directory.js";
import { hashOf } from "./support/tables.js";

const entriesOf = (prefix: string, count = 40): Entry[] =>
  Array.from({ length: count }, (_, at) => ({
    key: bytesOf(`${prefix}${String(at).padStart(3, "0")}`),
    seqno: at + 1,
    value: bytesOf(`value ${at} `.repeat(4)),
  }));

function caught(run: () => unknown): LsmError {
  try {
    run();
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("a finished table is found under its number, and its entry in the manifest says what it holds", async () => {
  const fs = new MemoryFs();
  using files = tableFiles({ fs, now: () => 1234 });
  const entries = entriesOf("a");
  const meta = await writeTable(files, 7, entries, 3);
  expect(meta).toMatchObject({ level: 3, tableNumber: 7, entryCount: 40, deleteCount: 0, minSeqno: 1, maxSeqno: 40 });
  expect(meta.createdMs).toBe(1234);
  expect(meta.bytes).toBe(fs.stat("/7.sst").size);
  expect([meta.smallest, meta.largest]).toEqual([bytesOf("a000"), bytesOf("a039")]);
  expect(forward(files.reader(meta).cursor())).toEqual(entries);
  const key = bytesOf("a011");
  expect(entryOf(files.reader(meta).find(key, hashOf(key), 99)!)).toEqual(entries[11]);
});

test("a table is created only where there is none of its number", async () => {
  using files = tableFiles();
  const meta = await writeTable(files, 7, entriesOf("a"));
  expect(() => files.create(7, { level: 0 })).toThrow(
    expect.objectContaining({
      code: "LSM_WRITE_FAILED",
      cause: expect.objectContaining({ code: "FS_ALREADY_EXISTS" }) as unknown,
    }),
  );
  expect(forward(files.reader(meta).cursor())).toHaveLength(40);
});

test("an abandoned table leaves no file, before and after it was finished", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs });
  files.create(1, { level: 0 }).abandon();
  const finished = files.create(2, { level: 0 });
  await finished.finish();
  expect(files.list().tables.map((each) => each.tableNumber)).toEqual([2]);
  finished.abandon();
  finished.abandon();
  expect(files.list().tables).toEqual([]);
  expect(fs.openHandles).toEqual([]);
});

test("the listing knows tables by their canonical names, with sizes, and everything else as foreign", async () => {
  const fs = new MemoryFs();
  using files = tableFiles({ fs });
  const metas = [await writeTable(files, 10, entriesOf("b")), await writeTable(files, 9, entriesOf("a"))];
  const foreign = ["007.sst", "0.sst", "x.sst", "9.sst.bak", "12345678901234567.sst", "9007199254740992.sst"];
  const directory = new Directory(fs);
  for (const name of foreign) directory.writeFile(name, bytesOf("?"));
  directory.makeDirectory("3.sst");
  const listing = files.list();
  expect(listing.tables).toEqual([
    { tableNumber: 9, file: "9.sst", bytes: metas[1]?.bytes },
    { tableNumber: 10, file: "10.sst", bytes: metas[0]?.bytes },
  ]);
  expect(new Set(listing.foreign)).toEqual(new Set([...foreign, "3.sst"]));
  expect(parseTableFileName("9007199254740991.sst")).toBe(Number.MAX_SAFE_INTEGER);
});

test("so many files stay open, and the one that was not asked for longest is closed first", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, maxOpenTables: 2 });
  const metas: TableMeta[] = [];
  for (const number of [1, 2, 3]) metas.push(await writeTable(files, number, entriesOf("a")));
  const [one, two, three] = metas as [TableMeta, TableMeta, TableMeta];
  const openPaths = (): string[] => fs.openHandles.map(({ path }) => path).toSorted();
  const first = files.reader(one);
  files.reader(two);
  expect(files.reader(one)).toBe(first);
  files.reader(three);
  expect(openPaths()).toEqual(["/1.sst", "/3.sst"]);
  expect(files.openCount).toBe(2);
  files.close();
  expect(openPaths()).toEqual([]);
});

test("a pinned table is not closed to make room, and is once it is released", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, maxOpenTables: 1 });
  const one = await writeTable(files, 1, entriesOf("a"));
  const two = await writeTable(files, 2, entriesOf("b"));
  const pins = [files.pin(one), files.pin(one)];
  const cursor = pins[0]!.reader.cursor();
  files.reader(two);
  expect(files.reader(one)).toBe(pins[0]!.reader);
  expect(forward(cursor)).toHaveLength(40);
  pins[0]!.release();
  pins[0]!.release();
  files.reader(two);
  expect(forward(cursor)).toHaveLength(40);
  pins[1]!.release();
  files.remove(2);
  files.reader(await writeTable(files, 3, entriesOf("c")));
  expect(fs.openHandles.map(({ path }) => path)).toEqual(["/3.sst"]);
});

test("law 28: what is removed can be read to the end by whoever has it pinned, and its handle is closed then", async () => {
  const fs = new FaultFs(new MemoryFs());
  const forgotten: number[] = [];
  const cache = { get: () => undefined, put: () => undefined, forget: (number: number) => void forgotten.push(number) };
  using files = tableFiles({ fs, cache });
  const meta = await writeTable(files, 1, entriesOf("a"));
  const pin = files.pin(meta);
  files.remove(1);
  expect(files.list().tables).toEqual([]);
  expect(forgotten).toEqual([1]);
  expect(forward(pin.reader.cursor())).toEqual(entriesOf("a"));
  expect(fs.openHandles).toHaveLength(1);
  pin.release();
  expect(fs.openHandles).toEqual([]);
  files.remove(1);
});

test("after close nothing is opened or created, and a pin is good until it is released", async () => {
  const fs = new FaultFs(new MemoryFs());
  const files = tableFiles({ fs });
  const one = await writeTable(files, 1, entriesOf("a"));
  const two = await writeTable(files, 2, entriesOf("b"));
  const pin = files.pin(one);
  files.close();
  files.close();
  expect(caught(() => files.reader(two)).code).toBe("LSM_CLOSED");
  expect(caught(() => files.create(3, { level: 0 })).code).toBe("LSM_CLOSED");
  expect(forward(pin.reader.cursor())).toHaveLength(40);
  pin.release();
  expect(fs.openHandles).toEqual([]);
});

test("a missing table, one of another database and one of another size are told with file and keys", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs });
  using others = tableFiles({ fs, databaseId: new Uint8Array(16).fill(9) });
  const meta = await writeTable(files, 1, entriesOf("a"));
  const foreign = await writeTable(others, 2, entriesOf("b"));
  const keys = { keysFrom: hexOf(meta.smallest), keysUpTo: hexOf(meta.largest) };
  const missing = caught(() => files.reader({ ...meta, tableNumber: 9 }));
  expect([missing.code, missing.context]).toEqual(["LSM_MISSING_TABLE", { file: "9.sst", tableNumber: 9, ...keys }]);
  const wrong = caught(() => files.reader(foreign));
  expect(wrong.code).toBe("LSM_WRONG_TABLE");
  expect(wrong.context).toMatchObject({ file: "2.sst", keysFrom: hexOf(bytesOf("b000")), field: "databaseId" });
  const short = caught(() => files.reader({ ...meta, bytes: meta.bytes + 1 }));
  expect([short.code, short.context]).toMatchObject(["LSM_CORRUPT", { file: "1.sst", actual: meta.bytes, ...keys }]);
  const stale = caught(() => files.reader({ ...meta, chain: meta.chain ^ 1 }));
  expect([stale.code, stale.context]).toMatchObject(["LSM_WRONG_TABLE", { file: "1.sst", field: "chain", ...keys }]);
  expect(fs.openHandles).toEqual([]);
});

test("a read that fails names file, block and keys, and the rest stays readable", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 200, filterBitsPerKey: 0 });
  const entries = entriesOf("a");
  const meta = await writeTable(files, 1, entries);
  fs.plan.arm("read:*.sst n1 EIO");
  const atOpen = caught(() => files.reader(meta));
  expect([atOpen.code, atOpen.context]).toMatchObject([
    "LSM_READ_FAILED",
    { file: "1.sst", tableNumber: 1, keysFrom: hexOf(meta.smallest), keysUpTo: hexOf(meta.largest) },
  ]);
  const reader = files.reader(meta);
  fs.plan.arm("read:*.sst n1 EIO");
  const key = entries[20]!.key;
  const atRead = caught(() => reader.find(key, hashOf(key), 99));
  expect(atRead.code).toBe("LSM_READ_FAILED");
  const { keysAfter = "", keysUpTo = "", file } = atRead.context;
  expect(file).toBe("1.sst");
  expect(hexOf(key) > keysAfter && hexOf(key) <= keysUpTo).toBe(true);
  expect(entryOf(reader.find(key, hashOf(key), 99)!)).toEqual(entries[20]);
});

test("a full disk is told as such wherever it shows, and the number of the file may be used again once it is abandoned", async () => {
  for (const rule of ["open:*.sst n1 ENOSPC", "append:*.sst n1 ENOSPC", "sync:*.sst n1 EDQUOT"]) {
    const fs = new FaultFs(new MemoryFs(), rule);
    using files = tableFiles({ fs });
    const failure = await writeTable(files, 1, entriesOf("a")).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "LSM_NO_SPACE", context: { file: "1.sst", tableNumber: 1 } });
    expect(fs.openHandles).toEqual([]);
    expect((await writeTable(files, 1, entriesOf("a"))).entryCount).toBe(40);
  }
});

test("a barrier that fails is passed on, and the file that is left can be removed", async () => {
  const fs = new FaultFs(new MemoryFs(), "sync:*.sst n1 EIO");
  using files = tableFiles({ fs });
  const table = files.create(1, { level: 0 });
  await expect(table.finish()).rejects.toMatchObject({ code: "LSM_WRITE_FAILED", cause: { code: "FS_IO" } });
  table.abandon();
  expect([files.list().tables, fs.openHandles]).toEqual([[], []]);
  fs.plan.arm("remove:*.sst n1 EIO");
  files.create(2, { level: 0 }).abandon();
  expect(files.list().tables).toEqual([{ tableNumber: 2, file: "2.sst", bytes: 0 }]);
});

test("wrong options are refused by name", () => {
  const nonce = (): number => 1;
  expect(() => tableFiles({ maxOpenTables: 0, nonce })).toThrow(/maxOpenTables/);
  expect(() => tableFiles({ databaseId: new Uint8Array(3) })).toThrow(/databaseId/);
  expect(() => tableFiles({ ...{ cacheBytes: 1 } } as never)).toThrow(/cacheBytes/);
  expect(() => tableFiles({ nonce: 3 as never })).toThrow(/nonce/);
});

test("a barrier of names that has not begun may be tried again, and one that failed is told as the end", async () => {
  const directory = new Directory(new MemoryFs());
  const failures: unknown[] = [];
  using files = tableFiles({ directory, onFailure: (error) => failures.push(error) });
  const barrier = vi.spyOn(directory, "syncNames");
  const context = { operation: "syncNames", path: "/" } as const;
  barrier.mockRejectedValueOnce(new FsError("FS_TOO_MANY_OPEN_FILES", "no room for another file", context));
  await expect(files.syncNames()).rejects.toMatchObject({ code: "LSM_WRITE_FAILED", context: { file: "tables" } });
  await files.syncNames();
  expect(failures).toEqual([]);
  for (const code of ["FS_IO", "FS_NO_SPACE"] as const) {
    barrier.mockRejectedValueOnce(new FsError(code, "the disk says no", context));
    await expect(files.syncNames()).rejects.toMatchObject({ code: "LSM_POISONED", cause: { cause: { code } } });
  }
  expect(failures).toMatchObject([{ code: "LSM_WRITE_FAILED" }, { code: "LSM_WRITE_FAILED" }]);
});

test("a table whose pin is released is closed at once where others are open enough", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, maxOpenTables: 1 });
  const [first, second] = [
    await writeTable(files, 1, [{ key: bytesOf("a"), seqno: 1, value: bytesOf("1") }]),
    await writeTable(files, 2, [{ key: bytesOf("b"), seqno: 2, value: bytesOf("2") }]),
  ];
  const [older, again, newer] = [files.pin(first), files.pin(first), files.pin(second)];
  expect(fs.openHandles).toHaveLength(2);
  older.release();
  expect(fs.openHandles).toHaveLength(2);
  again.release();
  again.release();
  expect(fs.openHandles.map(({ path }) => path)).toEqual(["/2.sst"]);
  newer.release();
  expect(files.openCount).toBe(1); // it may be asked for again
});
