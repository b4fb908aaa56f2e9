import { LsmError } from "./lsm-error.js";
import { WorkSlices, type WorkSlicesOptions } from "./work-slices.js";

/** Calls that take long, and go on beside everything else. Whoever closes ends them within a slice, and waits until they have ended. */
export class LongCalls {
  readonly #clock: Pick<WorkSlicesOptions, "now" | "turn">;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(clock: Pick<WorkSlicesOptions, "now" | "turn">) {
    this.#clock = clock;
  }

  /** @throws {@link LsmError} `LSM_ABORTED` once the signal is aborted or everything is stopped; what the work throws. */
  async run<Result>(signal: AbortSignal | undefined, work: (slices: WorkSlices) => Promise<Result>): Promise<Result> {
    const { now, turn } = this.#clock;
    const slices = new WorkSlices({
      now,
      turn,
      signals: [this.#stop.signal, ...(signal === undefined ? [] : [signal])],
    });
    slices.check();
    const result = work(slices);
    this.#running.add(result);
    try {
      return await result;
    } finally {
      this.#running.delete(result);
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort(new LsmError("LSM_CLOSED", "the database was closed"));
    await Promise.allSettled(this.#running);
  }
}
