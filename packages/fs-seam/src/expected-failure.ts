import { isFsError, type FsErrorCode } from "./fs-error.js";

/** What `action` returns, or undefined when it fails with one of `codes`: for failures that are an answer. */
export function answerOf<Result>(action: () => Result, ...codes: readonly FsErrorCode[]): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (isFsError(error, ...codes)) return undefined;
    throw error;
  }
}
