import type { FrameCursor } from "@holdfast/segment-codec";

/** What a reader of a damaged log comes upon, in the order of the log. */
export type SalvageEvent = SalvagedFrame | SalvagedEntry | Lost | PassedOverFile;

/** A sound frame of a log of ours, with `span` records from `lsn` on; lent until the next event is asked for. */
export interface SalvagedFrame {
  readonly kind: "frame";
  readonly cursor: FrameCursor;
  /** What the log's owner says that its records are. */
  readonly content: number;
}

/** A sound entry or record of durability; lent until the next event is asked for. */
export interface SalvagedEntry {
  readonly kind: "entry";
  /** Undefined in a record log, whose records have none. */
  readonly id: number | undefined;
  readonly payload: Uint8Array;
  /** True for the first one behind bytes that were lost. */
  readonly isBehindDamage: boolean;
}

/** Something that could not be salvaged. */
export interface Lost {
  readonly kind: "lost";
  /** Relative to the argument; null when records are missing that no file holds. */
  readonly file: string | null;
  readonly offset: number;
  readonly length: number;
  /** LSNs or ids that are gone; null where no record that is known was lost. */
  readonly firstId: number | null;
  readonly lastId: number | null;
  readonly code: string;
  readonly reason: string;
}

/** A file that is no part of the log, and was left where it is. */
export interface PassedOverFile {
  readonly kind: "passed-over";
  readonly file: string;
  readonly reason: string;
}
