import { checkOpenOptions } from "./fs-arguments.js";
import { EngineHandle } from "./engine-handle.js";
import type { NameEffect } from "./effects.js";
import { EngineContent } from "./engine-content.js";
import { FsError, type FsErrorCode, type FsOperation } from "./fs-error.js";
import { baseName, checkAbsolutePath, parentPath } from "./fs-path.js";
import { rootIno, type Inode } from "./fs-state.js";
import type { IssuedOperation } from "./issued-operation.js";
import type { FileHandle, FileStat, OpenFileOptions } from "./file-handle.js";
import type { DirectoryEntry, FsCapabilities, FsSpace, ProcessIdentity, StoreFs } from "./store-fs.js";

const listBatch = 1024;

/** What the steps of one rename have in common. */
interface RenameStep {
  readonly group: number;
  readonly rename: NameEffect["rename"];
}

/**
 * The in-memory file system that MemoryFs, CrashFs and SimFs are: names and handles here, bytes and barriers in
 * {@link EngineContent}. Volatile behaviour follows POSIX as Linux shows it; the differential test compares every
 * operation with a real file system.
 */
export abstract class EngineFs extends EngineContent implements StoreFs {
  abstract readonly backend: string;

  get namespaceId(): string {
    return `engine-${this.engineId}@${this.state.boots}.${this.epoch}`;
  }

  capabilities(): FsCapabilities {
    return {
      namesBarrier: "fsync",
      persistent: false,
      hardLinks: true,
      reflink: "yes",
      punch: true,
      allocate: "native",
      symlinkRefusal: "no-symlinks",
      lockEvidence: "simulated",
    };
  }

  #refuse(code: FsErrorCode, operation: FsOperation, path: string, errno: string, destination?: string): FsError {
    const both = destination === undefined ? path : `${path} to ${destination}`;
    return new FsError(code, `${operation} ${both}: ${errno}`, { operation, path, destination, errno });
  }

  #checkMutable(operation: FsOperation, path: string): void {
    checkAbsolutePath(path, operation);
    if (this.readOnly) throw this.#refuse("FS_READ_ONLY", operation, path, "EROFS");
  }

  /** The inode at `path`, or undefined when its last name is missing; a missing or wrong parent throws. */
  #find(path: string, operation: FsOperation): Inode | undefined {
    this.operations.take(operation, path);
    let inode = this.state.inode(rootIno) as Inode; // every state has a root
    if (path === "/") return inode;
    let from = 1;
    while (true) {
      if (inode.names === undefined) throw this.#refuse("FS_NOT_A_DIRECTORY", operation, path, "ENOTDIR");
      const slash = path.indexOf("/", from);
      const ino = inode.names.get(slash === -1 ? path.slice(from) : path.slice(from, slash));
      if (ino === undefined) {
        if (slash === -1) return undefined;
        throw this.#refuse("FS_NOT_FOUND", operation, path, "ENOENT");
      }
      inode = this.state.inode(ino) as Inode; // names only refer to inodes that exist
      if (slash === -1) return inode;
      from = slash + 1;
    }
  }

  #get(path: string, operation: FsOperation): Inode {
    const inode = this.#find(path, operation);
    if (inode === undefined) throw this.#refuse("FS_NOT_FOUND", operation, path, "ENOENT");
    return inode;
  }

  #directoryOf(path: string, operation: FsOperation): Inode {
    const inode = this.#get(parentPath(path), operation);
    if (inode.kind !== "directory") throw this.#refuse("FS_NOT_A_DIRECTORY", operation, path, "ENOTDIR");
    return inode;
  }

  /** Inode number at `path`, for the controls of a simulator. */
  protected inoOf(path: string, operation: FsOperation): number {
    checkAbsolutePath(path, operation);
    return this.#get(path, operation).ino;
  }

  open(path: string, options: OpenFileOptions): FileHandle {
    checkAbsolutePath(path, "open");
    checkOpenOptions(options, path);
    const { mode, create = "never", truncate = false } = options;
    if (mode !== "read" && this.readOnly) throw this.#refuse("FS_READ_ONLY", "open", path, "EROFS");
    let inode = this.#find(path, "open");
    this.log?.begin("open", path);
    if (inode === undefined) {
      if (create === "never") throw this.#refuse("FS_NOT_FOUND", "open", path, "ENOENT");
      this.checkHandleCount(path);
      inode = this.#createInode(path, "file", "open");
    } else {
      if (create === "exclusive") throw this.#refuse("FS_ALREADY_EXISTS", "open", path, "EEXIST");
      if (inode.kind === "directory") throw this.#refuse("FS_IS_A_DIRECTORY", "open", path, "EISDIR");
      this.checkHandleCount(path);
      if (truncate) this.cut(inode.ino, 0);
    }
    return this.openHandle(new EngineHandle(this, inode.ino, path, mode));
  }

  #createInode(path: string, kind: "file" | "directory", operation: FsOperation): Inode {
    const directory = this.#directoryOf(path, operation);
    this.checkMetadataSpace(operation, path);
    const { ino } = this.state.create(kind);
    this.#bind(directory.ino, baseName(path), ino, kind);
    return this.state.inode(ino) as Inode; // made two lines above
  }

  #bind(directory: number, name: string, ino: number, kind: "file" | "directory", step?: RenameStep): void {
    this.log?.name("link", directory, name, ino, kind, step?.rename, step?.group);
    this.state.link(directory, name, ino);
  }

  #unbind(directory: number, name: string, inode: Inode, step?: RenameStep): void {
    this.log?.name("unlink", directory, name, inode.ino, inode.kind, step?.rename, step?.group);
    this.state.unlink(directory, name);
  }

  stat(path: string): FileStat {
    checkAbsolutePath(path, "stat");
    return this.statInode(this.#get(path, "stat").ino);
  }

  list(path: string): DirectoryEntry[] {
    checkAbsolutePath(path, "list");
    const { names } = this.#get(path, "list");
    if (names === undefined) throw this.#refuse("FS_NOT_A_DIRECTORY", "list", path, "ENOTDIR");
    return [...names.keys()].sort(byCodeUnit).map((name) => {
      const inode = this.state.inode(names.get(name) as number) as Inode; // both sides come from this directory
      return { name, kind: inode.kind };
    });
  }

  async *listStream(path: string): AsyncGenerator<DirectoryEntry[], void, undefined> {
    const entries = this.list(path);
    for (let at = 0; at < entries.length; at += listBatch) {
      const batch = entries.slice(at, at + listBatch);
      yield await this.settle({ operation: "list", path, lane: undefined, effect: doNothing, complete: () => batch });
    }
  }

  makeDirectory(path: string): void {
    this.#checkMutable("makeDirectory", path);
    if (this.#find(path, "makeDirectory") !== undefined) {
      throw this.#refuse("FS_ALREADY_EXISTS", "makeDirectory", path, "EEXIST");
    }
    this.log?.begin("makeDirectory", path);
    this.#createInode(path, "directory", "makeDirectory");
  }

  removeDirectory(path: string): void {
    this.#checkMutable("removeDirectory", path);
    if (path === "/") throw this.#refuse("FS_BUSY", "removeDirectory", path, "EBUSY");
    const inode = this.#get(path, "removeDirectory");
    if (inode.names === undefined) throw this.#refuse("FS_NOT_A_DIRECTORY", "removeDirectory", path, "ENOTDIR");
    if (inode.names.size > 0) throw this.#refuse("FS_DIRECTORY_NOT_EMPTY", "removeDirectory", path, "ENOTEMPTY");
    this.log?.begin("removeDirectory", path);
    this.#unbind(this.#directoryOf(path, "removeDirectory").ino, baseName(path), inode);
    this.collect(inode.ino);
  }

  rename(from: string, to: string): void {
    this.#namingBoth(from, to, () => this.#rename(from, to));
  }

  /** An error of an operation on two paths names both, the first one first, whichever of them is at fault. */
  #namingBoth(from: string, to: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof FsError) || (error.path === from && error.destination === to)) throw error;
      const { code, message, operation, errno } = error;
      throw new FsError(code, message, { operation, errno, path: from, destination: to, injected: error.injected });
    }
  }

  #rename(from: string, to: string): void {
    this.#checkMutable("rename", from);
    checkAbsolutePath(to, "rename");
    if (from === "/" || to === "/") throw this.#refuse("FS_BUSY", "rename", from, "EBUSY", to);
    const sourceDirectory = this.#directoryOf(from, "rename");
    const targetDirectory = this.#directoryOf(to, "rename");
    const source = this.#get(from, "rename");
    const target = this.#find(to, "rename");
    this.#checkRename(source, target, from, to);
    if (target === source) return; // POSIX: two names of one file, nothing happens
    this.checkMetadataSpace("rename", to);
    this.log?.begin("rename", from, to);
    if (target?.kind === "file") {
      const size = this.sizeOf(source.ino);
      this.log?.size(source.ino, size, size, "rename-over");
    }
    const step: RenameStep = {
      group: this.log?.length ?? 0,
      rename: sourceDirectory === targetDirectory ? "within" : "across",
    };
    // What is replaced is removed by this rename, not moved.
    if (target !== undefined) this.#unbind(targetDirectory.ino, baseName(to), target, { ...step, rename: "none" });
    this.#unbind(sourceDirectory.ino, baseName(from), source, step);
    this.#bind(targetDirectory.ino, baseName(to), source.ino, source.kind, step);
    if (target !== undefined) this.collect(target.ino);
  }

  #checkRename(source: Inode, target: Inode | undefined, from: string, to: string): void {
    // Linux looks at where the names lie before it looks at what they are.
    if (from.startsWith(`${to}/`)) throw this.#refuse("FS_DIRECTORY_NOT_EMPTY", "rename", from, "ENOTEMPTY", to);
    if (source.kind === "directory") {
      if (to.startsWith(`${from}/`)) throw this.#refuse("FS_INVALID_ARGUMENT", "rename", from, "EINVAL", to);
      if (target === undefined || target === source) return;
      if (target.kind !== "directory") throw this.#refuse("FS_NOT_A_DIRECTORY", "rename", from, "ENOTDIR", to);
      if ((target.names?.size ?? 0) > 0) {
        throw this.#refuse("FS_DIRECTORY_NOT_EMPTY", "rename", from, "ENOTEMPTY", to);
      }
    } else if (target?.kind === "directory") {
      throw this.#refuse("FS_IS_A_DIRECTORY", "rename", from, "EISDIR", to);
    }
  }

  link(from: string, to: string): void {
    this.#namingBoth(from, to, () => this.#link(from, to));
  }

  #link(from: string, to: string): void {
    this.#checkMutable("link", from);
    checkAbsolutePath(to, "link");
    this.#directoryOf(from, "link"); // Linux judges the parents before the names in them
    const directory = this.#directoryOf(to, "link");
    const source = this.#get(from, "link");
    const target = this.#find(to, "link");
    if (source.kind === "directory") throw this.#refuse("FS_IS_A_DIRECTORY", "link", from, "EPERM", to);
    if (target !== undefined) throw this.#refuse("FS_ALREADY_EXISTS", "link", from, "EEXIST", to);
    this.checkMetadataSpace("link", to);
    this.log?.begin("link", from, to);
    this.#bind(directory.ino, baseName(to), source.ino, "file");
  }

  remove(path: string): void {
    this.#checkMutable("remove", path);
    const inode = this.#get(path, "remove");
    if (inode.kind === "directory") throw this.#refuse("FS_IS_A_DIRECTORY", "remove", path, "EISDIR");
    this.log?.begin("remove", path);
    this.#unbind(this.#directoryOf(path, "remove").ino, baseName(path), inode);
    this.collect(inode.ino);
  }

  reflink(from: string, to: string): void {
    this.#namingBoth(from, to, () => this.#reflink(from, to));
  }

  #reflink(from: string, to: string): void {
    this.#checkMutable("copy", from);
    checkAbsolutePath(to, "copy");
    const source = this.#get(from, "copy");
    if (source.kind === "directory") throw this.#refuse("FS_IS_A_DIRECTORY", "copy", from, "EISDIR", to);
    if (this.#find(to, "copy") !== undefined) throw this.#refuse("FS_ALREADY_EXISTS", "copy", from, "EEXIST", to);
    this.log?.begin("copy", from, to);
    this.shareContent(source.ino, this.#createInode(to, "file", "copy").ino);
  }

  syncNames(path: string): Promise<void> {
    let issued: IssuedOperation<void>;
    try {
      issued = this.issueNamesBarrier(this.#inoOfDirectory(path), path);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.settle(issued);
  }

  syncNamesBlocking(path: string): void {
    this.namesBarrierBlocking(this.#inoOfDirectory(path), path);
  }

  #inoOfDirectory(path: string): number {
    checkAbsolutePath(path, "syncNames");
    const inode = this.#get(path, "syncNames");
    if (inode.kind !== "directory") throw this.#refuse("FS_NOT_A_DIRECTORY", "syncNames", path, "ENOTDIR");
    return inode.ino;
  }

  space(): FsSpace {
    return this.spaceNow();
  }

  nonce(): string {
    this.nonces += 1;
    return `${this.state.boots.toString(36)}-${this.epoch.toString(36)}-${this.nonces.toString(36)}`;
  }

  processIdentity(): ProcessIdentity {
    return { pid: 1, startTime: String(this.epoch), bootId: String(this.state.boots), host: "simulated" };
  }

  processState(identity: ProcessIdentity): "alive" | "dead" | "unknown" {
    const own = this.processIdentity();
    if (identity.host !== own.host) return "unknown";
    return identity.bootId === own.bootId && identity.startTime === own.startTime ? "alive" : "dead";
  }
}

function doNothing(): void {}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
