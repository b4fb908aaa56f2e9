import type { Wal } from "@holdfast/wal";
import { beginSegment } from "@holdfast/wal/rewrite";
import type { LiveTree } from "./live-tree.js";
import { isOutOfSpace, ofLog, poisonedBy } from "./log-failure.js";
import type { ManifestState } from "./manifest-fold.js";
import type { ManifestLog } from "./manifest-log.js";
import type { EditChange } from "./version-edit.js";
import { LOG_DIRECTORY } from "./write-path.js";

/**
 * How an edit becomes what readers see. In this order, each before the next:
 *
 * 1. Every table that it adds is durable, and its name: the caller's part (C3, C4).
 * 2. The log is durable up to `flushedLsn`. Otherwise a crash could take the log's end while the manifest says that it is in tables: the log would
 *    give its LSNs once more, and the next open would pass the records that have them.
 * 3. The edit, and its barrier (C5, C6).
 * 4. Readers see the version behind it; tables that it removes go once nobody reads them (C9, C15). Never before step 3 (C20).
 * 5. The log is pruned up to `flushedLsn` (C7).
 *
 * When a barrier of 2 or 3 fails, nothing is removed any more, on either side of the edit: only the next open knows whether it counts (C19).
 */

export interface EditInstallParts {
  readonly tree: LiveTree;
  readonly log: Wal;
  readonly manifest: ManifestLog;
  /** The number that the next file gets. */
  readonly nextFileNumber: () => number;
  /** Nothing may be written any more. */
  readonly onFailure: (error: unknown) => void;
}

/** A record of the log, by its LSN, and its last seqno. */
export interface LogPlace {
  readonly lsn: number;
  readonly seqno: number;
}

/** An edit before it is known behind which one it comes. */
export interface PlannedEdit {
  /** The log is in tables up to this record and its last seqno once the edit counts; left out where that does not change. */
  readonly flushed?: LogPlace;
  /** The changes as they fit the state; undefined when there is nothing to do any more, such as behind a clear. */
  readonly changes: (state: ManifestState) => readonly EditChange[] | undefined;
}

/** Appends edits, one behind the other, and shows what they lead to. */
export class EditInstaller {
  readonly #parts: EditInstallParts;
  /** What a clear has ended and no edit has removed yet: tables with nothing above this seqno. */
  #owed: LogPlace | undefined;
  #pruning: Promise<void> = Promise.resolve();

  constructor(parts: EditInstallParts) {
    this.#parts = parts;
  }

  /** This record of the log clears everything before it: the next edit removes the tables. */
  owe(clear: LogPlace): void {
    this.#owed = clear;
  }

  /** Whether a clear waits for an edit. */
  get isOwing(): boolean {
    return this.#owed !== undefined;
  }

  /**
   * Appends an edit and shows what it leads to.
   *
   * @param show - puts the version in the place of that which readers have.
   * @returns false when there was nothing to do any more.
   * @throws {@link LsmError} `LSM_NO_SPACE`: nothing has changed. Anything else has ended the database.
   */
  async install(edit: PlannedEdit, show: (version: ManifestState["version"]) => void): Promise<boolean> {
    const { tree, log, manifest, nextFileNumber } = this.#parts;
    const owed = this.#owed;
    const flushedLsn = Math.max(edit.flushed?.lsn ?? 0, owed?.lsn ?? 0);
    const lastSeqno = Math.max(edit.flushed?.seqno ?? 0, owed?.seqno ?? 0);
    await this.#syncLog(log, flushedLsn);
    let removed: number[] = [];
    let state: ManifestState | undefined;
    try {
      state = await manifest.append(
        (before) => {
          const changes = edit.changes(before);
          if (changes === undefined) return undefined;
          const deletes = owed === undefined ? [] : deletesUpTo(owed.seqno, before);
          const all = [...deletes, ...changes];
          removed = removedBy(all);
          return all;
        },
        () => ({ nextFileNumber: nextFileNumber(), lastSeqno, flushedLsn }),
      );
    } catch (error) {
      if (!isOutOfSpace(error)) this.#fail(error);
      throw error;
    }
    if (state === undefined) return false;
    if (this.#owed === owed) this.#owed = undefined;
    show(state.version);
    tree.versions.retire(removed);
    this.#prune(state.flushedLsn);
    return true;
  }

  /** Removes the tables that a clear has ended, unless an edit has. @throws as {@link install} does. */
  async settleClear(): Promise<void> {
    const changes = (): readonly EditChange[] | undefined =>
      this.isOwing ? [{ kind: "note", text: "clear" }] : undefined;
    await this.install({ changes }, () => {}); // readers have had what comes behind the clear since it was in the log
  }

  /** Resolves once the log is pruned as far as edits have asked for. */
  idle(): Promise<void> {
    return this.#pruning;
  }

  /**
   * The last act on a log: where tables have all of it, it begins a segment, and what is before that goes. So what is closed takes no room for records that
   * nobody needs, and the next open reads none. A crash leaves what it leaves of any rotation and any prune (C7).
   */
  async emptyLog(): Promise<void> {
    const { log, manifest } = this.#parts;
    const { flushedLsn } = manifest.state;
    if (log.failure !== undefined || flushedLsn < log.lastLsn) return;
    try {
      beginSegment(log);
      await log.prune(flushedLsn);
    } catch {
      // Nothing is lost, tables have it: whatever is left the next open goes on from.
    }
  }

  /**
   * Begins step 2 of an edit that will say `flushedLsn`, so that the barrier is under way while its table is written. What fails here fails again when
   * {@link install} asks for it.
   */
  syncAhead(flushedLsn: number): void {
    const { log } = this.#parts;
    if (log.durableLsn < flushedLsn) log.sync("data").catch(() => {});
  }

  async #syncLog(log: Wal, lsn: number): Promise<void> {
    if (log.durableLsn >= lsn) return;
    try {
      await log.sync("data");
    } catch (error) {
      const told = ofLog(error, LOG_DIRECTORY);
      if (isOutOfSpace(told)) throw told;
      this.#fail(error);
      throw poisonedBy(error);
    }
  }

  #prune(lsn: number): void {
    const { log, onFailure } = this.#parts;
    this.#pruning = this.#pruning
      .then(() => log.prune(lsn))
      .then(
        () => {},
        (error: unknown) => {
          // Room is not needed to remove; a failure here ends the log, and with it all writes.
          if (log.failure !== undefined) onFailure(error);
        },
      );
  }

  #fail(error: unknown): void {
    this.#parts.tree.versions.freeze();
    this.#parts.onFailure(error);
  }
}

/** Removes the tables that hold nothing above a seqno. */
function deletesUpTo(seqno: number, { version }: ManifestState): EditChange[] {
  return [...version.tables()]
    .filter(({ maxSeqno }) => maxSeqno <= seqno)
    .map(({ level, tableNumber }) => ({ kind: "deleteTable", level, tableNumber }));
}

/** The numbers of tables that an edit removes and does not add again, as a move does. */
function removedBy(changes: readonly EditChange[]): number[] {
  const removed = new Set<number>();
  for (const change of changes) if (change.kind === "deleteTable") removed.add(change.tableNumber);
  for (const change of changes) if (change.kind === "addTable") removed.delete(change.table.tableNumber);
  return [...removed];
}
