import type { Directory } from "@holdfast/fs-seam";
import type { AppendConflict, EventAppendOptions, StreamAddress } from "./append-outcome.js";
import type { CursorStart } from "./cursor-start.js";
import { deliveryKeys, type DeliveryOptions } from "./delivery-options.js";
import type { EventDefinition, EventInput } from "./event-definition.js";
import type { RegionEvent } from "./event-feed.js";
import { idempotencyKey } from "./event-id.js";
import { openNamedCursor } from "./named-cursor.js";
import type { Region } from "./region.js";
import type { Store } from "./store.js";
import type { EventFacts } from "./stored-event.js";
import { StoreError } from "./store-error.js";
import { checkOptions, checkWriter, refused } from "./option-checks.js";
import { MAX_DELAY_MS, timer } from "./store-options.js";

/**
 * Events that follow from events. A reactor is a named cursor and a handler; what the handler appends for one event is one commit, keyed by
 * the reactor's name and the id of that event.
 *
 * Crash windows:
 *
 * 1. The handler has run, and its events are not in the log, or not durably. The event is given out again, and handled again.
 * 2. They are durable, and the event is not acknowledged. It is handled again, and its commit is known by its key: nothing is written.
 *    When the handler gives other events than the first time, the first ones stand.
 * 3. The acknowledgement is saved: behind the barrier that covers the events of the whole batch, never before it. Then the input would
 *    be passed over, and what follows from it be lost.
 */

/** What a handler says for its event. */
export interface Reactions<Definition extends EventDefinition> {
  /**
   * Adds an event to the commit that follows from the one that is handled: caused by it, and of its correlation.
   *
   * @throws `STORE_CLOSED` once the handler is done.
   */
  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options?: ReactionOptions,
  ): void;
}

/** What may be said of an event that a reactor appends; its cause and correlation follow from the event handled. */
export type ReactionOptions = Omit<EventAppendOptions, "correlation" | "causation">;

/** A handler that has thrown, or whose events could not be appended. */
export interface ReactionFailure<Event> {
  /** The one that was handled. */
  readonly event: Event;
  /** What the handler or the append threw; an {@link AppendConflict} where an expected revision did not hold. */
  readonly error: unknown;
  /** How often this event was tried, from 1. */
  readonly attempt: number;
}

/** What is to become of an event that could not be handled. */
export type FailureDecision =
  /** `runReactor` rejects with `STORE_REACTION_FAILED`; the event is given out again when it is run again. */
  | "stop"
  /** The event counts as handled, with what `onFailure` has appended for it. */
  | "skip"
  /** It is handled again after so many milliseconds, at most 2^31-1, which is as far as timers go. */
  | { readonly retryAfterMs: number };

export interface ReactorOptions<Event, Definition extends EventDefinition> extends DeliveryOptions {
  /** Of the reactor and its cursor; see `openNamedCursor`. Another name is another reactor, and writes everything once more. */
  readonly name: string;
  readonly from?: CursorStart;
  /** Where to go on in place of the position that is stored; see `openNamedCursor`. */
  readonly reset?: CursorStart;
  /** Where the position is kept. Default the store's own. */
  readonly directory?: Directory;
  /**
   * Called for one event after the other, at least once for each. What it does outside the store may happen twice; what it appends does
   * not.
   */
  readonly handle: (event: Event, out: Reactions<Definition>) => void | Promise<void>;
  /** Default: stops. What it appends counts with `skip` alone. */
  readonly onFailure?: (
    failure: ReactionFailure<Event>,
    out: Reactions<Definition>,
  ) => FailureDecision | Promise<FailureDecision>;
  /** Handles what it has appended itself, too, where that is in the region. Default false. */
  readonly handlesOwn?: boolean;
  /** Calls `action` once after so many milliseconds, unless what it returns is called first. Default a timer. */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
}

/** What a reactor did. */
export interface ReactorReport {
  /** Events that were handled. */
  readonly handled: number;
  /** Events that were appended. */
  readonly appended: number;
  /** Events whose commit was there from an earlier time. */
  readonly replayed: number;
  /** Of these, events for which the handler gave something else than the first time. */
  readonly differing: number;
  /** Events that `onFailure` has skipped. */
  readonly skipped: number;
  /** Events of its own that were passed over. */
  readonly own: number;
}

const reactorKeys = [
  ...deliveryKeys,
  "name",
  "reset",
  "directory",
  "handle",
  "onFailure",
  "handlesOwn",
  "schedule",
] as const;

/** The key of metadata that names the reactor an event is from. */
export const REACTOR_METADATA_KEY = "reactor";

/**
 * Runs a reactor until the signal is aborted, or with `live: false` until it has handled what is there, and resolves with what it did. Its
 * position is saved after each batch, and the cursor is given back in any case.
 *
 * @throws as `openNamedCursor` and its acknowledgements; `STORE_REACTION_FAILED` with the failure as `cause` and the sequence of the event
 * in `context`, when `onFailure` says so.
 */
export async function runReactor<One extends Region, Definition extends EventDefinition>(
  store: Store<Definition>,
  of: One,
  options: ReactorOptions<RegionEvent<One, Definition>, Definition>,
): Promise<ReactorReport> {
  checkWriter(store);
  checkOptions(options, reactorKeys, "a reactor");
  const { handle, onFailure = stop, handlesOwn = false, schedule = timer, ...cursorOptions } = options;
  if (typeof handle !== "function") throw refused("handle", "must be a function");
  if (typeof onFailure !== "function") throw refused("onFailure", "must be a function");
  if (typeof handlesOwn !== "boolean") throw refused("handlesOwn", "must be a boolean");
  if (typeof schedule !== "function") throw refused("schedule", "must be a function");
  const { name, signal } = options;
  const reactor = new Reactor(store, { name, signal, handle, onFailure, handlesOwn, schedule });
  const cursor = await openNamedCursor(store, of, cursorOptions);
  try {
    for await (const batch of cursor) {
      if (!(await reactor.handleAll(batch.events))) break;
      await batch.ack();
    }
  } catch (error) {
    await cursor.close().catch(() => {}); // the first failure is the one to tell
    throw error;
  }
  await cursor.close();
  return reactor.report;
}

function stop(): FailureDecision {
  return "stop";
}

interface Reaction<Definition extends EventDefinition> {
  readonly at: StreamAddress;
  readonly definition: Definition;
  readonly input: EventInput<Definition>;
  readonly options: ReactionOptions;
}

type ResolvedReactor<Event, Definition extends EventDefinition> = Required<
  Pick<ReactorOptions<Event, Definition>, "name" | "handle" | "onFailure" | "handlesOwn" | "schedule">
> & { readonly signal: AbortSignal | undefined };

class Reactor<Event extends EventFacts, Definition extends EventDefinition> {
  readonly #store: Store<Definition>;
  readonly #options: ResolvedReactor<Event, Definition>;
  readonly #report = { handled: 0, appended: 0, replayed: 0, differing: 0, skipped: 0, own: 0 };

  constructor(store: Store<Definition>, options: ResolvedReactor<Event, Definition>) {
    this.#store = store;
    this.#options = options;
  }

  get report(): ReactorReport {
    return { ...this.#report };
  }

  /** Handles events and makes durable what follows from them. False when the signal was aborted before the last one. */
  async handleAll(events: readonly Event[]): Promise<boolean> {
    const { name, handlesOwn, signal } = this.#options;
    let last = 0;
    for (const event of events) {
      if (signal?.aborted === true) return false;
      if (!handlesOwn && event.metadata[REACTOR_METADATA_KEY] === name) {
        this.#report.own += 1;
        continue;
      }
      const sequence = await this.#handle(event);
      if (sequence === undefined) return false;
      last = Math.max(last, sequence);
    }
    await this.#store.durable(last);
    return true;
  }

  /** The last sequence of what follows from the event, 0 without any; undefined when the signal was aborted before it was handled. */
  async #handle(event: Event): Promise<number | undefined> {
    const { handle, onFailure } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      let error: unknown;
      try {
        const reactions = new ReactionList<Definition>();
        await handle(event, reactions);
        const outcome = this.#commit(event, reactions.end());
        if (typeof outcome === "number") {
          this.#report.handled += 1;
          return outcome;
        }
        error = outcome;
      } catch (thrown) {
        error = thrown;
      }
      if (this.#store.health.kind !== "ok") throw error; // of the store, not of this event
      const instead = new ReactionList<Definition>();
      const decision = await onFailure({ event, error, attempt }, instead);
      if (decision === "stop") throw failed(event, error);
      if (decision === "skip") {
        const outcome = this.#commit(event, instead.end());
        if (typeof outcome !== "number") throw failed(event, outcome);
        this.#report.skipped += 1;
        return outcome;
      }
      const retryAfterMs = decision?.retryAfterMs;
      if (!(typeof retryAfterMs === "number" && retryAfterMs >= 0 && retryAfterMs <= MAX_DELAY_MS)) {
        throw refused("onFailure", 'must answer "stop", "skip" or { retryAfterMs } of at most 2^31-1');
      }
      if (!(await this.#pause(retryAfterMs))) return undefined;
    }
  }

  /** Commits what follows from the event, unless it is there already. Returns the last sequence of it, 0 without any. */
  #commit(event: Event, reactions: readonly Reaction<Definition>[]): number | AppendConflict {
    if (reactions.length === 0) return 0;
    const { name } = this.#options;
    const { id: causation, correlation } = event;
    const key = idempotencyKey("holdfast.reactor/1", name, causation);
    try {
      const outcome = this.#store.commit(
        (commit) => {
          for (const { at, definition, input, options } of reactions) {
            const metadata = { ...options.metadata, [REACTOR_METADATA_KEY]: name };
            commit.append(at, definition, input, { ...options, causation, correlation, metadata });
          }
        },
        { key },
      );
      if (outcome.kind === "conflict") return outcome;
      if (outcome.kind === "replayed") this.#report.replayed += 1;
      else this.#report.appended += outcome.receipts.length;
      return outcome.receipts.at(-1)?.sequence ?? 0;
    } catch (error) {
      if (!(error instanceof StoreError && error.code === "STORE_KEY_REUSED")) throw error;
      // What was appended for this event the first time stands, and others may have acted on it.
      this.#report.replayed += 1;
      this.#report.differing += 1;
      return error.context.sequence ?? this.#store.lastSequence;
    }
  }

  /** False when the signal is aborted first. */
  #pause(delayMs: number): Promise<boolean> {
    const { signal, schedule } = this.#options;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal?.removeEventListener("abort", end);
        resolve(signal?.aborted !== true);
      };
      const cancel = schedule(end, delayMs);
      signal?.addEventListener("abort", end);
      if (signal?.aborted === true) end();
    });
  }
}

/** Reactions in the order they were said. */
class ReactionList<Definition extends EventDefinition> implements Reactions<Definition> {
  #reactions: Reaction<Definition>[] | undefined = [];

  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options: ReactionOptions = {},
  ): void {
    if (this.#reactions === undefined) throw new StoreError("STORE_CLOSED", "the handler of this event is done");
    checkOptions(options, ["expectedRevision", "metadata"], "a reaction");
    this.#reactions.push({ at, definition, input, options });
  }

  /** Gives out what was said; nothing more is taken. */
  end(): readonly Reaction<Definition>[] {
    const reactions = this.#reactions ?? [];
    this.#reactions = undefined;
    return reactions;
  }
}

function failed({ sequence, id }: { readonly sequence: number; readonly id: string }, cause: unknown): StoreError {
  const message = `event ${sequence}, ${id}, could not be handled`;
  return new StoreError("STORE_REACTION_FAILED", message, { sequence }, { cause });
}
