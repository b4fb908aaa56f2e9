import * as nodeFs from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { acquireDirectoryLock } from "../src/directory-lock.js";
import { CrashFs } from "../src/crash-fs.js";
import { Directory } from "../src/directory.js";
import { FaultFs } from "../src/fault-fs.js";
import { FsError, isFsError, type FsErrorCode } from "../src/fs-error.js";
import { stageFile } from "../src/publish.js";
import { BarrierQueue } from "../src/real-barrier-queue.js";
import { nodeCalls } from "../src/real-calls.js";
import { openDirectory } from "../src/real-directory.js";
import { RealFs } from "../src/real-fs.js";
import { scratchDirectory } from "./support/real-scene.js";

// Publishing, locking and real barriers: one test for each line that `npm run mutants` could remove without another test
// noticing.

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const temps = (fs: CrashFs): string[] =>
  fs
    .list("/")
    .map(({ name }) => name)
    .filter((name) => name.startsWith(".~"));

afterEach(() => vi.restoreAllMocks());

// --- publish ----------------------------------------------------------------------------------------------------

test("a staged file is published once, also while the first time is under way", async () => {
  const fs = new CrashFs();
  const staged = stageFile(new Directory(fs), "a");
  const first = staged.publish({ rung: "full" });
  await expect(staged.publish({ rung: "full" })).rejects.toMatchObject({ code: "FS_CLOSED" });
  staged.discard(); // nothing to do with it any more
  await first;
  expect(fs.list("/").map(({ name }) => name)).toEqual(["a"]);
});

test("a discarded file stays discarded: what takes its temporary name later is somebody else's", () => {
  const fs = new CrashFs();
  const staged = stageFile(new Directory(fs), "a");
  const [temp = ""] = temps(fs);
  staged.discard();
  fs.open(`/${temp}`, { mode: "write", create: "exclusive" }).close();
  staged.discard();
  expect(temps(fs)).toEqual([temp]);
});

test("a dead program tidies nothing up", async () => {
  const fs = new CrashFs();
  const staged = stageFile(new Directory(fs), "a");
  fs.crash("best");
  staged.discard();
  expect(temps(fs)).toHaveLength(1);

  const other = stageFile(new Directory(fs), "b");
  const publishing = other.publish({ rung: "full" });
  fs.crash("best");
  await expect(publishing).rejects.toMatchObject({ code: "FS_CRASHED" });
  expect(temps(fs)).toHaveLength(2);
});

test("a crash behind the rename is a crash, not a visible failure", async () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const staged = stageFile(directory, "a");
  vi.spyOn(fs, "syncNames").mockImplementation((path) => {
    const barrier = CrashFs.prototype.syncNames.call(fs, path);
    fs.crash("best");
    return barrier;
  });
  const failure: unknown = await staged.publish({ rung: "full" }).catch((error: unknown) => error);
  expect(isFsError(failure, "FS_CRASHED") && failure.visible).toBeFalsy();
  expect(isFsError(failure, "FS_CRASHED")).toBe(true);
  expect(fs.list("/").map(({ name }) => name)).toEqual(["a"]);
});

// --- the lock ---------------------------------------------------------------------------------------------------

test("a crash that comes while a lock is taken leaves the claim to the next life", () => {
  const fs = new CrashFs();
  vi.spyOn(fs, "link").mockImplementationOnce(() => {
    const dead = fs.open("/", { mode: "read" }); // never reached: a directory cannot be opened
    dead.close();
  });
  expect(() => acquireDirectoryLock(new Directory(fs))).toThrow(expect.objectContaining({ code: "FS_IS_A_DIRECTORY" }));
  expect(temps(fs)).toEqual([]); // an ordinary failure tidies up

  const handle = fs.open("/x", { mode: "write", create: "exclusive" });
  vi.spyOn(fs, "link").mockImplementationOnce(() => {
    fs.crash("best");
    handle.writeAt(bytes("dead"), 0); // throws FS_CRASHED, as every call of a dead program does
  });
  expect(() => acquireDirectoryLock(new Directory(fs))).toThrow(expect.objectContaining({ code: "FS_CRASHED" }));
  expect(temps(fs)).toHaveLength(1);
});

test("a lock from before a crash leaves the file that survived it alone", () => {
  const fs = new CrashFs();
  const lock = acquireDirectoryLock(new Directory(fs));
  fs.crash("best");
  lock.release();
  expect(fs.list("/")).toEqual([{ name: "LOCK", kind: "file" }]);
});

test("a released lock does nothing more", () => {
  const fs = new FaultFs(new CrashFs());
  const lock = acquireDirectoryLock(new Directory(fs));
  lock.release();
  const calls = vi.spyOn(fs, "open");
  lock.release();
  expect(calls).not.toHaveBeenCalled();
});

test("an old lock does not end the hold of its successor, whose file somebody has removed", () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const old = acquireDirectoryLock(directory);
  fs.crash("best");
  const successor = acquireDirectoryLock(directory);
  old.release();
  fs.remove("/LOCK");
  expect(() => acquireDirectoryLock(directory)).toThrow(expect.objectContaining({ code: "FS_LOCKED" }));
  successor.release();
});

test("directories of different roots are locked each for itself", () => {
  const [one, other] = [scratchDirectory(), scratchDirectory()];
  const first = acquireDirectoryLock(new Directory(new RealFs({ root: one })));
  const second = acquireDirectoryLock(new Directory(new RealFs({ root: other })));
  expect(second.owner.nonce).not.toBe(first.owner.nonce);
  first.release();
  second.release();
});

test("two torn locks have guards of their own", () => {
  const fs = new CrashFs();
  const guards: string[] = [];
  for (const torn of ["", "{"]) {
    const handle = fs.open("/LOCK", { mode: "write", create: "if-missing", truncate: true });
    handle.writeAt(bytes(torn), 0);
    handle.close();
    const link = vi.spyOn(fs, "link");
    acquireDirectoryLock(new Directory(fs)).release();
    guards.push(...link.mock.calls.map(([, to]) => to).filter((to) => to.includes(".guard")));
    link.mockRestore();
  }
  expect(guards).toHaveLength(2);
  expect(guards[0]).not.toBe(guards[1]);
});

test("a crash that comes while a claim is removed ends the attempt, though the lock was won", () => {
  const fs = new CrashFs();
  const handle = fs.open("/x", { mode: "write", create: "exclusive" });
  vi.spyOn(fs, "remove").mockImplementationOnce(() => {
    fs.crash("best");
    handle.writeAt(bytes("dead"), 0); // throws FS_CRASHED
  });
  expect(() => acquireDirectoryLock(new Directory(fs))).toThrow(expect.objectContaining({ code: "FS_CRASHED" }));
});

test("a winner that cannot read its lock gives up its own, and not what has taken its place", () => {
  const failing = (meanwhile: (fs: CrashFs) => void): CrashFs => {
    const fs = new CrashFs();
    const open = vi.spyOn(fs, "open").mockImplementation((path, options) => {
      if (path !== "/LOCK") return CrashFs.prototype.open.call(fs, path, options);
      open.mockRestore();
      meanwhile(fs);
      throw new FsError("FS_IO", "made by a test", { operation: "open", path });
    });
    expect(() => acquireDirectoryLock(new Directory(fs))).toThrow(expect.objectContaining({ code: "FS_IO" }));
    return fs;
  };
  expect(failing(() => undefined).list("/")).toEqual([]);
  const replaced = failing((fs) => {
    fs.remove("/LOCK");
    fs.open("/LOCK", { mode: "write", create: "exclusive" }).writeAt(bytes("somebody else's"), 0);
  });
  expect(replaced.list("/")).toEqual([{ name: "LOCK", kind: "file" }]);
});

// --- real barriers ----------------------------------------------------------------------------------------------

test("a queue is free again behind a barrier that failed", async () => {
  const queue = new BarrierQueue();
  const failed = queue.run(
    () => Promise.reject(new Error("EIO")),
    () => undefined,
  );
  expect(queue.busy).toBe(true);
  await expect(failed).rejects.toThrow("EIO");
  expect(queue.busy).toBe(false);
});

test("the barriers are the platform's own", () => {
  expect(nodeCalls.fsync).toBe(nodeFs.fsyncSync);
  expect(nodeCalls.fsyncAsync).toBe(nodeFs.fsync);
  expect(nodeCalls.fdatasync).toBe(nodeFs.fdatasyncSync);
  expect(nodeCalls.fdatasyncAsync).toBe(nodeFs.fdatasync);
});

test("openDirectory syncs the parent of every level it made, innermost first, and of one that was there", () => {
  const root = scratchDirectory();
  const synced: string[] = [];
  vi.spyOn(RealFs.prototype, "syncNamesBlocking").mockImplementation(function (this: RealFs) {
    synced.push(this.root.replace(root, "."));
  });
  openDirectory(`${root}/a/b/c`, { create: true });
  expect(synced.splice(0)).toEqual(["./a/b", "./a", "."]);
  openDirectory(`${root}/a/b/c`, { create: true });
  expect(synced).toEqual(["./a/b"]);
});

test("openDirectory fails when a name it made cannot be synced, and forgives only an unreadable parent of one that was there", () => {
  const root = scratchDirectory();
  const fail = (code: FsErrorCode): void => {
    vi.spyOn(RealFs.prototype, "syncNamesBlocking").mockImplementation(() => {
      throw new FsError(code, "made by a test", { operation: "syncNames", path: "/" });
    });
  };
  for (const code of ["FS_IO", "FS_PERMISSION_DENIED"] as const) {
    fail(code);
    expect(() => openDirectory(`${root}/${code}`, { create: true })).toThrow(expect.objectContaining({ code }));
  }
  openDirectory(`${root}/FS_IO`, { create: true }); // the parent cannot be read, and the name may be old
  fail("FS_IO");
  expect(() => openDirectory(`${root}/FS_IO`, { create: true })).toThrow(expect.objectContaining({ code: "FS_IO" }));
});
