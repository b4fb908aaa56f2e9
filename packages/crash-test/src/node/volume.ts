import { FsError, isFsError, type FileHandle, type FileStat, type StoreFs, type SyncRung } from "@holdfast/fs-seam";
import type { Attributes, AttributeTable } from "./attribute-table.js";
import { DescriptorTable, type OpenFile } from "./open-file.js";
import type { OpenFlags } from "./open-flags.js";
import type { PathMap } from "./path-map.js";
import { fromSeam, systemError, type CallPlace } from "./system-error.js";

/** An entry that exists. */
export interface Found {
  readonly path: string;
  readonly stat: FileStat;
  readonly attributes: Attributes;
}

/**
 * The system calls, on a file system of the seam: parsed arguments in, Node's errors out. Each takes effect before it
 * returns; only the promise forms of barriers come later.
 */
export class Volume {
  readonly fs: StoreFs;
  readonly attributes: AttributeTable;
  readonly paths: PathMap;
  readonly descriptors: DescriptorTable = new DescriptorTable();

  constructor(fs: StoreFs, paths: PathMap, attributes: AttributeTable) {
    this.fs = fs;
    this.paths = paths;
    this.attributes = attributes;
  }

  // --- names --------------------------------------------------------------------------------------------------------

  /** Path in the store. A path outside is one that does not exist. */
  locate(place: CallPlace, shown: string = place.path ?? ""): string {
    if (shown === "") throw systemError("ENOENT", place);
    const path = this.paths.locate(shown);
    if (path === undefined) throw systemError("ENOENT", place);
    if (shown.includes("..")) this.#checkWay(shown, place);
    // A trailing slash asks for a directory, and the text behind this line has none.
    if (shown.endsWith("/") && path !== "/" && this.#kindOf(path) === "file") throw systemError("ENOTDIR", place);
    return path;
  }

  /** What stands before a `..` must be a directory, although the path as text goes around it. */
  #checkWay(shown: string, place: CallPlace): void {
    const names = shown.split("/");
    for (const [index, name] of names.entries()) {
      const before = name === ".." ? this.paths.locate(names.slice(0, index).join("/") || "/") : undefined;
      const kind = before === undefined ? "directory" : this.#kindOf(before);
      if (kind !== "directory") throw systemError(kind === undefined ? "ENOENT" : "ENOTDIR", place);
    }
  }

  /** A look whose failure nobody sees: it costs no stack trace, which would cost more than the call. */
  #kindOf(path: string): FileStat["kind"] | undefined {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return this.fs.stat(path).kind;
    } catch (error) {
      if (isFsError(error)) return undefined;
      throw error;
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  /** @param shown - path to look at, when it is not the first one of the call. */
  find(place: CallPlace, shown?: string): Found {
    const path = this.locate(place, shown);
    try {
      const stat = this.fs.stat(path);
      return { path, stat, attributes: this.attributes.of(path, stat.kind === "directory" ? "directory" : "file") };
    } catch (error) {
      throw fromSeam(error, place);
    }
  }

  /** Undefined for an entry that does not exist; every other failure is thrown. */
  findIfPresent(place: CallPlace, shown?: string): Found | undefined {
    try {
      return this.find(place, shown);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  list(place: CallPlace): { readonly name: string; readonly kind: FileStat["kind"] }[] {
    const path = this.locate(place);
    try {
      return this.fs.list(path);
    } catch (error) {
      throw fromSeam(error, place);
    }
  }

  makeDirectory(place: CallPlace, mode: number): void {
    const path = this.locate(place);
    try {
      this.fs.makeDirectory(path);
    } catch (error) {
      throw fromSeam(error, place);
    }
    this.attributes.created(path, "directory", mode);
  }

  removeDirectory(place: CallPlace): void {
    const path = this.locate(place);
    try {
      this.fs.removeDirectory(path);
    } catch (error) {
      throw fromSeam(error, place);
    }
    this.attributes.removed(path);
  }

  unlink(place: CallPlace): void {
    const path = this.locate(place);
    try {
      this.fs.remove(path);
    } catch (error) {
      throw fromSeam(error, place);
    }
    this.attributes.removed(path);
  }

  rename(place: CallPlace): void {
    const from = this.locate(place);
    const to = this.locate(place, place.dest);
    try {
      this.fs.rename(from, to);
      const { kind, links } = this.fs.stat(to);
      if (links > 1 && this.#kindOf(from) !== undefined) return; // two names of one file: POSIX leaves both
      this.attributes.renamed(from, to, kind === "directory" ? "directory" : "file");
    } catch (error) {
      throw fromSeam(error, place);
    }
  }

  link(place: CallPlace): void {
    const from = this.locate(place);
    const to = this.locate(place, place.dest);
    this.find(place); // Linux follows the old name to its end before it looks at the new one
    try {
      this.fs.link(from, to);
    } catch (error) {
      // ... and at whether there is a new one before it asks what the old one is.
      if (isFsError(error, "FS_IS_A_DIRECTORY") && this.#kindOf(to) !== undefined) {
        throw systemError("EEXIST", place, error);
      }
      throw fromSeam(error, place);
    }
    this.attributes.linked(from, to);
  }

  // --- descriptors --------------------------------------------------------------------------------------------------

  open(shown: string, flags: OpenFlags, mode: number): OpenFile {
    const place = { syscall: "open", path: shown };
    const path = this.locate(place);
    if (shown.endsWith("/") && flags.create) throw systemError("EISDIR", place);
    const before = this.#kindOf(path);
    if (before === "directory") return this.#openDirectory(shown, path, flags);
    if (flags.directory && before !== undefined) throw systemError("ENOTDIR", place);
    let handle: FileHandle;
    try {
      handle = this.#openHandle(path, flags);
    } catch (error) {
      throw fromSeam(error, place);
    }
    const attributes =
      before === undefined ? this.attributes.created(path, "file", mode) : this.attributes.of(path, "file");
    if (flags.truncate && before !== undefined) this.#modified(attributes);
    return this.descriptors.add({ shown, flags, handle, attributes });
  }

  #openDirectory(shown: string, path: string, flags: OpenFlags): OpenFile {
    const place = { syscall: "open", path: shown };
    if (flags.create && flags.exclusive) throw systemError("EEXIST", place);
    if (flags.writable || flags.create || flags.truncate) throw systemError("EISDIR", place);
    return this.descriptors.add({ shown, flags, handle: undefined, attributes: this.attributes.of(path, "directory") });
  }

  #openHandle(path: string, flags: OpenFlags): FileHandle {
    const create = !flags.create ? "never" : flags.exclusive ? "exclusive" : "if-missing";
    const appends = flags.append && flags.writable;
    if (appends) {
      const handle = this.fs.open(path, { mode: "append", create });
      if (flags.truncate) handle.truncate(0);
      return handle;
    }
    if (!flags.writable && create === "never" && !flags.truncate) return this.fs.open(path, { mode: "read" });
    return this.fs.open(path, { mode: "write", create, truncate: flags.truncate });
  }

  file(fd: number, syscall: string): OpenFile {
    return this.descriptors.get(fd, syscall);
  }

  close(fd: number): void {
    const file = this.file(fd, "close");
    this.descriptors.remove(file);
    try {
      file.handle?.close();
    } catch (error) {
      throw fromSeam(error, { syscall: "close" });
    } finally {
      file.onClose?.();
    }
  }

  statOf(file: OpenFile): FileStat {
    if (file.handle === undefined) return { kind: "directory", size: 0, links: 1, allocatedBytes: 0 };
    try {
      return file.handle.stat();
    } catch (error) {
      throw fromSeam(error, { syscall: "fstat" });
    }
  }

  read(file: OpenFile, target: Uint8Array, position: number | undefined): number {
    const place = { syscall: "read" };
    if (!file.flags.readable) throw systemError("EBADF", place);
    if (file.handle === undefined) throw systemError("EISDIR", place);
    try {
      const count = file.handle.readAt(target, position ?? file.position);
      if (position === undefined) file.position += count;
      return count;
    } catch (error) {
      throw fromSeam(error, place);
    }
  }

  /** Number of bytes that were taken: fewer than given when the disk is full in the middle, as `write` does. */
  write(file: OpenFile, bytes: Uint8Array, position: number | undefined): number {
    const place = { syscall: "write" };
    const { handle, flags } = file;
    if (!flags.writable || handle === undefined) throw systemError("EBADF", place);
    if (bytes.length === 0) return 0;
    let count = bytes.length;
    try {
      // Linux ignores the position of a write through a descriptor that appends.
      if (flags.append) handle.append(bytes);
      else handle.writeAt(bytes, position ?? file.position);
    } catch (error) {
      count = error instanceof FsError ? (error.transferred ?? 0) : 0;
      if (count === 0) throw fromSeam(error, place);
    }
    if (position === undefined) file.position = flags.append ? handle.stat().size : file.position + count;
    this.#modified(file.attributes);
    if (flags.syncEach !== undefined) this.syncBlocking(file, flags.syncEach, "write");
    return count;
  }

  truncate(file: OpenFile, size: number): void {
    const place = { syscall: "ftruncate" };
    if (!file.flags.writable || file.handle === undefined) throw systemError("EINVAL", place);
    try {
      file.handle.truncate(size);
    } catch (error) {
      throw fromSeam(error, place);
    }
    this.#modified(file.attributes);
  }

  #modified(attributes: Attributes): void {
    attributes.mtimeMs = this.attributes.now();
    attributes.ctimeMs = attributes.mtimeMs;
  }

  // --- barriers -----------------------------------------------------------------------------------------------------

  /** Of a directory, the barrier of its names. */
  syncBlocking(file: OpenFile, rung: SyncRung, syscall: string): void {
    try {
      if (file.handle !== undefined) file.handle.syncBlocking(rung);
      else if (file.attributes.path !== undefined) this.fs.syncNamesBlocking(file.attributes.path);
    } catch (error) {
      throw fromSeam(error, { syscall });
    }
  }

  async sync(file: OpenFile, rung: SyncRung, syscall: string): Promise<void> {
    try {
      if (file.handle !== undefined) await file.handle.sync(rung);
      else if (file.attributes.path !== undefined) await this.fs.syncNames(file.attributes.path);
    } catch (error) {
      throw fromSeam(error, { syscall });
    }
  }
}
