import { isFsError, type FsErrorCode } from "../fs-error.js";
import { rollbackPrefix } from "../path-ledger.js";

/** What an operation did, in the words of the recorded cases. `notRun` is ours: the script asks for something unknown. */
export type SeedOutcome =
  | { readonly ok: true; readonly dropped?: boolean }
  | { readonly value: unknown }
  | { readonly error: SeedErrorName }
  | { readonly short: number }
  | { readonly state: TreeState }
  | { readonly aborts: string }
  | { readonly notRun: string };

/** Files and directories under `/t`. */
export interface TreeState {
  readonly files: Readonly<Record<string, string>>;
  readonly dirs: readonly string[];
}

/** The error names of the references. `Io` is their word for everything they do not classify. */
export type SeedErrorName =
  | "NotFound"
  | "AlreadyExists"
  | "InvalidInput"
  | "IsADirectory"
  | "NotADirectory"
  | "Unsupported"
  | "StorageFull"
  | "Io";

/** A refusal that belongs to the reference's backend and not to our engine. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
  readonly error: SeedErrorName;

  constructor(error: SeedErrorName) {
    super(error);
    this.error = error;
  }
}

/** A read that came to an end too early; `count` bytes were there. */
export class ShortRead extends Error {
  override readonly name: string = "ShortRead";
  readonly count: number;

  constructor(count: number) {
    super(`${count} bytes`);
    this.count = count;
  }
}

/** The script uses a word or an argument that its vocabulary does not have. */
export class UnknownWord extends Error {
  override readonly name: string = "UnknownWord";
}

const nameOfCode: Readonly<Partial<Record<FsErrorCode, SeedErrorName>>> = {
  FS_NOT_FOUND: "NotFound",
  FS_ALREADY_EXISTS: "AlreadyExists",
  FS_INVALID_ARGUMENT: "InvalidInput",
  FS_INVALID_PATH: "InvalidInput",
  FS_IS_A_DIRECTORY: "IsADirectory",
  FS_NOT_A_DIRECTORY: "NotADirectory",
  FS_UNSUPPORTED: "Unsupported",
  FS_NO_SPACE: "StorageFull",
};

/** The outcome of an operation that threw. What is no refusal is a bug of ours, and must not hide the other cases. */
export function outcomeOfError(error: unknown): SeedOutcome {
  if (error instanceof Refusal) return { error: error.error };
  if (error instanceof ShortRead) return { short: error.count };
  if (error instanceof UnknownWord) return { notRun: error.message };
  if (!isFsError(error)) return { notRun: `internal error: ${String(error)}` };
  if (error.message.startsWith(rollbackPrefix)) return { aborts: error.message };
  return { error: nameOfCode[error.code] ?? "Io" };
}

type Expected = Readonly<Record<string, unknown>>;

/** Which vocabulary a script uses. */
export type SeedFormat = "crash-cases" | "sim-cases";

/** True when the outcome of `op` is the recorded one, or one of those listed under `anyOf`. */
export function matches(format: SeedFormat, op: string, expected: Expected, actual: SeedOutcome): boolean {
  const { anyOf } = expected;
  if (Array.isArray(anyOf)) return anyOf.some((each: Expected) => matches(format, op, each, actual));
  if (sameJson(sortedDirs(expected), sortedDirs(actual))) return true;
  if (expected["error"] === "Io" && "error" in actual) return isMoreSpecific(actual.error);
  if (!("value" in actual)) return false;
  // The vocabularies leave three things open: whether a seek reports where it ended up, how long a directory is, and,
  // one of them, how a listing marks directories.
  if (op === "hSeek") return sameJson(expected, { ok: true });
  if (op === "stat") return isDirectory(expected["value"]) && isDirectory(actual.value);
  return format === "sim-cases" && op === "list" && sameJson(plainNames(expected["value"]), plainNames(actual.value));
}

function isDirectory(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "dir";
}

function plainNames(names: unknown): unknown {
  return Array.isArray(names) ? names.map((name) => String(name).replace(/\/$/, "")) : undefined;
}

/** Where the reference says only that something failed, we may say what. It does tell these two apart by itself. */
function isMoreSpecific(error: SeedErrorName): boolean {
  return error !== "NotFound" && error !== "AlreadyExists";
}

/** The order of directories is no part of what was recorded. */
function sortedDirs(outcome: Expected | SeedOutcome): unknown {
  const { state } = outcome as { readonly state?: Partial<TreeState> };
  return state === undefined ? outcome : { ...outcome, state: { ...state, dirs: [...(state.dirs ?? [])].sort() } };
}

/** Equality of JSON values; the order of keys means nothing. */
function sameJson(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), b as Record<string, unknown>]; // both are objects by now
  if (left.length !== Object.keys(right).length) return false;
  return left.every(([key, value]) => Object.hasOwn(right, key) && sameJson(value, right[key]));
}
