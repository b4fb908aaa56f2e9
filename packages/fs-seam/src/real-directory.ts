import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Directory } from "./directory.js";
import { checkKeys } from "./fs-arguments.js";
import { errnoOf, fsErrorFrom } from "./fs-errno.js";
import { isFsError } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import { RealFs } from "./real-fs.js";
import { checkRealOptions } from "./real-options.js";

/** How a directory of the host is opened. */
export interface OpenDirectoryOptions {
  /** Create the directory, and what is missing above it, and sync the names created. Default false. */
  readonly create?: boolean;
  /** Refuse every change with `FS_READ_ONLY`. Default false. */
  readonly readOnly?: boolean;
}

/**
 * A {@link Directory} for a directory of the host: the usual way to begin.
 *
 * With `create`, the names on the way are durable on return. When the directory existed, its own name is synced once more,
 * in case the run that made it died before its barrier; an unreadable parent is passed over then.
 *
 * @throws FsError `FS_NOT_FOUND`, `FS_NOT_A_DIRECTORY`, `FS_INVALID_ARGUMENT`, and whatever the platform says.
 */
export function openDirectory(hostPath: string, options: OpenDirectoryOptions = {}): Directory {
  checkKeys(options, ["create", "readOnly"], "mount", String(hostPath));
  const { create = false, readOnly = false } = options;
  const realOptions = { root: hostPath, readOnly };
  checkRealOptions(realOptions);
  if (create && !readOnly) createDurably(resolve(hostPath));
  return new Directory(new RealFs(realOptions));
}

function createDurably(path: string): void {
  const missing = missingLevels(path);
  for (const level of missing) {
    try {
      mkdirSync(level);
    } catch (error) {
      // Made by somebody else meanwhile.
      if (errnoOf(error) === "EEXIST" && isDirectory(level)) continue;
      throw fsErrorFrom(error, "makeDirectory", path);
    }
  }
  const [outermost] = missing;
  const last = dirname(outermost ?? path);
  for (let level = path; level !== last;) {
    level = dirname(level);
    try {
      new RealFs({ root: level }).syncNamesBlocking("/");
    } catch (error) {
      if (outermost !== undefined || !isFsError(error, "FS_PERMISSION_DENIED")) throw error;
    }
  }
}

/**
 * The levels of a path that are not there, the outermost first. `mkdir` with `recursive` is no way to make them: where a directory that exists says `ENOENT` for
 * what is to be made in it, as `/proc` does, it tries for ever.
 */
function missingLevels(path: string): string[] {
  const missing: string[] = [];
  for (let level = path; missing[0] !== level && !isDirectory(level); level = dirname(level)) missing.unshift(level);
  return missing;
}

/** False where there is nothing. @throws FsError `FS_NOT_A_DIRECTORY`, and what the platform says. */
function isDirectory(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() !== false) return found !== undefined;
  } catch (error) {
    throw fsErrorFrom(error, "makeDirectory", path);
  }
  throw refusal("FS_NOT_A_DIRECTORY", "makeDirectory", path, "it is no directory", { errno: "ENOTDIR" });
}
