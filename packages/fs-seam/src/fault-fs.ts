import { FaultGate } from "./fault-gate.js";
import type { FaultTimer } from "./fault-gate.js";
import { FaultHandle, FaultMediaHandle } from "./fault-handle.js";
import { FaultPlan } from "./fault-plan.js";
import type { FaultAction } from "./fault-rule.js";
import { StaleBytes } from "./fault-stale.js";
import type { FileHandle, FileStat, OpenFileOptions } from "./file-handle.js";
import { checkKeys, checkOpenOptions } from "./fs-arguments.js";
import { FsError } from "./fs-error.js";
import type { FsOperation } from "./fs-error.js";
import { checkAbsolutePath } from "./fs-path.js";
import { hasMedia, isMediaHandle } from "./media-faults.js";
import type { DirectoryEntry, FsCapabilities, FsSpace, ProcessIdentity, StoreFs } from "./store-fs.js";

/** What a {@link FaultFs} works with besides its plan. */
export interface FaultFsOptions {
  /** How delays pass. Default: they are added up in {@link FaultFs.delayedMs} and nobody waits. */
  readonly timer?: FaultTimer;
}

/**
 * Any backend, with a plan asked before every call: reads, writes, names, barriers in both forms, close, space. What the
 * plan lets through reaches the inner backend unchanged; identity and capabilities are the inner backend's.
 *
 * A call that throws before it becomes one (a path or argument that no backend accepts, a closed handle) is not counted.
 * An injected barrier failure poisons the handle of this wrapper, or for a names barrier the path, and leaves what is below
 * as it was; to lose what was being synced, use `failedSync` over a backend that models the disk.
 */
export class FaultFs implements StoreFs {
  /** The backend below the faults. */
  readonly inner: StoreFs;
  /** Asked before every call; its counts tell what it did. */
  readonly plan: FaultPlan;
  readonly #gate: FaultGate;
  readonly #stale: StaleBytes;
  readonly #openHandles = new Set<FileHandle>();
  /** First injected failure of each directory's names barrier, by path. */
  readonly #poisonedNames = new Map<string, FsError>();

  /**
   * @param plan - a plan, or one in the notation; default one without rules. Rules can be armed at any time.
   * @throws FsError `FS_UNSUPPORTED` when a rule needs a disk model and `inner` has none, here or when it is armed.
   */
  constructor(inner: StoreFs, plan: FaultPlan | string = new FaultPlan(), options: FaultFsOptions = {}) {
    checkKeys(options, ["timer"], "mount", "/");
    this.inner = inner;
    this.plan = typeof plan === "string" ? FaultPlan.parse(plan) : plan;
    this.#gate = new FaultGate(inner, this.plan, options.timer);
    this.#stale = new StaleBytes((path) => this.plan.rules.some((armed) => armed.readsStale(path)));
    // `hasMedia` asks whether the property exists, so it must not exist over a backend without it.
    if (hasMedia(inner)) Object.defineProperty(this, "media", { value: inner.media, enumerable: true });
  }

  get backend(): string {
    return `fault(${this.inner.backend})`;
  }

  get namespaceId(): string {
    return this.inner.namespaceId;
  }

  /** That of the file system below. */
  get readOnly(): boolean {
    return this.inner.readOnly;
  }

  /** Handles opened here and not closed yet: empty after a run that leaks none. */
  get openHandles(): readonly FileHandle[] {
    return [...this.#openHandles];
  }

  /** Milliseconds that all injected delays add up to. */
  get delayedMs(): number {
    return this.#gate.delayedMs;
  }

  capabilities(): FsCapabilities {
    return this.inner.capabilities();
  }

  #run<Result>(operation: FsOperation, path: string, carryOut: () => Result): Result {
    checkAbsolutePath(path, operation);
    return this.#gate.run({ operation, path, blocking: true }, carryOut);
  }

  #runBetween(operation: FsOperation, path: string, destination: string, carryOut: () => void): void {
    checkAbsolutePath(path, operation);
    checkAbsolutePath(destination, operation);
    this.#gate.run({ operation, path, destination, blocking: true }, carryOut);
  }

  open(path: string, options: OpenFileOptions): FileHandle {
    checkAbsolutePath(path, "open");
    checkOpenOptions(options, path);
    const inner = this.#gate.run(
      { operation: "open", path, blocking: true },
      () => this.inner.open(path, options),
      (handle) => handle.close(),
    );
    const host = { gate: this.#gate, stale: this.#stale, closed: (closed: FileHandle) => this.#forget(closed) };
    const handle = isMediaHandle(inner) ? new FaultMediaHandle(inner, host) : new FaultHandle(inner, host);
    this.#openHandles.add(handle);
    return handle;
  }

  #forget(handle: FileHandle): void {
    this.#openHandles.delete(handle);
  }

  stat(path: string): FileStat {
    return this.#run("stat", path, () => this.inner.stat(path));
  }

  list(path: string): DirectoryEntry[] {
    return this.#run("list", path, () => this.inner.list(path));
  }

  /** The plan is asked at the call; its error comes with the first batch. */
  listStream(path: string): AsyncIterable<DirectoryEntry[]> {
    checkAbsolutePath(path, "list");
    const { delayMs, fault } = this.#gate.decide({ operation: "list", path, blocking: false });
    if (delayMs === 0 && fault === undefined) return this.inner.listStream(path);
    return this.#listWith(path, delayMs, fault?.action.kind === "error" ? fault.error(fault.action.errno) : undefined);
  }

  async *#listWith(path: string, delayMs: number, error: Error | undefined): AsyncGenerator<DirectoryEntry[]> {
    await this.#gate.wait(delayMs);
    if (error !== undefined) throw error;
    yield* this.inner.listStream(path);
  }

  makeDirectory(path: string): void {
    this.#run("makeDirectory", path, () => this.inner.makeDirectory(path));
  }

  removeDirectory(path: string): void {
    this.#run("removeDirectory", path, () => this.inner.removeDirectory(path));
  }

  rename(from: string, to: string): void {
    this.#runBetween("rename", from, to, () => this.inner.rename(from, to));
  }

  link(from: string, to: string): void {
    this.#runBetween("link", from, to, () => this.inner.link(from, to));
  }

  remove(path: string): void {
    this.#run("remove", path, () => this.inner.remove(path));
  }

  reflink(from: string, to: string): void {
    this.#runBetween("copy", from, to, () => this.inner.reflink(from, to));
  }

  async syncNames(path: string): Promise<void> {
    this.#checkNames(path);
    const { delayMs, fault } = this.#gate.decide({ operation: "syncNames", path, blocking: false });
    if (delayMs > 0) await this.#gate.wait(delayMs);
    if (fault?.action.kind !== "error") {
      this.#armNames(path, fault?.action);
      return this.inner.syncNames(path);
    }
    if (fault.action.late === true) await this.inner.syncNames(path);
    throw this.#failNames(path, fault.error(fault.action.errno));
  }

  syncNamesBlocking(path: string): void {
    this.#checkNames(path);
    const { delayMs, fault } = this.#gate.decide({ operation: "syncNames", path, blocking: true });
    this.#gate.pass(delayMs);
    if (fault?.action.kind !== "error") {
      this.#armNames(path, fault?.action);
      return this.inner.syncNamesBlocking(path);
    }
    if (fault.action.late === true) this.inner.syncNamesBlocking(path);
    throw this.#failNames(path, fault.error(fault.action.errno));
  }

  #checkNames(path: string): void {
    checkAbsolutePath(path, "syncNames");
    const cause = this.#poisonedNames.get(path);
    if (cause === undefined) return;
    const message = `syncNames ${path}: a names barrier of this directory has failed; reopen and recover`;
    throw new FsError("FS_POISONED", message, { operation: "syncNames", path, injected: true }, { cause });
  }

  /** As on a real disk: what the directory holds is unknown from here on, and nobody may believe a second try. */
  #failNames(path: string, error: FsError): FsError {
    if (!this.#poisonedNames.has(path)) this.#poisonedNames.set(path, error);
    return error;
  }

  #armNames(path: string, action: FaultAction | undefined): void {
    if (action?.kind !== "failedSync" && action?.kind !== "droppedSync") return;
    if (hasMedia(this.inner)) this.inner.media.armNamesFault(path, action);
  }

  space(): FsSpace {
    return this.#gate.run({ operation: "space", blocking: true }, () => this.inner.space());
  }

  nonce(): string {
    return this.inner.nonce();
  }

  processIdentity(): ProcessIdentity {
    return this.inner.processIdentity();
  }

  processState(identity: ProcessIdentity): "alive" | "dead" | "unknown" {
    return this.inner.processState(identity);
  }
}
