import { createHash } from "node:crypto";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, type Image } from "@holdfast/fs-seam/crash";

/** What the disks of one page share: equal contents and equal trees are kept once. */
export interface DiskTables {
  /** Paths relative to the root; those of directories end in a slash. */
  readonly paths: string[];
  readonly contents: DiskContent[];
  readonly trees: DiskTree[];
}

/** Bytes of a file, for people. */
export interface DiskContent {
  readonly size: number;
  /** The first bytes, in hexadecimal. */
  readonly head: string;
  /** From this offset to the end there is nothing but zeros; absent when the last byte is none, or was not read. */
  readonly zerosFrom?: number;
}

/** Entries as indexes of a path and of a content; the content of a directory is null. */
export interface DiskTree {
  readonly entries: readonly (readonly [path: number, content: number | null])[];
  /** Entries that were left out. */
  readonly more: number;
}

/** Bytes that are compared and searched for zeros at most, of one file. */
const maxReadBytes = 1 << 20;

/** Turns images into tables for a page. Reads at most 1 MiB of a file: what differs behind that is not told apart. */
export class DiskStates {
  readonly tables: DiskTables = { paths: [], contents: [], trees: [] };
  readonly #maxEntries: number;
  readonly #maxHeadBytes: number;
  readonly #pathIndex = new Map<string, number>();
  readonly #contentIndex = new Map<string, number>();
  readonly #treeIndex = new Map<string, number>();

  constructor(maxEntries: number, maxHeadBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxHeadBytes = maxHeadBytes;
  }

  /** Index of the tree of an image. */
  treeOf(image: Image): number {
    const directory = new Directory(new CrashFs({ image, readOnly: true }));
    const entries: [path: number, content: number | null][] = [];
    let more = 0;
    const walk = (prefix: string): void => {
      for (const { name, kind } of directory.fs.list(`/${prefix.slice(0, -1)}`)) {
        const path = `${prefix}${name}`;
        if (entries.length >= this.#maxEntries) more += 1;
        else if (kind === "directory") entries.push([this.#pathOf(`${path}/`), null]);
        else entries.push([this.#pathOf(path), this.#contentOf(directory, path)]);
        if (kind === "directory") walk(`${path}/`);
      }
    };
    walk("");
    const key = JSON.stringify([entries, more]);
    const known = this.#treeIndex.get(key);
    if (known !== undefined) return known;
    const index = this.tables.trees.push({ entries, more }) - 1;
    this.#treeIndex.set(key, index);
    return index;
  }

  #pathOf(path: string): number {
    const index = this.#pathIndex.get(path) ?? this.tables.paths.push(path) - 1;
    this.#pathIndex.set(path, index);
    return index;
  }

  #contentOf(directory: Directory, path: string): number {
    const handle = directory.open(path, { mode: "read" });
    let bytes: Uint8Array;
    let size: number;
    try {
      ({ size } = handle.stat());
      bytes = new Uint8Array(Math.min(size, maxReadBytes));
      handle.readAt(bytes, 0);
    } finally {
      handle.close();
    }
    const key = `${size} ${createHash("sha256").update(bytes).digest("base64")}`;
    const known = this.#contentIndex.get(key);
    if (known !== undefined) return known;
    const head = Buffer.from(bytes.subarray(0, this.#maxHeadBytes)).toString("hex");
    const zerosFrom = bytes.findLastIndex((byte) => byte !== 0) + 1;
    const zeros = zerosFrom < bytes.length && bytes.length === size ? { zerosFrom } : {};
    const index = this.tables.contents.push({ size, head, ...zeros }) - 1;
    this.#contentIndex.set(key, index);
    return index;
  }
}
