import type { SyncRung } from "@holdfast/fs-seam";
import { WalError, type WaitOptions, type Wal } from "@holdfast/wal";
import { PlaceReader, type LogSegment, type SegmentFooters } from "@holdfast/wal/places";
import type { ContentHash } from "@holdfast/segment-codec";
import { Accelerator } from "./accelerator.js";
import { receiptsOf, sequenceOf, type Written } from "./append-receipts.js";
import type {
  AppendConflict,
  AppendOptions,
  AppendOutcome,
  AppendReceipt,
  CommitOptions,
  CommitOutcome,
  CommitReceipt,
  StreamAddress,
  UnconditionalOptions,
} from "./append-outcome.js";
import { CommitBuilder } from "./commit-builder.js";
import type { EventDefinition, EventInput } from "./event-definition.js";
import { EventHasher } from "./event-hash.js";
import { formatEventId, keyedEventId } from "./event-id.js";
import { EventIdSource } from "./event-id-source.js";
import type { EventIndex } from "./event-index.js";
import { EventLookup } from "./event-lookup.js";
import type { EventRegistry } from "./event-registry.js";
import { EventStager } from "./event-staging.js";
import { EventWriter, type StagedEvent } from "./event-writer.js";
import { findReplay } from "./event-replay.js";
import type { FooterCollector } from "./footer-collector.js";
import { fillIndex } from "./index-filling.js";
import type { MaintenanceParts } from "./maintenance-parts.js";
import { ReadableStore, type BeyondOptions } from "./readable-store.js";
import { checkFacts, signReceipt, type ReceiptSigner, type SignedReceipt } from "./receipt-signature.js";
import { checkOptions, checkSignal, need, refused } from "./option-checks.js";
import { DEFAULT_RECORD_BYTES, monotonicNow, nextTurn, type ResolvedStoreOptions } from "./store-options.js";
import { StoreError } from "./store-error.js";
import type { StoreHealth, StoreOpenReport, StoreStats, Watermarks } from "./store-report.js";
import { ofStore } from "./log-ending.js";

/** @internal What is written to, and what is put at the ends of its segments. */
export interface StoreLog {
  readonly log: Wal;
  readonly collector: FooterCollector;
  readonly footers: SegmentFooters;
}

/** The id of no event. */
const noId: Uint8Array = new Uint8Array(16);

const commitKeys = ["key", "rung"];
const appendKeys = [...commitKeys, "expectedRevision", "correlation", "causation", "metadata"];

/** A store that is open for writing. */
export class Store<Definition extends EventDefinition = EventDefinition> extends ReadableStore<Definition> {
  /** What opening it found and did. */
  readonly openReport: StoreOpenReport;
  /** @internal For `./maintenance`. */
  readonly maintenance: MaintenanceParts;
  readonly #log: Wal;
  readonly #collector: FooterCollector;
  readonly #footers: SegmentFooters;
  readonly #accelerator: Accelerator;
  readonly #places: PlaceReader;
  readonly #index: EventIndex;
  readonly #lookup: EventLookup;
  readonly #hash: ContentHash;
  readonly #hasher: EventHasher;
  readonly #stager: EventStager;
  readonly #writer: EventWriter;
  readonly #clock: () => number;
  readonly #signer: ReceiptSigner | undefined;
  /** 16 bytes. */
  readonly #logId: Uint8Array;
  #isClosed = false;

  /** @internal Use `openStore`. */
  constructor(options: ResolvedStoreOptions<Definition>, registry: EventRegistry<Definition>, parts: StoreLog) {
    const { log, collector, footers } = parts;
    const { directory, clock } = options;
    const { maxRecordBytes = DEFAULT_RECORD_BYTES, now = monotonicNow, turn = nextTurn } = options.log;
    const began = now();
    const segments = log.segments();
    const { header, segmentId } = segments.at(-1) as LogSegment; // a log that is open has one
    const { hash, signer } = options;
    const hasher = new EventHasher(hash, header.logId);
    collector.fromSegment = segmentId;
    const { logId } = header;
    const { index, indexer, report } = fillIndex({ directory, segments, logId, maxRecordBytes, collector });
    const places = new PlaceReader({ log, directory, maxRecordBytes, cacheBytes: options.cacheBytes });
    // Retention tells of new places when it makes them; an index that was filled from elsewhere may have old ones.
    const relocate = (sequence: number): void => {
      places.forget(index.segments.of(sequence));
      indexer.relocate(index, log.segments(), sequence);
    };
    const lookup = new EventLookup({ index, places, hasher, relocate });
    super({ lookup, registry, hasher, directory, maxRecordBytes, turn, logId });
    this.#log = log;
    this.#collector = collector;
    this.#footers = footers;
    this.#accelerator = new Accelerator({
      directory,
      index,
      logId,
      segments: () => log.segments(),
      turn,
      leastEvents: options.acceleratorEvents,
      coveredEvents: report.accelerator.events,
    });
    this.maintenance = { log, places, index, hasher, directory, maxRecordBytes, turn, accelerator: this.#accelerator };
    this.#places = places;
    this.#index = index;
    this.#lookup = lookup;
    this.#hash = hash;
    this.#hasher = hasher;
    this.#signer = signer;
    this.#logId = logId;
    this.#clock = (): number => checkedTime(clock());
    const ids = new EventIdSource(options.random);
    const isTaken = (id: Uint8Array): boolean => lookup.findId(id, index.lastSequence) !== 0;
    this.#stager = new EventStager({ registry, ids, hash, clock: this.#clock, isTaken });
    this.#writer = new EventWriter({ log, lookup, hasher, streamHeads: options.streamHeads });
    this.openReport = {
      log: log.report,
      indexedFrom: report,
      events: index.lastSequence,
      streams: index.streams.count,
      indexBytes: index.bytes,
      durationMs: now() - began,
    };
  }

  /** Sequence of the last event, 0 without one. */
  get lastSequence(): number {
    return this.#log.lastLsn;
  }

  override get watermarks(): Watermarks {
    return { accepted: this.#log.lastLsn, visible: this.#log.writtenLsn, durable: this.#log.durableLsn };
  }

  /** Whether the store can go on, and what has ended it if not. */
  get health(): StoreHealth {
    if (this.#isClosed) return { kind: "closed" };
    const error = this.#log.failure;
    return error === undefined ? { kind: "ok" } : { kind: "poisoned", error };
  }

  /** Counters, plain data. */
  stats(): StoreStats {
    const { lastSequence, streams, entities, scopes, bytes } = this.#index;
    return {
      events: lastSequence,
      streams: streams.count,
      entities: entities.count,
      scopes: scopes.count,
      indexBytes: bytes,
      footers: {
        written: this.#footers.written,
        leftOut: this.#collector.sealed - this.#footers.written,
        problem: this.#footers.problem,
      },
      accelerators: { written: this.#accelerator.written, problem: this.#accelerator.problem },
      log: this.#log.stats(),
    };
  }

  /**
   * Appends one event. Durability: `os` unless `rung` says less; wait for {@link durable}.
   *
   * A key is looked up first: the same event with the same key gives the receipt of the first time, whatever is expected.
   *
   * @returns a receipt, or with an expectation that does not hold a conflict, and nothing was written.
   * @throws {@link StoreError} for what is refused, `STORE_KEY_REUSED` for another event under a known key. `WalError`
   * `WAL_NO_SPACE` and `WAL_RECORD_TOO_LARGE`: nothing was written. After any other failure of the file system the store is
   * poisoned, and only the next open tells whether the event is there: try again with the same key.
   */
  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options?: UnconditionalOptions,
  ): AppendReceipt;
  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options: AppendOptions,
  ): AppendOutcome;
  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options: AppendOptions = {},
  ): AppendOutcome {
    checkOptions(options, appendKeys, "an append");
    const staged = this.#stager.stage(at, definition, input, options, { key: options.key, index: 0 });
    const outcome = this.#write([staged], options);
    return outcome.kind === "conflict" ? outcome : (outcome.receipts[0] as AppendReceipt); // one for each event
  }

  /**
   * Appends the events that `build` adds, all of them or none after any crash. Everything said of {@link append} holds; an
   * expectation that does not hold names the event by its `index`. Without events it does nothing.
   *
   * @param build - not asynchronous. When it throws, nothing was written.
   */
  commit(build: (commit: CommitBuilder<Definition>) => void, options: CommitOptions = {}): CommitOutcome {
    checkOptions(options, commitKeys, "a commit");
    need(typeof build === "function", "build", "must be a function");
    const builder = new CommitBuilder<Definition>(this.#stager, options.key);
    let staged: readonly StagedEvent[] = [];
    try {
      const result = build(builder) as { readonly then?: unknown } | undefined;
      need(typeof result?.then !== "function", "build", "must not be asynchronous: a commit is made at once");
    } finally {
      staged = builder.finish();
    }
    return staged.length === 0 ? { kind: "appended", receipts: [] } : this.#write(staged, options);
  }

  /**
   * Resolves once an event, and every one before it, survives a power loss. Starts a barrier unless one will cover it; all who
   * wait at the same time share it. Rejects when the store fails first; whether the event survives is not known then.
   */
  async durable(what: Written, options: WaitOptions = {}): Promise<void> {
    const sequence = sequenceOf(what) as number;
    const isThere = Number.isSafeInteger(sequence) && sequence >= 0 && sequence <= this.lastSequence;
    need(isThere, "what", `must be at most the last sequence, ${this.lastSequence}, not ${String(sequence)}`);
    checkWaiting(options);
    this.#checkOpen();
    if (sequence > this.#log.durableLsn) await this.#sync("data", options);
  }

  /** Resolves with the sequence that is durable, once everything appended before the call is. */
  async sync(rung: SyncRung = "data", options: WaitOptions = {}): Promise<number> {
    checkWaiting(options);
    this.#checkOpen();
    return this.#sync(rung, options);
  }

  /** The same, holding the event loop. `WAL_BUSY` while a promise waits for a barrier. */
  syncBlocking(rung: SyncRung = "data"): number {
    this.#checkOpen();
    return this.#log.syncBlocking(rung);
  }

  /**
   * A receipt for whoever wants proof away from the store: plain data, signed by the `signer` that the store was opened with. The event
   * need not be durable; wait for that first where it matters. One that the store does not have, or has otherwise, is refused.
   */
  sign(receipt: AppendReceipt): SignedReceipt {
    this.#checkOpen();
    const { algorithm } = this.#hash;
    if (this.#signer === undefined || algorithm === "none") throw refused("signer", "was not given");
    checkFacts(receipt);
    if (!this.#holds(receipt)) throw refused("receipt", "is of no event of this store");
    return signReceipt(this.#logId, algorithm, receipt, this.#signer);
  }

  /**
   * Syncs, states in the log that all is durable, and gives the lock back. Idempotent. After `WAL_NO_SPACE` the store is still open:
   * what waits in memory can be written once there is room.
   */
  async close(): Promise<void> {
    if (!this.#isClosed && this.#log.failure === undefined && this.#accelerator.isDue) await this.#accelerator.finish();
    try {
      await this.#log.close();
    } catch (error) {
      if (!(error instanceof WalError && error.code === "WAL_NO_SPACE")) this.#release();
      throw error;
    }
    this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected visible(): number {
    this.#checkOpen();
    const log = this.#log;
    if (log.writtenLsn === log.lastLsn || log.failure !== undefined) return log.writtenLsn;
    try {
      log.write();
    } catch {
      // A full disk, or a failure that poisons: what is visible already stays so, and the next append says what is wrong.
    }
    return log.writtenLsn;
  }

  protected async awaitSequence(sequence: number, { until, signal }: BeyondOptions): Promise<void> {
    const log = this.#log;
    const options = signal === undefined ? {} : { signal };
    try {
      // An idle tail would stay without a barrier for ever, if nobody asked for one.
      if (until === "durable" && log.lastLsn >= sequence) await log.sync("data", options);
      else await log.whenWritten(sequence, options);
    } catch (error) {
      const told = ofStore(error);
      if (told === error) this.#checkFailure();
      throw told;
    }
  }

  protected segments(): readonly LogSegment[] {
    return this.#log.segments();
  }

  /** @internal What makes ids of keys here. */
  get contentHash(): ContentHash {
    return this.#hash;
  }

  /** @internal Whether an event with this id, 16 bytes, is there. */
  holdsId(id: Uint8Array): boolean {
    return this.#lookup.findId(id, this.lastSequence) > 0;
  }

  /**
   * @internal Writes events that were staged elsewhere, all of them or none, to the log's buffer. Where the first id is there, they have to be
   * what was written then, and their receipts are the first ones.
   */
  writeStaged(staged: readonly StagedEvent[]): CommitReceipt {
    const known = findReplay(staged, noId, this.#lookup, this.#hasher);
    if (known !== undefined) return { kind: "replayed", receipts: receiptsOf("replayed", staged, known) };
    return this.#write(staged, { rung: "memory" }) as CommitReceipt; // nothing was expected
  }

  #sync(rung: SyncRung, options: WaitOptions): Promise<number> {
    return this.#log.sync(rung, options).catch((error: unknown) => {
      throw ofStore(error);
    });
  }

  #write(staged: readonly StagedEvent[], { key, rung = "os" }: CommitOptions): CommitReceipt | AppendConflict {
    if (rung !== "os" && rung !== "memory") throw refused("rung", `must be "os" or "memory", not ${String(rung)}`);
    this.#checkOpen();
    const timeUs = Math.floor(this.#clock() * 1000);
    this.#checkFailure();
    if (key !== undefined) {
      const behind = keyedEventId(this.#hash, key, staged.length);
      const known = findReplay(staged, behind, this.#lookup, this.#hasher);
      if (known !== undefined) return { kind: "replayed", receipts: receiptsOf("replayed", staged, known) };
    }
    const written = this.#writer.write(staged, timeUs, rung === "os");
    this.#accelerator.noteSealed(this.#collector.sealed);
    if (!("kind" in written)) return { kind: "appended", receipts: receiptsOf("appended", staged, written) };
    const { entity, lane } = staged[written.index] as StagedEvent; // one of them
    return { ...written, entity: new TextDecoder().decode(entity), lane };
  }

  /** Whether a receipt says of an event what is stored of it. */
  #holds({ sequence, revision, id, hash }: AppendReceipt): boolean {
    const stored = this.hashAt(sequence);
    if (stored === undefined || Buffer.compare(stored, hash) !== 0) return false;
    const record = this.#lookup.view(sequence);
    return record.revision === revision && formatEventId(record.viewId()) === id;
  }

  #release(): void {
    this.#isClosed = true;
    this.#places.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }

  #checkFailure(): void {
    const cause = this.#log.failure;
    if (cause === undefined) return;
    const message = "the store has failed before and takes nothing more; close it and open it again";
    throw new StoreError("STORE_POISONED", message, {}, { cause });
  }
}

function closed(): StoreError {
  return new StoreError("STORE_CLOSED", "the store is closed");
}

function checkWaiting(options: WaitOptions): void {
  checkOptions(options, ["signal"], "waiting");
  checkSignal(options.signal);
}

function checkedTime(timeMs: number): number {
  if (timeMs >= 0 && timeMs < MAX_TIME_MS) return timeMs;
  throw refused("clock", `must give milliseconds since 1970, not ${String(timeMs)}`);
}

/** Microseconds are whole numbers up to 2^53-1, and ids have 48 bits for milliseconds. */
const MAX_TIME_MS: number = 2 ** 43;
