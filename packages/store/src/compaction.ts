import type { LogSegment } from "@holdfast/wal/places";
import { beginSegment, readSealed, rewriteSegment, type RewrittenSegment } from "@holdfast/wal/rewrite";
import type { EventDefinition } from "./event-definition.js";
import { dropPayload } from "./event-encoder.js";
import { DROPPED_BYTES } from "./event-layout.js";
import { EventRecord } from "./event-record.js";
import { exclusively } from "./maintenance-lock.js";
import type { MaintenanceParts } from "./maintenance-parts.js";
import { RewrittenFooter } from "./rewritten-footer.js";
import { retentionRow, type RetentionRow } from "./retention-row.js";
import type { Store } from "./store.js";
import { StoreError, type StoreErrorContext } from "./store-error.js";
import { checkCount, checkOptions, checkWatching, checkWriter, need, refused } from "./option-checks.js";
import { refuseAborted } from "./verification.js";

/**
 * Retention: takes payloads out of sealed segments. An event stays where it is, with its sequence, revision, id, key, links and hash; what
 * is in the place of its payload is the payload's length and hash. What a crash leaves:
 *
 * 1. Before the first segment is replaced: files that are derived from segments are gone, and are made again.
 * 2. At any time: each segment old or new, complete either way, see `segment-rewrite.ts` of the log. Nothing says how far the work has come and nothing has
 *    to: what is done is done, and the next run goes on with what is left.
 *
 * In between the index takes the new places of a segment in the same turn of the program in which its file is replaced.
 */

/** What is taken, and how. */
export interface CompactOptions {
  /**
   * Whether an event keeps its payload: asked once for each event that still has it. Not asynchronous. What it throws ends the work, with the
   * segments before it done and this one as it was.
   */
  readonly keep: (row: RetentionRow) => boolean;
  /** Looks at events up to this sequence. Default: all that lie in sealed segments. */
  readonly throughSequence?: number;
  /** Begins another segment first, so that the events of the one that is written to are looked at, too. Default false. */
  readonly rotate?: boolean;
  /**
   * Leaves a segment as it is where less than so many bytes would be saved. Default: payloads go whatever that saves; where they are
   * shorter than the 36 bytes that take their place, the file grows.
   */
  readonly minSavedBytes?: number;
  /** Ends it with `STORE_ABORTED` between two slices of the work, with every segment old or new. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come, every millisecond or two of work; what it throws ends the work. */
  readonly onProgress?: (progress: CompactProgress) => void;
}

/** How far a compaction is. */
export interface CompactProgress {
  /** Segments that are done, and how many there are to do. */
  readonly segments: number;
  /** Segments there are to do. */
  readonly totalSegments: number;
  /** Payloads that are gone for good so far. */
  readonly droppedPayloads: number;
}

/** What a compaction has done. Plain data. */
export interface CompactReport {
  /** Segments that were looked at. */
  readonly segments: number;
  /** Segments that were written once more. */
  readonly rewrittenSegments: number;
  /** Payloads that are gone for good. */
  readonly droppedPayloads: number;
  /** Payloads that are still there, because `minSavedBytes` left their segments as they are. */
  readonly postponedPayloads: number;
  /** Bytes of the segments that were looked at. */
  readonly bytesBefore: number;
  /** Bytes of these segments afterwards. */
  readonly bytesAfter: number;
}

const keys = ["keep", "throughSequence", "rotate", "minSavedBytes", "signal", "onProgress"];

/**
 * Takes the payloads of events that are not kept out of sealed segments. The store is read and appended to meanwhile. Durability: what the
 * report counts is gone for good, a power loss included. To be called again after any failure.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION`, `STORE_BUSY`, `STORE_ABORTED`, `STORE_CLOSED`, and `STORE_CORRUPT` for an envelope that is damaged.
 * `WalError` `WAL_CORRUPT` with file and offset where a frame is: a damaged segment is never rewritten; `WAL_NO_SPACE`, with everything as it
 * was; `WAL_RECORD_TOO_LARGE` for a commit that would outgrow `maxRecordBytes`. What `keep` throws.
 */
export async function compact<Definition extends EventDefinition>(
  store: Store<Definition>,
  options: CompactOptions,
): Promise<CompactReport> {
  checkWriter(store);
  checkCompactOptions(options);
  const parts = store.maintenance;
  return exclusively(parts, async () => {
    if (options.rotate === true) beginSegment(parts.log);
    await store.sync();
    return new Compaction(parts, options).run();
  });
}

function checkCompactOptions(options: CompactOptions): void {
  checkOptions(options, keys, "a compaction");
  const { keep, throughSequence = 1, rotate, minSavedBytes = 0, signal, onProgress } = options;
  need(typeof keep === "function", "keep", "must be a function");
  checkCount("throughSequence", throughSequence);
  need(rotate === undefined || typeof rotate === "boolean", "rotate", "must be a boolean");
  checkCount("minSavedBytes", minSavedBytes);
  checkWatching({ signal, onProgress });
}

/** What is to become of a segment. */
interface Decision {
  /** Sequences of events that lose their payload. */
  readonly dropped: ReadonlySet<number>;
  readonly savedBytes: number;
  readonly hasDeadBytes: boolean;
}

class Compaction {
  readonly #parts: MaintenanceParts;
  readonly #options: CompactOptions;
  readonly #record = new EventRecord();
  readonly #segments: readonly LogSegment[];
  readonly #through: number;
  readonly #report = {
    segments: 0,
    rewrittenSegments: 0,
    droppedPayloads: 0,
    postponedPayloads: 0,
    bytesBefore: 0,
    bytesAfter: 0,
  };
  /** Lets an accelerator be written again, once one was dropped. */
  #release: (() => void) | undefined = undefined;

  constructor(parts: MaintenanceParts, options: CompactOptions) {
    this.#parts = parts;
    this.#options = options;
    const { log } = parts;
    const { throughSequence = Number.POSITIVE_INFINITY } = options;
    this.#through = throughSequence;
    this.#segments = log.segments().filter(({ isSealed, baseLsn, lastLsn }) => {
      return isSealed && baseLsn <= throughSequence && lastLsn <= log.durableLsn;
    });
  }

  async run(): Promise<CompactReport> {
    try {
      return await this.#run();
    } finally {
      this.#release?.();
    }
  }

  async #run(): Promise<CompactReport> {
    for (const segment of this.#segments) {
      const decision = await this.#decide(segment);
      const rewritten = this.#isWorthwhile(decision) ? await this.#rewrite(segment, decision) : undefined;
      const report = this.#report;
      if (rewritten === undefined) report.postponedPayloads += decision.dropped.size;
      else report.rewrittenSegments += 1;
      report.bytesBefore += rewritten?.bytesBefore ?? segment.sizeBytes;
      report.bytesAfter += rewritten?.bytes ?? segment.sizeBytes;
      report.segments += 1;
      await this.#pause();
    }
    return { ...this.#report };
  }

  async #decide(segment: LogSegment): Promise<Decision> {
    const { directory, maxRecordBytes } = this.#parts;
    const dropped = new Set<number>();
    let savedBytes = 0;
    const { hasDeadBytes } = await readSealed(
      { directory, maxRecordBytes, segment, pause: this.#pause },
      ({ lsn, bytes, start, end }) => {
        const record = this.#read(bytes, start, end, { sequence: lsn, file: segment.file });
        if (lsn > this.#through || record.isDropped || this.#keeps(retentionRow(record, lsn))) return;
        dropped.add(lsn);
        savedBytes += record.payloadBytes - DROPPED_BYTES;
      },
    );
    return { dropped, savedBytes, hasDeadBytes };
  }

  /** What an open has left behind the end of a segment may be payloads of events in the next one, so that goes in any case. */
  #isWorthwhile({ dropped, savedBytes, hasDeadBytes }: Decision): boolean {
    if (hasDeadBytes) return true;
    const { minSavedBytes = Number.NEGATIVE_INFINITY } = this.#options;
    return dropped.size > 0 && savedBytes >= minSavedBytes;
  }

  async #rewrite({ segmentId }: LogSegment, { dropped }: Decision): Promise<RewrittenSegment> {
    const { log, directory, maxRecordBytes, hasher, index, accelerator } = this.#parts;
    this.#release ??= await accelerator.drop();
    const footer = new RewrittenFooter(index);
    const rewritten = await rewriteSegment({
      log,
      directory,
      segmentId,
      maxRecordBytes,
      replace: (sequence, bytes, start, end) => {
        const record = this.#record.read(bytes, start, end);
        footer.add(record, sequence, dropped.has(sequence));
        if (!dropped.has(sequence)) return undefined;
        return dropPayload(record, hasher.payloadHash(bytes.subarray(record.envelopeEnd, end)));
      },
      footerOf: (sealed, offsets) => footer.encode(sealed, offsets),
      onSwap: (swapped) => this.#move(swapped),
      pause: this.#pause,
    });
    this.#report.droppedPayloads += dropped.size;
    return rewritten;
  }

  #move({ segment: { segmentId, baseLsn }, offsets }: RewrittenSegment): void {
    const { index, places } = this.#parts;
    for (const [at, offset] of offsets.entries()) index.columns.moveFrame(baseLsn - 1 + at, offset);
    index.segments.noteRewritten();
    places.forget(segmentId);
  }

  #read(bytes: Uint8Array, start: number, end: number, where: StoreErrorContext): EventRecord {
    try {
      return this.#record.read(bytes, start, end);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const message = `${where.file}, event ${where.sequence}: ${error.message}`;
      throw new StoreError(error.code, message, { ...error.context, ...where }, { cause: error });
    }
  }

  #keeps(row: RetentionRow): boolean {
    const isKept: unknown = this.#options.keep(row);
    if (typeof isKept === "boolean") return isKept;
    throw refused("keep", `must say true or false, and said ${typeof isKept} of event ${row.sequence}`);
  }

  #tell(): void {
    const { segments, droppedPayloads } = this.#report;
    this.#options.onProgress?.({ segments, totalSegments: this.#segments.length, droppedPayloads });
  }

  readonly #pause = async (): Promise<void> => {
    this.#tell();
    await this.#parts.turn();
    refuseAborted(this.#options.signal);
    this.#parts.log.check();
  };
}
