import type { Directory } from "./directory.js";
import { checkKeys } from "./fs-arguments.js";
import type { PublishRung } from "./durability.js";
import { refusal } from "./fs-refusal.js";
import type { FileHandle } from "./file-handle.js";
import { abandon, checkPublishRung, stageFile } from "./publish.js";

/**
 * The one safe way to swap a file: temporary file, sync file, rename, sync names. At every moment, through `kill -9` and,
 * on rungs `data` and `full`, through power loss, the path shows the whole old content or the whole new one.
 *
 * Crash windows (each step is in `publish.ts`, with the reason for its place):
 *
 * 1. while the temporary file is written and synced: old content, and a temporary file that `sweepTemps` removes;
 * 2. between the rename and the names barrier: old content or new content, complete either way;
 * 3. behind the names barrier: new content.
 */

export interface ReplaceOptions {
  /** `os`: no barrier, atomic only while the machine runs. `data` and `full`: survives power loss once returned. */
  readonly rung: PublishRung;
}

/**
 * Replaces the file at `path`, or creates it. Durability: by `rung`.
 *
 * A failure leaves the old content and removes the temporary file, and is thrown as it was; if the removal fails too,
 * `cleanupFailureOf(error)` says why. Only an error with `visible: true` means that the new content is in place and its
 * durability unknown: read it again before relying on either version.
 *
 * Two replacements of one path at a time do not disturb each other; the later rename wins.
 *
 * @param content - the bytes, or chunks of them in order. Each chunk is borrowed until the next is asked for.
 * @throws {@link FsError} `FS_IS_A_DIRECTORY` and `FS_SYMLINK_REFUSED` for what is at `path`, `FS_NOT_FOUND` for its
 * parent, and whatever the backend says; also whatever the iteration of `content` throws.
 */
export async function atomicReplace(
  directory: Directory,
  path: string,
  content: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  options: ReplaceOptions,
): Promise<void> {
  checkKeys(options, ["rung"], "rename", path);
  checkPublishRung(options.rung, "rename", path);
  if (!isAsync(content)) checkContent(content, path);
  const staged = stageFile(directory, path);
  try {
    if (isAsync(content)) for await (const chunk of content) staged.handle.append(chunk);
    else appendAll(staged.handle, content);
  } catch (error) {
    abandon(staged, error);
  }
  await staged.publish({ rung: options.rung });
}

/** The same, holding the event loop until it returns. */
export function atomicReplaceBlocking(
  directory: Directory,
  path: string,
  content: Uint8Array | Iterable<Uint8Array>,
  options: ReplaceOptions,
): void {
  checkKeys(options, ["rung"], "rename", path);
  checkPublishRung(options.rung, "rename", path);
  checkContent(content, path);
  const staged = stageFile(directory, path);
  try {
    appendAll(staged.handle, content);
  } catch (error) {
    abandon(staged, error);
  }
  staged.publishBlocking({ rung: options.rung });
}

function appendAll(handle: FileHandle, content: Uint8Array | Iterable<Uint8Array>): void {
  if (content instanceof Uint8Array) handle.append(content);
  else for (const chunk of content) handle.append(chunk);
}

function isAsync(content: unknown): content is AsyncIterable<Uint8Array> {
  return typeof content === "object" && content !== null && Symbol.asyncIterator in content;
}

function checkContent(content: unknown, path: string): void {
  if (typeof content === "object" && content !== null && Symbol.iterator in content) return;
  const why = "content must be a Uint8Array or an iterable of them";
  throw refusal("FS_INVALID_ARGUMENT", "append", path, why, { errno: "EINVAL" });
}
