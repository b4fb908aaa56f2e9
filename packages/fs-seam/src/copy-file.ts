import { cleanUpAfter } from "./cleanup-failure.js";
import type { Directory } from "./directory.js";
import type { PublishRung } from "./durability.js";
import { checkKeys } from "./fs-arguments.js";
import { isFsError } from "./fs-error.js";
import type { FileHandle } from "./file-handle.js";
import { notAFile, refusal } from "./fs-refusal.js";
import { checkRelativePath, joinPath, relativeParent } from "./fs-path.js";
import { abandon, checkPublishRung, refuseTarget, stageFile } from "./publish.js";
import { makeTemp } from "./temp-name.js";
import { visibleFailure } from "./visible-failure.js";

/**
 * Copies by the cheapest means the platform has, and says which it was.
 *
 * - `reflink`: a new file that shares storage until one of the two changes. As independent as a copy.
 * - `link`: a second name of the same file. Only for files that will never change again: a later write, truncate or punch
 *   through either name changes both, and a crash can cut both.
 * - `copy`: reads and writes every byte; holes become zeros.
 *
 * All of them work on a temporary name in the destination's directory and end with a rename, so the destination shows
 * what it held before or the whole copy, and a failure leaves it as it was. Nothing is synced unless a rung asks for it;
 * with one, the windows are those of `publish.ts`.
 */

export type CopyMethod = "reflink" | "link" | "copy";

/** What may be tried, from left to right: the next when one proves impossible here, never after another failure. */
export type CopyLadder = CopyMethod | "reflink-or-copy" | "link-or-copy" | "reflink-or-link-or-copy";

const ladders: readonly CopyLadder[] = [
  "reflink",
  "link",
  "copy",
  "reflink-or-copy",
  "link-or-copy",
  "reflink-or-link-or-copy",
];

/** How a file is copied, and what the copy survives. */
export interface CopyOptions {
  /** What may be tried, in order. */
  readonly method: CopyLadder;
  /** What the copy has to survive once the promise resolves. Default `os`: nothing is synced. */
  readonly rung?: PublishRung;
}

/** What became of a copy. */
export interface CopyOutcome {
  /** How the copy came about; `same-file` when source and destination are one path, and nothing was touched. */
  readonly method: CopyMethod | "same-file";
  /** Length of the file in bytes. */
  readonly bytes: number;
}

/** A file by its directory, for copies between two of them. */
export interface FilePlace {
  /** Where `path` begins. */
  readonly directory: Directory;
  /** Relative to `directory`. */
  readonly path: string;
}

/**
 * Copies a file within one directory tree, replacing the destination.
 *
 * @throws {@link FsError} `FS_NOT_FOUND`, `FS_SYMLINK_REFUSED` or `FS_IS_A_DIRECTORY` for either side, `FS_UNSUPPORTED`
 * when no method of the ladder is possible, and whatever the backend says; with `visible: true` when the copy is in place
 * and only the names barrier failed.
 */
export function copyFile(directory: Directory, from: string, to: string, options: CopyOptions): Promise<CopyOutcome> {
  return copyBetween({ directory, path: from }, { directory, path: to }, options);
}

/**
 * The same between two directories, also of different backends. A link or a reflink is tried only where both are the same
 * file system by their `namespaceId`; otherwise, and where the platform refuses, the bytes are copied.
 *
 * @param options - `method` is `link-or-copy` unless given.
 */
export function linkOrCopy(
  source: FilePlace,
  destination: FilePlace,
  options: Partial<CopyOptions> = {},
): Promise<CopyOutcome> {
  return copyBetween(source, destination, { method: "link-or-copy", ...options });
}

async function copyBetween(source: FilePlace, destination: FilePlace, options: CopyOptions): Promise<CopyOutcome> {
  const ladder = checkCopy(source, destination, options);
  const { rung = "os" } = options;
  const from = joinPath(source.directory.path, source.path);
  const to = joinPath(destination.directory.path, destination.path);
  const { kind, size } = source.directory.stat(source.path);
  if (kind !== "file") throw notAFile(kind, "copy", from, { destination: to });
  const shared = source.directory.fs.namespaceId === destination.directory.fs.namespaceId;
  // Before anything else: a ladder that cleared its destination first would delete the only copy there is.
  if (shared && from === to) return { method: "same-file", bytes: size };
  let cause: unknown;
  for (const method of ladder) {
    if (method === "copy") return { method, bytes: await streamCopy(source, destination, rung) };
    if (!shared) continue;
    try {
      return { method, bytes: await shareStorage(method, from, destination, rung) };
    } catch (error) {
      if (!isImpossible(error)) throw error;
      cause = error;
    }
  }
  const why = shared ? "here" : "between two file systems";
  throw refusal("FS_UNSUPPORTED", "copy", from, `${options.method} is not possible ${why}`, {
    destination: to,
    cause,
  });
}

function checkCopy(source: FilePlace, destination: FilePlace, options: CopyOptions): readonly CopyMethod[] {
  checkRelativePath(source.path, "copy");
  checkRelativePath(destination.path, "copy");
  checkKeys(options, ["method", "rung"], "copy", source.path);
  checkPublishRung(options.rung ?? "os", "copy", source.path);
  // What the list holds are methods joined by "-or-".
  if (ladders.includes(options.method)) return options.method.split("-or-") as CopyMethod[];
  const why = `method must be one of ${ladders.join(", ")}, not ${String(options.method)}`;
  throw refusal("FS_INVALID_ARGUMENT", "copy", source.path, why, { errno: "EINVAL" });
}

/** Whether the platform said "not here", as opposed to "it went wrong". FAT answers a link with EPERM. */
function isImpossible(error: unknown): boolean {
  if (isFsError(error, "FS_UNSUPPORTED", "FS_CROSS_DEVICE", "FS_TOO_MANY_LINKS")) return true;
  return isFsError(error, "FS_PERMISSION_DENIED") && error.errno === "EPERM";
}

const copyChunkBytes = 0x4_0000;

/** Reads without holding the event loop, writes in chunks of 256 KiB. */
async function streamCopy(source: FilePlace, destination: FilePlace, rung: PublishRung): Promise<number> {
  const staged = stageFile(destination.directory, destination.path);
  let bytes: number;
  try {
    bytes = await appendContent(source, staged.handle);
  } catch (error) {
    abandon(staged, error);
  }
  await staged.publish({ rung });
  return bytes;
}

async function appendContent(source: FilePlace, target: FileHandle): Promise<number> {
  const reader = source.directory.open(source.path, { mode: "read" });
  const buffer = new Uint8Array(copyChunkBytes);
  let bytes = 0;
  try {
    for (let count = buffer.length; count === buffer.length; bytes += count) {
      count = await reader.readAtAsync(buffer, bytes); // a short count is the end of the file
      target.append(buffer.subarray(0, count));
    }
  } finally {
    reader.close();
  }
  return bytes;
}

/** A link or reflink under a temporary name, synced as asked, and renamed to the destination. */
async function shareStorage(
  method: "reflink" | "link",
  from: string,
  { directory, path }: FilePlace,
  rung: PublishRung,
): Promise<number> {
  refuseTarget(directory, path);
  const temp = makeTemp(directory, path, (name) => {
    const to = joinPath(directory.path, name);
    if (method === "link") directory.fs.link(from, to);
    else directory.fs.reflink(from, to);
  });
  let bytes: number;
  try {
    bytes = directory.stat(temp).size;
    if (rung !== "os") await syncFile(directory, temp, rung);
    refuseTarget(directory, path);
    directory.rename(temp, path);
  } catch (error) {
    cleanUpAfter(error, () => directory.removeIfPresent(temp));
    throw error;
  }
  try {
    // When the destination was a name of the same file already, the rename did nothing and left the temporary name.
    if (method === "link") directory.removeIfPresent(temp);
    if (rung !== "os") await directory.syncNames(relativeParent(path));
  } catch (error) {
    throw visibleFailure(error, `copy ${path}`);
  }
  return bytes;
}

async function syncFile(directory: Directory, path: string, rung: "data" | "full"): Promise<void> {
  const handle = directory.open(path, { mode: "write" });
  try {
    await handle.sync(rung);
  } finally {
    handle.close();
  }
}
