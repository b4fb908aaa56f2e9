// Goal: a corpus of bugs that grades a crash search is worth what its entries are worth. So every correct program must
// survive, every bug must break the promise it says it breaks, and whatever an entry claims to need (torn sectors, a crash
// inside recovery, more effects than fit, a personality) is shown by taking that away.
import { readFileSync, writeFileSync } from "node:fs";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, personalities, posix, replayCrash, type Personality } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import type { CrashContext } from "../src/index.js";
import { bugs, corpus } from "./bug-corpus/all.js";
import { bugClasses, type Bug, type CorpusProgram, type Need } from "./bug-corpus/bug.js";
import { corpusTable } from "./bug-corpus/corpus-table.js";
import { search, type Finding, type Search } from "./bug-corpus/search.js";

const everything = { kind: "exhaustive", limit: 1 << 14 } as const;
const exhaustively = { strategy: everything, nestedStrategy: everything } as const;
/** What a search beyond every combination may cost here. */
const wideBudget = 600;
/** What a default matrix is run under. */
const defaultPersonalities = ["posix", "ext4-ordered", "xfs", "btrfs"];

const needing = (need: Need): Bug[] => bugs.filter(({ needs }) => needs.includes(need));
const isWide = (program: CorpusProgram): boolean => program.bugs.some(({ needs }) => needs.includes("many effects"));
const isKnown = (name: string): boolean => personalities.some((each) => each.name === name && each.law === "effects");
const named = (list: readonly Bug[]): (readonly [string, Bug])[] => list.map((bug) => [bug.id, bug] as const);
const programs = corpus.map((program) => [program.name, program] as const);
const narrow = programs.filter(([, program]) => !isWide(program));
const wide = programs.filter(([, program]) => isWide(program));

function budgetOf(program: CorpusProgram): { readonly maxRecoveries?: number } {
  return isWide(program) ? { maxRecoveries: wideBudget } : {};
}

/** `broken: promise`, or the whole message of whatever else happened. */
function wordsFor(finding: Finding): string {
  if (finding.kind === "nothing") return "nothing";
  return finding.kind === "broken" ? `broken: ${finding.promise}` : finding.error.message;
}

describe("the corpus", () => {
  test("has unique names, and says of each bug what it is", () => {
    expect(new Set(bugs.map(({ id }) => id)).size).toBe(bugs.length);
    expect(new Set(corpus.map(({ name }) => name)).size).toBe(corpus.length);
    for (const { id, origin, does, breaks } of bugs) {
      expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(Math.min(origin.length, does.length), id).toBeGreaterThan(15);
      expect(breaks.length, id).toBeGreaterThan(0);
    }
  });

  test("is large enough, and covers every class and every need", () => {
    expect(bugs.length).toBeGreaterThanOrEqual(60);
    expect(corpus.length).toBeGreaterThanOrEqual(20);
    expect(bugClasses.filter((name) => !bugs.some((bug) => bug.class === name))).toEqual([]);
    expect(needing("torn sectors").length).toBeGreaterThanOrEqual(8);
    expect(needing("nested crash").length).toBeGreaterThanOrEqual(8);
    expect(needing("many effects").length).toBeGreaterThanOrEqual(6);
    expect(bugs.filter(({ silent }) => silent.length > 0).length).toBeGreaterThanOrEqual(6);
  });

  test("keeps what the default search misses to a few", () => {
    expect(bugs.filter(({ beyondDefault }) => beyondDefault).length / bugs.length).toBeLessThan(0.04);
  });

  test("is what its README says", () => {
    const readme = new URL("bug-corpus/README.md", import.meta.url);
    const text = readFileSync(readme, "utf8");
    const [begin, end] = ["<!-- corpus table: UPDATE_TABLE=1 rewrites it -->\n", "\n<!-- end of corpus table -->"];
    const from = text.indexOf(begin) + begin.length;
    const to = text.indexOf(end);
    expect(from).toBeGreaterThan(begin.length);
    expect(to).toBeGreaterThan(from);
    const table = corpusTable(corpus);
    if (process.env["UPDATE_TABLE"] === "1") writeFileSync(readme, text.slice(0, from) + table + text.slice(to));
    else expect(text.slice(from, to)).toBe(table);
  });
});

describe("the correct program", () => {
  test.each(narrow)("%s: survives every crash, and every crash of its recovery", async (_, program) => {
    const finding = await search(program, undefined, exhaustively);
    expect(wordsFor(finding)).toBe("nothing");
    if (finding.kind !== "nothing") return;
    expect(finding.report).toMatchObject({ complete: true, personalities: [{ limited: [] }] });
    expect(finding.recoveries).toBeGreaterThan(2);
  });

  test.each(wide)("%s: survives as much as there is time for", async (_, program) => {
    for (const how of [{}, { strategy: { kind: "random", seed: 11, count: 100 } as const }]) {
      expect(wordsFor(await search(program, undefined, { ...how, maxRecoveries: wideBudget }))).toBe("nothing");
    }
  });

  const defaults = defaultPersonalities.filter(isKnown);
  test.each(programs.flatMap(([name, program]) => defaults.map((each) => [name, each, program] as const)))(
    "%s: survives %s",
    async (_name, personality, program) => {
      expect(wordsFor(await search(program, undefined, { personality, ...budgetOf(program) }))).toBe("nothing");
    },
  );
});

describe("the search that runs when nobody asks for another", () => {
  test.each(named(bugs.filter(({ beyondDefault }) => !beyondDefault)))("finds %s", async (id, bug) => {
    const finding = await search(bug.program, id, { personality: bug.shows[0] ?? "", ...budgetOf(bug.program) });
    expect(bug.breaks.map((promise) => `broken: ${promise}`)).toContain(wordsFor(finding));
  });

  test.each(named(bugs.filter(({ beyondDefault }) => beyondDefault)))("misses %s", async (id, bug) => {
    expect(wordsFor(await search(bug.program, id, budgetOf(bug.program)))).toBe("nothing");
  });
});

test("crashes inside recovery that tear a write show what crashes in whole effects do not", async () => {
  const bug = bugs.find(({ id }) => id === "sequence-in-other-sector") as Bug;
  const inside = (level: 2 | 3): Search => ({ nestedStrategy: { kind: "levels", level } });
  expect(wordsFor(await search(bug.program, bug.id, inside(2)))).toBe("nothing");
  expect(wordsFor(await search(bug.program, bug.id, inside(3)))).toBe("broken: once");
});

test("chance shows what no rule about one or two effects does", async () => {
  const bug = bugs.find(({ id }) => id === "copies-instead-of-barrier") as Bug;
  for (const level of [0, 1] as const) {
    expect(wordsFor(await search(bug.program, bug.id, { strategy: { kind: "levels", level } }))).toBe("nothing");
  }
  const strategy = { kind: "random", seed: 1, count: 100 } as const;
  expect(wordsFor(await search(bug.program, bug.id, { strategy }))).toBe("broken: reference");
});

/** Sixteen entries must survive, and sixteen blocks written before them must not: one disk in 2^32 under any coin. */
test("a disk that only directed choice finds is legal, and breaks what its entry says", async () => {
  const bug = bugs.find(({ id }) => id === "nothing-moved-concluded") as Bug;
  const { fs, acks } = await runOf(bug);
  const trace = fs.trace();
  const at = trace.records.findIndex(({ kind }) => kind === "barrier");
  const apply = trace.records.slice(at - 16, at).map(({ seq }) => seq);
  const choice = { version: 1, personality: "posix", at, apply, torn: {}, unwritten: "zeros" } as const;
  const crashed = new CrashFs({ image: replayCrash(trace, choice) });
  await expect(judge(bug, crashed, acks)).rejects.toMatchObject({ promise: "durable" });
  await judge(bug, new CrashFs({ image: trace.base }), acks);
});

type Acks = CrashContext["acks"];

/** The program with the bug, run to its end with the power on. */
async function runOf({ id, program }: Bug): Promise<{ readonly fs: CrashFs; readonly acks: Acks }> {
  const { setup, workload } = program.build(id);
  const before = new CrashFs();
  await setup?.(new Directory(before), before);
  const fs = new CrashFs({ image: before.snapshot() });
  const acks: Acks[number][] = [];
  await workload(new Directory(fs), { fs, ack: (label, data) => void acks.push({ label, data }) });
  return { fs, acks };
}

/** Recovers from a disk and checks what came of it; rejects when a promise is broken. */
async function judge({ id, program }: Bug, fs: CrashFs, acks: Acks): Promise<void> {
  const { recover, check } = program.build(id);
  const context = { acks, depth: 0, acked: (label: string) => acks.some((ack) => ack.label === label) };
  expect(await check(await recover(new Directory(fs), context), context)).not.toBe(false);
}

describe("what a bug needs", () => {
  const untorn = (name: string): Personality => {
    const base = personalities.find((each) => each.name === name) ?? posix;
    return { ...base, name: `${name}, untorn`, tears: { ...base.tears, kind: "whole" } };
  };

  test.each(named(needing("torn sectors")))("%s: is not there when no sector tears", async (id, bug) => {
    const personality = untorn(bug.program.personality);
    expect(wordsFor(await search(bug.program, id, { ...exhaustively, personality }))).toBe("nothing");
  });

  test.each(named(needing("nested crash")))("%s: is not there when recovery ends", async (id, bug) => {
    expect(wordsFor(await search(bug.program, id, { ...exhaustively, nested: 0 }))).toBe("nothing");
  });

  test.each(named(needing("many effects")))("%s: is beyond every combination", async (id, bug) => {
    const finding = await search(bug.program, id, { strategy: everything, maxRecoveries: 20 });
    const report = finding.kind === "nothing" ? finding.report : finding.error.report;
    expect(report?.personalities[0]?.limited.length).toBeGreaterThan(0);
  });

  const calm = bugs.filter(({ needs }) => !needs.includes("fault in the run"));
  test.each(named(calm))("%s: shows nothing as long as the power stays on", async (_, bug) => {
    const { fs, acks } = await runOf(bug);
    await expect(judge(bug, fs, acks)).resolves.toBeUndefined();
  });
});

describe("personalities", () => {
  const shown = bugs
    .filter(({ beyondDefault }) => !beyondDefault)
    .flatMap((bug) => bug.shows.slice(1).flatMap((name) => (isKnown(name) ? [[bug.id, name, bug] as const] : [])));
  test.each(shown)("%s: shows under %s, too", async (id, personality, bug) => {
    const finding = await search(bug.program, id, { personality });
    expect(bug.breaks.map((promise) => `broken: ${promise}`)).toContain(wordsFor(finding));
  });

  const hidden = bugs.flatMap((bug) => bug.silent.filter(isKnown).map((name) => [bug.id, name, bug] as const));
  test.each(hidden)("%s: shows nothing under %s", async (id, personality, bug) => {
    expect(wordsFor(await search(bug.program, id, { ...exhaustively, personality }))).toBe("nothing");
  });
});
