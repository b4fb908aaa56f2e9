import type { Directory } from "@holdfast/fs-seam";
import { isFsError } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import { findCheckpoint, type FoundCheckpoint } from "./checkpoint-files.js";
import { FrameWalk } from "./frame-walk.js";
import { MAX_ATTEMPTS, reportOf, viewLog, type LogView } from "./log-view.js";
import { poll, type PolledLog } from "./log-polling.js";
import { openRecordCursor, type RecordCursor } from "./record-cursor.js";
import type { RecoveryReport } from "./recovery-report.js";
import { batches, lastOf, records, type BatchOptions, type ReadOptions, type WalRecord } from "./record-stream.js";
import { listSegments, type LogSegment } from "./segment-list.js";
import { isReplaced, liveSegments, surveySegments, type SoundSegment } from "./segment-survey.js";
import { SparseIndex } from "./sparse-index.js";
import { LogEnd, type LogPosition } from "./tail-scan.js";
import { WalError } from "./wal-error.js";
import {
  checkChoice,
  checkKeys,
  checkLsn,
  checkRange,
  resolveReaderOptions,
  type ReaderOptions,
  type ResolvedReaderOptions,
} from "./wal-options.js";

/** Where following begins, and what ends it. */
export interface FollowOptions {
  /** LSN of the first record. Default: the first one that is kept. */
  readonly from?: number;
  /** As for {@link BatchOptions}. */
  readonly maxBatchBytes?: number;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a log for reading beside whoever writes it, in this process or another. Takes no lock and changes nothing. Shows what
 * has been handed to the system: after a power loss, the last of it may be gone.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND`, `WAL_CORRUPT`, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`.
 */
export function openWalReader(options: ReaderOptions): WalReader {
  const resolved = resolveReaderOptions(options);
  return new WalReader(resolved, viewLog(resolved.directory, resolved));
}

/** A log that is open for reading only. */
export class WalReader {
  /** What opening it found. */
  readonly report: RecoveryReport;
  readonly #options: ResolvedReaderOptions;
  readonly #directory: Directory;
  readonly #index = new SparseIndex();
  #live: readonly SoundSegment[];
  #end: LogPosition;
  #durableLsn: number;
  #closed = false;

  /** @internal Use {@link openWalReader}. */
  constructor(options: ResolvedReaderOptions, view: LogView) {
    this.#options = options;
    this.#directory = options.directory;
    this.report = reportOf(view);
    this.#live = view.live;
    this.#end = view.tail.end;
    this.#durableLsn = view.tail.durableLsn;
  }

  /** LSN of the first record that is kept, as of the last look; one above the last where there is none. */
  get firstLsn(): number {
    return this.#live[0]?.header.baseLsn ?? 1;
  }

  /** LSN of the last record that was there at the last look. */
  get lastLsn(): number {
    return this.#end.nextLsn - 1;
  }

  /**
   * Highest LSN that the log stated as durable at the last look. What is written states what was durable before: the last barrier
   * shows once something follows it, or the log is closed.
   */
  get durableLsn(): number {
    return this.#durableLsn;
  }

  /**
   * Looks again and returns the last LSN. Reads the headers of all segments, and of records only what has come since.
   *
   * @throws {@link WalError} `WAL_CORRUPT` when what follows is damaged.
   */
  refresh(): number {
    this.#check();
    try {
      this.#goOn();
    } catch (error) {
      if (!isReplaced(error)) throw error;
      this.#lookAgain(); // a segment was pruned or replaced between two calls
    }
    return this.lastLsn;
  }

  /** The segments of the last look, by ascending id. The last one may be written to, and its size is that of the file then. */
  segments(): LogSegment[] {
    const { lastLsn } = this;
    return listSegments(this.#live, { lastLsn, chain: this.#end.chain }, ({ sizeBytes }) => sizeBytes);
  }

  /** Records of the last look, verified one by one. */
  read(options: ReadOptions = {}): Generator<WalRecord, void, undefined> {
    return records(this.#cursor(options));
  }

  /** The same by the batch, with a turn of the event loop between two. */
  readBatches(options: BatchOptions = {}): AsyncGenerator<WalRecord[], void, undefined> {
    const { maxBatchBytes, ...range } = options;
    return batches(this.#cursor(range), maxBatchBytes, this.#options.turn);
  }

  /** The last `count` records of the last look, the oldest first; fewer where the log has fewer. */
  readLast(count: number): Generator<WalRecord, void, undefined> {
    return this.read(lastOf(this, count));
  }

  /**
   * Records from `from` on, by the batch, and those that come, as soon as they are `written` (the default) or {@link durableLsn} covers them;
   * looks every `pollIntervalMs`. Ends when `signal` does.
   */
  follow(
    options: FollowOptions & { readonly until?: "written" | "durable" } = {},
  ): AsyncGenerator<WalRecord[], void, undefined> {
    const { from = this.firstLsn, until = "written", maxBatchBytes, signal } = options;
    checkChoice("until", until, ["written", "durable"]);
    const { schedule, pollIntervalMs } = this.#options;
    const seenLsn = (): number => (until === "durable" ? this.#durableLsn : this.lastLsn);
    const log: PolledLog = {
      refresh: () => {
        this.refresh();
        return seenLsn();
      },
      cursor: (next) => this.#cursor({ from: next, to: seenLsn() })(),
      isClosed: () => this.#closed,
      schedule,
      pollIntervalMs,
    };
    return poll(log, { from, maxBatchBytes, signal });
  }

  /**
   * Looks again, and returns the newest checkpoint as `Wal.latestCheckpoint` does.
   *
   * @throws {@link WalError} `WAL_CHECKPOINT_MISSING`, and what {@link refresh} throws.
   */
  latestCheckpoint(options: { readonly upTo?: number } = {}): FoundCheckpoint {
    checkKeys(options, ["upTo"]);
    for (let attempt = 1; ; attempt += 1) {
      const lastLsn = this.refresh();
      const { upTo = lastLsn } = options;
      checkLsn("upTo", upTo, 0);
      const { firstLsn } = this;
      const { logId } = this.#end.segment.header;
      try {
        return findCheckpoint(this.#directory, {
          logId,
          maxCheckpointBytes: MAX_PAYLOAD_BYTES,
          firstLsn,
          lastLsn,
          upTo,
        });
      } catch (error) {
        // A writer may have put another in the place of the one that was to be read, for records that the look has not seen.
        const isOutrun = isFsError(error, "FS_NOT_FOUND") || this.refresh() > lastLsn;
        if (!isOutrun || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }

  /** Ends the reader: later calls throw `WAL_CLOSED`. May be called again. */
  close(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Checks at once, and opens when it is called. */
  #cursor({ from = this.firstLsn, to = this.lastLsn }: ReadOptions): () => RecordCursor {
    this.#check();
    checkRange(from, to);
    const lastLsn = Math.min(to, this.lastLsn);
    return () => this.#openCursor(from, lastLsn);
  }

  #openCursor(from: number, lastLsn: number): RecordCursor {
    this.#check();
    return openRecordCursor({
      directory: this.#directory,
      live: this.#live,
      maxPayloadBytes: this.#options.maxRecordBytes,
      from,
      lastLsn,
      index: this.#index,
      lookAgain: () => {
        this.#lookAgain();
        return this.#live;
      },
    });
  }

  #goOn(): void {
    // The last one may have been written to, and its size is another one then.
    const survey = surveySegments(this.#directory, this.#live.slice(0, -1));
    const live = liveSegments(survey.sound);
    const { segmentId } = this.#end.segment.header;
    const segment = live.find(({ header }) => header.segmentId === segmentId);
    if (segment === undefined) return this.#lookAgain();
    const end = new LogEnd({ ...this.#end, segment });
    const walk = new FrameWalk(
      this.#directory,
      { segment, position: this.#end },
      { maxPayloadBytes: this.#options.maxRecordBytes, segments: live },
    );
    let isAtLastSegment = false;
    try {
      while (walk.next()) end.pass(walk.segment, walk.cursor);
      this.#live = live;
      this.#end = end.place;
      this.#durableLsn = Math.max(this.#durableLsn, walk.cursor.durableLsn);
      isAtLastSegment = walk.segment === live.at(-1);
    } finally {
      walk.close();
    }
    // A segment that nothing here leads to. It begins further on: the writer was at it a moment ago, or something is missing. Or
    // before the end: an open has written once more what was seen and not proven, and the log goes on behind that.
    if (!isAtLastSegment) this.#lookAgain();
  }

  #lookAgain(): void {
    const view = viewLog(this.#directory, this.#options);
    if (view.tail.end.nextLsn < this.#end.nextLsn) {
      const message = `the log ends with ${view.tail.lastLsn}, after ${this.lastLsn} was seen`;
      throw new WalError("WAL_CORRUPT", message, { lsn: view.tail.end.nextLsn, actual: this.lastLsn });
    }
    this.#live = view.live;
    this.#end = view.tail.end;
    this.#durableLsn = Math.max(this.#durableLsn, view.tail.durableLsn);
  }

  #check(): void {
    if (this.#closed) throw new WalError("WAL_CLOSED", "the reader is closed");
  }
}
