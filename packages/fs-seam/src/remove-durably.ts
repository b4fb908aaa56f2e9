import type { Directory } from "./directory.js";
import { relativeParent } from "./fs-path.js";
import { visibleFailure } from "./visible-failure.js";

/**
 * Removes a file, and its name from the disk. Crash window: between the removal and the names barrier a power loss may
 * bring the file back, whole. Behind the barrier it cannot return.
 *
 * When there is no such file the names barrier runs all the same: an earlier run may have removed it and died before its
 * own barrier, and then the name could still return.
 *
 * @returns whether a file was removed.
 * @throws FsError `FS_IS_A_DIRECTORY`, and whatever the backend says; with `visible: true` when the file is gone for now
 * and only the barrier failed.
 */
export async function removeDurably(directory: Directory, path: string): Promise<boolean> {
  const removed = directory.removeIfPresent(path);
  try {
    await directory.syncNames(relativeParent(path));
  } catch (error) {
    throw removed ? visibleFailure(error, `remove ${path}`) : error;
  }
  return removed;
}

/** The same, holding the event loop until it returns. */
export function removeDurablyBlocking(directory: Directory, path: string): boolean {
  const removed = directory.removeIfPresent(path);
  try {
    directory.syncNamesBlocking(relativeParent(path));
  } catch (error) {
    throw removed ? visibleFailure(error, `remove ${path}`) : error;
  }
  return removed;
}
