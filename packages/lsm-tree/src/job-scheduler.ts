import { LsmError } from "./lsm-error.js";
import { WorkSlices } from "./work-slices.js";

/** Work of the background. It parts itself in slices, and leaves nothing behind when a slice throws. */
export interface Job {
  /** For people, in statistics. */
  readonly what: string;
  run(slices: WorkSlices): Promise<void>;
}

/** What background work is for. */
export type JobKind = "flush" | "compaction";

export interface JobSchedulerOptions {
  /** Milliseconds that only ascend. */
  readonly now: () => number;
  /** One turn of the event loop; never rejects. */
  readonly turn: () => Promise<void>;
  /** The next flush that is due; undefined when none is. Asked whenever a job or a slice has ended. */
  readonly nextFlush: () => Job | undefined;
  /** The next compaction that is due. */
  readonly nextCompaction: () => Job | undefined;
  /** Told of each job that failed, not of those that were stopped. */
  readonly onFailure?: (kind: JobKind, error: unknown) => void;
}

/** Background work since the open. */
export interface JobStats {
  /** What runs; undefined when nothing does. */
  readonly running: string | undefined;
  /** Jobs that came to their end, by kind. */
  readonly finished: Readonly<Record<JobKind, number>>;
  /** Jobs that ended with an error, by kind. */
  readonly failed: Readonly<Record<JobKind, number>>;
  /** Slices that jobs were done in. */
  readonly sliceCount: number;
  /** How long the longest of them held the event loop, in milliseconds. */
  readonly longestSliceMs: number;
  /** Slices that were longer than 4 ms. */
  readonly overrunCount: number;
}

interface Request {
  readonly job: Job;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** A kind of job that failed rests until it was woken so often, twice as often each time. */
class Rest {
  error: unknown;
  #failures = 0;
  #wakes = 0;

  get isOver(): boolean {
    return this.#wakes === 0;
  }

  fail(error: unknown): void {
    this.error = error;
    this.#wakes = Math.min(MOST_WAKES, 2 ** this.#failures);
    this.#failures += 1;
  }

  wake(): void {
    if (this.#wakes > 0) this.#wakes -= 1;
  }

  end(): void {
    this.error = undefined;
    this.#failures = 0;
    this.#wakes = 0;
  }
}

const MOST_WAKES = 64;

/**
 * Runs the work of the background on the one thread there is: one job at a time, flushes first, then what was asked for, then compactions that are due.
 * A flush that becomes due while another job runs goes between two of its slices, since writers wait for it.
 *
 * A job that fails is not tried again at once: its kind rests until the scheduler was woken once, then twice, four times, up to 64 times. There are no timers, so
 * the order of everything follows from the order of calls.
 */
export class JobScheduler {
  readonly #options: JobSchedulerOptions;
  #stop = new AbortController();
  readonly #requests: Request[] = [];
  readonly #rests: Readonly<Record<JobKind, Rest>> = { flush: new Rest(), compaction: new Rest() };
  readonly #finished: Record<JobKind, number> = { flush: 0, compaction: 0 };
  readonly #failed: Record<JobKind, number> = { flush: 0, compaction: 0 };
  #cancel = new AbortController();
  #idleWaiters: (() => void)[] = [];
  #isActive = false;
  #isWoken = false;
  #running: string[] = [];
  #sliceCount = 0;
  #longestSliceMs = 0;
  #overrunCount = 0;

  constructor(options: JobSchedulerOptions) {
    this.#options = options;
  }

  get isActive(): boolean {
    return this.#isActive;
  }

  /** Why the last job of this kind failed; undefined when it did not, or when there was none. */
  failureOf(kind: JobKind): unknown {
    return this.#rests[kind].error;
  }

  stats(): JobStats {
    return {
      running: this.#running.at(-1),
      finished: { ...this.#finished },
      failed: { ...this.#failed },
      sliceCount: this.#sliceCount,
      longestSliceMs: this.#longestSliceMs,
      overrunCount: this.#overrunCount,
    };
  }

  /** Says that there may be work. It begins with the next turn, never inside the call. */
  wake(): void {
    this.#rests.flush.wake();
    this.#rests.compaction.wake();
    this.#start();
  }

  /**
   * Runs a job as soon as no other runs and no flush is due.
   *
   * @throws {@link LsmError} `LSM_ABORTED` when the signal is aborted or everything is stopped, before it begins or within one slice; what the job throws.
   */
  run(job: Job, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true || this.#stop.signal.aborted) {
        reject(stopped(signal?.aborted === true ? signal : this.#stop.signal));
        return;
      }
      const leave = (): void => {
        const at = this.#requests.indexOf(request);
        if (at < 0) return; // it runs, and ends with its slice
        this.#requests.splice(at, 1);
        reject(stopped(signal));
      };
      const settle = (): void => signal?.removeEventListener("abort", leave);
      const request: Request = {
        job,
        signal,
        resolve: () => {
          settle();
          resolve();
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      this.#requests.push(request);
      this.#start();
    });
  }

  /** Resolves when nothing runs and nothing is due, or everything was stopped. */
  idle(): Promise<void> {
    return this.#isActive ? new Promise((resolve) => this.#idleWaiters.push(resolve)) : Promise.resolve();
  }

  /** Ends a compaction that is due by itself, within one slice. Nothing of it counts, and it may be picked again; requests come first. */
  cancelCompaction(): void {
    this.#cancel.abort();
  }

  /** Ends whatever runs, within one slice; resolves when nothing does. Nothing is begun any more, and requests are refused. */
  stop(reason?: unknown): Promise<void> {
    this.#stop.abort(reason);
    return this.idle();
  }

  /** Goes on after a {@link stop}, as if nothing had failed before. */
  start(): void {
    this.#stop = new AbortController();
    for (const rest of Object.values(this.#rests)) rest.end();
    this.#start();
  }

  #start(): void {
    this.#isWoken = true;
    if (this.#isActive || this.#stop.signal.aborted) return;
    this.#isActive = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    await this.#options.turn();
    for (;;) {
      this.#isWoken = false;
      const isDone = !(await this.#flushAll()) && !(await this.#request()) && !(await this.#compact());
      // Whoever has called between two of these looks saw it active, and counts on another look.
      if ((isDone && !this.#isWoken) || this.#stop.signal.aborted) break;
    }
    this.#isActive = false;
    for (const { reject } of this.#requests.splice(0)) reject(stopped(this.#stop.signal));
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  /** Whether there was a flush, failed ones too. */
  async #flushAll(): Promise<boolean> {
    let isAny = false;
    while (this.#rests.flush.isOver && !this.#stop.signal.aborted) {
      const job = this.#ask("flush", this.#options.nextFlush);
      if (job === undefined) break;
      isAny = true;
      await this.#attempt("flush", job);
    }
    return isAny;
  }

  async #request(): Promise<boolean> {
    const request = this.#requests.shift();
    if (request === undefined) return false;
    const { job, signal, resolve, reject } = request;
    try {
      await this.#run(job, job.what, signal === undefined ? [] : [signal]);
      this.#rests[job.what === "flush" ? "flush" : "compaction"].end();
      resolve();
    } catch (error) {
      reject(error);
    }
    return true;
  }

  async #compact(): Promise<boolean> {
    if (!this.#rests.compaction.isOver) return false;
    const job = this.#ask("compaction", this.#options.nextCompaction);
    if (job === undefined) return false;
    await this.#attempt("compaction", job);
    return true;
  }

  #ask(kind: JobKind, next: () => Job | undefined): Job | undefined {
    try {
      return next();
    } catch (error) {
      this.#fail(kind, error);
      return undefined;
    }
  }

  async #attempt(kind: JobKind, job: Job): Promise<void> {
    this.#cancel = kind === "compaction" ? new AbortController() : this.#cancel;
    try {
      await this.#run(job, kind, kind === "compaction" ? [this.#cancel.signal] : []);
      this.#finished[kind] += 1;
      this.#rests[kind].end();
    } catch (error) {
      const isStopped = error instanceof LsmError && error.code === "LSM_ABORTED";
      if (!isStopped) this.#fail(kind, error);
    }
  }

  #fail(kind: JobKind, error: unknown): void {
    this.#failed[kind] += 1;
    this.#rests[kind].fail(error);
    this.#options.onFailure?.(kind, error);
  }

  async #run(job: Job, name: string, signals: readonly AbortSignal[]): Promise<void> {
    const { now, turn } = this.#options;
    const isFlush = name === "flush";
    const slices = new WorkSlices({
      ...{ now, turn, signals: [this.#stop.signal, ...signals] },
      ...(isFlush ? {} : { between: async () => void (await this.#flushAll()) }),
    });
    this.#running.push(name);
    try {
      await job.run(slices);
    } finally {
      this.#running.pop();
      this.#sliceCount += slices.count;
      this.#overrunCount += slices.overrunCount;
      this.#longestSliceMs = Math.max(this.#longestSliceMs, slices.longestMs);
    }
  }
}

function stopped(signal: AbortSignal | undefined): LsmError {
  return new LsmError("LSM_ABORTED", "stopped before it began", {}, { cause: signal?.reason });
}
