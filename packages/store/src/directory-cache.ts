import { atomicReplaceBlocking, isFsError, type Directory } from "@holdfast/fs-seam";
import { checkDirectory } from "./option-checks.js";
import type { CacheBounds, ProjectionCache } from "./projection-cache.js";
import { RecentRows } from "./recent-rows.js";
import { sha256 } from "./sha256.js";

/**
 * Rows as files of a directory, which may hold other files beside them. A file is called after the SHA-256 of its key, so that any key
 * is a name, and is replaced atomically. There is no barrier: what is derived may be lost.
 *
 * Crash windows of a row that is put, and what is there afterwards:
 *
 * 1. while the temporary file is written: the old row or none, and a temporary file, which the first put of a later run removes;
 * 2. behind the rename, for ever: after the end of the process, the new row; after a power loss, the old row, none, the new one, or a file
 *    of its name with any part of it, zeros included. The digest at the end of a row tells, and such a row is a miss.
 *
 * A removal that a power loss undoes brings an old row back. It is true of its history as it ever was, and folding goes on behind it.
 */

/** Defaults of {@link directoryCache}. */
const defaults: Required<CacheBounds> = { maxRows: 10_000, maxBytes: 256 * 1024 * 1024 };

const pattern = /^[0-9a-f]{64}\.row$/;

/**
 * Rows as files of a directory: up to 10,000 of them and 256 MiB, unless said otherwise. Files of other names are left alone. Several
 * caches over one directory, in one process or more, see each other's rows; each bounds the rows it knows.
 *
 * @param directory - of any `StoreFs`; not that of the store.
 * @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option.
 */
export function directoryCache(directory: Directory, bounds: CacheBounds = {}): ProjectionCache {
  checkDirectory("directory", directory);
  return new DirectoryCache(directory, bounds);
}

class DirectoryCache implements ProjectionCache {
  readonly isVolatile = false;
  readonly #directory: Directory;
  readonly #rows: RecentRows<true>;
  #isSurveyed = false;

  constructor(directory: Directory, bounds: CacheBounds) {
    this.#directory = directory;
    this.#rows = new RecentRows(bounds, defaults);
  }

  get(key: string): Uint8Array | undefined {
    const file = fileOf(key);
    this.#rows.use(file);
    return this.#read(file);
  }

  put(key: string, row: Uint8Array): boolean {
    const file = fileOf(key);
    this.#survey();
    if (row.length > this.#rows.maxBytes) {
      this.#remove(file);
      return false;
    }
    // Room is made first, so that the directory never holds more than its bound, and a disk that is full has some again.
    for (const gone of this.#rows.add(file, true, row.length)) this.#directory.removeIfPresent(gone);
    atomicReplaceBlocking(this.#directory, file, row, { rung: "os" });
    return true;
  }

  delete(key: string): boolean {
    return this.#remove(fileOf(key));
  }

  clear(): void {
    this.#survey();
    for (const file of this.#rows.keys()) this.#remove(file);
  }

  #remove(file: string): boolean {
    this.#rows.remove(file);
    return this.#directory.removeIfPresent(file);
  }

  /** Undefined without a file, and for one that is larger than any row of this cache: nobody asked for so much memory. */
  #read(file: string): Uint8Array | undefined {
    try {
      return this.#directory.stat(file).size > this.#rows.maxBytes ? undefined : this.#directory.readFile(file);
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) return undefined;
      throw error;
    }
  }

  /** Takes in what earlier runs left, once, before anything is written. */
  #survey(): void {
    if (this.#isSurveyed) return;
    const directory = this.#directory;
    directory.sweepTemps(); // one of another cache that is being written fails, which its read survives
    for (const { name, kind } of directory.list()) {
      if (kind !== "file" || !pattern.test(name)) continue;
      for (const gone of this.#rows.add(name, true, directory.stat(name).size)) directory.removeIfPresent(gone);
    }
    this.#isSurveyed = true;
  }
}

function fileOf(key: string): string {
  return `${Buffer.from(sha256.hash(new TextEncoder().encode(key))).toString("hex")}.row`;
}
