import { cleanUpAfter } from "./cleanup-failure.js";
import type { Directory } from "./directory.js";
import { answerOf } from "./expected-failure.js";
import { checkKeys } from "./fs-arguments.js";
import type { PublishRung } from "./durability.js";
import { isFsError, type FsOperation } from "./fs-error.js";
import { notAFile, refusal } from "./fs-refusal.js";
import type { FileHandle } from "./file-handle.js";
import { checkRelativePath, joinPath, relativeParent } from "./fs-path.js";
import { createTemp } from "./temp-name.js";
import { visibleFailure } from "./visible-failure.js";

/**
 * Staged files: written under a temporary name, and published under the final one only when complete. After a crash at
 * any moment the final name shows the old file (or nothing, when there was none), or the whole new one.
 *
 * Steps of `publish`, and what a power loss behind each leaves (rungs `data` and `full`):
 *
 * 1. stage: a new file `.~<base>.<nonce>` in the same directory, written by the caller.
 *    Window 1: the old file, and perhaps a temporary file with any part of the new bytes. `sweepTemps` removes it.
 * 2. sync the file, by the handle that wrote it: a fresh descriptor would not hear of a write-back that failed before.
 *    Window 2: as window 1, but the new bytes are complete if the temporary name is there at all.
 * 3. close, rename over the final name.
 *    Window 3: the old file or the new one, complete either way. Only the name is in doubt: never move this above step 2,
 *    or the new name may come to stand over bytes that never reached the disk.
 * 4. sync the names of the directory.
 *    From here on: the new file.
 *
 * With `exclusive`, step 3 is a link to the final name and a removal of the temporary one. In window 3 both names may
 * be there, for one complete file; removing the temporary one later harms nothing.
 *
 * With rung `os` steps 2 and 4 are left out: atomic for other processes and for `kill -9`, while a power loss may leave
 * an empty or half-written file under the final name.
 *
 * Limits: the new file has the permissions, owner and attributes of a new file, not those of the one it replaces, since
 * the seam knows none; other hard links of the old file keep the old content.
 */

export interface PublishOptions {
  /** What has to survive once `publish` returns. There is no default: the call site says it. */
  readonly rung: PublishRung;
  /** Fail with `FS_ALREADY_EXISTS` instead of replacing. Needs hard links. Default false. */
  readonly exclusive?: boolean;
}

const publishRungs: readonly unknown[] = ["os", "data", "full"] satisfies PublishRung[];

/** Throws `FS_INVALID_ARGUMENT` unless `rung` is one that a composed operation knows. */
export function checkPublishRung(rung: unknown, operation: FsOperation, path: string): void {
  if (publishRungs.includes(rung)) return;
  const why = `rung must be "os", "data" or "full", not ${String(rung)}`;
  throw refusal("FS_INVALID_ARGUMENT", operation, path, why, { errno: "EINVAL" });
}

/** A file on its way to `path`. Whoever holds it must end it by `publish`, `publishBlocking` or `discard`. */
export class StagedFile {
  /** Relative to the directory it was staged in. */
  readonly path: string;
  /** Open for append; closed by publish and discard. */
  readonly handle: FileHandle;
  readonly #directory: Directory;
  readonly #temp: string;
  #state: "staged" | "publishing" | "ended" = "staged";

  /** @internal Use {@link stageFile}. */
  constructor(directory: Directory, path: string) {
    refuseTarget(directory, path);
    const { temp, handle } = createTemp(directory, path);
    this.path = path;
    this.handle = handle;
    this.#directory = directory;
    this.#temp = temp;
  }

  /**
   * Makes the file visible under its path. Durability: by `rung`.
   *
   * A failure before the file became visible removes the temporary file and leaves the old content in place; one behind
   * it throws an error with `visible: true`. Either way the staged file is at its end.
   *
   * @throws {@link FsError} `FS_CLOSED` when it was published or discarded before, `FS_ALREADY_EXISTS` when exclusive,
   * `FS_IS_A_DIRECTORY`, `FS_SYMLINK_REFUSED`, and whatever the backend says.
   */
  async publish(options: PublishOptions): Promise<void> {
    this.#begin(options);
    const { rung, exclusive = false } = options;
    try {
      if (rung !== "os") await this.handle.sync(rung);
      this.#makeVisible(exclusive);
    } catch (error) {
      this.#end(error);
    }
    this.#state = "ended";
    try {
      if (exclusive) this.#directory.remove(this.#temp);
      if (rung !== "os") await this.#directory.syncNames(relativeParent(this.path));
    } catch (error) {
      throw visibleFailure(error, `publish ${this.path}`);
    }
  }

  /** The same, holding the event loop until it returns. */
  publishBlocking(options: PublishOptions): void {
    this.#begin(options);
    const { rung, exclusive = false } = options;
    try {
      if (rung !== "os") this.handle.syncBlocking(rung);
      this.#makeVisible(exclusive);
    } catch (error) {
      this.#end(error);
    }
    this.#state = "ended";
    try {
      if (exclusive) this.#directory.remove(this.#temp);
      if (rung !== "os") this.#directory.syncNamesBlocking(relativeParent(this.path));
    } catch (error) {
      throw visibleFailure(error, `publish ${this.path}`);
    }
  }

  /** Removes the temporary file. Does nothing once `publish` was called: that one tidies up by itself. */
  discard(): void {
    if (this.#state !== "staged") return;
    this.#state = "ended";
    if (isDead(this.handle)) return; // a crash has ended the program that would tidy up
    try {
      this.handle.close();
    } finally {
      this.#directory.removeIfPresent(this.#temp);
    }
  }

  [Symbol.dispose](): void {
    this.discard();
  }

  #begin(options: PublishOptions): void {
    const path = joinPath(this.#directory.path, this.path);
    checkKeys(options, ["rung", "exclusive"], "rename", path);
    checkPublishRung(options.rung, "rename", path);
    if (this.#state !== "staged") {
      throw refusal("FS_CLOSED", "rename", path, "already published or discarded");
    }
    this.#state = "publishing";
  }

  #makeVisible(exclusive: boolean): void {
    this.handle.close(); // a failure counts: NFS reports lost writes here
    if (exclusive) {
      this.#directory.link(this.#temp, this.path);
      return;
    }
    refuseTarget(this.#directory, this.path); // rename would replace a symlink without a word
    this.#directory.rename(this.#temp, this.path);
  }

  /** Ends an attempt that failed before anything became visible. */
  #end(error: unknown): never {
    this.#state = "staged"; // so that discard does its work
    cleanUpAfter(error, () => this.discard());
    throw error;
  }
}

function isDead(handle: FileHandle): boolean {
  try {
    handle.stat();
    return false;
  } catch (error) {
    return isFsError(error, "FS_CRASHED");
  }
}

/** Throws unless `path` is a file or nothing: no caller of a file protocol means to replace a directory or a symlink. */
export function refuseTarget(directory: Directory, path: string): void {
  checkRelativePath(path, "rename");
  const { kind } = answerOf(() => directory.stat(path), "FS_NOT_FOUND") ?? { kind: "file" };
  if (kind !== "file") throw notAFile(kind, "rename", joinPath(directory.path, path));
}

/**
 * Creates an empty temporary file that {@link StagedFile.publish} will put at `path`. Nothing is visible yet.
 *
 * @throws {@link FsError} `FS_NOT_FOUND` when the parent directory is missing, `FS_IS_A_DIRECTORY` or
 * `FS_SYMLINK_REFUSED` for what is at `path` now.
 */
export function stageFile(directory: Directory, path: string): StagedFile {
  return new StagedFile(directory, path);
}

/** Discards a staged file because of `error`, and throws it. */
export function abandon(staged: StagedFile, error: unknown): never {
  cleanUpAfter(error, () => staged.discard());
  throw error;
}
