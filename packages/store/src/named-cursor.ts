import type { Directory } from "@holdfast/fs-seam";
import { cleanUpAfter, isFsError } from "@holdfast/fs-seam";
import { checkCursorName, CursorFile } from "./cursor-file.js";
import { resolveStart, type CursorStart } from "./cursor-start.js";
import { deliveryKeys, resolveDelivery, type DeliveryOptions, type ResolvedDelivery } from "./delivery-options.js";
import type { EventDefinition } from "./event-definition.js";
import { deliver, isReader, type RegionEvent } from "./event-feed.js";
import { tokenBehind, type EventBatch } from "./event-follower.js";
import type { ReadableStore } from "./readable-store.js";
import type { Region } from "./region.js";
import { StoreError } from "./store-error.js";
import { checkDirectory, checkOptions, checkRegion, checkSource, refused } from "./option-checks.js";

/**
 * A consumer that is known by its name: what it has acknowledged it is never given again, and what it has not, it is given at least once,
 * however often it and its machine are stopped in between. What a crash leaves is said in `cursor-file.ts`.
 *
 * Invariants: `saved <= acknowledged <= given out`, all of them sequences of this history; `saved` is durable together with the event it
 * names. An acknowledgement moves the position only behind all batches that were given out before it.
 */

export interface NamedCursorOptions extends DeliveryOptions {
  /** 1 to 100 of a-z, 0-9, dot, hyphen, underscore. One cursor for one name: whoever else opens it gets `FS_LOCKED`. */
  readonly name: string;
  /** Where a cursor begins that was never open before. Default `start`. */
  readonly from?: CursorStart;
  /** Where it begins whatever its file says: the way on when that is damaged, or of another history. Default: where it was. */
  readonly reset?: CursorStart;
  /** Keeps the position, as `cursors/<name>/position`. Default: that of the store. */
  readonly directory?: Directory;
}

/** What an acknowledgement survives. */
export interface AckOptions {
  /** `data`: survives a power loss. `memory`: is saved with the next one of `data`, or by `close`. Default `data`. */
  readonly rung?: "memory" | "data";
}

/** What became of an acknowledgement. */
export type AckOutcome =
  /** Everything up to this sequence is acknowledged. */
  | { readonly kind: "acknowledged"; readonly sequence: number }
  /** A batch that was given out before is not acknowledged yet: this one is, as soon as that is. */
  | { readonly kind: "held" }
  /** The batch was given out by a loop that another one has followed: its events are given out again, unless they were acknowledged. */
  | { readonly kind: "outdated" };

/** A batch of a named cursor. */
export interface CursorBatch<Event> extends EventBatch<Event> {
  /**
   * Says that these events need not be given out again. Resolves when that is as safe as `rung` says; doing it twice does no harm.
   *
   * @throws `STORE_CLOSED` behind `close`; `STORE_POISONED` when a barrier has failed, before or by this: close the cursor and open it
   * again. `FsError` `FS_NO_SPACE`: the position is the old one, and trying again is right.
   */
  ack(options?: AckOptions): Promise<AckOutcome>;
}

/** What opening a cursor found. */
export interface CursorOpenReport {
  /** `created`: there was none of this name. `resumed`: it goes on where it was. `reset`: it begins where `reset` says. */
  readonly kind: "created" | "resumed" | "reset";
  /** The last event that counts as acknowledged; 0 for none. */
  readonly sequence: number;
}

const cursorKeys = [...deliveryKeys, "name", "reset", "directory"];

/**
 * Opens a named cursor, creating it where there is none. Its position is durable before this resolves.
 *
 * @throws `STORE_INVALID_OPTION`, `STORE_INVALID_NAME`, `STORE_CLOSED`; `FsError` `FS_LOCKED` while somebody has it open; `STORE_CURSOR_CORRUPT` when its file is damaged, and
 * `STORE_CURSOR_MISMATCH` when that is of another store, region or name, or of an event that this history does not have: nothing is
 * skipped and nothing given out again before `reset` says where to begin.
 */
export async function openNamedCursor<One extends Region, Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  of: One,
  options: NamedCursorOptions,
): Promise<NamedCursor<One, Definition>> {
  checkOptions(options, cursorKeys, "a cursor");
  checkSource(source);
  checkRegion(of);
  const { name, from = "start", reset, directory = source.directory } = options;
  checkDirectory("directory", directory);
  checkCursorName(name);
  const delivery = resolveDelivery(options, "durable");
  const { until } = delivery;
  const isReset = reset !== undefined;
  const [field, start] = isReset ? ["reset", reset] : ["from", from];
  const sequence = resolveStart(source, of, { field, start, until });
  const file = await CursorFile.open(directory, name, source, of.identity);
  try {
    const position = isReset ? undefined : file.read(source);
    if (position !== undefined) {
      return new NamedCursor(source, of, file, delivery, { kind: "resumed", sequence: position.sequence });
    }
    const kind = isReset ? "reset" : "created";
    const cursor = new NamedCursor(source, of, file, delivery, { kind, sequence });
    await savePosition(source, file, sequence, delivery.signal);
    return cursor;
  } catch (error) {
    cleanUpAfter(error, () => file.release());
    throw error;
  }
}

/** A named cursor that is open. A loop over it begins behind what is acknowledged. */
export class NamedCursor<
  One extends Region = Region,
  Definition extends EventDefinition = EventDefinition,
> implements AsyncIterable<CursorBatch<RegionEvent<One, Definition>>> {
  /** What opening it found. */
  readonly openReport: CursorOpenReport;
  readonly #source: ReadableStore<Definition>;
  readonly #region: One;
  readonly #file: CursorFile;
  readonly #delivery: ResolvedDelivery;
  /** Ends the loop that gives out batches. */
  #loop: AbortController | undefined = undefined;
  /** Batches that the loop has given out and nobody has acknowledged together with all before them, oldest first. */
  #given: GivenBatch[] = [];
  #acknowledged: number;
  #saved: number;
  #saving: Promise<void> | undefined = undefined;
  /** Ends the wait for an event to become durable. */
  readonly #closing = new AbortController();
  #failure: { readonly error: unknown } | undefined = undefined;
  #isClosed = false;
  #closed: Promise<void> | undefined = undefined;

  /** @internal Use {@link openNamedCursor}. */
  constructor(
    source: ReadableStore<Definition>,
    of: One,
    file: CursorFile,
    delivery: ResolvedDelivery,
    report: CursorOpenReport,
  ) {
    this.#source = source;
    this.#region = of;
    this.#file = file;
    this.#delivery = delivery;
    this.openReport = report;
    this.#acknowledged = report.sequence;
    this.#saved = report.sequence;
  }

  /** The last event that is acknowledged, together with all before it; 0 for none. */
  get position(): number {
    return this.#acknowledged;
  }

  /** The same, as a power loss would leave it at least. */
  get savedPosition(): number {
    return this.#saved;
  }

  /** Another loop ends the one before: what that has not acknowledged is given out again. */
  [Symbol.asyncIterator](): AsyncGenerator<CursorBatch<RegionEvent<One, Definition>>, void, undefined> {
    this.#check();
    this.#loop?.abort();
    const loop = new AbortController();
    this.#loop = loop;
    this.#given = [];
    return this.#batches(loop);
  }

  /**
   * Saves what is acknowledged, and gives the cursor to whoever opens it next. Idempotent. The cursor is closed even when saving fails:
   * then some of it is given out again. Where the lock could not be given back, closing again is right.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    return (this.#closed ??= this.#close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *#batches(loop: AbortController): AsyncGenerator<CursorBatch<RegionEvent<One, Definition>>, void, undefined> {
    const { signal } = this.#delivery;
    const stop = (): void => loop.abort();
    if (signal?.aborted === true) stop();
    signal?.addEventListener("abort", stop);
    try {
      const delivery = { ...this.#delivery, signal: loop.signal };
      for await (const events of deliver(this.#source, this.#region, this.#acknowledged, delivery)) {
        const { sequence } = events.at(-1) as (typeof events)[number]; // one at least
        const given = { sequence, isAcknowledged: false };
        this.#given.push(given);
        yield {
          events,
          token: () => tokenBehind(this.#source, this.#region, sequence),
          ack: (options) => this.#ack(loop, given, options),
        };
      }
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  async #ack(loop: AbortController, given: GivenBatch, options: AckOptions = {}): Promise<AckOutcome> {
    checkOptions(options, ["rung"], "an acknowledgement");
    const { rung = "data" } = options;
    if (rung !== "memory" && rung !== "data") throw refused("rung", `must be "memory" or "data", not ${String(rung)}`);
    this.#check();
    const { sequence } = given;
    if (loop !== this.#loop) return { kind: "outdated" };
    given.isAcknowledged = true;
    for (let first = this.#given[0]; first?.isAcknowledged === true; first = this.#given[0]) {
      this.#acknowledged = first.sequence;
      this.#given.shift();
    }
    if (sequence > this.#acknowledged) return { kind: "held" };
    if (rung === "data") await this.#save(sequence);
    return { kind: "acknowledged", sequence: this.#acknowledged };
  }

  /** Whoever acknowledges while the file is replaced shares the next replacement. */
  async #save(sequence: number): Promise<void> {
    while (this.#saved < sequence) {
      this.#checkFailure();
      this.#saving ??= this.#replace().finally(() => (this.#saving = undefined));
      await this.#saving;
    }
  }

  async #replace(): Promise<void> {
    await Promise.resolve(); // whoever acknowledges in the same turn is part of it
    const sequence = this.#acknowledged;
    try {
      await savePosition(this.#source, this.#file, sequence, this.#closing.signal);
    } catch (error) {
      if (this.#closing.signal.aborted) throw closed();
      if (isHarmless(error)) throw error;
      this.#failure ??= { error };
      this.#checkFailure();
    }
    this.#saved = sequence;
  }

  async #close(): Promise<void> {
    this.#loop?.abort();
    try {
      const isForeign = isReader(this.#source);
      if (isForeign) this.#closing.abort(); // what is not stated as durable by now may never be
      await this.#saving?.catch(() => {}); // whoever acknowledged is told
      if (this.#failure !== undefined) return;
      const { durable } = this.#source.watermarks;
      const sequence = isForeign ? Math.min(this.#acknowledged, durable) : this.#acknowledged;
      if (sequence <= this.#saved) return;
      await savePosition(this.#source, this.#file, sequence, undefined);
      this.#saved = sequence;
    } finally {
      this.#release();
    }
  }

  #release(): void {
    try {
      this.#file.release();
    } catch (error) {
      this.#closed = undefined;
      throw error;
    }
  }

  #check(): void {
    if (this.#isClosed) throw closed();
    this.#checkFailure();
  }

  #checkFailure(): void {
    if (this.#failure === undefined) return;
    const message = "a position could not be saved; close the cursor and open it again";
    throw new StoreError("STORE_POISONED", message, {}, { cause: this.#failure.error });
  }
}

function closed(): StoreError {
  return new StoreError("STORE_CLOSED", "the cursor is closed");
}

interface GivenBatch {
  /** Of its last event. */
  readonly sequence: number;
  isAcknowledged: boolean;
}

/** The event first, then the position: one that named an event that a power loss takes back would skip what follows in its place. */
async function savePosition<Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  file: CursorFile,
  sequence: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (sequence > source.watermarks.durable) {
    await source.whenBeyond(sequence - 1, { until: "durable", ...(signal && { signal }) });
  }
  await file.save(source.anchor(sequence));
}

/** Whether the file is as it was, and trying again is right: a full disk before the new file was in place, or a store that is closed. */
function isHarmless(error: unknown): boolean {
  if (error instanceof StoreError) return true;
  return isFsError(error, "FS_NO_SPACE", "FS_QUOTA_EXCEEDED") && !error.visible && error.operation !== "sync";
}
