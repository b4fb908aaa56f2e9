import { errnoOf, fsErrorFrom, type FailureDetail } from "./fs-errno.js";
import { isFsError, type FsOperation } from "./fs-error.js";
import type { RealCalls } from "./real-calls.js";

/** Calls that a signal interrupts are made again; every other failure becomes an FsError. */

/** A call that was made again because the platform said that trying again is right. */
export interface RealRetry {
  /** What was called. */
  readonly operation: FsOperation;
  /** What it was called on. */
  readonly path: string;
  /** `EINTR`, or what a Windows rename met. */
  readonly errno: string;
  /** 1 for the first repetition. */
  readonly attempt: number;
}

/** Where calls come from, and who is told about repetitions. */
export interface RealContext {
  readonly calls: RealCalls;
  readonly onRetry: ((retry: RealRetry) => void) | undefined;
}

/** An interrupted call made no progress; this many in a row are a broken platform, and end in `FS_INTERRUPTED`. */
export const maxInterruptions = 64;

/** Returns when `error` says only that a signal came in between, and throws it as an FsError otherwise. */
export function demandRetry(
  context: RealContext,
  error: unknown,
  operation: FsOperation,
  path: string,
  attempt: number,
  detail?: FailureDetail,
): void {
  if (errnoOf(error) !== "EINTR" || attempt > maxInterruptions) throw fsErrorFrom(error, operation, path, detail);
  context.onRetry?.({ operation, path, errno: "EINTR", attempt });
}

/** Makes a call that is not worth a path of its own. `explain` adds to the FsError what the errno alone does not say. */
export function runCall<T>(
  context: RealContext,
  operation: FsOperation,
  path: string,
  call: () => T,
  explain?: (error: unknown) => FailureDetail,
): T {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return call();
    } catch (error) {
      if (isFsError(error)) throw error; // from a listing, about a name
      demandRetry(context, error, operation, path, attempt, explain?.(error));
    }
  }
}
