import type { Directory } from "./directory.js";
import { FsError } from "./fs-error.js";
import { checkRelativePath } from "./fs-path.js";
import { FsState, rootIno, type Image } from "./fs-state.js";
import { pageBytes, type PagedContent } from "./paged-content.js";

/** Images as text, as a listing, and as real files. */

const format = "holdfast-image";
/** The version of {@link encodeImage}'s text. */
export const imageFormatVersion = 1;
const maxEntries = 1_000_000;

/** One entry of an image, by path relative to its root. */
export type ImageEntry =
  | { readonly path: string; readonly kind: "directory" }
  /** `sameAs` names an earlier path that is the same file by a hard link. */
  | { readonly path: string; readonly kind: "file"; readonly bytes: Uint8Array; readonly sameAs: string | undefined };

/** What {@link listImage} copies of one file at most, in bytes. */
export const maxListedFileBytes: number = 2 ** 30;

/**
 * Everything in an image, directories before what they hold, names sorted by code unit. The caller owns the bytes. Throws
 * `FS_FILE_TOO_LARGE` for a file above 2^30 bytes: mount the image and read what you need of it.
 */
export function listImage(image: Image): ImageEntry[] {
  return walkImage(image).map((node): ImageEntry => {
    if (node.kind === "directory") return node;
    const { path, content, sameAs } = node;
    if (content.size > maxListedFileBytes) {
      const why = `list ${path}: ${content.size} bytes are more than an entry may hold`;
      throw new FsError("FS_FILE_TOO_LARGE", why, { operation: "list", path, errno: "EFBIG" });
    }
    const bytes = new Uint8Array(content.size);
    content.read(bytes, 0);
    return { path, kind: "file", bytes, sameAs };
  });
}

type ImageNode =
  | { readonly path: string; readonly kind: "directory" }
  | {
      readonly path: string;
      readonly kind: "file";
      readonly content: PagedContent;
      readonly sameAs: string | undefined;
    };

function walkImage(image: Image): ImageNode[] {
  const entries: ImageNode[] = [];
  const first = new Map<number, string>();
  const walk = (ino: number, prefix: string): void => {
    const names = image.inode(ino)?.names ?? new Map<string, number>();
    for (const name of [...names.keys()].sort()) {
      const path = `${prefix}${name}`;
      const child = names.get(name) as number; // a key of the same map
      const inode = image.inode(child);
      if (inode?.content === undefined) {
        entries.push({ path, kind: "directory" });
        walk(child, `${path}/`);
        continue;
      }
      entries.push({ path, kind: "file", content: inode.content, sameAs: first.get(child) });
      if (!first.has(child)) first.set(child, path);
    }
  };
  walk(rootIno, "");
  return entries;
}

/** Writes an image as JSON text that {@link decodeImage} reads back to an equal tree. */
export function encodeImage(image: Image): string {
  const entries = walkImage(image).map((entry) => {
    if (entry.kind === "directory") return { path: entry.path, kind: entry.kind };
    if (entry.sameAs !== undefined) return { path: entry.path, kind: "link", target: entry.sameAs };
    return { path: entry.path, kind: "file", size: entry.content.size, pages: encodePages(entry.content) };
  });
  return JSON.stringify({ format, version: imageFormatVersion, entries });
}

/** Pages that hold something, as `[index, base64]`. */
function encodePages(content: PagedContent): [number, string][] {
  return [...filledPages(content)].map(([index, bytes]) => [index, Buffer.from(bytes).toString("base64")]);
}

/** Pages that hold anything but zeros, cut at the end of the file. */
function* filledPages(content: PagedContent): Generator<[number, Uint8Array]> {
  for (const index of content.pageIndexes()) {
    const bytes = new Uint8Array(Math.min(pageBytes, content.size - index * pageBytes));
    content.read(bytes, index * pageBytes);
    if (bytes.some((byte) => byte !== 0)) yield [index, bytes];
  }
}

function refuse(why: string, path?: string): never {
  throw new FsError("FS_BAD_IMAGE", `image: ${why}`, { operation: "mount", path });
}

/**
 * Reads the text of {@link encodeImage}. Throws `FS_BAD_IMAGE` naming the entry that is wrong, and
 * `FS_UNSUPPORTED_VERSION` for a version this program does not know. Never allocates more than the text holds.
 */
export function decodeImage(text: string): Image {
  const entries = headOf(text);
  const state = new FsState();
  for (const entry of entries) addEntry(state, entry);
  return state.freeze();
}

function headOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("not JSON");
  }
  if (!isRecord(value) || value["format"] !== format) return refuse(`not a ${format}`);
  if (value["version"] !== imageFormatVersion) {
    const why = `image: version ${String(value["version"])} is unknown; this program reads ${imageFormatVersion}`;
    throw new FsError("FS_UNSUPPORTED_VERSION", why, { operation: "mount" });
  }
  const { entries } = value;
  if (!Array.isArray(entries) || entries.length > maxEntries) return refuse("entries must be a list");
  return entries;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function addEntry(state: FsState, entry: unknown): void {
  if (!isRecord(entry) || typeof entry["path"] !== "string") return refuse("an entry has no path");
  const { path } = entry;
  try {
    checkRelativePath(path, "mount");
  } catch (cause) {
    throw new FsError(
      "FS_BAD_IMAGE",
      `image: bad path ${JSON.stringify(path)}`,
      { operation: "mount", path },
      { cause },
    );
  }
  const slash = path.lastIndexOf("/");
  const parent = slash === -1 ? rootIno : find(state, path.slice(0, slash));
  const name = path.slice(slash + 1);
  if (parent === undefined || state.inode(parent)?.kind !== "directory") {
    return refuse(`${path} has no directory`, path);
  }
  if (state.lookup(parent, name) !== undefined) return refuse(`${path} is there twice`, path);
  state.link(parent, name, inodeFor(state, entry, path));
}

function inodeFor(state: FsState, entry: Record<string, unknown>, path: string): number {
  switch (entry["kind"]) {
    case "directory":
      return state.create("directory").ino;
    case "link": {
      const target = typeof entry["target"] === "string" ? find(state, entry["target"]) : undefined;
      if (target === undefined || state.inode(target)?.kind !== "file") return refuse(`${path} links to no file`, path);
      return target;
    }
    case "file":
      return addFile(state, entry, path);
    default:
      return refuse(`${path} is of unknown kind`, path);
  }
}

function addFile(state: FsState, entry: Record<string, unknown>, path: string): number {
  const { size, pages } = entry;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    return refuse(`${path} has no valid size`, path);
  }
  if (!Array.isArray(pages)) return refuse(`${path} has no pages`, path);
  const { ino } = state.create("file");
  for (const page of pages as readonly unknown[]) {
    if (!Array.isArray(page) || typeof page[1] !== "string") return refuse(`${path} has a malformed page`, path);
    const index: unknown = page[0];
    if (typeof index !== "number" || !Number.isSafeInteger(index) || index < 0) {
      return refuse(`${path} has a bad page`, path);
    }
    const bytes = Buffer.from(page[1], "base64");
    const room = Math.min(pageBytes, size - index * pageBytes);
    if (bytes.length === 0 || bytes.length > room) return refuse(`${path} has a page behind its end`, path);
    state.writeRange(ino, index, 0, bytes.length, bytes, 0);
  }
  state.setSize(ino, size);
  return ino;
}

function find(state: FsState, path: string): number | undefined {
  let ino: number | undefined = rootIno;
  for (const name of path.split("/")) ino = ino === undefined ? undefined : state.lookup(ino, name);
  return ino;
}

/**
 * Writes an image out as files of another backend, for example a real directory, which should be empty. Holes stay holes
 * where the backend has them. Durability: `os`; nothing is synced.
 */
export function materialize(image: Image, directory: Directory): void {
  for (const entry of walkImage(image)) {
    if (entry.kind === "directory") directory.makeDirectory(entry.path);
    else if (entry.sameAs !== undefined) directory.link(entry.sameAs, entry.path);
    else writeSparse(directory, entry.path, entry.content);
  }
}

function writeSparse(directory: Directory, path: string, content: PagedContent): void {
  const handle = directory.open(path, { mode: "write", create: "if-missing", truncate: true });
  try {
    for (const [index, bytes] of filledPages(content)) handle.writeAt(bytes, index * pageBytes);
    handle.truncate(content.size);
  } finally {
    handle.close();
  }
}
