// The vocabulary of sim-cases where the shared rows do not use it, and the drop schedules of the specification.
import { describe, expect, test } from "vitest";
import type { ScriptOp, SimKnobs } from "./seed-case-file.js";
import { outcomeOfError, type SeedErrorName, type SeedOutcome } from "./seed-outcome.js";
import { SimScript } from "./sim-script.js";

type Line = readonly [ScriptOp, SeedOutcome];

/** Plays the operations of a script and tells what each did. */
function play(
  pre: Readonly<Record<string, string>>,
  lines: readonly Line[],
  knobs: Partial<SimKnobs> = {},
): readonly Line[] {
  const all = { seed: 1n, dropOneIn: 0, noSpaceOnCopy: 0, ...knobs };
  const script = new SimScript({ id: "", backend: "host", pre, knobs: all, ops: [], expect: [] });
  return lines.map(([op]) => {
    try {
      return [op, script.run(op)];
    } catch (error) {
      return [op, outcomeOfError(error)];
    }
  });
}

const ok: SeedOutcome = { ok: true };
const error = (name: SeedErrorName): SeedOutcome => ({ error: name });
const honoured: SeedOutcome = { ok: true, dropped: false };
const createNew = (path: string, handle: string): Line => [{ op: "createNew", path, handle }, ok];
const write = (handle: string, data: string): Line => [{ op: "hWrite", handle, data }, ok];
const sync = (handle: string): Line => [{ op: "hSync", handle, scope: "all" }, honoured];
const durable = (path: string, value: number): Line => [{ op: "durableLen", path }, { value }];
const crash = (files: Readonly<Record<string, string>>, dirs: readonly string[] = []): Line => [
  { op: "crash" },
  { state: { files, dirs } },
];

describe("dropped syncs", () => {
  test.each([
    { seed: 99n, dropOneIn: 4, value: "..D.D...D.DD.......D..DD" },
    { seed: 1n, dropOneIn: 2, value: "..DD.D.D.D..D..DD..D.D.." },
    { seed: 42n, dropOneIn: 5, value: "....D..DD.D.....D...D..." },
  ])("seed $seed, one in $dropOneIn", ({ value, ...knobs }) => {
    const lines: readonly Line[] = [[{ op: "syncSchedule", n: 24 }, { value }]];
    expect(play({}, lines, knobs)).toEqual(lines);
  });

  test("a sync of a missing file takes no draw, one of a file behind the simulator does", () => {
    const lines: readonly Line[] = [
      [{ op: "syncFile", path: "/t/no" }, error("NotFound")],
      [{ op: "syncFile", path: "/t/a" }, honoured],
      [{ op: "syncFile", path: "/t/a" }, honoured],
      [
        { op: "syncFile", path: "/t/a" },
        { ok: true, dropped: true },
      ],
      durable("/t/a", 1),
    ];
    expect(play({ a: "x" }, lines, { seed: 99n, dropOneIn: 4 })).toEqual(lines);
  });

  test("a directory can be synced as a file", () => {
    const lines: readonly Line[] = [
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      [{ op: "syncFile", path: "/t/d" }, honoured],
      durable("/t/d", 4096),
      crash({}, ["/t/d"]),
    ];
    expect(play({}, lines)).toEqual(lines);
  });
});

describe("names", () => {
  test("creation is exclusive, and a failed one changes nothing", () => {
    const lines: readonly Line[] = [
      [{ op: "createNew", path: "/t/a", handle: "h" }, error("AlreadyExists")],
      [{ op: "createNew", path: "/t/a/b", handle: "h" }, error("NotADirectory")],
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      [{ op: "createNew", path: "/t/d", handle: "h" }, error("AlreadyExists")],
      crash({ "/t/a": "old" }, ["/t/d"]),
    ];
    expect(play({ a: "old" }, lines)).toEqual(lines);
  });

  test("an unsynced file becomes durable by being renamed, and its next sync revives the old name", () => {
    const lines: readonly Line[] = [
      createNew("/t/a", "h"),
      write("h", "abc"),
      [{ op: "rename", from: "/t/a", to: "/t/b" }, ok],
      crash({ "/t/b": "abc" }),
      sync("h"),
      durable("/t/a", 3),
      durable("/t/b", 0),
    ];
    expect(play({}, lines)).toEqual(lines);
  });

  test("directories move, and the entries of their files stay behind", () => {
    const lines: readonly Line[] = [
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      createNew("/t/d/a", "h"),
      write("h", "abc"),
      [{ op: "rename", from: "/t/d", to: "/t/e" }, ok],
      crash({ "/t/e/a": "abc" }, ["/t/e"]),
      [{ op: "list", path: "/t" }, { value: ["e"] }],
      [{ op: "list", path: "/t/no" }, error("NotFound")],
      [{ op: "remove", path: "/t/e" }, error("IsADirectory")],
      [{ op: "mkdirAll", path: "/t/e/a" }, error("AlreadyExists")],
      [{ op: "mkdirAll", path: "/t/e/a/b" }, error("NotADirectory")],
    ];
    expect(play({}, lines)).toEqual(lines);
  });
});

describe("files behind the simulator", () => {
  test("are not tracked", () => {
    const lines: readonly Line[] = [
      [{ op: "writeFile", path: "/t/a", data: "abc" }, ok],
      [{ op: "append", path: "/t/b", data: "def" }, ok],
      [{ op: "truncate", path: "/t/a", len: 5 }, ok],
      [{ op: "truncate", path: "/t/no", len: 5 }, error("NotFound")],
      [{ op: "exists", path: "/t/b" }, { value: true }],
      crash({ "/t/a": "abc\0\0", "/t/b": "def" }),
    ];
    expect(play({}, lines)).toEqual(lines);
  });

  test("a tracked file that was shortened is filled up with zeros", () => {
    const lines: readonly Line[] = [
      createNew("/t/a", "h"),
      write("h", "0123456789"),
      sync("h"),
      [{ op: "truncate", path: "/t/a", len: 4 }, ok],
      crash({ "/t/a": "0123\0\0\0\0\0\0" }),
      [{ op: "writeFile", path: "/t/a", data: "xy" }, ok],
      crash({ "/t/a": "xy\0\0\0\0\0\0\0\0" }),
    ];
    expect(play({}, lines)).toEqual(lines);
  });
});

describe("publishing", () => {
  test("an unpublished file survives the crash and can still be published", () => {
    const lines: readonly Line[] = [
      [{ op: "stage", path: "/t", handle: "s" }, ok],
      write("s", "content"),
      [{ op: "countTemps" }, { value: 1 }],
      crash({}),
      [{ op: "countTemps" }, { value: 1 }],
      [{ op: "list", path: "/t" }, { value: [] }],
      [{ op: "persist", handle: "s", path: "/t/f" }, ok],
      [{ op: "countTemps" }, { value: 0 }],
      crash({ "/t/f": "content" }),
    ];
    expect(play({}, lines)).toEqual(lines);
  });

  test("a failed publish leaves neither a final name nor a temporary file", () => {
    const lines: readonly Line[] = [
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      [{ op: "stage", path: "/t/no", handle: "s" }, error("NotFound")],
      [{ op: "stage", path: "/t", handle: "s" }, ok],
      [{ op: "persist", handle: "s", path: "/t/d" }, error("IsADirectory")],
      [{ op: "countTemps" }, { value: 0 }],
      [{ op: "stage", path: "/t", handle: "s" }, ok],
      [{ op: "stage", path: "/t", handle: "s" }, ok],
      [{ op: "countTemps" }, { value: 1 }],
      crash({}, ["/t/d"]),
    ];
    expect(play({}, lines)).toEqual(lines);
  });

  test("a publish over a shorter tracked file is cut to it", () => {
    const lines: readonly Line[] = [
      createNew("/t/f", "h"),
      write("h", "ab"),
      sync("h"),
      [{ op: "stage", path: "/t", handle: "s" }, ok],
      write("s", "0123456789"),
      [{ op: "stageSync", handle: "s" }, ok],
      [{ op: "persist", handle: "s", path: "/t/f" }, ok],
      crash({ "/t/f": "01" }),
    ];
    expect(play({}, lines)).toEqual(lines);
  });
});

describe("faults", () => {
  test("the n-th of a kind fails once, and counts failures of its own too", () => {
    const lines: readonly Line[] = [
      [{ op: "armFault", kind: "rename", nth: 2 }, ok],
      [{ op: "rename", from: "/t/no", to: "/t/b" }, error("NotFound")],
      [{ op: "rename", from: "/t/a", to: "/t/b" }, error("Io")],
      [{ op: "rename", from: "/t/a", to: "/t/b" }, ok],
      [{ op: "armFault", kind: "rename", nth: 2 }, ok],
      [{ op: "rename", from: "/t/b", to: "/t/a" }, ok],
      [{ op: "armFault", kind: "rename", nth: 2 }, ok],
      [{ op: "rename", from: "/t/a", to: "/t/b" }, ok],
      [{ op: "rename", from: "/t/b", to: "/t/a" }, error("Io")],
    ];
    expect(play({ a: "1" }, lines)).toEqual(lines);
  });

  test("an exact read may fail on its own, or as armed", () => {
    const lines: readonly Line[] = [
      [{ op: "readExactAt", path: "/t/a", offset: 4, len: 5 }, { short: 2 }],
      [{ op: "readExactAt", path: "/t/a", offset: 9, len: 1 }, { short: 0 }],
      [{ op: "readExactAt", path: "/t/no", offset: 0, len: 1 }, error("NotFound")],
      [{ op: "armReadFault", nth: 2, fault: "short", bytes: 0 }, ok],
      [{ op: "readExactAt", path: "/t/a", offset: 0, len: 2 }, { value: "ab" }],
      [{ op: "readFile", path: "/t/a" }, { value: "abcdef" }],
      crash({ "/t/a": "abcdef" }),
      [{ op: "readExactAt", path: "/t/a", offset: 0, len: 2 }, { short: 0 }],
      [{ op: "readExactAt", path: "/t/a", offset: 0, len: 2 }, { value: "ab" }],
    ];
    expect(play({ a: "abcdef" }, lines)).toEqual(lines);
  });
});

describe("copies", () => {
  test("both kinds share one counter for the lack of space", () => {
    const lines: readonly Line[] = [
      [{ op: "copy", from: "/t/a", to: "/t/b" }, { value: 4 }],
      [{ op: "cowCopy", from: "/t/a", to: "/t/c", preference: "deepCopyOnly" }, error("StorageFull")],
      [{ op: "cowCopy", from: "/t/a", to: "/t/c", preference: "deepCopyOnly" }, { value: "deepCopy" }],
      [{ op: "list", path: "/t" }, { value: ["a", "b", "c"] }],
    ];
    expect(play({ a: "data" }, lines, { noSpaceOnCopy: 2 })).toEqual(lines);
  });

  test("a copy replaces what a tracked path holds, and its length", () => {
    const lines: readonly Line[] = [
      createNew("/t/a", "h"),
      write("h", "ab"),
      sync("h"),
      [{ op: "copy", from: "/t/long", to: "/t/a" }, { value: 10 }],
      durable("/t/a", 10),
      [{ op: "hSetLen", handle: "h", len: 3 }, ok],
      crash({ "/t/a": `012${"\0".repeat(7)}`, "/t/long": "0123456789" }),
    ];
    expect(play({ long: "0123456789" }, lines)).toEqual(lines);
  });

  test("a hard link is cut for one name and filled up for the other", () => {
    const lines: readonly Line[] = [
      createNew("/t/a", "h"),
      write("h", "0123"),
      sync("h"),
      write("h", "45"),
      [{ op: "cowCopy", from: "/t/a", to: "/t/b", preference: "hardlinkOnly" }, { value: "hardlink" }],
      crash({ "/t/a": "0123\0\0", "/t/b": "0123\0\0" }),
    ];
    expect(play({}, lines)).toEqual(lines);
  });

  test("a link copy onto itself destroys the file", () => {
    const lines: readonly Line[] = [
      [{ op: "cowCopy", from: "/t/a", to: "/t/a", preference: "reflinkThenHardlink" }, error("NotFound")],
      [{ op: "exists", path: "/t/a" }, { value: false }],
    ];
    expect(play({ a: "data" }, lines)).toEqual(lines);
  });

  test("what cannot be copied", () => {
    const lines: readonly Line[] = [
      [{ op: "mkdirAll", path: "/t/d" }, ok],
      [{ op: "copy", from: "/t/no", to: "/t/b" }, error("NotFound")],
      [{ op: "copy", from: "/t/d", to: "/t/b" }, error("InvalidInput")],
      [{ op: "copy", from: "/t/a", to: "/t/d" }, error("IsADirectory")],
      [{ op: "copy", from: "/t/a", to: "/t/no/b" }, error("NotFound")],
      [{ op: "cowCopy", from: "/t/d", to: "/t/b", preference: "deepCopyOnly" }, error("InvalidInput")],
      [{ op: "cowCopy", from: "/t/a", to: "/t/d", preference: "hardlinkOnly" }, error("IsADirectory")],
      [{ op: "cowCopy", from: "/t/a", to: "/t/no/b", preference: "hardlinkOnly" }, error("NotFound")],
      crash({ "/t/a": "data" }, ["/t/d"]),
    ];
    expect(play({ a: "data" }, lines)).toEqual(lines);
  });
});
