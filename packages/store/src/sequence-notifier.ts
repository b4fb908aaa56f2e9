import type { EventDefinition } from "./event-definition.js";
import type { ReadableStore, ReaderWatermarks } from "./readable-store.js";
import { StoreError } from "./store-error.js";
import { WaiterHeap } from "./waiter-heap.js";

/** What a notifier asks of a store. */
export type NotifyingStore = Pick<ReadableStore<EventDefinition>, "whenBeyond">;

interface Waiter {
  at: number;
  readonly sequence: number;
  readonly resolve: (reached: number) => void;
  readonly reject: (error: unknown) => void;
}

type Until = keyof ReaderWatermarks;

const notifiers = new WeakMap<NotifyingStore, Map<Until, SequenceNotifier>>();

/** The notifier of all who wait for this watermark of this store. */
export function notifierOf(store: NotifyingStore, until: Until): SequenceNotifier {
  let own = notifiers.get(store);
  if (own === undefined) notifiers.set(store, (own = new Map()));
  let notifier = own.get(until);
  if (notifier === undefined) own.set(until, (notifier = new SequenceNotifier(store, until)));
  return notifier;
}

/**
 * One wait at the store for however many consumers: the store hears of the one that waits for least, and wakes in one pass all that are
 * due. While nobody waits here, nothing waits there.
 */
export class SequenceNotifier {
  readonly #store: NotifyingStore;
  readonly #until: Until;
  readonly #waiting = new WaiterHeap<Waiter>((a, b) => a.sequence < b.sequence);
  /** Ends the wait at the store; undefined while there is none. */
  #asking: { readonly control: AbortController; readonly sequence: number } | undefined = undefined;

  constructor(store: NotifyingStore, until: Until) {
    this.#store = store;
    this.#until = until;
  }

  /** As `whenBeyond` of the store; rejects with `STORE_ABORTED` when the signal is aborted first. */
  beyond(sequence: number, signal: AbortSignal | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.remove(waiter);
        if (this.#waiting.size === 0) this.#stop();
        waiter.reject(new StoreError("STORE_ABORTED", "stopped waiting", {}, { cause: signal?.reason }));
      };
      const release = (): void => signal?.removeEventListener("abort", abort);
      const waiter: Waiter = {
        at: -1,
        sequence,
        resolve: (reached) => (release(), resolve(reached)),
        reject: (error) => (release(), reject(error)),
      };
      if (signal?.aborted === true) return abort();
      signal?.addEventListener("abort", abort);
      this.#waiting.add(waiter);
      if (this.#asking === undefined || sequence < this.#asking.sequence) void this.#ask();
    });
  }

  /** Waits at the store for as long as somebody waits here. Never rejects. */
  async #ask(): Promise<void> {
    this.#stop();
    for (let next = this.#waiting.first; next !== undefined; next = this.#waiting.first) {
      const asking = { control: new AbortController(), sequence: next.sequence };
      this.#asking = asking;
      try {
        const reached = await this.#store.whenBeyond(next.sequence, {
          until: this.#until,
          signal: asking.control.signal,
        });
        if (this.#asking !== asking) return;
        this.#each(
          (waiter) => waiter.sequence < reached,
          (waiter) => waiter.resolve(reached),
        );
      } catch (error) {
        if (this.#asking !== asking) return;
        this.#each(
          () => true,
          (waiter) => waiter.reject(error),
        );
      }
    }
    this.#asking = undefined;
  }

  #each(isDue: (waiter: Waiter) => boolean, act: (waiter: Waiter) => void): void {
    for (let next = this.#waiting.first; next !== undefined && isDue(next); next = this.#waiting.first) {
      this.#waiting.remove(next);
      act(next);
    }
  }

  #stop(): void {
    const asking = this.#asking;
    this.#asking = undefined;
    asking?.control.abort();
  }
}
