// Goal: every protocol here survives every legal crash, and every mutant of it, one line away, is caught with a message
// that a person can act on. Method: exhaustive exploration of each under each personality, crashes inside recovery
// included; then the replay line of each failure alone.
import { readFileSync, writeFileSync } from "node:fs";
import { personalityOf, type Personality } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { crashMatrix } from "../src/index.js";
import { mutantTable } from "./mutant-table.js";
import { protocols } from "./protocols/all.js";
import type { Protocol } from "./protocols/protocol.js";
import { judge, matrixOf, outcomeLine, replayLine, verdictOn } from "./verdict.js";

/** What a matrix explores when nobody says anything else. */
const defaultPersonalities = ["posix"];

const named = protocols.map((protocol) => [protocol.name, protocol] as const);
const mutants = protocols.flatMap((protocol) =>
  Object.keys(protocol.mutants).map((mutant) => [protocol.name, mutant, protocol] as const),
);

/** The mistakes every crash model of this kind has to see. */
const classicMutants: readonly (readonly [protocol: string, mutant: string])[] = [
  ["atomic replace", "no-temp-sync"],
  ["atomic replace", "no-names-sync"],
  ["nested directories", "parent-not-synced"],
  ["nested directories", "parent-of-parent-not-synced"],
  ["atomic replace", "path-reused-handle-synced"],
  ["failed barrier", "sync-retried"],
  ["log append", "acknowledged-before-sync"],
  ["log repair", "repair-not-synced"],
  ["atomic replace", "old-removed-first"],
  ["segment rotation", "previous-not-synced"],
  ["recovery after a process crash", "read-back-not-synced"],
  ["two writers", "shared-temp-name"],
  ["directory lock", "removed-by-non-owner"],
];

test("the classic mistakes are among the mutants, and twice as many others", () => {
  const known = mutants.map(([name, mutant]) => `${name}: ${mutant}`);
  expect(known).toEqual(expect.arrayContaining(classicMutants.map((pair) => pair.join(": "))));
  expect(known.length).toBeGreaterThanOrEqual(3 * classicMutants.length);
  expect(new Set(known).size).toBe(known.length);
});

describe.each(defaultPersonalities)("under %s", (personality) => {
  test.each(named)("%s is correct", async (_, protocol) => {
    const verdict = await verdictOn(protocol, undefined, personality);
    expect(verdict.kind === "caught" ? verdict.error.message : verdict.kind).toBe("passes");
    if (verdict.kind !== "passes") return;
    expect(verdict.report).toMatchObject({ complete: true, failures: [] });
    expect(verdict.report.personalities).toMatchObject([{ personality, limited: [] }]);
    expect(verdict.report.personalities[0]?.images).toBeGreaterThan(1);
    expect(verdict.report.recoveries).toBeGreaterThanOrEqual(verdict.report.personalities[0]?.images ?? 0);
  });

  test.each(mutants)("%s, %s: is caught, and its replay line suffices", async (_, mutant, protocol) => {
    const verdict = await verdictOn(protocol, mutant, personality);
    expect(verdict.kind).toBe("caught");
    if (verdict.kind !== "caught") return;
    const { error } = verdict;
    expectUsefulMessage(error.message, personality);

    const replay = replayLine(error);
    const again = await judge({ ...matrixOf(protocol, mutant, personality), replay });
    expect(again.kind === "caught" && outcomeLine(again.error)).toBe(outcomeLine(error));
    expect(again.kind === "caught" && again.error.report?.failures[0]?.choices).toEqual(JSON.parse(replay));
    await expectHarmless(protocol, personality, replay);
  });
});

/** Names what was lost, where the calls stand, who admits it, and how to see it again. */
function expectUsefulMessage(message: string, personality: string): void {
  const calls = new Set(message.replace(/\n {2}Fix: [\s\S]*/, "").match(/\b[a-zA-Z]+\(\/[^)]*\)(?: at \S+:\d+)?/g));
  const acknowledged = /may still be lost after ".+" is acknowledged|Acknowledged before: (?!nothing)/.test(message);
  expect(calls.size >= 2 || (calls.size === 1 && acknowledged), message).toBe(true);
  expect(message).toMatch(/ at protocols\/[a-z-]+\.ts:\d+/);
  expect(message).not.toMatch(/ at src\//);
  expect(/\n {2}Admitted by: (.*)\n/.exec(message)?.[1]?.split(", ")).toContain(personality);
  expect(message).toMatch(/\n {2}Outcome: .+\n/);
  expect(message).toMatch(/\n {2}Replay: \[\{"version":1,.*\}\]$/);
}

/** The correct protocol either survives the power loss that broke its mutant, or makes no calls it could be applied to. */
async function expectHarmless(protocol: Protocol, personality: string, replay: string): Promise<void> {
  const outcome = await crashMatrix({ ...matrixOf(protocol, undefined, personality), replay }).then(
    ({ failures }) => (failures.length === 0 ? "passes" : "fails"),
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
  expect(["passes", "CRASH_TEST_INVALID_REPLAY"]).toContain(outcome);
}

describe("under strict, a hardening mode", () => {
  const strict = personalityOf("strict");
  const renaming = [
    "atomic replace",
    "checkpoint and prune",
    "manifest and data files",
    "cross-directory move",
    "two writers",
    "directory lock",
    "fs-seam atomicReplace",
  ];

  test.each(named)("%s: survives unless it relies on rename", async (name, protocol) => {
    const verdict = await verdictOn(protocol, undefined, "strict");
    expect(verdict.kind).toBe(renaming.includes(name) ? "caught" : "passes");
    if (verdict.kind === "passes") expect(verdict.report.complete).toBe(true);
    else expect(verdict.error.message.split("\n")[1]).toMatch(/without the (new|removed) name .* of rename\(/);
  });

  test.each(renaming)("%s: survives once renames are in one piece, so nothing else is wrong with it", async (name) => {
    const protocol = protocols.find((each) => each.name === name) as Protocol;
    const whole: Personality = { ...strict, name: "strict, renames whole", rename: "atomic" };
    const verdict = await judge(matrixOf(protocol, undefined, whole));
    expect(verdict.kind === "caught" ? verdict.error.message : verdict.kind).toBe("passes");
  });

  test.each(mutants.filter(([name]) => !renaming.includes(name)))(
    "%s, %s: is caught as well",
    async (_, mutant, protocol) => expect((await verdictOn(protocol, mutant, "strict")).kind).toBe("caught"),
  );
});

test("the README's table is what the runs say", { timeout: 300_000 }, async () => {
  const readme = new URL("../README.md", import.meta.url);
  const text = readFileSync(readme, "utf8");
  const [begin, end] = ["<!-- mutant table: UPDATE_TABLE=1 rewrites it -->\n", "\n<!-- end of mutant table -->"];
  expect(text).toContain(begin);
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end, from);
  expect(to).toBeGreaterThan(from);
  const table = await mutantTable(protocols);
  if (process.env["UPDATE_TABLE"] === "1") writeFileSync(readme, text.slice(0, from) + table + text.slice(to));
  else expect(text.slice(from, to)).toBe(table);
});
