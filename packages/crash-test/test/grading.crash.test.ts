// Goal: the grade counts what it says it counts, and is not good when it should not be. The default search is graded here
// on everything; the other strategies, and larger budgets, are for `npm run grade`.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { CrashMatrixReport } from "../src/index.js";
import { corpus } from "./bug-corpus/all.js";
import type { Finding } from "./bug-corpus/search.js";
import { complaints, detection, grade, type Grade, type GradeOptions, type Score } from "./grading/grade.js";
import { gradeMarkdown, gradeText } from "./grading/grade-report.js";
import { main, type GradeIo } from "./grading/main.js";
import { defaultStrategy, strategies } from "./grading/strategies.js";
import { subjectsOf, type Subject } from "./grading/subjects.js";
import { protocols } from "./protocols/all.js";

const quiet = (): void => {};
const named = (name: string): GradeOptions["strategies"] => strategies.filter((each) => each.name === name);

test(
  "the default search finds at least 98 % of all bugs, and nothing in correct programs",
  { timeout: 600_000 },
  async () => {
    const budgets = [1, 3000];
    const subjects = subjectsOf(corpus, protocols).filter(({ name, kind }) => kind !== "correct" || !isWide(name));
    const graded = await grade({ subjects, strategies: named(defaultStrategy), budgets, seed: 1, say: quiet });
    expect(complaints(graded)).toEqual([]);
    expect(graded.listedBudget).toBe(3000);
    expect(graded.correct).toBeGreaterThanOrEqual(20);
    expect(graded.bugs).toBeGreaterThanOrEqual(60);
    const [small, large] = graded.scores as [Score, Score];
    expect(detection(graded, large)).toBeGreaterThanOrEqual(0.98);
    expect(detection(graded, small)).toBeLessThan(0.2); // one recovery is not enough for most
    expect(small.missed).toEqual(expect.arrayContaining([...large.missed]));
  },
);

function isWide(name: string): boolean {
  return corpus.some(
    (program) => program.name === name && program.bugs.some(({ needs }) => needs.includes("many effects")),
  );
}

const nothing = (recoveries: number, stopped: CrashMatrixReport["stopped"]): Finding => ({
  kind: "nothing",
  recoveries,
  report: { stopped } as CrashMatrixReport,
});
const accident = (recoveries: number): Finding => ({ kind: "accident", recoveries, error: {} as never });

/** A subject that is found, as its own bug or as something else, in the recovery of this number. */
function subject(kind: Subject["kind"], name: string, foundAt: number, own = true): Subject {
  return {
    kind,
    name,
    class: "made up",
    points: () => Promise.resolve(4),
    search: ({ maxRecoveries = 0 }) =>
      Promise.resolve(foundAt <= maxRecoveries ? accident(foundAt) : nothing(maxRecoveries, "everything")),
    isDetection: (finding) => own && finding.kind === "accident",
  };
}

const many = (count: number, foundAt: number): Subject[] =>
  Array.from({ length: count }, (_, index) => subject("bug", `bug ${foundAt}-${index}`, foundAt));

async function gradeOf(
  subjects: readonly Subject[],
  budgets: readonly number[] = [10, 100],
  say: (line: string) => void = quiet,
): Promise<Grade> {
  return grade({ subjects, strategies: named(defaultStrategy), budgets, seed: 1, say });
}

test("a bug counts from the budget on in which it is found", async () => {
  const graded = await gradeOf([
    ...many(3, 5),
    ...many(2, 10),
    ...many(1, 11),
    subject("mutant", "mutant", 100),
    subject("correct", "fine", 101),
  ]);
  expect(graded.scores).toMatchObject([
    { budget: 10, bugs: 5, mutants: 0, alarms: [], missed: ["bug 11-0", "mutant"], recoveries: 35 },
    { budget: 100, bugs: 6, mutants: 1, alarms: [], missed: [], recoveries: 146 },
  ]);
  expect(graded.classes).toMatchObject([{ class: "made up", found: { default: 7 } }]);
  expect(complaints(graded)).toEqual([]);
});

test("98 of 100 are enough within 10,000 recoveries, 97 are not", async () => {
  const budgets = [10, 10_000, 30_000];
  expect(complaints(await gradeOf([...many(98, 10_000), ...many(2, 10_001)], budgets))).toEqual([]);
  const few = await gradeOf([...many(97, 5), ...many(3, 10_001)], budgets);
  const why = "the default search finds 97.0 % within 10,000 recoveries, less than 98.0 %";
  expect(complaints(few)).toEqual([why]);
  expect(gradeText(few)).toContain(`The grade is not good:\n- ${why}\n`);
});

test("another budget than 10,000 recoveries gives figures and no verdict", async () => {
  const graded = await gradeOf([...many(1, 5), ...many(3, 2000)], [1000, 5000]);
  expect(graded.listedBudget).toBe(5000);
  const poor = await gradeOf([...many(1, 5), ...many(3, 2000)], [1000]);
  expect(detection(poor, poor.scores[0] as Score)).toBe(0.25);
  expect(complaints(poor)).toEqual([]);
  expect(gradeText(poor)).toContain(
    "No grade: it is given for the default search at 10,000 recoveries, which did not run.",
  );
});

/** A correct program whose search takes so many recoveries to come to its end. */
function endless(name: string, needs: number): Subject {
  return {
    ...subject("correct", name, Number.POSITIVE_INFINITY),
    search: ({ maxRecoveries = 0 }) =>
      Promise.resolve(needs <= maxRecoveries ? nothing(needs, "everything") : nothing(maxRecoveries, "budget")),
  };
}

test("a correct program counts as unfinished up to the budget that lets its search come to its end", async () => {
  const graded = await gradeOf([
    ...many(1, 5),
    ...many(1, 300),
    endless("ten", 10),
    endless("eleven", 11),
    endless("more", 101),
  ]);
  expect(graded.scores.map(({ unfinished, alarms }) => ({ unfinished, alarms }))).toEqual([
    { unfinished: ["eleven", "more"], alarms: [] },
    { unfinished: ["more"], alarms: [] },
  ]);
  const rows = gradeMarkdown(graded).split("\n");
  expect(rows[0]).toBe("| strategy | budget | bugs | mutants | found | false alarms | unfinished |");
  expect(rows.slice(2, 4).map((row) => row.split(" | ").at(-1))).toEqual(["2 of 3 |", "1 of 3 |"]);
  expect(complaints(graded)).toEqual([]);
});

test("says how far a strategy has come, ten times at most", async () => {
  const said: string[] = [];
  await gradeOf(many(25, 5), [10], (line) => void said.push(line));
  expect(said).toEqual([
    ...[3, 6, 9, 12, 15, 18, 21, 24].map((done) => `default: ${done} of 25 programs`),
    "default: 25 bugs, 0 mutants, 0 false alarms, 0 unfinished",
  ]);
});

test("a false alarm and a promise broken by accident spoil the grade", async () => {
  const wrong = complaints(
    await gradeOf([...many(99, 5), subject("correct", "fine", 50), subject("bug", "odd", 7, false)]),
  );
  expect(wrong.toSorted()).toEqual([
    "default, 10 recoveries: odd broke another promise than its own",
    "default, 100 recoveries: false alarm in fine",
    "default, 100 recoveries: odd broke another promise than its own",
  ]);
});

function ioInto(out: string[], said: string[]): GradeIo {
  const readme = readFileSync(new URL("bug-corpus/README.md", import.meta.url), "utf8");
  return {
    out: (text) => void out.push(text),
    say: (line) => void said.push(line),
    readReadme: () => readme,
    writeReadme: (text) => void out.push(text),
  };
}

test(
  "the same seed gives the same grade, in words and as data; level 0 alone decides nothing",
  { timeout: 300_000 },
  async () => {
    const args = ["--strategy", "level 0", "--strategy", "random", "--budgets", "20,40", "--seed", "5"];
    const subjects = subjectsOf(corpus.slice(0, 4), protocols.slice(0, 2));
    const runs: string[][] = [[], []];
    for (const out of runs) expect(await main([...args, "--json"], ioInto(out, []), subjects)).toBe(0);
    expect(runs[1]).toEqual(runs[0]);
    const graded = JSON.parse(runs[0]?.[0] ?? "") as Grade;
    expect(graded).toMatchObject({ seed: 5, listedBudget: 40, scores: [{ budget: 20 }, { budget: 40 }, {}, {}] });
    const updated: string[] = [];
    await main([...args, "--update"], ioInto(updated, []), subjects);
    expect(updated[0]).toContain(gradeMarkdown(graded));
    expect(updated[1]).toContain(`rewrites it -->\n${gradeMarkdown(graded)}\n<!-- end of grade -->`);
  },
);

test("--help prints the options and grades nothing", async () => {
  const [out, said]: string[][] = [[], []];
  expect(await main(["--help"], ioInto(out as string[], said as string[]), [])).toBe(0);
  expect(out?.join("")).toMatch(/^usage: npm run grade[\s\S]*--budgets/);
  expect(said).toEqual([]);
});

test.each([
  [["--strategy", "guess"], "there is no strategy guess"],
  [["--budgets", "10,10"], "--budgets must ascend from 1 on"],
  [["--budgets", "many"], "--budgets: many is no whole number"],
  [["--seed", "-1"], /seed/],
  [["--tempo"], /tempo/],
])("%j is refused", async (args, why) => {
  const said: string[] = [];
  expect(await main(args, ioInto([], said))).toBe(2);
  expect(said[0]).toMatch(why);
  expect(said[1]).toContain("usage: npm run grade");
});
