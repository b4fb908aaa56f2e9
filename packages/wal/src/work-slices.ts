/** Bytes between two pauses, and what a record counts for besides its own: a millisecond or two of work. */
const SLICE_BYTES = 256 * 1024;
export const RECORD_COST_BYTES = 512;

/** Pauses long work whenever enough of it is done. */
export class WorkSlices {
  readonly #pause: () => Promise<void>;
  #spent = 0;

  constructor(pause: () => Promise<void>) {
    this.#pause = pause;
  }

  /** Counts work on so many bytes. */
  async spend(bytes: number): Promise<void> {
    this.#spent += bytes;
    if (this.#spent < SLICE_BYTES) return;
    this.#spent = 0;
    await this.#pause();
  }
}
