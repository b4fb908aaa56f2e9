import { claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase, Trial } from "./conformance-case.js";
import { bytesOf, get, kindOf, put } from "./sample-files.js";
import { Directory } from "../directory.js";
import type { OpenFileOptions } from "../file-handle.js";
import type { FsErrorCode } from "../fs-error.js";
import type { StoreFs } from "../store-fs.js";

/** Every operation that takes a path, with the path in each of its places. */
const pathOperations: readonly (readonly [string, (fs: StoreFs, path: string) => unknown])[] = [
  ["open", (fs, path) => fs.open(path, { mode: "read" })],
  ["create", (fs, path) => fs.open(path, { mode: "write", create: "if-missing" })],
  ["stat", (fs, path) => fs.stat(path)],
  ["list", (fs, path) => fs.list(path)],
  ["makeDirectory", (fs, path) => fs.makeDirectory(path)],
  ["removeDirectory", (fs, path) => fs.removeDirectory(path)],
  ["rename from", (fs, path) => fs.rename(path, "/other")],
  ["rename to", (fs, path) => fs.rename("/f", path)],
  ["link from", (fs, path) => fs.link(path, "/other")],
  ["link to", (fs, path) => fs.link("/f", path)],
  ["remove", (fs, path) => fs.remove(path)],
  ["reflink from", (fs, path) => fs.reflink(path, "/other")],
  ["reflink to", (fs, path) => fs.reflink("/f", path)],
  ["syncNamesBlocking", (fs, path) => fs.syncNamesBlocking(path)],
];

async function refusesEverywhere(fs: StoreFs, path: string, code: FsErrorCode): Promise<void> {
  const what = JSON.stringify(path.slice(0, 40));
  for (const [name, run] of pathOperations) claimThrows(`${name} ${what}`, { code }, () => run(fs, path));
  await claimRejects(`syncNames ${what}`, { code }, () => fs.syncNames(path));
  await claimRejects(`listStream ${what}`, { code }, async () => {
    for await (const batch of fs.listStream(path)) claimEqual(batch, [], "batch of a path that must be refused");
  });
}

async function refusesAll(trial: Trial, paths: readonly string[], code: FsErrorCode): Promise<void> {
  put(trial.fs, "/f", "abc");
  for (const path of paths) await refusesEverywhere(trial.fs, path, code);
  claimEqual([trial.fs.list("/").map(({ name }) => name), get(trial.fs, "/f")], [["f"], "abc"], "all as before");
}

/** What every backend refuses, in the same words: paths, numbers, options, buffers. */
export const refusalCases: readonly ConformanceCase[] = [
  {
    id: "path-escape-refused-everywhere",
    family: "refusals",
    obligation: "No path leaves the root or has more than one spelling, in any operation.",
    run: (trial) =>
      refusesAll(
        trial,
        ["", "f", "./f", "..", "/..", "/../f", "/f/..", "/d/../f", "/.", "/./f", "//", "//f", "/f/", "/d//f", "C:/f"],
        "FS_INVALID_PATH",
      ),
  },
  {
    id: "path-characters-refused",
    family: "refusals",
    obligation: "NUL, control characters, backslashes and text without a UTF-8 form are refused before any call.",
    run: (trial) =>
      refusesAll(trial, ["/a\0b", "/\0", "/a\nb", "/\x7f", "/a\\b", "\\a", "/\ud800", "/\udc00a"], "FS_INVALID_PATH"),
  },
  {
    id: "path-names-refused",
    family: "refusals",
    obligation: "Names that another platform would fold or reserve are refused on all: normal form, endings, devices.",
    run: (trial) =>
      refusesAll(
        trial,
        ["/e\u0301", "/d/a.", "/a ", "/con", "/NUL.txt", "/d/Com1", "/lpt9.log", "/aux/f", "/a./f"],
        "FS_INVALID_PATH",
      ),
  },
  {
    id: "path-length-refused",
    family: "refusals",
    obligation: "A name over 255 bytes of UTF-8, or a path over 4096, is FS_NAME_TOO_LONG, whatever the host allows.",
    run: (trial) =>
      refusesAll(
        trial,
        [`/${"x".repeat(256)}`, `/${"€".repeat(86)}`, `/${"x".repeat(256)}/f`, `/${"abcdefg/".repeat(512)}x`],
        "FS_NAME_TOO_LONG",
      ),
  },
  {
    id: "directory-view-refuses-escape",
    family: "refusals",
    obligation: "A Directory takes relative paths alone, and none that leaves it.",
    run({ fs }) {
      fs.makeDirectory("/base");
      put(fs, "/f", "outside");
      const directory = new Directory(fs, "/base");
      for (const path of ["../f", "/f", "a/../../f", "..", ".", "a\\..\\f", "a//b"]) {
        const refused = { code: "FS_INVALID_PATH" } as const;
        claimThrows(`stat ${path}`, refused, () => directory.stat(path));
        claimThrows(`exists ${path}`, refused, () => directory.exists(path));
        claimThrows(`writeFile ${path}`, refused, () => directory.writeFile(path, bytesOf("x")));
        claimThrows(`removeTree ${path}`, refused, () => directory.removeTree(path));
        claimThrows(`rename to ${path}`, refused, () => directory.rename("a", path));
        claimThrows(`directory ${path}`, refused, () => directory.directory(path));
        claimThrows(`makeDirectories ${path}`, refused, () => directory.makeDirectories(path));
      }
      claimThrows("the view itself, by name", { code: "FS_INVALID_PATH" }, () => directory.removeTree(""));
      claimEqual([get(fs, "/f"), kindOf(fs, "/base")], ["outside", "directory"], "all as before");
    },
  },
  {
    id: "offset-bounds-refused",
    family: "refusals",
    obligation:
      "Offsets and lengths are whole numbers from 0 to 2^53-1; all else is FS_INVALID_ARGUMENT and does nothing.",
    async run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      const bytes = bytesOf("x");
      const wrong = ["1", undefined, null, 1n] as unknown as number[]; // what a caller without types may pass
      for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0.5, ...wrong]) {
        const refused = { code: "FS_INVALID_ARGUMENT", path: "/f" } as const;
        const what = String(value);
        claimThrows(`readAt ${what}`, { ...refused, operation: "read" }, () => handle.readAt(bytes, value));
        claimThrows(`writeAt ${what}`, { ...refused, operation: "write" }, () => handle.writeAt(bytes, value));
        claimThrows(`truncate ${what}`, { ...refused, operation: "truncate" }, () => handle.truncate(value));
        claimThrows(`allocate at ${what}`, { ...refused, operation: "allocate" }, () => handle.allocate(value, 1));
        claimThrows(`allocate of ${what}`, { ...refused, operation: "allocate" }, () => handle.allocate(0, value));
        claimThrows(`punch at ${what}`, { ...refused, operation: "punch" }, () => handle.punch(value, 1));
        claimThrows(`punch of ${what}`, { ...refused, operation: "punch" }, () => handle.punch(0, value));
        await claimRejects(`readAtAsync ${what}`, { ...refused, operation: "read" }, () =>
          handle.readAtAsync(bytes, value),
        );
      }
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "range-end-refused",
    family: "refusals",
    obligation: "A write, allocation or punch that would end behind 2^53-1 is FS_FILE_TOO_LARGE and does nothing.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      const last = Number.MAX_SAFE_INTEGER;
      const refused = { code: "FS_FILE_TOO_LARGE", path: "/f" } as const;
      claimThrows("writeAt", { ...refused, operation: "write" }, () => handle.writeAt(bytesOf("x"), last));
      claimThrows("allocate", { ...refused, operation: "allocate" }, () => handle.allocate(last, 1));
      claimThrows("punch", { ...refused, operation: "punch" }, () => handle.punch(1, last));
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "open-options-refused",
    family: "refusals",
    obligation: "Unknown options, values and combinations that mean nothing are refused before any call.",
    run({ fs }) {
      put(fs, "/f", "abc");
      const refused: unknown[] = [
        undefined,
        null,
        "read",
        {},
        { mode: "r" },
        { mode: "read", create: "if-missing" },
        { mode: "read", create: "exclusive" },
        { mode: "read", truncate: true },
        { mode: "append", truncate: true },
        { mode: "write", create: true },
        { mode: "write", create: "always" },
        { mode: "write", truncate: 1 },
        { mode: "write", truncated: true },
      ];
      for (const options of refused) {
        const what = `open with ${JSON.stringify(options)}`;
        claimThrows(
          what,
          { code: "FS_INVALID_ARGUMENT", operation: "open", path: "/f" },
          () => fs.open("/f", options as OpenFileOptions), // what a caller without types may pass
        );
      }
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "buffers-must-be-bytes",
    family: "refusals",
    obligation: "Only a Uint8Array is read into or written.",
    async run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      using log = fs.open("/f", { mode: "append" });
      const others: unknown[] = ["text", [1, 2], new ArrayBuffer(4), new Uint16Array(2), undefined, null, 5];
      for (const other of others) {
        const bytes = other as Uint8Array; // what a caller without types may pass
        const refused = { code: "FS_INVALID_ARGUMENT", path: "/f" } as const;
        claimThrows("readAt", { ...refused, operation: "read" }, () => handle.readAt(bytes, 0));
        claimThrows("writeAt", { ...refused, operation: "write" }, () => handle.writeAt(bytes, 0));
        claimThrows("append", { ...refused, operation: "append" }, () => log.append(bytes));
        await claimRejects("readAtAsync", { ...refused, operation: "read" }, () => handle.readAtAsync(bytes, 0));
      }
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "rungs-refused",
    family: "refusals",
    obligation: "A file barrier knows the rungs data and full, and no other word.",
    async run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      for (const word of ["os", "memory", "all", "", undefined]) {
        const rung = word as "data"; // what a caller without types may pass
        const refused = { code: "FS_INVALID_ARGUMENT", operation: "sync", path: "/f" } as const;
        claimThrows(`syncBlocking ${word}`, refused, () => handle.syncBlocking(rung));
        await claimRejects(`sync ${word}`, refused, () => handle.sync(rung));
      }
      handle.syncBlocking("data"); // a refused word is no failed barrier
      handle.writeAt(bytesOf("x"), 0);
    },
  },
  {
    id: "punch-honest",
    family: "refusals",
    obligation: "Whoever declares no punch refuses it and changes nothing.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      if (fs.capabilities().punch) {
        handle.punch(0, 1);
        claimEqual(get(fs, "/f"), "\0bc", "content");
      } else {
        claimThrows("punch", { code: "FS_UNSUPPORTED", operation: "punch", path: "/f" }, () => handle.punch(0, 1));
        claimEqual(get(fs, "/f"), "abc", "content");
      }
    },
  },
  {
    id: "symlink-leaf-refused",
    family: "refusals",
    obligation: "A symlink is never opened through, whatever it points at, and is listed and removed as itself.",
    needs: ["plantSymlink"],
    run({ fs, backend }) {
      put(fs, "/target", "abc");
      fs.makeDirectory("/d");
      backend.plantSymlink?.(fs, "/link", "target");
      backend.plantSymlink?.(fs, "/dangling", "nothing");
      for (const path of ["/link", "/dangling"]) {
        const refused = { code: "FS_SYMLINK_REFUSED", path } as const;
        claimThrows(`read ${path}`, refused, () => fs.open(path, { mode: "read" }));
        claimThrows(`write ${path}`, refused, () =>
          fs.open(path, { mode: "write", create: "if-missing", truncate: true }),
        );
        claimThrows(`append ${path}`, refused, () => fs.open(path, { mode: "append" }));
        claimThrows(`exclusive ${path}`, { code: "FS_ALREADY_EXISTS" }, () =>
          fs.open(path, { mode: "write", create: "exclusive" }),
        );
        claimEqual(fs.stat(path).kind, "symlink", `kind of ${path}`);
      }
      claimEqual(fs.list("/").filter(({ kind }) => kind === "symlink").length, 2, "symlinks in the list");
      claimEqual([get(fs, "/target"), kindOf(fs, "/nothing")], ["abc", undefined], "what they point at");
      fs.remove("/link");
      claimEqual(get(fs, "/target"), "abc", "what it pointed at, after its removal");
    },
  },
  {
    id: "symlink-parent-refused",
    family: "refusals",
    obligation: "A path that goes through a symlink is refused, also when it would stay below the root.",
    needs: ["plantSymlink"],
    run({ fs, backend }) {
      fs.makeDirectory("/d");
      put(fs, "/d/f", "abc");
      put(fs, "/g", "def");
      backend.plantSymlink?.(fs, "/l", "d");
      const refused = { code: "FS_SYMLINK_REFUSED" } as const;
      claimThrows("open", refused, () => fs.open("/l/f", { mode: "read" }));
      claimThrows("create", refused, () => fs.open("/l/x", { mode: "write", create: "if-missing" }));
      claimThrows("stat", refused, () => fs.stat("/l/f"));
      claimThrows("list", refused, () => fs.list("/l"));
      claimThrows("makeDirectory", refused, () => fs.makeDirectory("/l/x"));
      claimThrows("remove", refused, () => fs.remove("/l/f"));
      claimThrows("rename from", refused, () => fs.rename("/l/f", "/x"));
      claimThrows("rename to", refused, () => fs.rename("/g", "/l/x"));
      claimThrows("syncNames", refused, () => fs.syncNamesBlocking("/l"));
      claimEqual([get(fs, "/d/f"), get(fs, "/g")], ["abc", "def"], "all as before");
    },
  },
  {
    id: "read-only-refuses-changes",
    family: "refusals",
    obligation: "A read-only file system reads as ever, and answers FS_READ_ONLY to every change.",
    needs: ["readOnlyView"],
    run({ fs, backend }) {
      put(fs, "/f", "abc");
      fs.makeDirectory("/d");
      const view = backend.readOnlyView?.(fs) ?? fs; // there by `needs`
      claimEqual([view.readOnly, get(view, "/f"), view.list("/").length], [true, "abc", 2], "what it shows");
      const changes: readonly (readonly [string, () => unknown])[] = [
        ["open for writing", () => view.open("/f", { mode: "write" })],
        ["open for append", () => view.open("/f", { mode: "append" })],
        ["create", () => view.open("/x", { mode: "write", create: "if-missing" })],
        ["makeDirectory", () => view.makeDirectory("/x")],
        ["removeDirectory", () => view.removeDirectory("/d")],
        ["rename", () => view.rename("/f", "/x")],
        ["link", () => view.link("/f", "/x")],
        ["reflink", () => view.reflink("/f", "/x")],
        ["remove", () => view.remove("/f")],
      ];
      for (const [what, change] of changes) claimThrows(what, { code: "FS_READ_ONLY" }, change);
      claimEqual([get(fs, "/f"), fs.list("/").length], ["abc", 2], "all as before");
    },
  },
];
