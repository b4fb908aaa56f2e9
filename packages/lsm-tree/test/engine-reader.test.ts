// A reader beside the writer: one moment until it is told to look again, with what it handed out before staying what it was.
import { Directory, openDirectory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LsmLevel, openEngine, type EngineCursor } from "../src/index.js";
import { bytes, contentOf, small } from "./engine-law.js";

const filesOf = (path: string): string => readdirSync(path, { recursive: true }).map(String).toSorted().join();

const restOf = (cursor: EngineCursor): string[] => contentOf({ cursor: () => cursor });

test("a refresh shows what was written before it; snapshots and cursors show what they saw", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("put", "delete", "flush", "compact", "clear", "refresh", "snapshot", "cursor"), {
        minLength: 5,
        maxLength: 40,
      }),
      async (steps) => {
        const fs = new FaultFs(new MemoryFs());
        const directory = new Directory(fs);
        const engine = await openEngine({ ...small, directory });
        await engine.put(bytes("key 0"), bytes("first"));
        const beside = new FaultFs(fs.inner);
        const reader = await openEngine({ ...small, directory: new Directory(beside), readOnly: true });
        let shown = contentOf(engine);
        const kept: { readonly content: readonly string[]; readonly read: () => string[] }[] = [];
        for (const [step, what] of steps.entries()) {
          const key = bytes(`key ${step % 5}`);
          if (what === "put") await engine.put(key, bytes(`${step} ${"x".repeat(50)}`));
          else if (what === "delete") await engine.delete(key);
          else if (what === "flush") await engine.flush();
          else if (what === "compact") await engine.compactRange();
          else if (what === "clear") await engine.clear();
          else if (what === "refresh") {
            await reader.refresh();
            shown = contentOf(engine);
          } else if (what === "snapshot") {
            const snapshot = reader.snapshot();
            kept.push({ content: shown, read: () => contentOf({ cursor: () => reader.cursor({ snapshot }) }) });
          } else {
            const cursor = reader.cursor();
            kept.push({ content: shown, read: () => restOf(cursor) });
          }
          expect(contentOf(reader)).toEqual(shown);
        }
        for (const { content, read } of kept) expect(read()).toEqual(content);
        await reader.close();
        await engine.close();
        expect(beside.openHandles).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test("what nobody reads any more is closed by the next refresh, and a refresh that fails leaves what was there", async () => {
  const inner = new MemoryFs();
  await using engine = await openEngine({ ...small, directory: new Directory(inner) });
  await engine.put(bytes("a"), bytes("1"));
  await engine.flush();
  const fs = new FaultFs(inner);
  await using reader = await openEngine({ ...small, directory: new Directory(fs), readOnly: true });
  expect(reader.stats()).toMatchObject({ openTables: 1, tables: 1, writer: undefined });
  const snapshot = reader.snapshot();
  await engine.clear();
  await engine.idle();
  await reader.refresh();
  expect(reader.get(bytes("a"))).toBeUndefined();
  expect(reader.get(bytes("a"), { snapshot })).toEqual(bytes("1"));
  expect(fs.openHandles).toHaveLength(1);
  snapshot.release();
  await reader.refresh();
  expect(fs.openHandles).toEqual([]);
  await engine.put(bytes("b"), bytes("2"));
  fs.plan.arm("read:*.seg n1 EIO sticky");
  await expect(reader.refresh()).rejects.toMatchObject({ code: "LSM_READ_FAILED", cause: { code: "FS_IO" } });
  expect(reader.get(bytes("b"))).toBeUndefined();
});

test("LsmLevel reads beside a writer, refreshes, and refuses writes by name", async () => {
  const directory = new Directory(new MemoryFs());
  const writer = new LsmLevel({ directory });
  await writer.put("a", "1");
  const reader = new LsmLevel({ directory, readOnly: true });
  expect(await reader.get("a")).toBe("1");
  await writer.put("b", "2");
  expect(await reader.get("b")).toBeUndefined();
  await reader.refresh();
  expect(await reader.get("b")).toBe("2");
  expect((await reader.verify()).problems).toEqual([]);
  await writer.refresh();
  const refused = { code: "LEVEL_READONLY", cause: { code: "LSM_READ_ONLY" } };
  await expect(reader.put("c", "3")).rejects.toMatchObject(refused);
  await expect(reader.del("a")).rejects.toMatchObject(refused);
  await expect(reader.batch([{ type: "del", key: "a" }])).rejects.toMatchObject(refused);
  await expect(reader.clear()).rejects.toMatchObject(refused);
  await expect(reader.compactRange("a", "b")).rejects.toMatchObject(refused);
  await reader.close();
  expect(() => reader.stats()).toThrow(expect.objectContaining({ code: "LEVEL_DATABASE_NOT_OPEN" }));
  await writer.close();
  const none = new LsmLevel({ directory: new Directory(new MemoryFs()), readOnly: true });
  await expect(none.open()).rejects.toMatchObject({ cause: { code: "LEVEL_NOT_FOUND" } });
});

test("a log that is gone is told of in the same words, for reading and for writing", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...small, directory });
  await engine.put(bytes("a"), bytes("1"));
  await engine.flush();
  await engine.close();
  for (const { name } of directory.list("wal")) directory.remove(`wal/${name}`);
  const failureOf = (readOnly: boolean): Promise<unknown> =>
    openEngine({ ...small, directory, readOnly }).catch((error: unknown) => error);
  const reading = await failureOf(true);
  expect(reading).toMatchObject({ code: "LSM_CORRUPT", context: { file: "wal" } });
  const writing = await failureOf(false);
  expect(writing).toMatchObject({ code: "LSM_CORRUPT", context: { file: "wal" } });
  expect((reading as Error).message).toBe((writing as Error).message);
});

test("beside a writer of another process, and where nothing may be written", async () => {
  const root = mkdtempSync(join(tmpdir(), "lsm-reader-"));
  const entry = new URL("../dist/index.js", import.meta.url).href;
  const write = (from: number): void => {
    const program = `
      import { LsmLevel } from ${JSON.stringify(entry)};
      const db = new LsmLevel(${JSON.stringify(join(root, "db"))}, { writeBufferBytes: 2000 });
      for (let at = ${from}; at < ${from} + 50; at++) await db.put("key " + at, "value " + at);
      process.kill(process.pid, "SIGKILL");
    `;
    try {
      execFileSync(process.execPath, ["--input-type=module", "--eval", program], { stdio: "pipe" });
    } catch (error) {
      expect(error).toMatchObject({ signal: "SIGKILL" });
    }
  };
  try {
    write(0);
    const before = filesOf(join(root, "db"));
    const directory = openDirectory(join(root, "db"), { readOnly: true });
    await using reader = await openEngine({ directory, readOnly: true });
    expect(contentOf(reader)).toHaveLength(50);
    expect(filesOf(join(root, "db"))).toEqual(before);
    write(50); // opens what the first one left, and removes orphans and segments
    expect(contentOf(reader)).toHaveLength(50);
    await reader.refresh();
    expect(contentOf(reader)).toHaveLength(100);
    chmodSync(join(root, "db"), 0o500);
    const db = new LsmLevel(join(root, "db"), { readOnly: true });
    expect(await db.keys().all()).toHaveLength(100);
    await db.close();
  } finally {
    chmodSync(join(root, "db"), 0o700);
    rmSync(root, { recursive: true });
  }
});
