import type { Wal } from "@holdfast/wal";
import type { EditInstaller } from "./edit-install.js";
import { writeFlushedTable } from "./flush.js";
import type { LiveTree } from "./live-tree.js";
import { LsmError } from "./lsm-error.js";

export interface MaintenanceParts {
  readonly tree: LiveTree;
  readonly log: Wal;
  readonly installer: EditInstaller;
  readonly takeFileNumber: () => number;
  readonly now: () => number;
  readonly turn: () => Promise<void>;
  /** Something has gone on: writes that wait may be able to go on, too. */
  readonly onProgress: () => void;
  /** A job failed; writes that wait for it would wait for ever. */
  readonly onSetback: (error: unknown) => void;
}

/** So many sealed memtables make writes wait. */
const MOST_SEALED = 2;

/**
 * The work behind the writes, one job at a time: memtables become tables, oldest first. A job that fails is not tried again before somebody asks.
 *
 * A clear ends what is under way: jobs that began before it install nothing.
 */
export class EngineMaintenance {
  readonly #parts: MaintenanceParts;
  #running: Promise<void> | undefined;
  #isStopped = false;
  /** Counts clears: a job of an earlier number is over. */
  #epoch = 0;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  /** Whether writes have to wait. Sees to it that somebody works on what they wait for. */
  mustWait(): boolean {
    if (this.#parts.tree.sealed.length < MOST_SEALED) return false;
    this.wake();
    return true;
  }

  /** Milliseconds by which answers are delayed, so that writes do not outrun what is behind them. */
  delayMs(): number {
    return 0;
  }

  /** There may be something to do. */
  wake(): void {
    if (this.#isStopped) return;
    this.#running ??= this.#run();
  }

  /** Resolves when all memtables that are sealed by now are in tables. Rejects with what keeps them from it. */
  async flush(): Promise<void> {
    const { tree } = this.#parts;
    const last = tree.sealed.at(-1);
    if (last === undefined) return;
    while (tree.sealed.includes(last)) {
      if (this.#isStopped) throw stopped();
      await this.#exclusively(() => this.#flushOldest());
    }
  }

  /** A clear up to this seqno is in the log and before readers: removes the tables, now or with the next edit. */
  async finishClear(): Promise<void> {
    this.#epoch += 1;
    const { installer, tree } = this.#parts;
    try {
      await installer.install(
        { changes: () => (installer.isOwing ? [{ kind: "note", text: "clear" }] : undefined) },
        () => {
          // Readers have what came behind the clear already.
        },
      );
    } finally {
      this.wake();
      if (tree.sealed.length < MOST_SEALED) this.#parts.onProgress();
    }
  }

  /** Begins nothing more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    while (this.#running !== undefined) await this.#running;
    await this.#parts.installer.idle();
  }

  /** Goes on after a {@link stop} that came to nothing. */
  start(): void {
    this.#isStopped = false;
    this.wake();
  }

  async #run(): Promise<void> {
    try {
      await this.#parts.turn();
      while (!this.#isStopped && this.#parts.tree.sealed.length > 0) await this.#flushOldest();
    } catch (error) {
      if (!isStopped(error)) this.#parts.onSetback(error);
    } finally {
      this.#running = undefined;
    }
  }

  /** Runs `work` when nothing else runs. */
  async #exclusively(work: () => Promise<void>): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    let failure: { readonly error: unknown } | undefined;
    this.#running = work()
      .catch((error: unknown) => {
        failure = { error };
      })
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
    if (failure !== undefined) throw failure.error;
  }

  async #flushOldest(): Promise<void> {
    const { tree, installer, takeFileNumber, now } = this.#parts;
    const [sealed] = tree.sealed;
    if (sealed === undefined) return;
    const epoch = this.#epoch;
    const tableNumber = takeFileNumber();
    const pause = (): Promise<void> => this.#pause(epoch);
    let table;
    try {
      table = await writeFlushedTable(sealed, { tree, tableNumber, now, pause });
    } catch (error) {
      if (epoch !== this.#epoch) return; // a clear has taken the memtable away
      throw error;
    }
    const isInstalled = await installer.install(
      {
        flushed: { lsn: sealed.lastLsn, seqno: sealed.memtable.maxSeqno },
        changes: () => {
          if (epoch !== this.#epoch) return undefined;
          return [
            ...(table === undefined ? [] : [{ kind: "addTable", table } as const]),
            { kind: "note", text: "flush" },
          ];
        },
      },
      (version) => {
        if (epoch === this.#epoch) tree.installFlush(sealed, version);
      },
    );
    if (!isInstalled && table !== undefined) tree.tables.remove(tableNumber);
    this.#parts.onProgress();
  }

  async #pause(epoch: number): Promise<void> {
    await this.#parts.turn();
    if (this.#isStopped || epoch !== this.#epoch) throw stopped();
  }
}

function stopped(): LsmError {
  return new LsmError("LSM_ABORTED", "background work was stopped; nothing of it counts");
}

function isStopped(error: unknown): boolean {
  return error instanceof LsmError && error.code === "LSM_ABORTED";
}
