import type { RecordCursor } from "./record-cursor.js";
import { batchBytes, batchesUntil, type WalRecord } from "./record-stream.js";
import { checkRange } from "./wal-options.js";

/** A log that somebody else writes: the only way to hear of what comes is to look again. */
export interface PolledLog {
  /** Looks again, and returns the last LSN. */
  readonly refresh: () => number;
  readonly cursor: (from: number) => RecordCursor;
  readonly isClosed: () => boolean;
  readonly schedule: (action: () => void, delayMs: number) => () => void;
  readonly pollIntervalMs: number;
}

/** Records from `from` on, by the batch, and those that come. Ends when the signal does, or the log is closed. */
export async function* poll(
  log: PolledLog,
  range: {
    readonly from: number;
    readonly maxBatchBytes: number | undefined;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<WalRecord[], void, undefined> {
  const { from, signal } = range;
  const maxBatchBytes = batchBytes(range.maxBatchBytes);
  checkRange(from, from);
  const follower = { neededFrom: from };
  while (!isOver(signal) && !log.isClosed()) {
    if (log.refresh() >= follower.neededFrom) {
      yield* batchesUntil(log.cursor(follower.neededFrom), follower, { maxBatchBytes, signal });
    }
    if (!isOver(signal)) await pause(log, signal);
  }
}

function pause({ schedule, pollIntervalMs }: PolledLog, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal?.removeEventListener("abort", done);
      cancel();
      resolve();
    };
    const cancel = schedule(done, pollIntervalMs);
    signal?.addEventListener("abort", done, { once: true });
  });
}

function isOver(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
