import { Directory } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import type { CrashContext, CrashMatrixOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";

/** How recovery and its check ended on one disk. */
export type Outcome =
  | { readonly kind: "passed" }
  /** `recovered`: what recovery returned, in a list of one; absent when it did not return. */
  | { readonly kind: "failed"; readonly cause: unknown; readonly recovered?: readonly [unknown] };

/** What recovery is, and how long it may go on. */
export type RecoveryProgram<T> = Required<
  Pick<CrashMatrixOptions<T>, "name" | "recover" | "check" | "maxOperations" | "maxTurns" | "turn">
>;

/** Microtasks that a recovery may take before turns of the event loop are counted, which cost more. */
const freeMicrotasks = 256;

/** Recovers from a mounted disk and checks what came out. Never throws; synchronous when both functions are. */
export function recoverAndCheck<T>(
  fs: CrashFs,
  context: CrashContext,
  program: RecoveryProgram<T>,
): Outcome | Promise<Outcome> {
  fs.operations.left = program.maxOperations + 1; // 0 once one more was tried
  const judged = (answer: unknown): Outcome =>
    fs.operations.left === 0
      ? failed(unsettled(program, `${program.maxOperations} operations`))
      : answer === true || answer === undefined
        ? passed
        : failed(new Error(answer === false ? "the check returned false" : unclear(answer)));
  const thrown = (cause: unknown): Outcome =>
    failed(fs.operations.left === 0 ? unsettled(program, `${program.maxOperations} operations`, cause) : cause);
  let returned: readonly [unknown] | undefined;
  const check = (value: T): ReturnType<typeof program.check> => {
    returned = [value];
    return program.check(value, context);
  };
  const told = (outcome: Outcome): Outcome =>
    outcome.kind === "failed" && returned !== undefined ? { ...outcome, recovered: returned } : outcome;
  try {
    const recovered = program.recover(new Directory(fs), context);
    if (isPromiseLike(recovered)) {
      return settled(recovered, "recovery", program).then(check).then(judged, thrown).then(told);
    }
    const answer = check(recovered);
    return isPromiseLike(answer) ? Promise.resolve(answer).then(judged, thrown).then(told) : told(judged(answer));
  } catch (cause) {
    return told(thrown(cause));
  }
}

/** The value of a promise that settles in a bounded number of turns; a promise that does not is given up. */
export async function settled<V>(
  promise: PromiseLike<V>,
  what: "recovery" | "setup" | "workload",
  program: Pick<RecoveryProgram<unknown>, "name" | "maxTurns" | "turn">,
): Promise<V> {
  const progress = { done: false };
  const finish = (): void => {
    progress.done = true;
  };
  const own = Promise.resolve(promise); // asks a promise of another library only once
  own.then(finish, finish);
  for (let turns = 0; !progress.done && turns < freeMicrotasks; turns += 1) await Promise.resolve();
  for (let turns = 0; !progress.done; turns += 1) {
    if (turns >= program.maxTurns) {
      throw unsettled(program, `${program.maxTurns} turns of the event loop`, undefined, what);
    }
    await program.turn();
  }
  return own;
}

function unsettled(
  { name }: { readonly name: string },
  bound: string,
  cause?: unknown,
  what = "recovery",
): CrashTestError {
  const why = `${name}: ${what} did not come to an end within ${bound}`;
  return new CrashTestError("CRASH_TEST_UNSETTLED", why, undefined, cause === undefined ? {} : { cause });
}

/** A check that returns something else was meant to say more than it does, and would pass whatever it found. */
function unclear(answer: unknown): string {
  return `the check returned ${answer === null ? "null" : typeof answer}: it may throw, or return true, false or nothing`;
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
export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
