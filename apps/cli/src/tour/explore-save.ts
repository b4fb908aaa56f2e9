import { setImmediate } from "node:timers/promises";
import { crashMatrix, CrashTestError } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import {
  crashImages,
  CrashFs,
  personalities,
  type CrashStrategy,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import {
  describeFound,
  isLost,
  judge,
  lostVerdicts,
  readBack,
  type LostVerdict,
  type Verdict,
} from "./crash-verdict.js";
import type { Versions } from "./tour-document.js";

/** One way to save a document, on whatever file system the directory stands. */
export type Save = (directory: Directory, path: string, content: Uint8Array) => void | Promise<void>;

/** Name of the document in every directory of the tour. */
export const documentName = "document";

/** Points of at most so many outcomes are looked at completely; of others, level 4 of the exploration ladder. */
const strategy: CrashStrategy = { kind: "exhaustive", limit: 4096 };
const mostMilliseconds = 5000;

/** Personalities whose crash states are explored: those that have more than one outcome. */
export const exploredPersonalities: readonly Personality[] = personalities.filter(({ law }) => law === "effects");

/** Those that some file system may have. A personality that takes renames apart is a hardening mode, shown but not judged. */
export const judgedPersonalities: readonly Personality[] = exploredPersonalities.filter(
  ({ rename }) => rename === "atomic",
);

/** What the crash states of one save look like under one personality. */
export interface StateCount {
  readonly personality: Personality;
  /** Distinct pairs of what is on the disk and whether the save had reported success. */
  readonly states: number;
  readonly byVerdict: Readonly<Record<Verdict, number>>;
  /** States in which the document is lost. */
  readonly lost: number;
  /** Crash points that had too many outcomes to look at all of them. */
  readonly sampledPoints: number;
  /** The plainest example of each kind of loss, in words. */
  readonly examples: ReadonlyMap<LostVerdict, string>;
}

/** Runs a save once, on an old version that is durable, and counts what every power failure may leave. */
export async function countCrashStates(save: Save, versions: Versions): Promise<StateCount[]> {
  const trace = await record(save, versions);
  const counts: StateCount[] = [];
  for (const personality of exploredPersonalities) {
    counts.push(countUnder(personality, trace, versions));
    await setImmediate(); // let an interrupt through
  }
  return counts;
}

async function record(save: Save, versions: Versions): Promise<Trace> {
  const setup = new MemoryFs();
  new Directory(setup).writeFile(documentName, versions.before);
  const fs = new CrashFs({ image: setup.snapshot() });
  await save(new Directory(fs), documentName, versions.after);
  fs.mark("saved");
  return fs.trace();
}

function countUnder(personality: Personality, trace: Trace, versions: Versions): StateCount {
  const savedAt = trace.records.findIndex(({ kind }) => kind === "mark");
  const byVerdict = { old: 0, new: 0, forgotten: 0, missing: 0, empty: 0, zeros: 0, mixture: 0 };
  const examples = new Map<LostVerdict, string>();
  const sampled = new Set<number>();
  const seen = new Set<string>();
  // The same disk counts once before and once after the save has reported success: then more is promised.
  const options = { personality, strategy, deduplicate: false, onLimit: (at: number) => sampled.add(at) };
  for (const crash of crashImages(trace, options)) {
    const acknowledged = crash.choice.at > savedAt;
    const state = `${crash.hash} ${acknowledged}`;
    if (seen.has(state)) continue;
    seen.add(state);
    const found = readBack(new Directory(new MemoryFs({ image: crash.image })), documentName);
    const verdict = judge(found, versions, acknowledged);
    byVerdict[verdict] += 1;
    if (isLost(verdict)) keepPlainest(examples, verdict, describeFound(found, versions));
  }
  const lost = lostVerdicts.reduce((sum, verdict) => sum + byVerdict[verdict], 0);
  return { personality, states: seen.size, byVerdict, lost, sampledPoints: sampled.size, examples };
}

/** The shortest description is the one that is seen at a glance. */
function keepPlainest(examples: Map<LostVerdict, string>, verdict: LostVerdict, text: string): void {
  const known = examples.get(verdict);
  if (known === undefined || text.length < known.length) examples.set(verdict, text);
}

/** What `crashMatrix` says of a save. */
export type MatrixOutcome =
  /** Every state kept the promise, and so did every crash inside the clean-up after one. */
  | { readonly kind: "kept"; readonly recoveries: number; readonly complete: boolean }
  /** `text` names the calls, where they stand, and the choice that replays the failure. */
  | { readonly kind: "broken"; readonly recoveries: number; readonly text: string };

/**
 * Explores a save with the clean-up a program does when it starts again, power failures inside that clean-up included.
 * The promise: the document is the old version or the new one, and the new one once the save has reported success.
 */
export async function exploreSave(
  save: Save,
  versions: Versions,
  under: readonly Personality[],
): Promise<MatrixOutcome> {
  try {
    const report = await crashMatrix({
      name: "save a document",
      setup: (directory) => directory.writeFile(documentName, versions.before),
      workload: async (directory, run) => {
        await save(directory, documentName, versions.after);
        run.ack("saved");
      },
      recover: (directory) => {
        directory.sweepTemps();
        return readBack(directory, documentName);
      },
      check: (found, context) => {
        const verdict = judge(found, versions, context.acked("saved"));
        if (verdict === "old" || verdict === "new") return;
        const what = verdict === "forgotten" ? "the old version" : describeFound(found, versions);
        throw new Error(`the document is ${verdict}: it reads back as ${what}`);
      },
      personalities: under,
      strategy,
      maxMilliseconds: mostMilliseconds,
      allowIncomplete: true,
    });
    return { kind: "kept", recoveries: report.recoveries, complete: report.complete };
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
    return { kind: "broken", recoveries: error.report?.recoveries ?? 0, text: error.message };
  }
}
