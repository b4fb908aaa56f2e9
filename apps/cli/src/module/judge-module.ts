import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { crashMatrix, CrashTestError, type CrashMatrixReport, type ExplorationStrategy } from "@holdfast/crash-test";
import { patchNodeFs, type NodeFsPatch } from "@holdfast/crash-test/node";
import type { Personality } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { messageOf } from "../cli-error.js";
import { ExitGuard } from "./exit-guard.js";
import { modulePage } from "./module-page.js";
import { mostTurns, Patience } from "./patience.js";

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
  /** At least one of the verdicts is one. `page`: a page of HTML about all file systems that it was judged under. */
  | { readonly kind: "judged"; readonly verdicts: readonly ModuleVerdict[]; readonly page: string };

interface SaveModule {
  readonly save: (path: string, bytes: Buffer) => unknown;
  readonly load: (path: string) => unknown;
}

/** A module, and what it stands in while it is judged. */
interface Bench {
  readonly patch: NodeFsPatch;
  readonly exit: ExitGuard;
  readonly module: SaveModule;
}

interface Refusal {
  readonly kind: "refused";
  readonly why: string;
}

const documentPath = "/crash/document";
/** Two versions of different length, plain text for those who read text; the new one has three sectors. */
const before = Buffer.from("the old version\n".repeat(40));
const after = Buffer.from("the new version, longer\n".repeat(50));
/** Of one file system and question. Recoveries and not seconds: the verdict is the same on every machine. */
const mostRecoveries = 2048;
/** Of these, kept for chance where the disks are too many to look at all of them. */
const sampledRecoveries = 512;
/** What `save` may leave behind in all; more would take minutes. */
const mostBytes = 1_048_576;
/** Random disks are those of this seed, every time. */
const seed = 1;

/** @param path - of a file that exports `save(path, bytes)` and `load(path)`; both may return promises. */
export async function judgeModule(path: string, under: readonly Personality[]): Promise<ModuleOutcome> {
  const refused = refuseFile(path);
  if (refused !== undefined) return refused;
  // Before the module is loaded: what it takes out of node:fs then stays under the patch.
  using patch = patchNodeFs(new MemoryFs());
  using exit = new ExitGuard();
  const loaded = await loadModule(path);
  if ("kind" in loaded) return loaded;
  const bench: Bench = { patch, exit, module: loaded };
  const unfit = await tryOnce(bench);
  if (unfit !== undefined) return refuse(unfit.why + callbackHint(loaded));
  const verdicts: ModuleVerdict[] = [];
  const judged: Judged[] = [];
  let refusal: Refusal | undefined;
  for (const personality of under) {
    const found = await judgeUnder(bench, personality);
    if ("kind" in found) {
      refusal ??= refuse(`it cannot be judged under ${personality.name}: ${found.why}`);
      verdicts.push(unjudged(personality, found));
    } else {
      judged.push(found);
      verdicts.push(found.verdict);
    }
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

function refuse(why: string): Refusal {
  return { kind: "refused", why };
}

function refuseFile(path: string): Refusal | undefined {
  if (![".js", ".mjs", ".cjs"].includes(extname(path))) return refuse(`${path} is no .js, .mjs or .cjs file`);
  return existsSync(path) ? undefined : refuse(`there is no file ${path}`);
}

async function loadModule(path: string): Promise<SaveModule | Refusal> {
  let exported: unknown;
  try {
    exported = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    return refuse(`${path} cannot be loaded: ${messageOf(error)}`);
  }
  // What CommonJS exports may be all in the default export.
  for (const candidate of [exported, (exported as { readonly default?: unknown }).default]) {
    if (typeof candidate !== "object" || candidate === null) continue;
    const { save, load } = candidate as Partial<SaveModule>;
    if (typeof save === "function" && typeof load === "function") return { save, load };
  }
  return refuse(`${path} does not export the two functions save(path, bytes) and load(path)`);
}

/** Without a crash it has to work, or there is nothing to be judged. */
async function tryOnce({ patch, exit, module }: Bench): Promise<Refusal | undefined> {
  const store = new MemoryFs();
  patch.mount(store);
  try {
    for (const version of [before, after]) {
      await module.save(documentPath, Buffer.from(version));
      if (store.list("/").length === 0) {
        return refuse(`save wrote nothing below ${patch.root}: it must use the path it is given`);
      }
      const bytes = bytesIn(store, "/");
      if (bytes > mostBytes) return refuse(sizeText(bytes));
      const found = bytesOf(await module.load(documentPath));
      if (found === undefined) return refuse("load gives neither bytes nor text");
      if (!found.equals(version)) return refuse("load does not give back what save was given");
      exit.check();
    }
    return undefined;
  } catch (error) {
    return refuse(`without any crash, save and load fail: ${messageOf(error)}`);
  }
}

function bytesIn(store: MemoryFs, directory: string): number {
  let bytes = 0;
  for (const { name, kind } of store.list(directory)) {
    const path = `${directory === "/" ? "" : directory}/${name}`;
    bytes += kind === "directory" ? bytesIn(store, path) : (store.stat(path)?.size ?? 0);
  }
  return bytes;
}

function sizeText(bytes: number): string {
  const [found, most] = [bytes, mostBytes].map((count) => count.toLocaleString("en"));
  return `save leaves ${found} bytes, and what is judged is ${most} at most: let it write less around the document`;
}

/** Promises are awaited; a callback is never given. */
function callbackHint({ save, load }: SaveModule): string {
  const many = save.length > 2 ? `save takes ${save.length}` : load.length > 1 ? `load takes ${load.length}` : "";
  return many === ""
    ? ""
    : `. ${many} arguments: if the last one is a callback, export a function that returns a promise`;
}

function bytesOf(found: unknown): Buffer | undefined {
  if (typeof found === "string") return Buffer.from(found);
  return found instanceof Uint8Array ? Buffer.from(found) : undefined;
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
  { patch, exit, module }: Bench,
  personality: Personality,
  acknowledged: boolean,
  bounds: { readonly strategy: ExplorationStrategy; readonly maxRecoveries: number },
): Promise<CrashMatrixReport> {
  const patience = new Patience();
  return crashMatrix({
    ...bounds,
    name: "save",
    setup: async (_, fs) => {
      patch.mount(fs);
      await module.save(documentPath, Buffer.from(before));
    },
    workload: async (_, run) => {
      patch.mount(run.fs);
      await module.save(documentPath, Buffer.from(after));
      run.ack("saved");
    },
    recover: (directory) => {
      patch.mount(directory.fs);
      patience.begin();
      exit.begin();
      return module.load(documentPath);
    },
    check: (result, { acked }) => {
      exit.check();
      const found = bytesOf(result);
      if (found === undefined) throw new Error("load gives neither bytes nor text");
      if (found.equals(after)) return;
      if (!found.equals(before)) throw new Error(`load gives ${found.length} bytes that are neither version`);
      if (acknowledged && acked("saved")) throw new Error("load gives the old version, although save had returned");
    },
    personalities: [personality],
    maxTurns: mostTurns,
    turn: () => patience.turn(),
    allowIncomplete: true,
  });
}
