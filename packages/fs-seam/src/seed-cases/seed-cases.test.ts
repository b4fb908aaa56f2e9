// The command: what it reads, what it prints, how it exits.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSeedCaseFile, type SeedCase } from "./seed-case-file.js";
import { runSeedCase } from "./seed-case-run.js";
import { seedCases, type SeedCasesHost } from "./seed-cases.js";
import { matches } from "./seed-outcome.js";

const row = {
  id: "one",
  backend: "mem",
  pre: {},
  ops: [{ op: "writeFile", path: "/t/a", data: "x" }, { op: "crash" }],
  expect: [{ ok: true }, { state: { files: {}, dirs: [] } }],
};
const good = { format: "crash-cases/1", cases: [row] };
const wrong = {
  format: "crash-cases/1",
  cases: [{ ...row, expect: [{ ok: true }, { state: { files: { "/t/a": "x" }, dirs: [] } }] }],
};

/** Runs the command over files that exist in memory. */
function run(args: readonly string[], files: Readonly<Record<string, unknown>> = {}) {
  let [out, said] = ["", ""];
  const host: SeedCasesHost = {
    defaults: ["good.json"],
    listJson: (path) => (path === "empty/" ? [] : path === "all/" ? Object.keys(files).sort() : undefined),
    readText: (path) => {
      const content = { "good.json": good, "wrong.json": wrong, ...files }[path];
      if (content === undefined) throw new Error("ENOENT");
      return typeof content === "string" ? content : JSON.stringify(content);
    },
    out: (text) => void (out += text),
    say: (text) => void (said += text),
  };
  return { code: seedCases(args, host), out, said };
}

describe("the command", () => {
  test("runs its own files when none is named", () => {
    const { code, out, said } = run([]);
    expect(code).toBe(0);
    expect(out).toContain("good.json (crash-cases): all 1 cases as recorded");
    expect(out).toContain("1 cases: 1 passed, 0 failed");
    expect(said).toBe("");
  });

  test("names the case, the operation and both outcomes of a difference, and exits with 1", () => {
    const { code, out } = run(["--data", "wrong.json"]);
    expect(code).toBe(1);
    expect(out).toContain("one, operation 1 (crash)");
    expect(out).toContain('expected {"state":{"files":{"/t/a":"x"},"dirs":[]}}');
    expect(out).toContain('actual   {"state":{"files":{},"dirs":[]}}');
  });

  test("writes pure JSON when asked", () => {
    const { code, out } = run(["--data", "wrong.json", "--json", "--data=good.json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      format: "seed-report/1",
      cases: 2,
      passed: 1,
      failed: 1,
      files: [
        { file: "wrong.json", failures: [{ id: "one", differences: [{ index: 1, op: "crash" }] }] },
        { file: "good.json", failures: [] },
      ],
    });
  });

  test("runs every file of a directory", () => {
    expect(run(["--data", "all/"], { "a.json": good, "b.json": wrong }).code).toBe(1);
    expect(run(["--data", "all/"], { "a.json": good, "b.json": good }).out).toContain("2 cases: 2 passed");
  });

  test.each([
    ["SEED_CASES_USAGE", ["--dta", "good.json"]],
    ["SEED_CASES_USAGE", ["--data"]],
    ["SEED_CASES_USAGE", ["--data="]],
    ["SEED_CASES_UNREADABLE", ["--data", "missing.json"]],
    ["SEED_CASES_UNREADABLE", ["--data", "empty/"]],
    ["SEED_CASES_NOT_JSON", ["--data", "torn.json"]],
    ["SEED_CASES_UNKNOWN_FORMAT", ["--data", "other.json"]],
    ["SEED_CASES_UNKNOWN_FORMAT", ["--data", "list.json"]],
    ["SEED_CASES_UNSUPPORTED_VERSION", ["--data", "newer.json"]],
    ["SEED_CASES_BAD_SHAPE", ["--data", "shapeless.json"]],
  ])("%s: exits with 2 and says so on both channels", (code, args) => {
    const files = {
      "torn.json": '{"format":"crash-cases/1","cases":[',
      "other.json": { format: "litmus-gold/1" },
      "list.json": [good],
      "newer.json": { ...good, format: "crash-cases/2" },
      "shapeless.json": { format: "sim-cases/1", cases: 3 },
    };
    const plain = run(args, files);
    expect(plain.code).toBe(2);
    expect(plain.out).toBe("");
    expect(plain.said).toMatch(new RegExp(`^${code}: `));
    const json = run([...args, "--json"], files);
    expect(json.code).toBe(2);
    if (code !== "SEED_CASES_USAGE") expect(JSON.parse(json.out)).toMatchObject({ error: { code } });
  });

  test.each([
    ["a case that is no object", [7]],
    ["no id", [{ ...row, id: undefined }]],
    ["an unknown backend", [{ ...row, backend: "tape" }]],
    ["contents that are no text", [{ ...row, pre: { a: 1 } }]],
    ["operations without a name", [{ ...row, ops: [{}] }]],
    ["no outcomes", [{ ...row, expect: undefined }]],
    ["too few outcomes", [{ ...row, expect: [{ ok: true }] }]],
    ["knobs that are none", [{ ...row, knobs: 1 }]],
    ["a knob below zero", [{ ...row, knobs: { dropOneIn: -1 } }]],
    ["a seed that is no number", [{ ...row, knobs: { seed: "x" } }]],
  ])("SEED_CASES_BAD_SHAPE: %s", (_what, cases) => {
    const { code, said } = run(["--data", "bad.json"], { "bad.json": { format: "sim-cases/1", cases } });
    expect(code).toBe(2);
    expect(said).toMatch(/^SEED_CASES_BAD_SHAPE: bad\.json: case 0: /);
  });
});

describe("outcomes", () => {
  const state = (files: Record<string, string>, dirs: readonly string[]) => ({ state: { files, dirs } });

  test("any listed one will do, whatever the order of directories and keys", () => {
    const actual = state({ "/t/a": "1", "/t/b": "2" }, ["/t/d", "/t/e"]);
    const same = state({ "/t/b": "2", "/t/a": "1" }, ["/t/e", "/t/d"]);
    expect(matches("crash-cases", "crash", { anyOf: [state({}, []), same] }, actual)).toBe(true);
    expect(matches("crash-cases", "crash", { anyOf: [state({}, [])] }, actual)).toBe(false);
    expect(matches("crash-cases", "crash", state({ "/t/a": "1" }, ["/t/d", "/t/e"]), actual)).toBe(false);
    expect(matches("crash-cases", "crash", state({ "/t/a": "1", "/t/b": "2" }, ["/t/d"]), actual)).toBe(false);
  });

  test("an unclassified error may be told more exactly, but not as one that the reference does classify", () => {
    expect(matches("crash-cases", "remove", { error: "Io" }, { error: "IsADirectory" })).toBe(true);
    expect(matches("crash-cases", "remove", { error: "Io" }, { error: "NotFound" })).toBe(false);
    expect(matches("crash-cases", "remove", { error: "IsADirectory" }, { error: "Io" })).toBe(false);
    expect(matches("crash-cases", "remove", { error: "Io" }, { ok: true })).toBe(false);
    expect(matches("crash-cases", "remove", { ok: true }, { error: "Io" })).toBe(false);
  });

  test("a seek may or may not report where it ended up, other operations may not", () => {
    expect(matches("crash-cases", "hSeek", { ok: true }, { value: 3 })).toBe(true);
    expect(matches("crash-cases", "hSeek", { value: 4 }, { value: 3 })).toBe(false);
    expect(matches("crash-cases", "hRead", { ok: true }, { value: 3 })).toBe(false);
  });

  test("the length of a directory is the affair of its file system, that of a file is not", () => {
    const stat = (len: number, kind: string) => ({ value: { len, kind } });
    expect(matches("crash-cases", "stat", stat(40, "dir"), stat(4096, "dir"))).toBe(true);
    expect(matches("crash-cases", "stat", stat(40, "file"), stat(41, "file"))).toBe(false);
    expect(matches("crash-cases", "stat", stat(0, "file"), stat(0, "dir"))).toBe(false);
  });

  test("only one vocabulary says how directories are listed", () => {
    expect(matches("sim-cases", "list", { value: ["d/"] }, { value: ["d"] })).toBe(true);
    expect(matches("crash-cases", "list", { value: ["d/"] }, { value: ["d"] })).toBe(false);
    expect(matches("sim-cases", "list", { value: ["d"] }, { value: ["e"] })).toBe(false);
  });

  test("a word the runner does not know is a difference, and the script goes on", () => {
    const ops = [{ op: "teleport" }, { op: "readFile" }, { op: "hRead", handle: "h", len: 1 }, { op: "crash" }];
    const expected = [{ ok: true }, { value: "" }, { value: "" }, state({}, [])];
    for (const format of ["crash-cases", "sim-cases"]) {
      const { cases } = parseSeedCaseFile(
        JSON.stringify({ format: `${format}/1`, cases: [{ ...row, ops, expect: expected }] }),
        "f",
      );
      const found = runSeedCase(format === "sim-cases" ? "sim-cases" : "crash-cases", cases[0] as SeedCase);
      expect(found.map(({ actual }) => Object.keys(actual))).toEqual([["notRun"], ["notRun"], ["notRun"]]);
    }
  });
});

test("seeds keep all their 64 bits", () => {
  const text =
    '{"format":"sim-cases/1","cases":[{"id":"s","knobs":{"seed": 18446744073709551615},"ops":[],"expect":[]}]}';
  expect(parseSeedCaseFile(text, "f").cases[0]?.knobs.seed).toBe(0xffff_ffff_ffff_ffffn);
});

/** Another outcome of the same shape, or one of another shape. */
function changed(outcome: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if ("state" in outcome) return { state: { files: { "/t/changed": "" }, dirs: [] } };
  if ("error" in outcome) return { error: outcome["error"] === "NotFound" ? "AlreadyExists" : "NotFound" };
  if ("value" in outcome) return { value: "changed" };
  if ("short" in outcome) return { short: -1 };
  if ("dropped" in outcome) return { ok: true, dropped: outcome["dropped"] !== true };
  return { error: "NotFound" };
}

test("no recorded outcome can change without the runner noticing", () => {
  for (const name of ["crashfs-cases.json", "simfs-cases.json"]) {
    const text = readFileSync(new URL(`../../test/golden/seam/${name}`, import.meta.url), "utf8");
    const { format, cases } = parseSeedCaseFile(text, name);
    for (const seedCase of cases) {
      const altered = { ...seedCase, expect: seedCase.expect.map(changed) };
      expect(runSeedCase(format, altered).map(({ index }) => index)).toEqual([...seedCase.ops.keys()]);
    }
  }
});
