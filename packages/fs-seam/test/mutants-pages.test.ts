import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import { FsState, rootIno } from "../src/fs-state.js";
import { imageHash } from "../src/image-hash.js";
import { listImage } from "../src/image-file.js";
import { MemoryFs } from "../src/memory-fs.js";
import { pageBytes } from "../src/paged-content.js";

// Who may change a page in place: one test for each line that `npm run mutants` could remove without another test
// noticing.

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const textOf = (content: Uint8Array): string => Buffer.from(content).toString("latin1");

/** Every content that the only file of a disk may have after a power loss now. */
function contents(fs: CrashFs): Set<string> {
  const images = crashImages(fs.trace(), { at: fs.trace().records.length, strategy: { kind: "levels", level: 1 } });
  return new Set(
    [...images].flatMap(({ image }) =>
      listImage(image).map((entry) => (entry.kind === "file" ? textOf(entry.bytes) : "")),
    ),
  );
}

function fileWith(content: Uint8Array): { fs: CrashFs; handle: ReturnType<CrashFs["open"]> } {
  const base = new MemoryFs();
  base.open("/a", { mode: "write", create: "exclusive" }).writeAt(content, 0);
  const fs = new CrashFs({ image: base.snapshot() });
  return { fs, handle: fs.open("/a", { mode: "write" }) };
}

test("a page that changes in place gets another hash", () => {
  const state = new FsState();
  const { ino } = state.create("file");
  state.link(rootIno, "a", ino);
  state.setSize(ino, 3);
  state.writeRange(ino, 0, 0, 3, bytes("one"), 0);
  const before = imageHash(state);
  state.writeRange(ino, 0, 0, 3, bytes("two"), 0);
  expect(imageHash(state)).not.toBe(before);
});

test("a snapshot keeps its pages beyond the first gibibyte too", () => {
  const far = 2 ** 31;
  const fs = new MemoryFs();
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  handle.writeAt(bytes("old"), far);
  const image = fs.snapshot();
  handle.writeAt(bytes("new"), far);
  handle.writeAt(bytes("more"), far + 2 ** 30);
  const mounted = new MemoryFs({ image });
  const target = new Uint8Array(3);
  mounted.open("/a", { mode: "read" }).readAt(target, far);
  expect(textOf(target)).toBe("old");
  expect(mounted.stat("/a").size).toBe(far + 3);
});

test("a whole page in the log stays as it was when a part of it is overwritten", () => {
  const { fs, handle } = fileWith(new Uint8Array(pageBytes).fill(0x2d));
  handle.writeAt(new Uint8Array(pageBytes).fill(0x58), 0);
  handle.writeAt(bytes("later"), 0);
  const x = "X".repeat(pageBytes);
  expect(contents(fs)).toEqual(new Set(["-".repeat(pageBytes), x, `later${x.slice(5)}`]));
});

test("the log keeps bytes of its own, whatever the caller does with the buffer", () => {
  const { fs, handle } = fileWith(bytes("-----"));
  const buffer = bytes("12345");
  for (const offset of [0, 1]) {
    handle.writeAt(buffer.subarray(0, 3), offset); // the second write overwrites: it is not shared with the page
    buffer.fill(0x21);
  }
  expect(contents(fs)).toEqual(new Set(["-----", "123--", "1!!!-"]));
});

test.each(["truncate", "punch"] as const)("what %s zeroes stays in the log as it was written", (kind) => {
  const { fs, handle } = fileWith(bytes("-----"));
  handle.truncate(0);
  fs.writeback();
  handle.writeAt(bytes("abcde"), 0); // appended: shares its bytes with the page
  if (kind === "truncate") handle.truncate(2);
  else handle.punch(2, 3);
  expect(contents(fs)).toContain("abcde");
});

test("what an older law restores is not changed by what comes later", () => {
  const fs = new CrashFs({ personality: "seed-crashfs" });
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  handle.writeAt(bytes("synced"), 0);
  handle.syncBlocking("full");
  for (let round = 0; round < 3; round += 1) {
    fs.open("/a", { mode: "write" }).writeAt(bytes("LOST"), 1);
    fs.crash();
    expect(textOf(new Directory(fs).readFile("a"))).toBe("synced");
  }
});

test("a whole page that replaces a part of itself stays as it was in the log", () => {
  const { fs, handle } = fileWith(bytes(""));
  handle.writeAt(bytes("part"), 0);
  handle.writeAt(new Uint8Array(pageBytes).fill(0x58), 0);
  handle.writeAt(bytes("later"), 0);
  expect(contents(fs)).toContain("X".repeat(pageBytes));
});

test("a page that is replaced whole gets another hash", () => {
  const state = new FsState();
  const { ino } = state.create("file");
  state.link(rootIno, "a", ino);
  state.setSize(ino, pageBytes);
  const replace = (fill: number): number => {
    const whole = new Uint8Array(pageBytes).fill(fill);
    const payload = { bytes: undefined, shift: 0 };
    state.ownContent(ino).writePageLogged(0, 0, whole, 0, pageBytes, state.slab, payload);
    return imageHash(state);
  };
  expect(replace(1)).not.toBe(replace(2));
});

test("a cut leaves a snapshot its bytes, and gives back the room of what it drops", () => {
  for (const [from, to] of [
    [600_000, 1],
    [2 ** 31, 10],
  ] as const) {
    const fs = new MemoryFs({ capacityBytes: 4 * pageBytes });
    const handle = fs.open("/a", { mode: "write", create: "exclusive" });
    handle.writeAt(bytes("far"), from);
    const image = fs.snapshot();
    handle.truncate(to);
    expect(fs.space().availableBytes).toBe(4 * pageBytes);
    handle.truncate(from + 3);
    const target = new Uint8Array(3);
    handle.readAt(target, from);
    expect(target).toEqual(new Uint8Array(3));
    new MemoryFs({ image }).open("/a", { mode: "read" }).readAt(target, from);
    expect(textOf(target)).toBe("far");
  }
});

test("what a cut took off a file of the base never comes back, in no copy either", () => {
  const base = new MemoryFs();
  base.open("/a", { mode: "write", create: "exclusive" }).writeAt(new Uint8Array(600_000).fill(7), 0);
  const fs = new CrashFs({ base });
  fs.open("/a", { mode: "write" }).truncate(10);
  const copy = new CrashFs({ image: fs.snapshot() });
  for (const one of [fs, copy]) {
    const handle = one.open("/a", { mode: "write" });
    handle.truncate(600_000);
    const target = new Uint8Array(600_000);
    handle.readAt(target, 0);
    expect(target.indexOf(7, 10)).toBe(-1);
    expect(target.lastIndexOf(7)).toBe(9);
  }
});

test("bytes that settled before their length are gone after a crash, and do not come back when the file grows", () => {
  for (const size of [4, pageBytes]) {
    const { fs, handle } = fileWith(bytes("a"));
    const settled: number[] = [];
    for (const page of [1, 3]) {
      handle.writeAt(new Uint8Array(size).fill(7), page * pageBytes);
      settled.push(...fs.pending().flatMap(({ kind, seq }) => (kind === "data" ? [seq] : [])));
      fs.writeback(settled.splice(0));
    }
    const [length] = fs.pending();
    fs.writeback([length?.seq ?? -1]); // the length of the first write settles, the one of the second does not
    fs.crash();
    expect(fs.stat("/a").size).toBe(pageBytes + size);
    const grown = fs.open("/a", { mode: "write" });
    grown.truncate(5 * pageBytes);
    const target = new Uint8Array(5 * pageBytes);
    grown.readAt(target, 0);
    expect(target.indexOf(7)).toBe(pageBytes);
    expect(target.lastIndexOf(7)).toBe(pageBytes + size - 1);
  }
});

test("an image remembers what was behind the end when it was made", () => {
  const state = new FsState();
  const { ino } = state.create("file");
  state.link(rootIno, "a", ino);
  state.writeRange(ino, 0, 5, 9, bytes("tail"), 0);
  const image = state.freeze();
  state.setSize(ino, 9); // covers it, and the image does not hear of it
  expect([...new FsState(image).loose]).toEqual([[ino, 9]]);
  expect([...state.loose]).toEqual([]);
});

test("an adopted content is shared, and changed by neither side for the other", () => {
  const source = new FsState();
  const { ino } = source.create("file");
  source.writeRange(ino, 0, 0, 3, bytes("old"), 0);
  source.setSize(ino, 3);
  const { content } = source.freeze().inode(ino) ?? {};
  if (content === undefined) throw new Error("no content");
  const state = new FsState();
  state.adoptContent(state.create("file").ino, content);
  state.writeRange(ino, 0, 0, 3, bytes("new"), 0);
  const target = new Uint8Array(3);
  content.read(target, 0);
  expect(textOf(target)).toBe("old");
});

test("after a crash, what no name reaches takes no room", () => {
  const fs = new CrashFs({ capacityBytes: 8 * pageBytes });
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  handle.writeAt(new Uint8Array(3 * pageBytes), 0);
  handle.syncBlocking("full"); // the bytes are durable, the name is not
  fs.crash();
  expect(fs.list("/")).toEqual([]);
  expect(fs.space().availableBytes).toBe(8 * pageBytes);
});

test("after a crash, a file counts only the names that are left", () => {
  const fs = new CrashFs();
  fs.open("/a", { mode: "write", create: "exclusive" }).syncBlocking("full");
  fs.makeDirectory("/d");
  fs.link("/a", "/d/a");
  fs.syncNamesBlocking("/d");
  fs.writeback([0]); // the name /a, and not the name /d
  fs.crash();
  expect(fs.list("/")).toEqual([{ name: "a", kind: "file" }]);
  expect(fs.stat("/a").links).toBe(1);
});
