import { WalError } from "./wal-error.js";

/** The checks on arguments that the profiles make: each throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */

export function refuseOption(option: string, why: string): never {
  throw new WalError("WAL_INVALID_OPTION", `option ${option} ${why}`, { option });
}

/** A misspelled option must not pass for its default. */
export function checkKnown(options: object, keys: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new WalError("WAL_INVALID_OPTION", "options must be an object");
  }
  for (const key of Object.keys(options)) if (!keys.includes(key)) refuseOption(key, "is unknown");
}

export function checkWhole(value: number, option: string, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  refuseOption(option, `must be a whole number from ${min} to ${max}, not ${String(value)}`);
}

/** Ids are u64 in the files and whole numbers up to 2^53-1 here. */
export function checkId(value: number, option: string, min: 0 | 1): void {
  checkWhole(value, option, min, Number.MAX_SAFE_INTEGER);
}

export function checkVersion(value: number, versions: readonly number[]): void {
  if (versions.includes(value)) return;
  refuseOption("version", `must be ${versions.join(" or ")}, not ${String(value)}`);
}

export function checkBytes(bytes: Uint8Array, option: string): void {
  if (!(bytes instanceof Uint8Array)) refuseOption(option, "must be a Uint8Array");
}

export function checkBoolean(value: boolean, option: string): void {
  if (typeof value !== "boolean") refuseOption(option, "must be a boolean");
}

export function checkFunction(value: unknown, option: string): void {
  if (typeof value !== "function") refuseOption(option, "must be a function");
}
