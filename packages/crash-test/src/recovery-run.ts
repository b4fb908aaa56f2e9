import { Directory } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import type { CrashContext, CrashMatrixOptions } from "./crash-matrix-options.js";

/** How recovery and its check ended on one disk. */
export type Outcome = { readonly kind: "passed" } | { readonly kind: "failed"; readonly cause: unknown };

/** Recovers from a mounted disk and checks what came out. Never throws; synchronous when both functions are. */
export function recoverAndCheck<T>(
  fs: CrashFs,
  context: CrashContext,
  recover: CrashMatrixOptions<T>["recover"],
  check: CrashMatrixOptions<T>["check"],
): Outcome | Promise<Outcome> {
  try {
    const recovered = recover(new Directory(fs), context);
    if (isPromiseLike(recovered)) {
      return Promise.resolve(recovered)
        .then((value: T) => check(value, context))
        .then(judged, failed);
    }
    const answer = check(recovered, context);
    return isPromiseLike(answer) ? Promise.resolve(answer).then(judged, failed) : judged(answer);
  } catch (cause) {
    return failed(cause);
  }
}

function judged(answer: void | boolean): Outcome {
  return answer === false ? failed(new Error("the check returned false")) : passed;
}

function failed(cause: unknown): Outcome {
  return { kind: "failed", cause };
}

const passed: Outcome = { kind: "passed" };

/** Goes on with a value that may have to be awaited, and does not await one that need not be. */
export function andThen<A, B>(value: A | Promise<A>, next: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Anything that can be awaited, whoever made it. */
function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
