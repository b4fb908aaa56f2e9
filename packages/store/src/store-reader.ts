import { isFsError } from "@holdfast/fs-seam";
import { openWalReader, WalError, type RecoveryReport, type WalReader } from "@holdfast/wal";
import { PlaceReader, type LogSegment } from "@holdfast/wal/places";
import { blake3 } from "@holdfast/segment-codec/blake3";
import type { EventDefinition } from "./event-definition.js";
import { EventHasher } from "./event-hash.js";
import { EventIndex } from "./event-index.js";
import { EventLookup } from "./event-lookup.js";
import { EventRegistry } from "./event-registry.js";
import { FrameIndexer } from "./frame-indexer.js";
import { hashOf } from "./log-hash.js";
import { ReadableStore } from "./readable-store.js";
import {
  checkReaderOptions,
  DEFAULT_RECORD_BYTES,
  nextTurn,
  STORE_CONTENT,
  type StoreReaderOptions,
} from "./store-options.js";
import { StoreError } from "./store-error.js";
import type { VerifyOptions, VerifyReport } from "./verification.js";

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
  const registry = new EventRegistry(events, codec);
  const log = openWalReader({ directory, maxRecordBytes });
  return new StoreReader(options, registry, log);
}

/** A store that is open for reading only. */
export class StoreReader<Definition extends EventDefinition = EventDefinition> extends ReadableStore<Definition> {
  /** What opening it found. */
  readonly logReport: RecoveryReport;
  readonly #log: WalReader;
  readonly #places: PlaceReader;
  readonly #index: EventIndex;
  readonly #indexer: FrameIndexer;
  #isClosed = false;

  /** @internal Use {@link openStoreReader}. */
  constructor(options: StoreReaderOptions<Definition>, registry: EventRegistry<Definition>, log: WalReader) {
    const { directory, hash = blake3, maxRecordBytes = DEFAULT_RECORD_BYTES, turn = nextTurn } = options;
    const { header, file } = log.segments().at(-1) as LogSegment; // a log that is found has one
    if (header.content !== STORE_CONTENT) {
      const message = `${file} holds records of content ${header.content}: the log of somebody else`;
      throw new WalError("WAL_FOREIGN_SEGMENT", message, { file, expected: STORE_CONTENT, actual: header.content });
    }
    const hasher = new EventHasher(hashOf(header.hash, hash), header.logId);
    const index = new EventIndex();
    const places = new PlaceReader({ log, directory, maxRecordBytes });
    const indexer = new FrameIndexer(directory, maxRecordBytes);
    // An open of the writer may write the last events again to another segment while they are read here.
    const lookup = new EventLookup({ index, places, hasher, relocate: () => void this.refresh() });
    super({ lookup, registry, hasher, directory, maxRecordBytes, turn, logId: header.logId });
    this.logReport = log.report;
    this.#log = log;
    this.#places = places;
    this.#index = index;
    this.#indexer = indexer;
    this.#indexer.catchUp(index, log.segments());
  }

  /** Sequence of the last event that was there at the last look. */
  get lastSequence(): number {
    return this.#index.lastSequence;
  }

  /**
   * Looks again, and returns the sequence of the last event. Reads only what has come since.
   *
   * @throws `WalError` `WAL_CORRUPT` when what follows is damaged.
   */
  refresh(): number {
    this.#checkOpen();
    this.#log.refresh();
    this.#indexer.catchUp(this.#index, this.#log.segments());
    return this.#index.lastSequence;
  }

  /** As of a store, of what is there now: looks again first, and whenever an open of the writer has replaced what is read. */
  override async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    for (;;) {
      this.refresh();
      try {
        return await super.verify(options);
      } catch (error) {
        if (!isFsError(error, "FS_NOT_FOUND")) throw error;
      }
    }
  }

  close(): void {
    this.#isClosed = true;
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

  protected segments(): readonly LogSegment[] {
    return this.#log.segments();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new StoreError("STORE_CLOSED", "the reader is closed");
  }
}
