import { setImmediate } from "node:timers";
import { forgive } from "./issued-operation.js";
import type { Seed } from "./prng.js";
import { SimClock, type ArmedTimer } from "./sim-clock.js";
import { SimError } from "./sim-error.js";
import { ScheduledJob, type SimJob } from "./sim-job.js";
import { OperationInFlight, OperationQueue, type SimOperation } from "./sim-operation.js";
import { seededPick, type SimCandidate, type SimPick } from "./sim-pick.js";

/**
 * A simulation is a chain of decisions, each of which lets exactly one thing happen: a job starts, an operation takes
 * effect, its completion is delivered, or a timer fires. Between two decisions the program runs until it waits for all it
 * has; then, and only then, the next decision is made.
 *
 * How the program is known to wait, without looking at a real clock: every decision that resumes it is made in a turn of
 * the event loop of its own, by `setImmediate`. Node empties the queues of microtasks and of `process.nextTick` before it
 * enters the next turn, however many links the chain of promises has. So the set of candidates at a decision depends on
 * the program alone, not on how many microtasks a version of V8 spends on an `await`; and as nothing but decisions moves
 * the program, it does not matter how long a turn takes. The order of microtasks within one turn is part of the program,
 * fixed by the language. Real timers, sockets and threads in a job are outside: they are not waited for, and a program
 * that uses them is not deterministic.
 *
 * Invariants: one decision at a time; candidates come in a fixed order (jobs, operations by age, the next timer); the clock
 * moves by itself only when there is no candidate.
 */

export interface SimSchedulerOptions {
  /** Seed of the schedule. Default 0. Not together with `pick`. */
  readonly seed?: Seed;
  /** Makes the choices instead of the seed: an exhaustive search, a property test, a replay. */
  readonly pick?: SimPick;
  /** Default: a new one. */
  readonly clock?: SimClock;
  /**
   * Go on by itself whenever something is pending and `run` is not active, so that a bare `await` makes progress. Default
   * true. Jobs start only under `run`.
   */
  readonly autoRun?: boolean;
  /** Decisions after which one `run` counts as endless, 1 to 2^53-1. Default 1,000,000. */
  readonly maxSteps?: number;
}

/** How far a run goes. */
export interface SimRunOptions {
  /**
   * Stop after so many more decisions, in the gap before the next. What is pending stays so until the next `run`, or, with
   * `autoRun`, until something new is issued. Default: go on to the end.
   */
  readonly steps?: number;
}

/** How a run ended. */
export interface SimRunReport {
  /**
   * `idle`: all jobs are done and nothing is pending. `paused`: the decisions asked for have been made. `stopped`: by
   * {@link SimScheduler.stop}.
   */
  readonly end: "idle" | "paused" | "stopped";
  /** Decisions since the scheduler was made. */
  readonly steps: number;
  /** Virtual time at the end, in microseconds. */
  readonly nowMicros: number;
  /** Names of the jobs that ended with a crash, that one left waiting for ever, or that a stop gave up. */
  readonly killed: readonly string[];
}

const optionKeys = ["seed", "pick", "clock", "autoRun", "maxSteps"];

interface Run {
  /** The number of decisions at which to pause. */
  readonly until: number;
  /** The number of decisions at which to give up. */
  readonly limit: number;
  resolve(report: SimRunReport): void;
  reject(error: unknown): void;
}

/** The scheduler of one simulated machine: share it among the file systems and jobs of that machine. */
export class SimScheduler {
  /** Virtual time of the machine. */
  readonly clock: SimClock;
  readonly #pick: SimPick;
  readonly #autoRun: boolean;
  readonly #maxSteps: number;
  readonly #jobs: ScheduledJob[] = [];
  readonly #operations = new OperationQueue();
  readonly #timers = new WeakMap<ArmedTimer, TimerCandidate>();
  readonly #named = new Map<number, string>();
  readonly #gaps = new Map<number, (() => void)[]>();
  readonly #picks: number[] = [];
  #ids = 0;
  /** The job that runs now, as far as that is known: the one the last decision resumed. */
  #current: ScheduledJob | undefined;
  #run: Run | undefined;
  #turnScheduled = false;
  #stopping = false;

  constructor(options: SimSchedulerOptions = {}) {
    for (const key in options) {
      if (!optionKeys.includes(key)) throw new TypeError(`SimScheduler: unknown option ${JSON.stringify(key)}`);
    }
    const { seed, pick, autoRun = true, maxSteps = 1_000_000 } = options;
    if (seed !== undefined && pick !== undefined) throw new TypeError("SimScheduler: seed and pick exclude each other");
    if (!(Number.isSafeInteger(maxSteps) && maxSteps >= 1)) {
      throw new RangeError(`maxSteps must be a whole number from 1 to 2^53-1, not ${String(maxSteps)}`);
    }
    this.#pick = pick ?? seededPick(seed ?? 0);
    this.#autoRun = autoRun;
    this.#maxSteps = maxSteps;
    this.clock = options.clock ?? new SimClock();
    this.clock.attach((timer) => {
      this.#timers.set(timer, new TimerCandidate(this.#nextId(), timer, this.#current));
      this.#wake();
    });
  }

  /** Decisions made so far. */
  get steps(): number {
    return this.#picks.length;
  }

  /** The choice of every decision, for `replayPicks`. */
  get picks(): readonly number[] {
    return this.#picks;
  }

  /** Operations that have been issued and not completed. */
  get inFlight(): number {
    return this.#operations.length;
  }

  #nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  // --- what there is to do ----------------------------------------------------------------------------------------

  /** Adds a job. It starts under `run`, at a decision of its own. */
  spawn<Result>(name: string, body: () => Result | PromiseLike<Result>): SimJob<Result> {
    const job = new ScheduledJob<Result>(this.#nextId(), name, body);
    this.#jobs.push(job);
    return job;
  }

  /**
   * Issues an operation: it takes effect and completes when the scheduler says so.
   *
   * @returns what `complete` returns, once the completion has been delivered.
   */
  issue<Result>(operation: SimOperation<Result>): Promise<Result> {
    const flight = new OperationInFlight(this.#nextId(), operation, this.#current);
    this.#operations.add(flight, this.clock.nowMicros());
    this.#wake();
    return flight.promise as Promise<Result>; // it resolves with what `complete` of this operation returns
  }

  /** Gives a promise of the program a name, under which a deadlock lists it. Returns the promise. */
  named<Result>(what: string, promise: Promise<Result>): Promise<Result> {
    const id = this.#nextId();
    this.#named.set(id, what);
    const forget = (): void => void this.#named.delete(id);
    promise.then(forget, forget);
    return promise;
  }

  /**
   * Does something in the gap before decision number `step`, counted from 0: look, crash, change the weather. When no run
   * gets that far, it is never done. The program settles before the decision is made.
   */
  atStep(step: number, action: () => void): void {
    if (!(Number.isSafeInteger(step) && step >= this.steps)) {
      throw new RangeError(`step must be a whole number from ${this.steps} up, not ${String(step)}`);
    }
    const actions = this.#gaps.get(step);
    if (actions === undefined) this.#gaps.set(step, [action]);
    else actions.push(action);
  }

  /**
   * The end of the process that issued these operations: each completes now, in the order of issue and without taking
   * effect, and its caller learns what `complete` makes of that. Promises nobody awaits are not reported as unhandled.
   */
  abandon(owner: object): void {
    for (const job of this.#jobs) if (job.state === "running") job.givenUp = true;
    for (const flight of this.#operations.removeAllOf(owner, this.clock.nowMicros())) {
      forgive(flight.promise);
      flight.settle();
    }
  }

  /**
   * Ends the run that is active, once the program has settled, as a power loss ends it: jobs that have not started never
   * will, and those that have are given up wherever they wait. A later `run` goes on with what comes then.
   */
  stop(): void {
    for (const job of this.#jobs) job.giveUp();
    this.#stopping = this.#run !== undefined;
  }

  // --- running ----------------------------------------------------------------------------------------------------

  /**
   * Runs until all jobs are done, all operations complete and all timers fired.
   *
   * @throws the error of a job that nobody joined, an `AggregateError` when there are several; an error of a timer's
   *   action, of a gap or of `pick`; {@link SimError} `SIM_DEADLOCK` when jobs wait and nothing can wake them,
   *   `SIM_STEP_LIMIT`, and `SIM_RUNNING` when a run is active. A job that dies of a crash, or that one leaves waiting for
   *   ever, is no error: the report names it.
   */
  run(options: SimRunOptions = {}): Promise<SimRunReport> {
    const { steps = Infinity } = options;
    if (!(steps === Infinity || (Number.isSafeInteger(steps) && steps >= 0))) {
      return Promise.reject(new RangeError(`steps must be a whole number from 0 up, not ${String(steps)}`));
    }
    if (this.#run !== undefined) return Promise.reject(new SimError("SIM_RUNNING", "the scheduler is running already"));
    return new Promise((resolve, reject) => {
      this.#run = { until: this.steps + steps, limit: this.steps + this.#maxSteps, resolve, reject };
      this.#scheduleTurn();
    });
  }

  #wake(): void {
    if (this.#autoRun && this.#run === undefined) this.#scheduleTurn();
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    setImmediate(() => this.#turn(() => this.#goOn()));
  }

  /** One turn of the event loop: decisions up to the first that may resume the program. */
  #turn(first: () => boolean): void {
    this.#turnScheduled = false;
    this.#current = undefined;
    try {
      let over = first();
      while (!over) over = this.#goOn();
    } catch (error) {
      const run = this.#run;
      if (run === undefined) throw error; // nobody asked, so it goes where errors of event handlers go
      this.#run = undefined;
      run.reject(error);
    }
  }

  /** Makes one decision; true when this turn is over. */
  #goOn(): boolean {
    const run = this.#run;
    if (this.#runGap()) {
      this.#scheduleTurn();
      return true;
    }
    if (run !== undefined && this.#stopping) return this.#finish(run, "stopped");
    if (run !== undefined && this.steps >= run.until) return this.#finish(run, "paused");
    const candidates = this.#candidates();
    if (candidates.length === 0) return run === undefined || this.#finish(run, "idle");
    if (run !== undefined && this.steps >= run.limit) throw this.#endless(candidates);
    const picked = this.#pick(candidates, this.steps);
    if (typeof picked === "number") return this.#decide(candidates, picked);
    this.#awaitPick(candidates, picked);
    return true;
  }

  #awaitPick(candidates: readonly SimCandidate[], picked: PromiseLike<number>): void {
    this.#turnScheduled = true; // nothing moves until the choice is made
    const inTurn = (first: () => boolean): void => void setImmediate(() => this.#turn(first));
    picked.then(
      (index) => inTurn(() => this.#decide(candidates, index)),
      (error: unknown) =>
        inTurn(() => {
          throw error;
        }),
    );
  }

  #runGap(): boolean {
    const actions = this.#gaps.get(this.steps);
    if (actions === undefined) return false;
    this.#gaps.delete(this.steps);
    for (const action of actions) action();
    return true;
  }

  /** Everything that may happen now; if there is nothing, the clock moves to what is due next. */
  #candidates(): readonly SimCandidate[] {
    const ready: SimCandidate[] = [];
    if (this.#run !== undefined) for (const job of this.#jobs) if (job.state === "ready") ready.push(job);
    this.#addDue(ready);
    if (ready.length > 0) return ready;
    const next = Math.min(this.#operations.nextDueMicros(), this.clock.nextTimer()?.dueMicros ?? Infinity);
    if (next === Infinity) return ready;
    this.clock.moveTo(next);
    this.#addDue(ready);
    return ready;
  }

  #addDue(ready: SimCandidate[]): void {
    const now = this.clock.nowMicros();
    this.#operations.addDue(ready, now);
    const timer = this.clock.nextTimer();
    if (timer === undefined || timer.dueMicros > now) return;
    ready.push(this.#timers.get(timer) ?? new TimerCandidate(0, timer, undefined)); // armed before there was a scheduler
  }

  #decide(candidates: readonly SimCandidate[], index: number): boolean {
    const chosen = candidates[index];
    if (chosen === undefined) {
      throw new RangeError(`pick returned ${String(index)}, and there are ${candidates.length} candidates`);
    }
    // Whoever chose may have crashed the file system meanwhile, and taken the candidate away.
    if (chosen instanceof OperationInFlight && !this.#operations.has(chosen)) return false;
    this.#picks.push(index);
    if (chosen instanceof OperationInFlight && chosen.kind === "effect") {
      chosen.takeEffect();
      return false; // the program cannot have noticed, so there is nothing to wait for
    }
    this.#resume(chosen, `at decision ${this.steps - 1}`);
    this.#scheduleTurn();
    return true;
  }

  #resume(chosen: SimCandidate, when: string): void {
    if (chosen instanceof OperationInFlight) {
      this.#follow(chosen.job, `${chosen.label} completed ${when}`);
      this.#operations.remove(chosen, this.clock.nowMicros());
      chosen.settle();
    } else if (chosen instanceof TimerCandidate) {
      this.#follow(chosen.job, `a timer fired ${when}`);
      this.clock.fire(chosen.timer);
    } else if (chosen instanceof ScheduledJob) {
      this.#follow(chosen, `it started ${when}`);
      chosen.start();
    }
  }

  #follow(job: ScheduledJob | undefined, why: string): void {
    this.#current = job;
    if (job !== undefined) job.last = why;
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  #finish(run: Run, end: SimRunReport["end"]): true {
    this.#run = undefined;
    this.#stopping = false;
    const failed = this.#jobs.filter((job) => job.state === "failed" && !job.joined);
    const stuck = end === "idle" ? this.#jobs.filter((job) => job.unfinished && !job.givenUp) : [];
    if (failed.length > 0) {
      for (const job of failed) job.joined = true; // told once
      run.reject(failed.length === 1 ? failed[0]?.error : severalFailures(failed));
    } else if (stuck.length > 0) {
      run.reject(this.#deadlock(stuck));
    } else {
      const lost = this.#jobs.filter((job) => job.state === "killed" || (end !== "paused" && job.unfinished));
      const killed = lost.map(({ name }) => name);
      run.resolve({ end, steps: this.steps, nowMicros: this.clock.nowMicros(), killed });
    }
    return true;
  }

  #deadlock(stuck: readonly ScheduledJob[]): SimError {
    const waiting = [...stuck.map(({ name, last }) => `job ${name} (last: ${last})`), ...this.#named.values()];
    const what = `nothing is in flight that could wake ${waiting.join(", ")}`;
    const message = `deadlock after ${this.steps} decisions: ${what}; real timers and I/O are not waited for`;
    return new SimError("SIM_DEADLOCK", message, waiting);
  }

  #endless(candidates: readonly SimCandidate[]): SimError {
    const waiting = candidates.map(({ kind, label }) => `${kind} of ${label}`);
    const message = `no end after ${this.#maxSteps} decisions; next would be one of: ${waiting.join(", ")}`;
    return new SimError("SIM_STEP_LIMIT", message, waiting);
  }
}

class TimerCandidate implements SimCandidate {
  readonly kind = "timer";
  readonly label = "timer";
  readonly id: number;
  readonly timer: ArmedTimer;
  /** The job that armed it, as far as that is known. */
  readonly job: ScheduledJob | undefined;

  constructor(id: number, timer: ArmedTimer, job: ScheduledJob | undefined) {
    this.id = id;
    this.timer = timer;
    this.job = job;
  }
}

function severalFailures(failed: readonly ScheduledJob[]): AggregateError {
  const names = failed.map(({ name }) => name).join(", ");
  return new AggregateError(
    failed.map(({ error }) => error),
    `jobs failed: ${names}`,
  );
}
