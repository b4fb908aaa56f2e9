import type { Directory } from "@holdfast/fs-seam";
import { bytesOf } from "../protocols/content.js";
import { encodeRecord, scanRecords } from "../protocols/record.js";

/** Whether a step ends with the barrier for its bytes. Names are never synced here: each program does that itself. */
export type Ending = "synced" | "unsynced";

type Content = string | Uint8Array;

const toBytes = (content: Content): Uint8Array => (typeof content === "string" ? bytesOf(content) : content);

/** A file with this content; what had the name before is cut to nothing first. */
export function create(directory: Directory, path: string, content: Content, ending: Ending): void {
  using handle = directory.open(path, { mode: "write", create: "if-missing", truncate: true });
  handle.writeAt(toBytes(content), 0);
  if (ending === "synced") handle.syncBlocking("data");
}

/** Bytes over others, without cutting. */
export function overwrite(directory: Directory, path: string, offset: number, content: Content, ending: Ending): void {
  using handle = directory.open(path, { mode: "write" });
  handle.writeAt(toBytes(content), offset);
  if (ending === "synced") handle.syncBlocking("data");
}

/** Bytes behind the last ones; the file is created when it is missing. */
export function append(directory: Directory, path: string, content: Content, ending: Ending): void {
  using handle = directory.open(path, { mode: "append", create: "if-missing" });
  handle.append(toBytes(content));
  if (ending === "synced") handle.syncBlocking("data");
}

export function cut(directory: Directory, path: string, size: number, ending: Ending): void {
  using handle = directory.open(path, { mode: "write" });
  handle.truncate(size);
  if (ending === "synced") handle.syncBlocking("data");
}

export function syncFile(directory: Directory, path: string): void {
  using handle = directory.open(path, { mode: "write" });
  handle.syncBlocking("data");
}

/** The safe way to put a file in the place of another one, every barrier included. */
export function replace(directory: Directory, path: string, content: Content): void {
  create(directory, `${path}.tmp`, content, "synced");
  directory.rename(`${path}.tmp`, path);
  directory.syncNamesBlocking(parentOf(path));
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The one checksummed record a file holds, or undefined when there is no file, or no valid record in it. */
export function readRecord(directory: Directory, path: string): string | undefined {
  return directory.exists(path) ? scanRecords(directory.readFile(path)).records[0] : undefined;
}

/** A file of one checksummed record, created with its bytes synced. */
export function createRecord(directory: Directory, path: string, text: string, ending: Ending = "synced"): void {
  create(directory, path, encodeRecord(text), ending);
}

/** The text in one sector of a file, up to the first zero byte. */
export function readSector(directory: Directory, path: string, sector: number): string {
  const bytes = directory.readFile(path).subarray(sector * 512, (sector + 1) * 512);
  return new TextDecoder().decode(bytes).replace(/\0[\s\S]*$/, "");
}

/** A text filled up with zeros to one sector. */
export function sectorOf(text: string): Uint8Array {
  const bytes = new Uint8Array(512);
  bytes.set(bytesOf(text));
  return bytes;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
