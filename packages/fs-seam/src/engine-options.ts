import { FsError } from "./fs-error.js";

/** When running out of space shows. */
export type SpacePolicy =
  /** At the write, after the bytes that still fitted. */
  | "at-write"
  /** At the next barrier of the file (delayed allocation), as a failed sync. */
  | "at-sync"
  /** At the close of the handle (network file systems). */
  | "at-close";

/** Options that every in-memory backend takes. */
export interface EngineOptions {
  /** Refuse every change with `FS_READ_ONLY`. Default false. */
  readonly readOnly?: boolean;
  /** Bytes of storage, whole pages of 4096 counted; then `FS_NO_SPACE`. Default: no bound. */
  readonly capacityBytes?: number;
  /** The same bound under the name of a quota; then `FS_QUOTA_EXCEEDED`. Default: no bound. */
  readonly quotaBytes?: number;
  /** Default `at-write`. */
  readonly spacePolicy?: SpacePolicy;
  /** Open handles at one time; then `FS_TOO_MANY_OPEN_FILES`. Default: no bound. */
  readonly maxOpenHandles?: number;
}

const optionKeys = ["readOnly", "capacityBytes", "quotaBytes", "spacePolicy", "maxOpenHandles"];

/** Throws on an unknown option or a value out of bounds. */
export function checkEngineOptions(options: EngineOptions, more: readonly string[] = []): void {
  const bad: (why: string) => never = (why) => {
    throw new FsError("FS_INVALID_ARGUMENT", `mount: ${why}`, { operation: "mount", errno: "EINVAL" });
  };
  for (const key in options) {
    if (!optionKeys.includes(key) && !more.includes(key)) bad(`unknown option ${JSON.stringify(key)}`);
  }
  for (const key of ["capacityBytes", "quotaBytes", "maxOpenHandles"] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) bad(`${key} must be a whole number >= 0`);
  }
  const policies: (string | undefined)[] = [undefined, "at-write", "at-sync", "at-close"];
  if (!policies.includes(options.spacePolicy)) bad("spacePolicy must be at-write, at-sync or at-close");
}
