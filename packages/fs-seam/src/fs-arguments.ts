import type { FsOperation } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import type { OpenFileOptions } from "./file-handle.js";

/** The checks on numbers, bytes and options that every backend makes in the same words. */

/** Throws unless `value` is a whole number of bytes from 0 to 2^53-1. */
export function checkBytes(value: number, name: string, operation: FsOperation, path: string): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  const why = `${name} must be a whole number from 0 to 2^53-1, not ${String(value)}`;
  throw refusal("FS_INVALID_ARGUMENT", operation, path, why, { errno: "EINVAL" });
}

/** Throws unless `offset` and `offset + length` are whole numbers from 0 to 2^53-1. */
export function checkRange(offset: number, length: number, operation: FsOperation, path: string): void {
  checkBytes(offset, "offset", operation, path);
  checkBytes(length, "length", operation, path);
  if (Number.isSafeInteger(offset + length)) return;
  throw refusal("FS_FILE_TOO_LARGE", operation, path, "the range ends behind 2^53-1", { offset, errno: "EFBIG" });
}

/** Throws unless `bytes` is a Uint8Array. */
export function checkBuffer(bytes: Uint8Array, operation: FsOperation, path: string): void {
  if (bytes instanceof Uint8Array) return;
  throw refusal("FS_INVALID_ARGUMENT", operation, path, "bytes must be a Uint8Array", { errno: "EINVAL" });
}

/** Throws unless `rung` is one a file barrier knows. */
export function checkRung(rung: string, path: string): void {
  if (rung === "data" || rung === "full") return;
  const why = `rung must be "data" or "full", not ${String(rung)}`;
  throw refusal("FS_INVALID_ARGUMENT", "sync", path, why, { errno: "EINVAL" });
}

const openModes = ["read", "write", "append"];
const createModes = ["never", "if-missing", "exclusive"];
const openKeys = ["mode", "create", "truncate"];

/** Throws on an unknown option, an unknown value, or a combination that means nothing. */
export function checkOpenOptions(options: OpenFileOptions, path: string): void {
  const bad = explainOpenOptions(options);
  if (bad === undefined) return;
  throw refusal("FS_INVALID_ARGUMENT", "open", path, bad, { errno: "EINVAL" });
}

function explainOpenOptions(options: OpenFileOptions): string | undefined {
  if (typeof options !== "object" || options === null) return "options must be an object";
  const { mode, create = "never", truncate = false } = options;
  if (!openModes.includes(mode)) return `mode must be one of ${openModes.join(", ")}`;
  if (!createModes.includes(create)) return `create must be one of ${createModes.join(", ")}`;
  if (typeof truncate !== "boolean") return "truncate must be a boolean";
  if (mode === "read" && create !== "never") return "create needs mode write or append";
  if (truncate && mode !== "write") return "truncate needs mode write";
  for (const key in options) if (!openKeys.includes(key)) return `unknown option ${JSON.stringify(key)}`;
  return undefined;
}

/** Throws unless `options` is an object without any other key: a misspelled option must not pass for its default. */
export function checkKeys(options: object, keys: readonly string[], operation: FsOperation, path: string): void {
  const bad =
    typeof options !== "object" || options === null
      ? "options must be an object"
      : Object.keys(options)
          .filter((key) => !keys.includes(key))
          .map((key) => `unknown option ${JSON.stringify(key)}`)[0];
  if (bad === undefined) return;
  throw refusal("FS_INVALID_ARGUMENT", operation, path, bad, { errno: "EINVAL" });
}
