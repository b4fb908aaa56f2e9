// A backup is what one snapshot of the database sees that was taken during the call, whatever is written, flushed, compacted or cleared meanwhile; and nothing
// else passes for one.
import { acquireDirectoryLock, Directory, openDirectory, type StoreFs } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LsmError, LsmLevel, openEngine, type BackupProgress, type Engine } from "../src/index.js";
import { UNFINISHED_BACKUP } from "../src/unfinished-backup.js";
import { bytes, contentOf, small } from "./engine-law.js";

/** Two directories of one file system. */
function pair(fs: StoreFs = new MemoryFs()): { source: Directory; target: Directory } {
  const root = new Directory(fs);
  root.makeDirectory("source");
  root.makeDirectory("target");
  return { source: root.directory("source"), target: root.directory("target") };
}

async function fill(engine: Engine, from = 0, count = 40): Promise<void> {
  for (let at = from; at < from + count; at++) {
    await engine.put(bytes(`key ${String(at).padStart(4, "0")}`), bytes(`value ${at}`));
    if (at % 7 === 3) await engine.delete(bytes(`key ${String(at - 3).padStart(4, "0")}`));
  }
}

async function copied(directory: Directory): Promise<string[]> {
  await using copy = await openEngine({ ...small, directory, errorIfExists: false, createIfMissing: false });
  expect((await copy.verify()).problems).toEqual([]);
  return contentOf(copy);
}

describe("a backup", () => {
  test("law 58: opens alone, holds what was written, and goes on by itself", async () => {
    const { source, target } = pair();
    const engine = await openEngine({ ...small, directory: source });
    await fill(engine);
    await engine.compactRange();
    await fill(engine, 40, 9); // in the memtable
    const expected = contentOf(engine);
    const progress: BackupProgress[] = [];
    const report = await engine.backup(target, { onProgress: (each) => progress.push(each) });
    const { tables, tableBytes, visibleSeqno } = engine.stats();
    expect(report).toMatchObject({ tables, bytes: tableBytes, lastSeqno: visibleSeqno, linkedTables: tables });
    expect(progress.at(-1)).toEqual({ bytes: report.bytes, totalBytes: report.bytes });
    expect(target.exists(UNFINISHED_BACKUP)).toBe(false);
    await fill(engine, 100, 20);
    await engine.clear();
    await engine.close();
    expect(source.list("tables")).toEqual([]);
    expect(await copied(target)).toEqual(expected);
    await using reader = await openEngine({ ...small, directory: target, readOnly: true });
    expect(contentOf(reader)).toEqual(expected);
    await using copy = await openEngine({ ...small, directory: target });
    await copy.put(bytes("key 0000"), bytes("again"), { rung: "data" });
    await copy.flush();
    await copy.compactRange();
    expect(contentOf(copy)[0]).toBe("key 0000=again");
    expect((await copy.verify()).problems).toEqual([]);
  });

  test("is copied where there are no links, and where none are wanted", async () => {
    const { source, target } = pair();
    await using engine = await openEngine({ ...small, directory: source });
    await fill(engine);
    const expected = contentOf(engine);
    const elsewhere = new Directory(new MemoryFs());
    expect(await engine.backup(elsewhere)).toMatchObject({ linkedTables: 0 });
    expect(await engine.backup(target, { link: false })).toMatchObject({ linkedTables: 0 });
    expect(await copied(elsewhere)).toEqual(expected);
    expect(await copied(target)).toEqual(expected);
  });

  test("of an empty database, and of one that was cleared a moment ago", async () => {
    const { source, target } = pair();
    await using engine = await openEngine({ ...small, directory: source });
    const empty = new Directory(new MemoryFs());
    expect(await engine.backup(empty)).toMatchObject({ tables: 0, bytes: 0 });
    expect(await copied(empty)).toEqual([]);
    // The record of the log is written before `clear` returns for the first time, its edit is not.
    await fill(engine);
    await engine.flush();
    const cleared = engine.clear();
    expect(contentOf(engine)).toEqual([]);
    await engine.backup(target);
    await cleared;
    expect(await copied(target)).toEqual([]);
  });

  test("law 58: equals a moment of the call, while others write, flush, compact and clear", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("put", "delete", "flush", "compact", "clear", "turn"), {
          minLength: 4,
          maxLength: 40,
        }),
        fc.nat(12),
        async (steps, at) => {
          const { source, target } = pair();
          await using engine = await openEngine({ ...small, directory: source });
          await fill(engine, 0, 12);
          const moments = new Set<string>();
          const note = (): void => void moments.add(contentOf(engine).join());
          let isOver = true;
          let backedUp: Promise<unknown> | undefined;
          const others: Promise<unknown>[] = [];
          for (const [step, what] of steps.entries()) {
            if (step === Math.min(at, steps.length - 1)) {
              isOver = false;
              note();
              backedUp = engine.backup(target).then(() => (isOver = true));
            }
            const key = bytes(`key ${String(step % 9).padStart(4, "0")}`);
            if (what === "put") await engine.put(key, bytes(`step ${step}`));
            else if (what === "delete") await engine.delete(key);
            else if (what === "flush") others.push(engine.flush());
            else if (what === "compact") others.push(engine.compactRange());
            else if (what === "clear") await engine.clear();
            else await new Promise((resolve) => setImmediate(resolve));
            if (backedUp !== undefined && !isOver) note();
          }
          await backedUp;
          await Promise.all(others);
          expect([...moments]).toContain((await copied(target)).join());
        },
      ),
      { numRuns: 60 },
    );
  });

  test("on the files of this machine, by path and by link", async () => {
    const root = mkdtempSync(join(tmpdir(), "lsm-backup-"));
    try {
      const db = new LsmLevel(join(root, "db"), { writeBufferBytes: 500 });
      for (let at = 0; at < 50; at++) await db.put(`key ${at}`, `value ${at}`);
      const report = await db.backup(join(root, "far", "away"));
      expect(report.linkedTables).toBe(0);
      expect(report.tables).toBeGreaterThan(1);
      await expect(db.backup(join(root, "far", "away"))).rejects.toMatchObject({
        code: "LEVEL_EXISTS",
        cause: { code: "LSM_EXISTS" },
      });
      const copy = new LsmLevel(join(root, "far", "away"), { readOnly: true });
      expect(await copy.keys().all()).toHaveLength(50);
      expect(await copy.get("key 17")).toBe("value 17");
      await expect(copy.backup(join(root, "third"))).rejects.toMatchObject({ code: "LEVEL_READONLY" });
      await copy.close();
      await db.close();
      const whole = openDirectory(root);
      await using engine = await openEngine({ directory: whole.directory("db") });
      whole.makeDirectory("linked");
      const { tables, linkedTables } = await engine.backup(whole.directory("linked"));
      expect(linkedTables).toBe(tables);
      const [name] = whole.list("linked/tables").map((each) => each.name);
      expect(statSync(join(root, "linked", "tables", name ?? "none")).nlink).toBe(2);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe("the target of a backup", () => {
  test("must be empty, free, and elsewhere", async () => {
    const { source, target } = pair();
    await using engine = await openEngine({ ...small, directory: source });
    await fill(engine);
    await expect(engine.backup(source)).rejects.toThrow(RangeError);
    await expect(engine.backup(source.directory("tables"))).rejects.toThrow(/target must not be/);
    await expect(engine.backup("target" as never)).rejects.toThrow(TypeError);
    await expect(engine.backup(target, { links: true } as never)).rejects.toThrow(/links/);
    await expect(engine.backup(target, { link: 1 as never })).rejects.toThrow(/link must/);
    await expect(engine.backup(target, { signal: {} as never })).rejects.toThrow(/signal/);
    await expect(engine.backup(target, { onProgress: 1 as never })).rejects.toThrow(/onProgress/);
    const lock = acquireDirectoryLock(target);
    await expect(engine.backup(target)).rejects.toMatchObject({ code: "LSM_LOCKED" });
    lock.release();
    target.writeFile("notes.txt", bytes("mine"));
    await expect(engine.backup(target)).rejects.toMatchObject({ code: "LSM_EXISTS", context: { file: "notes.txt" } });
    expect(target.list().map(({ name }) => name)).toEqual(["notes.txt"]);
  });

  test("is an unfinished backup after an abort, which nothing opens, and the next one makes whole", async () => {
    const { source, target } = pair();
    await using engine = await openEngine({ ...small, directory: source });
    await fill(engine);
    const before = contentOf(engine);
    await expect(engine.backup(target, { signal: AbortSignal.abort("no") })).rejects.toMatchObject({
      code: "LSM_ABORTED",
      cause: "no",
    });
    expect(target.list()).toEqual([]);
    const abort = new AbortController();
    const aborted = engine.backup(target, {
      link: false,
      signal: abort.signal,
      onProgress: () => abort.abort("enough"),
    });
    await expect(aborted).rejects.toMatchObject({ code: "LSM_ABORTED", cause: "enough" });
    for (const readOnly of [true, false] as const) {
      const opened = openEngine({ ...small, directory: target, readOnly } as never);
      await expect(opened).rejects.toMatchObject({ code: "LSM_UNFINISHED_BACKUP" });
    }
    const failing = engine.backup(target, {
      onProgress: () => {
        throw new RangeError("mine");
      },
    });
    await expect(failing).rejects.toThrow("mine");
    expect(contentOf(engine)).toEqual(before);
    target.writeFile("tables/999.sst", bytes("left behind"));
    await engine.backup(target);
    expect(await copied(target)).toEqual(before);
  });

  test("a close ends a backup that is under way, and waits for it", async () => {
    const { source, target } = pair();
    const engine = await openEngine({ ...small, directory: source });
    await fill(engine);
    let closed: Promise<void> | undefined;
    const ended = engine.backup(target, { onProgress: () => void (closed ??= engine.close()) });
    await expect(ended).rejects.toMatchObject({ code: "LSM_ABORTED", cause: { code: "LSM_CLOSED" } });
    await closed;
    expect(closed).toBeDefined();
    await expect(engine.backup(target)).rejects.toMatchObject({ code: "LSM_CLOSED" });
  });
});

test("damage of a table is told before it is copied, with its keys, and what shares the file is told by a verification", async () => {
  const { source, target } = pair();
  await using engine = await openEngine({ ...small, directory: source });
  await fill(engine, 0, 6);
  await engine.flush();
  await engine.idle();
  const [table = "none"] = source.list("tables").map(({ name }) => `tables/${name}`);
  const content = source.readFile(table);
  content[200] = content[200]! ^ 16; // in its first block
  const handle = source.open(table, { mode: "write" });
  handle.writeAt(content, 0);
  handle.close();
  await expect(engine.backup(target, { link: false })).rejects.toMatchObject({
    code: "LSM_CORRUPT",
    context: { file: table.slice("tables/".length), keysFrom: Buffer.from("key 0001").toString("hex") },
  });
  await expect(openEngine({ ...small, directory: target })).rejects.toMatchObject({ code: "LSM_UNFINISHED_BACKUP" });
});

describe.each([
  ["open", "EIO"],
  ["append", "ENOSPC"],
  ["link", "EIO"],
  ["link", "EPERM"],
  ["makeDirectory", "ENOSPC"],
  ["rename", "EIO"],
  ["remove", "EIO"],
  ["sync", "EIO"],
  ["syncNames", "EIO"],
  ["read", "EIO"],
] as const)("a %s of the target fails with %s", (operation, errno) => {
  test("the source is as it was, no file stays open, and another backup succeeds", async () => {
    let struck = 0;
    for (let isOver = false, call = 1; !isOver; call++) {
      const inner = new MemoryFs();
      const fs = new FaultFs(inner);
      const { source } = pair(fs);
      const faulty = new FaultFs(inner);
      const target = new Directory(faulty, "/target");
      const engine = await openEngine({ ...small, directory: source });
      await fill(engine, 0, 9);
      await engine.flush();
      await engine.idle();
      const before = contentOf(engine);
      const rule = faulty.plan.arm(`${operation}:* n${call} ${errno}`);
      const error: unknown = await engine
        .backup(target, { link: operation === "link" })
        .catch((reason: unknown) => reason);
      isOver = rule.seen < call;
      if (!isOver) struck += 1;
      if (error instanceof Error) {
        expect(error).toBeInstanceOf(LsmError);
        if (errno === "ENOSPC") expect(error).toMatchObject({ code: "LSM_NO_SPACE" });
        expect(engine.failure).toBeUndefined();
        await engine.backup(new Directory(inner, "/target"));
      }
      expect(await copied(new Directory(inner, "/target"))).toEqual(before);
      expect(contentOf(engine)).toEqual(before);
      await engine.close();
      expect([...fs.openHandles, ...faulty.openHandles]).toEqual([]);
    }
    expect(struck).toBeGreaterThan(0);
  });
});
