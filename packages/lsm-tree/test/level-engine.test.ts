// What users of classic-level rely on, with the engine below.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, it } from "vitest";
import { LsmLevel } from "../src/lsm-level.js";

const tiny = { writeBufferBytes: 4096, blockBytes: 256, tableBytes: 4096 };
const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at).padStart(5, "0"));

async function filled(directory: Directory, keys: readonly string[], options: object = tiny): Promise<LsmLevel> {
  const db = new LsmLevel({ directory, ...options });
  for (let at = 0; at < keys.length; at += 100) {
    await db.batch(keys.slice(at, at + 100).map((key) => ({ type: "put", key, value: `value of ${key}` })));
  }
  return db;
}

const inMemory = (): Directory => new Directory(new MemoryFs());

describe("a database on files", () => {
  it("is where its path says, and is there again", async () => {
    const root = mkdtempSync(join(tmpdir(), "holdfast-level-"));
    const location = join(root, "deep/er");
    const missing = new LsmLevel(location, { createIfMissing: false });
    await expect(missing.open()).rejects.toMatchObject({
      code: "LEVEL_DATABASE_NOT_OPEN",
      cause: { code: "LEVEL_NOT_FOUND", cause: { code: "FS_NOT_FOUND" } },
    });
    const db = new LsmLevel<string, number>(location, { valueEncoding: "json" });
    await db.put("a", 1, { sync: true });
    expect(db.location).toBe(location);
    await db.close();
    await expect(new LsmLevel(location, { errorIfExists: true }).open()).rejects.toMatchObject({
      cause: { code: "LEVEL_EXISTS", cause: { code: "LSM_EXISTS" } },
    });
    const again = new LsmLevel<string, number>(location, { valueEncoding: "json", createIfMissing: false });
    expect(await again.get("a")).toBe(1);
    await again.close();
    rmSync(root, { recursive: true });
  });

  it("is open once for writing", async () => {
    const root = mkdtempSync(join(tmpdir(), "holdfast-level-"));
    const db = new LsmLevel(root);
    await db.put("a", "1");
    await expect(new LsmLevel(root).open()).rejects.toMatchObject({ cause: { code: "LEVEL_LOCKED" } });
    expect(await db.get("a")).toBe("1");
    await db.close();
    const next = new LsmLevel(root);
    await next.open();
    await next.close();
    rmSync(root, { recursive: true });
  });
});

it("is read beside its writer, as it was when it was opened", async () => {
  const directory = inMemory();
  const keys = numbered(300);
  const db = await filled(directory, keys);
  const reader = new LsmLevel({ directory, readOnly: true });
  expect(await reader.keys().all()).toEqual(keys);
  await db.clear();
  await db.compactRange("0", "9");
  expect(reader.getSync("00007")).toBe("value of 00007");
  const refused = { code: "LEVEL_READONLY", cause: { code: "LSM_READ_ONLY" } };
  await expect(reader.put("a", "1")).rejects.toMatchObject(refused);
  await expect(reader.batch([{ type: "del", key: "a" }])).rejects.toMatchObject(refused);
  await expect(reader.clear()).rejects.toMatchObject(refused);
  await reader.close();
  expect(await db.keys().all()).toEqual([]);
  await db.close();
});

it("tells the size of a range, less when it was deleted and compacted", async () => {
  const db = await filled(inMemory(), numbered(1000));
  await db.compactRange("0", "9");
  const whole = await db.approximateSize("0", "9");
  const half = await db.approximateSize("0", "00500");
  expect(whole).toBeGreaterThan(4000);
  expect(half).toBeLessThan(whole * 0.75);
  expect(half).toBeGreaterThan(whole * 0.25);
  await db.clear({ lt: "00900" });
  await db.compactRange("0", "9");
  expect(await db.approximateSize("0", "9")).toBeLessThan(whole / 2);
  expect(await db.keys().all()).toEqual(numbered(1000).slice(900));
  await db.close();
});

it("law 62: reads, iterators and snapshots see what there was at the call, whatever is written behind it", async () => {
  const keys = ["a", "b"];
  for (const isInTables of [false, true]) {
    const db = await filled(inMemory(), keys, {});
    if (isInTables) await db.compactRange("a", "z");
    const before = await db.iterator().all();
    const [a, b] = before.map(([, value]) => value);
    const iterators = [db.iterator(), db.iterator({ reverse: true })] as const;
    const snapshot = db.snapshot();
    const reads = [db.get("a"), db.getMany(keys), db.has("c"), db.values().all()] as const;
    const writes = [db.put("a", "later"), db.batch([{ type: "del", key: "b" }]), db.put("c", "later")];
    expect(await Promise.all(reads)).toEqual([a, [a, b], false, [a, b]]);
    await Promise.all(writes);
    if (isInTables) await db.compactRange("a", "z");
    expect(await iterators[0].all()).toEqual(before);
    expect(await iterators[1].all()).toEqual(before.toReversed());
    expect(await db.getMany([...keys, "c"], { snapshot })).toEqual([a, b, undefined]);
    expect(await db.getMany([...keys, "c"])).toEqual(["later", undefined, "later"]);
    await db.close();
  }
});

describe("iterators", () => {
  it("see what there was, through flushes, compactions and a clear", async () => {
    const keys = numbered(500);
    const db = await filled(inMemory(), keys);
    const before = [db.keys(), db.keys({ reverse: true }), db.keys({ gte: "00100", lt: "00200" })] as const;
    expect(await before[0].next()).toBe("00000");
    const cleared = db.clear();
    const late = db.put("late", "1");
    await Promise.all([cleared, late]);
    await db.compactRange("0", "z");
    expect(await before[0].all()).toEqual(keys.slice(1));
    expect(await before[1].all()).toEqual(keys.toReversed());
    expect(await before[2].all()).toEqual(keys.slice(100, 200));
    expect(await db.keys().all()).toEqual(["late"]);
    await db.close();
  });

  it("leave the event loop its turns, and end when the database closes", async () => {
    const keys = numbered(3000);
    const db = await filled(inMemory(), keys, {});
    let turns = 0;
    let isDone = false;
    const count = (): void => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    for await (const key of db.keys()) expect(key).toHaveLength(5);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(2);
    const iterator = db.iterator();
    const reading = iterator.nextv(2500);
    const closing = db.close();
    expect(await reading).toHaveLength(2500);
    await closing;
    await expect(iterator.next()).rejects.toMatchObject({ code: "LEVEL_ITERATOR_NOT_OPEN" });
  });
});

it("goes on reading behind a barrier that failed, and takes writes when it was opened again", async () => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const db = await filled(directory, numbered(10), {});
  await db.put("kept", "1", { sync: true });
  fs.plan.arm("sync:/wal/* n1 EIO");
  await expect(db.put("lost", "1", { sync: true })).rejects.toMatchObject({
    code: "LEVEL_IO_ERROR",
    cause: { code: "LSM_POISONED" },
  });
  await expect(db.put("later", "1")).rejects.toMatchObject({ code: "LEVEL_IO_ERROR" });
  expect(await db.get("kept")).toBe("1");
  await db.close().catch(() => {});
  await db.close();
  expect(db.status).toBe("closed");
  const again = new LsmLevel({ directory: new Directory(fs.inner) });
  expect(await again.get("kept")).toBe("1");
  await again.put("later", "2", { rung: "full" });
  expect(await again.get("later")).toBe("2");
  await again.close();
});
