import type { SyncRung } from "@holdfast/fs-seam";
import { checkChoice, checkKeys } from "./wal-options.js";

/** What the calls of an open log take, and the check of each: what is misspelled or out of bounds never passes for a default. */

export interface WaitOptions {
  /** Gives up waiting. What was appended stays appended, and becomes durable with the next barrier. */
  readonly signal?: AbortSignal;
}

export interface DurableOptions extends WaitOptions {
  /** `os`: handed to the system. `data`, `full`: covered by a barrier. Default `data`. */
  readonly rung?: "os" | SyncRung;
}

/** How a log is closed. */
export interface CloseOptions {
  /**
   * Gives up what no barrier covers instead of writing and syncing it, as a process does that is killed: for a disk that stays
   * full. Whoever waits for it is told `WAL_CLOSED`. Default false.
   */
  readonly discard?: boolean;
}

const waitKeys: readonly string[] = ["signal"];
const durableKeys: readonly string[] = ["rung", "signal"];
const barrierRungs: readonly string[] = ["data", "full"];
const durableRungs: readonly string[] = ["os", ...barrierRungs];

/** Before a file system is asked: what it refuses would pass for a barrier that failed. */
export function checkBarrier(rung: string, options: WaitOptions = {}): void {
  checkChoice("rung", rung, barrierRungs);
  checkWait(options);
}

export function checkWait(options: WaitOptions): void {
  checkKeys(options, waitKeys);
}

/** Before the record is appended. */
export function checkDurable(options: DurableOptions): void {
  checkKeys(options, durableKeys);
  checkChoice("rung", options.rung ?? "data", durableRungs);
}

/** Throws a `TypeError` unless it is bytes. */
export function checkRecord(record: Uint8Array): void {
  if (!(record instanceof Uint8Array)) throw new TypeError("a record must be a Uint8Array");
}

/** Throws a `TypeError` unless it is an array of them, and not empty. */
export function checkRecords(records: readonly Uint8Array[]): void {
  if (!Array.isArray(records) || records.length === 0) throw new TypeError("records must be an array, and not empty");
  for (const record of records) checkRecord(record);
}
