import type { Directory, DirectoryLock } from "@holdfast/fs-seam";
import { checkRecord } from "./call-arguments.js";
import { findCheckpoint, keptLsn, writeCheckpoint, type FoundCheckpoint } from "./checkpoint-files.js";
import { writeStatement } from "./closing-statement.js";
import type { BarrierStats } from "./group-commit.js";
import { openLocked } from "./locked-opening.js";
import { OpenLog } from "./open-log.js";
import { openRecordCursor, prunedFailure, type RecordCursor } from "./record-cursor.js";
import { recoverLog, type RecoveredLog } from "./recovery.js";
import { spaceFailure } from "./space-failure.js";
import { listSegments, type LogSegment } from "./segment-list.js";
import type { SoundSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";
import {
  checkKeys,
  checkLsn,
  resolveWalOptions,
  type PrunableSegment,
  type ResolvedWalOptions,
  type WalOptions,
} from "./wal-options.js";

/**
 * A log in segments, with checkpoints. What a crash leaves:
 *
 * - Of `prune`: what the first kept segment continues from is synced before it goes, and each removal before the next one. So any
 *   number of the oldest segments that were to go is gone, and there is never a gap.
 * - Of `publish`: the checkpoint is durable and read back before the first segment goes. So the older generations with all
 *   segments; the new one with all of them; or the new one with some of the segments gone that no kept generation needs.
 * - Of the footer or statement of a close: see `segment-footers.ts` and `closing-statement.ts`.
 */

/** Counters of one open log; see {@link Wal.stats}. */
export interface WalStats {
  /** Records that were appended since the open. */
  readonly appendedRecords: number;
  /** Bytes that wait in memory. */
  readonly bufferedBytes: number;
  /** Segments that count. */
  readonly segmentCount: number;
  /** How often a segment was sealed and the next begun. */
  readonly rotations: number;
  /** What barriers did since the open. */
  readonly barriers: Readonly<BarrierStats>;
  /** What the observer threw; undefined while it has thrown nothing. */
  readonly observerFailure: unknown;
}

/**
 * Opens a log for writing, creating it where there is none.
 *
 * @throws {@link WalError} by its codes, `WAL_NO_SPACE` where the disk is full; and `FsError` `FS_LOCKED` when another process, or another part of this one, has it open.
 */
export async function openWal(options: WalOptions): Promise<Wal> {
  const resolved = resolveWalOptions(options);
  const { directory } = resolved;
  return openLocked(directory, "LOCK", async (lock) => new Wal(resolved, lock, await recoverLog(resolved)));
}

/** A log that is open for writing. */
export class Wal extends OpenLog {
  readonly #options: ResolvedWalOptions;
  readonly #directory: Directory;
  /** Settles when no checkpoint is being written: each may remove what another has just written, and has still to read back. */
  #checkpointing: Promise<unknown> = Promise.resolve();
  /** What {@link keptLsn} has said; undefined since a checkpoint was written. */
  #keptLsn: number | undefined = undefined;

  /** @internal Use {@link openWal}. */
  constructor(options: ResolvedWalOptions, lock: DirectoryLock, recovered: RecoveredLog) {
    super(options, lock, recovered);
    this.#options = options;
    this.#directory = options.directory;
  }

  /** LSN of the first record that is kept. */
  get firstLsn(): number {
    return this.writer.live[0]?.header.baseLsn ?? 1;
  }

  /**
   * Where the frame of the last append begins: what an index keeps to find the record again with `PlaceReader` of
   * `@holdfast/wal/places`. One object that changes with every append; offset 0 before the first one.
   */
  get lastPlace(): Readonly<{ segmentId: number; offset: number }> {
    return this.writer.place;
  }

  /** The segments that hold the records, by ascending id, the one that is written to last. */
  segments(): LogSegment[] {
    const { live, open } = this.writer;
    return listSegments(live, this.writer, (segment) => {
      return open.find((each) => each.segment === segment)?.writtenBytes ?? segment.sizeBytes;
    });
  }

  /**
   * Removes the segments whose records all have LSNs up to `lsn`, the oldest first, each durably before the next, and returns how
   * many. Never removes the segment that is written to, nor what follows the oldest checkpoint that is kept, once there is one, or one
   * that is being written, nor what a reader of this handle has still to read, nor anything from the first one on that `mayPrune` keeps.
   *
   * @throws `FsError` where a file cannot be removed: call it again; the log is as it was. A names barrier that fails ends the log.
   */
  prune(lsn: number): Promise<number> {
    return this.during(() => this.#prune(lsn));
  }

  async #prune(lsn: number): Promise<number> {
    this.check();
    checkLsn("lsn", lsn, 0);
    const { live, index } = this.writer;
    const { mayPrune } = this.#options;
    const isDue = (): boolean => {
      const [first, second] = live;
      if (first === undefined || second === undefined) return false; // the last one is written to
      if (second.header.baseLsn > this.#prunable(lsn) + 1) return false;
      return (mayPrune(describe(first, second)) as unknown) === true; // a promise is no leave
    };
    let removed = 0;
    while (isDue()) {
      const [first, second] = live as [SoundSegment, SoundSegment]; // two at least
      // What follows has to be there for good, before what it follows is gone.
      const isOpen = this.writer.open.some(({ segment }) => segment === first || segment === second);
      if (isOpen) await this.commit.sync("data");
      this.check();
      if (live[0] !== first || !isDue()) continue; // another prune was faster, or a reader has come
      // A file that cannot be removed stays what it was, and the next prune begins with it; one that went all the same is gone by then.
      this.#directory.removeIfPresent(first.file);
      live.shift();
      index.remove(first.header.segmentId);
      removed += 1;
      try {
        await this.#directory.syncNames();
      } catch (error) {
        throw this.failed(error);
      }
      this.observation.tell(() => ({ kind: "prune", ...describe(first, second) }));
    }
    return removed;
  }

  /**
   * Writes a checkpoint, durably: the caller's state after all records up to `lsn`. The log is synced up to there first, and the
   * file read back before older generations go.
   *
   * @param payload - borrowed until the promise settles.
   * @returns LSN of the oldest generation that is kept: up to there the log may be pruned.
   * @throws {@link WalError} `WAL_LSN_OUT_OF_RANGE` for an LSN that was never appended, `WAL_PRUNED` for one whose next record is
   * gone, so that nobody could go on from there, `WAL_CHECKPOINT_TOO_LARGE`, `WAL_NO_SPACE`.
   */
  checkpoint(payload: Uint8Array, options: { readonly lsn?: number } = {}): Promise<number> {
    return this.during(() => this.#checkpoint(payload, options));
  }

  async #checkpoint(payload: Uint8Array, options: { readonly lsn?: number }): Promise<number> {
    this.check();
    checkRecord(payload);
    checkKeys(options, ["lsn"]);
    const { lsn = this.lastLsn } = options;
    const { maxCheckpointBytes, keepCheckpoints, content } = this.#options;
    if (payload.length > maxCheckpointBytes) {
      const message = `a checkpoint of ${payload.length} bytes is above maxCheckpointBytes, which is ${maxCheckpointBytes}`;
      throw new WalError("WAL_CHECKPOINT_TOO_LARGE", message, { expected: maxCheckpointBytes, actual: payload.length });
    }
    checkLsn("lsn", lsn, 0, this.lastLsn);
    const { firstLsn } = this;
    if (lsn < firstLsn - 1) throw prunedFailure(lsn + 1, firstLsn); // nobody could go on from it
    const needed = { neededFrom: lsn + 1 };
    this.reading.add(needed);
    let oldest: number;
    try {
      if (lsn > this.durableLsn) await this.commit.sync("data");
      const { logId } = this.writer.active.segment.header;
      const identity = { logId, lsn, content, maxCheckpointBytes, keepCheckpoints };
      const writing = this.#checkpointing.then(() => writeCheckpoint(this.#directory, payload, identity));
      this.#checkpointing = writing.catch(() => {});
      oldest = await writing;
    } catch (error) {
      throw spaceFailure(error); // the log itself has no part in it, and a file that was not finished has no name
    } finally {
      this.reading.delete(needed);
      this.#keptLsn = undefined;
    }
    this.observation.tell(() => ({ kind: "checkpoint", lsn, bytes: payload.length }));
    return oldest;
  }

  /**
   * Writes a checkpoint and prunes what no kept generation needs. Every step may be repeated: after a failure, publish again.
   *
   * @returns how many segments were pruned.
   */
  async publish(payload: Uint8Array, options: { readonly lsn?: number } = {}): Promise<number> {
    const oldest = await this.checkpoint(payload, options);
    return oldest === 0 ? 0 : this.prune(oldest);
  }

  /**
   * The newest checkpoint that verifies, that the log goes on from, and that is not behind `upTo`. Replay `read({ from: lsn + 1 })`
   * over it.
   *
   * @throws {@link WalError} `WAL_CHECKPOINT_MISSING` when the log no longer has the records that no checkpoint covers.
   */
  latestCheckpoint(options: { readonly upTo?: number } = {}): FoundCheckpoint {
    this.check();
    checkKeys(options, ["upTo"]);
    const { upTo = this.lastLsn } = options;
    checkLsn("upTo", upTo, 0);
    const { firstLsn, lastLsn } = this;
    const { logId } = this.writer.active.segment.header;
    const { maxCheckpointBytes } = this.#options;
    return findCheckpoint(this.#directory, { logId, maxCheckpointBytes, firstLsn, lastLsn, upTo });
  }

  #prunable(lsn: number): number {
    const { logId } = this.writer.active.segment.header;
    try {
      this.#keptLsn ??= keptLsn(this.#directory, logId, this.#options.keepCheckpoints);
    } catch (error) {
      throw spaceFailure(error); // a full disk may refuse to open a file, too
    }
    let bound = Math.min(lsn, this.#keptLsn);
    for (const { neededFrom } of this.reading) bound = Math.min(bound, neededFrom - 1);
    return bound;
  }

  /** Counters since the open, plain data. */
  stats(): WalStats {
    return {
      appendedRecords: this.lastLsn - this.openedLsn,
      bufferedBytes: this.writer.bufferedBytes,
      segmentCount: this.writer.live.length,
      rotations: this.writer.rotations,
      barriers: { ...this.commit.stats, histogram: [...this.commit.stats.histogram] },
      observerFailure: this.observation.failure,
    };
  }

  /** A record that only a watermark behind it proves is written again by the next open; so the last act states what is durable. */
  protected async end(): Promise<void> {
    const { active } = this.writer;
    if (active.segment.header.baseLsn > this.lastLsn) return;
    // A footer states it as well.
    if (this.writer.writeFooter()) await active.handle.sync("data");
    else await writeStatement(this.writer);
  }

  protected openCursor({ from, to }: { readonly from: number; readonly to: number }): RecordCursor {
    const cursor = openRecordCursor({
      directory: this.#directory,
      live: this.writer.live,
      maxPayloadBytes: this.#options.maxRecordBytes,
      from,
      lastLsn: to,
      index: this.writer.index,
      onClose: (ended) => this.reading.delete(ended),
    });
    this.reading.add(cursor);
    return cursor;
  }
}

function describe({ file, header }: SoundSegment, next: SoundSegment): PrunableSegment {
  const { segmentId, baseLsn: firstLsn } = header;
  return { file, segmentId, firstLsn, lastLsn: next.header.baseLsn - 1 };
}
