import {
  CrashFs,
  crashImages,
  imageHash,
  isEffect,
  ObservedFs,
  replayCrash,
  type CrashChoice,
  type CrashImage,
  type CrashStrategy,
  type Image,
  type Personality,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { judgeOf, judgesBeside, nearestUnder, sameDiskUnder } from "./admission.js";
import { BudgetSpent, type Budget } from "./budget.js";
import { askingContext, contextOf } from "./crash-context.js";
import type {
  CrashContext,
  LadderStrategy,
  LazyStrategy,
  ResolvedOptions,
  ResolvedStrategy,
  SampledStrategy,
} from "./crash-matrix-options.js";
import type { CrashFailure, CrashMatrixReport, PersonalityReport } from "./crash-matrix-report.js";
import { CrashTestError } from "./crash-test-error.js";
import { ExplorationDigest } from "./exploration-digest.js";
import { Run, verdictOf, type Verdict } from "./explored-run.js";
import { ImageTally, LadderRest, ladderRestRecoveries, type LeftMoments } from "./ladder-rest.js";
import { LazyExplorer } from "./lazy-explorer.js";
import { Contradiction } from "./observation-tree.js";
import { ObservedRecoveries } from "./observed-recoveries.js";
import { ReadMemo } from "./read-memo.js";
import { andThen, recoverAndCheck, type Outcome } from "./recovery-run.js";
import { SampledExplorer } from "./sampled-explorer.js";

/** An image that was judged before. */
interface Judged {
  /** After so many crashes or more its recovery, which writes nothing, leaves nothing that a crash could lose. */
  quietFrom: number;
  /** Personalities under which crashes inside its recovery were explored, too, and after how few crashes it was reached. */
  deepUnder: Map<Personality, number> | undefined;
}

function levelOf(strategy: ResolvedStrategy): number {
  if (strategy.kind === "levels") return strategy.level;
  return strategy.kind === "random" || strategy.kind === "sampled" ? 6 : 5;
}

/** A budget of fewer recoveries is too small for parts: every disk of a moment is made for it, or it is spent. */
const leastDivided = 1024;

/** One in so many remembered outcomes is checked by a run. */
const rememberedRecheckEvery = 100;

/** How the images of one run are chosen, and who is told of them. */
interface ImageSearch {
  readonly strategy: CrashStrategy;
  /** Counts the images. */
  readonly tally?: ImageTally;
  /** Told of moments beyond the limit of an exhaustive strategy, each at least once. */
  readonly onLimit: (at: number) => void;
  /** Told of the moment of each image before it is judged. */
  readonly onMoment?: (at: number) => void;
  readonly skipBeyondLimit?: boolean;
}

/** Runs recovery on every image of a recorded run, and on the images of those recoveries. */
export class Explorer<T> {
  readonly report: CrashMatrixReport;
  readonly #options: ResolvedOptions<T>;
  readonly #recoveries: ObservedRecoveries<T>;
  /** By number of acknowledgements and hash of the image. */
  readonly #judged: Map<number, Judged>[] = [];
  readonly #memo: ReadMemo | undefined;
  readonly #nestedSearch: ImageSearch;
  /** What was judged so far. */
  readonly done: ExplorationDigest;

  constructor(options: ResolvedOptions<T>, trace: Trace, budget: Budget) {
    this.#options = options;
    this.done = new ExplorationDigest();
    const wasJudged = (image: Image, acks: number): boolean => this.#judged[acks]?.has(imageHash(image)) === true;
    this.#recoveries = new ObservedRecoveries(options, budget, this.done, wasJudged);
    this.#nestedSearch = { strategy: options.nestedStrategy, onLimit: () => void (this.report.complete = false) };
    this.#memo = options.rememberReads ? new ReadMemo(rememberedRecheckEvery) : undefined;
    this.report = {
      name: options.name,
      trace,
      personalities: options.personalities.map((rules) => ({ personality: rules.name, rules, images: 0, limited: [] })),
      distinct: 0,
      recoveries: 0,
      remembered: 0,
      level: 0,
      stopped: "everything",
      hash: "",
      complete: true,
      failures: [],
    };
  }

  /** Explores the run of the workload under every personality, up to the first failure. */
  async explore(trace: Trace): Promise<void> {
    const { strategy } = this.#options;
    this.report.level = levelOf(strategy);
    try {
      switch (strategy.kind) {
        case "lazy":
          await this.#exploreLazily(trace, strategy);
          return;
        case "sampled":
          await this.#exploreSamples(trace, strategy);
          return;
        case "ladder":
          await this.#climb(trace, strategy);
          return;
        default:
          await this.#exploreImages(trace, strategy);
          if (this.report.personalities.some(({ limited }) => limited.length > 0)) this.report.level = 4;
      }
    } catch (error) {
      if (error instanceof Contradiction) throw this.#nondeterministic(error.message);
      if (error instanceof BudgetSpent) this.report.stopped = "budget";
      throw error;
    } finally {
      this.report.distinct += this.#recoveries.distinct;
      this.report.remembered = this.#memo?.saved ?? 0;
      this.report.recoveries = this.#recoveries.budget.recoveries;
      if (this.#hasFailed()) {
        this.report.stopped = "failure";
        this.report.complete = false;
      }
    }
  }

  async #exploreImages(trace: Trace, strategy: CrashStrategy): Promise<void> {
    for (const [index, personality] of this.#options.personalities.entries()) {
      const counts = this.report.personalities[index] as PersonalityReport; // made with the same length
      const { limited } = counts;
      const tally = new ImageTally();
      const onLimit = (at: number): void => {
        this.report.complete = false;
        if (!limited.includes(at)) limited.push(at); // comes up once for each way in which unwritten bytes may read
      };
      try {
        await this.#exploreRun(new Run(trace, undefined, []), personality, { strategy, tally, onLimit });
      } finally {
        counts.images = tally.images;
      }
      if (this.#hasFailed()) return;
    }
  }

  async #exploreLazily(trace: Trace, strategy: LazyStrategy): Promise<void> {
    const lazy = new LazyExplorer(this.#options, strategy, this.#recoveries);
    for (const [index, personality] of this.#options.personalities.entries()) {
      const counts = this.report.personalities[index] as PersonalityReport; // made with the same length
      const { limited } = counts;
      const found = await lazy.explore(trace, personality, { ended: () => void (counts.images += 1), limited });
      if (!lazy.complete) this.report.complete = false;
      if (found === undefined) continue;
      this.report.failures.push(await this.#confirm(trace, found.choices));
      return;
    }
  }

  /** Every disk of the moments that have few, as long as enough of the budget is left, and then what is above that. */
  async #climb(trace: Trace, { limit, ...above }: LadderStrategy): Promise<void> {
    const { personalities } = this.#options;
    const rest = personalities.map(() => ({ from: 0, limited: new Set<number>(), tally: new ImageTally() }));
    const strategy = { kind: "exhaustive", limit } as const;
    try {
      const { budget } = this.#recoveries;
      const reserve = budget.left < leastDivided ? 0 : Math.min(ladderRestRecoveries, budget.left / 2);
      await budget.within({ recoveries: budget.left - reserve }, async () => {
        for (const [index, personality] of personalities.entries()) {
          const own = rest[index] as (typeof rest)[number]; // made with the same length
          const onLimit = (at: number): void => void own.limited.add(at);
          const onMoment = (at: number): void => void (own.from = at);
          const watch = { strategy, tally: own.tally, onLimit, onMoment, skipBeyondLimit: true };
          await this.#exploreRun(new Run(trace, undefined, []), personality, watch);
          if (this.#hasFailed()) return;
          own.from = Number.POSITIVE_INFINITY;
        }
      });
      if (this.#hasFailed()) return;
      const left = rest.map(({ from, limited, tally }) => ({
        isLeft: (at: number) => at >= from || limited.has(at),
        tally,
      }));
      await this.#exploreRest(trace, { limit, ...above }, left);
    } finally {
      for (const [index, { tally }] of rest.entries()) {
        (this.report.personalities[index] as PersonalityReport).images = tally.images;
      }
    }
  }

  async #exploreRest(trace: Trace, strategy: LadderStrategy, left: readonly LeftMoments[]): Promise<void> {
    const rest = new LadderRest(this.#options, strategy, this.#recoveries);
    const found = await rest.explore(trace, left);
    for (const [index, moments] of rest.sampled.entries()) {
      this.report.personalities[index]?.limited.push(...moments);
      if (moments.length === 0) continue;
      this.report.level = 6;
      this.report.complete = false;
      this.report.stopped = rest.isPlateau ? "plateau" : "samples";
    }
    if (found !== undefined) this.report.failures.push(await this.#confirm(trace, found.choices));
  }

  async #exploreSamples(trace: Trace, strategy: SampledStrategy): Promise<void> {
    this.report.level = 6;
    this.report.complete = false;
    const sampled = new SampledExplorer(this.#options, strategy, this.#recoveries);
    for (const [index, personality] of this.#options.personalities.entries()) {
      const counts = this.report.personalities[index] as PersonalityReport; // made with the same length
      const found = await sampled.explore(trace, personality, { ended: () => void (counts.images += 1) });
      if (found === undefined) continue;
      this.report.failures.push(await this.#confirm(trace, found.choices));
      return;
    }
    this.report.stopped = "plateau";
  }

  /** The failure that lazy decisions found, seen once more on a disk that is decided to the last piece. */
  async #confirm(trace: Trace, choices: readonly CrashChoice[]): Promise<CrashFailure> {
    const failure = await this.judgePath(trace, choices);
    if (failure !== undefined) return failure;
    throw this.#nondeterministic("a failure did not come back on the same disk");
  }

  #nondeterministic(why: string): CrashTestError {
    this.report.complete = false;
    const message = `${this.#options.name}: recovery is not deterministic: ${why}`;
    return new CrashTestError("CRASH_TEST_NONDETERMINISTIC", message, this.report);
  }

  #hasFailed(): boolean {
    return this.report.failures.length > 0;
  }

  async #exploreRun(run: Run, personality: Personality, search: ImageSearch): Promise<void> {
    const images = crashImages(run.trace, {
      personality,
      strategy: search.strategy,
      deduplicate: "within-moments", // the same image after more acknowledgements has more to prove
      onLimit: search.onLimit,
      skipBeyondLimit: search.skipBeyondLimit === true,
    });
    for (const crash of images) {
      search.onMoment?.(crash.point.at);
      search.tally?.addImage(crash.hash);
      const judged = this.#judgeOnce(run, crash, personality);
      if (judged === undefined) continue;
      const next = judged instanceof Promise ? await judged : judged;
      if (next !== "none") await this.#exploreRun(next, personality, this.#nestedSearch);
      if (!this.#hasFailed()) continue;
      this.report.complete = false;
      return;
    }
  }

  /** Judges an image if that is of any use still; the run of its recovery, or `none`, when it was judged now. */
  #judgeOnce(run: Run, crash: CrashImage, personality: Personality): undefined | Run | "none" | Promise<Run | "none"> {
    const acks = run.acksAt(crash.point.at);
    const judgedHere = (this.#judged[acks.length] ??= new Map<number, Judged>());
    const deep = run.depth < this.#options.nested;
    const known = judgedHere.get(crash.hash);
    // The verdict is the same for all; what a crash inside its recovery may leave is not, nor how many more may follow.
    const reached = known?.deepUnder?.get(personality) ?? Number.POSITIVE_INFINITY;
    if (known !== undefined && (!deep || reached <= run.depth || known.quietFrom <= run.depth)) return undefined;
    const judged: Judged = known ?? { quietFrom: Number.POSITIVE_INFINITY, deepUnder: undefined };
    if (deep) (judged.deepUnder ??= new Map<Personality, number>()).set(personality, run.depth);
    if (!deep && this.#memo?.endOn(crash.image, acks.length)?.verdict.kind === "passed") {
      judgedHere.set(crash.hash, judged);
      this.report.distinct += 1;
      return undefined;
    }
    if (known === undefined) judgedHere.set(crash.hash, judged);
    if (known === undefined) this.report.distinct += 1;
    this.#recoveries.budget.spend();
    this.done.add(crash.hash);
    this.done.add(acks.length);
    const path = (): CrashChoice[] => [...run.path, crash.choice]; // asked for by few
    const context = contextOf(acks, run.depth);
    const settle = (verdict: Verdict): Run | "none" => {
      if (verdict.kind === "passed") {
        if (verdict.next?.trace.records.some(isEffect) === true) return verdict.next;
        if (deep) judged.quietFrom = Math.min(judged.quietFrom, run.depth);
        return "none";
      }
      const { cause } = verdict;
      this.report.failures.push({ choices: path(), cause, admittedBy: [personality.name], trace: run.trace, context });
      return "none";
    };
    const verdict = this.#recoverOn(crash.image, context, path, personality, deep);
    return verdict instanceof Promise ? verdict.then(settle) : settle(verdict);
  }

  /** Recovers and checks one image; `deep` asks for the run of the recovery. Synchronous when recovery and check are. */
  #recoverOn(
    image: Image,
    context: CrashContext,
    path: () => readonly CrashChoice[],
    personality: Personality,
    deep: boolean,
  ): Verdict | Promise<Verdict> {
    const memo = this.#memo;
    if (memo === undefined) {
      const fs = new CrashFs({ image, personality, callSites: deep });
      const finish = (outcome: Outcome): Verdict => verdictOf(outcome, deep, () => fs.trace(), context, path);
      return andThen(recoverAndCheck(fs, context, this.#options), finish);
    }
    const fs = new ObservedFs({ image, personality, callSites: deep });
    const asking = askingContext(context.acks, context.depth, fs);
    return andThen(recoverAndCheck(fs, asking, this.#options), (outcome) => {
      const run = fs.runForExplorer();
      memo.add({ verdict: outcome, ...run }, context.acks.length);
      return verdictOf(outcome, deep, () => run.trace, context, path);
    });
  }

  /** Judges one path of choices again, for replay and shrinking; undefined when it passes. */
  async judgePath(trace: Trace, choices: readonly CrashChoice[]): Promise<CrashFailure | undefined> {
    let run: Run | undefined = new Run(trace, undefined, []);
    for (const [depth, choice] of choices.entries()) {
      if (run === undefined) return undefined;
      const judge = judgeOf(this.#options.personalities, choice);
      const image = replayCrash(run.trace, choice, judge);
      const context = contextOf(run.acksAt(choice.at), depth);
      const path = [...run.path, choice];
      const verdict = await this.#recoverOn(image, context, () => path, judge, depth < choices.length - 1);
      if (verdict.kind === "failed") {
        const { kind: _, ...found } = verdict;
        return { choices: path, ...found, admittedBy: [judge.name], trace: run.trace, context };
      }
      run = verdict.next;
    }
    return undefined;
  }

  /**
   * Names of the personalities, those of this run and all that are known, that allow a failure: every power loss of its
   * path, or for a single one another at the same moment that has the same outcome.
   */
  async admitting(trace: Trace, failure: CrashFailure): Promise<string[]> {
    const names: string[] = [];
    for (const personality of judgesBeside(this.#options.personalities)) {
      const admits = await this.#admits(trace, failure.choices, personality);
      if (admits || (await this.#failsAlike(trace, failure, personality))) names.push(personality.name);
    }
    return names;
  }

  async #admits(trace: Trace, choices: readonly CrashChoice[], personality: Personality): Promise<boolean> {
    let run: Run | undefined = new Run(trace, undefined, []);
    for (const [depth, choice] of choices.entries()) {
      if (run === undefined) return false;
      const judge = judgeOf(this.#options.personalities, choice);
      const same = sameDiskUnder(personality, choice, judge, run.trace);
      if (same === undefined) return false;
      if (depth === choices.length - 1) return true;
      const context = contextOf(run.acksAt(choice.at), depth);
      const path = [...run.path, same];
      const image = replayCrash(run.trace, same, personality);
      const verdict = await this.#recoverOn(image, context, () => path, personality, true);
      run = verdict.kind === "passed" ? verdict.next : undefined;
    }
    return false;
  }

  /**
   * Whether a personality that does not allow a power loss in the workload allows one at the same moment with the same
   * outcome: the nearest one, or the loss of all that is pending.
   */
  async #failsAlike(trace: Trace, failure: CrashFailure, personality: Personality): Promise<boolean> {
    const [choice] = failure.choices;
    if (choice === undefined || failure.choices.length > 1) return false;
    const judge = judgeOf(this.#options.personalities, choice);
    const nearest = nearestUnder(personality, choice, judge, trace);
    for (const other of [nearest, { ...nearest, apply: [], torn: {} }]) {
      const judged = await this.judgePath(trace, [other]);
      if (judged !== undefined && textOf(judged.cause) === textOf(failure.cause)) return true;
    }
    return false;
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
