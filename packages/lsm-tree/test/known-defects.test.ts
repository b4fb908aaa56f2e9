// What another LSM tree was found to get wrong, by the numbers of its list: each of these fails where the defect is put in, which
// known-defects.md says how.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openEngine, type Engine } from "../src/engine.js";
import type { EngineOptions } from "../src/engine-options.js";
import type { ManifestState } from "../src/manifest-fold.js";
import { ManifestLog, readManifest } from "../src/manifest-log.js";
import type { EditChange, TableMeta } from "../src/version-edit.js";
import { Version } from "../src/version.js";
import { WriteBatch } from "../src/write-batch.js";
import { bytes, contentOf, small } from "./engine-law.js";

const roomy = { ...small, writeBufferBytes: 100_000, manifestBytes: 100_000 };

async function put(engine: Engine, key: string, value: string): Promise<void> {
  await engine.put(bytes(key), bytes(value));
  await engine.flush();
}

/** Opens, and tells what there is. */
async function contentBehind(directory: Directory, options: Partial<EngineOptions> = {}): Promise<string[]> {
  const engine = await openEngine({ ...roomy, ...options, readOnly: false, directory });
  const found = contentOf(engine);
  await engine.close();
  return found;
}

function stateOf(levelCount: number): ManifestState {
  const database = {
    ...{ formatVersion: 1, comparator: 1, databaseId: new Uint8Array(16), hashKey: { low: 1, high: 2 }, levelCount },
  };
  const version = Version.empty(levelCount);
  return { database, version, nextFileNumber: 1, lastSeqno: 0, flushedLsn: 0, compactPointers: new Map() };
}

function openManifest(directory: Directory, state?: ManifestState): Promise<ManifestLog> {
  const turn = (): Promise<void> => Promise.resolve();
  return ManifestLog.open({ directory, mode: "recover", manifestBytes: 100_000_000, turn }, state);
}

function table(tableNumber: number): TableMeta {
  const key = bytes(`key ${String(tableNumber).padStart(9, "0")}`);
  const counts = { bytes: 1000, chain: 1, entryCount: 1, deleteCount: 0, createdMs: 0, minSeqno: 1, maxSeqno: 1 };
  return { ...counts, level: 1, tableNumber, smallest: key, largest: key };
}

const added = (from: number, count: number): EditChange[] =>
  Array.from({ length: count }, (_, at) => ({ kind: "addTable", table: table(from + at) }));

/** The only file of a log whose name ends so, from the first to the last. */
function segments(directory: Directory, of: string): string[] {
  return directory
    .list(of)
    .filter(({ name }) => name.endsWith(".seg"))
    .map(({ name }) => `${of}/${name}`)
    .toSorted();
}

describe("the manifest", () => {
  test("S1: an edit is as large as what it changes, whatever the level holds, and one of thousands of tables is no problem", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const manifest = await openManifest(directory, stateOf(7));
    let written = 0;
    fs.plan.arm({
      ...{ operations: ["write", "append"], path: "*.seg" },
      action: { kind: "callback", callback: ({ length = 0 }) => void (written += length) },
    });
    const bytesOf = async (changes: EditChange[]): Promise<number> => {
      written = 0;
      await manifest.append(
        () => changes,
        () => ({ nextFileNumber: 9_000, lastSeqno: 1, flushedLsn: 1 }),
      );
      return written;
    };
    const removed = added(2, 3000).map((_, at): EditChange => ({ kind: "deleteTable", level: 1, tableNumber: at + 2 }));
    const first = await bytesOf(added(1, 1));
    expect(first).toBeGreaterThan(30);
    expect(await bytesOf(added(2, 3000))).toBeGreaterThan(64 * 1024);
    expect(await bytesOf(added(5000, 1))).toBeLessThan(first + 8);
    await bytesOf([...removed, ...added(6000, 3000)]);
    await manifest.close();
    expect(readManifest(directory)?.version.tableCount).toBe(3002);
  });

  test("S2, S4: what a flush has promised is found by its name behind a power loss", async () => {
    for (const personality of ["posix", "xfs", "btrfs"]) {
      const fs = new CrashFs({ personality });
      fs.makeDirectory("/db");
      fs.syncNamesBlocking("/");
      const engine = await openEngine({ ...roomy, directory: new Directory(fs, "/db") });
      for (let at = 0; at < 3; at++) await put(engine, `key ${at}`, "1");
      fs.crash("worst");
      expect(await contentBehind(new Directory(fs, "/db"))).toEqual(["key 0=1", "key 1=1", "key 2=1"]);
    }
  });

  test.each([
    ["S3: a torn end", (rest: number) => new Uint8Array(rest).fill(0x5a)],
    ["S21: an end of zeros", (rest: number) => new Uint8Array(rest)],
  ])("%s is cut off before anything is written behind it", async (_, endOf) => {
    for (const log of ["manifest", "wal"]) {
      for (const rest of [1, 7, 40, 511, 512, 5000]) {
        const directory = new Directory(new MemoryFs());
        const engine = await openEngine({ ...roomy, directory });
        await put(engine, "a", "1");
        await engine.close();
        const last = segments(directory, log).at(-1);
        if (last === undefined) throw new Error("there is a segment");
        directory.writeFile(last, Buffer.concat([directory.readFile(last), endOf(rest)]));
        for (const key of ["b", "c"]) {
          const again = await openEngine({ ...roomy, directory });
          await put(again, key, "1");
          await again.put(bytes(`${key}${key}`), bytes("in the log"), { rung: "data" });
          await again.close();
        }
        expect(await contentBehind(directory)).toEqual(["a=1", "b=1", "bb=in the log", "c=1", "cc=in the log"]);
      }
    }
  });

  test.each(["EIO", "ENOSPC"])(
    "law 38, S6, S20: of an edit k bytes land and it fails with %s: nothing is lost then, behind a close, and behind what follows",
    async (errno) => {
      let editBytes = 1;
      for (let k = 0; k < editBytes; k++) {
        const memory = new MemoryFs();
        const fs = new FaultFs(memory);
        const engine = await openEngine({ ...roomy, directory: new Directory(fs) });
        await put(engine, "a", "1");
        await put(engine, "b", "1");
        await engine.put(bytes("c"), bytes("1"), { rung: "data" });
        await engine.flush();
        const path = "/manifest/*.seg";
        const operations = ["write", "append"] as const;
        const callback = ({ length = 0 }): unknown => (editBytes = length);
        fs.plan.arm({ operations, path, times: 1, action: { kind: "callback", callback } });
        fs.plan.arm({ operations, path, times: 1, action: { kind: "torn", errno, bytes: k } });
        const code = errno === "EIO" ? "LSM_POISONED" : "LSM_NO_SPACE";
        await expect(engine.compactRange()).rejects.toMatchObject({ code });
        expect(contentOf(engine)).toEqual(["a=1", "b=1", "c=1"]);
        if (errno === "ENOSPC") await put(engine, "d", "1"); // there is room again
        const all = errno === "ENOSPC" ? ["a=1", "b=1", "c=1", "d=1"] : ["a=1", "b=1", "c=1"];
        await engine.close();
        const again = await openEngine({ ...roomy, directory: new Directory(memory) });
        expect(contentOf(again)).toEqual(all);
        await put(again, "e", "1");
        await again.compactRange();
        await again.close();
        expect(await contentBehind(new Directory(memory))).toEqual([...all, "e=1"]);
      }
      expect(editBytes).toBeGreaterThan(40);
    },
  );

  // Behind a compaction an older state names tables that are gone; without one, only the log tells that edits are missing.
  test.each([true, false])(
    "S16: what is read past damage is all there was, or, in salvage, what there once was, or nothing is changed (compacted: %s)",
    async (isCompacted) => {
      const directory = new Directory(new MemoryFs());
      const tight = { writeBufferBytes: 2000 }; // so that the log is pruned behind each flush
      const engine = await openEngine({ ...roomy, ...tight, directory });
      for (const key of ["a", "b", "c"]) await put(engine, key, key.repeat(1500));
      if (isCompacted) await engine.compactRange();
      const before = contentOf(engine);
      await engine.close();
      const [name = ""] = segments(directory, "manifest");
      const whole = directory.readFile(name);
      const image = (directory.fs as MemoryFs).snapshot();
      for (let at = 0; at < whole.length; at += 3) {
        const damaged = new Directory(new MemoryFs({ image }));
        damaged.removeIfPresent("LOCK");
        const flipped = Uint8Array.from(whole);
        flipped[at]! ^= 0x10;
        damaged.writeFile(name, flipped);
        const tables = damaged.list("tables").map(({ name: file }) => file);
        for (const mode of ["recover", "salvage"] as const) {
          const outcome = await contentBehind(damaged, { ...tight, mode }).catch(({ code }: { code: string }) => code);
          const left = damaged.list("tables").map(({ name: file }) => file);
          // Salvage has what an earlier edit made, and takes nothing away.
          const allowed = mode === "salvage" ? before.slice(0, outcome.length) : before;
          expect(mode === "salvage" ? left : tables).toEqual(expect.arrayContaining(tables));
          if (typeof outcome !== "string") expect(outcome).toEqual(allowed);
          else expect(left).toEqual(tables);
        }
      }
    },
  );

  test("S17: a barrier of an edit fails, and the database opens behind a clean close, in whatever order that comes", async () => {
    for (const what of ["flush", "compaction"]) {
      const memory = new MemoryFs();
      const fs = new FaultFs(memory);
      const engine = await openEngine({ ...roomy, directory: new Directory(fs) });
      await put(engine, "a", "1");
      await put(engine, "a", "2");
      if (what === "flush") await engine.put(bytes("b"), bytes("1"));
      fs.plan.arm("sync:/manifest/*.seg n1 EIO");
      const work = what === "flush" ? engine.flush() : engine.compactRange();
      await expect(work).rejects.toMatchObject({ code: "LSM_POISONED" });
      await expect(engine.put(bytes("c"), bytes("1"))).rejects.toMatchObject({ code: "LSM_POISONED" });
      expect(contentOf(engine)[0]).toBe("a=2");
      await engine.close();
      expect(memory.list("/tables").length).toBeGreaterThan(2); // what the edit names and what it removes
      expect(await contentBehind(new Directory(memory))).toEqual(what === "flush" ? ["a=2", "b=1"] : ["a=2"]);
    }
  });

  test("S18: a manifest that cannot be written anew takes edits all the same, and is written anew when there is room", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const engine = await openEngine({ ...small, writeBufferBytes: 100_000, manifestBytes: 600, directory });
    const longKey = "k".repeat(200); // so that all tables together take more room than an edit
    let isFull = true;
    const rule = fs.plan.arm({
      ...{ operations: ["write", "append"], path: "/manifest/*.seg" },
      predicate: ({ length = 0 }) => isFull && length > 1000,
      action: { kind: "error", errno: "ENOSPC" },
    });
    for (let at = 0; rule.fired < 3; at++) {
      await put(engine, `${longKey} ${at % 10}`, `${at}`);
      if (at > 200) throw new Error("it is never written anew");
    }
    expect(engine.failure).toBeUndefined();
    isFull = false;
    for (let at = 0; at < 10; at++) await put(engine, "last", `${at}`);
    const [first = ""] = segments(directory, "manifest");
    expect(first).not.toMatch(/0{19}1-/); // pruned behind a snapshot
    const before = contentOf(engine);
    expect(before).toContain("last=9");
    await engine.close();
    expect(await contentBehind(directory)).toEqual(before);
  });
});

describe("the rest", () => {
  test.each([2, 3, 12])("S13: a database of %s levels keeps them, and no level is out of reach", async (levelCount) => {
    const directory = new Directory(new MemoryFs());
    directory.makeDirectory("manifest");
    await (await openManifest(directory.directory("manifest"), stateOf(levelCount))).close();
    const engine = await openEngine({ ...small, tableBytes: 200, directory });
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 60; at++) await engine.put(bytes(`key ${at % 37}`), bytes(`${round} ${at}`));
      await engine.idle();
      if (round === 1) await engine.clear();
      if (round === 0) await engine.compactRange();
    }
    const content = contentOf(engine);
    expect(content).toHaveLength(37);
    await engine.close();
    const state = readManifest(directory.directory("manifest"));
    expect(state?.version.levels).toHaveLength(levelCount);
    expect(state?.version.tablesOf(levelCount - 1).length).toBeGreaterThan(0);
    expect(await contentBehind(directory)).toEqual(content);
  });

  test("S14: a batch may write a key more than once, and the last of them counts, before and behind a flush", async () => {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ ...roomy, directory });
    const batch = new WriteBatch();
    batch.put(bytes("a"), bytes("1"));
    batch.delete(bytes("a"));
    batch.put(bytes("a"), bytes("2"));
    batch.put(bytes("b"), bytes("1"));
    batch.delete(bytes("b"));
    await engine.write(batch);
    expect(engine.snapshot().seqno).toBe(5);
    expect(contentOf(engine)).toEqual(["a=2"]);
    await engine.flush();
    expect(contentOf(engine)).toEqual(["a=2"]);
    await engine.close();
    expect(await contentBehind(directory)).toEqual(["a=2"]);
  });

  test("S22: what a snapshot sees stays, whatever is compacted, and once it is released a read says so", async () => {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ ...roomy, directory });
    await put(engine, "a", "1");
    const snapshot = engine.snapshot();
    for (let at = 0; at < 5; at++) await put(engine, "a", "later");
    await engine.compactRange();
    expect(engine.get(bytes("a"), { snapshot })).toEqual(bytes("1"));
    snapshot.release();
    await put(engine, "a", "last");
    await engine.compactRange();
    const released = expect.objectContaining({ code: "LSM_SNAPSHOT_RELEASED" });
    expect(() => engine.get(bytes("a"), { snapshot })).toThrow(released);
    expect(() => engine.cursor({ snapshot })).toThrow(released);
    expect(() => engine.getMany([bytes("a")], { snapshot })).toThrow(released);
    expect(contentOf(engine)).toEqual(["a=last"]);
    await engine.close();
  });
});
