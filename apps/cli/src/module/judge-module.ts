import { setImmediate } from "node:timers/promises";
import { crashMatrix, CrashTestError, type CrashMatrixReport, type ExplorationStrategy } from "@holdfast/crash-test";
import { patchNodeFs } from "@holdfast/crash-test/node";
import type { Personality } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { messageOf } from "../cli-error.js";
import { EndGuard } from "./end-guard.js";
import { after, before, bytesOf, documentPath, moduleFor, prepare, type Bench } from "./module-bench.js";
import { modulePage } from "./module-page.js";
import { mostTurns, Patience } from "./patience.js";
import type { Pulse } from "./pulse.js";
import { refuse, SaveModuleFile, type Refusal } from "./save-module.js";

/** Judges somebody's module that saves and loads a file by `node:fs`. Changes `node:fs` of the process while it runs. */

/** How a module came off under one file system. */
export interface ModuleVerdict {
  readonly personality: string;
  /**
   * `loses`: a power failure may leave neither the old nor the new version. `forgets`: it leaves one of them, but the old one
   * after `save` had returned. `hangs`: on what it leaves, `load` never comes to an end. `unjudged`: the run could not be
   * explored, and `text` says why.
   */
  readonly verdict: "survives" | "forgets" | "hangs" | "loses" | "unjudged";
  readonly recoveries: number;
  /** Whether every disk was looked at that `load` can tell apart. False with a finding, which ends the exploration. */
  readonly complete: boolean;
  /** What a module survives, in words. "" unless the verdict is `survives`. */
  readonly explored: string;
  /** The failure in words: the calls at fault and where they stand. "" when there is none. */
  readonly text: string;
}

export type ModuleOutcome =
  | { readonly kind: "refused"; readonly why: string }
  /**
   * At least one of the verdicts is one. `page`: a page of HTML about all file systems that it was judged under; undefined
   * where `load` computed for ever, and the process had to be ended.
   */
  | { readonly kind: "judged"; readonly verdicts: readonly ModuleVerdict[]; readonly page: string | undefined };

/** Who follows a judgement while it goes on. */
export interface Audience {
  readonly pulse: Pulse;
  /** Called with each verdict; what follows waits for it. */
  judged(verdict: ModuleVerdict): Promise<void>;
}

/** Of one file system and question. Recoveries and not seconds: the verdict is the same on every machine. */
const mostRecoveries = 2048;
/** Of these, kept for chance where the disks are too many to look at all of them. */
const sampledRecoveries = 512;
/** Random disks are those of this seed, every time. */
const seed = 1;

/** @param path - of a file that exports `save(path, bytes)` and `load(path)`; both may return promises. */
export async function judgeModule(
  path: string,
  under: readonly Personality[],
  audience: Audience,
): Promise<ModuleOutcome> {
  const { pulse } = audience;
  const file = new SaveModuleFile(path);
  const refused = file.refusal();
  if (refused !== undefined) return refused;
  // Before the module is loaded: what it takes out of node:fs then stays under the patch.
  using patch = patchNodeFs(new MemoryFs());
  using end = new EndGuard();
  const module = await file.start();
  if ("kind" in module) return module;
  const bench = await prepare({ patch, end, patience: new Patience(), pulse, file, module, remembers: false });
  if ("kind" in bench) return bench;
  const verdicts: ModuleVerdict[] = [];
  const judged: Judged[] = [];
  let refusal: Refusal | undefined;
  for (const [index, personality] of under.entries()) {
    pulse.under = index;
    const found = await judgeUnder(bench, personality);
    if ("kind" in found) {
      refusal ??= refuse(`it cannot be judged under ${personality.name}: ${found.why}`);
      verdicts.push(unjudged(personality, found));
    } else {
      judged.push(found);
      verdicts.push(found.verdict);
    }
    await audience.judged(verdicts[index] as ModuleVerdict); // pushed just before
  }
  const [gravest, ...others] = judged.toSorted((a, b) => rankOf(a) - rankOf(b));
  if (gravest === undefined) return refusal ?? refuse("there is no file system to judge it under");
  return { kind: "judged", verdicts, page: modulePage([gravest, ...others]) };
}

function unjudged({ name: personality }: Personality, { why }: Refusal): ModuleVerdict {
  return { personality, verdict: "unjudged", recoveries: 0, complete: false, explored: "", text: why };
}

/** The gravest first. */
const ranks: readonly ModuleVerdict["verdict"][] = ["loses", "hangs", "forgets", "survives"];

function rankOf({ verdict: { verdict } }: Judged): number {
  return ranks.indexOf(verdict);
}

/** A verdict, and what it comes from. */
export interface Judged {
  readonly verdict: ModuleVerdict;
  readonly report: CrashMatrixReport;
}

/** First whether one version is left at all, then whether it is the one that was reported as saved. */
async function judgeUnder(bench: Bench, personality: Personality): Promise<Judged | Refusal> {
  const { name } = personality;
  const reports: CrashMatrixReport[] = [];
  for (const fault of ["loses", "forgets"] as const) {
    try {
      for await (const report of explore(bench, personality, fault === "forgets")) reports.push(report);
    } catch (error) {
      return findingOf(error, name, fault) ?? refuse(refusalText(error));
    }
  }
  const report = reports.at(-1);
  if (report === undefined) throw new Error("two questions were asked above");
  const complete = reports.every((each) => each.complete);
  const recoveries = reports.reduce((sum, each) => sum + each.recoveries, 0);
  const explored = exploredText(complete, recoveries);
  return { verdict: { personality: name, verdict: "survives", recoveries, complete, explored, text: "" }, report };
}

function exploredText(complete: boolean, recoveries: number): string {
  if (complete) return "every disk that load can tell apart";
  return `${recoveries.toLocaleString("en")} disks, of more than can be looked at`;
}

/** What says something about the module, and not about how it was judged. */
function findingOf(error: unknown, personality: string, fault: "loses" | "forgets"): Judged | undefined {
  if (!(error instanceof CrashTestError) || error.report === undefined) return undefined;
  if (error.code !== "CRASH_TEST_FAILED" && error.code !== "CRASH_TEST_UNSETTLED") return undefined;
  const verdict = error.code === "CRASH_TEST_UNSETTLED" ? "hangs" : fault;
  const { report, message } = error;
  const { recoveries } = report;
  return { verdict: { personality, verdict, recoveries, complete: false, explored: "", text: message }, report };
}

function refusalText(error: unknown): string {
  if (error instanceof CrashTestError && error.code === "CRASH_TEST_VACUOUS") {
    return "save leaves nothing that a power failure could take";
  }
  return messageOf(error);
}

/**
 * What was explored, in order. Lazy decisions come first, and see everything that `load` can; where one answer depends on too
 * much, random disks follow, and where `load` does not do the same twice, disks that are made whole.
 */
async function* explore(
  bench: Bench,
  personality: Personality,
  acknowledged: boolean,
): AsyncGenerator<CrashMatrixReport> {
  const run = (strategy: ExplorationStrategy, maxRecoveries: number): Promise<CrashMatrixReport> =>
    matrix(bench, personality, acknowledged, { strategy, maxRecoveries });
  let lazy: CrashMatrixReport;
  try {
    lazy = await run({ kind: "lazy" }, mostRecoveries - sampledRecoveries);
  } catch (error) {
    if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_NONDETERMINISTIC") throw error;
    yield { ...(await run({ kind: "exhaustive", limit: mostRecoveries }, mostRecoveries)), complete: false };
    return;
  }
  yield lazy;
  if (!lazy.complete) yield await run({ kind: "sampled", seed }, mostRecoveries - lazy.recoveries);
}

function matrix(
  bench: Bench,
  personality: Personality,
  acknowledged: boolean,
  bounds: { readonly strategy: ExplorationStrategy; readonly maxRecoveries: number },
): Promise<CrashMatrixReport> {
  const { patch, end, patience, pulse } = bench;
  return crashMatrix({
    ...bounds,
    name: "save",
    setup: async (_, fs) => {
      patch.mount(fs);
      patience.begin();
      end.begin();
      const module = await moduleFor(bench);
      await module.save(documentPath, Buffer.from(before));
    },
    workload: async (_, run) => {
      patch.mount(run.fs);
      patience.begin();
      const module = await moduleFor(bench);
      await module.save(documentPath, Buffer.from(after));
      end.check();
      run.ack("saved");
    },
    recover: async (directory) => {
      patch.mount(directory.fs);
      patience.begin();
      end.begin();
      pulse.isLoading = true;
      try {
        const module = await moduleFor(bench);
        const found = await module.load(documentPath);
        await setImmediate(); // a promise that was rejected, and that nobody handles, is told behind this turn
        return found;
      } finally {
        pulse.isLoading = false;
      }
    },
    check: (result, { acked }) => {
      end.check();
      const found = bytesOf(result);
      if (found === undefined) throw new Error("load gives neither bytes nor text");
      if (found.equals(after)) return;
      if (!found.equals(before)) throw new Error(`load gives ${found.length} bytes that are neither version`);
      if (acknowledged && acked("saved")) throw new Error("load gives the old version, although save had returned");
    },
    personalities: [personality],
    maxTurns: mostTurns,
    turn: async () => {
      pulse.beat();
      await patience.turn();
      end.check(); // what was to settle it may have ended with the process
    },
    allowIncomplete: true,
  });
}
