import { isFsError } from "./fs-error.js";
import { forgive } from "./issued-operation.js";
import { SimError } from "./sim-error.js";

/**
 * `ready`: spawned, and its start not yet chosen. `killed`: it ended with the crash of a file system under it, as the
 * process it stands for would have, or was stopped before it began.
 */
export type SimJobState = "ready" | "running" | "done" | "failed" | "killed";

/** A cooperative job of a simulation: an async function that runs whenever something it awaits completes. */
export interface SimJob<Result = unknown> {
  /** Stands in errors and traces. */
  readonly name: string;
  /** Where it is. */
  readonly state: SimJobState;
  /** The result, or the error. Who joins a job takes its error over, and `run()` no longer reports it. */
  join(): Promise<Result>;
}

/** @internal A job as its scheduler sees it. */
export class ScheduledJob<Result = unknown> implements SimJob<Result> {
  readonly kind = "start";
  readonly id: number;
  readonly name: string;
  state: SimJobState = "ready";
  error: unknown = undefined;
  joined = false;
  /** Whether a crash or a stop came while it ran: then it may wait for ever for what that took away. */
  givenUp = false;
  /** What last moved the job, for the report of a deadlock. */
  last = "it never started";
  readonly #body: () => Result | PromiseLike<Result>;
  readonly #result: Promise<Result>;
  #settle!: { resolve(value: Result): void; reject(error: unknown): void }; // set by the executor, which runs at once

  constructor(id: number, name: string, body: () => Result | PromiseLike<Result>) {
    this.id = id;
    this.name = name;
    this.#body = body;
    this.#result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    forgive(this.#result); // an error nobody joined surfaces at run()
  }

  get label(): string {
    return this.name;
  }

  get unfinished(): boolean {
    return this.state === "ready" || this.state === "running";
  }

  join(): Promise<Result> {
    this.joined = true;
    return this.#result;
  }

  /** It will not be started any more, and nobody minds if it never ends. */
  giveUp(): void {
    if (this.state === "running") this.givenUp = true;
    if (this.state !== "ready") return;
    this.state = "killed";
    this.#settle.reject(new SimError("SIM_STOPPED", `the job ${this.name} was stopped before it began`));
  }

  /** Runs the job up to the first thing it awaits. */
  start(): void {
    this.state = "running";
    void this.#run();
  }

  async #run(): Promise<void> {
    try {
      const value = await this.#body();
      this.state = "done";
      this.#settle.resolve(value);
    } catch (error) {
      this.state = diedOfCrash(error) ? "killed" : "failed";
      this.error = error;
      this.#settle.reject(error);
    }
  }
}

/** Packages above wrap errors of the file system, so the cause counts too. */
function diedOfCrash(error: unknown): boolean {
  let at = error;
  for (let depth = 0; depth < 16 && at instanceof Error; depth += 1) {
    if (isFsError(at, "FS_CRASHED")) return true;
    at = at.cause;
  }
  return false;
}
