// Goal: whatever real ext4, XFS and btrfs were seen to leave after a power loss, the personality of that file system
// predicts, and so do weaker ones, but for the rules named below. Method: each recorded program runs on CrashFs; every
// recorded tree at every recorded moment is looked for among the legal images. A sample by default, and everything with
// HOLDFAST_LITMUS=all, which takes ten seconds; `npm run litmus` always takes everything.
import { expect, test } from "vitest";
import { checkLitmus, tightness } from "../src/litmus/litmus-check.js";
import { litmus, type LitmusHost } from "../src/litmus/litmus-command.js";
import { parseLitmusSet } from "../src/litmus/litmus-data.js";
import { LitmusError } from "../src/litmus/litmus-error.js";
import { onlyPrograms, recordedSets } from "./litmus-sets.js";

const sets = recordedSets();
const all = process.env["HOLDFAST_LITMUS"] === "all";

test("everything that was seen is predicted", { timeout: 300_000 }, () => {
  const results = checkLitmus(sets, { every: all ? 1 : 5 });
  expect(results.map(({ fs }) => fs)).toEqual(["ext4", "ext4-noauto", "xfs", "btrfs"]);
  for (const result of results) {
    expect(result.programs).toBeGreaterThan(40);
    expect(result.states).toBeGreaterThan(500);
    expect({ fs: result.fs, unpredicted: result.unpredicted }).toEqual({ fs: result.fs, unpredicted: [] });
    expect(result.incomplete).toEqual([]);
    expect(result.outside["strict"]).toEqual([]);
  }
});

// Where posix promises more than a real file system keeps: by file system, the programs that show it.
const strongerInPosix: Readonly<Record<string, readonly string[]>> = {
  ext4: [],
  "ext4-noauto": [],
  // closures.everything: sync does not flush bytes that were written in place within one tick of the clock.
  xfs: ["S1-over-part+sync", "S1-punch+sync", "S2-0139", "S2-0396", "S2-0969"],
  // rename: a move may leave both names. cutTail: a cut file that grows again may show old bytes.
  btrfs: ["L12", "L20", "H-move-new-dir", "H-truncdownup-fsync", "S1-rename-dir+dirsync-parent", "S2-1375", "S3-0520"],
};

test.each(Object.entries(strongerInPosix))("%s is weaker than posix in these programs", (fs, ids) => {
  const named = onlyPrograms(sets, ids);
  const [result] = checkLitmus(named, { personalities: { [fs]: fs === "ext4" ? "ext4-ordered" : fs } });
  expect(new Set(result?.outside["posix"]?.map(({ program }) => program))).toEqual(new Set(ids));
  expect(result?.unpredicted ?? []).toEqual([]);
});

test("ext4 is nowhere weaker than posix", () => {
  const hand = sets.filter(({ file }) => file === "programs-hand.json");
  for (const { outside } of checkLitmus(hand, {
    personalities: { ext4: "ext4-ordered", "ext4-noauto": "ext4-noauto" },
  })) {
    expect(outside["posix"]).toEqual([]);
  }
});

test("predictions are about as tight as they were", () => {
  const hand = sets.filter(({ file }) => file === "programs-hand.json");
  const shares = Object.fromEntries(checkLitmus(hand, { weaker: [] }).map((result) => [result.fs, tightness(result)]));
  expect(shares["ext4"]).toBeGreaterThan(0.5);
  expect(shares["ext4-noauto"]).toBeGreaterThan(0.5);
  expect(shares["xfs"]).toBeGreaterThan(0.65);
  expect(shares["btrfs"]).toBeGreaterThan(0.65);
});

// --- the command ------------------------------------------------------------------------------------------------

interface Answer {
  readonly code: number;
  readonly out: string;
  readonly said: string;
}

/** Runs the command over files that are given as text. */
function run(args: readonly string[], files: Readonly<Record<string, string>>): Answer {
  let [out, said] = ["", ""];
  const host: LitmusHost = {
    defaults: Object.keys(files),
    listJson: (path) => {
      if (path in files) return undefined;
      if (path === "empty") return [];
      throw new Error("ENOENT");
    },
    readText: (path) => files[path] ?? "",
    out: (text) => void (out += text),
    say: (text) => void (said += text),
  };
  return { code: litmus(args, host), out, said };
}

/** One program: creates `a`, and was seen to leave `states`. */
function setOf(states: readonly object[], change: object = {}): string {
  return JSON.stringify({
    format: "litmus-gold/1",
    kernel: "test",
    setups: [[]],
    entries: [{ type: "file", size: 0, content: [] }],
    states: [{}, { a: 0 }, { b: 0 }],
    programs: [{ id: "P", setup: 0, ops: [{ op: "create", f: "a" }], results: { ext4: { states } } }],
    ...change,
  });
}

test("the command says what is seen, predicted and missed", () => {
  const good = run([], { "good.json": setOf([[0, [0, 1], []], [1, [1], []]]) }); // prettier-ignore
  expect(good.code).toBe(0);
  // Before the create returns both may be found, and afterwards both: four predicted, three seen.
  expect(good.out).toMatch(/ext4 +ext4-ordered +1 +3 +0 +4 +75\.0 %/);
  const bad = run(["--json", "--data", "bad.json"], { "bad.json": setOf([[2, [], [1]]]) });
  expect(bad.code).toBe(1);
  const { fileSystems } = JSON.parse(bad.out) as { fileSystems: { unpredicted: unknown }[] };
  expect(fileSystems[0]?.unpredicted).toEqual([
    { program: "P", set: "bad.json", state: 2, returned: 1, background: true },
  ]);
});

test.each([
  ["--data is followed by nothing", ["--data"], "--data needs a value"],
  ["--every is no count", ["--every", "0"], "--every needs a whole number"],
  ["the argument is unknown", ["--fast"], 'unknown argument "--fast"'],
  ["there is no such set", ["--data", "missing"], "missing cannot be read"],
  ["the directory holds none", ["--data", "empty"], "empty holds no .json file"],
  ["it is not JSON", ["--data", "text"], "text: not JSON"],
  ["the program cannot run", ["--data", "absent"], "absent: program P does not run"],
])("exit code 2 and a reason when %s", (_, args, why) => {
  const files = { text: "{", absent: setOf([], { programs: [{ id: "P", setup: 0, ops: [{ op: "unlink", f: "x" }], results: { ext4: { states: [] } } }] }) }; // prettier-ignore
  const answer = run(args, files);
  expect(answer.code).toBe(2);
  expect(answer.said).toContain(why);
  expect(answer.out).toBe("");
});

test("a file system that nothing stands for is named, and rules have their own figures", () => {
  const zfs = { programs: [{ id: "L2", setup: 0, ops: [{ op: "create", f: "a" }], results: { zfs: { states: [] }, xfs: { states: [[0, [0], []]] } } }] }; // prettier-ignore
  const { out } = run(["--rules"], { "zfs.json": setOf([], zfs) });
  expect(out).toContain("no personality stands for it: zfs");
  // One state seen of the four that may be found: before and after the create, with and without the file.
  expect(out).toMatch(/xfs +edges\.metadataOrder +1 +4 +25\.0 % +L2/);
});

test.each([
  [{ op: "write", h: "q", len: 1, ch: "a", off: 0 }, 'write: no handle "q" is open'],
  [{ op: "close", h: "q" }, 'close: no handle "q" is open'],
  [{ op: "fsync" }, "fsync lacks f"],
])("an operation without its file is refused: %j", (op, why) => {
  const set = setOf([], { programs: [{ id: "P", setup: 0, ops: [op], results: { ext4: { states: [] } } }] });
  expect(run([], { "set.json": set })).toMatchObject({ code: 2, out: "", said: expect.stringContaining(why) });
});

const create = { id: "P", setup: 0, ops: [{ op: "create", f: "a" }] };

test.each([
  ["no results", { programs: [{ ...create, results: {} }] }, "no state is recorded"],
  ["no states", { programs: [{ ...create, results: { ext4: { states: [] } } }] }, "no state is recorded"],
  [
    "results of an unknown file system only",
    { programs: [{ ...create, results: { zfs: { states: [[0, [0], []]] } } }] },
    "no personality stands for zfs",
  ],
])("exit code 2, and no table, when there are %s", (_, change, why) => {
  const answer = run([], { "one.json": setOf([], change), "two.json": setOf([], change) });
  expect(answer).toMatchObject({ code: 2, out: "" });
  expect(answer.said).toContain("one.json, two.json: nothing was checked");
  expect(answer.said).toContain(why);
});

test.each([
  ["a symlink that nothing makes", { type: "symlink", target: "gone" }, "no operation makes the symlink a to gone"],
  ["a link to a name that is not there", { type: "file", link: "gone" }, "gone"],
])("a state with %s is refused with its set, program and number", (_, entry, why) => {
  const answer = run([], { "odd.json": setOf([[1, [1], []]], { entries: [entry] }) });
  expect(answer).toMatchObject({ code: 2, out: "" });
  expect(answer.said).toContain("odd.json: program P cannot have left state 1: ");
  expect(answer.said).toContain(why);
});

test("a program that is there twice is refused", () => {
  const [program] = (JSON.parse(setOf([])) as { programs: unknown[] }).programs;
  expect(() => parseLitmusSet(setOf([], { programs: [program, program] }), "set.json")).toThrow("has two of the id P");
});

test("--help explains itself", () => {
  expect(run(["--help"], {})).toMatchObject({ code: 0, said: "" });
});

test.each([
  ["format", { format: "litmus-gold/2" }, 'must be "litmus-gold/1"'],
  ["format", { format: undefined }, 'must be "litmus-gold/1"'],
  ["programs", { programs: [] }, "must not be empty"],
  ["kernel", { kernel: 6 }, "must be a string"],
  ["setups[0][0].op", { setups: [[{}]] }, "must be a string"],
  ["setups[0][0].at", { setups: [[{ op: "x", at: {} }]] }, "must be a string, a number or a boolean"],
  ["entries[0].type", { entries: [{ type: "fifo" }] }, "must be dir, symlink or file"],
  ["entries[0]", { entries: [{ type: "file", size: 2, content: [["a", 1]] }] }, "has runs of 1 bytes and a size of 2"],
  ["entries[0].content[0][1]", { entries: [{ type: "file", size: 2, content: [["a", -1]] }] }, "whole number"],
  ["entries[0].content[0][0]", { entries: [{ type: "file", size: 1, content: [["é", 1]] }] }, "one ASCII character"],
  ["entries[0].size", { entries: [{ type: "file", size: 2 ** 30, content: [["a", 2 ** 30]] }] }, "must be at most"],
  ["states[0].a", { states: [{ a: 7 }] }, "names no entry"],
  ["programs[0].setup", { programs: [{ id: "P", setup: 1, ops: [], results: {} }] }, "names no setup"],
  [
    "programs[0].results.ext4.states[0][0]",
    { programs: [{ id: "P", setup: 0, ops: [], results: { ext4: { states: [[9, [], []]] } } }] },
    "names no state",
  ],
  [
    "programs[0].results.ext4.states[0][1]",
    { programs: [{ id: "P", setup: 0, ops: [], results: { ext4: { states: [[0, [1], []]] } } }] },
    "counts 1 operations of 0",
  ],
])("a set is refused at %s", (place, change, why) => {
  const parse = (): unknown => parseLitmusSet(setOf([], change), "set.json");
  expect(parse).toThrow(LitmusError);
  expect(parse).toThrow(why);
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ code: "LITMUS_BAD_DATA", file: "set.json", place });
  }
});
