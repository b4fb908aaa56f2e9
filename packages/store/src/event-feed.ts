import type { ResolvedDelivery } from "./delivery-options.js";
import type { EventDefinition } from "./event-definition.js";
import type { ReadableStore, ReaderWatermarks } from "./readable-store.js";
import type { Region, RegionEvents } from "./region.js";
import { notifierOf } from "./sequence-notifier.js";
import { StoreError } from "./store-error.js";
import type { Store } from "./store.js";
import type { StoreReader } from "./store-reader.js";
import type { StoredEvent } from "./stored-event.js";

/** What a consumer of this region in a store of these definitions is given. */
export type RegionEvent<One extends Region, Definition extends EventDefinition> = StoredEvent<
  RegionEvents<One, Definition>
>;

export interface FeedOptions {
  /** Events behind this sequence. */
  readonly after: number;
  /** No events behind this one. */
  readonly upTo: number;
  readonly until: keyof ReaderWatermarks;
}

/**
 * The events of a region, in order, each once, as far as the store is visible or durable. It moves on only by what it has handed out:
 * an error, whatever it is, leaves it before the first event that was not.
 */
class EventFeed<One extends Region, Definition extends EventDefinition> {
  readonly #source: ReadableStore<Definition>;
  readonly #region: One;
  readonly #until: keyof ReaderWatermarks;
  readonly #upTo: number;
  /** Everything of the region up to here was handed out. */
  #seen: number;
  #reading: { readonly events: Iterator<RegionEvent<One, Definition>, void>; readonly last: number } | undefined =
    undefined;

  constructor(source: ReadableStore<Definition>, region: One, { after, upTo, until }: FeedOptions) {
    this.#source = source;
    this.#region = region;
    this.#until = until;
    this.#upTo = upTo;
    this.#seen = after;
  }

  /** The next events that are there, so many at most; none where there are none. */
  take(max: number): RegionEvent<One, Definition>[] {
    const events: RegionEvent<One, Definition>[] = [];
    try {
      const { events: reading, last } = (this.#reading ??= this.#begin());
      while (events.length < max) {
        const next = reading.next();
        if (next.done === true) {
          this.#reading = undefined;
          this.#seen = Math.max(this.#seen, last);
          return events;
        }
        events.push(next.value);
      }
    } catch (error) {
      this.#reading = undefined; // a generator that has thrown is at its end
      if (events.length === 0) throw error; // else the next call meets it again
    }
    this.#seen = events.at(-1)?.sequence ?? this.#seen;
    return events;
  }

  /** Resolves when there may be more. */
  async more(signal: AbortSignal | undefined): Promise<void> {
    if (this.#reading === undefined) await notifierOf(this.#source, this.#until).beyond(this.#seen, signal);
  }

  /** Gives back the file that is being read. */
  close(): void {
    this.#reading?.events.return?.();
    this.#reading = undefined;
  }

  #begin(): { readonly events: Iterator<RegionEvent<One, Definition>, void>; readonly last: number } {
    const source = this.#source;
    const after = this.#seen;
    if (this.#until === "durable") {
      const last = Math.min(source.watermarks.durable, this.#upTo);
      return { events: source.events(this.#region, { after, upTo: last }), last };
    }
    const events = source.events(this.#region, { after, upTo: this.#upTo }); // writes what waits in the buffer first
    return { events, last: Math.min(source.watermarks.visible, this.#upTo) };
  }
}

/**
 * The events of a region behind a sequence by the batch: those that are there at the call, made durable first where that is asked for
 * and can be, and with `live` those that come. A turn of the event loop lies between two. Ends, without an error, when the signal is aborted.
 */
export async function* deliver<One extends Region, Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  region: One,
  after: number,
  { until, live, batchEvents, signal }: ResolvedDelivery,
): AsyncGenerator<RegionEvent<One, Definition>[], void, undefined> {
  if (isReader(source)) source.refresh();
  const upTo = live ? Number.MAX_SAFE_INTEGER : isStore(source) ? source.lastSequence : source.watermarks.visible;
  const feed = new EventFeed(source, region, { after, upTo, until });
  try {
    if (!live && until === "durable" && isStore(source)) await source.durable(upTo);
    for (;;) {
      if (signal?.aborted === true) return;
      const events = feed.take(batchEvents);
      if (events.length > 0) {
        yield events;
        await source.takeTurn();
      } else if (live) await feed.more(signal);
      else return;
    }
  } catch (error) {
    if (!(error instanceof StoreError && error.code === "STORE_ABORTED")) throw error;
  } finally {
    feed.close();
  }
}

/** Whether somebody else writes what is read. */
export function isReader(source: object): source is StoreReader {
  return "refresh" in source;
}

function isStore(source: object): source is Store {
  return "durable" in source;
}
