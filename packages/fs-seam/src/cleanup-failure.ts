import { isFsError } from "./fs-error.js";

/**
 * When an operation fails and tidying up after it fails too, the first failure is what the caller must see: it decides
 * what happened to the data. The second travels along as the property `cleanupFailure` of the first.
 */
export function noteCleanupFailure(error: unknown, cleanupFailure: unknown): void {
  if (!(error instanceof Error) || !Object.isExtensible(error)) return;
  Object.defineProperty(error, "cleanupFailure", { value: cleanupFailure, configurable: true });
}

/** The failure of the tidying up that followed `error`, when there was one: usually a temporary file that stayed. */
export function cleanupFailureOf(error: unknown): unknown {
  return error instanceof Error && "cleanupFailure" in error ? error.cleanupFailure : undefined;
}

/** Tidies up because of `error`, which the caller throws next. After a crash nothing is done: a dead program tidies nothing. */
export function cleanUpAfter(error: unknown, action: () => void): void {
  if (isFsError(error, "FS_CRASHED")) return;
  try {
    action();
  } catch (cleanupFailure) {
    noteCleanupFailure(error, cleanupFailure);
  }
}
