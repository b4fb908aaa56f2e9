import type { TableStore } from "../engine-contract.js";
import type { Job, JobScheduler } from "../job-scheduler.js";
import { LsmError } from "../lsm-error.js";
import type { EditChange } from "../version-edit.js";
import type { Version } from "../version.js";
import type { WorkSlices } from "../work-slices.js";
import { runCompaction } from "./job.js";
import { pickCompaction } from "./picker.js";
import type { CompactionPlan } from "./plan.js";
import { RangeWalk } from "./range-walk.js";

/** What compactions need of the engine around them. */
export interface CompactionHost {
  readonly tables: TableStore;
  /** The version as it is. */
  version(): Version;
  /** By level: where its next compaction begins. */
  pointers(): ReadonlyMap<number, Uint8Array>;
  /** Seqnos of all snapshots there are, ascending. */
  snapshots(): ArrayLike<number>;
  visibleSeqno(): number;
  allocateTableNumber(): number;
  /**
   * Appends an edit, durably, and then makes the version what it says. False when there is nothing to be replaced any more, see {@link areLive}: nothing was
   * appended then. An edit that is in doubt poisons the engine; what it names stays.
   */
  install(changes: readonly EditChange[]): Promise<boolean>;
}

/** What compactions did since the open. */
export interface CompactionStats {
  /** Compactions that wrote tables. */
  readonly merges: number;
  /** Tables that went to another level as they are. */
  readonly moves: number;
  /** Bytes of tables that were merged. */
  readonly bytesRead: number;
  /** Bytes of tables that came of it. */
  readonly bytesWritten: number;
  /** Entries that were merged. */
  readonly entriesRead: number;
  /** Those that are in no table any more. */
  readonly entriesDropped: number;
  /** Numbers of tables that could not be read: they are left alone until a range is compacted that they are in. */
  readonly unreadableTables: readonly number[];
}

/** Whether all tables that an edit removes are there: a clear may have taken them away while a job ran. */
export function areLive(version: Version, changes: readonly EditChange[]): boolean {
  return changes.every(
    (change) =>
      change.kind !== "deleteTable" ||
      version.tablesOf(change.level).some(({ tableNumber }) => tableNumber === change.tableNumber),
  );
}

/** Keeps the levels in shape: picks what is needed, carries it out, has its edit installed. */
export class Compactor {
  readonly #host: CompactionHost;
  readonly #targetTableBytes: number;
  readonly #unreadable: Map<number, LsmError>;
  #isRunning = false;
  #stats = { merges: 0, moves: 0, bytesRead: 0, bytesWritten: 0, entriesRead: 0, entriesDropped: 0 };

  /** @param options - unreadable: of tables that are known to be, with their numbers in the context. */
  constructor(
    host: CompactionHost,
    {
      targetTableBytes,
      unreadable = [],
    }: { readonly targetTableBytes: number; readonly unreadable?: readonly LsmError[] },
  ) {
    this.#host = host;
    this.#targetTableBytes = targetTableBytes;
    this.#unreadable = new Map(unreadable.map((error) => [error.context.tableNumber ?? 0, error]));
  }

  /** Why nothing is compacted: a table that cannot be read. Undefined while a compaction runs, or can be picked without it. */
  get failure(): LsmError | undefined {
    if (this.#unreadable.size === 0 || this.#isRunning || this.#pick() !== undefined) return undefined;
    return this.#unreadable.values().next().value;
  }

  /** The compaction that is due; undefined when none is. For {@link JobScheduler}. */
  next(): Job | undefined {
    const plan = this.#pick();
    if (plan === undefined) return undefined;
    return { what: "compaction", run: (slices) => this.#avoiding(plan, slices) };
  }

  /**
   * Brings all keys from `start` to `end`, both inclusive and open where they are left out, down to the last level that has any data, and leaves out what
   * nobody needs on the way. Memtables are not looked at: flush before.
   *
   * @throws {@link LsmError} `LSM_ABORTED` once the signal is aborted, and of a table that cannot be read its error. What was done by then stays done.
   */
  async compactRange(
    scheduler: JobScheduler,
    start: Uint8Array | undefined,
    end: Uint8Array | undefined,
    signal?: AbortSignal,
  ): Promise<void> {
    const range = { start, end, targetTableBytes: this.#targetTableBytes };
    let walk = new RangeWalk(range);
    const progress = { isDone: false };
    const run = async (slices: WorkSlices): Promise<void> => {
      const plan = walk.next(this.#host.version());
      if (plan === undefined) progress.isDone = true;
      else if (!(await this.#carryOut(plan, slices))) walk = new RangeWalk(range); // there are other tables by now
    };
    while (!progress.isDone) await scheduler.run({ what: "range", run }, signal);
  }

  stats(): CompactionStats {
    return { ...this.#stats, unreadableTables: [...this.#unreadable.keys()] };
  }

  #pick(): CompactionPlan | undefined {
    const host = this.#host;
    const unreadable = new Set(this.#unreadable.keys());
    const state = { version: host.version(), pointers: host.pointers(), running: [], unreadable };
    return pickCompaction(state, { targetTableBytes: this.#targetTableBytes });
  }

  /** A table that cannot be read must not keep all others from being compacted, nor be read again and again. */
  async #avoiding(plan: CompactionPlan, slices: WorkSlices): Promise<void> {
    try {
      if (await this.#carryOut(plan, slices)) return;
    } catch (error) {
      if (!(error instanceof LsmError)) throw error;
      const culprit = plan.inputs.find(({ tableNumber }) => tableNumber === error.context.tableNumber);
      if (culprit === undefined) throw error;
      this.#unreadable.set(culprit.tableNumber, error);
      return;
    }
    throw new LsmError("LSM_ABORTED", "the tables of a compaction are gone; nothing of it counts");
  }

  /** False when a clear has taken the tables meanwhile: nothing of it counts then. */
  async #carryOut(plan: CompactionPlan, slices: WorkSlices): Promise<boolean> {
    this.#isRunning = true;
    try {
      return await this.#replace(plan, slices);
    } finally {
      this.#isRunning = false;
    }
  }

  async #replace(plan: CompactionPlan, slices: WorkSlices): Promise<boolean> {
    const host = this.#host;
    const result = await runCompaction(plan, {
      version: host.version(),
      tables: host.tables,
      snapshots: host.snapshots(),
      visibleSeqno: host.visibleSeqno(),
      allocateTableNumber: () => host.allocateTableNumber(),
      targetTableBytes: this.#targetTableBytes,
      slices,
    });
    if (!(await slices.wait(host.install(result.changes)))) {
      if (plan.kind === "merge") for (const { tableNumber } of result.added) host.tables.remove(tableNumber);
      // Otherwise it would be picked again, in a circle.
      if (areLive(host.version(), result.changes)) {
        throw new RangeError("an edit was refused although its tables are there");
      }
      return false;
    }
    for (const { tableNumber } of plan.inputs) this.#unreadable.delete(tableNumber);
    const { bytesRead, bytesWritten, entriesRead, entriesDropped } = result;
    const stats = this.#stats;
    this.#stats = {
      merges: stats.merges + (plan.kind === "merge" ? 1 : 0),
      moves: stats.moves + (plan.kind === "move" ? 1 : 0),
      bytesRead: stats.bytesRead + bytesRead,
      bytesWritten: stats.bytesWritten + bytesWritten,
      entriesRead: stats.entriesRead + entriesRead,
      entriesDropped: stats.entriesDropped + entriesDropped,
    };
    return true;
  }
}
