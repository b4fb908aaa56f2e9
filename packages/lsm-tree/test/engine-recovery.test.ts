// What an open makes of what it finds: it refuses before it changes anything, and removes nothing that may be needed.
import { Directory, makeDirectoriesDurably } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWalReader } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import { openEngine } from "../src/engine.js";
import type { ManifestState } from "../src/manifest-fold.js";
import { ManifestLog } from "../src/manifest-log.js";
import { Version } from "../src/version.js";
import { bytes, contentOf, small } from "./engine-law.js";

/** Every file below a directory, with its bytes. */
function filesOf(directory: Directory, path = ""): Record<string, string> {
  return Object.fromEntries(
    directory.list(path).flatMap(({ name, kind }) => {
      const each = path === "" ? name : `${path}/${name}`;
      if (kind === "directory") return Object.entries(filesOf(directory, each));
      return [[each, Buffer.from(directory.readFile(each)).toString("hex")]];
    }),
  );
}

/** A database with two tables and records in its log. */
async function filled(directory: Directory): Promise<void> {
  const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory });
  for (const key of ["a", "b"]) {
    await engine.put(bytes(key), bytes("1"));
    await engine.flush();
  }
  await engine.put(bytes("c"), bytes("1"), { rung: "data" });
  await engine.close();
}

async function expectRefused(directory: Directory, code: string): Promise<void> {
  const before = filesOf(directory);
  await expect(openEngine({ ...small, directory })).rejects.toMatchObject({ code });
  expect(filesOf(directory)).toEqual(before);
}

test("law 48: another format or order is refused before anything is written", async () => {
  for (const [field, value] of [
    ["formatVersion", 2],
    ["comparator", 2],
  ] as const) {
    const directory = new Directory(new MemoryFs());
    directory.makeDirectory("manifest");
    const state: ManifestState = {
      database: {
        ...{
          formatVersion: 1,
          comparator: 1,
          databaseId: new Uint8Array(16),
          hashKey: { low: 1, high: 2 },
          levelCount: 7,
        },
        [field]: value,
      },
      version: Version.empty(7),
      ...{ nextFileNumber: 1, lastSeqno: 0, flushedLsn: 0, compactPointers: new Map() },
    };
    const manifest = await ManifestLog.open(
      { directory: directory.directory("manifest"), mode: "recover", manifestBytes: 1000 },
      state,
    );
    await manifest.close();
    await expectRefused(directory, "LSM_UNSUPPORTED");
  }
});

describe("law 49, 50: what may be needed is refused as it is, and stays", () => {
  test("tables, or a log, without a manifest", async () => {
    for (const kept of ["tables", "wal"]) {
      const directory = new Directory(new MemoryFs());
      await filled(directory);
      directory.removeTree("manifest");
      directory.removeTree(kept === "wal" ? "tables" : "wal");
      await expectRefused(directory, "LSM_CORRUPT");
    }
  });

  test("a missing table, one of another size, with an orphan beside it", async () => {
    const directory = new Directory(new MemoryFs());
    await filled(directory);
    directory.writeFile("tables/77.sst", bytes("orphan"));
    const table = directory.readFile("tables/1.sst");
    directory.remove("tables/1.sst");
    await expectRefused(directory, "LSM_MISSING_TABLE");
    directory.writeFile("tables/1.sst", table.subarray(1));
    await expectRefused(directory, "LSM_CORRUPT");
    directory.writeFile("tables/1.sst", table);
    const kept = await openEngine({ ...small, directory, orphans: "keep" });
    expect(kept.openReport.orphans).toEqual(["77.sst"]);
    await kept.close();
    const engine = await openEngine({ ...small, directory });
    expect(engine.openReport.orphans).toEqual(["77.sst"]);
    expect(directory.exists("tables/77.sst")).toBe(false);
    await engine.close();
  });

  test("a log that has lost what tables were made of", async () => {
    const directory = new Directory(new MemoryFs());
    await filled(directory);
    directory.removeTree("wal");
    await expect(openEngine({ ...small, directory })).rejects.toMatchObject({ code: "LSM_CORRUPT" });
    expect(directory.exists("tables/1.sst")).toBe(true);
  });

  test("a manifest beside a log that is refused is not written anew", async () => {
    const fs = new MemoryFs();
    const engine = await openEngine({ ...small, manifestBytes: 1_000_000, directory: new Directory(fs) });
    for (const key of ["a", "b", "c", "d", "e"]) {
      await engine.put(bytes(key.padEnd(200, "k")), bytes("1"));
      await engine.flush();
    }
    await engine.idle();
    const directory = new Directory(new MemoryFs({ image: fs.snapshot() }));
    await engine.close();
    const editsIn = (): number => [...openWalReader({ directory: directory.directory("manifest") }).read()].length;
    const edits = editsIn();
    expect(edits).toBeGreaterThan(5);
    directory.removeTree("wal");
    const refused = openEngine({ ...small, manifestBytes: 4, directory });
    await expect(refused).rejects.toMatchObject({ code: "LSM_CORRUPT" });
    expect(editsIn()).toBe(edits);
  });
});

test.each(["keep", "remove"] as const)(
  "law 29: a name is not used again, whoever had it: orphans are to %s",
  async (orphans) => {
    const directory = new Directory(new MemoryFs());
    await filled(directory);
    directory.writeFile("tables/77.sst", bytes("orphan"));
    for (const greatest of [78, 79]) {
      // Each open takes the next one, whether what had the last one is still there or its removal may not be durable.
      const engine = await openEngine({ ...small, directory, orphans });
      await engine.put(bytes("d"), bytes("1"));
      await engine.flush();
      expect(Math.max(...directory.list("tables").map(({ name }) => parseInt(name)))).toBe(greatest);
      if (orphans === "keep") expect(directory.readFile("tables/77.sst")).toEqual(bytes("orphan"));
      await engine.close();
    }
  },
);

test("law 21, 46: an open flushes while it replays, and goes on with higher seqnos", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...small, writeBufferBytes: 1_000_000, directory });
  for (let at = 0; at < 40; at++) await engine.put(bytes(`key ${at % 7}`), bytes(`${at}`.repeat(20)));
  const before = engine.snapshot().seqno;
  await engine.close();
  const again = await openEngine({ ...small, writeBufferBytes: 500, directory });
  expect(again.openReport.flushes).toBeGreaterThan(3);
  expect(again.openReport.replayedRecords).toBe(40);
  expect(contentOf(again)).toHaveLength(7);
  expect(again.snapshot().seqno).toBe(before);
  await again.put(bytes("key 1"), bytes("last"));
  expect(again.snapshot().seqno).toBe(before + 1);
  await again.close();
});

test("law 66: the same calls make the same bytes", async () => {
  const run = async (): Promise<Record<string, string>> => {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ ...small, directory });
    for (let at = 0; at < 30; at++) await engine.put(bytes(`key ${at % 11}`), bytes(`${at}`.repeat(10)));
    await engine.flush();
    await engine.idle();
    await engine.close();
    return filesOf(directory);
  };
  expect(await run()).toEqual(await run());
});

test("law 51: writes that would wait for a flush which has no room are refused, and go on when there is room", async () => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const engine = await openEngine({ ...small, directory });
  let isFull = true;
  fs.plan.arm({
    operations: ["open", "append"],
    path: "*.sst",
    predicate: () => isFull,
    action: { kind: "error", errno: "ENOSPC" },
  });
  const refused: number[] = [];
  for (let at = 0; at < 20; at++) {
    await engine.put(bytes(`key ${at}`), bytes("x".repeat(150))).catch((error: unknown) => {
      expect(error).toMatchObject({ code: "LSM_NO_SPACE" });
      refused.push(at);
    });
  }
  expect(refused.length).toBeGreaterThan(5);
  expect(engine.failure).toBeUndefined();
  expect(contentOf(engine)).toHaveLength(20 - refused.length);
  isFull = false;
  // The next one waits for another attempt of the flush, which finds room.
  for (const at of refused) await engine.put(bytes(`key ${at}`), bytes("y"));
  await engine.close();
  const again = await openEngine({ ...small, directory });
  expect(contentOf(again)).toHaveLength(20);
  await again.close();
});

test("law 37: a clear at any moment of a flush and a compaction leaves nothing of what was before it, and nothing on the disk", async () => {
  for (let moment = 0; moment < 120; moment += 1) {
    const directory = new Directory(new MemoryFs());
    const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory });
    for (const key of ["a", "b"]) {
      await engine.put(bytes(key), bytes("1"));
      await engine.flush();
    }
    await engine.put(bytes("c"), bytes("1"));
    const work = moment % 2 === 0 ? engine.flush() : engine.compactRange();
    for (let step = 0; step < moment; step += 2) await Promise.resolve();
    const cleared = engine.clear();
    await engine.put(bytes("d"), bytes("1"));
    expect(contentOf(engine)).toEqual(["d=1"]);
    await Promise.allSettled([work, cleared]);
    await engine.idle();
    expect(contentOf(engine)).toEqual(["d=1"]);
    await engine.close();
    const again = await openEngine({ ...small, directory });
    expect(again.openReport).toMatchObject({ orphans: [], tables: 0 });
    expect(contentOf(again)).toEqual(["d=1"]);
    await again.close();
  }
});

test("law 23, 28, 36: a cursor reads what there was when it was made, from tables that a compaction has replaced, and then they go", async () => {
  const directory = new Directory(new MemoryFs());
  const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory });
  for (const value of ["1", "2"]) {
    await engine.put(bytes("a"), bytes(value));
    await engine.put(bytes(`b${value}`), bytes(value));
    await engine.flush();
  }
  const cursor = engine.cursor();
  await engine.put(bytes("a"), bytes("3"));
  await engine.compactRange();
  expect(directory.list("tables").length).toBeGreaterThan(1);
  const found: string[] = [];
  for (cursor.start(); cursor.valid; cursor.next()) {
    found.push(Buffer.from(cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd)).toString());
  }
  expect(found).toEqual(["2", "1", "2"]);
  cursor.close();
  cursor.close();
  expect(directory.list("tables")).toHaveLength(1);
  expect(contentOf(engine)).toEqual(["a=3", "b1=1", "b2=2"]);
  await engine.close();
});

/** All that the next open finds. */
async function contentBehind(directory: Directory): Promise<string[]> {
  await using engine = await openEngine({ directory });
  return contentOf(engine);
}

describe("the names of the directories", () => {
  test("are durable before anything is that is in them, also where a process died between making them and their barrier", async () => {
    for (const made of [[], ["tables"], ["tables", "wal"], ["tables", "wal", "manifest"]]) {
      const fs = new CrashFs();
      for (const name of made) fs.makeDirectory(`/${name}`);
      const engine = await openEngine({ directory: new Directory(fs) });
      await engine.put(bytes("a"), bytes("1"), { rung: "data" });
      fs.crash("worst");
      expect(await contentBehind(new Directory(fs))).toEqual(["a=1"]);
    }
  });

  test.each([[[]], [["wal"]]])(
    "are durable before a write is, in a backup that was copied without its empty log, where a process died that made %j",
    async (made) => {
      const from = new Directory(new MemoryFs());
      const database = await openEngine({ directory: new Directory(new MemoryFs()) });
      await database.put(bytes("a"), bytes("1"));
      await database.backup(from);
      await database.close();
      const fs = new CrashFs();
      const copy = new Directory(fs);
      for (const path of Object.keys(filesOf(from)).filter((each) => !each.endsWith("LOCK"))) {
        const [parent = ""] = path.split("/");
        await makeDirectoriesDurably(copy, parent);
        copy.writeFile(path, from.readFile(path));
        const handle = copy.open(path, { mode: "write" });
        await handle.sync("full");
        handle.close();
        await copy.syncNames(parent);
      }
      for (const name of made) copy.makeDirectory(name);
      const engine = await openEngine({ directory: copy });
      expect(engine.openReport.created).toBe(false);
      await engine.put(bytes("b"), bytes("1"), { rung: "data" });
      fs.crash("worst");
      expect(await contentBehind(new Directory(fs))).toEqual(["a=1", "b=1"]);
    },
  );

  test("are durable before a flush is, in a copy with a log and without tables, where a process died that made their directory", async () => {
    const fs = new CrashFs();
    const engine = await openEngine({ directory: new Directory(fs) });
    await engine.put(bytes("a"), bytes("1"));
    await engine.close();
    fs.removeDirectory("/tables");
    await fs.syncNames("/");
    fs.makeDirectory("/tables");
    const again = await openEngine({ directory: new Directory(fs) });
    await again.flush();
    fs.crash("worst");
    expect(await contentBehind(new Directory(fs))).toEqual(["a=1"]);
  });

  test("have been durable for as long as there was a manifest: no barrier is passed for them again", async () => {
    const disk = new MemoryFs();
    await filled(new Directory(disk));
    const fs = new FaultFs(disk);
    const rule = fs.plan.arm("syncNames:/ EIO");
    await using engine = await openEngine({ ...small, directory: new Directory(fs) });
    expect(engine.get(bytes("a"))).toEqual(bytes("1"));
    expect(rule.fired).toBe(0);
  });
});
