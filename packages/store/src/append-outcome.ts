import type { EventId, IdempotencyKey, Revision, Sequence } from "./event-id.js";
import type { ExpectedRevision } from "./event-writer.js";
import type { EventMetadata } from "./stored-event.js";

/** Which stream an event belongs to: an entity and a lane of it. Text alone is the entity, lane 0, without scope. */
export type StreamAddress =
  | string
  | {
      readonly entity: string;
      /** A label of the event to filter by; not part of the stream. Default none. */
      readonly scope?: string;
      /** Default 0. */
      readonly lane?: number;
    };

/** What may be said of one event. */
export interface EventAppendOptions {
  /** Revision of the stream's last event, `empty` for a stream without one, or `any`. Default `any`. */
  readonly expectedRevision?: ExpectedRevision;
  /** What the event belongs to: the id of the event it all began with. Default: the event itself. */
  readonly correlation?: EventId;
  /** What the event follows from; an earlier event of the same commit will do. */
  readonly causation?: EventId;
  /** Plain data that is stored beside the payload. Default none. */
  readonly metadata?: EventMetadata;
}

/** How a commit is made known again, and what it survives when it returns. */
export interface CommitOptions {
  /** Makes a repetition known: it changes nothing, and gives the receipts of the first time. */
  readonly key?: IdempotencyKey;
  /** `os`: with the system on return, so that it survives the end of the process. `memory`: soon. Default `os`. */
  readonly rung?: "memory" | "os";
}

/** What may be said of an event that is a commit of its own. */
export interface AppendOptions extends EventAppendOptions, CommitOptions {}

/** Options of `append` without a condition: its outcome is a receipt. */
export type UnconditionalOptions = AppendOptions & { readonly expectedRevision?: "any" };

/** Proof of where an event is. None of it ever changes. */
export interface AppendReceipt {
  /** `replayed`: the event was there already, appended with the same key. */
  readonly kind: "appended" | "replayed";
  /** The same wherever the event is read. */
  readonly id: EventId;
  /** Place in the store, from 1. */
  readonly sequence: Sequence;
  /** Place in the stream, from 0. */
  readonly revision: Revision;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Hash of the event, 32 bytes: it seals the event, its place, and everything before it. */
  readonly hash: Uint8Array;
}

/** A stream is not where it was expected to be; nothing was written. */
export interface AppendConflict {
  readonly kind: "conflict";
  /** Of the stream that is elsewhere. */
  readonly entity: string;
  /** Of the stream that is elsewhere. */
  readonly lane: number;
  /** What was asked for. */
  readonly expected: ExpectedRevision;
  /** Revision of the stream's last event; of a commit, after its events before this one. */
  readonly actual: number | "empty";
  /** Which event of the commit expected it, from 0. */
  readonly index: number;
}

/** Receipts of a commit, in the order of its events. */
export interface CommitReceipt {
  /** `replayed`: the events were there already, appended with the same key. */
  readonly kind: "appended" | "replayed";
  /** One for each event. */
  readonly receipts: readonly AppendReceipt[];
}

/** What became of one event. */
export type AppendOutcome = AppendReceipt | AppendConflict;
/** What became of a commit. */
export type CommitOutcome = CommitReceipt | AppendConflict;
