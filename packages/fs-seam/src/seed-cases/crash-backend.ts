import { EngineHandle } from "../engine-handle.js";
import type { FileHandle } from "../file-handle.js";
import type { ScriptHandle } from "./script-handle.js";
import { walkPath } from "../path-walk.js";
import { spelledName, type Place, type ScriptDisk } from "./script-disk.js";
import { Refusal } from "./seed-outcome.js";

/**
 * What the crash simulator of coordinode-lsm-tree 5.7.0 took from the file system under it, and is no part of its law:
 * that of its memory backend, or of a Linux host with ext4. Our engine behaves as a host does, so most of what is here
 * makes it worse on purpose.
 */
export class CrashBackend {
  readonly #kind: "mem" | "host";
  readonly #disk: ScriptDisk;
  readonly #locks = new Map<number, ScriptHandle>();

  constructor(kind: "mem" | "host", disk: ScriptDisk) {
    this.#kind = kind;
    this.#disk = disk;
  }

  get isHost(): boolean {
    return this.#kind === "host";
  }

  /** Refuses the spellings that never reach a file: memory takes a path literally, where `..` is a name nobody made. */
  checkSpelling(spelling: string): void {
    if (spelling === "") throw new Refusal(this.isHost ? "NotFound" : "InvalidInput");
    if (!this.isHost && spelledName(spelling).split("/").includes("..")) throw new Refusal("NotFound");
  }

  /** Memory finds files by their whole path, so below a file there is just nothing; only a creation looks at the parent. */
  checkLookup({ path }: Place, creates = false): void {
    if (this.isHost || walkPath(this.#disk.fs.state, path).kind !== "blocked") return;
    throw new Refusal(creates ? "NotADirectory" : "NotFound");
  }

  checkFlags(flags: ReadonlySet<string>): void {
    const [write, append, truncate] = [flags.has("write"), flags.has("append"), flags.has("truncate")];
    const opens = flags.has("read") || write || append;
    const creates = flags.has("create") || flags.has("createNew");
    const ignoresTruncate = this.isHost && flags.has("createNew");
    const bad =
      !opens ||
      (creates && !write && !append) ||
      (truncate && !write && !append) ||
      (truncate && append && !ignoresTruncate);
    if (bad) throw new Refusal("InvalidInput");
  }

  /** Memory moves files only. */
  checkRename(from: Place, to: Place): void {
    if (this.isHost) return;
    const source = this.#disk.kindOf(from.path);
    if (source === undefined) throw new Refusal("NotFound");
    if (source === "directory" || this.#disk.kindOf(to.path) === "directory") throw new Refusal("InvalidInput");
  }

  checkRemove({ path }: Place): void {
    if (!this.isHost && this.#disk.kindOf(path) === "directory") throw new Refusal("Io");
  }

  checkTree({ path }: Place): void {
    const kind = this.#disk.kindOf(path);
    if (kind === undefined) throw new Refusal("NotFound");
    if (kind === "file") throw new Refusal(this.isHost ? "NotADirectory" : "InvalidInput");
  }

  checkSyncDirectory({ path }: Place): void {
    if (!this.isHost && this.#disk.kindOf(path) === "file") throw new Refusal("Io");
  }

  checkSetLength(handle: ScriptHandle): void {
    if (!handle.writes) throw new Refusal(this.isHost ? "InvalidInput" : "Io");
  }

  checkPunch(length: number): void {
    if (this.isHost && length === 0) throw new Refusal("InvalidInput");
  }

  /** Memory looks at every ancestor before it makes one, and has one word for a file in the way. */
  makeDirectories({ path }: Place): void {
    if (!this.isHost) {
      for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
        if (this.#disk.kindOf(path.slice(0, end)) === "file") throw new Refusal("AlreadyExists");
      }
    }
    this.#disk.makeDirectories(path);
  }

  /** Memory answers a hard link with an independent copy. */
  link(from: Place, to: Place): void {
    if (this.isHost) this.#disk.fs.link(from.path, to.path);
    else this.#disk.fs.reflink(from.path, to.path);
  }

  /** Length of a directory as `stat` tells it. */
  get directoryLength(): number {
    return this.isHost ? 4096 : 0;
  }

  /** Memory grants every lock; the host one per file and handle, which neither a rename nor a crash ends. */
  tryLock(handle: ScriptHandle): boolean {
    if (!this.isHost) return true;
    const ino = inoOf(handle.file);
    const owner = this.#locks.get(ino) ?? handle;
    this.#locks.set(ino, owner);
    return owner === handle;
  }

  closed(handle: ScriptHandle): void {
    const ino = inoOf(handle.file);
    if (this.#locks.get(ino) === handle) this.#locks.delete(ino);
  }
}

function inoOf(file: FileHandle): number {
  if (file instanceof EngineHandle) return file.ino;
  throw new Error("internal: no handle of the engine");
}
