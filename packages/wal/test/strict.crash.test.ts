// The crash programs of the log and of the record log on disks of `strict`, which is weaker than any file system in use, by chance:
// FC_SEED chooses the disks (default 1), WAL_LONG=1 makes ten times as many. A program that breaks is made to say why: each rule of
// `strict` is taken back alone, and those are to blame without which the same disks keep the law.
import { crashMatrix, CrashTestError, type CrashMatrixOptions, type CrashMatrixReport } from "@holdfast/crash-test";
import { atomicReplace } from "@holdfast/fs-seam";
import { crashImages, posix, strict, type CrashStrategy, type Personality } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { bytesOf, textOf } from "./log-law.js";
import { logMatrix, logWindows, type LogWindow } from "./log-windows.js";
import { recordLogMatrix, recordLogWindows } from "./record-log-windows.js";

const seed = Number(process.env["FC_SEED"] ?? 1);
const scale = process.env["WAL_LONG"] === "1" ? 10 : 1;

/** What `strict` gives up beyond `posix`, by the name that a failure is given, each taken back alone. */
const rules: Readonly<Record<string, Partial<Personality>>> = {
  "a rename may come apart": { rename: posix.rename },
  "bytes behind a cut do without it": {
    edges: { ...strict.edges, bytesNeedEarlierCut: posix.edges.bytesNeedEarlierCut },
  },
  "new space may hold garbage": { unwritten: posix.unwritten },
  "the rest of a cut page may come back": { cutTail: posix.cutTail },
};

type More = Pick<
  CrashMatrixOptions<never>,
  "personalities" | "strategy" | "nested" | "nestedStrategy" | "minImages" | "maxRecoveries"
>;
type Matrix = (more: More) => Promise<CrashMatrixReport>;

const sampling: CrashStrategy = { kind: "random", seed, count: 12 * scale };

function more(personality: Personality): More {
  return {
    personalities: [personality],
    strategy: sampling,
    nestedStrategy: { kind: "random", seed, count: scale },
    minImages: 1,
    maxRecoveries: 1_000_000,
  };
}

interface Verdict {
  /** Rules without any one of which the law holds. Empty where it holds anyway. */
  readonly blamed: readonly string[];
  /** What broke it. */
  readonly text: string | undefined;
  readonly report: CrashMatrixReport | undefined;
}

/** Runs a program on `strict`, and says which rules of it explain a failure. */
async function triage(matrix: Matrix): Promise<Verdict> {
  const { text, report } = await brokenBy(matrix, strict);
  if (text === undefined) return { blamed: [], text, report };
  const blamed: string[] = [];
  for (const [rule, back] of Object.entries(rules)) {
    const without = await brokenBy(matrix, { ...strict, ...back, name: `strict, but not: ${rule}` });
    if (without.text === undefined) blamed.push(rule);
  }
  return { blamed, text, report };
}

async function brokenBy(
  matrix: Matrix,
  personality: Personality,
): Promise<{ text: string | undefined; report: CrashMatrixReport | undefined }> {
  try {
    return { text: undefined, report: await matrix(more(personality)) };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    return { text: error.message, report: error.report };
  }
}

const programs: readonly [string, Matrix][] = [
  ...Object.entries(logWindows).map(([name, window]): [string, Matrix] => [
    `a log: ${name}`,
    (options) => logMatrix(name, window, options),
  ]),
  ...Object.entries(recordLogWindows).map(([name, window]): [string, Matrix] => [
    `a record log: ${name}`,
    (options) => recordLogMatrix(name, window, options),
  ]),
];

test("the rules are all that tells strict from posix, but for two that no program here meets", () => {
  const edges = { ...strict.edges, bytesNeedEarlierCut: posix.edges.bytesNeedEarlierCut, tree: posix.edges.tree };
  const back: Personality = Object.assign({}, strict, ...Object.values(rules), { edges });
  // A log has no directory inside its own, and asks for no barrier over everything.
  const { name, describes, closures } = posix;
  expect({ ...back, name, describes, closures }).toEqual(posix);
});

test.each(programs)("the law holds on strict, inside recovery as well: %s", async (_, matrix) => {
  const { blamed, text, report } = await triage(matrix);
  expect(text, `FC_SEED=${seed}, blamed on: ${blamed.join("; ") || "no rule alone"}`).toBeUndefined();
  expect(report?.recoveries).toBeGreaterThan(50);
});

test("of the disks on which the law holds, some are there only because renames come apart, or space holds garbage", async () => {
  const { trace } = await logMatrix("publish", logWindows["publish"] as LogWindow, { ...more(strict), nested: 0 });
  const made = [...crashImages(trace, { personality: strict, strategy: sampling })].map(({ hash }) => hash);
  for (const rule of ["a rename may come apart", "new space may hold garbage"]) {
    const personality = { ...strict, ...rules[rule], name: rule };
    const strategy = { kind: "exhaustive", limit: 1 << 14 } as const;
    const onLimit = (): never => expect.fail("not all disks were made");
    const without = new Set(Array.from(crashImages(trace, { personality, strategy, onLimit }), ({ hash }) => hash));
    expect(made.filter((hash) => !without.has(hash)).length, rule).toBeGreaterThan(0);
  }
});

describe("a program that needs more than strict gives is told which rule it breaks by", () => {
  /** A file `doc` that holds `before`, and what a crash leaves of it. */
  function document(
    before: string,
    workload: CrashMatrixOptions<string>["workload"],
    isLegal: (text: string) => boolean,
  ): Matrix {
    return (options) =>
      crashMatrix({
        ...options,
        name: "a document",
        setup: (directory) => directory.writeFile("doc", bytesOf(before)),
        workload,
        recover: (directory) => (directory.exists("doc") ? textOf(directory.readFile("doc")) : "gone"),
        check: isLegal,
        strategy: { kind: "random", seed, count: 200 }, // few effects, and each subset is meant
      });
  }

  const needy: Readonly<Record<string, Matrix>> = {
    "a rename may come apart": document(
      "old",
      async (directory) => void (await atomicReplace(directory, "doc", bytesOf("new"), { rung: "data" })),
      (text) => text === "old" || text === "new",
    ),
    "bytes behind a cut do without it": document(
      "keep drop it",
      async (directory) => {
        using file = directory.open("doc", { mode: "write" });
        file.truncate(0);
        file.writeAt(bytesOf("new"), 0);
        await file.sync("data");
      },
      (text) => text !== "newp drop it",
    ),
    "new space may hold garbage": document(
      "",
      async (directory) => {
        using file = directory.open("doc", { mode: "write" });
        file.writeAt(bytesOf("text"), 0);
        await file.sync("data");
      },
      (text) => text === "" || text === "text" || /^\0+$/.test(text),
    ),
    "the rest of a cut page may come back": document(
      "keep drop it",
      async (directory) => {
        using file = directory.open("doc", { mode: "write" });
        file.truncate(4);
        file.truncate(8);
        await file.sync("data");
      },
      (text) => text !== "keep dro",
    ),
  };

  test.each(Object.entries(needy))("%s", async (rule, matrix) => {
    expect(Object.keys(needy)).toEqual(Object.keys(rules));
    expect((await triage(matrix)).blamed).toEqual([rule]);
  });
});
