import type { KeyValueEngine, RangeOptions, WriteRung } from "./engine-contract.js";
import { LsmError } from "./lsm-error.js";
import type { WorkSlices } from "./work-slices.js";
import { WriteBatch } from "./write-batch.js";

/** Operations of a batch of a clear. */
const CLEAR_BATCH = 4096;
/** A batch of a clear that is as long as this takes no more. */
const CLEAR_BATCH_BYTES = 0x10_0000;

export interface RangeClear {
  /** The most keys that are deleted; negative for all. */
  readonly limit: number;
  readonly rung: WriteRung;
  readonly slices: WorkSlices;
  /** Throws when the clear is to end. */
  readonly checkGoesOn: () => void;
}

/**
 * Deletes the keys that a cursor sees, by batches. A delete comes behind every write before its batch, so that what is written to one of these keys meanwhile may
 * go as well.
 */
export async function clearRange(
  engine: Pick<KeyValueEngine, "cursor" | "write">,
  range: RangeOptions,
  { limit, rung, slices, checkGoesOn }: RangeClear,
): Promise<void> {
  using cursor = engine.cursor(range);
  const batch = new WriteBatch();
  let left = limit < 0 ? Infinity : limit;
  for (cursor.start(); cursor.valid && left > 0; cursor.next()) {
    if (batch.operationCount === CLEAR_BATCH || batch.recordBytes >= CLEAR_BATCH_BYTES) {
      await engine.write(batch, { rung });
      batch.reset();
      checkGoesOn();
    }
    batch.delete(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd));
    left -= 1;
    if (slices.spend(cursor.valueEnd - cursor.valueStart)) await slices.pause();
    checkGoesOn();
  }
  await engine.write(batch, { rung }); // what it covers is on this rung, also when nothing was there to delete
}

/** @throws {@link LsmError} `LSM_ABORTED` behind a signal that says so. */
export function checkUnaborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  const message = "the clear was stopped; what it had deleted by then stays deleted";
  throw new LsmError("LSM_ABORTED", message, {}, { cause: signal.reason });
}
