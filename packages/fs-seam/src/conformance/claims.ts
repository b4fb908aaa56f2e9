import { fsOperations, isFsError } from "../fs-error.js";
import type { FsError, FsErrorCode, FsOperation } from "../fs-error.js";

/** The whole assertion library of the suite, so that it binds to none. */

/** A backend broke an obligation. */
export class ConformanceViolation extends Error {
  override readonly name: string = "ConformanceViolation";
}

/** Throws a {@link ConformanceViolation} unless `holds`. */
export function claim(holds: boolean, what: string): asserts holds {
  if (!holds) throw new ConformanceViolation(what);
}

/** Throws unless both have the same JSON form: for numbers, texts, and plain records of them. */
export function claimEqual<Value>(actual: Value, expected: Value, what: string): void {
  const found = JSON.stringify(actual);
  const wanted = JSON.stringify(expected);
  claim(found === wanted, `${what}: expected ${wanted}, found ${found}`);
}

/** What an operation must throw. */
export interface ExpectedFailure {
  readonly code: FsErrorCode | readonly FsErrorCode[];
  readonly operation?: FsOperation;
  readonly path?: string;
}

/** Throws unless `body` throws an error as expected; returns that error. */
export function claimThrows(what: string, expected: ExpectedFailure, body: () => unknown): FsError {
  try {
    body();
  } catch (error) {
    return judge(what, expected, error);
  }
  throw new ConformanceViolation(`${what}: expected ${codesOf(expected)}, but it succeeded`);
}

/** The promise form of {@link claimThrows}; a call that throws instead of rejecting is a violation of its own. */
export async function claimRejects(
  what: string,
  expected: ExpectedFailure,
  body: () => Promise<unknown>,
): Promise<FsError> {
  let promise: Promise<unknown>;
  try {
    promise = body();
  } catch (error) {
    throw new ConformanceViolation(`${what}: a promise form must reject, and this one threw`, { cause: error });
  }
  try {
    await promise;
  } catch (error) {
    return judge(what, expected, error);
  }
  throw new ConformanceViolation(`${what}: expected ${codesOf(expected)}, but it succeeded`);
}

function codesOf(expected: ExpectedFailure): string {
  return typeof expected.code === "string" ? expected.code : expected.code.join(" or ");
}

function judge(what: string, expected: ExpectedFailure, error: unknown): FsError {
  if (!isFsError(error)) {
    throw new ConformanceViolation(`${what}: expected an FsError, found ${String(error)}`, { cause: error });
  }
  const codes: readonly FsErrorCode[] = typeof expected.code === "string" ? [expected.code] : expected.code;
  if (!codes.includes(error.code)) {
    const message = `${what}: expected ${codesOf(expected)}, found ${error.code} (${error.message})`;
    throw new ConformanceViolation(message, { cause: error });
  }
  claim(fsOperations.includes(error.operation), `${what}: unknown operation ${String(error.operation)} in the error`);
  claim(error.message !== "", `${what}: the error has no message`);
  const { operation, path } = expected;
  if (operation !== undefined) claimEqual(error.operation, operation, `${what}: operation of the error`);
  if (path !== undefined) claimEqual(error.path, path, `${what}: path of the error`);
  return error;
}
