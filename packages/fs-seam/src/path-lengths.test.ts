// The law of the older length simulator, beyond what the recorded cases show.
import { expect, test } from "vitest";
import { CrashFs } from "./crash-fs.js";
import { Directory } from "./directory.js";
import type { FileHandle } from "./file-handle.js";
import { isMediaHandle } from "./media-faults.js";
import { PathLengths } from "./path-lengths.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function mount(): { readonly fs: CrashFs; readonly law: PathLengths } {
  const fs = new CrashFs({ personality: "seed-simfs" });
  if (fs.pathLaw instanceof PathLengths) return { fs, law: fs.pathLaw };
  throw new Error("no lengths are kept");
}

function create(fs: CrashFs, path: string, text: string): FileHandle {
  const handle = fs.open(path, { mode: "write", create: "exclusive" });
  handle.writeAt(bytes(text), 0);
  return handle;
}

const read = (fs: CrashFs, path: string): string =>
  Buffer.from(new Directory(fs).readFile(path.slice(1))).toString("latin1");

test("a file that an open made is tracked from length 0, however it was made", () => {
  const { fs } = mount();
  create(fs, "/a", "one");
  using handle = fs.open("/b", { mode: "append", create: "if-missing" });
  handle.append(bytes("two"));
  fs.crash();
  expect([read(fs, "/a"), read(fs, "/b")]).toEqual(["", ""]);
});

test("a file that was there is tracked from its first barrier that is not dropped", () => {
  const { fs, law } = mount();
  law.unobserved(() => create(fs, "/a", "abc"));
  using handle = fs.open("/a", { mode: "append", create: "if-missing" });
  if (!isMediaHandle(handle)) throw new Error("no handle of the engine");
  handle.armMediaFault({ kind: "droppedSync" });
  handle.syncBlocking("full");
  handle.append(bytes("d"));
  fs.crash();
  expect(read(fs, "/a")).toBe("abcd");
  handle.syncBlocking("data");
  handle.append(bytes("e"));
  expect(law.durableLength("/a")).toBe(4);
  expect(fs.crash()).toMatchObject({ survived: 1, lost: 0 });
  expect(read(fs, "/a")).toBe("abcd");
});

test("a failed creation tracks nothing", () => {
  const { fs, law } = mount();
  expect(() => create(fs, "/no/a", "x")).toThrow(/ENOENT/);
  law.unobserved(() => create(fs, "/a", "abc"));
  expect(() => create(fs, "/a", "x")).toThrow(/EEXIST/);
  fs.crash();
  expect(read(fs, "/a")).toBe("abc");
});

test("neither a removal nor a rename nor a crash is noticed", () => {
  const { fs, law } = mount();
  create(fs, "/a", "0123456789").syncBlocking("full");
  fs.rename("/a", "/b");
  fs.crash();
  expect(read(fs, "/b")).toBe("0123456789");
  fs.remove("/b");
  create(fs, "/a", "new");
  fs.crash();
  expect(read(fs, "/a")).toBe(`new${"\0".repeat(7)}`);
  expect(law.durableLength("/a")).toBe(10);
  expect(law.durableLength("/b")).toBe(0);
});

test("a barrier books the length of the handle under the path it is said to be of", () => {
  const { fs, law } = mount();
  const a = create(fs, "/a", "AAAA");
  create(fs, "/b", "BB");
  law.underName("/a", "/b", () => a.syncBlocking("full"));
  fs.crash();
  expect([read(fs, "/a"), read(fs, "/b")]).toEqual(["", "BB\0\0"]);
});

test("a handle survives the crash, and its hole becomes durable with the next barrier", () => {
  const { fs } = mount();
  const handle = create(fs, "/a", "abc");
  handle.syncBlocking("full");
  handle.writeAt(bytes("def"), 3);
  fs.crash();
  handle.writeAt(bytes("GHI"), 6);
  handle.syncBlocking("full");
  fs.crash();
  expect(read(fs, "/a")).toBe("abc\0\0\0GHI");
});

test("links and clones are durable at once at full length; two names of one file are set one after the other", () => {
  const { fs, law } = mount();
  const handle = create(fs, "/a", "0123");
  handle.syncBlocking("full");
  handle.writeAt(bytes("45"), 4);
  fs.reflink("/a", "/clone");
  fs.link("/a", "/link");
  expect([law.durableLength("/clone"), law.durableLength("/link")]).toEqual([6, 6]);
  fs.crash();
  expect([read(fs, "/a"), read(fs, "/clone"), read(fs, "/link")]).toEqual(["0123\0\0", "012345", "0123\0\0"]);
});

test("what is no file any more is passed over", () => {
  const { fs } = mount();
  create(fs, "/a", "x").syncBlocking("full");
  fs.remove("/a");
  fs.makeDirectory("/a");
  expect(fs.crash()).toMatchObject({ survived: 0, lost: 1 });
  expect(fs.stat("/a").kind).toBe("directory");
});

test("a new book knows nothing", () => {
  const { fs, law } = mount();
  create(fs, "/a", "x");
  law.forget();
  fs.crash();
  expect(read(fs, "/a")).toBe("x");
});
