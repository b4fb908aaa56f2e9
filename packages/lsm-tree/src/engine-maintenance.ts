import type { Wal } from "@holdfast/wal";
import { areLive, Compactor } from "./compaction/compactor.js";
import { compactionDebtBytes } from "./compaction/level-targets.js";
import { LEVEL0_SLOWDOWN } from "./compaction/picker.js";
import { writePressure, type WritePressure } from "./compaction/pressure.js";
import type { EditInstaller } from "./edit-install.js";
import type { MaintenanceStats } from "./engine-stats.js";
import { writeFlushedTable } from "./flush.js";
import { JobScheduler, type JobKind } from "./job-scheduler.js";
import type { LiveTree, SealedMemtable } from "./live-tree.js";
import { LsmError } from "./lsm-error.js";
import type { ManifestLog } from "./manifest-log.js";
import type { Version } from "./version.js";
import type { WorkSlices } from "./work-slices.js";

export interface MaintenanceParts {
  readonly tree: LiveTree;
  readonly log: Wal;
  readonly manifest: ManifestLog;
  readonly installer: EditInstaller;
  /** Of tables that are known to be unreadable. */
  readonly unreadable: readonly LsmError[];
  readonly takeFileNumber: () => number;
  readonly now: () => number;
  readonly turn: () => Promise<void>;
  readonly writeBufferBytes: number;
  readonly tableBytes: number;
  /** Something has gone on, or cannot: writes that wait may be able to go on, or have to be refused. */
  readonly onProgress: () => void;
  /** What writes wait for has failed once more: they are not to wait any longer. */
  readonly onSetback: (error: unknown) => void;
  /** A job has failed, and is tried again. */
  readonly onJobFailure: (job: JobKind, error: unknown) => void;
}

/** Whoever waits for a memtable to be in tables. */
interface FlushWaiter {
  readonly last: SealedMemtable;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Measured {
  readonly version: Version;
  readonly level0Tables: number;
  readonly debtBytes: number;
  /** Whether the tables slow no write down. */
  readonly isCalm: boolean;
}

const noPressure: WritePressure = { kind: "none" };

/** Compactions may be behind by so many write buffers before writes are slowed down, and by four times as many before they wait. */
const SOFT_DEBT_BUFFERS = 16;
const LEAST_SOFT_DEBT_BYTES = 64 * 1024 * 1024;

/**
 * The work behind the writes: memtables become tables, oldest first, and levels are kept in shape.
 *
 * A clear ends what is under way: a job that began before it installs nothing.
 */
export class EngineMaintenance {
  readonly #parts: MaintenanceParts;
  readonly #scheduler: JobScheduler;
  readonly #compactor: Compactor;
  readonly #softDebtBytes: number;
  #waiters: FlushWaiter[] = [];
  /** Compactions wait until the database is open. */
  #isStarted = false;
  #isStopped = false;
  #isTrying = false;
  #flushBytes = 0;
  /** Counts clears: a job of an earlier number is over. */
  #epoch = 0;
  /** What is known of the version that {@link pressure} looked at last. */
  #measured: Measured | undefined;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
    const { tree, now, turn, manifest, installer, writeBufferBytes, tableBytes, takeFileNumber } = parts;
    this.#softDebtBytes = Math.max(LEAST_SOFT_DEBT_BYTES, SOFT_DEBT_BUFFERS * writeBufferBytes);
    this.#compactor = new Compactor(
      {
        tables: tree.tables,
        version: () => tree.version,
        pointers: () => manifest.state.compactPointers,
        snapshots: () => tree.snapshots.seqnos(),
        visibleSeqno: () => tree.visibleSeqno,
        allocateTableNumber: takeFileNumber,
        install: async (changes) => {
          const epoch = this.#epoch;
          const edit = {
            changes: () => (epoch === this.#epoch && areLive(tree.version, changes) ? changes : undefined),
          };
          const isInstalled = await installer.install(edit, (version) => {
            if (epoch === this.#epoch) tree.install(version);
          });
          parts.onProgress();
          return isInstalled;
        },
      },
      { targetTableBytes: tableBytes, unreadable: parts.unreadable },
    );
    this.#scheduler = new JobScheduler({
      now,
      turn,
      nextFlush: () => {
        if (tree.sealed.length === 0) return undefined;
        return { what: "flush", run: (slices) => this.#flushOldest(slices) };
      },
      nextCompaction: () => (this.#isStarted ? this.#compactor.next() : undefined),
      onFailure: (kind, error) => this.#onFailure(kind, error),
    });
  }

  /** What a write has to reckon with. Sees to it that somebody works on what it would wait for. */
  pressure(): WritePressure {
    const { tree } = this.#parts;
    const { sealed } = tree;
    if (this.#measured?.version !== tree.version) this.#measured = this.#measure(tree.version);
    const { level0Tables, debtBytes, isCalm } = this.#measured;
    if (isCalm && sealed.length === 0) return noPressure;
    const softDebtBytes = this.#softDebtBytes;
    const pressure = writePressure({
      ...{ level0Tables, sealedMemtables: sealed.length, debtBytes, softDebtBytes, hardDebtBytes: 4 * softDebtBytes },
      isFlushStuck: this.#scheduler.failureOf("flush") !== undefined,
      isCompactionStuck: (this.#scheduler.failureOf("compaction") ?? this.#compactor.failure) !== undefined,
    });
    if (pressure.kind === "none") return noPressure;
    if (pressure.kind === "refuse" && pressure.because === "flush") {
      this.#tryAgain(); // and what waits for it is refused if that fails as well
      return { kind: "wait", for: "flush" };
    }
    this.wake();
    return pressure;
  }

  #measure(version: Version): Measured {
    const level0Tables = version.tablesOf(0).length;
    const debtBytes = compactionDebtBytes(version);
    const isCalm = level0Tables < LEVEL0_SLOWDOWN && debtBytes <= this.#softDebtBytes;
    return { version, level0Tables, debtBytes, isCalm };
  }

  stats(): MaintenanceStats {
    const { tree } = this.#parts;
    return {
      ...{ flushBytes: this.#flushBytes, debtBytes: compactionDebtBytes(tree.version) },
      ...{ jobs: this.#scheduler.stats(), compactions: this.#compactor.stats() },
    };
  }

  /** Why the work of this kind does not go on. */
  failureOf(kind: JobKind): unknown {
    return this.#scheduler.failureOf(kind) ?? (kind === "compaction" ? this.#compactor.failure : undefined);
  }

  /** There may be something to do. */
  wake(): void {
    this.#scheduler.wake();
  }

  /** The database is open: compactions may begin. */
  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** Resolves when all memtables that are sealed by now are in tables. Rejects with what keeps them from it. */
  flush(): Promise<void> {
    const { tree } = this.#parts;
    const last = tree.sealed.at(-1);
    if (last === undefined) return Promise.resolve();
    if (this.#isStopped) return Promise.reject(stopped());
    if (this.#scheduler.failureOf("flush") !== undefined) return this.#flushAgain(last);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ last, resolve, reject });
      this.wake();
    });
  }

  compactRange(start: Uint8Array | undefined, end: Uint8Array | undefined, signal?: AbortSignal): Promise<void> {
    return this.#compactor.compactRange(this.#scheduler, start, end, signal);
  }

  /**
   * Everything that was in memtables and tables is cleared, in the log and before readers: ends what is under way, and removes the tables, now or with
   * the next edit.
   *
   * @param before - the version that was cleared.
   */
  async finishClear(before: Version): Promise<void> {
    this.#epoch += 1;
    const { installer, tree, onProgress } = this.#parts;
    // A job may be reading tables that go now. They stay until it has noticed.
    const pin = tree.versions.pin(before);
    this.#scheduler.cancelCompaction();
    this.#settleWaiters();
    try {
      await installer.settleClear();
    } finally {
      void this.#scheduler.idle().then(() => pin.release());
      onProgress();
    }
  }

  /** Resolves when nothing is under way and nothing is due. */
  async idle(): Promise<void> {
    await this.#scheduler.idle();
    await this.#parts.installer.idle();
  }

  /** Ends what is under way within one slice, begins nothing more, and resolves when nothing runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#scheduler.stop();
    for (const { reject } of this.#waiters.splice(0)) reject(stopped());
    await this.#parts.installer.idle();
  }

  /** A write would wait for a flush that failed: it may succeed by now. */
  #tryAgain(): void {
    const [sealed] = this.#parts.tree.sealed;
    if (sealed === undefined || this.#isTrying || this.#isStopped) return;
    this.#isTrying = true;
    void this.#flushAgain(sealed).then(
      () => {
        this.#isTrying = false;
      },
      (error: unknown) => {
        this.#isTrying = false;
        this.#parts.onSetback(error);
      },
    );
  }

  /** A flush that has failed rests; whoever asks for one does not. */
  async #flushAgain(last: SealedMemtable): Promise<void> {
    const { tree } = this.#parts;
    await this.#scheduler.run({
      what: "flush",
      run: async (slices) => {
        while (tree.sealed.includes(last)) await this.#flushOldest(slices);
      },
    });
  }

  async #flushOldest(slices: WorkSlices): Promise<void> {
    const { tree, installer, takeFileNumber, onProgress } = this.#parts;
    const [sealed] = tree.sealed;
    if (sealed === undefined) return;
    const epoch = this.#epoch;
    const tableNumber = takeFileNumber();
    installer.syncAhead(sealed.lastLsn); // writers may wait for this flush
    const table = await writeFlushedTable(sealed, { tree, tableNumber, slices, isOver: () => epoch !== this.#epoch });
    const isInstalled = await slices.wait(
      installer.install(
        {
          flushed: { lsn: sealed.lastLsn, seqno: sealed.memtable.maxSeqno },
          changes: () => {
            if (epoch !== this.#epoch) return undefined;
            const added = table === undefined ? [] : [{ kind: "addTable", table } as const];
            return [...added, { kind: "note", text: "flush" }];
          },
        },
        (version) => {
          if (epoch === this.#epoch) tree.installFlush(sealed, version);
        },
      ),
    );
    this.#flushBytes += table?.bytes ?? 0;
    if (!isInstalled && table !== undefined) tree.tables.remove(tableNumber);
    this.#settleWaiters();
    onProgress();
  }

  #settleWaiters(): void {
    const { sealed } = this.#parts.tree;
    const isDone = ({ last }: FlushWaiter): boolean => !sealed.includes(last);
    for (const { resolve } of this.#waiters.filter(isDone)) resolve();
    this.#waiters = this.#waiters.filter((each) => !isDone(each));
  }

  #onFailure(kind: JobKind, error: unknown): void {
    if (kind === "flush") for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#parts.onJobFailure(kind, error);
    this.#parts.onProgress();
  }
}

function stopped(): LsmError {
  return new LsmError("LSM_ABORTED", "background work was stopped; nothing of it counts");
}
