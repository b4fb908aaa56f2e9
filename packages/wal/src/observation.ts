import type { SyncRung } from "@holdfast/fs-seam";
import { channel } from "node:diagnostics_channel";
import type { RecoveryReport } from "./recovery-report.js";

/**
 * Telling others what a log does: its own observer, and whoever subscribes to the channel. Both hear of it behind the fact, with
 * values that are theirs. Where nobody listens, no event is made.
 */

/** What happened. */
export type LogEventDetail =
  /** The log is open. */
  | { readonly kind: "open"; readonly report: RecoveryReport }
  /** A barrier has returned: so many records and bytes are durable by it, up to the LSN. */
  | {
      readonly kind: "barrier";
      readonly rung: SyncRung;
      readonly lsn: number;
      readonly records: number;
      readonly bytes: number;
      readonly tookMs: number;
    }
  /** A segment that nothing is added to any more is durable to its end, name included. */
  | {
      readonly kind: "seal";
      readonly file: string;
      readonly segmentId: number;
      readonly firstLsn: number;
      readonly bytes: number;
    }
  /** A checkpoint is durable. */
  | { readonly kind: "checkpoint"; readonly lsn: number; readonly bytes: number }
  /** A segment was removed, durably. */
  | {
      readonly kind: "prune";
      readonly file: string;
      readonly segmentId: number;
      readonly firstLsn: number;
      readonly lastLsn: number;
    }
  /** The log has failed and takes nothing more. */
  | { readonly kind: "failure"; readonly error: unknown }
  /** The log is closed, its files and its lock given back. */
  | { readonly kind: "close"; readonly lastLsn: number };

/** An event of one log. Plain data but for a failure's error. */
export type LogEvent = LogEventDetail & {
  /** Id of the log, 32 hexadecimal digits: the same whenever and wherever it is opened, and another one for every other log. */
  readonly logId: string;
  /** Path of the log's directory in its file system: "/" for any that `openDirectory` gives. */
  readonly directory: string;
  /** Name of a record log's file; undefined for a segmented log. */
  readonly name: string | undefined;
};

/**
 * Called where the thing has happened, in the log's own turn: be short. What it throws, or a promise of it rejects with, goes nowhere near the log: it
 * is not called again, and `stats().observerFailure` holds what it threw.
 */
export type LogObserver = (event: LogEvent) => void;

/** Name of the channel of `node:diagnostics_channel` that events of all logs of this process are published on. */
export const walChannelName = "holdfast:wal";

const subscribers = channel(walChannelName);

type EventPlace = Pick<LogEvent, "logId" | "directory" | "name">;

export class Observation {
  /** What the observer threw. */
  failure: unknown = undefined;
  readonly #place: EventPlace;
  #observer: LogObserver | undefined;

  constructor(observer: LogObserver | undefined, place: EventPlace) {
    this.#observer = observer;
    this.#place = place;
  }

  /** Whether anybody listens. */
  get isWanted(): boolean {
    return this.#observer !== undefined || subscribers.hasSubscribers;
  }

  /** Tells of what `detail` makes, where anybody listens. */
  tell(detail: () => LogEventDetail): void {
    if (!this.isWanted) return;
    const event: LogEvent = { ...detail(), ...this.#place };
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
