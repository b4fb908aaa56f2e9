import { checkOpenOptions } from "./fs-arguments.js";
import { checkAbsolutePath } from "./fs-path.js";
import type { FsState } from "./fs-state.js";
import type { OpenFileOptions } from "./file-handle.js";
import { PathLedger, type PathCrashReport } from "./path-ledger.js";
import { byComponents, walkPath } from "./path-walk.js";

/**
 * The law of batpak 0.9.0's SimFs: a path has a durable length, and a crash sets the file that is there to it, by cutting
 * it or by filling it up with zeros. Bytes inside the length are never taken back, and names are always durable.
 *
 * A path enters the book when its file is created, linked, cloned or first synced, and never leaves it: neither a removal
 * nor a rename is noticed, so a new file inherits the length of the old one.
 */
export class PathLengths extends PathLedger {
  readonly #lengths = new Map<string, number>();

  override opening(path: string, options: OpenFileOptions): boolean {
    checkAbsolutePath(path, "open");
    checkOpenOptions(options, path);
    const mayCreate = options.create === "if-missing" || options.create === "exclusive";
    return this.watching && mayCreate && walkPath(this.state, path).kind === "missing";
  }

  override created(path: string): void {
    const name = this.nameOf(path);
    if (!this.#lengths.has(name)) this.#lengths.set(name, 0);
  }

  override renamed(): void {}
  override removed(): void {}
  override removedDirectory(): void {}

  /** A copy is durable at once, at its full length. */
  override copied(_from: string, to: string): void {
    if (!this.watching) return;
    const end = walkPath(this.state, to);
    if (end.kind === "file") this.settle(this.nameOf(to), this.#sizeOf(end.ino));
  }

  /** The handle gives the length, the path says whose it is. */
  override synced(path: string, ino: number): void {
    if (this.watching) this.settle(this.nameOf(path), this.#sizeOf(ino));
  }

  #sizeOf(ino: number): number {
    return this.state.inode(ino)?.content?.size ?? 0;
  }

  /** Books a durable length in bytes. */
  settle(name: string, length: number): void {
    this.#lengths.set(name, length);
  }

  /** The booked length in bytes; 0 for a path that is not tracked. */
  durableLength(name: string): number {
    return this.#lengths.get(name) ?? 0;
  }

  /** Paths that lead to no file any more are passed over. */
  override rollBack(state: FsState): PathCrashReport {
    let survived = 0;
    for (const name of [...this.#lengths.keys()].sort(byComponents)) {
      const end = walkPath(state, name);
      if (end.kind !== "file") continue;
      state.setSize(end.ino, this.durableLength(name));
      survived += 1;
    }
    return { survived, lost: this.#lengths.size - survived };
  }

  override restart(): void {}

  override forget(): void {
    this.#lengths.clear();
  }
}
