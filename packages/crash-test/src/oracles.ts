import type { Directory } from "@holdfast/fs-seam";
import type { CrashContext, CrashMatrixOptions } from "./crash-matrix-options.js";
import { CrashTestError } from "./crash-test-error.js";
import { completeWith, completionOf, type ProgramState } from "./oracle-completion.js";
import { isPromiseLike } from "./recovery-run.js";
import { sameValue, shortText } from "./value-text.js";

/** Laws that most storage code has to keep, ready for the option `check`; and guards around `recover`. */

/** Judges what was recovered: throws when a promise is broken. */
export type Oracle<T> = (recovered: T, context: CrashContext) => void;

type Recover<T> = CrashMatrixOptions<T>["recover"];

/** What an oracle throws: the law that was broken, by name. */
export class BrokenPromise extends Error {
  override readonly name: string = "BrokenPromise";
  /** Name of the oracle. */
  readonly oracle: string;

  constructor(oracle: string, message: string) {
    super(`${oracle}: ${message}`);
    this.oracle = oracle;
  }
}

function demand(holds: boolean, oracle: string, message: () => string): void {
  if (!holds) throw new BrokenPromise(oracle, message());
}

/** Laws and what they judge may come from code without types: a text has a length and an index, too. */
function requireList(oracle: string, what: string, value: unknown): void {
  if (Array.isArray(value)) return;
  refuse(`${oracle} needs ${what} as a list, and got ${kindOf(value)}`);
}

function requireBytes(oracle: string, what: string, value: unknown): void {
  if (value instanceof Uint8Array) return;
  refuse(`${oracle} needs ${what} as bytes, a Uint8Array, and got ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return String(value === null ? null : typeof value);
  return Array.isArray(value) ? "a list" : "another object";
}

function refuse(why: string): never {
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", why);
}

/**
 * All of them, in order; the first one that is broken is the one reported.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` without a law: that would hold whatever is recovered.
 */
export function allOf<T>(...oracles: readonly Oracle<T>[]): Oracle<T> {
  if (oracles.length === 0) refuse("allOf needs a law at least, and got none");
  const law: Oracle<T> = (recovered, context) => {
    for (const oracle of oracles) oracle(recovered, context);
  };
  if (oracles.some((oracle) => completionOf(oracle) !== undefined)) {
    completeWith(law, (states) => allOf(...oracles.map((oracle) => completionOf(oracle)?.(states) ?? oracle)));
  }
  return law;
}

/** Judges a part of what was recovered. */
export function where<T, Part>(part: (recovered: T) => Part, oracle: Oracle<Part>): Oracle<T> {
  const law: Oracle<T> = (recovered, context) => oracle(part(recovered), context);
  const complete = completionOf(oracle);
  if (complete !== undefined) {
    completeWith(law, (states) => where(part, complete(partsOf(states, part))));
  }
  return law;
}

/** A moment that has no such part allows none. */
function partsOf(states: readonly ProgramState[], part: (recovered: never) => unknown): ProgramState[] {
  return states.flatMap(({ acks, recovered }) => {
    try {
      return [{ acks, recovered: part(recovered as never) }]; // what recovery returned, as the law is given it
    } catch {
      return [];
    }
  });
}

/** A change is there as a whole or not at all. */
export function atomic<T>(before: T, after: T): Oracle<T> {
  return (recovered) => {
    const holds = sameValue(recovered, before) || sameValue(recovered, after);
    demand(holds, "atomic", () => `${shortText(recovered)} is neither ${shortText(before)} nor ${shortText(after)}`);
  };
}

/** Once `label` was acknowledged, this holds. */
export function durable<T>(label: string, holds: (recovered: T) => boolean): Oracle<T> {
  return (recovered, { acked }) => {
    const kept = !acked(label) || holds(recovered);
    demand(kept, "durable", () => `${label} was acknowledged, and ${shortText(recovered)} is there`);
  };
}

/** How many entries of a history are acknowledged: the largest number given to `ack` as data, or how often it was called. */
export function ackedCount({ acks }: CrashContext): number {
  const numbers = acks.flatMap(({ data }) => (typeof data === "number" ? [data] : []));
  return numbers.length === 0 ? acks.length : Math.max(...numbers);
}

/**
 * What is there is a prefix of what was done, with everything that was acknowledged.
 *
 * @param acked - how many entries have to be there; default {@link ackedCount}.
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` when it is given, or has to judge, anything but a list.
 */
export function prefix<E>(
  history: readonly E[],
  acked: (context: CrashContext) => number = ackedCount,
): Oracle<readonly E[]> {
  requireList("prefix", "its history", history);
  return (recovered, context) => {
    requireList("prefix", "what was recovered", recovered);
    recovered.forEach((entry, index) => {
      const holds = index < history.length && sameValue(entry, history[index]);
      demand(holds, "prefix", () => `entry ${index} is ${shortText(entry)}, and not ${shortText(history[index])}`);
    });
    const least = acked(context);
    demand(
      recovered.length >= least,
      "prefix",
      () => `${least} entries are acknowledged, ${recovered.length} are there`,
    );
  };
}

/**
 * A register that only moves forward: what is there is one of its versions, and none older than the last acknowledged.
 *
 * @param versions - from the one before the program on.
 * @param acked - index of the oldest version that may be there; default {@link ackedCount}.
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` when the versions are no list.
 */
export function monotonic<V>(versions: readonly V[], acked: (context: CrashContext) => number = ackedCount): Oracle<V> {
  requireList("monotonic", "its versions", versions);
  return (recovered, context) => {
    const found = versions.findLastIndex((version) => sameValue(version, recovered));
    demand(found !== -1, "monotonic", () => `${shortText(recovered)} is no version`);
    const least = acked(context);
    demand(found >= least, "monotonic", () => `version ${least} is acknowledged, version ${found} is there`);
  };
}

/**
 * Every byte was written at its place by somebody, or is a zero where nobody wrote: nothing of a stranger shows.
 *
 * @param written - everything that was ever written to this file, each from offset 0 on.
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` when it is given, or has to judge, anything but bytes.
 */
export function noGarbage(written: readonly Uint8Array[]): Oracle<Uint8Array> {
  requireList("noGarbage", "what was written", written);
  for (const bytes of written) requireBytes("noGarbage", "each of what was written", bytes);
  return (recovered) => {
    requireBytes("noGarbage", "what was recovered", recovered);
    const wrong = recovered.findIndex((byte, at) => byte !== 0 && !written.some((bytes) => bytes[at] === byte));
    demand(wrong === -1, "noGarbage", () => `byte ${wrong} is ${recovered[wrong]}, which nobody wrote there`);
  };
}

/** Recovers twice, and demands that the second time changes nothing. */
export function idempotent<T>(recover: Recover<T>): Recover<T> {
  const compare = (first: T, second: T): T => {
    const [a, b] = [shortText(first), shortText(second)];
    demand(sameValue(first, second), "idempotent", () => `recovery came to ${a}, and once more to ${b}`);
    return second;
  };
  return (directory, context) => {
    const first = recover(directory, context);
    if (isPromiseLike(first)) {
      return Promise.resolve(first).then(async (value) => compare(value, await recover(directory, context)));
    }
    const second = recover(directory, context);
    return isPromiseLike(second)
      ? Promise.resolve(second).then((value: T) => compare(first, value))
      : compare(first, second);
  };
}

/** What `noLeak` counts as a temporary file, and how many it lets be. */
export interface NoLeakOptions {
  /** Whether a file may only live for a while. Default: a name that starts with `.~` or ends in `.tmp`. */
  readonly isTemporary?: (name: string) => boolean;
  /** So many may be there after a recovery. Default 0. */
  readonly maxTemporaries?: number;
}

/** Demands that recovery leaves no temporary files; with `nested: k` over k crashes in a row, so that none pile up. */
export function noLeak<T>(recover: Recover<T>, options: NoLeakOptions = {}): Recover<T> {
  const { isTemporary = isTemporaryName, maxTemporaries = 0 } = options;
  const inspect = (directory: Directory, recovered: T): T => {
    const left = temporaries(directory.fs, directory.path, isTemporary);
    const few = left.length <= maxTemporaries;
    demand(
      few,
      "noLeak",
      () => `${left.length} temporary files are left, ${maxTemporaries} may be: ${left.join(", ")}`,
    );
    return recovered;
  };
  return (directory, context) => {
    const recovered = recover(directory, context);
    if (!isPromiseLike(recovered)) return inspect(directory, recovered);
    return Promise.resolve(recovered).then((value: T) => inspect(directory, value));
  };
}

function isTemporaryName(name: string): boolean {
  return name.startsWith(".~") || name.endsWith(".tmp");
}

/** Below the directory itself: its own `list` leaves out names that begin as temporary ones do. */
function temporaries(fs: Directory["fs"], path: string, isTemporary: (name: string) => boolean): string[] {
  return fs.list(path).flatMap(({ name, kind }) => {
    const below = path === "/" ? `/${name}` : `${path}/${name}`;
    if (kind === "directory") return temporaries(fs, below, isTemporary);
    return isTemporary(name) ? [below] : [];
  });
}
