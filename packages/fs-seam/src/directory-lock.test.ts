import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { aliveHere, ownerOf, refusalOf, reused, scene, self } from "../test/support/lock-scene.js";
import { bytesOf, descriptorCount, failureOf, platformError } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { acquireDirectoryLock, type DirectoryLockOptions } from "./directory-lock.js";
import { lockText, readLock } from "./lock-file.js";
import { MemoryFs } from "./memory-fs.js";
import { nodeCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

describe("one owner", () => {
  test("has the lock until it gives it up", () => {
    const { root, lock: path, directory } = scene();
    const before = descriptorCount();
    const lock = acquireDirectoryLock(directory);
    expect(JSON.parse(readFileSync(path, "latin1"))).toEqual({
      format: "holdfast-lock/1",
      nonce: lock.owner.nonce,
      ...self,
    });
    expect(readdirSync(root)).toEqual(["LOCK"]);
    const refusal = refusalOf(directory);
    expect(refusal).toMatchObject({ code: "FS_LOCKED", operation: "lock", path: "/LOCK" });
    expect(refusal.message).toContain(`process ${process.pid} `);
    lock.release();
    lock.release();
    expect(readdirSync(root)).toEqual([]);
    acquireDirectoryLock(directory)[Symbol.dispose]();
    expect(readdirSync(root)).toEqual([]);
    expect(descriptorCount()).toBe(before);
  });

  test("is refused a second time through any view of the directory", () => {
    const { root, directory } = scene();
    mkdirSync(`${root}/store`);
    const lock = acquireDirectoryLock(directory.directory("store"));
    for (const view of [
      directory.directory("store"),
      new Directory(new RealFs({ root }), "/store"),
      new Directory(new RealFs({ root: `${root}/store` })),
    ]) {
      expect(refusalOf(view).code).toBe("FS_LOCKED");
    }
    const other = acquireDirectoryLock(directory, { name: "OTHER" });
    other.release();
    lock.release();
  });

  test("keeps it although someone removes the file", () => {
    const { lock: path, directory } = scene();
    const lock = acquireDirectoryLock(directory);
    unlinkSync(path);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    lock.release();
    acquireDirectoryLock(directory).release();
  });

  test("releases nobody else's lock", () => {
    const { lock: path, directory } = scene();
    const lock = acquireDirectoryLock(directory);
    writeFileSync(path, lockText(aliveHere));
    lock.release();
    expect(ownerOf(directory)).toEqual(aliveHere);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    unlinkSync(path);
    const next = acquireDirectoryLock(directory);
    lock.release();
    expect(ownerOf(directory)).toEqual(next.owner);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    next.release();
  });

  test("still has it when the release fails, and may try again", () => {
    let broken = true;
    const { directory } = scene({
      unlink: (path) => {
        if (broken && path.endsWith("/LOCK")) throw platformError("EIO");
        nodeCalls.unlink(path);
      },
    });
    const lock = acquireDirectoryLock(directory);
    expect(failureOf(() => lock.release()).code).toBe("FS_IO");
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    broken = false;
    lock.release();
    acquireDirectoryLock(directory).release();
  });

  test("lets readers in, and readers take no lock", () => {
    const { root, directory } = scene();
    directory.writeFile("data", bytesOf("x"));
    using lock = acquireDirectoryLock(directory);
    const reader = new Directory(new RealFs({ root, readOnly: true }));
    expect(reader.readFile("data")).toEqual(bytesOf("x"));
    expect(refusalOf(reader).code).toBe("FS_LOCKED");
    lock.release();
    expect(refusalOf(reader).code).toBe("FS_READ_ONLY");
  });
});

describe("bad options", () => {
  test.each([
    { name: "" },
    { name: "a/b" },
    { name: "../LOCK" },
    { name: "x".repeat(300) },
    { name: 5 },
    { nam: "LOCK" },
    null,
  ])("%j", (options) => {
    const { root, directory } = scene();
    const { code } = refusalOf(directory, options as unknown as DirectoryLockOptions);
    expect(["FS_INVALID_ARGUMENT", "FS_INVALID_PATH", "FS_NAME_TOO_LONG"]).toContain(code);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a long name is no bad one", () => {
    const { root, directory } = scene();
    const name = "L".repeat(255);
    const lock = acquireDirectoryLock(directory, { name });
    expect(readdirSync(root)).toEqual([name]);
    lock.release();
    writeFileSync(`${root}/${name}`, lockText(reused));
    acquireDirectoryLock(directory, { name }).release();
    expect(readdirSync(root)).toEqual([]);
  });
});

test("whoever tidies up bears it that another takes its own claim away meanwhile", () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const lock = acquireDirectoryLock(directory);
  for (const name of [".~LOCK.1", ".~LOCK.2", ".~LOCK.3"]) directory.writeFile(name, bytesOf("a claim"));
  fs.list = (path) => {
    const entries = MemoryFs.prototype.list.call(fs, path);
    fs.remove("/.~LOCK.2"); // behind the look, and before the first removal
    return entries;
  };
  expect(directory.sweepTemps()).toBe(2);
  expect(MemoryFs.prototype.list.call(fs, "/").map(({ name }) => name)).toEqual(["LOCK"]);
  lock.release();
});

test("in memory there are locks too", () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const lock = acquireDirectoryLock(directory);
  expect(refusalOf(directory).code).toBe("FS_LOCKED");
  acquireDirectoryLock(new Directory(new MemoryFs())).release();
  lock.release();
  acquireDirectoryLock(directory).release();
  expect(directory.fs.list("/")).toEqual([]);
});

test("the file of an owner is ASCII, whatever its host is called", () => {
  const { lock, directory } = scene();
  const owner = { ...self, host: 'höst\n"名"', nonce: "n" };
  const text = lockText(owner);
  expect(text).toMatch(/^[ -~]+\n$/);
  writeFileSync(lock, text);
  expect(readLock(directory, "LOCK")).toMatchObject({ owner, text, key: "n" });
});
