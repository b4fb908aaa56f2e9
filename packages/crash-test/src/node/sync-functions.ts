import * as check from "./call-arguments.js";
import { copyFile, copyTree, listTree, makeDirectories, realPath, removeTree } from "./directory-tree.js";
import { direntOf, statsOf } from "./file-stats.js";
import type { OpenFile } from "./open-file.js";
import { openFlags } from "./open-flags.js";
import { constants } from "./real-node.js";
import { systemError } from "./system-error.js";
import { unsupported } from "./node-fs-error.js";
import { VirtualDirectory } from "./virtual-directory.js";
import type { Found, Volume } from "./volume.js";
import { readWhole, writeWhole } from "./whole-file.js";

interface StatOptions {
  readonly bigint?: unknown;
  readonly throwIfNoEntry?: unknown;
}

/** The functions of `node:fs` that return their result: arguments as a program writes them, checked as Node checks them. */
export class SyncFunctions {
  readonly #volume: Volume;

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  // --- names --------------------------------------------------------------------------------------------------------

  accessSync(path: unknown, mode?: unknown): void {
    const wanted = check.wholeNumber(mode ?? constants.F_OK, "mode", 0, 7);
    const found = this.#volume.find({ syscall: "access", path: check.pathText(path) });
    const executable = found.stat.kind === "directory" || (found.attributes.mode & 0o111) !== 0;
    if ((wanted & constants.X_OK) !== 0 && !executable) {
      throw systemError("EACCES", { syscall: "access", path: check.pathText(path) });
    }
  }

  existsSync(path: unknown): boolean {
    try {
      this.#volume.find({ syscall: "access", path: check.pathText(path) });
      return true;
    } catch {
      return false; // Node does not tell why either
    }
  }

  #stat(path: unknown, options: unknown, syscall: string): unknown {
    const { bigint, throwIfNoEntry } = check.optionsOf<StatOptions>(options, {});
    const place = { syscall, path: check.pathText(path) };
    const found = throwIfNoEntry === false ? this.#volume.findIfPresent(place) : this.#volume.find(place);
    return found === undefined ? undefined : statsOf(found.stat, found.attributes, bigint === true);
  }

  statSync(path: unknown, options?: unknown): unknown {
    return this.#stat(path, options, "stat");
  }

  lstatSync(path: unknown, options?: unknown): unknown {
    return this.#stat(path, options, "lstat");
  }

  /** What the asynchronous forms do: absence is an error, whatever the options say. */
  statOrFail(path: unknown, options?: unknown): unknown {
    return this.#stat(path, { ...check.optionsOf<StatOptions>(options, {}), throwIfNoEntry: true }, "stat");
  }

  lstatOrFail(path: unknown, options?: unknown): unknown {
    return this.#stat(path, { ...check.optionsOf<StatOptions>(options, {}), throwIfNoEntry: true }, "lstat");
  }

  statfsSync(path: unknown, options?: unknown): unknown {
    this.#volume.find({ syscall: "statfs", path: check.pathText(path) });
    const { totalBytes, availableBytes } = this.#volume.fs.space();
    const [total, available] = [Math.floor(totalBytes / 4096), Math.floor(availableBytes / 4096)];
    const files = Number.MAX_SAFE_INTEGER;
    const fields = { type: 0, bsize: 4096, blocks: total, bfree: available, bavail: available, files, ffree: files };
    if (check.optionsOf<StatOptions>(options, {}).bigint !== true) return fields;
    return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, BigInt(value)]));
  }

  mkdirSync(path: unknown, options?: unknown): string | undefined {
    const shown = check.pathText(path);
    const given = typeof options === "object" && options !== null ? options : { mode: options };
    const { mode, recursive } = given as { readonly mode?: unknown; readonly recursive?: unknown };
    const bits = check.modeBits(mode, "mode", 0o777);
    if (check.flag(recursive, "options.recursive")) return makeDirectories(this.#volume, shown, bits);
    this.#volume.makeDirectory({ syscall: "mkdir", path: shown }, bits);
    return undefined;
  }

  mkdtempSync(prefix: unknown, options?: unknown): string | Buffer {
    const begin = check.pathText(prefix, "prefix");
    const { encoding } = check.optionsOf<{ encoding?: string }>(options, {});
    while (true) {
      // Six characters that are new for this file system, and the same again in the next run.
      const path = begin + this.#volume.fs.nonce().replaceAll("-", "").padStart(6, "0").slice(-6);
      try {
        this.#volume.makeDirectory({ syscall: "mkdtemp", path }, 0o700);
        return encoding === "buffer" ? Buffer.from(path) : path;
      } catch (error) {
        if (!(error instanceof Error) || !("code" in error)) throw error;
        if (error.code !== "EEXIST") {
          throw systemError(String(error.code), { syscall: "mkdtemp", path: `${begin}XXXXXX` });
        }
      }
    }
  }

  readdirSync(path: unknown, options?: unknown): unknown {
    const { encoding, withFileTypes, recursive } = check.optionsOf<{
      encoding?: string;
      withFileTypes?: unknown;
      recursive?: unknown;
    }>(options, {});
    const shown = check.pathText(path);
    const entries = listTree(this.#volume, shown, check.flag(recursive, "options.recursive"));
    const asName = (name: string): string | Buffer => (encoding === "buffer" ? Buffer.from(name) : name);
    if (!withFileTypes) return entries.map((entry) => asName(entry.relative));
    return entries.map(({ name, kind, parent }) => direntOf(asName(name), kind, parent));
  }

  opendirSync(path: unknown, options?: unknown): VirtualDirectory {
    const shown = check.pathText(path);
    const { encoding, recursive } = check.optionsOf<{ encoding?: string; recursive?: unknown }>(options, {});
    try {
      const entries = listTree(this.#volume, shown, check.flag(recursive, "options.recursive"));
      return new VirtualDirectory(
        shown,
        entries.map(({ name, kind, parent }) =>
          direntOf(encoding === "buffer" ? Buffer.from(name) : name, kind, parent),
        ),
      );
    } catch (error) {
      if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) throw error;
      throw systemError(String(error.code), { syscall: "opendir", path: shown });
    }
  }

  rmdirSync(path: unknown, options?: unknown): void {
    const shown = check.pathText(path);
    const { recursive } = check.optionsOf<{ recursive?: unknown }>(options, {});
    if (check.flag(recursive, "options.recursive")) removeTree(this.#volume, shown, { force: false, recursive: true });
    else this.#volume.removeDirectory({ syscall: "rmdir", path: shown });
  }

  rmSync(path: unknown, options?: unknown): void {
    const { force, recursive } = check.optionsOf<{ force?: unknown; recursive?: unknown }>(options, {});
    removeTree(this.#volume, check.pathText(path), {
      force: check.flag(force, "options.force"),
      recursive: check.flag(recursive, "options.recursive"),
    });
  }

  unlinkSync(path: unknown): void {
    this.#volume.unlink({ syscall: "unlink", path: check.pathText(path) });
  }

  renameSync(from: unknown, to: unknown): void {
    const place = { path: check.pathText(from, "oldPath"), dest: check.pathText(to, "newPath") };
    this.#volume.rename({ syscall: "rename", ...place });
  }

  linkSync(from: unknown, to: unknown): void {
    const place = { path: check.pathText(from, "existingPath"), dest: check.pathText(to, "newPath") };
    this.#volume.link({ syscall: "link", ...place });
  }

  /** There are no symbolic links below, so whatever exists is none. */
  readlinkSync(path: unknown): never {
    const place = { syscall: "readlink", path: check.pathText(path) };
    this.#volume.find(place);
    throw systemError("EINVAL", place);
  }

  realpathSync(path: unknown, options?: unknown): string | Buffer {
    const { encoding } = check.optionsOf<{ encoding?: string }>(options, {});
    const real = realPath(this.#volume, check.pathText(path), "lstat");
    return encoding === "buffer" ? Buffer.from(real) : real;
  }

  /** `realpath.native`, and what the promise form does: one call, which names the whole path when it fails. */
  realpathNative(path: unknown, options?: unknown): string | Buffer {
    const { encoding } = check.optionsOf<{ encoding?: string }>(options, {});
    const real = realPath(this.#volume, check.pathText(path), "realpath");
    return encoding === "buffer" ? Buffer.from(real) : real;
  }

  copyFileSync(from: unknown, to: unknown, mode?: unknown): void {
    const bits = check.modeBits(mode, "mode", 0);
    const exclusive = (bits & constants.COPYFILE_EXCL) !== 0;
    copyFile(this.#volume, check.pathText(from, "src"), check.pathText(to, "dest"), exclusive);
  }

  cpSync(from: unknown, to: unknown, options?: unknown): void {
    const { recursive, force, errorOnExist, mode, preserveTimestamps, filter } = check.optionsOf<{
      recursive?: unknown;
      force?: unknown;
      errorOnExist?: unknown;
      mode?: unknown;
      preserveTimestamps?: unknown;
      filter?: (source: string, destination: string) => unknown;
    }>(options, {});
    const judge =
      filter === undefined
        ? undefined
        : (source: string, destination: string): boolean => {
            const verdict = filter(source, destination);
            if (verdict instanceof Promise) throw unsupported("cp", "takes no filter that returns a promise");
            return Boolean(verdict);
          };
    copyTree(this.#volume, check.pathText(from, "src"), check.pathText(to, "dest"), {
      recursive: check.flag(recursive, "options.recursive"),
      force: force === undefined || check.flag(force, "options.force"),
      errorOnExist: check.flag(errorOnExist, "options.errorOnExist"),
      exclusive: (check.modeBits(mode, "mode", 0) & constants.COPYFILE_EXCL) !== 0,
      preserveTimestamps: check.flag(preserveTimestamps, "options.preserveTimestamps"),
      filter: judge,
    });
  }

  // --- modes, owners, times: beside the store, and lost in a crash ------------------------------------------------------

  #named(path: unknown, syscall: string): Found {
    return this.#volume.find({ syscall, path: check.pathText(path) });
  }

  #change(attributes: OpenFile["attributes"], changed: Partial<OpenFile["attributes"]>): void {
    Object.assign(attributes, changed, { ctimeMs: this.#volume.attributes.now() });
  }

  chmodSync(path: unknown, mode: unknown): void {
    const bits = check.modeBits(mode, "mode", Number.NaN);
    this.#change(this.#named(path, "chmod").attributes, { mode: bits & 0o7777 });
  }

  fchmodSync(fd: unknown, mode: unknown): void {
    const number = check.descriptor(fd);
    const bits = check.modeBits(mode, "mode", Number.NaN);
    this.#change(this.#volume.file(number, "fchmod").attributes, { mode: bits & 0o7777 });
  }

  #own(attributes: OpenFile["attributes"], uid: number, gid: number): void {
    // -1 leaves one as it is.
    this.#change(attributes, { uid: uid === -1 ? attributes.uid : uid, gid: gid === -1 ? attributes.gid : gid });
  }

  chownSync(path: unknown, uid: unknown, gid: unknown): void {
    const [user, group] = [check.ownerId(uid, "uid"), check.ownerId(gid, "gid")];
    this.#own(this.#named(path, "chown").attributes, user, group);
  }

  lchownSync(path: unknown, uid: unknown, gid: unknown): void {
    const [user, group] = [check.ownerId(uid, "uid"), check.ownerId(gid, "gid")];
    this.#own(this.#named(path, "lchown").attributes, user, group);
  }

  fchownSync(fd: unknown, uid: unknown, gid: unknown): void {
    const number = check.descriptor(fd);
    const [user, group] = [check.ownerId(uid, "uid"), check.ownerId(gid, "gid")];
    this.#own(this.#volume.file(number, "fchown").attributes, user, group);
  }

  utimesSync(path: unknown, atime: unknown, mtime: unknown): void {
    const times = { atimeMs: check.timeMs(atime, "atime"), mtimeMs: check.timeMs(mtime, "mtime") };
    this.#change(this.#named(path, "utime").attributes, times);
  }

  lutimesSync(path: unknown, atime: unknown, mtime: unknown): void {
    const times = { atimeMs: check.timeMs(atime, "atime"), mtimeMs: check.timeMs(mtime, "mtime") };
    this.#change(this.#named(path, "lutime").attributes, times);
  }

  futimesSync(fd: unknown, atime: unknown, mtime: unknown): void {
    const number = check.descriptor(fd);
    const times = { atimeMs: check.timeMs(atime, "atime"), mtimeMs: check.timeMs(mtime, "mtime") };
    this.#change(this.#volume.file(number, "futime").attributes, times);
  }

  // --- descriptors --------------------------------------------------------------------------------------------------

  openSync(path: unknown, flags?: unknown, mode?: unknown): number {
    const shown = check.pathText(path);
    return this.#volume.open(shown, openFlags(flags), check.modeBits(mode, "mode", 0o666)).fd;
  }

  closeSync(fd: unknown): void {
    this.#volume.close(check.descriptor(fd));
  }

  fstatSync(fd: unknown, options?: unknown): unknown {
    const file = this.#volume.file(check.descriptor(fd), "fstat");
    const { bigint } = check.optionsOf<StatOptions>(options, {});
    return statsOf(this.#volume.statOf(file), file.attributes, bigint === true);
  }

  /** `(fd, buffer, offset, length, position)` or `(fd, buffer, { offset, length, position })`. */
  readSync(fd: unknown, buffer: unknown, offset?: unknown, length?: unknown, position?: unknown): number {
    const number = check.descriptor(fd);
    const bytes = check.bufferOf(buffer);
    const place = placeOf(offset, length, position);
    const part = check.partOf(bytes, place.offset, place.length);
    const at = check.positionOf(place.position);
    if (part.length === 0) return 0; // Node does not even look at the descriptor
    return this.#volume.read(this.#volume.file(number, "read"), part, at);
  }

  readvSync(fd: unknown, buffers: unknown, position?: unknown): number {
    const number = check.descriptor(fd);
    const parts = check.buffersOf(buffers);
    let at = typeof position === "number" ? check.positionOf(position) : undefined;
    const file = this.#volume.file(number, "read");
    let total = 0;
    for (const part of parts) {
      const count = this.#volume.read(file, part, at);
      total += count;
      if (count < part.length) break;
      if (at !== undefined) at += count;
    }
    return total;
  }

  /** `(fd, buffer, offset, length, position)`, `(fd, buffer, { ... })` or `(fd, text, position, encoding)`. */
  writeSync(fd: unknown, data: unknown, offset?: unknown, length?: unknown, position?: unknown): number {
    const number = check.descriptor(fd);
    if (typeof data === "string") {
      const at = typeof offset === "number" ? check.positionOf(offset) : undefined;
      const bytes = check.bytesOf(data, check.optionsOf<{ encoding?: string }>(length, {}).encoding);
      return this.#volume.write(this.#volume.file(number, "write"), bytes, at);
    }
    const bytes = check.bufferOf(data);
    const place = placeOf(offset, length, position);
    const part = check.partOf(bytes, place.offset, place.length);
    const at = typeof place.position === "number" ? check.positionOf(place.position) : undefined;
    return this.#volume.write(this.#volume.file(number, "write"), part, at);
  }

  /** One write of all buffers, as the kernel makes it. */
  writevSync(fd: unknown, buffers: unknown, position?: unknown): number {
    const number = check.descriptor(fd);
    const parts = check.buffersOf(buffers);
    const at = typeof position === "number" ? check.positionOf(position) : undefined;
    return this.#volume.write(this.#volume.file(number, "write"), Buffer.concat(parts), at);
  }

  ftruncateSync(fd: unknown, length?: unknown): void {
    const number = check.descriptor(fd);
    const size = check.lengthOf(length);
    this.#volume.truncate(this.#volume.file(number, "ftruncate"), size);
  }

  truncateSync(path: unknown, length?: unknown): void {
    if (typeof path === "number") return this.ftruncateSync(path, length);
    const size = check.lengthOf(length);
    const file = this.#volume.open(check.pathText(path), openFlags("r+"), 0o666);
    try {
      this.#volume.truncate(file, size);
    } finally {
      this.#volume.close(file.fd);
    }
  }

  fsyncSync(fd: unknown): void {
    this.#volume.syncBlocking(this.#volume.file(check.descriptor(fd), "fsync"), "full", "fsync");
  }

  fdatasyncSync(fd: unknown): void {
    this.#volume.syncBlocking(this.#volume.file(check.descriptor(fd), "fdatasync"), "data", "fdatasync");
  }

  // --- whole files --------------------------------------------------------------------------------------------------

  readFileSync(target: unknown, options?: unknown): Buffer | string {
    return readWhole(this.#volume, target, options);
  }

  writeFileSync(target: unknown, data: unknown, options?: unknown): void {
    writeWhole(this.#volume, target, data, options, "w");
  }

  appendFileSync(target: unknown, data: unknown, options?: unknown): void {
    writeWhole(this.#volume, target, data, options, "a");
  }
}

/** Offset, length and position, given one by one or as fields of one object. */
function placeOf(
  offset: unknown,
  length: unknown,
  position: unknown,
): { readonly offset?: unknown; readonly length?: unknown; readonly position?: unknown } {
  if (typeof offset === "object" && offset !== null) return offset;
  return { offset, length, position };
}
