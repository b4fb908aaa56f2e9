import * as named from "node:fs";
import fsDefault, { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import * as promises from "node:fs/promises";
import { rename } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { createNodeFs, patchNodeFs, type NodeFsPatch } from "../../src/node/index.js";

const require = createRequire(import.meta.url);
const cjs = require("node:fs") as typeof named;

/** As they are before any patch: one that did not restore everything must not be taken for what was there. */
const pristine = [cjs, cjs.promises].map((module) => Object.getOwnPropertyDescriptors(module));

let patch: NodeFsPatch | undefined;
afterEach(() => patch?.restore());

function patched(store = new MemoryFs()): MemoryFs {
  patch = patchNodeFs(store);
  return store;
}

function names(store: MemoryFs): string[] {
  return store.list("/").map(({ name }) => name);
}

test("every way of importing is reached, and all of it goes to the store", async () => {
  const store = patched();
  writeFileSync("/crash/named", "1");
  fsDefault.writeFileSync("/crash/default", "1");
  cjs.writeFileSync("/crash/cjs", "1");
  await promises.writeFile("/crash/promises", "1");
  await cjs.promises.writeFile(Buffer.from("/crash/buffer"), "1");
  await rename(pathToFileURL("/crash/buffer"), "/crash/url");
  await promisify(cjs.writeFile)("/crash/callback", "1");
  await new Promise<void>((resolve) => named.createWriteStream("/crash/stream").end("1", () => resolve()));
  const handle = await promises.open("/crash/handle", "w");
  await handle.close();
  expect(names(store)).toEqual(["callback", "cjs", "default", "handle", "named", "promises", "stream", "url"]);
  expect(cjs.readFileSync("/crash/stream", "utf8")).toBe("1");
  patch?.restore();
  expect(existsSync("/crash")).toBe(false);
});

test("what lies outside of the root stays real", async () => {
  const directory = mkdtempSync(join(tmpdir(), "holdfast-patch-"));
  try {
    patched();
    const path = join(directory, "x");
    writeFileSync(path, "real");
    await promises.appendFile(path, " too");
    const fd = cjs.openSync(path, "r");
    expect(cjs.readFileSync(fd, "utf8")).toBe("real too");
    cjs.closeSync(fd);
    for (const Stream of [cjs.createReadStream, cjs.ReadStream as unknown as typeof cjs.createReadStream]) {
      let text = "";
      for await (const piece of Stream(path, "utf8")) text += String(piece);
      expect(text).toBe("real too");
    }
    cjs.writeSync(1, "");
    expect(() => cjs.readFileSync("/crashed")).toThrow("ENOENT");
    expect(() => (cjs.readFileSync as (path: unknown) => unknown)({})).toThrow(TypeError);
    // What is loaded while the patch is in place is loaded from the real disk.
    writeFileSync(join(directory, "module.cjs"), "module.exports = require('fs').readdirSync('/crash')");
    expect(require(join(directory, "module.cjs"))).toEqual([]);
    const blob = await cjs.openAsBlob(path);
    expect(blob.size).toBe(8);
  } finally {
    patch?.restore();
    rmSync(directory, { recursive: true });
  }
});

test("nothing moves between the real disk and the store", async () => {
  patched();
  writeFileSync("/crash/a", "1");
  const real = join(tmpdir(), "holdfast-patch-never");
  expect(() => cjs.renameSync("/crash/a", real)).toThrow(
    expect.objectContaining({ code: "EXDEV", syscall: "rename", dest: real }),
  );
  await expect(promises.link("/crash/a", real)).rejects.toThrow("EXDEV");
  await expect(promisify(cjs.rename)(real, "/crash/b")).rejects.toThrow("EXDEV");
  await expect(promises.copyFile("/crash/a", real)).rejects.toMatchObject({ code: "NODE_FS_UNSUPPORTED" });
  expect(() => cjs.cpSync(real, "/crash/b")).toThrow(expect.objectContaining({ code: "NODE_FS_UNSUPPORTED" }));
});

test("what the facade refuses is refused below the root, wherever its arguments say so", () => {
  patched();
  const refused = expect.objectContaining({ code: "NODE_FS_UNSUPPORTED" }) as Error;
  expect(() => cjs.symlinkSync(tmpdir(), "/crash/link")).toThrow(refused);
  expect(() => cjs.watch("/crash")).toThrow(refused);
});

test("stream classes work with new, without it, and for those that inherit", async () => {
  patched();
  writeFileSync("/crash/a", "text");
  const Plain = cjs.ReadStream as unknown as new (path: string, options?: object) => named.ReadStream;
  class Newer extends Plain {}
  function Older(this: named.ReadStream, path: string): void {
    (Plain as unknown as { call(self: unknown, path: string): void }).call(this, path);
  }
  Older.prototype = Object.create(Plain.prototype as object) as object;
  const made = [new Plain("/crash/a"), new Newer("/crash/a"), new (Older as unknown as typeof Plain)("/crash/a")];
  for (const stream of made) {
    expect(stream).toBeInstanceOf(cjs.ReadStream);
    let text = "";
    for await (const piece of stream) text += String(piece);
    expect(text).toBe("text");
  }
});

test("restoring leaves every property as it was", () => {
  const bindings = { ...named };
  const { rename: promised } = promises;
  patched();
  expect(named.writeFileSync).not.toBe(bindings.writeFileSync);
  expect(promises.rename).not.toBe(promised);
  patch?.restore();
  patch?.restore();
  expect([cjs, cjs.promises].map((module) => Object.getOwnPropertyDescriptors(module))).toEqual(pristine);
  expect({ ...named }).toEqual(bindings);
  expect(promises.rename).toBe(promised);
});

test("a second patch is refused until the first is gone", () => {
  patched();
  expect(() => patchNodeFs(new MemoryFs())).toThrow(
    expect.objectContaining({ name: "NodeFsError", code: "NODE_FS_ALREADY_PATCHED" }),
  );
  {
    patch?.restore();
    using other = patchNodeFs(new MemoryFs(), { root: "/other" });
    expect(other.root).toBe("/other");
    expect(readdirSync("/other")).toEqual([]);
  }
  expect(existsSync("/other")).toBe(false);
});

test("a function that a program has kept follows the patch, mounts and restores included", async () => {
  const first = patched();
  const keptRename = promisify(cjs.rename);
  const keptWrite = cjs.writeFileSync;
  keptWrite("/crash/a", "1");
  await keptRename("/crash/a", "/crash/b");
  expect(names(first)).toEqual(["b"]);
  const second = new MemoryFs();
  expect(patch?.mount(second)).toBe(patch?.fs);
  keptWrite("/crash/c", "1");
  expect([names(first), names(second)]).toEqual([["b"], ["c"]]);
  patch?.restore();
  expect(() => keptWrite("/crash/d", "1")).toThrow("ENOENT");
  expect(() => patch?.mount(second)).toThrow(expect.objectContaining({ code: "NODE_FS_INVALID_OPTION" }));
  const third = patched();
  keptWrite("/crash/e", "1");
  expect(names(third)).toEqual(["e"]);
});

test("a descriptor of a file system that is gone is of no use", () => {
  patched();
  const fd = cjs.openSync("/crash/a", "w");
  patch?.mount(new MemoryFs());
  expect(() => cjs.writeSync(fd, "x")).toThrow(expect.objectContaining({ code: "EBADF" }));
  patch?.restore();
  expect(() => cjs.fstatSync(fd)).toThrow(expect.objectContaining({ code: "EBADF" }));
});

test("the facade and the patch agree", () => {
  const store = patched();
  createNodeFs(store).writeFileSync("/direct", "1");
  expect(readFileSync("/crash/direct", "utf8")).toBe("1");
  expect(cjs.realpathSync.native("/crash/direct")).toBe("/crash/direct");
  expect(cjs.realpathSync.native(tmpdir())).toBe(cjs.realpathSync(tmpdir()));
});
