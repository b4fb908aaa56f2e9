import { isFsError } from "@holdfast/fs-seam";
import { openWalReader, WalError, type RecoveryReport, type WalReader } from "@holdfast/wal";
import { PlaceReader, type LogSegment } from "@holdfast/wal/places";
import { blake3 } from "@holdfast/segment-codec/blake3";
import type { EventDefinition } from "./event-definition.js";
import { EventHasher } from "./event-hash.js";
import type { EventIndex } from "./event-index.js";
import { EventLookup } from "./event-lookup.js";
import { EventRegistry } from "./event-registry.js";
import type { FrameIndexer } from "./frame-indexer.js";
import { fillIndex, type IndexReport } from "./index-filling.js";
import { hashOf } from "./log-hash.js";
import { ReadableStore, type BeyondOptions, type ReaderWatermarks } from "./readable-store.js";
import {
  checkReaderOptions,
  DEFAULT_CACHE_BYTES,
  DEFAULT_RECORD_BYTES,
  nextTurn,
  STORE_CONTENT,
  timer,
  type StoreReaderOptions,
} from "./store-options.js";
import { StoreError } from "./store-error.js";
import { refuseUnfinished } from "./unfinished-backup.js";
import type { VerifyFault, VerifyOptions, VerifyReport } from "./verification.js";

/**
 * Opens a store for reading beside whoever writes it, in this process or another. Takes no lock and changes nothing. Shows what was
 * with the system at the last {@link StoreReader.refresh}; after a power loss, the last of it may be gone.
 *
 * @throws `WalError` `WAL_NOT_FOUND` where there is no store, and what else the log refuses; {@link StoreError} by its codes.
 */
export function openStoreReader<Definition extends EventDefinition>(
  options: StoreReaderOptions<Definition>,
): StoreReader<Definition> {
  checkReaderOptions(options);
  const { directory, events, codec, maxRecordBytes = DEFAULT_RECORD_BYTES } = options;
  const { pollIntervalMs = DEFAULT_POLL_INTERVAL_MS, schedule = timer } = options;
  refuseUnfinished(directory);
  const registry = new EventRegistry(events, codec);
  const log = openWalReader({ directory, maxRecordBytes, pollIntervalMs, schedule });
  return new StoreReader(options, registry, log);
}

const DEFAULT_POLL_INTERVAL_MS = 20;
const MAX_LOOKS = 8;

/** A store that is open for reading only. */
export class StoreReader<Definition extends EventDefinition = EventDefinition> extends ReadableStore<Definition> {
  /** What opening it found. */
  readonly logReport: RecoveryReport;
  /** What opening it has filled the index from. */
  readonly indexedFrom: IndexReport;
  readonly #log: WalReader;
  readonly #places: PlaceReader;
  readonly #index: EventIndex;
  readonly #indexer: FrameIndexer;
  readonly #pause: (ended: () => void) => () => void;
  /** Each ends a pause of somebody who waits. */
  readonly #pauses = new Set<() => void>();
  #isClosed = false;

  /** @internal Use {@link openStoreReader}. */
  constructor(options: StoreReaderOptions<Definition>, registry: EventRegistry<Definition>, log: WalReader) {
    const { directory, hash = blake3, maxRecordBytes = DEFAULT_RECORD_BYTES, turn = nextTurn } = options;
    const { pollIntervalMs = DEFAULT_POLL_INTERVAL_MS, schedule = timer } = options;
    const segments = log.segments();
    const { header, file } = segments.at(-1) as LogSegment; // a log that is found has one
    if (header.content !== STORE_CONTENT) {
      const message = `${file} holds records of content ${header.content}: the log of somebody else`;
      throw new WalError("WAL_FOREIGN_SEGMENT", message, { file, expected: STORE_CONTENT, actual: header.content });
    }
    const hasher = new EventHasher(hashOf(header.hash, hash), header.logId);
    const { logId } = header;
    const { index, indexer, report } = fillIndex({ directory, segments, logId, maxRecordBytes });
    const { cacheBytes = DEFAULT_CACHE_BYTES } = options;
    const places = new PlaceReader({ log, directory, maxRecordBytes, cacheBytes });
    // An open of the writer may write the last events again to another segment while they are read here, and retention any segment.
    const lookup = new EventLookup({ index, places, hasher, relocate: (sequence) => this.#relocate(sequence) });
    super({ lookup, registry, hasher, directory, maxRecordBytes, turn, logId });
    this.logReport = log.report;
    this.indexedFrom = report;
    this.#log = log;
    this.#places = places;
    this.#index = index;
    this.#indexer = indexer;
    this.#pause = (ended): (() => void) => schedule(ended, pollIntervalMs);
  }

  /** Sequence of the last event that was there at the last look. */
  get lastSequence(): number {
    return this.#index.lastSequence;
  }

  /** As of the last look; `durable` is what the log stated by then. */
  get watermarks(): ReaderWatermarks {
    const { lastSequence: visible } = this;
    return { visible, durable: Math.min(visible, this.#log.durableLsn) };
  }

  /**
   * Looks again, and returns the sequence of the last event. Reads only what has come since.
   *
   * @throws `WalError` `WAL_CORRUPT` when what follows is damaged.
   */
  refresh(): number {
    this.#checkOpen();
    this.#places.forgetReplaced();
    for (let attempt = 1; ; attempt += 1) {
      this.#log.refresh();
      try {
        this.#indexer.catchUp(this.#index, this.#log.segments());
        return this.#index.lastSequence;
      } catch (error) {
        // An open of the writer has replaced a file since the look.
        if (!isFsError(error, "FS_NOT_FOUND") || attempt === MAX_LOOKS) throw error;
      }
    }
  }

  /** As of a store, of what is there now: looks again first, and whenever the writer has replaced what is read. */
  override async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    for (;;) {
      this.refresh();
      try {
        const report = await super.verify(options);
        if (report.kind === "intact" || !this.#isMoved(report.fault)) return report;
      } catch (error) {
        if (!isFsError(error, "FS_NOT_FOUND")) throw error;
      }
    }
  }

  /** Ends the reader: whoever waits is told, later calls throw `STORE_CLOSED`. May be called again. */
  close(): void {
    this.#isClosed = true;
    for (const end of this.#pauses) end();
    this.#places.close();
    this.#log.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected visible(): number {
    this.#checkOpen();
    return this.#index.lastSequence;
  }

  protected async awaitSequence(_sequence: number, { signal }: BeyondOptions): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const cancel = this.#pause(end);
      this.#pauses.add(end);
      signal?.addEventListener("abort", end);
    });
    if (!this.#isClosed && signal?.aborted !== true) this.refresh();
  }

  protected segments(): readonly LogSegment[] {
    return this.#log.segments();
  }

  #relocate(sequence: number): void {
    this.#places.forget(this.#index.segments.of(sequence));
    this.refresh();
    this.#indexer.relocate(this.#index, this.#log.segments(), sequence);
  }

  /** Whether an event is only elsewhere in its file than at the last look; the index knows then. */
  #isMoved(fault: VerifyFault): boolean {
    if (fault.kind !== "index" || fault.field !== "offset") return false;
    const { columns } = this.#index;
    const before = columns.frameOffsetOf(fault.sequence - 1);
    this.#relocate(fault.sequence);
    return columns.frameOffsetOf(fault.sequence - 1) !== before;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StoreError("STORE_CLOSED", "the reader is closed");
  }
}
