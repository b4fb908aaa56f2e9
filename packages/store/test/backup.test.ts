// A backup is the same store up to an event that was durable when it began, whatever is written meanwhile; and nothing else passes for one.
import { acquireDirectoryLock, Directory, openDirectory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beginSegment } from "@holdfast/wal/rewrite";
import { describe, expect, test } from "vitest";
import { openStoreReader, region, type StoreReader } from "../src/index.js";
import { backup, compact, verifyBackup, type BackupProgress } from "../src/maintenance-entry.js";
import { UNFINISHED_BACKUP } from "../src/unfinished-backup.js";
import { determined, events, openSample, Placed, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";
import { appendOne, envelopesOf, filledStore, keepOpen } from "./support/retained-store.js";

const empty = (): Directory => new Directory(new MemoryFs());

const readerOf = (directory: Directory): StoreReader<Sample> => openStoreReader({ directory, events });

function filesOf(directory: Directory): string[] {
  return directory.fs.list(directory.path).map(({ name }) => name);
}

describe("a backup", () => {
  test("opens as the same store, verifies, and goes on by itself", async () => {
    const store = await filledStore();
    await compact(store, { keep: keepOpen });
    const target = empty();
    const report = await backup(store, target);
    const last = store.lastSequence;
    expect(report.anchor).toEqual({
      id: Buffer.from(store.maintenance.log.segments()[0]?.header.logId ?? []).toString("hex"),
      sequence: last,
      hash: Buffer.from(store.hashAt(last) ?? []).toString("hex"),
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
    expect(filesOf(target)).toEqual(report.files.map(({ name }) => name));
    expect(report.bytes).toBe(report.files.reduce((sum, { name }) => sum + target.stat(name).size, 0));
    expect(await verifyBackup(target, report)).toEqual({ kind: "intact", bytes: report.bytes });
    const expected = allTold(store, last);
    using beside = readerOf(target);
    expect(allTold(beside, last)).toEqual(expected);
    expect(await beside.verify()).toMatchObject({ kind: "intact", isDeep: true, events: last });
    const copy = await openSample(target, determined(1));
    expect(copy.openReport.log).toMatchObject({ rewrittenRecords: 0, provenLsn: last, dropped: [] });
    expect(allTold(copy, last)).toEqual(expected);
    const { next: after = "" } = store.page(region(), { limit: 3 });
    expect(copy.page(region(), { limit: 3, after })).toEqual(store.page(region(), { limit: 3, after }));
    copy.append("open:b", Placed, { amount: 99 });
    expect(await copy.verify()).toMatchObject({ kind: "intact", events: last + 1 });
    expect(store.lastSequence).toBe(last);
    await copy.close();
    await store.close();
  });

  test("of an empty store, and of one with an event in every kind of segment", async () => {
    for (const count of [0, 1, 2, 3, 4]) {
      const store = await filledStore(undefined, { count });
      const target = empty();
      const report = await backup(store, target);
      expect(report.anchor.sequence).toBe(store.lastSequence);
      if (count === 0) expect(report.anchor.hash).toBe("");
      const copy = await openSample(target, determined(1));
      expect(allTold(copy, copy.lastSequence)).toEqual(allTold(store, store.lastSequence));
      await copy.close();
      await store.close();
    }
  });

  test("has what was durable when it began, whole commits, whatever is appended meanwhile", async () => {
    let number = 100;
    const store = await filledStore(undefined, {
      count: 9,
      turn: () => Promise.resolve(appendOne(store, (number += 1))),
    });
    const { lastSequence } = store;
    const expected = allTold(store, lastSequence);
    const target = empty();
    const working = backup(store, target);
    appendOne(store, 99); // behind the last event that was there at the call, and before the barrier
    const { anchor } = await working;
    expect(number).toBeGreaterThan(101);
    expect(store.lastSequence).toBeGreaterThan(anchor.sequence);
    using copy = readerOf(target);
    expect(copy.lastSequence).toBe(anchor.sequence);
    expect(anchor.sequence).toBeGreaterThanOrEqual(lastSequence);
    expect(allTold(copy, lastSequence)).toEqual(expected);
    expect(envelopesOf(copy)).toEqual(envelopesOf(store, anchor.sequence));
    expect(await copy.verify()).toMatchObject({ kind: "intact", events: anchor.sequence });
    await store.close();
  });

  test("ends with the event that was durable, although its segment goes on, or another one has been begun", async () => {
    for (const isSealed of [false, true]) {
      const store = await filledStore(undefined, { count: 4, segmentBytes: 100_000 });
      const target = empty();
      const { lastSequence } = store;
      const working = backup(store, target);
      await Promise.resolve();
      await Promise.resolve(); // the barrier has nothing to cover, and what follows is behind it
      appendOne(store, 5);
      if (isSealed) beginSegment(store.maintenance.log);
      const { anchor } = await working;
      expect(anchor.sequence).toBe(lastSequence);
      const copy = await openSample(target, determined(1));
      expect(copy.openReport.log).toMatchObject({ lastLsn: lastSequence, provenLsn: lastSequence });
      expect(allTold(copy, lastSequence)).toEqual(allTold(store, lastSequence));
      await copy.close();
      await store.close();
    }
  });

  test("is found damaged where any of it is, before it is opened and after", async () => {
    const store = await filledStore();
    const target = empty();
    const report = await backup(store, target);
    const names = report.files.map(({ name }) => name) as [string, string, ...string[]];
    const last = names.at(-1) as string;
    const sound = (target.fs as MemoryFs).snapshot();
    const damaged = async (change: (directory: Directory) => void): Promise<Directory> => {
      const directory = new Directory(new MemoryFs({ image: sound }));
      change(directory);
      expect(await verifyBackup(directory, report)).toMatchObject({ kind: "damaged" });
      return directory;
    };
    const flipped = await damaged((directory) => {
      const bytes = directory.readFile(last);
      bytes[bytes.length - 60] = (bytes[bytes.length - 60] as number) ^ 1; // in its last record
      directory.writeFile(last, bytes);
    });
    expect(await verifyBackup(flipped, report)).toEqual({
      kind: "damaged",
      findings: [{ kind: "changed", file: last }],
    });
    // Even the very end: the frame behind the last record states that it was there.
    expect(() => readerOf(flipped)).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
    await damaged((directory) => directory.writeFile(last, Uint8Array.of(...directory.readFile(last), 0)));
    const missing = await damaged((directory) => directory.remove(names[1]));
    expect(await verifyBackup(missing, report)).toEqual({
      kind: "damaged",
      findings: [{ kind: "missing", file: names[1] }],
    });
    const extra = last.replace(/^\d{20}/, "00000000000000000099");
    const found = await damaged((directory) => directory.link(last, extra));
    expect(await verifyBackup(found, report)).toEqual({ kind: "damaged", findings: [{ kind: "extra", file: extra }] });
    const unfinished = await damaged((directory) => directory.rename(names[0], UNFINISHED_BACKUP));
    expect(await verifyBackup(unfinished, report)).toEqual({
      kind: "damaged",
      findings: [
        { kind: "unfinished", file: UNFINISHED_BACKUP },
        { kind: "missing", file: names[0] },
      ],
    });
    const early = new Directory(new MemoryFs());
    await expect(backup(store, early, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "STORE_ABORTED",
    });
    expect(early.list()).toEqual([]);
    const aborted = verifyBackup(target, report, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: "STORE_ABORTED" });
    const told: number[] = [];
    await verifyBackup(target, report, { onProgress: ({ bytes }) => told.push(bytes) });
    expect(told.at(-1)).toBe(report.bytes);
    await store.close();
  });
});

test("a target that keeps other bytes than it was given is found out", async () => {
  const store = await filledStore();
  const memory = new MemoryFs();
  const original = memory.open.bind(memory);
  let sizeBytes = 0;
  memory.open = (path, how) => {
    const handle = original(path, how);
    if (!path.includes(UNFINISHED_BACKUP) || how.mode !== "write") return handle;
    const sync = handle.sync.bind(handle);
    handle.sync = async (rung) => {
      await sync(rung);
      sizeBytes = handle.stat().size;
      if (sizeBytes > 100) handle.writeAt(Uint8Array.of(0xff), 100);
    };
    return handle;
  };
  await expect(backup(store, new Directory(memory))).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  expect(sizeBytes).toBeGreaterThan(100);
  await store.close();
});

describe("what is no backup", () => {
  test("an unfinished one is refused by whoever would open it, is left as it is, and the next one begins again", async () => {
    const store = await filledStore();
    const target = empty();
    const reason = new Error("enough");
    const controller = new AbortController();
    let turns = 0;
    const onProgress = ({ bytes, totalBytes }: BackupProgress): void => {
      expect(bytes).toBeLessThanOrEqual(totalBytes);
      if ((turns += 1) === 2) controller.abort(reason);
    };
    const ended = backup(store, target, { signal: controller.signal, onProgress });
    await expect(ended).rejects.toMatchObject({ code: "STORE_ABORTED", cause: reason });
    const left = filesOf(target);
    expect(left).toContain(UNFINISHED_BACKUP);
    expect(left.length).toBeGreaterThan(1);
    const refused = expect.objectContaining({ code: "STORE_UNFINISHED", context: { file: UNFINISHED_BACKUP } });
    await expect(openSample(target)).rejects.toEqual(refused);
    expect(() => readerOf(target)).toThrowError(refused);
    expect(filesOf(target)).toEqual(left);
    const report = await backup(store, target);
    expect(await verifyBackup(target, report)).toMatchObject({ kind: "intact" });
    await store.close();
  });

  test("a store whose first segment is missing is refused", async () => {
    const store = await filledStore();
    const target = empty();
    const { files } = await backup(store, target);
    target.remove(files[0]?.name ?? "");
    const refused = expect.objectContaining({ code: "STORE_CORRUPT" });
    expect(() => readerOf(target)).toThrowError(refused);
    await expect(openSample(target)).rejects.toEqual(refused);
    await store.close();
  });

  test("a target that is the store's, lies in it, or holds anything else is refused, and untouched", async () => {
    const root = new MemoryFs();
    for (const name of ["/store", "/store/inside", "/storefront", "/other"]) root.makeDirectory(name);
    const at = (path: string): Directory => new Directory(root, path);
    const store = await filledStore(at("/store"));
    const refused = { code: "STORE_INVALID_OPTION", context: { field: "target" } };
    await expect(backup(store, at("/store"))).rejects.toMatchObject(refused);
    await expect(backup(store, at("/store/inside"))).rejects.toMatchObject(refused);
    await expect(backup(store, {} as never)).rejects.toMatchObject(refused);
    at("/other").writeFile("notes.txt", Uint8Array.of(1));
    await expect(backup(store, at("/other"))).rejects.toMatchObject(refused);
    expect(filesOf(at("/other"))).toEqual(["notes.txt"]);
    expect(await backup(store, at("/storefront"))).toBeDefined();
    const files = filesOf(at("/storefront"));
    await expect(backup(store, at("/storefront"))).rejects.toMatchObject(refused); // a backup is not overwritten
    expect(filesOf(at("/storefront"))).toEqual(files);
    // The same disk behind another object: the lock tells.
    const alias = new Directory(new FaultFs(root), "/store");
    await expect(backup(store, alias)).rejects.toMatchObject(
      alias.fs.namespaceId === root.namespaceId ? refused : { code: "FS_LOCKED" },
    );
    expect(await store.verify()).toMatchObject({ kind: "intact" });
    await store.close();
  });

  test("an unfinished backup of another store is refused; one that was never begun in earnest is anybody's", async () => {
    const store = await filledStore();
    const elsewhere = new MemoryFs();
    elsewhere.nonce(); // so that the ids of the two are not the same
    const other = await filledStore(new Directory(elsewhere));
    const target = empty();
    const stop = new AbortController();
    const begun = backup(other, target, { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(begun).rejects.toMatchObject({ code: "STORE_ABORTED" });
    expect(filesOf(target)).toEqual([UNFINISHED_BACKUP]);
    await expect(backup(store, target)).rejects.toMatchObject({ code: "STORE_INVALID_OPTION" });
    target.writeFile(UNFINISHED_BACKUP, Uint8Array.of(1, 2, 3));
    expect(await backup(store, target)).toBeDefined();
    await store.close();
    await other.close();
  });

  test("a target that somebody else works on is refused", async () => {
    const store = await filledStore();
    const target = empty();
    const lock = acquireDirectoryLock(target, { name: "LOCK" });
    await expect(backup(store, target)).rejects.toMatchObject({ code: "FS_LOCKED" });
    lock.release();
    expect(await backup(store, target)).toBeDefined();
    await store.close();
  });

  test("a damaged store is not copied: file and offset are named", async () => {
    const directory = empty();
    const store = await filledStore(directory);
    const [, second] = store.maintenance.log.segments();
    const bytes = directory.readFile(second?.file ?? "");
    bytes[64 + 40] = (bytes[64 + 40] as number) ^ 1; // in its first record
    directory.writeFile(second?.file ?? "", bytes);
    const damage = { code: "WAL_CORRUPT", context: { file: second?.file, offset: 64 } };
    await expect(backup(store, empty())).rejects.toMatchObject(damage);
    await expect(compact(store, { keep: keepOpen })).rejects.toMatchObject(damage);
    expect(directory.readFile(second?.file ?? "")).toEqual(bytes);
    await store.close();
  });
});

test("on a real disk", async () => {
  const path = mkdtempSync(join(tmpdir(), "holdfast-backup-"));
  try {
    const root = openDirectory(path);
    root.makeDirectories("store");
    root.makeDirectories("copy");
    const store = await filledStore(root.directory("store"), { count: 200, segmentBytes: 8192 });
    await compact(store, { keep: keepOpen, rotate: true });
    const target = root.directory("copy");
    const report = await backup(store, target);
    expect(await verifyBackup(target, report)).toMatchObject({ kind: "intact" });
    await expect(backup(store, root.directory("store"))).rejects.toMatchObject({ code: "STORE_INVALID_OPTION" });
    using copy = readerOf(target);
    expect(allTold(copy, copy.lastSequence)).toEqual(allTold(store, store.lastSequence));
    await store.close();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});
