import type { FileKind } from "../file-handle.js";
import { isFsError } from "../fs-error.js";
import { joinPath } from "../fs-path.js";
import type { StoreFs } from "../store-fs.js";

/** Small files made and read through the seam alone. */

/** Latin-1, so that one character is one byte and any byte can be written down. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Writes a new or emptied file; with a rung also its barrier. The name is synced only by {@link putDurably}. */
export function put(fs: StoreFs, path: string, text: string, rung?: "data" | "full"): void {
  const handle = fs.open(path, { mode: "write", create: "if-missing", truncate: true });
  try {
    handle.writeAt(bytesOf(text), 0);
    if (rung !== undefined) handle.syncBlocking(rung);
  } finally {
    handle.close();
  }
}

/** Writes a file that no power loss may touch: bytes synced, and the names of `directory`. */
export function putDurably(fs: StoreFs, path: string, text: string, directory = "/"): void {
  put(fs, path, text, "full");
  fs.syncNamesBlocking(directory);
}

/** The whole content. */
export function get(fs: StoreFs, path: string): string {
  const handle = fs.open(path, { mode: "read" });
  try {
    const target = new Uint8Array(handle.stat().size);
    return textOf(target.subarray(0, handle.readAt(target, 0)));
  } finally {
    handle.close();
  }
}

/** The content, or undefined when there is no such name. */
export function getIfPresent(fs: StoreFs, path: string): string | undefined {
  try {
    return get(fs, path);
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** What is at `path`, or undefined. */
export function kindOf(fs: StoreFs, path: string): FileKind | undefined {
  try {
    return fs.stat(path).kind;
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return undefined;
    throw error;
  }
}

export function namesIn(fs: StoreFs, path: string): string[] {
  return fs.list(path).map((entry) => entry.name);
}

/** Every path below `directory`, with the content of files and null for directories; reads all there is. */
export function treeOf(fs: StoreFs, directory = "/"): Record<string, string | null> {
  const tree: Record<string, string | null> = {};
  for (const { name, kind } of fs.list(directory)) {
    const path = joinPath(directory, name);
    if (kind === "directory") Object.assign(tree, { [path]: null }, treeOf(fs, path));
    else tree[path] = get(fs, path);
  }
  return tree;
}
