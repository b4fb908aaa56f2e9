import { FRAME_HEADER_BYTES, inspectSegmentHeader, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { poll } from "./log-polling.js";
import type { RecordCursor } from "./record-cursor.js";
import { openSectionCursor } from "./record-log-cursor.js";
import { evidenceBehind } from "./record-log-evidence.js";
import {
  resolveRecordLogReaderOptions,
  type RecordLogReaderOptions,
  type ResolvedRecordLogReaderOptions,
} from "./record-log-options.js";
import { reportOfScan } from "./record-log-report.js";
import type { Section, SectionBoundary } from "./record-log-section.js";
import type { RecordLogScan } from "./record-log-scan.js";
import { viewRecordLog } from "./record-log-view.js";
import { SectionWalk } from "./record-log-walk.js";
import { batches, lastOf, records, type BatchOptions, type ReadOptions, type WalRecord } from "./record-stream.js";
import type { RecoveryReport } from "./recovery-report.js";
import { openSegment, type SegmentSource } from "./segment-survey.js";
import { SparseIndex } from "./sparse-index.js";
import { WalError } from "./wal-error.js";
import type { FollowOptions } from "./wal-reader.js";
import { checkRange } from "./wal-options.js";

/**
 * Opens a record log for reading beside whoever writes it, in this process or another. Takes no lock and changes nothing. Shows
 * what has been handed to the system: after a power loss, the last of it may be gone.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND`, `WAL_CORRUPT`, `WAL_FOREIGN_SEGMENT`, `WAL_UNSUPPORTED`.
 */
export function openRecordLogReader(options: RecordLogReaderOptions): RecordLogReader {
  const resolved = resolveRecordLogReaderOptions(options);
  return new RecordLogReader(resolved, viewRecordLog(resolved));
}

/** A record log that is open for reading only. */
export class RecordLogReader {
  /** What opening it found. */
  readonly report: RecoveryReport;
  readonly #options: ResolvedRecordLogReaderOptions;
  #index = new SparseIndex();
  #sections: Section[];
  #end: SectionBoundary;
  #closed = false;

  /** @internal Use {@link openRecordLogReader}. */
  constructor(options: ResolvedRecordLogReaderOptions, scan: RecordLogScan) {
    this.#options = options;
    this.report = reportOfScan(scan);
    this.#sections = [...scan.sections];
    this.#end = scan.end;
  }

  /** 1: a record log keeps everything. */
  get firstLsn(): number {
    return 1;
  }

  /** LSN of the last record that was there at the last look. */
  get lastLsn(): number {
    return this.#end.nextLsn - 1;
  }

  /**
   * Looks again and returns the last LSN. Reads only what has come since, unless the writer has opened the log anew.
   *
   * @throws {@link WalError} `WAL_CORRUPT` when what follows is damaged.
   */
  refresh(): number {
    this.#check();
    if (!this.#goOn()) this.#lookAgain();
    return this.lastLsn;
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

  /** Records from `from` on, by the batch, and those that come; looks every `pollIntervalMs`. Ends when `signal` does. */
  follow(options: FollowOptions = {}): AsyncGenerator<WalRecord[], void, undefined> {
    const { from = 1, maxBatchBytes, signal } = options;
    const { schedule, pollIntervalMs } = this.#options;
    const log = {
      refresh: () => this.refresh(),
      cursor: (next: number) => this.#cursor({ from: next })(),
      isClosed: () => this.#closed,
      schedule,
      pollIntervalMs,
    };
    return poll(log, { from, maxBatchBytes, signal });
  }

  /** Ends the reader: later calls throw `WAL_CLOSED`. May be called again. */
  close(): void {
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Checks at once, and opens when it is called. */
  #cursor({ from = 1, to = this.lastLsn }: ReadOptions): () => RecordCursor {
    this.#check();
    checkRange(from, to);
    const lastLsn = Math.min(to, this.lastLsn);
    return () => this.#openCursor(from, lastLsn);
  }

  #openCursor(from: number, lastLsn: number): RecordCursor {
    this.#check();
    const { directory, name: file, maxRecordBytes } = this.#options;
    return openSectionCursor({
      directory,
      file,
      maxRecordBytes,
      sections: this.#sections,
      index: this.#index,
      from,
      lastLsn,
    });
  }

  /** False when the section that was seen last is there no more: a writer took it back, and another may lie in its place. */
  #goOn(): boolean {
    const { directory, name, maxRecordBytes } = this.#options;
    const { section, ...position } = this.#end;
    const source = openSegment(directory, name);
    try {
      if (source.sizeBytes < position.offset || !isThere(section, source)) return false;
      const walk = new SectionWalk(source, { section, position }, maxRecordBytes);
      while (walk.next()) if (walk.segment !== this.#sections.at(-1)) this.#sections.push(walk.segment);
      const { boundary } = walk;
      if (boundary.offset === position.offset && isDamage(source, boundary)) return false;
      this.#end = boundary;
      return true;
    } finally {
      source.close();
    }
  }

  #lookAgain(): void {
    const scan = viewRecordLog(this.#options);
    if (scan.lastLsn < this.lastLsn) {
      const message = `the log ends with ${scan.lastLsn}, after ${this.lastLsn} was seen`;
      throw new WalError("WAL_CORRUPT", message, { lsn: scan.end.nextLsn, actual: this.lastLsn });
    }
    this.#sections = [...scan.sections];
    this.#end = scan.end;
    this.#index = new SparseIndex();
  }

  #check(): void {
    if (this.#closed) throw new WalError("WAL_CLOSED", "the reader is closed");
  }
}

function isThere({ offset, header }: Section, source: SegmentSource): boolean {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const outcome = inspectSegmentHeader(bytes.subarray(0, source.readAt(bytes, offset)));
  return outcome.kind === "segment" && outcome.header.crc === header.crc && outcome.header.nonce === header.nonce;
}

/** Whether more than the writer's half of a frame stands in the way. Zeros ahead of the end are not searched at every look. */
function isDamage(source: SegmentSource, boundary: SectionBoundary): boolean {
  const first = new Uint8Array(FRAME_HEADER_BYTES);
  const count = source.readAt(first, boundary.offset);
  if (first.subarray(0, count).every((byte) => byte === 0)) return false;
  return evidenceBehind(source, boundary).durableLsn >= boundary.nextLsn;
}
