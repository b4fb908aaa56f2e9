import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { openFlags } from "./open-flags.js";
import { nodeSystemError, systemError } from "./system-error.js";
import type { Found, Volume } from "./volume.js";

/** Operations on whole trees, which Node builds from single calls as well. */

/** Creates every missing level; the path of the outermost one that was created, as Node returns it. */
export function makeDirectories(volume: Volume, shown: string, mode: number): string | undefined {
  const place = { syscall: "mkdir", path: shown };
  // Not resolved: what stands before a `..` is created, too.
  const target = isAbsolute(shown) ? shown.replace(/(?!^)[/\\]+$/, "") : `${resolve(".")}${sep}${shown}`;
  const missing: string[] = [];
  for (let path = target; ; path = dirname(path)) {
    const found = volume.findIfPresent({ syscall: "mkdir", path });
    if (found?.stat.kind === "directory") break;
    if (found !== undefined) throw systemError(missing.length === 0 ? "EEXIST" : "ENOTDIR", place);
    missing.push(path);
    if (volume.paths.locate(dirname(path)) === undefined || dirname(path) === path) break;
  }
  for (const path of missing.toReversed()) {
    const level = { syscall: "mkdir", path };
    const found = volume.findIfPresent(level);
    if (found === undefined) volume.makeDirectory(level, mode);
    else if (found.stat.kind !== "directory") throw systemError("EEXIST", place);
  }
  return missing.at(-1);
}

export interface RemoveOptions {
  readonly force: boolean;
  readonly recursive: boolean;
}

/** `rm`: removes what is below first. */
export function removeTree(volume: Volume, shown: string, { force, recursive }: RemoveOptions): void {
  const place = { syscall: "lstat", path: shown };
  const found = force ? volume.findIfPresent(place) : volume.find(place);
  if (found === undefined) return;
  if (found.stat.kind !== "directory") {
    volume.unlink({ syscall: "unlink", path: shown });
    return;
  }
  if (!recursive) {
    const detail = { errno: "EISDIR", message: "is a directory", path: shown, syscall: "rm" };
    throw nodeSystemError("ERR_FS_EISDIR", "Path is a directory", detail);
  }
  removeBelow(volume, shown);
  volume.removeDirectory({ syscall: "rmdir", path: shown });
}

function removeBelow(volume: Volume, shown: string): void {
  for (const { name, kind } of volume.list({ syscall: "scandir", path: shown })) {
    const path = join(shown, name);
    if (kind === "directory") {
      removeBelow(volume, path);
      volume.removeDirectory({ syscall: "rmdir", path });
    } else volume.unlink({ syscall: "unlink", path });
  }
}

/** Size of the reads and writes of a copy. */
const copyBytes = 512 * 1024;

/** `copyFile`: the new file has the mode of the old one. */
export function copyFile(volume: Volume, from: string, to: string, exclusive: boolean): void {
  const place = { syscall: "copyfile", path: from, dest: to };
  const source = volume.find(place);
  const target = volume.findIfPresent(place, to);
  if (target === undefined) volume.find(place, dirname(resolve(to)));
  if (target !== undefined && exclusive) throw systemError("EEXIST", place);
  if (target?.stat.kind === "directory") throw systemError("EISDIR", place);
  if (target?.attributes === source.attributes) return; // two names of one file
  if (source.stat.kind === "directory") {
    // libuv opens the target before it finds that there is nothing to read, and removes it then.
    if (target !== undefined) volume.unlink({ ...place, path: to });
    throw systemError("EISDIR", place);
  }
  copyContent(volume, source, place);
}

function copyContent(
  volume: Volume,
  source: Found,
  place: { readonly syscall: string; readonly path: string; readonly dest: string },
): void {
  const input = volume.open(place.path, openFlags("r"), 0);
  try {
    const output = volume.open(place.dest, openFlags("w"), source.attributes.mode);
    try {
      output.attributes.mode = source.attributes.mode;
      const buffer = new Uint8Array(Math.min(copyBytes, Math.max(source.stat.size, 1)));
      for (let count = volume.read(input, buffer, undefined); count > 0;) {
        for (let done = 0; done < count;) done += volume.write(output, buffer.subarray(done, count), undefined);
        count = volume.read(input, buffer, undefined);
      }
    } finally {
      volume.close(output.fd);
    }
  } finally {
    volume.close(input.fd);
  }
}

export interface CopyTreeOptions {
  readonly recursive: boolean;
  readonly force: boolean;
  readonly errorOnExist: boolean;
  readonly exclusive: boolean;
  readonly preserveTimestamps: boolean;
  readonly filter: ((source: string, destination: string) => boolean) | undefined;
}

/** `cp`: files, and trees when they are asked for. */
export function copyTree(volume: Volume, from: string, to: string, options: CopyTreeOptions): void {
  if (options.filter?.(from, to) === false) return;
  const source = volume.find({ syscall: "lstat", path: from });
  const target = volume.findIfPresent({ syscall: "lstat", path: to });
  const refuse = (code: string, errno: string, message: string, prefix: string): never => {
    throw nodeSystemError(code, prefix, { errno, message, path: to, syscall: "cp" });
  };
  const isTree = source.stat.kind === "directory";
  if (target?.attributes === source.attributes) {
    refuse("ERR_FS_CP_EINVAL", "EINVAL", "src and dest cannot be the same", "Invalid src or dest");
  }
  if (isTree && !options.recursive) {
    const message = `${from} is a directory (not copied)`;
    throw nodeSystemError("ERR_FS_EISDIR", "Recursive option not enabled, cannot copy a directory", {
      errno: "EISDIR",
      message,
      path: from,
      syscall: "cp",
    });
  }
  if (isTree && target !== undefined && target.stat.kind !== "directory") {
    refuse(
      "ERR_FS_CP_DIR_TO_NON_DIR",
      "EISDIR",
      `cannot overwrite non-directory ${to} with directory ${from}`,
      "Cannot overwrite non-directory with directory",
    );
  }
  if (!isTree && target?.stat.kind === "directory") {
    refuse(
      "ERR_FS_CP_NON_DIR_TO_DIR",
      "ENOTDIR",
      `cannot overwrite directory ${to} with non-directory ${from}`,
      "Cannot overwrite directory with non-directory",
    );
  }
  if (isTree && `${resolve(to)}${sep}`.startsWith(`${resolve(from)}${sep}`)) {
    refuse("ERR_FS_CP_EINVAL", "EINVAL", `cannot copy ${from} to a subdirectory of self ${to}`, "Invalid src or dest");
  }
  makeDirectories(volume, dirname(resolve(to)), 0o777);
  if (isTree) {
    if (target === undefined) volume.makeDirectory({ syscall: "mkdir", path: to }, source.attributes.mode);
    for (const { name } of volume.list({ syscall: "opendir", path: from })) {
      copyTree(volume, join(from, name), join(to, name), options);
    }
    return;
  }
  if (target !== undefined && !options.force) {
    if (options.errorOnExist) refuse("ERR_FS_CP_EEXIST", "EEXIST", `${to} already exists`, "Target already exists");
    return;
  }
  if (target !== undefined) volume.unlink({ syscall: "unlink", path: to });
  copyFile(volume, from, to, options.exclusive);
  if (!options.preserveTimestamps) return;
  const copy = volume.find({ syscall: "stat", path: to }).attributes;
  copy.atimeMs = source.attributes.atimeMs;
  copy.mtimeMs = source.attributes.mtimeMs;
}

/** An entry of a listing that goes into directories. */
export interface TreeEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "symlink" | "other";
  /** Directory as the program would write it. */
  readonly parent: string;
  /** Path from where the listing began. */
  readonly relative: string;
}

/** Entries of a directory; of everything below it, level by level, when `recursive`. */
export function listTree(volume: Volume, shown: string, recursive: boolean): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const queue = [shown];
  for (const parent of queue) {
    for (const { name, kind } of volume.list({ syscall: "scandir", path: parent })) {
      const path = join(parent, name);
      entries.push({ name: basename(path), kind, parent, relative: recursive ? relative(shown, path) : name });
      if (recursive && kind === "directory") queue.push(path);
    }
  }
  return entries;
}

/** The path itself: nothing here is a link. Every part must exist. */
export function realPath(volume: Volume, shown: string, syscall: "lstat" | "realpath"): string {
  const target = resolve(shown);
  if (syscall === "realpath") {
    volume.find({ syscall, path: shown });
    return target;
  }
  const parts: string[] = [];
  for (let path = target; volume.paths.locate(path) !== undefined; path = dirname(path)) {
    parts.push(path);
    if (dirname(path) === path) break;
  }
  for (const path of parts.toReversed()) volume.find({ syscall, path });
  return target;
}
