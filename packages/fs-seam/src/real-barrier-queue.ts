/**
 * One barrier of a descriptor at a time. The kernel reports a failed write-back once per descriptor, so of two barriers
 * side by side the second may be told "success" for bytes that the first was told are lost.
 */
export class BarrierQueue {
  #count = 0;
  /** Follows the newest barrier and never rejects. */
  #newest: Promise<void> = Promise.resolve();

  /** Whether a barrier is in flight or waiting. */
  get busy(): boolean {
    return this.#count > 0;
  }

  /**
   * Runs `barrier` when all earlier ones have settled; at once, within this call, when there is none. `settled` is called
   * before the promise settles, with the error of a failure; what it throws becomes the failure of the promise.
   */
  run(barrier: () => Promise<void>, settled: (error?: unknown) => void): Promise<void> {
    this.#count += 1;
    const own = this.#count === 1 ? barrier() : this.#newest.then(barrier);
    const result = own.then(
      () => {
        this.#count -= 1;
        settled();
      },
      (error: unknown) => {
        this.#count -= 1;
        settled(error);
        throw error;
      },
    );
    this.#newest = own.then(ignore, ignore); // registered behind `result`, so the next barrier starts after `settled`
    return result;
  }
}

function ignore(): void {}
