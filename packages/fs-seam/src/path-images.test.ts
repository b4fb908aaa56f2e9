// The law of the older crash simulator, beyond what the recorded cases show.
import { describe, expect, test } from "vitest";
import { CrashFs } from "./crash-fs.js";
import { crashImages } from "./crash-images.js";
import { Directory } from "./directory.js";
import { isFsError } from "./fs-error.js";
import type { OpenFileOptions } from "./file-handle.js";
import { isMediaHandle, type MediaHandle } from "./media-faults.js";
import { MemoryFs } from "./memory-fs.js";
import { PathImages } from "./path-images.js";
import { seedCrashFs } from "./personality.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** CrashFs whose files `pre` are durable at the start. */
function mount(pre: Readonly<Record<string, string>> = {}): CrashFs {
  const before = new MemoryFs();
  for (const [path, content] of Object.entries(pre)) {
    using handle = before.open(path, { mode: "append", create: "exclusive" });
    handle.append(bytes(content));
  }
  return new CrashFs({ image: before.snapshot(), personality: "seed-crashfs" });
}

function law(fs: CrashFs): PathImages {
  if (fs.pathLaw instanceof PathImages) return fs.pathLaw;
  throw new Error("no images are kept");
}

function open(
  fs: CrashFs,
  path: string,
  options: OpenFileOptions = { mode: "append", create: "if-missing" },
): MediaHandle {
  const handle = fs.open(path, options);
  if (isMediaHandle(handle)) return handle;
  throw new Error("no handle of the engine");
}

function append(fs: CrashFs, path: string, text: string, barrier?: "sync"): void {
  using handle = open(fs, path);
  handle.append(bytes(text));
  if (barrier === "sync") handle.syncBlocking("data");
}

function tree(fs: CrashFs): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, kind } of fs.list("/")) {
    found[name] = kind === "file" ? Buffer.from(new Directory(fs).readFile(name)).toString("latin1") : "(directory)";
  }
  return found;
}

describe("first touch", () => {
  test("takes the content before the open, and before the cut of the open", () => {
    const fs = mount({ "/a": "old" });
    open(fs, "/a", { mode: "write", truncate: true }).writeAt(bytes("x"), 0);
    fs.crash();
    expect(tree(fs)).toEqual({ a: "old" });
  });

  test("happens once: later opens promote nothing", () => {
    const fs = mount({ "/a": "old" });
    append(fs, "/a", "+1");
    append(fs, "/a", "+2");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "old" });
  });

  test("counts although the open fails, on a missing and on an existing file", () => {
    const fs = mount({ "/a": "old" });
    expect(() => fs.open("/a", { mode: "write", create: "exclusive" })).toThrow(/EEXIST/);
    expect(() => fs.open("/b", { mode: "write" })).toThrow(/ENOENT/);
    law(fs).unobserved(() => append(fs, "/a", "+behind"));
    law(fs).unobserved(() => append(fs, "/b", "behind"));
    fs.crash();
    expect(tree(fs)).toEqual({ a: "old" });
  });

  test("does not count when the path cannot be read", () => {
    const fs = mount({ "/f": "1" });
    fs.makeDirectory("/d");
    expect(() => fs.open("/d", { mode: "write" })).toThrow(/EISDIR/);
    expect(() => fs.open("/f/x", { mode: "write", create: "if-missing" })).toThrow(/ENOTDIR/);
    fs.crash();
    expect(tree(fs)).toEqual({ f: "1", d: "(directory)" });
  });

  test("is not made by reading, nor by a call with wrong arguments", () => {
    const fs = mount({ "/a": "old" });
    fs.open("/a", { mode: "read" }).close();
    expect(() => fs.open("/a", { mode: "write", truncated: true } as OpenFileOptions)).toThrow(/unknown option/);
    expect(() => fs.open("a", { mode: "write" })).toThrow(/must begin/);
    law(fs).unobserved(() => append(fs, "/a", "+behind"));
    fs.crash();
    expect(tree(fs)).toEqual({ a: "old+behind" });
  });

  test("begins anew after a crash for what had no image", () => {
    const fs = mount();
    append(fs, "/a", "lost");
    fs.crash();
    law(fs).unobserved(() => append(fs, "/a", "found"));
    append(fs, "/a", "+unsynced");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "found" });
  });
});

describe("a barrier", () => {
  test("through a read-only handle starts the tracking of a path", () => {
    const fs = mount({ "/a": "old" });
    fs.open("/a", { mode: "read" }).syncBlocking("full");
    law(fs).unobserved(() => append(fs, "/a", "+behind"));
    fs.crash();
    expect(tree(fs)).toEqual({ a: "old" });
  });

  test("of a handle whose name is gone is refused, and the handle stays usable", () => {
    const fs = mount();
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    fs.rename("/a", "/b");
    expect(() => handle.syncBlocking("full")).toThrow(
      expect.objectContaining({ code: "FS_NOT_FOUND", operation: "sync" }),
    );
    handle.append(bytes("2"));
    fs.rename("/b", "/a");
    handle.syncBlocking("full");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "12" });
  });

  test("of a handle whose name has become a directory is refused", () => {
    const fs = mount();
    const handle = open(fs, "/a");
    fs.remove("/a");
    fs.makeDirectory("/a");
    expect(() => handle.syncBlocking("full")).toThrow(/EISDIR/);
    fs.crash();
    expect(tree(fs)).toEqual({ a: "(directory)" });
  });

  test("as a promise does the same", async () => {
    const fs = mount();
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    await handle.sync("data");
    handle.append(bytes("2"));
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("that is dropped leaves the image alone", () => {
    const fs = mount();
    append(fs, "/a", "1", "sync");
    const handle = open(fs, "/a");
    handle.append(bytes("2"));
    handle.armMediaFault({ kind: "droppedSync" });
    handle.syncBlocking("full");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("that fails leaves the image alone, and a retry makes everything durable", () => {
    const fs = mount();
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    handle.armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
    expect(() => handle.syncBlocking("full")).toThrow(/EIO/);
    expect(law(fs).imageAfterCrash()).toBeDefined();
    expect(tree(new CrashFs({ image: fs.durableImage() }))).toEqual({});
    handle.syncBlocking("full");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("of a directory changes nothing", () => {
    const fs = mount();
    append(fs, "/a", "1");
    fs.syncNamesBlocking("/");
    fs.crash();
    expect(tree(fs)).toEqual({});
  });
});

describe("names", () => {
  test("a rename of an untouched file leaves it untouched, and forgets what it replaces", () => {
    const fs = mount({ "/a": "A" });
    append(fs, "/b", "B", "sync");
    fs.rename("/a", "/b");
    fs.crash();
    expect(tree(fs)).toEqual({ b: "A" });
  });

  test("a rename between two names of one file moves the image, although the tree does not change", () => {
    const fs = mount();
    append(fs, "/a", "1", "sync");
    fs.link("/a", "/b");
    fs.rename("/a", "/b");
    append(fs, "/b", "+2");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1", b: "1" });
  });

  test("a failed rename, removal or link books nothing", () => {
    const fs = mount();
    append(fs, "/a", "1", "sync");
    append(fs, "/b", "2", "sync");
    append(fs, "/a", "+u");
    expect(() => fs.rename("/a", "/no/a")).toThrow(/ENOENT/);
    expect(() => fs.link("/a", "/b")).toThrow(/EEXIST/);
    expect(() => fs.reflink("/a", "/b")).toThrow(/EEXIST/);
    expect(() => fs.remove("/c")).toThrow(/ENOENT/);
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1", b: "2" });
  });

  test("removing a directory forgets every path that was ever tracked below it", () => {
    const fs = mount();
    fs.makeDirectory("/d");
    expect(() => fs.open("/d/a", { mode: "write" })).toThrow(/ENOENT/);
    fs.removeDirectory("/d");
    law(fs).unobserved(() => fs.makeDirectory("/d"));
    law(fs).unobserved(() => append(fs, "/d/a", "behind"));
    fs.crash();
    expect(fs.stat("/d/a").size).toBe(6);
  });

  test("a link takes the image, else the content of an untouched source, else nothing", () => {
    const fs = mount({ "/pre": "P" });
    append(fs, "/synced", "S", "sync");
    append(fs, "/synced", "+u");
    append(fs, "/unsynced", "U");
    for (const source of ["pre", "synced", "unsynced"]) fs.reflink(`/${source}`, `/${source}-2`);
    fs.crash();
    expect(tree(fs)).toEqual({ pre: "P", "pre-2": "P", synced: "S", "synced-2": "S" });
  });

  test("two names of one file keep two images, and the last one in path order wins", () => {
    const fs = mount();
    append(fs, "/a", "x", "sync");
    fs.link("/a", "/b");
    append(fs, "/a", "+s", "sync");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "x", b: "x" });
  });

  test("a renamed directory leaves the images of its files behind", () => {
    const fs = mount();
    fs.makeDirectory("/d");
    append(fs, "/d/a", "1", "sync");
    append(fs, "/d/b", "2");
    fs.rename("/d", "/e");
    fs.makeDirectory("/d");
    fs.crash();
    expect(fs.list("/d").map(({ name }) => name)).toEqual(["a"]);
    expect(fs.list("/e").map(({ name }) => name)).toEqual(["a", "b"]);
  });
});

describe("the crash", () => {
  test("keeps handles, and the identity that locks go by: the process goes on", () => {
    const fs = mount();
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    handle.syncBlocking("full");
    const identity = fs.processIdentity();
    fs.crash();
    handle.append(bytes("2"));
    handle.syncBlocking("full");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "12" });
    expect(fs.processState(identity)).toBe("alive");
  });

  test("lets the handle of a vanished file write into nothing", () => {
    const fs = mount();
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    fs.crash();
    handle.append(bytes("2"));
    expect(handle.stat()).toMatchObject({ size: 2, links: 0 });
    handle.close();
    expect(tree(fs)).toEqual({});
  });

  test("frees what it removes, at once or when the last handle goes", () => {
    const fs = new CrashFs({ personality: "seed-crashfs", capacityBytes: 8 * 4096 });
    const free = fs.space().availableBytes;
    append(fs, "/a", "1");
    fs.crash();
    expect(fs.space().availableBytes).toBe(free);
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    fs.crash();
    expect(fs.space().availableBytes).toBeLessThan(free);
    handle.close();
    expect(fs.space().availableBytes).toBe(free);
  });

  test("makes a file again that vanished behind the law, if its directory is there", () => {
    const fs = mount();
    append(fs, "/a", "1", "sync");
    law(fs).unobserved(() => fs.remove("/a"));
    expect(fs.crash()).toMatchObject({ survived: 1, lost: 0 });
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("aborts in the words of the reference, keeps what it did until then, and can be tried again", () => {
    const fs = mount();
    append(fs, "/a", "1", "sync");
    append(fs, "/a", "+u");
    append(fs, "/b", "2", "sync");
    law(fs).unobserved(() => fs.remove("/b"));
    fs.makeDirectory("/b");
    append(fs, "/c", "unsynced");
    expect(() => fs.crash()).toThrow(
      expect.objectContaining({ code: "FS_IS_A_DIRECTORY", message: "crash(): reopening /b for rollback failed" }),
    );
    expect(tree(fs)).toEqual({ a: "1", b: "(directory)", c: "unsynced" });
    fs.removeDirectory("/b");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("aborts over a directory where an unsynced file was, and over a file where a directory was", () => {
    const fs = mount();
    expect(() => fs.open("/a", { mode: "write" })).toThrow(/ENOENT/);
    fs.makeDirectory("/a");
    expect(() => fs.crash()).toThrow("crash(): removing un-synced /a failed");
    const other = mount();
    other.makeDirectory("/d");
    append(other, "/d/a", "1", "sync");
    law(other).unobserved(() => other.remove("/d/a"));
    law(other).unobserved(() => other.removeDirectory("/d"));
    law(other).unobserved(() => append(other, "/d", "a file now"));
    expect(() => other.crash()).toThrow("crash(): reopening /d/a for rollback failed");
  });

  test("costs nothing beforehand to look at, and leaves everything as it is", () => {
    const fs = mount({ "/a": "old" });
    append(fs, "/a", "+u");
    append(fs, "/b", "never synced");
    expect(tree(new CrashFs({ image: fs.durableImage() }))).toEqual({ a: "old" });
    expect(tree(fs)).toEqual({ a: "old+u", b: "never synced" });
    expect(fs.pending()).toEqual([]);
  });

  test("has one outcome: choices, images and effects are refused, but the trace serves other personalities", () => {
    const fs = mount();
    append(fs, "/a", "1");
    expect(() => fs.crash("best")).toThrow(expect.objectContaining({ code: "FS_UNSUPPORTED" }));
    expect(() => fs.durability("/a")).toThrow(expect.objectContaining({ code: "FS_UNSUPPORTED" }));
    expect(() => [...crashImages(fs.trace(), { personality: "seed-crashfs" })]).toThrow(/one outcome/);
    expect([...crashImages(fs.trace(), { personality: "posix" })].length).toBeGreaterThan(1);
  });

  test("starts a new trace from what it left", () => {
    const fs = mount({ "/a": "old" });
    append(fs, "/a", "+u");
    fs.crash();
    expect(fs.trace().records).toEqual([]);
    append(fs, "/a", "+v");
    const [first] = crashImages(fs.trace(), { personality: "posix" });
    expect(tree(new CrashFs({ image: first?.image ?? fs.snapshot() }))).toEqual({ a: "old" });
  });

  test("ends handles where a personality says so", () => {
    const mortal = { ...seedCrashFs, name: "mortal", handles: { ...seedCrashFs.handles, crash: "die" } } as const;
    const fs = new CrashFs({ personality: mortal });
    const handle = open(fs, "/a");
    handle.append(bytes("1"));
    handle.syncBlocking("full");
    fs.crash();
    expect(() => handle.append(bytes("2"))).toThrow(expect.objectContaining({ code: "FS_CRASHED" }));
    append(fs, "/a", "+u");
    fs.crash();
    expect(tree(fs)).toEqual({ a: "1" });
  });

  test("no personality of effects lets handles survive", () => {
    const undead = { ...seedCrashFs, law: "effects" } as const;
    expect(() => new CrashFs({ personality: undead })).toThrow(/only under a path law/);
  });
});

test("a file known by two spellings has two images", () => {
  const fs = mount();
  const images = law(fs);
  fs.makeDirectory("/d");
  append(fs, "/a", "1", "sync");
  images.underName("/a", "/d/../a", () => append(fs, "/a", "2", "sync"));
  append(fs, "/a", "3");
  fs.crash();
  expect(tree(fs)).toEqual({ a: "12", d: "(directory)" });
  fs.remove("/a");
  fs.crash();
  expect(tree(fs)).toEqual({ a: "12", d: "(directory)" });
  fs.removeDirectory("/d");
  expect(tree(fs)).toEqual({ a: "12" });
  fs.crash();
  expect(tree(fs)).toEqual({ a: "12" });
});

test("a sync costs what changes after it, never the file", () => {
  const fs = mount();
  const handle = open(fs, "/big", { mode: "write", create: "exclusive" });
  handle.writeAt(new Uint8Array(4 << 20).fill(1), 0);
  for (let at = 0; at < 2000; at += 1) {
    handle.writeAt(bytes("x"), at);
    handle.syncBlocking("data"); // 8 GB would be copied by a law that copies files
  }
  handle.writeAt(bytes("y"), 0);
  fs.crash();
  const first = new Uint8Array(1);
  handle.readAt(first, 0);
  expect(first).toEqual(bytes("x"));
});

test("errors of the law are of our class", () => {
  const fs = mount();
  const handle = open(fs, "/a");
  fs.remove("/a");
  try {
    handle.syncBlocking("full");
    expect.unreachable();
  } catch (error) {
    expect(isFsError(error, "FS_NOT_FOUND")).toBe(true);
  }
});
