import type { EventDefinition } from "./event-definition.js";
import { checkCount, checkSignal, need } from "./option-checks.js";
import type { StoredEvent } from "./stored-event.js";

/** In which order, how many, and until when. */
export interface ReadingOptions {
  /** Newest first. Default false. */
  readonly backward?: boolean;
  /** So many events at most. Default all. */
  readonly limit?: number;
  /** Ends reading with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
}

export interface EventsOptions extends ReadingOptions {
  /** Only events behind this sequence are read; backward, only those before it. 0 stands before all of them. */
  readonly after?: number;
  /** The last sequence that is read. Default: the last one there is. */
  readonly upTo?: number;
}

export interface StreamOptions extends ReadingOptions {
  /** The first revision that is read. Default: the first there is, or backward the last. */
  readonly from?: number;
}

/** Where a page begins, and how long it is. */
export interface PageOptions extends Omit<ReadingOptions, "signal"> {
  /** Token of the page before; holds for ever, for this store, region and direction. Default: the first page. */
  readonly after?: string;
  /** Events of a page. Default 100. */
  readonly limit?: number;
}

/** A part of what is in a region. */
export interface EventPage<Definition extends EventDefinition> {
  /** In the order that was asked for. */
  readonly events: readonly StoredEvent<Definition>[];
  /** What gives the next page as `after`; undefined where no page had an event yet. */
  readonly next: string | undefined;
  /** No more events were there; the next page has what has come since. */
  readonly isLast: boolean;
}

/** Checks what all reading has in common, and fills in defaults. */
export function resolveReading({ backward = false, limit, signal }: ReadingOptions): {
  readonly backward: boolean;
  readonly limit: number;
} {
  need(typeof backward === "boolean", "backward", "must be a boolean");
  if (limit !== undefined) checkCount("limit", limit);
  checkSignal(signal);
  return { backward, limit: limit ?? Number.POSITIVE_INFINITY };
}
