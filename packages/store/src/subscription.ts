import { resolveStart, type CursorStart } from "./cursor-start.js";
import { checkEvents, resolveDelivery, type DeliveryOptions } from "./delivery-options.js";
import type { EventDefinition } from "./event-definition.js";
import { deliver, type RegionEvent } from "./event-feed.js";
import type { ReadableStore } from "./readable-store.js";
import type { Region } from "./region.js";
import { StoreError } from "./store-error.js";
import { checkOptions, checkRegion, checkSource, refused } from "./option-checks.js";

/**
 * Events are read as they come and wait in a queue for whoever iterates. Nothing but memory is at stake: a subscription keeps no position,
 * and a crash leaves nothing of it.
 */

export interface SubscriptionOptions extends Omit<DeliveryOptions, "live" | "batchEvents"> {
  /** Where to begin. What is there when the subscription begins is caught up with and never overflows. Default `end`. */
  readonly from?: CursorStart;
  /** Default `visible`. */
  readonly until?: "visible" | "durable";
  /** Events that wait for the subscriber at most. Default 1024. */
  readonly capacity?: number;
  /**
   * What becomes of an event for which there is no room. `wait`: it is read later, once there is. `dropOldest`: the oldest one that waits
   * is dropped, and counted. `error`: what waits is given out, then the iteration fails with `STORE_OVERFLOW`.
   */
  readonly overflow: "wait" | "dropOldest" | "error";
}

/** What a subscriber has not seen yet. */
export interface SubscriptionBatch<Event> {
  /** One at least, in the order of the store. */
  readonly events: readonly Event[];
  /** Events before the first of these, and behind the batch before, that were dropped. */
  readonly dropped: number;
}

const subscriptionKeys = ["from", "until", "capacity", "overflow", "signal"];
const overflows: readonly unknown[] = ["wait", "dropOldest", "error"];
const DEFAULT_CAPACITY = 1024;

/**
 * Pushes the events of a region to one subscriber: those from `from` on that are there, then those that come, each once. Begins with the
 * call, and reads ahead of the subscriber by up to `capacity` events. Ends, without an error, when the signal is aborted or the loop is left.
 */
export function subscribe<One extends Region, Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  of: One,
  options: SubscriptionOptions,
): Subscription<One, Definition> {
  checkOptions(options, subscriptionKeys, "a subscription");
  checkSource(source);
  checkRegion(of);
  const { from = "end", capacity = DEFAULT_CAPACITY, overflow } = options;
  checkEvents("capacity", capacity);
  if (!overflows.includes(overflow)) throw refused("overflow", 'must be "wait", "dropOldest" or "error"');
  const { until, signal } = resolveDelivery(options, "visible");
  return new Subscription(source, of, { from, until, capacity, overflow, signal });
}

type ResolvedSubscription = Required<Omit<SubscriptionOptions, "signal">> & {
  readonly signal: AbortSignal | undefined;
};

/** A subscription that is under way. For one loop. */
export class Subscription<
  One extends Region = Region,
  Definition extends EventDefinition = EventDefinition,
> implements AsyncIterable<SubscriptionBatch<RegionEvent<One, Definition>>> {
  readonly #source: ReadableStore<Definition>;
  readonly #region: One;
  readonly #options: ResolvedSubscription;
  readonly #control = new AbortController();
  readonly #stop = (): void => this.close();
  #waiting: RegionEvent<One, Definition>[] = [];
  #droppedBefore = 0;
  #dropped = 0;
  /** How it ended: with an error, or because it was to. */
  #end: { readonly error: unknown } | "closed" | undefined = undefined;
  #wakeSubscriber: (() => void) | undefined = undefined;
  #wakeFeeder: (() => void) | undefined = undefined;
  #isIterated = false;

  /** @internal Use {@link subscribe}. */
  constructor(source: ReadableStore<Definition>, of: One, options: ResolvedSubscription) {
    this.#source = source;
    this.#region = of;
    this.#options = options;
    const { from: start, until, signal } = options;
    const after = resolveStart(source, of, { field: "from", start, until });
    signal?.addEventListener("abort", this.#stop);
    if (signal?.aborted === true) this.close();
    else void this.#feed(after);
  }

  /** Events that were dropped since the subscription began. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Ends the subscription: what waits is not given out any more. Idempotent. */
  close(): void {
    this.#waiting = [];
    this.#finish("closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The one loop over what comes; a second one is refused. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SubscriptionBatch<RegionEvent<One, Definition>>, void, undefined> {
    if (this.#isIterated) throw refused("subscription", "has its loop: another one would take its events");
    this.#isIterated = true;
    try {
      for (;;) {
        if (this.#waiting.length > 0) {
          const batch = { events: this.#waiting, dropped: this.#droppedBefore };
          this.#waiting = [];
          this.#droppedBefore = 0;
          this.#wakeFeeder?.();
          yield batch;
        } else if (this.#end === undefined) await new Promise<void>((resolve) => (this.#wakeSubscriber = resolve));
        else if (this.#end === "closed") return;
        else throw this.#end.error;
      }
    } finally {
      this.close();
    }
  }

  /** Reads until it is ended. Never rejects: whoever iterates is told. */
  async #feed(after: number): Promise<void> {
    const source = this.#source;
    const { until, capacity, overflow } = this.#options;
    const { signal } = this.#control;
    const { visible: caughtUp } = source.watermarks;
    try {
      const batchEvents = Math.min(capacity, MAX_READ_EVENTS);
      for await (const events of deliver(source, this.#region, after, { until, live: true, batchEvents, signal })) {
        for (const event of events) {
          if (event.sequence <= caughtUp || overflow === "wait") await this.#room();
          if (this.#end !== undefined) return;
          this.#push(event);
        }
      }
    } catch (error) {
      this.#finish({ error });
    }
  }

  #push(event: RegionEvent<One, Definition>): void {
    const { capacity, overflow } = this.#options;
    if (this.#waiting.length >= capacity) {
      const { sequence } = event;
      if (overflow === "error") {
        const message = `${capacity} events wait for the subscriber: there is no room for event ${sequence}`;
        throw new StoreError("STORE_OVERFLOW", message, { sequence, expected: capacity });
      }
      this.#waiting.shift();
      this.#droppedBefore += 1;
      this.#dropped += 1;
    }
    this.#waiting.push(event);
    this.#wakeSubscriber?.();
  }

  /** Resolves when there is room, or nobody needs it any more. */
  async #room(): Promise<void> {
    while (this.#waiting.length >= this.#options.capacity && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#wakeFeeder = resolve));
    }
  }

  #finish(end: { readonly error: unknown } | "closed"): void {
    this.#end ??= end;
    this.#options.signal?.removeEventListener("abort", this.#stop);
    this.#control.abort();
    this.#wakeSubscriber?.();
    this.#wakeFeeder?.();
  }
}

/** Events that are read without giving others a turn. */
const MAX_READ_EVENTS = 256;
