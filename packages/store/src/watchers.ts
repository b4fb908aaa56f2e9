import { StoreError } from "./store-error.js";
import type { BeyondOptions, ReaderWatermarks } from "./readable-store.js";

/** A store that can be waited for. */
export interface AwaitedStore {
  readonly watermarks: ReaderWatermarks;
  whenBeyond(sequence: number, options: BeyondOptions): Promise<number>;
}

/**
 * Those who wait for something that concerns them. However many there are, they wait together: one of them waits for the store, and
 * when it has moved, one pass asks each whether that is for it. Who is not concerned hears nothing.
 */
export class Watchers {
  readonly #store: AwaitedStore;
  readonly #until: keyof ReaderWatermarks;
  readonly #waiting = new Set<Watcher>();
  /** Ends the waiting for the store; undefined while nobody does. */
  #following: AbortController | undefined = undefined;

  constructor(store: AwaitedStore, until: keyof ReaderWatermarks) {
    this.#store = store;
    this.#until = until;
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves once `isConcerned` says so, which is asked at once and whenever the store has moved. Leaves nothing behind, whichever way it
   * ends.
   *
   * @throws {@link StoreError} `STORE_ABORTED`; what the store says when it ends; what `isConcerned` throws.
   */
  async concerned(isConcerned: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw aborted(signal);
    if (isConcerned()) return;
    await new Promise<void>((resolve, reject) => {
      const settled = (settle: () => void): void => {
        this.#waiting.delete(watcher);
        signal?.removeEventListener("abort", stop);
        if (this.#waiting.size === 0) this.#rest();
        settle();
      };
      const watcher: Watcher = {
        isConcerned,
        resolve: () => settled(resolve),
        reject: (error) => settled(() => reject(error)),
      };
      const stop = (): void => watcher.reject(aborted(signal));
      signal?.addEventListener("abort", stop);
      this.#waiting.add(watcher);
      if (this.#following === undefined) this.#follow();
    });
  }

  #follow(): void {
    const following = new AbortController();
    this.#following = following;
    this.#run(following.signal).catch((error: unknown) => {
      if (this.#following !== following) return; // nobody waited any more, and it was told to end
      this.#following = undefined;
      for (const watcher of [...this.#waiting]) watcher.reject(error);
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const until = this.#until;
    let seen = this.#store.watermarks[until];
    while (!signal.aborted) {
      seen = await this.#store.whenBeyond(seen, { until, signal });
      for (const watcher of [...this.#waiting]) ask(watcher);
    }
  }

  #rest(): void {
    this.#following?.abort();
    this.#following = undefined;
  }
}

interface Watcher {
  readonly isConcerned: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function ask(watcher: Watcher): void {
  try {
    if (watcher.isConcerned()) watcher.resolve();
  } catch (error) {
    watcher.reject(error);
  }
}

function aborted(signal: AbortSignal | undefined): StoreError {
  return new StoreError("STORE_ABORTED", "stopped watching", {}, { cause: signal?.reason });
}
