import { checkAbsolutePath, checkRelativePath, joinPath } from "./fs-path.js";
import { isFsError } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import type { FsOperation } from "./fs-error.js";
import type { FileHandle, FileStat, OpenFileOptions } from "./file-handle.js";
import type { DirectoryEntry, StoreFs } from "./store-fs.js";

/** Names with this prefix are temporary: hidden from {@link Directory.list} and removed by {@link Directory.sweepTemps}. */
export const tempPrefix = ".~";

/**
 * A rooted view over a {@link StoreFs}: relative paths only, nothing outside can be reached, no symlink is followed.
 * Packages above take a `Directory`, so that every operation, barriers included, goes through the seam.
 *
 * Every method that takes a path throws `FS_INVALID_PATH` or `FS_NAME_TOO_LONG` for a path that breaks the rules of
 * `fs-path.ts`, and otherwise what the same operation of the backend throws.
 */
export class Directory {
  /** The backend that paths are resolved in. */
  readonly fs: StoreFs;
  /** Absolute path of this directory in its backend. */
  readonly path: string;

  /** @param path - absolute path of an existing directory in `fs`; default its root. */
  constructor(fs: StoreFs, path = "/") {
    checkAbsolutePath(path, "open");
    const stat = fs.stat(path);
    if (stat.kind !== "directory") {
      const code = stat.kind === "symlink" ? "FS_SYMLINK_REFUSED" : "FS_NOT_A_DIRECTORY";
      throw refusal(code, "open", path, `not a directory but a ${stat.kind}`);
    }
    this.fs = fs;
    this.path = path;
  }

  /** Absolute path in the backend of a relative one; "" is this directory itself. */
  #absolute(relative: string, operation: FsOperation): string {
    if (relative === "") return this.path;
    checkRelativePath(relative, operation);
    return joinPath(this.path, relative);
  }

  #absoluteName(relative: string, operation: FsOperation): string {
    checkRelativePath(relative, operation);
    return joinPath(this.path, relative);
  }

  /** The directory `relative`, which must exist. */
  directory(relative: string): Directory {
    return new Directory(this.fs, this.#absoluteName(relative, "open"));
  }

  /** Opens a file; as {@link StoreFs.open}, with a path relative to this directory. */
  open(relative: string, options: OpenFileOptions): FileHandle {
    return this.fs.open(this.#absoluteName(relative, "open"), options);
  }

  /** Describes the entry at `relative` itself; never follows a symlink. */
  stat(relative: string): FileStat {
    return this.fs.stat(this.#absolute(relative, "stat"));
  }

  /** Whether there is an entry of any kind; every failure but absence is thrown. */
  exists(relative: string): boolean {
    try {
      this.fs.stat(this.#absolute(relative, "stat"));
      return true;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) return false;
      throw error;
    }
  }

  /** Entries sorted by UTF-16 code unit, temporary names left out. */
  list(relative = ""): DirectoryEntry[] {
    return this.fs.list(this.#absolute(relative, "list")).filter((entry) => !entry.name.startsWith(tempPrefix));
  }

  /** Entries in batches and in no order, temporary names left out. */
  async *listStream(relative = ""): AsyncGenerator<DirectoryEntry[], void, undefined> {
    for await (const batch of this.fs.listStream(this.#absolute(relative, "list"))) {
      yield batch.filter((entry) => !entry.name.startsWith(tempPrefix));
    }
  }

  /** Whole content of a file; the caller owns the bytes. */
  readFile(relative: string): Uint8Array {
    const handle = this.open(relative, { mode: "read" });
    try {
      const bytes = new Uint8Array(handle.stat().size);
      const count = handle.readAt(bytes, 0);
      return count === bytes.length ? bytes : bytes.slice(0, count);
    } finally {
      handle.close();
    }
  }

  /**
   * Creates or overwrites a file in place. Durability: `os`, and a crash may leave any mixture of old and new; to keep
   * one complete version use `atomicReplace`.
   */
  writeFile(relative: string, bytes: Uint8Array): void {
    const handle = this.open(relative, { mode: "write", create: "if-missing", truncate: true });
    try {
      handle.writeAt(bytes, 0);
    } finally {
      handle.close();
    }
  }

  /** Creates a directory whose parent is there. Its name is durable behind `syncNames` of the parent. */
  makeDirectory(relative: string): void {
    this.fs.makeDirectory(this.#absoluteName(relative, "makeDirectory"));
  }

  /**
   * Creates `relative` and every missing level above it, and returns the directories whose names now need
   * `syncNames`, outermost first: the parent of each level that was created. [] when all existed.
   */
  makeDirectories(relative: string): string[] {
    checkRelativePath(relative, "makeDirectory");
    const unsynced: string[] = [];
    let parent = "";
    for (const name of relative.split("/")) {
      const level = parent === "" ? name : `${parent}/${name}`;
      if (this.#makeLevel(joinPath(this.path, level))) unsynced.push(parent);
      parent = level;
    }
    return unsynced;
  }

  #makeLevel(path: string): boolean {
    try {
      this.fs.makeDirectory(path);
      return true;
    } catch (error) {
      if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error;
      const kind = this.fs.stat(path).kind;
      if (kind === "directory") return false;
      throw refusal("FS_NOT_A_DIRECTORY", "makeDirectory", path, `there is a ${kind} of that name`, {
        errno: "ENOTDIR",
      });
    }
  }

  /** Removes an empty directory. Durable behind `syncNames` of its parent. */
  removeDirectory(relative: string): void {
    this.fs.removeDirectory(this.#absoluteName(relative, "removeDirectory"));
  }

  /**
   * Renames within this directory's tree, over whatever file is at `to`. Durable behind `syncNames` of both parents,
   * the new one first.
   */
  rename(from: string, to: string): void {
    this.fs.rename(this.#absoluteName(from, "rename"), this.#absoluteName(to, "rename"));
  }

  /** Gives a file a second name. Refused with `FS_ALREADY_EXISTS` where `to` is there. */
  link(from: string, to: string): void {
    this.fs.link(this.#absoluteName(from, "link"), this.#absoluteName(to, "link"));
  }

  /** Makes `to` a copy that shares storage with `from`, where the platform can. */
  reflink(from: string, to: string): void {
    this.fs.reflink(this.#absoluteName(from, "copy"), this.#absoluteName(to, "copy"));
  }

  /** Removes a name; the file goes with its last one and its last handle. Durable behind `syncNames`. */
  remove(relative: string): void {
    this.fs.remove(this.#absoluteName(relative, "remove"));
  }

  /** True when a file was removed, false when there was none; every other failure is thrown. */
  removeIfPresent(relative: string): boolean {
    try {
      this.remove(relative);
      return true;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) return false;
      throw error;
    }
  }

  /** Removes a directory and all below it, deepest first; symlinks are removed, not followed. */
  removeTree(relative: string): void {
    const path = this.#absoluteName(relative, "removeDirectory");
    for (const entry of this.fs.list(path)) {
      if (entry.kind === "directory") this.removeTree(`${relative}/${entry.name}`);
      else this.fs.remove(joinPath(path, entry.name));
    }
    this.fs.removeDirectory(path);
  }

  /**
   * Removes temporary files that a crash left in this directory, and returns how many; call it only while holding the
   * directory lock. Whoever asks for the lock meanwhile makes and removes some of its own, so one may be gone already.
   */
  sweepTemps(): number {
    let count = 0;
    for (const { name, kind } of this.fs.list(this.path)) {
      if (!name.startsWith(tempPrefix) || kind === "directory") continue;
      if (this.removeIfPresent(name)) count += 1;
    }
    return count;
  }

  /** Names barrier for this directory, or for `relative` below it. */
  syncNames(relative = ""): Promise<void> {
    return this.fs.syncNames(this.#absolute(relative, "syncNames"));
  }

  /** As `syncNames`, and holds the event loop until the barrier has returned. */
  syncNamesBlocking(relative = ""): void {
    this.fs.syncNamesBlocking(this.#absolute(relative, "syncNames"));
  }
}
