import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { checkKeys } from "./fs-arguments.js";
import { fsErrorFrom } from "./fs-errno.js";
import { refusal } from "./fs-refusal.js";
import type { RealCalls } from "./real-calls.js";
import type { RealRetry } from "./real-retry.js";

/** Which directory of the host is opened, and how. */
export interface RealFsOptions {
  /** Path on the host of an existing directory. Symlinks in it are resolved once, now. */
  readonly root: string;
  /** Refuse every change with `FS_READ_ONLY`. Default false. */
  readonly readOnly?: boolean;
  /** Told about every call that is made again: interrupted by a signal, or a Windows rename that met an open file. */
  readonly onRetry?: (retry: RealRetry) => void;
  /** @internal Calls to use instead of the platform's. */
  readonly calls?: Partial<RealCalls>;
  /** @internal The platform whose differences apply; default the one we run on. */
  readonly platform?: NodeJS.Platform;
}

const optionNames = ["root", "readOnly", "onRetry", "calls", "platform"];

/** Throws `FS_INVALID_ARGUMENT` on an unknown option or a wrong value. */
export function checkRealOptions(options: RealFsOptions): void {
  checkKeys(options, optionNames, "mount", "RealFs");
  const { root, readOnly = false } = options;
  let bad: string | undefined;
  if (typeof root !== "string" || root === "" || root.includes("\0")) bad = "root must be a path";
  else if (typeof readOnly !== "boolean") bad = "readOnly must be a boolean";
  else return;
  throw refusal("FS_INVALID_ARGUMENT", "mount", "RealFs", bad, { errno: "EINVAL" });
}

/** The directory with every symlink resolved. Throws `FS_NOT_FOUND` or `FS_NOT_A_DIRECTORY`. */
export function canonicalRoot(root: string): string {
  const path = resolve(root);
  try {
    const canonical = realpathSync.native(path);
    if (statSync(canonical).isDirectory()) return canonical;
  } catch (error) {
    throw fsErrorFrom(error, "mount", path);
  }
  throw refusal("FS_NOT_A_DIRECTORY", "mount", path, "is no directory", { errno: "ENOTDIR" });
}
