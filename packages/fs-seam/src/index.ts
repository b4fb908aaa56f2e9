/**
 * Entry `@holdfast/fs-seam`: the contracts of the file seam, the real file system behind it, and the protocols that
 * order disk operations.
 * @packageDocumentation
 */
export { atomicReplace, atomicReplaceBlocking, type ReplaceOptions } from "./atomic-replace.js";
export { cleanUpAfter, cleanupFailureOf } from "./cleanup-failure.js";
export {
  copyFile,
  linkOrCopy,
  type CopyLadder,
  type CopyMethod,
  type CopyOptions,
  type CopyOutcome,
  type FilePlace,
} from "./copy-file.js";
export { Directory, tempPrefix } from "./directory.js";
export { acquireDirectoryLock, DirectoryLock, type DirectoryLockOptions } from "./directory-lock.js";
export { durabilityRungs, type DurabilityRung, type PublishRung, type SyncRung } from "./durability.js";
export type { FileHandle, FileKind, FileStat, OpenFileOptions } from "./file-handle.js";
export { checkBuffer, checkBytes, checkOpenOptions, checkRange, checkRung } from "./fs-arguments.js";
export {
  FsError,
  fsErrorCodeOf,
  fsErrorCodes,
  isFsError,
  type FsErrorCode,
  type FsErrorContext,
  type FsOperation,
} from "./fs-error.js";
export { baseName, checkAbsolutePath, checkRelativePath, joinPath, parentPath } from "./fs-path.js";
export type { LockOwner } from "./lock-file.js";
export { makeDirectoriesDurably, makeDirectoriesDurablyBlocking } from "./make-directories-durably.js";
export { stageFile, StagedFile, type PublishOptions } from "./publish.js";
export { openDirectory, type OpenDirectoryOptions } from "./real-directory.js";
export { RealFs } from "./real-fs.js";
export type { RealFsOptions } from "./real-options.js";
export type { RealRetry } from "./real-retry.js";
export { removeDurably, removeDurablyBlocking } from "./remove-durably.js";
export type { DirectoryEntry, FsCapabilities, FsSpace, ProcessIdentity, StoreFs } from "./store-fs.js";
