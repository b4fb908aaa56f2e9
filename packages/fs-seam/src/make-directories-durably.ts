import type { Directory } from "./directory.js";
import { relativeParent } from "./fs-path.js";

/**
 * Creates a directory and every missing level above it, and makes all their names durable.
 *
 * The parent of every level is synced, outermost first, also of levels that existed: a run that was killed between its
 * `makeDirectory` and its barrier leaves a directory that is there now and may be gone after a power loss, and nothing
 * tells the two apart. A barrier with nothing to do is cheap; this is for opening a store, not for a hot path.
 *
 * Crash windows: before the last barrier returns, any number of the innermost levels may be missing, with all they hold.
 * A file in a level is therefore durable only once this has returned, whatever its own barriers said.
 *
 * The name of `directory` itself is out of reach here: whoever created it syncs it (`openDirectory` does).
 *
 * @throws FsError `FS_NOT_A_DIRECTORY` when a level is a file. After a failure some levels may exist, and calling again is
 * right: nothing is lost by a directory that exists too early.
 */
export async function makeDirectoriesDurably(directory: Directory, path: string): Promise<void> {
  directory.makeDirectories(path);
  for (const parent of parentsOf(path)) await directory.syncNames(parent);
}

/** The same, holding the event loop until it returns. */
export function makeDirectoriesDurablyBlocking(directory: Directory, path: string): void {
  directory.makeDirectories(path);
  for (const parent of parentsOf(path)) directory.syncNamesBlocking(parent);
}

/** The parent of each level of `path`, outermost first. */
function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let level = path; level !== ""; level = relativeParent(level)) parents.unshift(relativeParent(level));
  return parents;
}
