// Goal: what a message says is right, not only well put. Method: every mutant is run; its failure must come down to a pair
// of source lines with one thing lost, and the barrier that the message asks for, put into the program at that place, must
// make the matrix pass. Programs that are wrong in another way than by a missing barrier are listed by hand.
import { expect, test } from "vitest";
import type { CrashFailure } from "../src/crash-matrix-report.js";
import { personalityOf, type CrashChoice } from "@holdfast/fs-seam/crash";
import { lossOf, sizeOf } from "../src/lost-effects.js";
import { fixesOf, withFixes } from "./fixed-program.js";
import { protocols } from "./protocols/all.js";
import { judge, matrixOf, verdictOn } from "./verdict.js";

const mutants = protocols.flatMap((protocol) =>
  Object.keys(protocol.mutants).map((mutant) => ({ protocol, mutant, name: `${protocol.name}: ${mutant}` })),
);

/** Wrong without any crash, or with everything on the disk: there is no pair to blame. */
const wrongAnyway = [
  "directory lock: removed-by-non-owner",
  "directory lock: written-without-lock",
  "exclusive publish by link: renamed-instead",
  "log repair: tail-not-cut",
  "preallocated log: zeros-accepted",
  "recycled log: generation-ignored",
];

/** Their fix is applied, and something else is wrong with them still, or the barrier comes too early to help. */
const beyondBarriers = ["clean-end marker: marker-trusted-after-use", "fs-seam atomicReplace: not-awaited"];

async function failureOf({ protocol, mutant }: (typeof mutants)[number]): Promise<CrashFailure> {
  const verdict = await verdictOn(protocol, mutant, "posix");
  const failure = verdict.kind === "caught" ? verdict.error.report?.failures[0] : undefined;
  if (failure === undefined) throw new Error(`${protocol.name}, ${mutant} was not caught`);
  return failure;
}

/** How many things the last power loss takes. */
function lostBy({ trace, choices }: CrashFailure): number {
  const choice = choices.at(-1) as CrashChoice; // a failure has at least one
  return sizeOf(lossOf(trace, personalityOf("posix"), choice), trace.records);
}

test(
  "failures come down to two source lines, and nine in ten to at most one thing lost",
  { timeout: 300_000 },
  async () => {
    const withoutPair: string[] = [];
    let simple = 0;
    for (const each of mutants) {
      const failure = await failureOf(each);
      const { kind } = failure.blame ?? { kind: undefined };
      if (kind === undefined || kind === "program" || kind === "several") withoutPair.push(each.name);
      else if (lostBy(failure) <= 1) simple += 1;
    }
    expect(withoutPair.sort()).toEqual(wrongAnyway);
    expect(simple / (mutants.length - wrongAnyway.length)).toBeGreaterThanOrEqual(0.9);
  },
);

test("the barrier that a message asks for is the one that was missing", { timeout: 300_000 }, async () => {
  const outcomes = { once: [] as string[], later: [] as string[], never: [] as string[] };
  for (const each of mutants) {
    const program = matrixOf(each.protocol, each.mutant, "posix");
    let fixes = fixesOf(await failureOf(each));
    if (fixes.length === 0) continue;
    let rounds = 0;
    let passes = false;
    // A program may lack more than one barrier; the matrix names them one at a time.
    while (!passes && fixes.length > rounds && rounds < 4) {
      rounds += 1;
      const verdict = await judge(withFixes(program, fixes));
      passes = verdict.kind === "passes";
      const failure = verdict.kind === "caught" ? verdict.error.report?.failures[0] : undefined;
      if (failure !== undefined) fixes = [...fixes, ...fixesOf(failure)];
    }
    outcomes[!passes ? "never" : rounds === 1 ? "once" : "later"].push(each.name);
  }
  expect(outcomes.never.sort()).toEqual(beyondBarriers);
  const { once, later, never } = outcomes;
  expect(once.length / (once.length + later.length + never.length)).toBeGreaterThanOrEqual(0.9);
  expect(once.length).toBeGreaterThanOrEqual(50);
});
