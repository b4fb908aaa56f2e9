import { LsmError } from "./lsm-error.js";

/** Work on so many bytes is a slice, whatever the clock says, which in a simulation stands still meanwhile. */
const SLICE_BYTES = 256 * 1024;

/** What an entry costs besides its bytes, in bytes. */
const ENTRY_COST_BYTES = 96;

/** The clock is read after so many. */
const CLOCK_BYTES = 8 * 1024;

/** A slice should not be longer. */
const BUDGET_MS = 2;

/** A slice must not be longer; those that are get counted. */
const LONGEST_SLICE_MS = 4;

export interface WorkSlicesOptions {
  /** Milliseconds that only ascend. */
  readonly now: () => number;
  /** One turn of the event loop; never rejects. */
  readonly turn: () => Promise<void>;
  /** Once one of them is aborted, the work ends with the next slice. */
  readonly signals: readonly AbortSignal[];
  /** What goes first whenever a slice ends; the work goes on when it has resolved. */
  readonly between?: () => Promise<void>;
}

/**
 * Parts work in slices with turns of the event loop in between. Where it is parted has no influence on what it does: results are the same on every clock.
 */
export class WorkSlices {
  readonly #options: WorkSlicesOptions;
  #bytes = 0;
  #nextLook = CLOCK_BYTES;
  #startMs: number;
  /** How many slices ended, how long the longest was, and how many were longer than they must be. */
  count = 0;
  longestMs = 0;
  overrunCount = 0;

  constructor(options: WorkSlicesOptions) {
    this.#options = options;
    this.#startMs = options.now();
  }

  /** Counts an entry of so many bytes and says whether it is time to {@link pause}. */
  spend(bytes: number): boolean {
    this.#bytes += bytes + ENTRY_COST_BYTES;
    if (this.#bytes < this.#nextLook) return false;
    if (this.#bytes >= SLICE_BYTES) return true;
    this.#nextLook = this.#bytes + CLOCK_BYTES;
    return this.#options.now() - this.#startMs >= BUDGET_MS;
  }

  /**
   * Ends the slice; the next one begins when it resolves.
   *
   * @throws {@link LsmError} `LSM_ABORTED` once a signal is aborted, with its reason as cause.
   */
  async pause(): Promise<void> {
    this.#end();
    await this.#options.turn();
    this.check();
    await this.#options.between?.();
    this.check();
    this.#begin();
  }

  /** Waits for a barrier or the like, which is no part of a slice. Whether the work was stopped meanwhile is for the next pause to see. */
  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    this.#end();
    const value = await promise;
    this.#begin();
    return value;
  }

  /** @throws {@link LsmError} `LSM_ABORTED` once a signal is aborted. */
  check(): void {
    const signal = this.#options.signals.find(({ aborted }) => aborted);
    if (signal === undefined) return;
    throw new LsmError("LSM_ABORTED", "stopped before the end; nothing of it counts", {}, { cause: signal.reason });
  }

  #begin(): void {
    this.#bytes = 0;
    this.#nextLook = CLOCK_BYTES;
    this.#startMs = this.#options.now();
  }

  #end(): void {
    const ms = this.#options.now() - this.#startMs;
    this.count += 1;
    if (ms > this.longestMs) this.longestMs = ms;
    if (ms > LONGEST_SLICE_MS) this.overrunCount += 1;
  }
}
