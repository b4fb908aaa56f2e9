import type { WriteRung } from "./engine-contract.js";
import { WriteBatch } from "./write-batch.js";

/** Who waits for one rung: a single promise for all of them, since they all wait for the same. */
interface Waiters {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The writes of one turn, which become one record of the log: all of them are there after a crash, or none. Each caller gets the promise of its
 * rung.
 */
export class WriteGroup {
  readonly batch: WriteBatch;
  /** Whether somebody needs the record to outlive the process. */
  isWritten = false;
  /** The barrier that somebody waits for. */
  barrier: "data" | "full" | undefined;
  #logged: Waiters | undefined;
  #data: Waiters | undefined;
  #full: Waiters | undefined;

  constructor(batch: WriteBatch) {
    this.batch = batch;
  }

  /** The promise for whoever waits for this rung. */
  join(rung: WriteRung): Promise<void> {
    if (rung === "memory") return (this.#logged ??= waiters()).promise;
    this.isWritten = true;
    if (rung === "os") return (this.#logged ??= waiters()).promise;
    if (this.barrier !== "full") this.barrier = rung;
    if (rung === "data") return (this.#data ??= waiters()).promise;
    return (this.#full ??= waiters()).promise;
  }

  /** The record is in the log, and readers see it. */
  logged(): void {
    this.#logged?.resolve();
  }

  /** A barrier of the rung {@link barrier} covers the record. */
  durable(): void {
    this.#data?.resolve();
    this.#full?.resolve();
  }

  /** Nothing was written, and nothing will be. */
  refuse(error: unknown): void {
    this.#logged?.reject(error);
    this.inDoubt(error);
  }

  /** The barrier failed. */
  inDoubt(error: unknown): void {
    this.#data?.reject(error);
    this.#full?.reject(error);
  }
}

function waiters(): Waiters {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** A batch larger than this is given up after its group, so that one large value does not stay in memory. */
const KEPT_BATCH_BYTES = 0x10_0000;

/** Buffers of groups that are over, for those that come. */
export class BatchPool {
  #free: WriteBatch | undefined;

  take(): WriteBatch {
    const batch = this.#free ?? new WriteBatch({ maxRecordBytes: MAX_RECORD_BYTES });
    this.#free = undefined;
    return batch;
  }

  giveBack(batch: WriteBatch): void {
    if (batch.recordBytes > KEPT_BATCH_BYTES) return;
    batch.reset();
    this.#free = batch;
  }
}

/** The longest record of the log, in bytes: 64 MiB and what a key and the spelling of one value need besides. */
export const MAX_RECORD_BYTES: number = 0x400_0000 + 0x1_0100;
