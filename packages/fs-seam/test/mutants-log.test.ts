import { expect, test } from "vitest";
import { CrashFs, type CrashFsOptions } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import { EffectLog } from "../src/effect-log.js";
import type { FileHandle } from "../src/file-handle.js";
import { listImage } from "../src/image-file.js";
import type { MediaHandle } from "../src/media-faults.js";

// What the log of a run must hold, what a barrier in flight covers, and what dies in a crash: one test for each line that
// `npm run mutants` could remove without another test noticing.

type Handle = FileHandle & MediaHandle;

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function create(fs: CrashFs, path: string, content = ""): Handle {
  const handle = fs.open(path, { mode: "write", create: "exclusive" }) as Handle;
  if (content !== "") handle.writeAt(bytes(content), 0);
  return handle;
}

/** A mount whose files are durable. */
function durable(files: Readonly<Record<string, string>>, options: CrashFsOptions = {}): CrashFs {
  const base = new CrashFs();
  for (const [path, content] of Object.entries(files)) {
    if (content === "directory") base.makeDirectory(path);
    else create(base, path, content).close();
  }
  return new CrashFs({ ...options, image: base.snapshot() });
}

/** Every tree that a power loss now may leave, as paths and contents. */
function outcomes(fs: CrashFs): Set<string> {
  const { personality } = fs;
  const trees = [...crashImages(fs.trace(), { personality, at: fs.trace().records.length })].map(({ image }) =>
    listImage(image)
      .map((entry) =>
        entry.kind === "file" ? `${entry.path}=${Buffer.from(entry.bytes).toString("latin1")}` : entry.path,
      )
      .join(" "),
  );
  return new Set(trees);
}

test("a cut zeroes the rest of its last page, and that write may arrive without the new length", () => {
  const fs = durable({ "/a": "hello" });
  fs.open("/a", { mode: "write" }).truncate(2);
  expect(outcomes(fs)).toEqual(new Set(["a=hello", "a=he", "a=he\0\0\0"]));
});

test("a move into a new directory brings the name of that directory along, and one inside it does not", () => {
  const into = durable({ "/a": "x" });
  into.makeDirectory("/d");
  into.rename("/a", "/d/a");
  into.syncNamesBlocking("/d");
  expect(outcomes(into)).toEqual(new Set(["d d/a=x"]));

  const inside = durable({ "/a": "x" });
  inside.makeDirectory("/d");
  create(inside, "/d/b").syncBlocking("full");
  inside.rename("/d/b", "/d/c");
  inside.syncNamesBlocking("/d");
  expect(outcomes(inside)).toEqual(new Set(["a=x", "a=x d d/c="]));
});

test("every record knows its call when calls are recorded, and a name its group however far back", () => {
  const fs = new CrashFs({ callSites: true });
  create(fs, "/a", "x").syncBlocking("full");
  fs.rename("/a", "/b");
  fs.syncNamesBlocking("/");
  const calls = fs.trace().records.map((record) => ("call" in record ? record.call?.operation : undefined));
  expect(calls).toEqual(["open", "write", "write", "sync", "rename", "rename", "syncNames"]);
  const log = new EffectLog(false);
  for (let at = 0; at < 6; at += 1) log.name("link", 1, String(at), 2, "file", "within", 0);
  expect(log.records.map((record) => "group" in record && record.group)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("two names are lost or kept each for itself", () => {
  const fs = new CrashFs();
  create(fs, "/a");
  create(fs, "/b");
  expect(outcomes(fs)).toEqual(new Set(["", "a=", "b=", "a= b="]));
});

test("a promised names barrier covers the names of its issue, and no later ones", async () => {
  const fs = new CrashFs();
  create(fs, "/a").syncBlocking("full");
  const barrier = fs.syncNames("/");
  create(fs, "/b").syncBlocking("full");
  await barrier;
  expect(outcomes(fs)).toEqual(new Set(["a=", "a= b="]));
});

test("a promised file barrier covers the bytes of its issue, and no later ones", async () => {
  const fs = durable({ "/a": "one" });
  const handle = fs.open("/a", { mode: "write" });
  handle.writeAt(bytes("two"), 0);
  const barrier = handle.sync("data");
  handle.writeAt(bytes("six"), 0);
  await barrier;
  expect(outcomes(fs)).toEqual(new Set(["a=two", "a=six"]));
});

test("a failing barrier that a crash overtakes leaves nothing in the next life", async () => {
  const fs = durable({ "/a": "old" });
  const handle = fs.open("/a", { mode: "write" }) as Handle;
  handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
  const barrier = handle.sync("data");
  fs.crash("best");
  await expect(barrier).rejects.toMatchObject({ code: "FS_CRASHED" });
  expect(fs.trace().records).toEqual([]);
});

test("a barrier behind a failed one is not carried out, though a fault waits for it", async () => {
  const fs = durable({ "/a": "old" });
  const handle = fs.open("/a", { mode: "write" }) as Handle;
  handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
  const first = handle.sync("data");
  handle.armMediaFault({ kind: "failedSync", errno: "ENOSPC", lost: "all" });
  const second = handle.sync("data");
  await expect(first).rejects.toMatchObject({ code: "FS_IO" });
  await expect(second).rejects.toMatchObject({ code: "FS_POISONED" });
  expect(fs.trace().records.filter(({ kind }) => kind === "barrier")).toHaveLength(1);
});

test("under the laws of older simulators a failed barrier poisons nothing", () => {
  const fs = new CrashFs({ personality: "seed-crashfs" });
  const handle = create(fs, "/a", "x");
  const other = fs.open("/a", { mode: "write" });
  handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
  expect(() => handle.syncBlocking("data")).toThrow(expect.objectContaining({ code: "FS_IO" }));
  handle.writeAt(bytes("y"), 0);
  other.syncBlocking("data"); // and no other handle hears of it
  handle.syncBlocking("data");
});

test("the end of a process frees the files that only its handles held, and its handles", () => {
  const fs = new CrashFs({ capacityBytes: 4 * 4096, maxOpenHandles: 1 });
  const lost = create(fs, "/a", "x".repeat(4096));
  fs.remove("/a");
  expect(fs.space().availableBytes).toBe(3 * 4096);
  fs.processCrash();
  expect(fs.space().availableBytes).toBe(4 * 4096);
  const next = create(fs, "/b", "x"); // the one handle there may be
  lost.close(); // died with its process, and is not given back a second time
  const full = expect.objectContaining({ code: "FS_TOO_MANY_OPEN_FILES" });
  expect(() => create(fs, "/c")).toThrow(full);
  fs.remove("/b");
  next.close();
  expect(fs.space().availableBytes).toBe(4 * 4096);
});

test("a file that a dead handle had open is freed with its last name", () => {
  const fs = new CrashFs({ capacityBytes: 4 * 4096 });
  create(fs, "/a", "x");
  fs.processCrash();
  fs.remove("/a");
  expect(fs.space().availableBytes).toBe(4 * 4096);
});

test("a power loss and a mount are new boots, the end of a process is not", () => {
  const fs = new CrashFs();
  const first = fs.processIdentity();
  fs.processCrash();
  expect(fs.processIdentity().bootId).toBe(first.bootId);
  expect(fs.processState(first)).toBe("dead");
  const second = fs.processIdentity();
  fs.crash();
  expect(fs.processIdentity().bootId).not.toBe(second.bootId);
  const mounted = new CrashFs({ image: fs.snapshot() });
  expect(mounted.processIdentity().bootId).not.toBe(fs.processIdentity().bootId);
  expect(mounted.processState(fs.processIdentity())).toBe("dead");
});

test("a read in flight keeps its file, though the last name and the handle go", async () => {
  const fs = new CrashFs();
  const handle = create(fs, "/a", "here");
  const target = new Uint8Array(4);
  const reading = handle.readAtAsync(target, 0);
  fs.remove("/a");
  handle.close();
  expect(await reading).toBe(4);
  expect(Buffer.from(target).toString("latin1")).toBe("here");
});

test("a crash that a program survived by its promises does not count its handles twice", () => {
  const fs = new CrashFs({ maxOpenHandles: 2 });
  const handles = [create(fs, "/a"), create(fs, "/b")];
  fs.syncNamesBlocking("/");
  fs.crash("best");
  for (const handle of handles) handle.close();
  fs.open("/a", { mode: "read" });
  fs.open("/b", { mode: "read" });
  expect(() => fs.open("/a", { mode: "read" })).toThrow(expect.objectContaining({ code: "FS_TOO_MANY_OPEN_FILES" }));
});

test("a crash may come before write-back", () => {
  const fs = durable({ "/a": "old" });
  fs.open("/a", { mode: "write" }).writeAt(bytes("new"), 0);
  fs.writeback();
  const contents = [...crashImages(fs.trace())].map(({ image }) => listImage(image)[0]);
  const texts = contents.map((entry) => (entry?.kind === "file" ? Buffer.from(entry.bytes).toString("latin1") : ""));
  expect(new Set(texts)).toEqual(new Set(["old", "new"]));
});

test("bytes that write-back made durable outlive the cut before them", () => {
  const fs = durable({ "/a": "hello" });
  const handle = fs.open("/a", { mode: "write" });
  handle.truncate(2);
  handle.writeAt(bytes("XY"), 2);
  const written = fs.pending().findLast(({ kind }) => kind === "data");
  fs.writeback([written?.seq ?? -1]);
  fs.crash("best");
  expect(new Directory(fs).readFile("a")).toEqual(bytes("heXY"));
});
