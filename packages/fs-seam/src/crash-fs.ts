import { checkEngineOptions, type EngineOptions } from "./engine-options.js";
import type { EngineHandle } from "./engine-handle.js";
import { EngineFs } from "./engine-fs.js";
import { buildImage, checkChoiceIsFor, unitsOfChoice, type CrashChoice, type Trace } from "./crash-choice.js";
import { unitsOf } from "./crash-units.js";
import { DiskFaults } from "./disk-faults.js";
import type { SyncRung } from "./durability.js";
import { EffectLog } from "./effect-log.js";
import { isEffect, type Effect } from "./effects.js";
import { FsError } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import { rootIno, type Image } from "./fs-state.js";
import { describeDurability, type FileDurability } from "./file-durability.js";
import type { IssuedOperation } from "./issued-operation.js";
import { imageHash } from "./image-hash.js";
import { checkLedger, checkState, demandSame, invariantsAreOn } from "./invariants.js";
import { Ledger } from "./ledger.js";
import { readOnlyBase } from "./base-image.js";
import type { FailedSyncFault, HandleMediaFault, MediaControls, MediaFs } from "./media-faults.js";
import { personalityOf } from "./known-personalities.js";
import { type Personality } from "./personality.js";
import { pathLawOf } from "./path-law.js";
import type { PathLedger } from "./path-ledger.js";
import type { FileHandle, OpenFileOptions } from "./file-handle.js";
import type { StoreFs } from "./store-fs.js";

export interface CrashFsOptions extends EngineOptions {
  /** Tree whose contents count as durable at the start; mounted in O(1), never changed. */
  readonly image?: Image;
  /**
   * File system whose contents count as durable at the start. Names and lengths are read at once, bytes when they are
   * first needed; it is never written. Not together with `image`.
   */
  readonly base?: StoreFs;
  /** What a power loss may leave. Default `posix`. */
  readonly personality?: string | Personality;
  /** Remember where each call came from, for reports; costs microseconds a call. Default false. */
  readonly callSites?: boolean;
}

/** What an in-place crash did. */
export interface CrashReport {
  /** Name of the personality that decided. */
  readonly personality: string;
  /** The choice that was carried out; `replayCrash` makes the same image from the trace of before. */
  readonly choice: CrashChoice | undefined;
  /** How many of the pending units the disk now has: effects, or pieces of them that tear. */
  readonly survived: number;
  /** How many of them are gone. */
  readonly lost: number;
}

const optionKeys = ["image", "base", "personality", "callSites"];

/**
 * A file system in memory that remembers what was synced and what was not. It behaves as `MemoryFs` until the power
 * fails; then `crash()` leaves one of the trees the personality allows, and `trace()` gives access to all of them.
 *
 * Costs: a write copies its bytes once and adds a record; a barrier adds a record; `snapshot` is O(1). The durable state
 * is worked out from the records when somebody asks for it, and then only from those that are new.
 */
export class CrashFs extends EngineFs implements MediaFs {
  override readonly backend: string = "crash";
  /** What a power loss may leave here. */
  readonly personality: Personality;
  protected override log: EffectLog;
  readonly #disk: DiskFaults;
  /** Whether the log remembers where each call came from. */
  readonly callSites: boolean;
  #base: Image;
  #ledger: Ledger | undefined;
  /** @internal The book of a law that is keyed by path; undefined for every other personality. */
  readonly pathLaw: PathLedger | undefined;

  constructor(options: CrashFsOptions = {}, more: readonly string[] = []) {
    checkEngineOptions(options, [...optionKeys, ...more]);
    if (options.image !== undefined && options.base !== undefined) {
      throw new FsError("FS_INVALID_ARGUMENT", "mount: image and base exclude each other", { operation: "mount" });
    }
    super(options.base === undefined ? options.image : readOnlyBase(options.base), options);
    this.personality = personalityOf(options.personality ?? "posix");
    this.callSites = options.callSites ?? false;
    this.log = new EffectLog(this.callSites);
    this.#base = this.state.freeze();
    this.#disk = new DiskFaults();
    this.poisonsHandles = this.personality.handles.failedBarrier === "poisoned";
    this.pathLaw = pathLawOf(this.personality, () => this.state);
  }

  // --- what a law that is keyed by path wants to hear of ------------------------------------------------------------

  override open(path: string, options: OpenFileOptions): FileHandle {
    const creates = this.pathLaw?.opening(path, options) === true;
    const handle = super.open(path, options);
    if (creates) this.pathLaw?.created(path);
    return handle;
  }

  override rename(from: string, to: string): void {
    super.rename(from, to);
    this.pathLaw?.renamed(from, to);
  }

  override remove(path: string): void {
    super.remove(path);
    this.pathLaw?.removed(path);
  }

  override removeDirectory(path: string): void {
    super.removeDirectory(path);
    this.pathLaw?.removedDirectory(path);
  }

  override link(from: string, to: string): void {
    super.link(from, to);
    this.pathLaw?.copied(from, to);
  }

  override reflink(from: string, to: string): void {
    super.reflink(from, to);
    this.pathLaw?.copied(from, to);
  }

  // --- looking ----------------------------------------------------------------------------------------------------

  /** The ledger, brought up to date. */
  #settled(): Ledger {
    if (this.pathLaw !== undefined) throw this.#oneOutcome("the effects of one file have no state of their own");
    const { records } = this.log; // asking is what brings the list up to date
    this.#ledger ??= new Ledger(this.personality, this.#base, records);
    this.#ledger.advance();
    if (invariantsAreOn) {
      checkState(this.state, true);
      checkLedger(this.#ledger, this.state);
    }
    return this.#ledger;
  }

  #oneOutcome(why: string): FsError {
    const message = `${this.personality.name} has one outcome, which crash() makes: ${why}`;
    return new FsError("FS_UNSUPPORTED", message, { operation: "mount" });
  }

  /** An immutable copy of what the program sees now; O(1). */
  snapshot(): Image {
    return this.freezeTree();
  }

  /** The least that survives a power loss now: what is durable for certain. */
  durableImage(): Image {
    if (this.pathLaw !== undefined) return this.pathLaw.imageAfterCrash();
    const ledger = this.#settled();
    return buildImage(ledger.state.freeze(), [], new Set(), this.personality, "zeros", ledger.state.slab).freeze();
  }

  /** Everything since the start, the last crash or the mount. Later operations do not show in it. */
  trace(): Trace {
    return { base: this.#base, records: this.log.records.slice() };
  }

  /** Effects that a power loss now may keep or lose, in order. */
  pending(): readonly Effect[] {
    return this.pathLaw !== undefined ? [] : this.#settled().pending();
  }

  /** Which bytes and names of a file are durable, pending or lost. */
  durability(path: string): FileDurability {
    const ino = this.inoOf(path, "stat");
    return describeDurability(path, ino, this.state, this.#settled(), this.log.records);
  }

  /** Adds a word of the program under test to the log, for example that something is acknowledged from here on. */
  mark(label: string, data?: unknown): void {
    this.log.push({ kind: "mark", seq: this.log.length, label, data });
  }

  /** Bytes of payload and number of records that the log holds. */
  logSize(): { readonly records: number; readonly payloadBytes: number } {
    return { records: this.log.length, payloadBytes: this.log.payloadBytes };
  }

  // --- crashing ---------------------------------------------------------------------------------------------------

  /**
   * Power loss in place. Every handle dies (`FS_CRASHED`), barriers in flight are rejected, locks of this boot count as
   * dead, and the tree becomes the one `choice` describes.
   *
   * The laws of older simulators (`seed-*`) know one outcome, which is their `worst`, and under them handles and locks
   * live on. A rollback that cannot be carried out throws, and leaves what it had done until then.
   *
   * @param choice - `worst` (default): nothing that is pending survives. `best`: everything does. Or a choice of a report.
   */
  crash(choice: "worst" | "best" | CrashChoice = "worst"): CrashReport {
    if (this.pathLaw !== undefined) return this.#crashByPath(this.pathLaw, choice);
    if (typeof choice === "object") checkChoiceIsFor(choice, this.personality, this.log.length);
    const ledger = this.#settled();
    const pending = ledger.exposed();
    const units = unitsOf(pending, this.personality, true);
    const all = new Set(units.keys());
    const chosen =
      choice === "best" ? all : choice === "worst" ? new Set<number>() : unitsOfChoice(choice, units, pending);
    const unwritten = typeof choice === "object" ? choice.unwritten : "zeros";
    const durable = ledger.state.freeze();
    const state = buildImage(durable, units, chosen, this.personality, unwritten, this.state.slab);
    const worst = invariantsAreOn && chosen.size === 0 ? imageHash(this.durableImage()) : undefined;
    this.#restart(state.freeze());
    if (invariantsAreOn) {
      checkState(this.state, true);
      demandSame(imageHash(this.state), worst ?? imageHash(this.state), "I6: the worst image is not the durable state");
      demandSame(imageHash(this.durableImage()), imageHash(this.state), "I5: a second crash would change something");
    }
    return {
      personality: this.personality.name,
      choice: typeof choice === "object" ? choice : undefined,
      survived: chosen.size,
      lost: units.length - chosen.size,
    };
  }

  #crashByPath(law: PathLedger, choice: "worst" | "best" | CrashChoice): CrashReport {
    if (choice !== "worst") throw this.#oneOutcome("there is nothing to choose");
    try {
      const { survived, lost } = law.rollBack(this.state, { unlinked: (ino) => this.collect(ino) });
      law.restart();
      if (invariantsAreOn) checkState(this.state, true);
      return { personality: this.personality.name, choice: undefined, survived, lost };
    } finally {
      this.#restart(this.state.freeze());
    }
  }

  #restart(image: Image): void {
    if (this.personality.handles.crash === "die") {
      this.killHandles();
      this.#disk.forgetReports();
      this.mountAgain(image);
    }
    this.#base = this.state.freeze();
    this.log = new EffectLog(this.callSites);
    this.#ledger = undefined;
  }

  /** End of the process without a power loss: handles die, what was written stays visible and stays pending. */
  processCrash(): void {
    this.killHandles();
    this.#disk.forgetReports();
  }

  /**
   * Background write-back: makes pending effects durable, with all they need.
   *
   * @param effects - record numbers; default all that are pending.
   */
  writeback(effects?: readonly number[]): void {
    const { records } = this.log;
    const which = effects ?? this.pending().map(({ seq }) => seq);
    for (const seq of which) {
      const record = records[seq];
      if (record !== undefined && isEffect(record)) continue;
      throw new FsError("FS_INVALID_ARGUMENT", `writeback: record ${seq} is no effect`, { operation: "sync" });
    }
    this.log.push({ kind: "writeback", seq: this.log.length, effects: which });
  }

  /** Barrier over everything that was done before, as `syncfs` on Linux. */
  syncAllBlocking(): void {
    this.log.begin("syncAll", "/");
    const { call, length } = this.log;
    const record = { ino: rootIno, rung: "full", outcome: "done", lost: nothing, aftermath: undefined } as const;
    this.log.barrier({ ...record, scope: "all", covers: length, call });
  }

  /** Drops clean pages from the cache, so that reads show what is on the disk: uncovers bytes a failed barrier lost. */
  evict(path: string): void {
    this.#disk.reload(this.state, this.inoOf(path, "read"), this.#settled());
  }

  // --- the disk ---------------------------------------------------------------------------------------------------

  /** Changes what the disk holds behind the back of the program. */
  get media(): MediaControls {
    return {
      flipBit: (path, offset, bit) => {
        const ino = this.inoOf(path, "write");
        this.#disk.checkBit(path, offset, bit, this.sizeOf(ino));
        this.log.push({ kind: "media", seq: this.log.length, ino, offset, bit });
      },
      latentError: (path, offset, length) => this.#disk.latentError(this.inoOf(path, "read"), path, offset, length),
      staleRead: (path, offset, length) => {
        this.#disk.staleRead(this.inoOf(path, "read"), path, offset, length, this.#base, this.log.records);
      },
      armNamesFault: (path, fault) => this.#disk.armNames(this.inoOf(path, "syncNames"), fault),
    };
  }

  /** Throws where the fault cannot apply here. */
  override checkMediaFault(fault: HandleMediaFault): void {
    if (fault.kind === "misdirectedWrite") this.inoOf(fault.path, "write");
  }

  protected override takeNamesFault(ino: number): HandleMediaFault | undefined {
    return this.#disk.takeNames(ino);
  }

  protected override beforeRead(handle: EngineHandle, target: Uint8Array, offset: number): number | undefined {
    return this.#disk.quiet ? undefined : this.#disk.read(this.state, handle, target, offset);
  }

  protected override afterLoggedWrite(handle: EngineHandle, first: number): void {
    if (!this.#disk.quiet) this.#disk.written(handle.ino, this.log.records, first);
    const fault = handle.armed;
    if (fault?.kind !== "lostWrite" && fault?.kind !== "misdirectedWrite") return;
    handle.armed = undefined;
    const target = fault.kind === "misdirectedWrite" ? this.inoOf(fault.path, "write") : 0;
    this.#disk.misplace(fault, target, this.log.records, first);
  }

  protected override openHandle(handle: EngineHandle): EngineHandle {
    handle.heard = this.#disk.reportsOf(handle.ino);
    return super.openHandle(handle);
  }

  protected override issueNamesBarrier(ino: number, path: string): IssuedOperation<void> {
    this.#disk.checkNames(ino, path);
    return super.issueNamesBarrier(ino, path);
  }

  protected override namesBarrierBlocking(ino: number, path: string): void {
    this.#disk.checkNames(ino, path);
    super.namesBarrierBlocking(ino, path);
  }

  protected override finishFileBarrier(
    handle: EngineHandle,
    rung: SyncRung,
    covers: number,
    fault: HandleMediaFault | undefined,
  ): void {
    const owed = this.#disk.owedTo(handle);
    if (owed !== undefined) throw owed; // nothing is settled: what is pending may or may not have made it
    const full = this.spacePolicy === "at-sync" && this.overLimit();
    const effective = full ? ({ kind: "failedSync", errno: this.limitErrno, lost: "all" } as const) : fault;
    const honest = effective?.kind !== "failedSync" && effective?.kind !== "droppedSync";
    if (honest) this.pathLaw?.synced(handle.path, handle.ino);
    try {
      this.#finish({ scope: "file", ino: handle.ino, path: handle.path, rung, covers }, effective);
    } finally {
      handle.heard = this.#disk.reportsOf(handle.ino);
    }
  }

  protected override finishNamesBarrier(
    ino: number,
    path: string,
    covers: number,
    fault: HandleMediaFault | undefined,
  ): void {
    this.#finish({ scope: "names", ino, path, rung: "full", covers }, fault);
  }

  #finish(barrier: Barrier, fault: HandleMediaFault | undefined): void {
    const { scope, ino, path, rung, covers } = barrier;
    this.log.begin(scope === "file" ? "sync" : "syncNames", path);
    if (fault?.kind === "failedSync") throw this.#fail(barrier, fault);
    const outcome = fault?.kind === "droppedSync" ? "dropped" : "done";
    this.log.barrier({ scope, ino, rung, covers, outcome, lost: nothing, aftermath: undefined, call: this.log.call });
    if (invariantsAreOn && this.personality.law === "effects") this.#settled();
  }

  /** Carries a failure out, remembers who has to hear of it, and returns the error. */
  #fail({ scope, ino, path, rung, covers }: Barrier, fault: FailedSyncFault): FsError {
    const aftermath = fault.aftermath ?? this.personality.failedSync;
    const lost = aftermath !== "keep-dirty" ? this.#disk.lostBy(fault, ino, covers, this.#settled()) : [];
    this.log.barrier({ scope, ino, rung, covers, outcome: "failed", lost, aftermath, call: this.log.call });
    if (aftermath === "revert") this.#disk.reload(this.state, ino, this.#settled());
    const operation = scope === "file" ? "sync" : "syncNames";
    const code = fault.errno === "EIO" ? "FS_IO" : fault.errno === "ENOSPC" ? "FS_NO_SPACE" : "FS_QUOTA_EXCEEDED";
    const error = refusal(code, operation, path, fault.errno, { errno: fault.errno, injected: true });
    if (!this.poisonsHandles) return error;
    if (scope === "file") this.#disk.report(ino, error);
    else this.#disk.poisonNames(ino, error);
    return error;
  }
}

const nothing: readonly number[] = [];

/** A barrier that is about to end. */
interface Barrier {
  readonly scope: "file" | "names";
  readonly ino: number;
  readonly path: string;
  readonly rung: SyncRung;
  readonly covers: number;
}
