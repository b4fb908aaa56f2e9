import type { RecoveryReport, WalStats } from "@holdfast/wal";
import type { IndexReport } from "./index-filling.js";
import type { ReaderWatermarks } from "./readable-store.js";

/** What a store says of itself. */

/** What opening a store found and did. Plain data. */
export interface StoreOpenReport {
  /** What became of the log. */
  readonly log: RecoveryReport;
  /** What the index was filled from. */
  readonly indexedFrom: IndexReport;
  /** Events in the store. */
  readonly events: number;
  /** Streams in the store. */
  readonly streams: number;
  /** Bytes of the index in memory. */
  readonly indexBytes: number;
  /** Milliseconds by the option `now`. */
  readonly durationMs: number;
}

/** Whether a store takes events. */
export type StoreHealth =
  | { readonly kind: "ok" }
  /** A write or a barrier has failed: what can be read can be read, and nothing more is written. Close it and open it again. */
  | { readonly kind: "poisoned"; readonly error: unknown }
  | { readonly kind: "closed" };

/** Sequences up to which something holds; none ever goes back. */
export interface Watermarks extends ReaderWatermarks {
  /** It has a sequence. */
  readonly accepted: number;
}

/** Counters of one open store. Plain data. */
export interface StoreStats {
  /** Events in the store. */
  readonly events: number;
  /** Streams in the store. */
  readonly streams: number;
  /** Names of entities in use. */
  readonly entities: number;
  /** Names of scopes in use. */
  readonly scopes: number;
  /** Bytes of the index in memory. */
  readonly indexBytes: number;
  /** Segments of this run that got a footer, those that did not, and why the last of those did not. */
  readonly footers: { readonly written: number; readonly leftOut: number; readonly problem: unknown };
  /** Accelerators that were written, and why the last that was due was not. */
  readonly accelerators: { readonly written: number; readonly problem: unknown };
  /** Those of the log. */
  readonly log: WalStats;
}
