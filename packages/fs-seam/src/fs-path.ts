import { FsError, type FsOperation } from "./fs-error.js";

/**
 * The one set of rules for names, the same in every backend, so that what works in a test works on a disk.
 *
 * A relative path is one or more names joined by `/`. A name is 1 to 255 bytes of UTF-8 in Unicode normal form C, is not
 * `.` or `..`, has no control character and none of `/ \ < > : " | ? *`, does not end in a dot or a space, and is no
 * device name of Windows (`CON`, `NUL`, `COM1`, ...). Names that differ only in case or in normal form are one file on some
 * systems, so the second kind is refused and the first is left to the caller.
 */
export const maxNameBytes = 255;
/** A whole path may hold this many bytes of UTF-8. */
const maxPathBytes = 4096;

const plainPath = /^[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*$/;
const deviceName = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i;
const suspicious = /(?:^|\/)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|$)|\.(?:\/|$)/i;
const controlCharacter = /[\u0000-\u001f\u007f]/;
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Throws unless `path` is a relative path by the rules above. */
export function checkRelativePath(path: string, operation: FsOperation): void {
  if (typeof path === "string" && path.length <= maxNameBytes && plainPath.test(path) && !suspicious.test(path)) return;
  explainRelativePath(path, operation);
}

function refuse(path: string, operation: FsOperation, why: string): never {
  throw new FsError("FS_INVALID_PATH", `${operation}: path ${JSON.stringify(path)} ${why}`, { operation, path });
}

function refuseLong(path: string, operation: FsOperation, what: string, maxBytes: number): never {
  const begin = path.slice(0, 64);
  const why = `${what} that begins with ${JSON.stringify(begin)} is longer than ${maxBytes} bytes`;
  throw new FsError("FS_NAME_TOO_LONG", `${operation}: ${why}`, { operation, path: begin, errno: "ENAMETOOLONG" });
}

function explainRelativePath(path: string, operation: FsOperation): void {
  if (typeof path !== "string") refuse(path, operation, "is no string");
  if (path === "") refuse(path, operation, "is empty");
  if (path.startsWith("/")) refuse(path, operation, "is absolute; paths here are relative");
  if (utf8Bytes(path) > maxPathBytes) refuseLong(path, operation, "the path", maxPathBytes);
  for (const name of path.split("/")) checkName(name, path, operation);
}

function checkName(name: string, path: string, operation: FsOperation): void {
  if (name === "") refuse(path, operation, "has an empty component");
  if (name === "..") refuse(path, operation, "leaves its directory by '..'");
  if (name === ".") refuse(path, operation, "has a '.' component");
  if (controlCharacter.test(name)) refuse(path, operation, "has a NUL or control character");
  if (/[\\<>:"|?*]/.test(name)) refuse(path, operation, "has a character that Windows forbids");
  if (loneSurrogate.test(name)) refuse(path, operation, "has a lone surrogate and no UTF-8 form");
  if (name.normalize("NFC") !== name) refuse(path, operation, "is not in Unicode normal form C");
  if (name.endsWith(".") || name.endsWith(" ")) refuse(path, operation, "has a name that ends in a dot or a space");
  if (deviceName.test(name)) refuse(path, operation, "has a name that Windows reserves for a device");
  if (utf8Bytes(name) > maxNameBytes) refuseLong(path, operation, "a name in the path", maxNameBytes);
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Throws unless `path` is `/` or `/` followed by a valid relative path. */
export function checkAbsolutePath(path: string, operation: FsOperation): void {
  if (path === "/") return;
  if (typeof path !== "string" || !path.startsWith("/")) refuse(path, operation, "must begin with '/'");
  checkRelativePath(path.slice(1), operation);
}

/** `directory` and a relative path as one absolute path; "" names the directory itself. */
export function joinPath(directory: string, relative: string): string {
  if (relative === "") return directory;
  return directory === "/" ? `/${relative}` : `${directory}/${relative}`;
}

/** The directory that holds `path`; `/` is its own parent. */
export function parentPath(path: string): string {
  const cut = path.lastIndexOf("/");
  return cut <= 0 ? "/" : path.slice(0, cut);
}

/** The last name of `path`. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory that holds a relative path; "" for one of a single name. */
export function relativeParent(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}
