// The vocabulary of crash-cases where the shared rows do not use it: every operation, and what memory and a host
// answer differently.
import { describe, expect, test } from "vitest";
import { CrashScript } from "./crash-script.js";
import type { ScriptOp } from "./seed-case-file.js";
import { outcomeOfError, type SeedOutcome } from "./seed-outcome.js";

/** An operation and its outcome. */
type Line = readonly [ScriptOp, SeedOutcome];

/** Plays the operations of a script and tells what each did. */
function play(backend: "mem" | "host", pre: Readonly<Record<string, string>>, lines: readonly Line[]): readonly Line[] {
  const knobs = { seed: 0n, dropOneIn: 0, noSpaceOnCopy: 0 };
  const script = new CrashScript({ id: "", backend, pre, knobs, ops: [], expect: [] });
  return lines.map(([op]) => {
    try {
      return [op, script.run(op)];
    } catch (error) {
      return [op, outcomeOfError(error)];
    }
  });
}

const ok: SeedOutcome = { ok: true };
const error = (
  name: "NotFound" | "AlreadyExists" | "InvalidInput" | "IsADirectory" | "NotADirectory" | "Io",
): SeedOutcome => ({
  error: name,
});
const write = (path: string, data: string): Line => [{ op: "writeFile", path, data }, ok];
const append = (path: string, data: string): Line => [{ op: "append", path, data }, ok];
const sync = (path: string): Line => [{ op: "syncFile", path, scope: "all" }, ok];
const mkdir = (path: string): Line => [{ op: "mkdir", path }, ok];
const crash = (files: Readonly<Record<string, string>>, dirs: readonly string[] = []): Line => [
  { op: "crash" },
  { state: { files, dirs } },
];
const open = (handle: string, path: string, flags: readonly string[], outcome: SeedOutcome = ok): Line => [
  { op: "open", path, flags, handle },
  outcome,
];

describe.each(["mem", "host"] as const)("on %s", (backend) => {
  test.each([["read", "create"], ["read", "truncate"], ["append", "truncate"], ["createNew"], ["truncate"]])(
    "flags %s %s make no sense, and touch the path all the same",
    (...flags) => {
      const lines: readonly Line[] = [
        open("h", "/t/a", flags, error("InvalidInput")),
        [{ op: "outside", path: "/t/a", data: "x" }, ok],
        crash({}),
      ];
      expect(play(backend, {}, lines)).toEqual(lines);
    },
  );

  test("no flags at all touch nothing", () => {
    const lines: readonly Line[] = [
      open("h", "/t/a", [], error("InvalidInput")),
      [{ op: "outside", path: "/t/a", data: "x" }, ok],
      crash({ "/t/a": "x" }),
    ];
    expect(play(backend, {}, lines)).toEqual(lines);
  });

  test("createNew wins over create and truncate", () => {
    const lines: readonly Line[] = [
      open("h", "/t/a", ["write", "createNew", "create", "truncate"], error("AlreadyExists")),
      [{ op: "readFile", path: "/t/a" }, { value: "old" }],
      open("h", "/t/b", ["read", "write", "createNew", "truncate"]),
      crash({ "/t/a": "old" }),
    ];
    expect(play(backend, { a: "old" }, lines)).toEqual(lines);
  });

  test("opens that cannot work", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      open("h", "/t/no/a", ["write", "create"], error("NotFound")),
      open("h", "/t/f/a", ["write", "create"], error("NotADirectory")),
      open("h", "/t/d", ["write"], error("IsADirectory")),
      crash({ "/t/f": "1" }, ["/t/d"]),
    ];
    expect(play(backend, { f: "1" }, lines)).toEqual(lines);
  });

  test("a cursor moves by reading, writing and seeking, and nothing else moves it", () => {
    const lines: readonly Line[] = [
      open("h", "/t/a", ["read", "write"]),
      [{ op: "hRead", handle: "h", len: 2 }, { value: "01" }],
      [{ op: "hWrite", handle: "h", data: "XY" }, ok],
      [{ op: "hSeek", handle: "h", whence: "current", offset: 1 }, { value: 5 }],
      [{ op: "hRead", handle: "h", len: 1 }, { value: "5" }],
      [{ op: "hSeek", handle: "h", whence: "end", offset: -2 }, { value: 8 }],
      [{ op: "hRead", handle: "h", len: 9 }, { value: "89" }],
      [{ op: "hSeek", handle: "h", whence: "start", offset: -1 }, error("InvalidInput")],
      [{ op: "hSeek", handle: "h", whence: "start", offset: 12 }, { value: 12 }],
      [{ op: "hRead", handle: "h", len: 9 }, { value: "" }],
      [{ op: "hSetLen", handle: "h", len: 4 }, ok],
      [{ op: "hWrite", handle: "h", data: "Z" }, ok],
      [{ op: "readFile", path: "/t/a" }, { value: "01XY\0\0\0\0\0\0\0\0Z" }],
      [{ op: "stat", path: "/t/a" }, { value: { len: 13, kind: "file" } }],
      crash({ "/t/a": "0123456789" }),
    ];
    expect(play(backend, { a: "0123456789" }, lines)).toEqual(lines);
  });

  test("a handle does what its flags say", () => {
    const lines: readonly Line[] = [
      open("w", "/t/a", ["write"]),
      [{ op: "hRead", handle: "w", len: 1 }, error("Io")],
      open("r", "/t/a", ["read"]),
      [{ op: "hWrite", handle: "r", data: "x" }, error("Io")],
      [{ op: "hWrite", handle: "r", data: "" }, ok],
      open("a", "/t/a", ["append"]),
      [{ op: "hSetLen", handle: "a", len: 2 }, ok],
      [{ op: "hWrite", handle: "a", data: "X" }, ok],
      [{ op: "hSeek", handle: "a", whence: "start", offset: 0 }, { value: 0 }],
      [{ op: "hWrite", handle: "a", data: "Y" }, ok],
      [{ op: "hFlush", handle: "a" }, ok],
      [{ op: "readFile", path: "/t/a" }, { value: "01XY" }],
    ];
    expect(play(backend, { a: "0123" }, lines)).toEqual(lines);
  });

  test("listing and looking", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      [{ op: "list", path: "/t" }, { value: ["d/", "f"] }],
      [{ op: "list", path: "/t/no" }, error("NotFound")],
      [{ op: "list", path: "/t/f" }, error("NotADirectory")],
      [{ op: "stat", path: "/t/no" }, error("NotFound")],
      [{ op: "exists", path: "/t/d" }, { value: true }],
      [{ op: "exists", path: "/t/d/../no" }, { value: false }],
      [{ op: "readFile", path: "/t/d" }, error("IsADirectory")],
    ];
    expect(play(backend, { f: "12" }, lines)).toEqual(lines);
  });

  test("clones go their own way", () => {
    const lines: readonly Line[] = [
      write("/t/a", "x"),
      sync("/t/a"),
      append("/t/a", "+u"),
      [{ op: "clone", from: "/t/a", to: "/t/b" }, ok],
      [{ op: "clone", from: "/t/p", to: "/t/q" }, ok],
      [{ op: "clone", from: "/t/no", to: "/t/r" }, error("NotFound")],
      append("/t/b", "+b"),
      [{ op: "readFile", path: "/t/a" }, { value: "x+u" }],
      [{ op: "readFile", path: "/t/b" }, { value: "x+u+b" }],
      crash({ "/t/a": "x", "/t/b": "x", "/t/p": "P", "/t/q": "P" }),
    ];
    expect(play(backend, { p: "P" }, lines)).toEqual(lines);
  });

  test("everything below a removed tree is forgotten, and its handles write into nothing", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      open("h", "/t/d/a", ["write", "create"]),
      [{ op: "hWrite", handle: "h", data: "x" }, ok],
      sync("/t/d/a"),
      [{ op: "removeTree", path: "/t/d" }, ok],
      [{ op: "hWrite", handle: "h", data: "y" }, ok],
      [{ op: "hSync", handle: "h", scope: "data" }, error("NotFound")],
      mkdir("/t/d"),
      [{ op: "outside", path: "/t/d/a", data: "z" }, ok],
      crash({ "/t/d/a": "z" }, ["/t/d"]),
    ];
    expect(play(backend, {}, lines)).toEqual(lines);
  });

  test("a failed sync does no harm to its handle", () => {
    const lines: readonly Line[] = [
      open("h", "/t/a", ["write", "create"]),
      [{ op: "remove", path: "/t/a" }, ok],
      [{ op: "hSync", handle: "h", scope: "all" }, error("NotFound")],
      [{ op: "hWrite", handle: "h", data: "x" }, ok],
      write("/t/a", "other"),
      [{ op: "hSync", handle: "h", scope: "all" }, ok],
      crash({ "/t/a": "other" }),
    ];
    expect(play(backend, {}, lines)).toEqual(lines);
  });

  test("a handle of a wrapper that was thrown away reaches the file and no book", () => {
    const lines: readonly Line[] = [
      open("h", "/t/a", ["write", "create"]),
      [{ op: "rewrap" }, ok],
      append("/t/a", "1"),
      [{ op: "hSeek", handle: "h", whence: "end", offset: 0 }, { value: 1 }],
      [{ op: "hWrite", handle: "h", data: "2" }, ok],
      [{ op: "hSync", handle: "h", scope: "all" }, ok],
      crash({ "/t/a": "" }),
      [{ op: "remove", path: "/t/a" }, ok],
      [{ op: "hSync", handle: "h", scope: "all" }, error("NotFound")],
    ];
    expect(play(backend, {}, lines)).toEqual(lines);
  });

  test("a crash that fails says which path and keeps the books", () => {
    const lines: readonly Line[] = [
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      write("/t/d/a", "x"),
      sync("/t/d/a"),
      [{ op: "outsideRemoveTree", path: "/t/d" }, ok],
      [{ op: "mkdirAll", path: "/t/d/a" }, ok],
      [{ op: "crash" }, { aborts: "crash(): reopening /t/d/a for rollback failed" }],
      [{ op: "outsideRemoveTree", path: "/t/d/a" }, ok],
      crash({ "/t/d/a": "x" }, ["/t/d"]),
    ];
    expect(play(backend, {}, lines)).toEqual(lines);
  });

  test("spellings without .. are one path", () => {
    const lines: readonly Line[] = [write("/t/./a", "1"), sync("/t//a"), append("/t/a", "2"), crash({ "/t/a": "1" })];
    expect(play(backend, {}, lines)).toEqual(lines);
  });
});

describe("what memory does differently", () => {
  test("it moves no directories and puts nothing in their place", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      [{ op: "rename", from: "/t/d", to: "/t/e" }, error("InvalidInput")],
      [{ op: "rename", from: "/t/f", to: "/t/d" }, error("InvalidInput")],
      [{ op: "rename", from: "/t/no", to: "/t/g" }, error("NotFound")],
    ];
    expect(play("mem", { f: "1" }, lines)).toEqual(lines);
  });

  test("it has its own words for some refusals", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      [{ op: "remove", path: "/t/d" }, error("Io")],
      [{ op: "removeTree", path: "/t/f" }, error("InvalidInput")],
      [{ op: "syncDir", path: "/t/f" }, error("Io")],
      [{ op: "mkdirAll", path: "/t/f/g/h" }, error("AlreadyExists")],
      open("r", "/t/f", ["read"]),
      [{ op: "hSetLen", handle: "r", len: 0 }, error("Io")],
      [{ op: "exists", path: "/t/f/x" }, { value: false }],
      [{ op: "stat", path: "/t/d" }, { value: { len: 0, kind: "dir" } }],
      open("h", "", ["write"], error("InvalidInput")),
      open("h", "/t/d/../a", ["write", "create"], error("NotFound")),
      [{ op: "punch", path: "/t/f", offset: 0, len: 0 }, ok],
    ];
    expect(play("mem", { f: "1" }, lines)).toEqual(lines);
  });
});

test("in memory there is nothing below a file, and nothing can be made there", () => {
  const lines: readonly Line[] = [
    [{ op: "stat", path: "/t/f/x" }, error("NotFound")],
    [{ op: "readFile", path: "/t/f/x" }, error("NotFound")],
    [{ op: "list", path: "/t/f/x" }, error("NotFound")],
    [{ op: "remove", path: "/t/f/x" }, error("NotFound")],
    [{ op: "removeTree", path: "/t/f/x" }, error("NotFound")],
    [{ op: "rename", from: "/t/f/x", to: "/t/g" }, error("NotFound")],
    [{ op: "link", from: "/t/f/x", to: "/t/g" }, error("NotFound")],
    [{ op: "clone", from: "/t/f/x", to: "/t/g" }, error("NotFound")],
    [{ op: "truncate", path: "/t/f/x", len: 1 }, error("NotFound")],
    [{ op: "syncFile", path: "/t/f/x", scope: "all" }, error("NotFound")],
    [{ op: "writeFile", path: "/t/f/x", data: "1" }, error("NotADirectory")],
    [{ op: "mkdir", path: "/t/f/x" }, error("NotADirectory")],
    crash({ "/t/f": "1" }),
  ];
  expect(play("mem", { f: "1" }, lines)).toEqual(lines);
});

describe("what a host does differently", () => {
  test("it moves directories, and says what is in the way", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      [{ op: "rename", from: "/t/f", to: "/t/d" }, error("IsADirectory")],
      [{ op: "rename", from: "/t/d", to: "/t/f" }, error("NotADirectory")],
      [{ op: "rename", from: "/t/d", to: "/t/d/e" }, error("InvalidInput")],
      [{ op: "remove", path: "/t/d" }, error("IsADirectory")],
      [{ op: "removeTree", path: "/t/f" }, error("NotADirectory")],
      [{ op: "syncDir", path: "/t/f" }, error("NotADirectory")],
      [{ op: "mkdirAll", path: "/t/f/g" }, error("NotADirectory")],
      [{ op: "mkdirAll", path: "/t/f" }, error("AlreadyExists")],
      open("r", "/t/f", ["read"]),
      [{ op: "hSetLen", handle: "r", len: 0 }, error("InvalidInput")],
      [{ op: "exists", path: "/t/f/x" }, error("NotADirectory")],
      [{ op: "stat", path: "/t/d" }, { value: { len: 4096, kind: "dir" } }],
      open("h", "", ["write"], error("NotFound")),
      open("h", "/t/f", ["append", "truncate", "createNew"], error("AlreadyExists")),
      open("h", "/t/g", ["append", "truncate", "createNew"]),
      [{ op: "punch", path: "/t/f", offset: 0, len: 0 }, error("InvalidInput")],
      [{ op: "rename", from: "/t/d", to: "/t/e" }, ok],
      crash({ "/t/f": "1" }, ["/t/e"]),
    ];
    expect(play("host", { f: "1" }, lines)).toEqual(lines);
  });

  test("a link shares its file, and both names are rolled back", () => {
    const lines: readonly Line[] = [
      [{ op: "link", from: "/t/p", to: "/t/q" }, ok],
      append("/t/q", "+u"),
      [{ op: "readFile", path: "/t/p" }, { value: "P+u" }],
      crash({ "/t/p": "P", "/t/q": "P" }),
      [{ op: "remove", path: "/t/p" }, ok],
      crash({ "/t/q": "P" }),
    ];
    expect(play("host", { p: "P" }, lines)).toEqual(lines);
  });

  test("a lock belongs to one handle of a file until that is closed, whatever happens to its name", () => {
    const lines: readonly Line[] = [
      open("a", "/t/l", ["write", "create"]),
      open("b", "/t/l", ["write"]),
      [{ op: "hTryLock", handle: "a" }, { value: true }],
      [{ op: "hTryLock", handle: "a" }, { value: true }],
      [{ op: "hTryLock", handle: "b" }, { value: false }],
      [{ op: "rename", from: "/t/l", to: "/t/m" }, ok],
      [{ op: "hTryLock", handle: "b" }, { value: false }],
      open("c", "/t/l", ["write", "create"]),
      [{ op: "hTryLock", handle: "c" }, { value: true }],
      [{ op: "hClose", handle: "b" }, ok],
      open("b", "/t/m", ["read"]),
      [{ op: "hTryLock", handle: "b" }, { value: false }],
      [{ op: "hClose", handle: "a" }, ok],
      [{ op: "hTryLock", handle: "b" }, { value: true }],
      open("b", "/t/m", ["read"]),
      open("a", "/t/m", ["read"]),
      [{ op: "hTryLock", handle: "a" }, { value: true }],
    ];
    expect(play("host", {}, lines)).toEqual(lines);
  });

  test("two spellings are two tracked files", () => {
    const lines: readonly Line[] = [
      mkdir("/t/d"),
      write("/t/d/../a", "x"),
      sync("/t/d/../a"),
      [{ op: "remove", path: "/t/a" }, ok],
      crash({ "/t/a": "x" }, ["/t/d"]),
      [{ op: "remove", path: "/t/d/../a" }, ok],
      crash({}, ["/t/d"]),
      write("/t/d/../a", "y"),
      sync("/t/d/../a"),
      [{ op: "outsideRemoveTree", path: "/t/d" }, ok],
      [{ op: "crash" }, { aborts: "crash(): reopening /t/d/../a for rollback failed" }],
      [{ op: "readFile", path: "/t/d/../a" }, error("NotFound")],
    ];
    expect(play("host", {}, lines)).toEqual(lines);
  });
});
