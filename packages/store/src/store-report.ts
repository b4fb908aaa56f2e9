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
  readonly events: number;
  readonly streams: number;
  readonly indexBytes: number;
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

export interface StoreStats {
  readonly events: number;
  readonly streams: number;
  readonly entities: number;
  readonly scopes: number;
  /** Bytes of the index in memory. */
  readonly indexBytes: number;
  /** Segments of this run that got a footer, those that did not, and why the last of those did not. */
  readonly footers: { readonly written: number; readonly leftOut: number; readonly problem: unknown };
  /** Accelerators that were written, and why the last that was due was not. */
  readonly accelerators: { readonly written: number; readonly problem: unknown };
  readonly log: WalStats;
}
