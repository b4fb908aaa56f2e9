import { expect, test } from "vitest";
import type { CrashFs } from "../src/crash-fs.js";
import type { FileHandle } from "../src/file-handle.js";
import { durable, opened, runs } from "./kernel-trees.js";

// Goal: the log says why a length is in it, as file systems that delay allocation tell growth apart. Method: short calls,
// and the lengths they leave in the log, as `from-to cause`.

function lengths(fs: CrashFs): string[] {
  return fs
    .trace()
    .records.flatMap((record) => (record.kind === "size" ? [`${record.from}-${record.to} ${record.cause}`] : []));
}

/** The lengths that one use of a file, which is closed afterwards, leaves in the log. */
function left(content: string, use: (handle: FileHandle) => void): string[] {
  const fs = durable({ f: content });
  const handle = opened(fs, "/f");
  use(handle);
  handle.close();
  return lengths(fs);
}

test("an append within the last page grows within its block", () => {
  expect(left("f100", (handle) => handle.writeAt(runs("b10"), 100))).toEqual(["100-110 write-in-block"]);
});

test("so does a write that begins before the end", () => {
  expect(left("f100", (handle) => handle.writeAt(runs("b100"), 50))).toEqual(["100-150 write-in-block"]);
});

test("a write that goes on behind the last page grows the file in two steps", () => {
  const steps = ["100-4096 write-in-block", "4096-4110 write"];
  expect(left("f100", (handle) => handle.writeAt(runs("b4010"), 100))).toEqual(steps);
});

test("a write that begins behind the last page finds no block", () => {
  expect(left("f100", (handle) => handle.writeAt(runs("b10"), 5000))).toEqual(["100-5010 write"]);
});

test("a hole is no block", () => {
  const use = (handle: FileHandle): void => {
    handle.truncate(5000);
    handle.writeAt(runs("b10"), 5000);
  };
  expect(left("", use)).toEqual(["0-5000 set", "5000-5010 write"]);
});

test("storage that was reserved counts as unwritten, until a crash", () => {
  const fs = durable({ f: "f100" });
  const handle = opened(fs, "/f");
  handle.allocate(0, 100);
  handle.writeAt(runs("b10"), 100);
  expect(lengths(fs)).toEqual(["100-110 write"]);
  handle.syncBlocking("full");
  fs.crash();
  opened(fs, "/f").writeAt(runs("b10"), 110);
  expect(lengths(fs).at(-1)).toBe("110-120 write-in-block");
});

test("the first writer that closes an emptied file states its length again", () => {
  const fs = durable({ f: "f100" });
  const writer = fs.open("/f", { mode: "write", truncate: true });
  fs.open("/f", { mode: "read" }).close();
  expect(lengths(fs)).toEqual(["100-0 set"]);
  writer.close();
  opened(fs, "/f").close();
  expect(lengths(fs)).toEqual(["100-0 set", "0-0 close-after-cut"]);
});

test("a file that was cut and not emptied has no such close", () => {
  expect(left("f100", (handle) => handle.truncate(50))).toEqual(["100-50 set"]);
});

test("nor has one that was emptied before a crash", () => {
  const fs = durable({ f: "f100" });
  fs.open("/f", { mode: "write", truncate: true });
  fs.syncAllBlocking();
  fs.crash();
  opened(fs, "/f").close();
  expect(lengths(fs).filter((text) => text.endsWith("close-after-cut"))).toEqual([]);
});

test("a rename states the length of a file where it replaces another one", () => {
  const fs = durable({ a: "a10", b: "b20" });
  fs.rename("/a", "/c");
  expect(lengths(fs)).toEqual([]);
  fs.rename("/c", "/b");
  expect(lengths(fs)).toEqual(["10-10 rename-over"]);
});
