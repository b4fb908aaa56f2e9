import { expect, test } from "vitest";
import { CrashFs, type CrashFsOptions } from "../src/crash-fs.js";
import { replayCrash } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import type { HandleMediaFault, MediaHandle } from "../src/media-faults.js";
import { MemoryFs } from "../src/memory-fs.js";

// CrashFs and the disk under it: one test for each line that `npm run mutants` could remove without another test noticing.

type Handle = FileHandle & MediaHandle;

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const read = (fs: CrashFs, path: string): string =>
  Buffer.from(new Directory(fs).readFile(path.slice(1))).toString("latin1");
const failedSync: HandleMediaFault = { kind: "failedSync", errno: "EIO", lost: "all" };

/** A mount whose files are durable. */
function durable(files: Readonly<Record<string, string>>, options: CrashFsOptions = {}): CrashFs {
  const base = new MemoryFs();
  for (const [path, content] of Object.entries(files)) {
    base.open(path, { mode: "write", create: "exclusive" }).writeAt(bytes(content), 0);
  }
  return new CrashFs({ ...options, image: base.snapshot() });
}

function opened(fs: CrashFs, path: string): Handle {
  return fs.open(path, { mode: "write", create: "if-missing" }) as Handle;
}

function failing(handle: Handle, fault: HandleMediaFault = failedSync): void {
  handle.armMediaFault(fault);
  expect(() => handle.syncBlocking("full")).toThrow(expect.objectContaining({ injected: true }));
}

test("a trace is a copy: what comes later does not show in it", () => {
  const fs = new CrashFs();
  opened(fs, "/a");
  const trace = fs.trace();
  opened(fs, "/b");
  expect(fs.trace().records).toHaveLength(2);
  expect(trace.records).toHaveLength(1);
});

test("a crash in place shows garbage when the choice says so", () => {
  const crashed = (unwritten: "zeros" | "garbage"): string => {
    const fs = durable({ "/a": "" }, { personality: "strict" });
    opened(fs, "/a").truncate(1);
    const choice = { version: 1, personality: "strict", at: 1, apply: [0], torn: {}, unwritten } as const;
    const image = replayCrash(fs.trace(), choice);
    fs.crash(choice);
    const replayed = read(new CrashFs({ image }), "/a");
    expect(read(fs, "/a")).toBe(replayed);
    return replayed;
  };
  expect(crashed("zeros")).toBe("\0");
  expect(crashed("garbage")).not.toBe("\0");
});

test("a lost write is one write, and the next one arrives", () => {
  const fs = durable({ "/a": "one" });
  const handle = opened(fs, "/a");
  handle.armMediaFault({ kind: "lostWrite" });
  handle.writeAt(bytes("two"), 0);
  handle.writeAt(bytes("x"), 0);
  handle.syncBlocking("full");
  fs.crash();
  expect(read(fs, "/a")).toBe("xne");
});

test("each page of a misdirected write has a place of its own", () => {
  const fs = durable({ "/a": "a".repeat(8192), "/v": "v".repeat(16_384) });
  const handle = opened(fs, "/a");
  handle.armMediaFault({ kind: "misdirectedWrite", path: "/v", offset: 4096 });
  handle.writeAt(new Uint8Array(8192).fill(0x58), 0);
  handle.syncBlocking("full");
  fs.crash();
  expect(read(fs, "/v")).toBe(`${"v".repeat(4096)}${"X".repeat(8192)}${"v".repeat(4096)}`);
});

test("a failed barrier loses what it covers, and nothing written after its issue", async () => {
  const fs = durable({ "/a": "-".repeat(8192) });
  const handle = opened(fs, "/a");
  handle.writeAt(bytes("lost"), 0);
  handle.armMediaFault(failedSync);
  const barrier = handle.sync("data");
  opened(fs, "/a").writeAt(bytes("kept"), 4096);
  await expect(barrier).rejects.toMatchObject({ code: "FS_IO" });
  expect(fs.durability("/a")).toMatchObject({
    durable: [
      { start: 4, end: 4096 },
      { start: 4100, end: 8192 },
    ],
    pending: [{ start: 4096, end: 4100 }],
    lost: [{ start: 0, end: 4 }],
  });
});

test("every handle that was open hears of a failed barrier once, and one opened later does not", () => {
  const fs = durable({ "/a": "old", "/b": "old" });
  const [failed, second, third] = [opened(fs, "/a"), opened(fs, "/a"), opened(fs, "/a")];
  failing(failed);
  for (const handle of [second, third]) {
    expect(() => handle.syncBlocking("full")).toThrow(expect.objectContaining({ code: "FS_IO" }));
    expect(() => handle.syncBlocking("full")).toThrow(expect.objectContaining({ code: "FS_POISONED" }));
  }
  opened(fs, "/a").syncBlocking("full");
  opened(fs, "/b").syncBlocking("full");
});

test.each(["crash", "processCrash"] as const)("a failed names barrier poisons its directory until %s", async (end) => {
  const fs = new CrashFs();
  fs.makeDirectory("/d");
  fs.syncNamesBlocking("/");
  fs.media.armNamesFault("/", failedSync);
  expect(() => fs.syncNamesBlocking("/")).toThrow(expect.objectContaining({ code: "FS_IO", operation: "syncNames" }));
  const poisoned = { code: "FS_POISONED", operation: "syncNames" };
  expect(() => fs.syncNamesBlocking("/")).toThrow(expect.objectContaining(poisoned));
  await expect(fs.syncNames("/")).rejects.toMatchObject(poisoned);
  fs.syncNamesBlocking("/d");
  fs[end]();
  fs.syncNamesBlocking("/");
});

test("a fault of names barriers strikes one of them", () => {
  const fs = new CrashFs();
  opened(fs, "/a").syncBlocking("full");
  fs.media.armNamesFault("/", { kind: "droppedSync" });
  fs.syncNamesBlocking("/");
  expect(fs.durability("/a").name).toBe("pending");
  fs.syncNamesBlocking("/");
  expect(fs.durability("/a").name).toBe("durable");
});

test("eviction does not bring stray bytes behind the end into the cache", () => {
  const fs = durable({ "/a": "a", "/v": "v" });
  const handle = opened(fs, "/a");
  handle.armMediaFault({ kind: "misdirectedWrite", path: "/v", offset: 4096 });
  handle.writeAt(bytes("stray"), 0);
  handle.syncBlocking("full");
  fs.evict("/v");
  opened(fs, "/v").truncate(4200);
  expect(read(fs, "/v")).toBe(`v${"\0".repeat(4199)}`);
});

test("a stale page is older than what the disk holds, so a lost write does not make it newer", () => {
  const fs = durable({ "/a": "one" });
  const handle = opened(fs, "/a");
  handle.writeAt(bytes("two"), 0);
  handle.armMediaFault({ kind: "lostWrite" });
  handle.writeAt(bytes("six"), 0);
  fs.media.staleRead("/a", 0, 1);
  expect(read(fs, "/a")).toBe("one");
});

test("durability is told range by range", () => {
  const fs = durable({ "/a": "durable" });
  const handle = opened(fs, "/a");
  handle.writeAt(bytes("pend"), 3);
  handle.truncate(10);
  expect(fs.durability("/a")).toEqual({
    name: "durable",
    size: 10,
    durableSize: 7,
    durable: [{ start: 0, end: 3 }],
    pending: [{ start: 3, end: 10 }],
    lost: [],
  });
  opened(fs, "/new");
  expect(fs.durability("/new").name).toBe("pending");
  fs.rename("/a", "/b");
  expect(fs.durability("/b").name).toBe("pending");
});
