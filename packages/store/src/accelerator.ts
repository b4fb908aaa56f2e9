import { atomicReplace, removeDurably, type Directory } from "@holdfast/fs-seam";
import type { LogSegment } from "@holdfast/wal/places";
import { encodeAccelerator } from "./accelerator-encoder.js";
import { ACCELERATOR_FILE, isLittleEndian } from "./accelerator-layout.js";
import type { EventIndex } from "./event-index.js";

/**
 * Writes the accelerator of a store, in the background while it is used and before it closes. It is derived data: a failure leaves the file as
 * it was, and costs the next open some time.
 *
 * What a crash leaves, each of which opens to the same events:
 *
 * 1. While it is written and synced: the accelerator before it, or none, and a temporary file that the next open for writing removes.
 * 2. Between the rename and the barrier of names: the one before it, or it.
 * 3. At any time: an accelerator of segments whose end the crash has taken, since it is written without waiting for theirs to be durable. The
 *    log then has another last event there, or has written the segment again under another name, and from there on it does not count.
 */

export interface AcceleratorWriting {
  readonly directory: Directory;
  readonly index: EventIndex;
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly segments: () => readonly LogSegment[];
  readonly turn: () => Promise<void>;
  /** Events that have to be in sealed segments behind the last accelerator before another one is written. */
  readonly leastEvents: number;
  /** How many events the one that is there has been found to hold. */
  readonly coveredEvents: number;
}

export class Accelerator {
  /** How many were written. */
  written = 0;
  /** Why the last one was not; undefined while all is well. */
  problem: unknown = undefined;
  readonly #options: AcceleratorWriting;
  #coveredEvents: number;
  #sealed = 0;
  #holds = 0;
  #work: Promise<void> | undefined = undefined;

  constructor(options: AcceleratorWriting) {
    this.#options = options;
    this.#coveredEvents = options.coveredEvents;
  }

  /**
   * So many segments were sealed since the store was opened: begins to write when enough has come since the last time, half as much as was
   * there, so that all that is ever written is thrice the last one.
   */
  noteSealed(count: number): void {
    if (count === this.#sealed) return;
    this.#sealed = count;
    if (this.#work === undefined && this.#isDue(1 / 2)) this.#begin();
  }

  /** Whether {@link finish} has anything to do. */
  get isDue(): boolean {
    return this.#work !== undefined || this.#isDue(1 / 8);
  }

  /** Resolves when all is written that makes the next open fast; never rejects. */
  async finish(): Promise<void> {
    await this.#work;
    if (this.#isDue(1 / 8)) this.#begin();
    await this.#work;
  }

  /**
   * Removes the file durably, before segments are written again that it tells of, and writes none until the function that it resolves with
   * is called: one that was half of before and half of after would tell of neither.
   */
  async drop(): Promise<() => void> {
    this.#holds += 1;
    await this.#work;
    const { directory } = this.#options;
    this.#coveredEvents = 0;
    if (directory.exists(ACCELERATOR_FILE)) await removeDurably(directory, ACCELERATOR_FILE);
    return () => {
      this.#holds -= 1;
    };
  }

  #isDue(share: number): boolean {
    if (!isLittleEndian || this.#holds > 0) return false;
    const behind = (this.#sealedSegments().at(-1)?.lastLsn ?? 0) - this.#coveredEvents;
    return behind >= Math.max(1, this.#options.leastEvents, this.#coveredEvents * share);
  }

  #sealedSegments(): LogSegment[] {
    return this.#options.segments().filter(({ isSealed }) => isSealed);
  }

  #begin(): void {
    this.#work = this.#write()
      .catch((error: unknown) => {
        this.problem = error;
      })
      .finally(() => {
        this.#work = undefined;
      });
  }

  async #write(): Promise<void> {
    const { directory, index, logId, turn } = this.#options;
    await turn();
    const segments = this.#sealedSegments();
    const { lastLsn } = segments.at(-1) as LogSegment; // it was due, and no segment goes away
    const pieces = inTurns(encodeAccelerator(index, logId, segments), turn);
    // Nothing is tried again before as much has come as for a success: a disk that is full stays so for a while.
    this.#coveredEvents = lastLsn;
    await atomicReplace(directory, ACCELERATOR_FILE, pieces, { rung: "data" });
    this.written += 1;
    this.problem = undefined;
  }
}

async function* inTurns(
  pieces: Iterable<Uint8Array>,
  turn: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    yield piece;
    await turn();
  }
}
