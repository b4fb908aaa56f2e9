import { existsSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { operationsOn, scene, treeOf } from "../test/support/real-fs-scene.js";
import { bytesOf, callsThatFail, failureOf } from "../test/support/real-scene.js";
import { RealFs } from "./real-fs.js";
import type { RealFsOptions } from "./real-options.js";
import type { RealRetry } from "./real-retry.js";

describe("the root", () => {
  test("is canonical, and a symlink to it is the same file system", () => {
    const { root, fs } = scene();
    expect(fs.root).toBe(root);
    const other = new RealFs({ root: `${root}/linked` });
    expect(other.root).toBe(`${root}/dir`);
    expect(new RealFs({ root: `${root}/dir/../dir` }).namespaceId).toBe(other.namespaceId);
    expect(fs.namespaceId).not.toBe(other.namespaceId);
    expect(new RealFs({ root, readOnly: true }).namespaceId).toBe(fs.namespaceId);
  });

  test("must be an existing directory", () => {
    const { root } = scene();
    expect(failureOf(() => new RealFs({ root: `${root}/none` })).code).toBe("FS_NOT_FOUND");
    expect(failureOf(() => new RealFs({ root: `${root}/file` })).code).toBe("FS_NOT_A_DIRECTORY");
    expect(failureOf(() => new RealFs({ root: `${root}/file/below` })).code).toBe("FS_NOT_A_DIRECTORY");
  });

  test.each([
    undefined,
    null,
    {},
    { root: "" },
    { root: 1 },
    { root: "a\0b" },
    { root: "/", readOnly: "yes" },
    { root: "/", readonly: true },
  ])("bad options: %j", (options) => {
    expect(failureOf(() => new RealFs(options as unknown as RealFsOptions)).code).toBe("FS_INVALID_ARGUMENT");
  });

  test("can be the root of the host", () => {
    const { root } = scene();
    const fs = new RealFs({ root: "/" });
    expect(fs.stat(root).kind).toBe("directory");
    expect(fs.stat(`${root}/file`).size).toBe(3);
    expect(fs.stat("/").kind).toBe("directory");
  });

  test("itself can be listed, described and synced, and nothing else", async () => {
    const { root, fs } = scene();
    expect(fs.stat("/").kind).toBe("directory");
    expect(fs.list("/")).toHaveLength(5);
    await fs.syncNames("/");
    fs.syncNamesBlocking("/");
    const before = treeOf(root);
    expect(failureOf(() => fs.removeDirectory("/")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.rename("/", "/new")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.rename("/dir", "/")).code).toBe("FS_BUSY");
    expect(failureOf(() => fs.makeDirectory("/")).code).toBe("FS_ALREADY_EXISTS");
    expect(failureOf(() => fs.remove("/")).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.link("/", "/new")).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.link("/file", "/")).code).toBe("FS_ALREADY_EXISTS");
    expect(failureOf(() => fs.open("/", { mode: "read" })).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.open("/", { mode: "write" })).code).toBe("FS_IS_A_DIRECTORY");
    expect(failureOf(() => fs.open("/", { mode: "write", create: "exclusive" })).code).toBe("FS_ALREADY_EXISTS");
    const empty = new RealFs({ root: `${root}/empty` });
    expect(failureOf(() => empty.removeDirectory("/")).code).toBe("FS_BUSY");
    expect(treeOf(root)).toBe(before);
  });
});

describe("read-only", () => {
  test("every change is refused, every look is not", async () => {
    const { root, fs: writable } = scene();
    const fs = new RealFs({ root, readOnly: true });
    const before = treeOf(root);
    expect(fs.readOnly).toBe(true);
    expect(writable.readOnly).toBe(false);
    const looks = new Set(["open", "stat", "list", "syncNames"]);
    for (const path of ["/file", "/dir", "/new", "/link"]) {
      for (const [name, run] of Object.entries(operationsOn(fs, path))) {
        if (!looks.has(name)) expect(failureOf(run), `${name} ${path}`).toMatchObject({ code: "FS_READ_ONLY" });
      }
    }
    const handle = fs.open("/file", { mode: "read" });
    expect(handle.readAt(new Uint8Array(3), 0)).toBe(3);
    await handle.sync("data");
    handle.close();
    expect(fs.stat("/dir").kind).toBe("directory");
    expect(fs.list("/")).toHaveLength(5);
    await fs.syncNames("/");
    expect(treeOf(root)).toBe(before);
  });
});

test("capabilities", () => {
  expect(scene().fs.capabilities()).toEqual({
    namesBarrier: "fsync",
    persistent: true,
    hardLinks: true,
    reflink: "try",
    punch: false,
    allocate: "zero-fill",
    symlinkRefusal: "atomic",
    lockEvidence: "process-start-time",
  });
});

test("space is what an unprivileged writer can use, in bytes", () => {
  const { fs, root } = scene();
  const { totalBytes, availableBytes } = fs.space();
  expect(Number.isSafeInteger(totalBytes)).toBe(true);
  expect(availableBytes).toBeGreaterThan(0);
  expect(availableBytes).toBeLessThanOrEqual(totalBytes);
  const huge = { bsize: 4096n, blocks: 2n ** 60n, bavail: 7n };
  const bounded = new RealFs({ root, calls: { space: () => huge } });
  expect(bounded.space()).toEqual({ totalBytes: Number.MAX_SAFE_INTEGER, availableBytes: 28_672 });
});

test("nonces are 16 hexadecimal digits and do not repeat", () => {
  const { fs } = scene();
  const nonces = Array.from({ length: 100 }, () => fs.nonce());
  expect(new Set(nonces).size).toBe(100);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{16}$/);
});

test("stat counts bytes, names and storage", () => {
  const { root, fs } = scene();
  const handle = fs.open("/sparse", { mode: "write", create: "exclusive" });
  handle.writeAt(bytesOf("x"), 10_000_000);
  handle.close();
  const { kind, size, links, allocatedBytes } = fs.stat("/sparse");
  expect({ kind, size, links }).toEqual({ kind: "file", size: 10_000_001, links: 1 });
  expect(allocatedBytes).toBe(statSync(`${root}/sparse`).blocks * 512);
  expect(allocatedBytes).toBeLessThan(1_000_000);
});

test("interrupted calls are made again, whatever they are", () => {
  const retries: RealRetry[] = [];
  let last = "";
  const calls = callsThatFail((name, count) => {
    const again = last === `${name} ${count - 1}`; // every call fails once, then works
    last = again ? "" : `${name} ${count}`;
    return again || name === "close" || name === "fsync" ? undefined : "EINTR";
  });
  const { root, fs } = scene({ calls, onRetry: (retry) => retries.push(retry) });
  fs.makeDirectory("/sub");
  fs.rename("/file", "/sub/file");
  fs.link("/sub/file", "/again");
  fs.remove("/again");
  fs.removeDirectory("/empty");
  fs.open("/sub/file", { mode: "read" }).close();
  fs.syncNamesBlocking("/sub");
  expect(fs.list("/sub")).toEqual([{ name: "file", kind: "file" }]);
  expect(fs.space().totalBytes).toBeGreaterThan(0);
  expect(existsSync(`${root}/sub/file`)).toBe(true);
  expect(new Set(retries.map(({ operation }) => operation)).size).toBeGreaterThanOrEqual(8);
});
