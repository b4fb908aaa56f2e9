import { channel } from "node:diagnostics_channel";
import type { JobKind } from "./job-scheduler.js";
import type { OpenReport } from "./recovery.js";

/**
 * Telling others what a database does: its own observer, and whoever subscribes to the channel. Both hear of it behind the fact. Where nobody
 * listens, no event is made. Writes and clears are told by `abstract-level`, and what the logs do by the channel of `@holdfast/wal`.
 */

/** What happened. */
export type EngineEventDetail =
  /** The database is open. */
  | { readonly kind: "open"; readonly report: OpenReport }
  /** From here on writes are acknowledged later, by so much at first, until a `stall` or `resume`. */
  | { readonly kind: "slowdown"; readonly delayMs: number }
  /** From here on writes wait for a flush or for compactions, until a `slowdown` or `resume`. */
  | { readonly kind: "stall"; readonly for: JobKind }
  /** Writes are neither delayed nor kept waiting, after so long. */
  | { readonly kind: "resume"; readonly tookMs: number }
  /** A flush or compaction has failed. It is tried again; nothing is lost. */
  | { readonly kind: "jobFailure"; readonly job: JobKind; readonly error: unknown }
  /** The database has failed, and takes nothing more. */
  | { readonly kind: "failure"; readonly error: unknown }
  /** The database is closed, its files and its lock given back. */
  | { readonly kind: "close" };

/** An event of one database. Plain data but for errors. */
export type EngineEvent = EngineEventDetail & {
  /** Id of the database, 32 hexadecimal digits; a backup has that of its source. */
  readonly databaseId: string;
  /** Path of its directory in its file system: "/" for any that `openDirectory` gives. */
  readonly directory: string;
};

/**
 * Called where the thing has happened, in the database's own turn: be short. What it throws, or a promise of it rejects with, goes nowhere near the database: it is
 * not called again, and `stats().observerFailure` holds what it threw.
 */
export type EngineObserver = (event: EngineEvent) => void;

/** Name of the channel of `node:diagnostics_channel` that events of all databases of this process are published on. */
export const lsmChannelName = "holdfast:lsm-tree";

const subscribers = channel(lsmChannelName);

export class EngineObservation {
  /** What the observer threw. */
  failure: unknown = undefined;
  readonly #place: Pick<EngineEvent, "databaseId" | "directory">;
  #observer: EngineObserver | undefined;

  constructor(observer: EngineObserver | undefined, place: Pick<EngineEvent, "databaseId" | "directory">) {
    this.#observer = observer;
    this.#place = place;
  }

  tell(detail: () => EngineEventDetail): void {
    if (this.#observer === undefined && !subscribers.hasSubscribers) return;
    const event: EngineEvent = { ...detail(), ...this.#place };
    try {
      const heard: unknown = this.#observer?.(event);
      // An async function is an observer to the compiler as well.
      if (heard instanceof Promise) heard.catch((error: unknown) => this.#giveUp(error));
    } catch (error) {
      this.#giveUp(error);
    }
    // What a subscriber throws, Node throws again in a turn of its own.
    if (subscribers.hasSubscribers) subscribers.publish(event);
  }

  #giveUp(error: unknown): void {
    this.failure = error;
    this.#observer = undefined;
  }
}
