import type { CrashChoice } from "./crash-choice.js";
import { CrashFs, type CrashFsOptions, type CrashReport } from "./crash-fs.js";
import { crashImages } from "./crash-images.js";
import type { EngineHandle } from "./engine-handle.js";
import { FsError } from "./fs-error.js";
import type { IssuedOperation } from "./issued-operation.js";
import type { HandleMediaFault } from "./media-faults.js";
import { Prng, streamSeed, type Seed } from "./prng.js";
import type { SimClock } from "./sim-clock.js";
import { checkLatencyModel, drawLatency, type Latency, type LatencyModel } from "./sim-latency.js";
import { SimScheduler } from "./sim-scheduler.js";

export interface SimFsOptions extends CrashFsOptions {
  /** Seed of everything that is left to chance: dropped and delayed barriers, latency, and the schedule. Default 0. */
  readonly seed?: Seed;
  /** Decides the order of effects and completions; share one among file systems of one machine. Default: a new one. */
  readonly scheduler?: SimScheduler;
  /** Clock of the new scheduler. Not together with another scheduler than its own. */
  readonly clock?: SimClock;
  /** Virtual time that reads, barriers and listings take. Default: none. */
  readonly latency?: LatencyModel;
  /** One in so many barriers, of files and names alike, reports success and does nothing; 0 is never. Default 0. */
  readonly dropSyncOneIn?: number;
  /** One in so many promise barriers takes so much longer. Default: never. */
  readonly delaySync?: { readonly oneIn: number; readonly micros: number };
  /**
   * Whether operations in flight overtake each other, as on Node's pool of threads. Default true; false carries them out
   * one after the other, in the order of issue.
   */
  readonly reorder?: boolean;
}

/** A crash that is going to come, see {@link SimFs.crashAfter}. */
export interface PlannedCrash {
  /** What it did; undefined until it has happened. A run that ends before the crash never has it. */
  readonly report: CrashReport | undefined;
}

/** What chance did to the barriers of a run: a rate that never struck proves nothing. */
export interface SimFaultCounts {
  /** Barriers that were issued. */
  readonly barriers: number;
  /** Those that returned success and did nothing. */
  readonly dropped: number;
  /** Those that took longer. */
  readonly delayed: number;
}

const optionKeys = ["seed", "scheduler", "clock", "latency", "dropSyncOneIn", "delaySync", "reorder"];

/**
 * `CrashFs` on a simulated machine. Every promise operation is issued, takes effect and completes at three different
 * moments, and the scheduler decides the order of those of all operations in flight; a crash may come between any two.
 * Blocking operations happen at once, in the order of the program.
 *
 * A barrier whose completion has not been delivered when the power fails may have happened or not: it is recorded at its
 * completion, so until then all it covers is pending and both sides are among the crash images. A barrier that is going to
 * fail loses its bytes when it takes effect, before the program hears of it.
 *
 * One seed replays a run: same seed, same program, same `traceHash` on every Node version. Streams of their own, one draw
 * for each decision, whether its fault is enabled or not: `syncDrop` (every barrier), `syncDelay` (every promise barrier),
 * `latency` (two for every promise operation), `schedule` (every decision), `crashChoice` (every random crash).
 */
export class SimFs extends CrashFs {
  override readonly backend: string = "sim";
  /** Decides what completes next; shared by all that belong to one machine. */
  readonly scheduler: SimScheduler;
  readonly #latency: Readonly<Record<string, Latency | undefined>>;
  readonly #dropOneIn: number;
  readonly #delay: { readonly oneIn: number; readonly micros: number };
  readonly #reorder: boolean;
  readonly #dropStream: Prng;
  readonly #delayStream: Prng;
  readonly #latencyStream: Prng;
  readonly #crashStream: Prng;
  #barriers = 0;
  #dropped = 0;
  #delayed = 0;

  constructor(options: SimFsOptions = {}) {
    checkSimOptions(options);
    super(options, optionKeys);
    const { seed = 0, clock, latency = {}, dropSyncOneIn = 0, delaySync = { oneIn: 0, micros: 0 } } = options;
    this.scheduler = options.scheduler ?? new SimScheduler(clock === undefined ? { seed } : { seed, clock });
    this.#latency = latency;
    this.#dropOneIn = dropSyncOneIn;
    this.#delay = delaySync;
    this.#reorder = options.reorder ?? true;
    this.#dropStream = new Prng(streamSeed(seed, "syncDrop"));
    this.#delayStream = new Prng(streamSeed(seed, "syncDelay"));
    this.#latencyStream = new Prng(streamSeed(seed, "latency"));
    this.#crashStream = new Prng(streamSeed(seed, "crashChoice"));
  }

  /** The virtual clock of the machine. */
  get clock(): SimClock {
    return this.scheduler.clock;
  }

  /** What chance did so far. */
  get faultCounts(): SimFaultCounts {
    return { barriers: this.#barriers, dropped: this.#dropped, delayed: this.#delayed };
  }

  // --- crashing ---------------------------------------------------------------------------------------------------

  /**
   * Power loss in place, as `CrashFs.crash`. Operations in flight fail with `FS_CRASHED`, in the order of issue. Their
   * promises are not reported as unhandled when nobody awaits them; promises that the program derives from them are its
   * own. Jobs go on with what the failures make of them, until they touch a dead handle.
   *
   * @param choice - as for `CrashFs.crash`, or `random`: any legal outcome, by the seed.
   */
  override crash(choice: "worst" | "best" | "random" | CrashChoice = "worst"): CrashReport {
    return super.crash(choice === "random" ? this.#randomChoice() : choice);
  }

  #randomChoice(): CrashChoice | "worst" {
    const seed = this.#crashStream.nextU32();
    if (this.personality.law !== "effects") return "worst"; // these have one outcome
    const trace = this.trace();
    const strategy = { kind: "random", seed, count: 1 } as const;
    const images = crashImages(trace, { personality: this.personality, strategy, at: trace.records.length });
    for (const { choice } of images) return choice;
    return "worst";
  }

  /**
   * Plans a crash for the gap before decision number `step` of the scheduler, counted from 0 at its beginning: 0 comes
   * before anything has happened. It stops the run, and the jobs with it; what is run afterwards runs after the crash. To
   * crash one machine of several, or a job that recovers by itself, call `crash` in `SimScheduler.atStep`.
   */
  crashAfter(step: number, choice: "worst" | "best" | "random" | CrashChoice = "worst"): PlannedCrash {
    const planned: { report: CrashReport | undefined } = { report: undefined };
    this.scheduler.atStep(step, () => {
      planned.report = this.crash(choice);
      this.scheduler.stop();
    });
    return planned;
  }

  protected override killHandles(): void {
    super.killHandles();
    this.scheduler.abandon(this);
  }

  // --- the seam ---------------------------------------------------------------------------------------------------

  override settle<Result>(issued: IssuedOperation<Result>): Promise<Result> {
    const { operation, path } = issued;
    const { effectMicros, totalMicros } = drawLatency(this.#latency[operation], this.#latencyStream);
    const more = operation === "sync" || operation === "syncNames" ? this.#drawDelay() : 0;
    return this.scheduler.issue({
      label: `${operation} ${path}`,
      owner: this,
      lane: this.#reorder ? issued.lane : this,
      effectMicros: effectMicros + more,
      totalMicros: totalMicros + more,
      effect: issued.effect,
      complete: issued.complete,
    });
  }

  #drawDelay(): number {
    if (!strikes(this.#delayStream, this.#delay.oneIn)) return 0;
    this.#delayed += 1;
    return this.#delay.micros;
  }

  protected override takeFileFault(handle: EngineHandle): HandleMediaFault | undefined {
    return this.#faultOf(super.takeFileFault(handle));
  }

  protected override takeNamesFault(ino: number): HandleMediaFault | undefined {
    return this.#faultOf(super.takeNamesFault(ino));
  }

  /** What was asked for by name comes before what chance would do. */
  #faultOf(armed: HandleMediaFault | undefined): HandleMediaFault | undefined {
    this.#barriers += 1;
    const dropped = strikes(this.#dropStream, this.#dropOneIn);
    if (!dropped || armed?.kind === "failedSync" || armed?.kind === "droppedSync") return armed;
    this.#dropped += 1;
    return { kind: "droppedSync" };
  }
}

/** One draw, whatever the rate. The remainder is the rule of the simulator this one grew from. */
function strikes(stream: Prng, oneIn: number): boolean {
  const draw = stream.nextU32();
  return oneIn !== 0 && draw % oneIn === 0;
}

function checkSimOptions(options: SimFsOptions): void {
  const bad: (why: string) => never = (why) => {
    throw new FsError("FS_INVALID_ARGUMENT", `mount: ${why}`, { operation: "mount", errno: "EINVAL" });
  };
  const { scheduler, clock, latency, dropSyncOneIn = 0, delaySync } = options;
  if (scheduler !== undefined && clock !== undefined && scheduler.clock !== clock) {
    bad("clock and scheduler must belong together");
  }
  if (!isCount(dropSyncOneIn)) bad("dropSyncOneIn must be a whole number >= 0");
  if (delaySync !== undefined && !(isCount(delaySync.oneIn) && isCount(delaySync.micros))) {
    bad("delaySync needs oneIn and micros, whole numbers >= 0");
  }
  try {
    checkLatencyModel(latency ?? {});
  } catch (error) {
    bad(error instanceof Error ? error.message : String(error));
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
