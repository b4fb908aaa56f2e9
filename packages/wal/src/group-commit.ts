import type { Directory, SyncRung } from "@holdfast/fs-seam";
import type { LogWriter, OpenSegment } from "./log-writer.js";
import { isHarmless } from "./space-failure.js";
import { Watermark } from "./watermark.js";

/**
 * Many waiters, one barrier. One is in flight at most; whoever asks meanwhile waits for the next one, and all of them share it.
 *
 * A barrier: write the buffer, note the last LSN, sync every segment that has unsynced bytes from the oldest on, then the
 * names, and only then say that this LSN is durable. A failure anywhere but in the write of the buffer to a full disk is final:
 * `onFailure` hears of it, and nothing is ever synced again.
 *
 * What a crash leaves of a barrier:
 *
 * 1. Before it: any part of what was written since the last one, in any order, names included.
 * 2. Between two of its segments: the earlier one to its end, of the later one and of the names any part. The oldest comes first,
 *    so what survives is a prefix and a torn tail.
 * 3. Between the last segment and the names: a segment without a name is not there. Nothing states its records as durable yet.
 * 4. Behind the names, before anybody is told: all of it, more than anybody was promised. The next frame states it as durable.
 * 5. A cut of the zeros ahead of a sealed segment (`LogWriter.finish`) may survive or not.
 */

const BARRIER_BUCKETS = 20;

/** What barriers did since the open. */
export interface BarrierStats {
  /** Barriers that have returned. */
  barriers: number;
  /** Records that barriers made durable, and bytes of their frames. */
  records: number;
  /** Of their frames. */
  bytes: number;
  /** Durations of all of them, and the longest. */
  totalMs: number;
  /** The longest of them, in milliseconds. */
  maxMs: number;
  /** Durations by power of two: entry i counts those of at most 2^i times 16 microseconds, and the last one all that took longer. */
  readonly histogram: number[];
}

interface Round {
  rung: SyncRung;
  readonly promise: Promise<number>;
  readonly resolve: (lsn: number) => void;
  readonly reject: (error: unknown) => void;
}

interface Snapshot {
  readonly lsn: number;
  readonly parts: readonly { readonly open: OpenSegment; readonly bytes: number }[];
  readonly names: boolean;
}

export interface GroupCommitOptions {
  readonly directory: Directory;
  readonly now: () => number;
  readonly onFailure: (error: unknown) => void;
  /** Hears of a barrier that has returned, once what it covers counts as durable. */
  readonly onBarrier: (barrier: SettledBarrier) => void;
  /** Hears of a segment that nothing is added to any more and that is durable to its end. */
  readonly onSealed: (sealed: OpenSegment) => void;
}

/** A barrier that has returned. */
export interface SettledBarrier {
  readonly rung: SyncRung;
  readonly lsn: number;
  readonly records: number;
  readonly bytes: number;
  readonly tookMs: number;
}

export class GroupCommit {
  /** Highest LSN that a returned barrier covers, with bytes, length and name. */
  readonly durable: Watermark;
  readonly stats: BarrierStats = {
    barriers: 0,
    records: 0,
    bytes: 0,
    totalMs: 0,
    maxMs: 0,
    histogram: new Array<number>(BARRIER_BUCKETS).fill(0),
  };
  readonly #writer: LogWriter;
  readonly #options: GroupCommitOptions;
  /** What `full` covers: other metadata besides. */
  #fullLsn: number;
  #next: Round | undefined = undefined;
  #running: Promise<void> | undefined = undefined;
  #inFlight = false;

  constructor(writer: LogWriter, options: GroupCommitOptions) {
    this.#writer = writer;
    this.#options = options;
    this.durable = new Watermark(writer.lastLsn);
    this.#fullLsn = writer.lastLsn;
  }

  /** Whether a promise barrier is under way; a blocking one has to wait then. */
  get isBusy(): boolean {
    return this.#inFlight || this.#next !== undefined;
  }

  /** Resolves with an LSN at or above the last one appended before the call, once a barrier covers it. */
  sync(rung: SyncRung): Promise<number> {
    if (this.#isCovered(rung)) return Promise.resolve(this.durable.lsn);
    const round = (this.#next ??= newRound(rung));
    if (rung === "full") round.rung = "full";
    this.#running ??= this.#run();
    return round.promise;
  }

  /** The same, holding the event loop. Only when not {@link isBusy}. */
  syncBlocking(rung: SyncRung): number {
    if (this.#isCovered(rung)) return this.durable.lsn;
    const began = this.#options.now();
    const snapshot = this.#snapshot();
    try {
      for (const { open } of this.#unsynced(snapshot, rung)) open.handle.syncBlocking(rung);
      if (snapshot.names) this.#options.directory.syncNamesBlocking();
      this.#settle(snapshot, rung, began);
    } catch (error) {
      this.#options.onFailure(error);
      throw error;
    }
    return snapshot.lsn;
  }

  /** A barrier at once that holds the event loop, unless one is under way: that one closes the same segments. */
  relieve(): void {
    if (!this.#inFlight) this.syncBlocking("data");
  }

  /** Tells everyone who waits that nothing will be durable any more. */
  fail(error: unknown): void {
    this.durable.fail(error);
    this.#next?.reject(error);
    this.#next = undefined;
  }

  /** Resolves when no barrier is under way any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #isCovered(rung: SyncRung): boolean {
    const { lastLsn, open } = this.#writer;
    if (lastLsn !== (rung === "full" ? this.#fullLsn : this.durable.lsn)) return false;
    // A rotation whose record did not fit on the disk leaves a segment without one: its name and header count, too.
    return open.every(({ nameIsDurable, syncedBytes }) => nameIsDurable && syncedBytes > 0);
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // whoever asks in the same turn of the program shares the first barrier
    for (let round = this.#next; round !== undefined; round = this.#next) {
      this.#next = undefined;
      await this.#serve(round);
    }
    this.#running = undefined;
  }

  async #serve(round: Round): Promise<void> {
    const began = this.#options.now();
    let snapshot: Snapshot;
    try {
      snapshot = this.#snapshot();
    } catch (error) {
      round.reject(error);
      return;
    }
    this.#inFlight = true;
    try {
      for (const { open } of this.#unsynced(snapshot, round.rung)) await open.handle.sync(round.rung);
      if (snapshot.names) await this.#options.directory.syncNames();
      this.#inFlight = false;
      this.#settle(snapshot, round.rung, began);
      round.resolve(snapshot.lsn);
    } catch (error) {
      this.#inFlight = false;
      round.reject(error);
      this.#options.onFailure(error);
    }
  }

  /** Hands everything to the system and notes what a barrier has to cover. */
  #snapshot(): Snapshot {
    const writer = this.#writer;
    try {
      writer.write();
    } catch (error) {
      if (!isHarmless(error)) this.#options.onFailure(error);
      throw error;
    }
    return {
      lsn: writer.lastLsn,
      parts: writer.open.map((open) => ({ open, bytes: open.writtenBytes })),
      names: writer.open.some(({ nameIsDurable }) => !nameIsDurable),
    };
  }

  #unsynced({ parts }: Snapshot, rung: SyncRung): Snapshot["parts"] {
    return parts.filter(({ open, bytes }) => rung === "full" || open.syncedBytes < bytes);
  }

  /** The barrier has returned. */
  #settle({ lsn, parts, names }: Snapshot, rung: SyncRung, began: number): void {
    const sealed: OpenSegment[] = [];
    let newBytes = 0;
    for (const { open, bytes } of parts) {
      newBytes += Math.max(0, bytes - open.syncedBytes);
      open.syncedBytes = Math.max(open.syncedBytes, bytes);
      if (names) open.nameIsDurable = true;
      if (!open.sealed || open.syncedBytes !== open.writtenBytes) continue;
      this.#writer.finish(open);
      sealed.push(open);
    }
    const records = Math.max(0, lsn - this.durable.lsn);
    this.durable.advance(lsn);
    if (rung === "full") this.#fullLsn = Math.max(this.#fullLsn, lsn);
    this.#writer.stateDurable(this.durable.lsn);
    const tookMs = this.#options.now() - began;
    this.#count(records, newBytes, tookMs);
    for (const each of sealed) this.#options.onSealed(each);
    this.#options.onBarrier({ rung, lsn, records, bytes: newBytes, tookMs });
  }

  #count(records: number, bytes: number, tookMs: number): void {
    const { stats } = this;
    stats.barriers += 1;
    stats.records += records;
    stats.bytes += bytes;
    stats.totalMs += tookMs;
    stats.maxMs = Math.max(stats.maxMs, tookMs);
    const bucket = Math.ceil(Math.log2(Math.max(1, tookMs / 0.016)));
    const index = Math.min(BARRIER_BUCKETS - 1, bucket);
    stats.histogram[index] = (stats.histogram[index] ?? 0) + 1;
  }
}

function newRound(rung: SyncRung): Round {
  let resolve: (lsn: number) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<number>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { rung, promise, resolve, reject };
}
