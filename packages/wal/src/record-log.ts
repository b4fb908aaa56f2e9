import type { DirectoryLock } from "@holdfast/fs-seam";
import { writeStatement } from "./closing-statement.js";
import type { BarrierStats } from "./group-commit.js";
import { openLocked } from "./locked-opening.js";
import { OpenLog } from "./open-log.js";
import type { RecordCursor } from "./record-cursor.js";
import { openSectionCursor } from "./record-log-cursor.js";
import { resolveRecordLogOptions, type RecordLogOptions, type ResolvedRecordLogOptions } from "./record-log-options.js";
import { recoverRecordLog, type RecoveredRecordLog } from "./record-log-recovery.js";
import { sectionFrameKind, type Section } from "./record-log-section.js";

/**
 * A log in one file. What a crash leaves of its close, when everything is synced:
 *
 * - Where something is stated: see `closing-statement.ts`; the statement is the section's header once more.
 * - Where the section of this open is taken back: the file with it or without it, zeros ahead included. It holds no record, and the next
 *   open goes on from the same boundary.
 *
 * What a crash leaves of an open: see `record-log-recovery.ts`.
 */

/** Counters of one open record log; see {@link RecordLog.stats}. */
export interface RecordLogStats {
  /** Records that were appended since the open. */
  readonly appendedRecords: number;
  /** Bytes that wait in memory. */
  readonly bufferedBytes: number;
  /** Bytes of the file up to the last frame. */
  readonly writtenBytes: number;
  /** Sections in the file. */
  readonly sectionCount: number;
  /** What barriers did since the open. */
  readonly barriers: Readonly<BarrierStats>;
  /** What the observer threw; undefined while it has thrown nothing. */
  readonly observerFailure: unknown;
}

/**
 * Opens a record log for writing, creating its file where there is none.
 *
 * @throws `WalError` by its codes, `WAL_NO_SPACE` where the disk is full; and `FsError` `FS_LOCKED` when another process, or another part of this one, has it open.
 */
export async function openRecordLog(options: RecordLogOptions): Promise<RecordLog> {
  const resolved = resolveRecordLogOptions(options);
  const { directory, name } = resolved;
  return openLocked(
    directory,
    `${name}.lock`,
    async (lock) => new RecordLog(resolved, lock, await recoverRecordLog(resolved)),
  );
}

/** A record log that is open for writing: one file, from its first record on. Everything of a log but pruning and checkpoints. */
export class RecordLog extends OpenLog {
  readonly #options: ResolvedRecordLogOptions;
  readonly #sections: readonly Section[];
  readonly #headerBytes: Uint8Array;

  /** @internal Use {@link openRecordLog}. */
  constructor(options: ResolvedRecordLogOptions, lock: DirectoryLock, recovered: RecoveredRecordLog) {
    super(options, lock, recovered, options.name);
    this.#options = options;
    this.#sections = recovered.sections;
    this.#headerBytes = recovered.headerBytes;
  }

  /** 1: a record log keeps everything. */
  get firstLsn(): number {
    return 1;
  }

  /** Counters since the open, plain data. */
  stats(): RecordLogStats {
    const { stats } = this.commit;
    return {
      appendedRecords: this.lastLsn - this.openedLsn,
      bufferedBytes: this.writer.bufferedBytes,
      writtenBytes: this.writer.active.writtenBytes,
      sectionCount: this.#sections.length,
      barriers: { ...stats, histogram: [...stats.histogram] },
      observerFailure: this.observation.failure,
    };
  }

  protected openCursor({ from, to }: { readonly from: number; readonly to: number }): RecordCursor {
    const { directory, name, maxRecordBytes } = this.#options;
    return openSectionCursor({
      directory,
      file: name,
      maxRecordBytes,
      sections: this.#sections,
      index: this.writer.index,
      from,
      lastLsn: to,
    });
  }

  /**
   * States as durable what has come since the open, so that damage to it is known as such, and repeats the section's header, in case
   * both at its beginning are lost. Where nothing has come and nothing had to
   * be proven, the section of this open is taken back instead, and the file is as long as before; whether a crash keeps that does
   * not matter.
   */
  protected async end(): Promise<void> {
    const { lastLsn, provenLsn } = this.report;
    const { offset } = this.#sections.at(-1) as Section; // the one of this open
    if (this.lastLsn > this.openedLsn || provenLsn < lastLsn) {
      await writeStatement(this.writer, this.#headerBytes, sectionFrameKind);
    } else if (offset > 0) {
      this.writer.active.handle.truncate(offset);
    }
  }
}
