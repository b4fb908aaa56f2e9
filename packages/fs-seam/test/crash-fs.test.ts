import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseCrashChoice } from "../src/crash-choice.js";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages, replayCrash } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import { decodeImage, encodeImage, listImage, materialize } from "../src/image-file.js";
import type { MediaHandle } from "../src/media-faults.js";
import { MemoryFs } from "../src/memory-fs.js";
import { RealFs } from "../src/real-fs.js";
import { describeImage } from "./naive-model.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function create(fs: CrashFs | MemoryFs, path: string, content = ""): FileHandle & MediaHandle {
  const handle = fs.open(path, { mode: "write", create: "exclusive" }) as FileHandle & MediaHandle;
  if (content !== "") handle.writeAt(bytes(content), 0);
  return handle;
}

function read(fs: CrashFs | MemoryFs, path: string): string {
  return Buffer.from(new Directory(fs).readFile(path.slice(1))).toString("latin1");
}

function has(fs: CrashFs, path: string): boolean {
  return new Directory(fs).exists(path.slice(1));
}

/** Every content `path` may have after a power loss now; undefined stands for absent. */
function outcomes(fs: CrashFs, path: string, personality = "posix"): Set<string | undefined> {
  const found = new Set<string | undefined>();
  const at = fs.trace().records.length;
  for (const { image } of crashImages(fs.trace(), { personality, at })) {
    const entry = listImage(image).find((one) => `/${one.path}` === path);
    found.add(entry?.kind === "file" ? Buffer.from(entry.bytes).toString("latin1") : undefined);
  }
  return found;
}

test("a file barrier settles bytes and length, and a names barrier the name, each for itself", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "hello");
  expect(outcomes(fs, "/a")).toEqual(new Set([undefined, "", "\0\0\0\0\0", "hello"]));
  handle.syncBlocking("data");
  expect(outcomes(fs, "/a")).toEqual(new Set([undefined, "hello"]));
  fs.syncNamesBlocking("/");
  expect(outcomes(fs, "/a")).toEqual(new Set(["hello"]));
});

test("a names barrier alone leaves an empty file", () => {
  const fs = new CrashFs();
  create(fs, "/a", "hello");
  fs.syncNamesBlocking("/");
  expect(outcomes(fs, "/a")).toEqual(new Set(["", "\0\0\0\0\0", "hello"]));
});

test("each new directory level needs the names barrier of its parent", () => {
  const fs = new CrashFs();
  fs.makeDirectory("/d");
  fs.makeDirectory("/d/e");
  create(fs, "/d/e/a", "x").syncBlocking("full");
  fs.syncNamesBlocking("/d/e");
  fs.syncNamesBlocking("/d");
  expect(outcomes(fs, "/d/e/a")).toEqual(new Set([undefined, "x"]));
  fs.syncNamesBlocking("/");
  expect(outcomes(fs, "/d/e/a")).toEqual(new Set(["x"]));
});

test("sectors of one write persist in any combination, and one sector never tears", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "-".repeat(1024));
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  handle.writeAt(bytes("X".repeat(1024)), 0);
  const [x, old] = ["X".repeat(512), "-".repeat(512)];
  expect(outcomes(fs, "/a")).toEqual(new Set([old + old, x + old, old + x, x + x]));
});

test("strict lets a rename come apart and shows garbage in new space; posix does neither", () => {
  const fs = new CrashFs();
  create(fs, "/a", "one").syncBlocking("full");
  fs.syncNamesBlocking("/");
  fs.rename("/a", "/b");
  const both = (personality: string): Set<string> => {
    const images = crashImages(fs.trace(), { personality, at: fs.trace().records.length });
    return new Set([...images].map(({ image }) => describeImage(image)));
  };
  const one = Buffer.from("one").toString("hex");
  expect(both("posix")).toEqual(new Set([`a  ${one}`, `b  ${one}`]));
  expect(both("strict")).toEqual(new Set([`a  ${one}`, `b  ${one}`, "", `a  ${one}\nb a ${one}`]));
  const grown = new CrashFs();
  create(grown, "/g", "z");
  grown.syncNamesBlocking("/");
  expect(outcomes(grown, "/g", "posix")).toEqual(new Set(["", "\0", "z"]));
  expect(outcomes(grown, "/g", "strict")).toEqual(new Set(["", "\0", "z", String.fromCharCode(93)]));
});

test("a failed barrier fails once, loses its bytes for ever, and poisons the handle", async () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "old");
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  handle.writeAt(bytes("new"), 0);
  handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
  await expect(handle.sync("data")).rejects.toMatchObject({ code: "FS_IO", errno: "EIO", injected: true, path: "/a" });
  expect(() => handle.writeAt(bytes("!"), 0)).toThrow(expect.objectContaining({ code: "FS_POISONED" }));
  expect(() => handle.syncBlocking("data")).toThrow(
    expect.objectContaining({ code: "FS_POISONED", cause: expect.objectContaining({ code: "FS_IO" }) }),
  );
  const fresh = fs.open("/a", { mode: "write" });
  fresh.syncBlocking("data"); // succeeds, and proves nothing
  expect(read(fs, "/a")).toBe("new");
  expect(fs.durability("/a")).toMatchObject({ durable: [], pending: [], lost: [{ start: 0, end: 3 }] });
  expect(outcomes(fs, "/a")).toEqual(new Set(["old"]));
  fs.evict("/a");
  expect(read(fs, "/a")).toBe("old");
});

test("what a failed barrier leaves in the cache is the personality's, or the fault's", () => {
  const left = (aftermath: "clean-keep-new" | "revert" | "keep-dirty"): [string, Set<string | undefined>] => {
    const fs = new CrashFs();
    const handle = create(fs, "/a", "old");
    handle.syncBlocking("full");
    fs.syncNamesBlocking("/");
    handle.writeAt(bytes("new"), 0);
    handle.armMediaFault({ kind: "failedSync", errno: "ENOSPC", lost: "all", aftermath });
    expect(() => handle.syncBlocking("full")).toThrow(expect.objectContaining({ code: "FS_NO_SPACE" }));
    const seen = read(fs, "/a");
    fs.open("/a", { mode: "write" }).syncBlocking("full");
    return [seen, outcomes(fs, "/a")];
  };
  expect(left("clean-keep-new")).toEqual(["new", new Set(["old"])]);
  expect(left("revert")).toEqual(["old", new Set(["old"])]);
  expect(left("keep-dirty")).toEqual(["new", new Set(["new"])]);
});

test("a seeded part of the bytes is lost, and the same part for the same seed", () => {
  const lost = (seed: number): number => {
    const fs = new CrashFs();
    const handle = create(fs, "/a");
    for (let page = 0; page < 32; page += 1) handle.writeAt(new Uint8Array(4096).fill(1), page * 4096);
    handle.armMediaFault({ kind: "failedSync", errno: "EDQUOT", lost: { seed } });
    expect(() => handle.syncBlocking("full")).toThrow(expect.objectContaining({ code: "FS_QUOTA_EXCEEDED" }));
    return fs.durability("/a").lost.reduce((sum, { start, end }) => sum + end - start, 0) / 4096;
  };
  expect(lost(1)).toBe(lost(1));
  expect(lost(1)).toBeGreaterThan(4);
  expect(lost(1)).toBeLessThan(28);
});

test("after a failed barrier the file is grown and its lost bytes are zeros", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "keep");
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  handle.writeAt(new Uint8Array(8192).fill(7), 4096);
  handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
  expect(() => handle.syncBlocking("data")).toThrow("EIO");
  fs.open("/a", { mode: "write" }).syncBlocking("data");
  const [only] = outcomes(fs, "/a");
  expect(only).toBe(`keep${"\0".repeat(4092 + 8192)}`);
});

test("a dropped barrier says success and does nothing, and a later honest one heals it", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "x");
  fs.syncNamesBlocking("/");
  handle.armMediaFault({ kind: "droppedSync" });
  handle.syncBlocking("full");
  expect(outcomes(fs, "/a")).toEqual(new Set(["", "\0", "x"]));
  handle.syncBlocking("full");
  expect(outcomes(fs, "/a")).toEqual(new Set(["x"]));
});

test("names barriers fail and drop as well", async () => {
  const fs = new CrashFs();
  create(fs, "/a").syncBlocking("full");
  fs.media.armNamesFault("/", { kind: "droppedSync" });
  fs.syncNamesBlocking("/");
  expect(outcomes(fs, "/a")).toEqual(new Set([undefined, ""]));
  fs.media.armNamesFault("/", { kind: "failedSync", errno: "EIO", lost: "all" });
  await expect(fs.syncNames("/")).rejects.toMatchObject({ code: "FS_IO", operation: "syncNames" });
  expect(outcomes(fs, "/a")).toEqual(new Set([undefined, ""]));
});

test("a lost write is never there, whatever is synced later", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "aaaa");
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  handle.armMediaFault({ kind: "lostWrite" });
  handle.writeAt(bytes("bbbb"), 0);
  handle.syncBlocking("full");
  expect(read(fs, "/a")).toBe("bbbb");
  expect(outcomes(fs, "/a")).toEqual(new Set(["aaaa"]));
});

test("a misdirected write leaves both places wrong", () => {
  const fs = new CrashFs();
  const victim = create(fs, "/v", "V".repeat(8192));
  victim.syncBlocking("full");
  const handle = create(fs, "/a", "aaaa");
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  handle.armMediaFault({ kind: "misdirectedWrite", path: "/v", offset: 4096 });
  handle.writeAt(bytes("bbbb"), 0);
  handle.syncBlocking("full");
  expect(read(fs, "/v")).toBe("V".repeat(8192));
  expect(outcomes(fs, "/a")).toEqual(new Set(["aaaa"]));
  expect(outcomes(fs, "/v")).toEqual(new Set([`${"V".repeat(4096)}bbbb${"V".repeat(4092)}`]));
});

test("bit rot shows after eviction or a crash, latent and stale pages until they are written again", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "one");
  handle.syncBlocking("full");
  fs.syncNamesBlocking("/");
  fs.media.flipBit("/a", 0, 0);
  expect(read(fs, "/a")).toBe("one");
  expect(outcomes(fs, "/a")).toEqual(new Set(["nne"]));
  fs.evict("/a");
  expect(read(fs, "/a")).toBe("nne");

  handle.writeAt(bytes("two"), 0);
  fs.media.staleRead("/a", 0, 1);
  expect(read(fs, "/a")).toBe("one");
  handle.writeAt(bytes("six"), 0);
  expect(read(fs, "/a")).toBe("six");

  fs.media.latentError("/a", 0, 3);
  expect(() => read(fs, "/a")).toThrow(expect.objectContaining({ code: "FS_IO", errno: "EIO", offset: 0 }));
  handle.writeAt(bytes("ten"), 0);
  expect(read(fs, "/a")).toBe("ten");
  expect(() => fs.media.flipBit("/a", 3, 0)).toThrow(expect.objectContaining({ code: "FS_INVALID_ARGUMENT" }));
  expect(() => fs.media.flipBit("/a", 0, 8)).toThrow(expect.objectContaining({ code: "FS_INVALID_ARGUMENT" }));
});

test("write-back settles what it is told to, with all that needs", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "x");
  handle.writeAt(bytes("y"), 0);
  const last = fs.pending().findLast(({ kind }) => kind === "data");
  fs.writeback([last?.seq ?? -1]);
  fs.syncNamesBlocking("/");
  expect(outcomes(fs, "/a")).toEqual(new Set(["", "y"])); // the first version cannot come back behind the second
  fs.writeback();
  expect(fs.pending()).toEqual([]);
  expect(() => fs.writeback([999])).toThrow(expect.objectContaining({ code: "FS_INVALID_ARGUMENT" }));
});

test("the end of a process keeps what was written, and keeps it pending", () => {
  const fs = new CrashFs();
  create(fs, "/a", "x");
  fs.processCrash();
  expect(read(fs, "/a")).toBe("x");
  expect(outcomes(fs, "/a")).toEqual(new Set([undefined, "", "\0", "x"]));
  fs.crash();
  expect(has(fs, "/a")).toBe(false);
});

test("crash reports what it did, and a choice from a report does it again", () => {
  const make = (): CrashFs => {
    const fs = new CrashFs();
    create(fs, "/a", "ab");
    fs.syncNamesBlocking("/");
    return fs;
  };
  const fs = make();
  const [, , third] = [...crashImages(fs.trace(), { at: fs.trace().records.length })];
  if (third === undefined) throw new Error("too few images");
  const report = fs.crash(parseCrashChoice(JSON.stringify(third.choice)));
  expect(report).toMatchObject({ personality: "posix", choice: third.choice });
  expect(describeImage(fs.snapshot())).toBe(describeImage(third.image));
  const best = make();
  expect(best.crash("best")).toMatchObject({ survived: 2, lost: 0 });
  expect(read(best, "/a")).toBe("ab");
});

test("a base file system counts as durable, is read lazily and never written", () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-base-"));
  try {
    const real = new RealFs({ root });
    new Directory(real).makeDirectory("d");
    new Directory(real).writeFile("d/a", bytes("base".repeat(3000)));
    let opened = 0;
    const counted = new Proxy(real, {
      get: (target, key) => {
        if (key === "open") opened += 1;
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const fs = new CrashFs({ base: counted });
    expect(opened).toBe(0);
    const handle = fs.open("/d/a", { mode: "write" });
    handle.writeAt(bytes("NEW"), 4094);
    expect(opened).toBeGreaterThan(0);
    const old = "base".repeat(3000);
    expect(read(fs, "/d/a")).toBe(`${old.slice(0, 4094)}NEW${old.slice(4097)}`);
    expect(outcomes(fs, "/d/a").size).toBe(4); // two sectors, each old or new
    handle.truncate(10);
    handle.truncate(20_000);
    expect(read(fs, "/d/a")).toBe(`${old.slice(0, 10)}${"\0".repeat(19_990)}`);
    fs.crash();
    expect(read(fs, "/d/a")).toBe(old);
    expect(readFileSync(join(root, "d/a"), "latin1")).toBe(old);
    expect(() => new CrashFs({ base: real, image: fs.snapshot() })).toThrow(
      expect.objectContaining({ code: "FS_INVALID_ARGUMENT" }),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("an image can be mounted, written out as real files, and read back from text", () => {
  const fs = new CrashFs();
  fs.makeDirectory("/d");
  create(fs, "/d/a", "shared");
  fs.link("/d/a", "/b");
  create(fs, "/sparse").truncate(1_000_000);
  const image = fs.snapshot();
  create(fs, "/later");
  const root = mkdtempSync(join(tmpdir(), "holdfast-image-"));
  try {
    const real = new RealFs({ root });
    materialize(image, new Directory(real));
    expect(new Directory(real).list().map(({ name }) => name)).toEqual(["b", "d", "sparse"]);
    expect(real.stat("/b").links).toBe(2);
    const again = new MemoryFs({ image: decodeImage(encodeImage(image)) });
    expect(describeImage(again.snapshot())).toBe(describeImage(image));
    expect(again.stat("/b").links).toBe(2);
    expect(again.stat("/sparse").allocatedBytes).toBe(0);
    expect(encodeImage(image).length).toBeLessThan(500);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test.each([
  ["not JSON", "{", "FS_BAD_IMAGE"],
  ["another format", `{"format":"other","version":1,"entries":[]}`, "FS_BAD_IMAGE"],
  ["a later version", `{"format":"holdfast-image","version":2,"entries":[]}`, "FS_UNSUPPORTED_VERSION"],
  ["no entries", `{"format":"holdfast-image","version":1}`, "FS_BAD_IMAGE"],
  [
    "an escape",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"../x","kind":"directory"}]}`,
    "FS_BAD_IMAGE",
  ],
  [
    "a lost parent",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"d/x","kind":"directory"}]}`,
    "FS_BAD_IMAGE",
  ],
  [
    "a double",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"d","kind":"directory"},{"path":"d","kind":"directory"}]}`,
    "FS_BAD_IMAGE",
  ],
  ["a bad kind", `{"format":"holdfast-image","version":1,"entries":[{"path":"d","kind":"pipe"}]}`, "FS_BAD_IMAGE"],
  [
    "a loose link",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"d","kind":"link","target":"x"}]}`,
    "FS_BAD_IMAGE",
  ],
  [
    "a bad size",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"d","kind":"file","size":-1,"pages":[]}]}`,
    "FS_BAD_IMAGE",
  ],
  [
    "a page behind the end",
    `{"format":"holdfast-image","version":1,"entries":[{"path":"d","kind":"file","size":3,"pages":[[1,"AAAA"]]}]}`,
    "FS_BAD_IMAGE",
  ],
])("an image text with %s is refused", (_what, text, code) => {
  expect(() => decodeImage(text)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ["not JSON", "x", "FS_BAD_IMAGE"],
  ["another version", `{"version":2}`, "FS_UNSUPPORTED_VERSION"],
  ["no place", `{"version":1,"personality":"posix","apply":[],"torn":{},"unwritten":"zeros"}`, "FS_BAD_IMAGE"],
  [
    "a bad list",
    `{"version":1,"personality":"posix","at":0,"apply":[-1],"torn":{},"unwritten":"zeros"}`,
    "FS_BAD_IMAGE",
  ],
  [
    "bad pieces",
    `{"version":1,"personality":"posix","at":0,"apply":[],"torn":{"1":3},"unwritten":"zeros"}`,
    "FS_BAD_IMAGE",
  ],
  ["a bad fill", `{"version":1,"personality":"posix","at":0,"apply":[],"torn":{},"unwritten":"?"}`, "FS_BAD_IMAGE"],
])("a crash choice with %s is refused", (_what, text, code) => {
  expect(() => parseCrashChoice(text)).toThrow(expect.objectContaining({ code }));
});

test("a choice that the run or the personality does not allow is refused", () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "x");
  handle.writeAt(bytes("y"), 0);
  fs.rename("/a", "/b");
  const trace = fs.trace();
  const choice = {
    version: 1,
    personality: "posix",
    at: trace.records.length,
    apply: [],
    torn: {},
    unwritten: "zeros",
  } as const;
  const refused = expect.objectContaining({ code: "FS_BAD_IMAGE" });
  const [first, second] = trace.records.filter(({ kind }) => kind === "data").map(({ seq }) => seq);
  expect(() => replayCrash(trace, { ...choice, apply: [second ?? 0] })).toThrow(refused); // needs the first version
  expect(() => replayCrash(trace, { ...choice, apply: [first ?? 0, second ?? 0] })).not.toThrow();
  expect(() => replayCrash(trace, { ...choice, apply: [trace.records.length - 1] })).toThrow(refused); // half a rename
  expect(() => replayCrash(trace, { ...choice, apply: [99] })).toThrow(refused);
  expect(() => replayCrash(trace, { ...choice, at: 99 })).toThrow(refused);
  expect(() => replayCrash(trace, { ...choice, personality: "zfs" })).toThrow(
    expect.objectContaining({ code: "FS_INVALID_ARGUMENT" }),
  );
});

test.each([
  ["at-write", "capacityBytes", "FS_NO_SPACE", "ENOSPC"],
  ["at-write", "quotaBytes", "FS_QUOTA_EXCEEDED", "EDQUOT"],
] as const)("space runs out %s by %s: the bytes that fit are there, and counted", (spacePolicy, bound, code, errno) => {
  const fs = new CrashFs({ [bound]: 3 * 4096, spacePolicy });
  const handle = create(fs, "/a");
  const error = expect.objectContaining({ code, errno, transferred: 3 * 4096, injected: true });
  expect(() => handle.writeAt(new Uint8Array(5 * 4096).fill(1), 0)).toThrow(error);
  expect(handle.stat()).toMatchObject({ size: 3 * 4096, allocatedBytes: 3 * 4096 });
  expect(fs.space()).toEqual({ totalBytes: 3 * 4096, availableBytes: 0 });
  expect(() => create(fs, "/b")).toThrow(expect.objectContaining({ code, operation: "open" }));
  expect(() => fs.makeDirectory("/d")).toThrow(expect.objectContaining({ code }));
  expect(has(fs, "/b")).toBe(false);
  handle.writeAt(new Uint8Array(10).fill(2), 0); // overwriting needs nothing new
  handle.punch(4096, 4096);
  handle.writeAt(new Uint8Array(10), 3 * 4096);
  expect(() => handle.allocate(0, 8 * 4096)).toThrow(expect.objectContaining({ code, operation: "allocate" }));
  expect(handle.stat().size).toBe(3 * 4096 + 10);
});

test("space may also run out at the barrier or at the close", () => {
  const late = new CrashFs({ capacityBytes: 4096, spacePolicy: "at-sync" });
  const handle = create(late, "/a", "x".repeat(9000));
  expect(() => handle.syncBlocking("data")).toThrow(
    expect.objectContaining({ code: "FS_NO_SPACE", operation: "sync" }),
  );
  expect(late.durability("/a").lost).toEqual([{ start: 0, end: 9000 }]);
  const network = new CrashFs({ capacityBytes: 4096, spacePolicy: "at-close" });
  const other = create(network, "/a", "x".repeat(9000));
  expect(() => other.close()).toThrow(expect.objectContaining({ code: "FS_NO_SPACE", operation: "close" }));
  other.close(); // once is enough
});

test("handles run out, and the one too many leaves nothing behind", () => {
  const fs = new CrashFs({ maxOpenHandles: 2 });
  const first = create(fs, "/a");
  create(fs, "/b");
  const full = expect.objectContaining({ code: "FS_TOO_MANY_OPEN_FILES", errno: "EMFILE" });
  expect(() => create(fs, "/c")).toThrow(full);
  expect(has(fs, "/c")).toBe(false);
  first.close();
  create(fs, "/c");
});

test("an unlinked file lives as long as its handles, and its space comes back", () => {
  const fs = new CrashFs({ capacityBytes: 8 * 4096 });
  const handle = create(fs, "/a", "x".repeat(4096));
  fs.remove("/a");
  expect(handle.stat()).toMatchObject({ links: 0, size: 4096 });
  handle.writeAt(bytes("still here"), 0);
  expect(fs.space().availableBytes).toBe(7 * 4096);
  handle.close();
  expect(fs.space().availableBytes).toBe(8 * 4096);
});

test("a read-only mount refuses every change and serves every read", () => {
  const base = new MemoryFs();
  create(base, "/a", "x").close();
  const fs = new CrashFs({ image: base.snapshot(), readOnly: true });
  const refused = expect.objectContaining({ code: "FS_READ_ONLY", errno: "EROFS" });
  expect(read(fs, "/a")).toBe("x");
  for (const change of [
    () => fs.open("/a", { mode: "write" }),
    () => fs.makeDirectory("/d"),
    () => fs.removeDirectory("/d"),
    () => fs.rename("/a", "/b"),
    () => fs.link("/a", "/b"),
    () => fs.remove("/a"),
    () => fs.reflink("/a", "/b"),
  ]) {
    expect(change).toThrow(refused);
  }
});

test("options are checked by name", () => {
  const bad = expect.objectContaining({ code: "FS_INVALID_ARGUMENT", operation: "mount" });
  for (const options of [
    { capacity: 1 },
    { capacityBytes: -1 },
    { quotaBytes: 0.5 },
    { spacePolicy: "never" },
    { personality: "zfs" },
  ]) {
    expect(() => new CrashFs(options as object)).toThrow(bad);
  }
  expect(() => new MemoryFs({ personality: "posix" } as object)).toThrow(bad);
});

test("the log counts what it holds, and marks are in it", () => {
  const fs = new CrashFs({ callSites: true });
  create(fs, "/a", "x".repeat(5000));
  fs.mark("saved", { id: 1 });
  expect(fs.logSize()).toEqual({ records: 5, payloadBytes: 5000 });
  const records = fs.trace().records;
  expect(records.map(({ kind }) => kind)).toEqual(["link", "data", "data", "size", "mark"]);
  expect(records[2]).toMatchObject({ call: { operation: "write", path: "/a" } });
  expect("call" in records[2]! && records[2].call?.site?.stack).toContain("crash-fs.test.ts");
});
