import { RecordCopies } from "./record-copies.js";
import type { RecordCursor } from "./record-cursor.js";
import { checkLsn, refuse } from "./wal-options.js";

/** Records as callers get them, one by one or by the batch. */

/** One record as a reader gets it. */
export interface WalRecord {
  /** Number of the record in its log, from 1. */
  readonly lsn: number;
  /** Owned by the caller. Shares its memory with records beside it, up to 32 KiB: whoever keeps few of many keeps copies. */
  readonly payload: Uint8Array;
}

/** Which records are read. */
export interface ReadOptions {
  /** LSN of the first record. Default: the first one that is kept. */
  readonly from?: number;
  /** LSN of the last record, inclusive. Default: the last one that is there when reading begins. */
  readonly to?: number;
}

/** Which records are read, and how many at once. */
export interface BatchOptions extends ReadOptions {
  /** A batch ends with the record that reaches so many bytes, 32 counted for each besides its payload. Default 64 KiB. */
  readonly maxBatchBytes?: number;
}

/**
 * The bytes of a batch, checked.
 *
 * @throws {@link WalError} `WAL_INVALID_OPTION` for fewer than 1: no batch would hold a record, and whoever follows would never wait.
 */
export function batchBytes(maxBatchBytes: number = 64 * 1024): number {
  if (!(Number.isFinite(maxBatchBytes) && maxBatchBytes >= 1)) refuse("maxBatchBytes", "must be a number from 1 on");
  return maxBatchBytes;
}

/** The range of the last `count` records of a log, or of all it has. */
export function lastOf({ firstLsn, lastLsn }: { firstLsn: number; lastLsn: number }, count: number): ReadOptions {
  checkLsn("count", count, 0);
  return { from: Math.max(firstLsn, lastLsn - count + 1) };
}

/** Every record of a cursor, which is opened for the first and closed behind the last: who never begins holds nothing open. */
export function* records(open: () => RecordCursor): Generator<WalRecord, void, undefined> {
  const cursor = open();
  const copies = new RecordCopies();
  try {
    while (cursor.next()) yield { lsn: cursor.lsn, payload: copies.take(cursor) };
  } finally {
    cursor.close();
  }
}

/** The next records, until `maxBatchBytes` are reached or none is left; [] then. */
function nextBatch(cursor: RecordCursor, copies: RecordCopies, maxBatchBytes: number): WalRecord[] {
  const batch: WalRecord[] = [];
  for (let bytes = 0; bytes < maxBatchBytes && cursor.next(); bytes += 32 + cursor.end - cursor.start) {
    batch.push({ lsn: cursor.lsn, payload: copies.take(cursor) });
  }
  return batch;
}

/** All of them by the batch, with a turn of the event loop between two. */
export async function* batches(
  open: () => RecordCursor,
  maxBatchBytes: number | undefined,
  turn: () => Promise<void>,
): AsyncGenerator<WalRecord[], void, undefined> {
  const bytes = batchBytes(maxBatchBytes);
  const cursor = open();
  const copies = new RecordCopies();
  const next = (): WalRecord[] => nextBatch(cursor, copies, bytes);
  try {
    for (let batch = next(); batch.length > 0; batch = next()) {
      yield batch;
      await turn();
    }
  } finally {
    cursor.close();
  }
}

/** The same until the signal is aborted; what has been handed out, the follower needs no more. Closes the cursor. */
export function* batchesUntil(
  cursor: RecordCursor,
  follower: { neededFrom: number },
  { maxBatchBytes, signal }: { readonly maxBatchBytes: number; readonly signal: AbortSignal | undefined },
): Generator<WalRecord[], void, undefined> {
  const copies = new RecordCopies();
  const next = (): WalRecord[] => nextBatch(cursor, copies, maxBatchBytes);
  try {
    for (let batch = next(); batch.length > 0; batch = next()) {
      follower.neededFrom = (batch.at(-1) as WalRecord).lsn + 1;
      yield batch;
      if (signal?.aborted === true) return;
    }
  } finally {
    cursor.close();
  }
}
