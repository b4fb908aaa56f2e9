import type { Directory } from "@holdfast/fs-seam";
import type { LogSegment } from "@holdfast/wal/places";
import type { EventDefinition } from "./event-definition.js";
import type { EventHasher } from "./event-hash.js";
import { parseEventId, type EventId } from "./event-id.js";
import { HASH_BYTES } from "./event-layout.js";
import type { EventLookup } from "./event-lookup.js";
import { EventScan } from "./event-scan.js";
import type { EventRegistry } from "./event-registry.js";
import { ofStore } from "./log-ending.js";
import { checkAnchor, decodePageToken, encodePageToken } from "./page-token.js";
import type { Region, RegionEvents } from "./region.js";
import { regionSequences } from "./region-selection.js";
import { lengthUpTo, streamSequences } from "./stream-selection.js";
import { resolveAddress } from "./event-staging.js";
import type { StreamAddress } from "./append-outcome.js";
import { checkCount, checkOptions, checkRegion, checkSignal, need, refused } from "./option-checks.js";
import {
  resolveReading,
  type EventPage,
  type EventsOptions,
  type PageOptions,
  type ReadingOptions,
  type StreamOptions,
} from "./reading-options.js";
import { decodeEvent, type StoredEvent } from "./stored-event.js";
import { refuseAborted, verifyEvents, type VerifyOptions, type VerifyReport } from "./verification.js";

/** Sequences up to which something holds, as a reader knows them; none ever goes back. */
export interface ReaderWatermarks {
  /** It is with the system, and readers see it. */
  readonly visible: number;
  /** A barrier that covers it has returned. */
  readonly durable: number;
}

/** A place in the history of one store. */
export interface StoreAnchor {
  /** Which store; see {@link ReadableStore.id}. */
  readonly id: string;
  /** 0 before the first event. */
  readonly sequence: number;
  /** Of the event with that sequence; zeros before the first one. 32 bytes. */
  readonly hash: Uint8Array;
}

/** What is waited for, and until when. */
export interface BeyondOptions {
  /** Default `visible`. */
  readonly until?: keyof ReaderWatermarks;
  /** Ends the waiting with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
}

const readingKeys = ["backward", "limit", "signal"];

const DEFAULT_PAGE_EVENTS = 100;

/** What a store is made of that can be read. */
export interface ReadingParts {
  readonly lookup: EventLookup;
  readonly registry: EventRegistry;
  readonly hasher: EventHasher;
  readonly directory: Directory;
  readonly maxRecordBytes: number;
  readonly turn: () => Promise<void>;
  /** 16 bytes. */
  readonly logId: Uint8Array;
}

/** Events that are read at once where the device may have to be waited for. */
const BATCH_EVENTS = 64;

/** Reading, for whoever writes a store and for whoever looks on. */
export abstract class ReadableStore<Definition extends EventDefinition> {
  readonly #parts: ReadingParts;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
  }

  /** Names the store among all stores: the id of its log, 32 digits in hex. */
  get id(): string {
    return Buffer.from(this.#parts.logId).toString("hex");
  }

  /** Where the store lives. */
  get directory(): Directory {
    return this.#parts.directory;
  }

  /** @internal One turn of the event loop, by the option `turn`. */
  takeTurn(): Promise<void> {
    return this.#parts.turn();
  }

  /** How far the store is. */
  abstract get watermarks(): ReaderWatermarks;

  /** Throws unless events can be read; returns the sequence of the last one that is visible. */
  protected abstract visible(): number;

  /** Resolves when the watermark may be at `sequence`, and at the latest when the signal is aborted. */
  protected abstract awaitSequence(sequence: number, options: BeyondOptions): Promise<unknown>;

  /** The segments that hold the events. */
  protected abstract segments(): readonly LogSegment[];

  /**
   * The event with this id, undefined when there is none.
   *
   * @throws `StoreError` `STORE_INVALID_ID`; `STORE_CORRUPT`, and `WalError` `WAL_CORRUPT`, where the event is damaged.
   */
  get(id: EventId): StoredEvent<Definition> | undefined {
    const sequence = this.#find(id);
    return sequence === 0 ? undefined : this.#view(sequence);
  }

  /** The same without holding the event loop while the event is read. */
  async getAsync(id: EventId): Promise<StoredEvent<Definition> | undefined> {
    const sequence = this.#find(id);
    return sequence === 0 ? undefined : this.#read(sequence);
  }

  /**
   * The event with this sequence, undefined when there is none.
   *
   * @throws as {@link get}; `STORE_INVALID_OPTION` for what is no whole number from 0 on.
   */
  at(sequence: number): StoredEvent<Definition> | undefined {
    return this.#isThere(sequence) ? this.#view(sequence) : undefined;
  }

  /**
   * The hash of the event with this sequence, computed from what is stored; undefined when there is none. A receipt is right when it
   * has the same, and with {@link verify} it seals everything up to there.
   *
   * @throws as {@link at}.
   */
  hashAt(sequence: number): Uint8Array | undefined {
    return this.#isThere(sequence) ? this.#parts.lookup.hashOf(sequence) : undefined;
  }

  /**
   * What binds something derived from the events up to `sequence`, the last one by default, to this history: another store has another
   * `id`, and a history that went on differently another `hash`.
   *
   * @throws `STORE_INVALID_OPTION` for a sequence that is not there.
   */
  anchor(sequence: number = this.visible()): StoreAnchor {
    const hash = sequence === 0 ? new Uint8Array(HASH_BYTES) : this.hashAt(sequence);
    if (hash === undefined) throw refused("sequence", `must be that of an event, not ${String(sequence)}`);
    return { id: this.id, sequence, hash };
  }

  /**
   * Resolves with how far the store is, once that is beyond `sequence`. Of a store that is open for writing, whoever waits for `durable`
   * asks for a barrier as soon as there is something to cover; an event of rung `memory` counts from its writing on. A reader looks
   * again every `pollIntervalMs`, and hears of what is durable when the log states it: with what is written behind the barrier, or
   * when it is closed.
   *
   * @throws `STORE_ABORTED`; `STORE_CLOSED` and `STORE_POISONED` when it ends first; what looking again throws.
   */
  async whenBeyond(sequence: number, options: BeyondOptions = {}): Promise<number> {
    checkOptions(options, ["until", "signal"], "waiting");
    const { until = "visible", signal } = options;
    checkCount("sequence", sequence);
    need(until === "visible" || until === "durable", "until", 'must be "visible" or "durable"');
    checkSignal(signal);
    for (;;) {
      this.#check(signal);
      const reached = this.watermarks[until];
      if (reached > sequence) return reached;
      await this.awaitSequence(sequence + 1, options);
    }
  }

  /** Revision of the last event of a stream, `empty` without one. */
  revisionOf(at: StreamAddress): number | "empty" {
    const { index } = this.#parts.lookup;
    const { entity, lane } = resolveAddress(at);
    const length = lengthUpTo(index, index.findStream(entity, lane), this.visible());
    return length === 0 ? "empty" : length - 1;
  }

  /**
   * The events of a stream that are there at the call, each read when it is asked for.
   *
   * @throws as {@link get}; `STORE_INVALID_OPTION`; `STORE_ABORTED`.
   */
  stream(at: StreamAddress, options: StreamOptions = {}): Generator<StoredEvent<Definition>, void, undefined> {
    return this.#each(this.#ofStream(at, options), options.signal);
  }

  /** The same by the batch, without holding the event loop while events are read. */
  streamBatches(
    at: StreamAddress,
    options: StreamOptions = {},
  ): AsyncGenerator<StoredEvent<Definition>[], void, undefined> {
    return this.#batches(this.#ofStream(at, options), options.signal);
  }

  /**
   * The events of a region that are there at the call, in the order of the store, each read when it is asked for.
   *
   * @throws as {@link stream}.
   */
  events<One extends Region>(
    of: One,
    options: EventsOptions = {},
  ): Generator<StoredEvent<RegionEvents<One, Definition>>, void, undefined> {
    const { sequences, last } = this.#ofEvents(of, options);
    return options.backward === true
      ? this.#each(sequences, options.signal)
      : this.#scanned(sequences, last, options.signal);
  }

  /** The same by the batch, without holding the event loop while events are read. */
  eventBatches<One extends Region>(
    of: One,
    options: EventsOptions = {},
  ): AsyncGenerator<StoredEvent<RegionEvents<One, Definition>>[], void, undefined> {
    return this.#batches(this.#ofEvents(of, options).sequences, options.signal);
  }

  /**
   * A page of the events of a region. Pages that follow one another by their tokens have every event once, whatever was appended
   * meanwhile.
   *
   * @throws as {@link get}; `STORE_INVALID_TOKEN` for a token of another store, region or direction, or of an event that this history
   * does not have.
   */
  page<One extends Region>(of: One, options: PageOptions = {}): EventPage<RegionEvents<One, Definition>> {
    const { sequences, ...rest } = this.#ofPage(of, options);
    return { events: sequences.map((sequence) => this.#view(sequence)), ...rest };
  }

  /** The same without holding the event loop while events are read. */
  async pageAsync<One extends Region>(
    of: One,
    options: PageOptions = {},
  ): Promise<EventPage<RegionEvents<One, Definition>>> {
    const { sequences, ...rest } = this.#ofPage(of, options);
    const reading = sequences.map((sequence) => this.#read<RegionEvents<One, Definition>>(sequence));
    return { events: await Promise.all(reading), ...rest };
  }

  /**
   * Reads every event there is and checks it against its checksums, its links and the index.
   *
   * @throws `STORE_INVALID_OPTION`, `STORE_ABORTED`; what is wrong with the events is reported, not thrown.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const { lookup, hasher, directory, maxRecordBytes, turn } = this.#parts;
    const last = this.visible();
    const segments = this.segments();
    return verifyEvents({ directory, segments, maxRecordBytes, index: lookup.index, hasher, last, turn }, options);
  }

  #ofStream(at: StreamAddress, options: StreamOptions): Iterator<number, void, undefined> {
    checkOptions(options, ["from", "backward", "limit", "signal"], "a stream");
    const { entity, lane } = resolveAddress(at);
    const { from, backward, limit } = { from: undefined, ...resolveReading(options), ...options };
    if (from !== undefined) checkCount("from", from);
    const { index } = this.#parts.lookup;
    return streamSequences(index, { entity, lane, from, backward, limit }, this.visible());
  }

  #ofEvents(
    of: Region,
    given: EventsOptions,
  ): { readonly sequences: Generator<number, void, undefined>; readonly last: number } {
    checkOptions(given, ["after", "upTo", ...readingKeys], "a region");
    const { after, upTo, ...options } = given;
    if (after !== undefined) checkCount("after", after);
    if (upTo !== undefined) checkCount("upTo", upTo);
    const last = Math.min(this.visible(), upTo ?? Number.POSITIVE_INFINITY);
    return { sequences: this.#ofRegion(of, options, after, last), last };
  }

  #ofRegion(
    of: Region,
    options: ReadingOptions,
    behind?: number,
    last: number = this.visible(),
  ): Generator<number, void, undefined> {
    checkRegion(of);
    const { backward, limit } = resolveReading(options);
    const { index } = this.#parts.lookup;
    const { filter } = of;
    return regionSequences(index, { filter, backward, limit, behind }, last);
  }

  #ofPage(
    of: Region,
    given: PageOptions,
  ): Omit<EventPage<Definition>, "events"> & { readonly sequences: readonly number[] } {
    checkRegion(of);
    checkOptions(given, ["after", "backward", "limit"], "a page");
    const { after, ...options } = given;
    const { limit = DEFAULT_PAGE_EVENTS, backward = false } = options;
    checkCount("limit", limit);
    need(limit > 0, "limit", "must be at least 1");
    const binding = { logId: this.#parts.logId, region: of, backward };
    const anchor = after === undefined ? undefined : decodePageToken(after, binding);
    if (anchor !== undefined) checkAnchor(anchor, this.hashAt(anchor.sequence));
    const wanted = { ...options, limit: limit + 1 };
    const found = [...this.#ofRegion(of, wanted, anchor?.sequence)];
    const sequences = found.slice(0, limit);
    const last = sequences.at(-1);
    const next = last === undefined ? after : encodePageToken(binding, last, this.#parts.lookup.hashOf(last));
    return { sequences, next, isLast: found.length <= limit };
  }

  #isThere(sequence: number): boolean {
    checkCount("sequence", sequence);
    return sequence <= this.visible() && sequence > 0;
  }

  #find(text: EventId): number {
    const id = parseEventId(text);
    return this.#parts.lookup.findId(id, this.visible());
  }

  #view<Wanted extends Definition>(sequence: number): StoredEvent<Wanted> {
    const { lookup, registry } = this.#parts;
    return this.#decoded(decodeEvent(lookup.view(sequence), sequence, registry));
  }

  async #read<Wanted extends Definition>(sequence: number): Promise<StoredEvent<Wanted>> {
    const { lookup, registry } = this.#parts;
    const record = await lookup.read(sequence).catch((error: unknown) => {
      throw ofStore(error); // closed while the device was waited for
    });
    return this.#decoded(decodeEvent(record, sequence, registry));
  }

  /** The registry has these definitions and no others, and a region has looked at the kinds of its events. */
  #decoded<Wanted extends Definition>(event: StoredEvent): StoredEvent<Wanted> {
    return event as StoredEvent<Wanted>;
  }

  *#each<Wanted extends Definition>(
    sequences: Iterator<number, void, undefined>,
    signal: AbortSignal | undefined,
  ): Generator<StoredEvent<Wanted>, void, undefined> {
    for (let next = sequences.next(); next.done !== true; next = sequences.next()) {
      this.#check(signal);
      yield this.#view(next.value);
    }
  }

  *#scanned<Wanted extends Definition>(
    sequences: Iterator<number, void, undefined>,
    last: number,
    signal: AbortSignal | undefined,
  ): Generator<StoredEvent<Wanted>, void, undefined> {
    const { lookup, registry, directory, maxRecordBytes } = this.#parts;
    const scan = new EventScan({ lookup, directory, maxRecordBytes, last, segments: () => this.segments() });
    try {
      for (let next = sequences.next(); next.done !== true; next = sequences.next()) {
        this.#check(signal);
        yield this.#decoded(decodeEvent(scan.view(next.value), next.value, registry));
      }
    } finally {
      scan.close();
    }
  }

  async *#batches<Wanted extends Definition>(
    sequences: Iterator<number, void, undefined>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<StoredEvent<Wanted>[], void, undefined> {
    for (;;) {
      this.#check(signal);
      const batch: Promise<StoredEvent<Wanted>>[] = [];
      for (let next = sequences.next(); next.done !== true; next = sequences.next()) {
        batch.push(this.#read(next.value));
        if (batch.length === BATCH_EVENTS) break;
      }
      if (batch.length === 0) return;
      const events = await Promise.all(batch);
      this.#check(signal);
      yield events;
    }
  }

  #check(signal: AbortSignal | undefined): void {
    this.visible();
    refuseAborted(signal);
  }
}
