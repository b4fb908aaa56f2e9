import { checkOpenOptions } from "./fs-arguments.js";
import { FsError, type FsErrorCode } from "./fs-error.js";
import { checkAbsolutePath } from "./fs-path.js";
import type { FsState } from "./fs-state.js";
import type { OpenFileOptions } from "./file-handle.js";
import type { PagedContent } from "./paged-content.js";
import { PathLedger, rollbackFailed, type PathCrashReport, type RollbackHost } from "./path-ledger.js";
import { byComponents, liesAtOrBelow, walkPath, type PathEnd } from "./path-walk.js";

/**
 * The law of coordinode-lsm-tree 5.7.0's CrashFs: every path goes back to its whole content at its last sync, and a path
 * that was touched and never synced is removed. Renames, links and removals are durable at once and move the images.
 *
 * An image shares its pages with the file, so a sync costs what changes after it, never the file.
 */
export class PathImages extends PathLedger {
  readonly #images = new Map<string, PagedContent>();
  readonly #touched = new Set<string>();

  override opening(path: string, options: OpenFileOptions): boolean {
    checkAbsolutePath(path, "open");
    checkOpenOptions(options, path);
    if (this.watching && options.mode !== "read") this.touch(this.nameOf(path));
    return false;
  }

  /**
   * First touch in this run: what the path holds now is durable. Later ones change nothing, nor does it matter whether
   * the open that follows succeeds.
   *
   * @throws FsError - when the path cannot be read for another reason than that there is nothing.
   */
  touch(name: string): void {
    if (this.#touched.has(name)) return;
    const end = walkPath(this.state, name);
    if (end.kind === "file") this.#images.set(name, this.#contentOf(end.ino));
    else this.#refuseUnreadable(end, "open", name);
    this.#touched.add(name);
  }

  #refuseUnreadable(end: PathEnd, operation: "open" | "sync", name: string): void {
    if (end.kind === "directory") throw refuse("FS_IS_A_DIRECTORY", operation, name, "EISDIR");
    if (end.kind === "blocked") throw refuse("FS_NOT_A_DIRECTORY", operation, name, "ENOTDIR");
  }

  /** The content as it is now. Freezing takes the pages from the file, which copies the ones it writes next. */
  #contentOf(ino: number): PagedContent {
    const content = this.state.freeze().inode(ino)?.content;
    if (content === undefined) throw new Error(`internal: inode ${ino} is no file`);
    return content;
  }

  override created(): void {}

  /** A directory takes its own mark along, and leaves behind the images of everything in it. */
  override renamed(from: string, to: string): void {
    const [source, target] = [this.nameOf(from), this.nameOf(to)];
    if (!this.watching || source === target) return;
    this.#forgetPath(target);
    const image = this.#images.get(source);
    if (image !== undefined) this.#images.set(target, image);
    if (this.#touched.has(source)) this.#touched.add(target);
    this.#forgetPath(source);
  }

  #forgetPath(name: string): void {
    this.#images.delete(name);
    this.#touched.delete(name);
  }

  override removed(path: string): void {
    if (this.watching) this.#forgetPath(this.nameOf(path));
  }

  override removedDirectory(path: string): void {
    if (!this.watching) return;
    const directory = this.nameOf(path);
    for (const name of this.#tracked()) if (liesAtOrBelow(name, directory)) this.#forgetPath(name);
  }

  override copied(from: string, to: string): void {
    if (!this.watching) return;
    const [source, target] = [this.nameOf(from), this.nameOf(to)];
    const image = this.#images.get(source) ?? (this.#touched.has(source) ? undefined : this.#readable(source));
    if (image === undefined) this.#images.delete(target);
    else this.#images.set(target, image);
    this.#touched.add(target);
  }

  #readable(name: string): PagedContent | undefined {
    const end = walkPath(this.state, name);
    return end.kind === "file" ? this.#contentOf(end.ino) : undefined;
  }

  /** What is durable now is whatever has the handle's path, which may be another file, or nothing. */
  override synced(path: string): void {
    if (!this.watching) return;
    const name = this.nameOf(path);
    const end = walkPath(this.state, name);
    this.#refuseUnreadable(end, "sync", name);
    if (end.kind !== "file") throw refuse("FS_NOT_FOUND", "sync", name, "ENOENT");
    this.#images.set(name, this.#contentOf(end.ino));
  }

  #tracked(): string[] {
    return [...new Set([...this.#images.keys(), ...this.#touched])].sort(byComponents);
  }

  override rollBack(state: FsState, host: RollbackHost): PathCrashReport {
    let survived = 0;
    const names = this.#tracked();
    for (const name of names) {
      const image = this.#images.get(name);
      const end = walkPath(state, name);
      if (image === undefined) {
        removeUnsynced(state, name, end, host);
      } else {
        restore(state, name, end, image);
        survived += 1;
      }
    }
    return { survived, lost: names.length - survived };
  }

  override restart(): void {
    this.#touched.clear();
    for (const name of this.#images.keys()) this.#touched.add(name);
  }

  override forget(): void {
    this.#images.clear();
    this.#touched.clear();
  }
}

/** Rewrites the file at the path, whichever it is; one that vanished behind the back of the law is made again. */
function restore(state: FsState, name: string, end: PathEnd, image: PagedContent): void {
  if (end.kind === "file") {
    state.adoptContent(end.ino, image);
  } else if (end.kind === "missing") {
    const { ino } = state.create("file");
    state.link(end.directory, end.name, ino);
    state.adoptContent(ino, image);
  } else {
    throw rollbackFailed(codeOf(end), `reopening ${name} for rollback failed`, name);
  }
}

function removeUnsynced(state: FsState, name: string, end: PathEnd, host: RollbackHost): void {
  if (end.kind === "file") {
    state.unlink(end.directory, end.name);
    host.unlinked(end.ino);
  } else if (end.kind === "directory" || end.kind === "blocked") {
    throw rollbackFailed(codeOf(end), `removing un-synced ${name} failed`, name);
  }
}

function codeOf({ kind }: PathEnd): FsErrorCode {
  if (kind === "directory") return "FS_IS_A_DIRECTORY";
  return kind === "blocked" ? "FS_NOT_A_DIRECTORY" : "FS_NOT_FOUND";
}

function refuse(code: FsErrorCode, operation: "open" | "sync", path: string, errno: string): FsError {
  return new FsError(code, `${operation} ${path}: ${errno}`, { operation, path, errno });
}
