import { makeDirectoriesDurably, type Directory } from "@holdfast/fs-seam";
import type { EngineSettings } from "@holdfast/lsm-tree";
import { openStore, type CommitOutcome, type Store, type StoreOptions } from "@holdfast/store";
import { followEvents } from "@holdfast/store/consumers";
import { memoryCache, Projector } from "@holdfast/store/projections";
import { checkId, definitionOf, entityOf, orderDefinitions, type OrderDefinition } from "./order-events.js";
import { decide, orderProjection, type Order, type OrderCommand, type Refusal } from "./order.js";
import { OrderView } from "./order-view.js";
import { demandOwnDirectory, EVENTS } from "./service-directory.js";
import { ViewFeeder } from "./view-feeder.js";
import { openView, type ViewOpening } from "./view-opening.js";

/**
 * An order service: commands become events, and a read model follows them. Both live below one directory:
 *
 *     events/   the store: what has happened, and the only truth
 *     views/    the database of the read model: derived, and made again wherever it does not fit
 *
 * A command is answered when its events are with the system, and {@link OrderService.durable} says when they survive a power loss. The read
 * model follows what is durable, so that it is a prefix of the events behind any crash; it catches up by itself, from where it was.
 */

/** What is tuned: plain data. */
export interface OrderServiceSettings {
  /** Events that the read model takes in at once, at most. Default 256. */
  readonly batchEvents?: number;
  /** After so many events the read model is saved by a barrier: what a power loss makes it take in again, at most. Default 10,000. */
  readonly checkpointEvents?: number;
  /** Of the store. */
  readonly events?: Pick<
    StoreOptions,
    "segmentBytes" | "bufferBytes" | "preallocateBytes" | "prepareSegments" | "mergeBytes" | "streamHeads"
  >;
  /** Of the read model's database. */
  readonly views?: Pick<EngineSettings, "writeBufferBytes" | "manifestBytes" | "blockBytes" | "cacheBytes">;
}

/** What it works with; each is that of the machine by default. */
export interface OrderServiceComponents {
  /** Milliseconds since 1970: times of events. */
  readonly clock?: () => number;
  /** Fills all of `target` with random bytes, for ids. */
  readonly random?: (target: Uint8Array) => void;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  /** One turn of the event loop. */
  readonly turn?: () => Promise<void>;
  /** Calls `action` once after a delay, unless what it returns is called first. */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
}

/** What makes the guarantees, for tests that show what is broken without it. */
export interface OrderServiceParts {
  readonly follow?: typeof followEvents;
  readonly view?: Pick<typeof OrderView, "open">;
}

export interface OrderServiceOptions {
  /** For the service alone: empty, or its own. */
  readonly directory: Directory;
  readonly settings?: OrderServiceSettings;
  readonly components?: OrderServiceComponents;
  readonly parts?: OrderServiceParts;
}

export type CommandOutcome =
  | {
      /** `repeated`: a command with this id has done the same before. */
      readonly kind: "done" | "repeated";
      /** Of its last event, in the store and in the order's stream. */
      readonly sequence: number;
      readonly revision: number;
    }
  | { readonly kind: "refused"; readonly reason: Refusal }
  /** The order is not where `ifRevision` says. */
  | { readonly kind: "conflict"; readonly actual: number | "empty" };

/** What an open has found. */
export interface OrderServiceReport {
  readonly events: number;
  readonly view: ViewOpening;
}

/** Key of the metadata that names the command of an event. */
const COMMAND = "command";

/**
 * Opens the service, creating it where there is none. The read model begins to catch up; {@link OrderService.caughtUp} waits for it.
 *
 * @throws `OrderServiceError` `ORDERS_FOREIGN_DIRECTORY` for a directory that is neither empty nor its own; what opening a store and a database
 * throws: `FS_LOCKED` while somebody has it open.
 */
export async function openOrderService(options: OrderServiceOptions): Promise<OrderService> {
  const { directory, settings = {}, components = {}, parts = {} } = options;
  demandOwnDirectory(directory);
  await makeDirectoriesDurably(directory, EVENTS);
  const store = await openStore({
    ...settings.events,
    ...components,
    directory: directory.directory(EVENTS),
    events: orderDefinitions,
  });
  try {
    const { view, opening } = await openView(store, parts.view ?? OrderView, {
      parent: directory,
      settings: settings.views ?? {},
      components,
    });
    const { batchEvents = 256, checkpointEvents = 10_000 } = settings;
    const feeder = new ViewFeeder(store, view, { batchEvents, checkpointEvents, follow: parts.follow ?? followEvents });
    return new OrderService(store, view, feeder, opening);
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The service while it is open. */
export class OrderService {
  /** Reads: as far as the read model has come. */
  readonly view: OrderView;
  readonly openReport: OrderServiceReport;
  readonly #store: Store<OrderDefinition>;
  readonly #feeder: ViewFeeder;
  readonly #projector: Projector<OrderDefinition>;
  #closed: Promise<void> | undefined = undefined;

  /** Use {@link openOrderService}. */
  constructor(store: Store<OrderDefinition>, view: OrderView, feeder: ViewFeeder, opening: ViewOpening) {
    this.view = view;
    this.openReport = { events: store.lastSequence, view: opening };
    this.#store = store;
    this.#feeder = feeder;
    this.#projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 8 });
  }

  /**
   * Carries out a command, at once. Durability: its events are with the system on return, all of them or none after any crash, and survive
   * the end of the process; wait for {@link durable} where a power loss counts.
   *
   * @throws `TypeError` for an id that is none; `StoreError` `STORE_INVALID_DATA` for what the schemas refuse, `STORE_KEY_REUSED` for a command
   * that is not the one that had this id before; what appending throws.
   */
  execute(command: OrderCommand): CommandOutcome {
    checkId("id", command.id);
    checkId("order", command.order);
    const entity = entityOf(command.order);
    const { state, revision } = this.#projector.project(orderProjection, entity);
    const outcome = this.#decideAt(command, state, command.ifRevision ?? revision);
    if (outcome.kind !== "refused") return outcome;
    // The command may be one that was done before, and has made the order what refuses it now. Decided where it was then, its events are
    // those of then, unless it is another command under that id: which it is, the store tells by the key.
    const then = this.#firstRevisionOf(command);
    if (then === undefined) return outcome;
    const before = then === 0 ? orderProjection.initial() : this.#stateAt(entity, then - 1);
    return this.#decideAt(command, before, "any");
  }

  /** Resolves when what a command has done survives a power loss; all who wait meanwhile share one barrier. */
  async durable({ sequence }: { readonly sequence: number }): Promise<void> {
    await this.#store.durable(sequence);
  }

  /**
   * Resolves when the read model has the event of this sequence, by default all that there are.
   *
   * @throws {@link OrderServiceError} `ORDERS_VIEW_STOPPED`, `ORDERS_CLOSED`.
   */
  caughtUp(sequence: number = this.#store.lastSequence): Promise<void> {
    return this.#feeder.reached(sequence);
  }

  /** How far everything is. */
  get progress(): {
    readonly events: number;
    readonly durable: number;
    readonly view: number;
    /** The position that a power loss leaves the read model at least, as far as this run knows. */
    readonly viewSaved: number;
  } {
    const { accepted, durable } = this.#store.watermarks;
    return { events: accepted, durable, view: this.view.sequence, viewSaved: this.#feeder.savedSequence };
  }

  /** For whoever wants to see all that has happened: the events themselves. */
  get store(): Store<OrderDefinition> {
    return this.#store;
  }

  /** Makes everything durable and closes it. Idempotent. The read model need not have caught up: the next open goes on with it. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#feeder.stop();
    try {
      await this.view.close();
    } finally {
      await this.#store.close();
    }
  }

  #decideAt(command: OrderCommand, order: Order, expectedRevision: number | "empty" | "any"): CommandOutcome {
    const decision = decide(order, command);
    if (decision.kind === "refused") return decision;
    const { id, order: ofOrder } = command;
    const entity = entityOf(ofOrder);
    const outcome = this.#store.commit(
      (commit) => {
        for (const [at, { name, data }] of decision.events.entries()) {
          const expected = at === 0 ? { expectedRevision } : {};
          commit.append(entity, definitionOf[name], data, { ...expected, metadata: { [COMMAND]: id } });
        }
      },
      { key: id },
    );
    return answerOf(outcome);
  }

  /** Revision of the first event that a command of this id has left in the order's stream. */
  #firstRevisionOf({ id, order }: OrderCommand): number | undefined {
    for (const { metadata, revision } of this.#store.stream(entityOf(order))) {
      if (metadata[COMMAND] === id) return revision;
    }
    return undefined;
  }

  #stateAt(entity: string, atRevision: number): Order {
    return this.#projector.project(orderProjection, entity, { atRevision }).state;
  }
}

function answerOf(outcome: CommitOutcome): CommandOutcome {
  if (outcome.kind === "conflict") return { kind: "conflict", actual: outcome.actual };
  const { sequence, revision } = outcome.receipts.at(-1) as (typeof outcome.receipts)[number]; // one event at least
  return { kind: outcome.kind === "appended" ? "done" : "repeated", sequence, revision };
}
