import type { SyncRung } from "./durability.js";
import type { EffectLog } from "./effect-log.js";
import type { EngineHandle } from "./engine-handle.js";
import type { EngineOptions, SpacePolicy } from "./engine-options.js";
import { FsError, type FsErrorCode, type FsOperation } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import { FsState, type Image } from "./fs-state.js";
import type { FileStat } from "./file-handle.js";
import { issuedBarrier } from "./issued-barrier.js";
import { settleSoon, type IssuedOperation } from "./issued-operation.js";
import type { HandleMediaFault } from "./media-faults.js";
import { logGrowth, logLength, startsOnLastPage } from "./growth-log.js";
import { OperationAllowance } from "./operation-allowance.js";
import { pageBytes, type PagedContent } from "./paged-content.js";
import type { Payload } from "./slab-allocator.js";
import type { FsSpace } from "./store-fs.js";

let engines = 0;

/** Bytes, sizes, space and open handles of the in-memory engine. */
export abstract class EngineContent {
  /** Whether every change is refused with `FS_READ_ONLY`. */
  readonly readOnly: boolean;
  /** @internal */
  state: FsState;
  /** @internal Handles of an earlier epoch are dead. */
  epoch = 1;
  /** @internal Whether a failed barrier ends its handle; only the laws of older simulators say no. */
  poisonsHandles = true;
  /** @internal Every operation takes one. */
  readonly operations: OperationAllowance = new OperationAllowance();
  protected log: EffectLog | undefined = undefined;
  protected readonly engineId: number;
  protected nonces = 0;
  protected openHandles = 0;
  readonly #handlesOf = new Map<number, number>();
  readonly #pageLimit: number;
  readonly #limitCode: FsErrorCode;
  readonly #spacePolicy: SpacePolicy;
  readonly #maxOpenHandles: number;
  readonly #payload: Payload = { bytes: undefined, shift: 0 };
  /** Files that `allocate` was called for: their pages may have storage that was never written. */
  readonly #reserved = new Set<number>();
  /** Files that were cut to nothing and not closed by a writer since. */
  readonly #emptied = new Set<number>();

  constructor(image: Image | undefined, options: EngineOptions) {
    engines += 1;
    this.engineId = engines;
    this.state = new FsState(image);
    this.state.boots += 1;
    this.readOnly = options.readOnly ?? false;
    const capacity = options.capacityBytes ?? Number.MAX_SAFE_INTEGER;
    const quota = options.quotaBytes ?? Number.MAX_SAFE_INTEGER;
    this.#pageLimit = Math.floor(Math.min(capacity, quota) / pageBytes);
    this.#limitCode = quota < capacity ? "FS_QUOTA_EXCEEDED" : "FS_NO_SPACE";
    this.#spacePolicy = options.spacePolicy ?? "at-write";
    this.#maxOpenHandles = options.maxOpenHandles ?? Number.MAX_SAFE_INTEGER;
  }

  /** @internal Runs the rest of a promise operation; a simulator may do so later and in another order. */
  settle<Result>(issued: IssuedOperation<Result>): Promise<Result> {
    return settleSoon(issued);
  }

  // --- what a backend with a disk behind it overrides -------------------------------------------------------------

  protected finishFileBarrier(
    _handle: EngineHandle,
    _rung: SyncRung,
    _covers: number,
    _fault: HandleMediaFault | undefined,
  ): void {}
  protected finishNamesBarrier(
    _ino: number,
    _path: string,
    _covers: number,
    _fault: HandleMediaFault | undefined,
  ): void {}
  /** Called once for every barrier, at its issue. */
  protected takeFileFault(handle: EngineHandle): HandleMediaFault | undefined {
    const fault = handle.armed;
    handle.armed = undefined;
    return fault;
  }
  protected takeNamesFault(_ino: number): HandleMediaFault | undefined {
    return undefined;
  }
  protected beforeRead(_handle: EngineHandle, _target: Uint8Array, _offset: number): number | undefined {
    return undefined;
  }
  /** Called with the range of effects that one write has logged. */
  protected afterLoggedWrite(_handle: EngineHandle, _firstEffect: number): void {}

  /** Throws `FS_UNSUPPORTED` where the fault cannot apply to this backend. */
  checkMediaFault(fault: HandleMediaFault, path: string): void {
    const message = `${fault.kind} ${path}: this backend models no disk`;
    throw new FsError("FS_UNSUPPORTED", message, { operation: "sync", path });
  }

  // --- handles ---------------------------------------------------------------------------------------------------

  protected checkHandleCount(path: string): void {
    if (this.openHandles < this.#maxOpenHandles) return;
    const why = `${this.#maxOpenHandles} handles are open`;
    throw refusal("FS_TOO_MANY_OPEN_FILES", "open", path, why, { errno: "EMFILE", injected: true });
  }

  protected openHandle(handle: EngineHandle): EngineHandle {
    this.openHandles += 1;
    this.#handlesOf.set(handle.ino, (this.#handlesOf.get(handle.ino) ?? 0) + 1);
    return handle;
  }

  /** @internal */
  closeHandle(handle: EngineHandle): void {
    this.openHandles -= 1;
    if (handle.mode !== "read" && this.#emptied.delete(handle.ino)) {
      logLength(this.log, handle, this.sizeOf(handle.ino));
    }
    const left = (this.#handlesOf.get(handle.ino) ?? 1) - 1;
    if (left > 0) this.#handlesOf.set(handle.ino, left);
    else this.#handlesOf.delete(handle.ino);
    this.collect(handle.ino);
    if (this.#spacePolicy === "at-close" && this.overLimit()) throw this.#noSpace("close", handle.path, 0);
  }

  /** Puts another tree in place; handles have been dealt with before. */
  protected mountAgain(image: Image): void {
    this.state = new FsState(image, this.state.slab);
    this.state.boots += 1;
  }

  /** The tree without files that only handles keep alive; O(1) unless there are such files. */
  protected freezeTree(): Image {
    const image = this.state.freeze();
    const orphaned = [...this.#handlesOf.keys()].some((ino) => image.inode(ino)?.links === 0);
    if (!orphaned) return image;
    const copy = new FsState(image, this.state.slab);
    copy.dropUnreachable();
    return copy.freeze();
  }

  /** Ends the life of every open handle. */
  protected killHandles(): void {
    this.epoch += 1;
    this.openHandles = 0;
    this.#emptied.clear();
    this.#reserved.clear();
    const orphans = [...this.#handlesOf.keys()];
    this.#handlesOf.clear();
    for (const ino of orphans) this.collect(ino);
  }

  /** Frees a file that nothing refers to any more. */
  protected collect(ino: number): void {
    const inode = this.state.inode(ino);
    if (inode !== undefined && inode.links === 0 && !this.#handlesOf.has(ino)) this.state.drop(ino);
  }

  // --- space -----------------------------------------------------------------------------------------------------

  protected overLimit(): boolean {
    return this.state.usedPages > this.#pageLimit;
  }

  protected get limitErrno(): "ENOSPC" | "EDQUOT" {
    return this.#limitCode === "FS_NO_SPACE" ? "ENOSPC" : "EDQUOT";
  }

  protected get spacePolicy(): SpacePolicy {
    return this.#spacePolicy;
  }

  #noSpace(operation: FsOperation, path: string, transferred: number): FsError {
    const detail = { errno: this.limitErrno, transferred, injected: true };
    return refusal(this.#limitCode, operation, path, "no space left", detail);
  }

  /** A new name needs room in its directory: one page must be free. */
  protected checkMetadataSpace(operation: FsOperation, path: string): void {
    if (this.#spacePolicy !== "at-write" || this.state.usedPages < this.#pageLimit) return;
    throw this.#noSpace(operation, path, 0);
  }

  protected spaceNow(): FsSpace {
    if (this.#pageLimit >= Math.floor(Number.MAX_SAFE_INTEGER / pageBytes)) {
      return { totalBytes: Number.MAX_SAFE_INTEGER, availableBytes: Number.MAX_SAFE_INTEGER };
    }
    const free = Math.max(0, this.#pageLimit - this.state.usedPages);
    return { totalBytes: this.#pageLimit * pageBytes, availableBytes: free * pageBytes };
  }

  /** How many bytes of a write at `offset` fit. */
  #fitting(content: PagedContent, offset: number, length: number): number {
    let free = this.#pageLimit - this.state.usedPages;
    if (free * pageBytes >= length + pageBytes) return length;
    for (let at = offset; at < offset + length;) {
      const index = Math.floor(at / pageBytes);
      if (content.page(index) === undefined) {
        if (free <= 0) return at - offset;
        free -= 1;
      }
      at = (index + 1) * pageBytes;
    }
    return length;
  }

  // --- bytes -----------------------------------------------------------------------------------------------------

  /** @internal */
  sizeOf(ino: number): number {
    return this.state.inode(ino)?.content?.size ?? 0;
  }

  /** @internal */
  statInode(ino: number): FileStat {
    const inode = this.state.inode(ino);
    if (inode === undefined) throw new Error(`internal: inode ${ino} does not exist`);
    return {
      kind: inode.kind,
      size: inode.content?.size ?? 0,
      links: inode.links,
      allocatedBytes: (inode.content?.pageCount ?? 0) * pageBytes,
    };
  }

  /** @internal */
  readContent(handle: EngineHandle, target: Uint8Array, offset: number): number {
    const special = this.beforeRead(handle, target, offset);
    if (special !== undefined) return special;
    return this.state.inode(handle.ino)?.content?.read(target, offset) ?? 0;
  }

  /** @internal */
  writeContent(handle: EngineHandle, bytes: Uint8Array, offset: number, operation: "write" | "append"): void {
    if (bytes.length === 0) return;
    const content = this.state.ownContent(handle.ino);
    const length = this.#spacePolicy === "at-write" ? this.#fitting(content, offset, bytes.length) : bytes.length;
    if (length > 0) {
      if (this.log === undefined) this.#writePages(content, bytes, offset, length);
      else this.#writePagesLogged(this.log, handle, content, bytes, offset, length, operation);
    }
    if (length < bytes.length) throw this.#noSpace(operation, handle.path, length);
  }

  #writePages(content: PagedContent, bytes: Uint8Array, offset: number, length: number): void {
    const before = content.pageCount;
    for (let done = 0; done < length;) {
      const index = Math.floor((offset + done) / pageBytes);
      const start = offset + done - index * pageBytes;
      const count = Math.min(pageBytes - start, length - done);
      content.writePage(index, start, bytes, done, done + count, this.state.slab);
      done += count;
    }
    if (offset + length > content.size) content.size = offset + length;
    this.state.usedPages += content.pageCount - before;
  }

  #writePagesLogged(
    log: EffectLog,
    handle: EngineHandle,
    content: PagedContent,
    bytes: Uint8Array,
    offset: number,
    length: number,
    operation: string,
  ): void {
    const before = content.pageCount;
    const { ino } = handle;
    log.begin(operation, handle.path);
    const end = offset + length;
    // Within one page at the end of the file, as nearly every append is: bytes and length share one place in the log.
    const appends = offset === content.size && (offset % pageBytes) + length <= pageBytes;
    const inBlock = startsOnLastPage(content, offset) && !this.#reserved.has(ino);
    const first = log.length;
    const payload = this.#payload;
    for (let done = 0; done < length;) {
      const index = Math.floor((offset + done) / pageBytes);
      const start = offset + done - index * pageBytes;
      const count = Math.min(pageBytes - start, length - done);
      content.writePageLogged(index, start, bytes, done, done + count, this.state.slab, payload);
      if (appends) log.append(ino, index, start, start + count, payload.bytes as Uint8Array, payload.shift, inBlock); // just set
      else log.data(ino, index, start, start + count, payload.bytes, payload.shift);
      done += count;
    }
    // Behind its bytes: a personality may say that the new length needs them, and needs always point back in the log.
    if (end > content.size) {
      if (!appends) logGrowth(log, ino, content.size, end, inBlock);
      content.size = end;
    }
    this.state.usedPages += content.pageCount - before;
    this.afterLoggedWrite(handle, first);
  }

  /** @internal */
  resize(handle: EngineHandle, size: number): void {
    this.log?.begin("truncate", handle.path);
    this.cut(handle.ino, size);
  }

  /** Cuts or grows a file, and logs it. */
  protected cut(ino: number, size: number): void {
    const content = this.state.ownContent(ino);
    const from = content.size;
    if (size === from) return;
    this.log?.size(ino, from, size, "set");
    if (size === 0 && this.log !== undefined) this.#emptied.add(ino);
    const rest = size % pageBytes;
    const page = Math.floor(size / pageBytes);
    // The zeroed rest of the new last page is a write of its own: it may reach the disk without the new size.
    if (size < from && rest > 0 && content.page(page) !== undefined) {
      this.log?.data(ino, page, rest, Math.min(pageBytes, from - page * pageBytes), undefined, 0);
    }
    this.state.setSize(ino, size);
  }

  /** @internal */
  allocate(handle: EngineHandle, offset: number, length: number): void {
    if (length === 0) return;
    const content = this.state.ownContent(handle.ino);
    const fits = this.#spacePolicy === "at-write" ? this.#fitting(content, offset, length) : length;
    if (fits < length) throw this.#noSpace("allocate", handle.path, 0);
    this.log?.begin("allocate", handle.path);
    if (this.log !== undefined) this.#reserved.add(handle.ino);
    const before = content.pageCount;
    content.reserve(offset, offset + length, this.state.slab);
    this.state.usedPages += content.pageCount - before;
    if (offset + length > content.size) this.cut(handle.ino, offset + length);
  }

  /** @internal */
  punch(handle: EngineHandle, offset: number, length: number): void {
    const content = this.state.ownContent(handle.ino);
    const end = Math.min(offset + length, content.size);
    this.log?.begin("punch", handle.path);
    const first = Math.floor(offset / pageBytes);
    for (const index of content.pageIndexes(first, Math.ceil(end / pageBytes))) {
      const start = Math.max(0, offset - index * pageBytes);
      const stop = Math.min(pageBytes, end - index * pageBytes);
      if (stop <= start) continue;
      this.log?.data(handle.ino, index, start, stop, undefined, 0);
      const last = Math.min(pageBytes, content.size - index * pageBytes);
      this.state.writeRange(handle.ino, index, start, stop === last ? pageBytes : stop, undefined, 0);
    }
  }

  /** Makes the empty file `to` share the pages of `from`. */
  protected shareContent(from: number, to: number): void {
    const source = this.state.inode(from)?.content;
    if (source === undefined) return;
    const target = this.state.ownContent(to);
    if (source.size > 0) this.log?.size(to, 0, source.size, "write");
    for (const index of source.pageIndexes()) {
      const page = source.page(index);
      if (page === undefined) continue;
      page.owner = undefined; // shared from now on: whoever writes first makes a copy
      target.setPage(index, page);
      this.state.usedPages += 1;
      this.log?.data(to, index, 0, page.length, page.slab, page.at);
    }
    target.size = source.size;
  }

  // --- barriers --------------------------------------------------------------------------------------------------

  /** @internal A barrier from its issue to its end. */
  fileBarrierBlocking(handle: EngineHandle, rung: SyncRung): void {
    this.finishFileBarrier(handle, rung, this.log?.length ?? 0, this.takeFileFault(handle));
  }

  protected namesBarrierBlocking(ino: number, path: string): void {
    this.finishNamesBarrier(ino, path, this.log?.length ?? 0, this.takeNamesFault(ino));
  }

  /** @internal Starts a barrier in program order. */
  issueFileBarrier(handle: EngineHandle, rung: SyncRung): IssuedOperation<void> {
    const fault = this.takeFileFault(handle);
    const covers = this.log?.length ?? 0;
    const fails = (): boolean => fault?.kind === "failedSync" || (this.#spacePolicy === "at-sync" && this.overLimit());
    const finish = (): void => this.finishFileBarrier(handle, rung, covers, fault);
    // As on a real file system, one handle has one barrier at a time: the second learns what became of the first.
    return issuedBarrier(this, "sync", handle.path, handle, fails, finish);
  }

  protected issueNamesBarrier(ino: number, path: string): IssuedOperation<void> {
    const fault = this.takeNamesFault(ino);
    const covers = this.log?.length ?? 0;
    const fails = (): boolean => fault?.kind === "failedSync";
    const finish = (): void => this.finishNamesBarrier(ino, path, covers, fault);
    return issuedBarrier(this, "syncNames", path, undefined, fails, finish);
  }

  /** @internal Throws when a crash came after `epoch`, the one in which the operation was issued. */
  checkEpoch(epoch: number, operation: FsOperation, path: string): void {
    if (epoch === this.epoch) return;
    throw refusal("FS_CRASHED", operation, path, "a simulated crash came before it returned", { injected: true });
  }
}
