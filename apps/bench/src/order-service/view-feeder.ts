import type { Store } from "@holdfast/store";
import type { followEvents } from "@holdfast/store/consumers";
import { allOrders, type OrderDefinition } from "./order-events.js";
import { OrderServiceError } from "./order-service-error.js";
import { VIEW_VERSION, type OrderView } from "./order-view.js";
import type { OrderEvent } from "./view-changes.js";

/**
 * What brings the read model up to the events, and keeps it there: a consumer of the store whose position is in the read model itself, so
 * that every event is in it exactly once.
 *
 * `followEvents` gives out only what is durable, and asks for the barriers itself; that is what keeps the read model from being ahead of
 * the events that survive.
 */

export interface FeederOptions {
  /** Events that are taken in at once, at most. */
  readonly batchEvents: number;
  /** After so many events a batch is written with a barrier, so that a power loss costs no more than taking them in again. */
  readonly checkpointEvents: number;
  /** Gives out the events; tests put a wrong one here. */
  readonly follow: typeof followEvents;
}

interface Waiter {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class ViewFeeder {
  readonly #store: Store<OrderDefinition>;
  readonly #view: OrderView;
  readonly #options: FeederOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #waiters: Waiter[] = [];
  #saved: number;
  #failure: OrderServiceError | undefined = undefined;

  /** Begins behind the position of the view, which has to be one of this store. */
  constructor(store: Store<OrderDefinition>, view: OrderView, options: FeederOptions) {
    this.#store = store;
    this.#view = view;
    this.#options = options;
    this.#saved = 0;
    this.#ended = this.#run();
  }

  /** The position that a power loss leaves at least: of what an earlier run has left nothing is known. */
  get savedSequence(): number {
    return this.#saved;
  }

  /** What has ended it, if anything has: events go on, and the read model stands still until the next open. */
  get failure(): OrderServiceError | undefined {
    return this.#failure;
  }

  /** Resolves when the event of this sequence is in the read model. */
  reached(sequence: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ sequence, resolve, reject });
      this.#wake();
    });
  }

  /** Resolves once nothing more is written. Whoever waits is told. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { follow, batchEvents } = this.#options;
    const { position } = this.#view;
    const from = position === undefined ? "start" : { token: position.token };
    try {
      const { signal } = this.#stopping;
      for await (const batch of follow(this.#store, allOrders, { from, batchEvents, signal })) {
        const events = batch.events.map(readable);
        const { sequence } = events.at(-1) as OrderEvent; // one at least
        const isCheckpoint = sequence - this.#saved >= this.#options.checkpointEvents;
        const next = { version: VIEW_VERSION, sequence, token: batch.token() };
        await this.#view.apply(events, next, isCheckpoint ? "data" : "os");
        if (isCheckpoint) this.#saved = sequence;
        this.#wake();
      }
      this.#fail(new OrderServiceError("ORDERS_CLOSED", "the service is closed"));
    } catch (cause) {
      const message = "the read model does not follow any more; open the service again";
      this.#fail(new OrderServiceError("ORDERS_VIEW_STOPPED", message, { cause }));
    }
  }

  #wake(): void {
    const { sequence } = this.#view;
    const due = this.#waiters.filter((waiter) => waiter.sequence <= sequence);
    this.#waiters = this.#waiters.filter((waiter) => waiter.sequence > sequence);
    for (const waiter of due) waiter.resolve();
    if (this.#failure === undefined) return;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#failure);
  }

  #fail(error: OrderServiceError): void {
    this.#failure = error;
    this.#wake();
  }
}

/** A read model that skipped an event would be wrong for ever, and nobody would know. */
function readable(event: OrderEvent | { readonly status: string; readonly sequence: number }): OrderEvent {
  if (event.status === "known") return event as OrderEvent; // of these definitions, by the region
  const message = `event ${event.sequence} is ${event.status}: this program cannot read it`;
  throw new OrderServiceError("ORDERS_UNREADABLE_EVENT", message);
}
