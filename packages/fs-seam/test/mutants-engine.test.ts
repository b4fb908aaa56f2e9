import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsState } from "../src/fs-state.js";
import { listImage } from "../src/image-file.js";
import { imageHash } from "../src/image-hash.js";
import { checkState } from "../src/invariants.js";
import { MemoryFs } from "../src/memory-fs.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function durable(contents: Readonly<Record<string, string>>, personality = "posix"): CrashFs {
  const base = new MemoryFs();
  for (const [name, content] of Object.entries(contents)) new Directory(base).writeFile(name, bytes(content));
  return new CrashFs({ image: base.snapshot(), personality });
}

function open(fs: CrashFs, path: string): FileHandle {
  return fs.open(path, { mode: "write", create: "if-missing" });
}

function trees(fs: CrashFs, personality: string, limit = 1 << 14): Set<string> {
  const strategy = { kind: "exhaustive", limit } as const;
  const images = crashImages(fs.trace(), { personality, strategy, at: fs.logSize().records });
  const text = (entry: ReturnType<typeof listImage>[number]): string =>
    entry.kind === "file" ? `${entry.path}=${Buffer.from(entry.bytes).toString("latin1")}` : `${entry.path}/`;
  return new Set([...images].map(({ image }) => listImage(image).map(text).join(" ")));
}

test("two renames of files persist in any order", () => {
  const fs = durable({ a: "1", c: "2" });
  fs.rename("/a", "/b");
  fs.rename("/c", "/d");
  expect(trees(fs, "posix")).toEqual(new Set(["a=1 c=2", "b=1 c=2", "a=1 d=2", "b=1 d=2"]));
});

test("bytes that a cut took away do not come back in the garbage of new space", () => {
  const fs = durable({ a: "" }, "strict");
  const handle = open(fs, "/a");
  handle.writeAt(bytes("abc"), 0);
  handle.truncate(0);
  handle.truncate(5);
  const grown = [...trees(fs, "strict")].filter((tree) => tree.length === "a=".length + 5);
  expect(grown.length).toBeGreaterThanOrEqual(2);
  expect(grown.filter((tree) => tree.includes("abc"))).toEqual([]);
});

test("above the limit of tearing, every combination of whole writes is still there", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const fs = durable(Object.fromEntries(names.map((name) => [name, "-".repeat(1024)])));
  for (const name of names) open(fs, `/${name}`).writeAt(bytes("X".repeat(1024)), 0);
  const whole = [...trees(fs, "posix", 64)].filter((tree) => !tree.includes("-X") && !tree.includes("X-"));
  expect(whole.length).toBe(64);
});

test("a trace does not grow with the run", () => {
  const fs = durable({ a: "1" });
  open(fs, "/a").writeAt(bytes("2"), 0);
  const trace = fs.trace();
  open(fs, "/a").writeAt(bytes("3"), 0);
  expect(fs.trace().records.length).toBe(2);
  expect(trace.records.length).toBe(1);
});

test("laws without poison do not poison names", () => {
  const fs = new CrashFs({ personality: "seed-simfs" });
  fs.media.armNamesFault("/", { kind: "failedSync", errno: "EIO", lost: "all" });
  expect(() => fs.syncNamesBlocking("/")).toThrow("EIO");
  fs.syncNamesBlocking("/");
});

test("a file that was evicted and then written does not change what is durable", () => {
  const fs = durable({ a: "old" });
  fs.evict("/a");
  open(fs, "/a").writeAt(bytes("new"), 0);
  fs.evict("/a");
  const handle = open(fs, "/a");
  handle.writeAt(bytes("NEW"), 0);
  const image = fs.snapshot();
  handle.writeAt(bytes("---"), 0);
  expect(new Directory(new MemoryFs({ image })).readFile("a")).toEqual(bytes("NEW"));
  fs.crash();
  expect(new Directory(fs).readFile("a")).toEqual(bytes("old"));
});

test("a file behind an empty directory is not a file in it", () => {
  const [inside, behind] = [new MemoryFs(), new MemoryFs()];
  for (const fs of [inside, behind]) fs.makeDirectory("/d");
  new Directory(inside).writeFile("d/f", bytes("1"));
  new Directory(behind).writeFile("f", bytes("1"));
  expect(imageHash(inside.snapshot())).not.toBe(imageHash(behind.snapshot()));
});

test("the asserted invariants notice a page count that is wrong", () => {
  const state = new FsState();
  const { ino } = state.create("file");
  state.ownContent(ino).pageCount = 1;
  expect(() => checkState(state, false)).toThrow("I7: file");
});
