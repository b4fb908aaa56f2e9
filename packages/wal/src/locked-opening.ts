import { acquireDirectoryLock, cleanUpAfter, type Directory, type DirectoryLock } from "@holdfast/fs-seam";
import { spaceFailure } from "./space-failure.js";

/**
 * Opens a log with its lock held, and gives the lock back when that fails: the first failure is what is thrown. On a full disk it is
 * `WAL_NO_SPACE`, and the log is what it was.
 */
export async function openLocked<T>(
  directory: Directory,
  name: string,
  open: (lock: DirectoryLock) => Promise<T>,
): Promise<T> {
  try {
    const lock = acquireDirectoryLock(directory, { name });
    try {
      return await open(lock);
    } catch (error) {
      cleanUpAfter(error, () => lock.release());
      throw error;
    }
  } catch (error) {
    throw spaceFailure(error);
  }
}
