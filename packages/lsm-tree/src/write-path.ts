import type { Wal } from "@holdfast/wal";
import type { WriteRung } from "./engine-contract.js";
import { applyBatch } from "./batch-application.js";
import type { WritePressure } from "./compaction/pressure.js";
import type { LiveTree } from "./live-tree.js";
import { ofLog, isOutOfSpace, poisonedBy } from "./log-failure.js";
import { LsmError } from "./lsm-error.js";
import { encodeClear, type WriteBatch } from "./write-batch.js";
import { BatchPool, MAX_RECORD_BYTES, WriteGroup } from "./write-group.js";

/**
 * How a write gets into the log and before readers. What a crash leaves:
 *
 * - Of a record that no barrier covers (C1): none of it, a torn end that the log cuts off, or all of it; and of several any number from the first on. So the
 *   state is that behind some whole record, and no acknowledged rung is broken.
 * - Of a record that a barrier covers (C2): all of it, and all before it.
 * - Of a clear: the same of its record, which stands for everything before it (C14).
 */

/** The directory of the log in that of the database. */
export const LOG_DIRECTORY = "wal";
/** Content of the segments of the log. */
export const LOG_CONTENT = 4;

/** A group that is kept waiting takes no more operations above this, so that records stay short. */
const GROUP_BYTES = 0x10_0000;
/** A batch of this size becomes a record of its own at once, and is spared a copy. */
const DIRECT_BYTES = 0x4_0000;

export interface WritePathHooks {
  /** What a write has to reckon with: asked before each record. Whoever makes writes wait calls {@link WritePath.resume}. */
  readonly pressure: () => WritePressure;
  /** Why the work does not go on that writes would wait for. */
  readonly failureOf: (kind: "flush" | "compaction") => unknown;
  readonly schedule: (action: () => void, delayMs: number) => () => void;
  /** One turn of the event loop; never rejects. */
  readonly turn: () => Promise<void>;
  /** The active memtable has taken as much as it should. */
  readonly onFull: () => void;
  /** Nothing may be written any more. */
  readonly onFailure: (error: unknown) => void;
}

/** So many bytes of records are written in one turn, some 2 ms of them. */
const TURN_BYTES = 0x4_0000;
/** What a record costs besides its bytes, in bytes. */
const RECORD_COST_BYTES = 512;

const settled = Promise.resolve();
const noPressure: WritePressure = { kind: "none" };

/** Gathers the writes of a turn into one record, and publishes it once the log has it. */
export class WritePath {
  readonly #tree: LiveTree;
  readonly #log: Wal;
  readonly #hooks: WritePathHooks;
  readonly #pool = new BatchPool();
  /** Those that wait, the oldest first; the last one takes more. */
  #groups: WriteGroup[] = [];
  #isDue = false;
  /** Bytes of records since the event loop had a turn, as far as is known. */
  #costSinceTurn = 0;
  readonly #closeGroups = (): void => {
    this.#isDue = false;
    this.#drain(false);
  };

  constructor(tree: LiveTree, log: Wal, hooks: WritePathHooks) {
    this.#tree = tree;
    this.#log = log;
    this.#hooks = hooks;
  }

  put(key: Uint8Array, value: Uint8Array, rung: WriteRung): Promise<void> {
    const group = this.#group(key.length + value.length);
    group.batch.put(key, value);
    return group.join(rung);
  }

  delete(key: Uint8Array, rung: WriteRung): Promise<void> {
    const group = this.#group(key.length);
    group.batch.delete(key);
    return group.join(rung);
  }

  /** @param batch - with an operation, and without range deletes. */
  write(batch: WriteBatch, rung: WriteRung): Promise<void> {
    if (batch.recordBytes > MAX_RECORD_BYTES) {
      throw new RangeError(`bytes of the batch must be at most ${MAX_RECORD_BYTES}, not ${batch.recordBytes}`);
    }
    if (batch.recordBytes >= DIRECT_BYTES) {
      this.#drain(false);
      const pressure = this.#groups.length === 0 ? this.#hooks.pressure() : undefined;
      if (pressure?.kind === "none" || pressure?.kind === "delay") {
        const group = new WriteGroup(batch);
        const promise = group.join(rung);
        this.#commit(group, pressure);
        return promise;
      }
    }
    const group = this.#group(batch.recordBytes);
    group.batch.append(batch);
    return group.join(rung);
  }

  /**
   * Ends everything before it, at once: every group that waits is written first.
   *
   * @returns LSN of the record that says so. Readers see nothing of before when `publish` has been called with it.
   * @throws {@link LsmError} `LSM_NO_SPACE`: nothing has changed.
   */
  logClear(): number {
    this.#drain(true);
    return this.#append(encodeClear(this.#tree.visibleSeqno + 1), true);
  }

  /** What was written so far is on this rung when the promise resolves: for a write that has nothing to write. Rejects as writes do. */
  settle(rung: WriteRung): Promise<void> {
    // What a refused argument leaves behind a full group has nothing that could be waited for.
    const last = this.#groups.findLast(({ batch }) => batch.operationCount > 0);
    return last === undefined ? this.#settle(rung) : last.join(rung);
  }

  async #settle(rung: WriteRung): Promise<void> {
    try {
      if (rung === "os") this.#log.write();
      else if (rung !== "memory") await this.#log.sync(rung);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Background work has gone on: writes that wait are written, unless they have to wait for more. */
  resume(): void {
    this.#drain(false);
  }

  /** Writes whatever waits, whoever is full: before a close or a flush that somebody asked for. */
  drain(): void {
    this.#drain(true);
  }

  /** Tells everyone who waits that nothing will be written. */
  refuse(error: unknown): void {
    for (const group of this.#groups.splice(0)) group.refuse(error);
  }

  get waitingGroups(): number {
    return this.#groups.length;
  }

  /** The group that takes the next operation of about so many bytes. */
  #group(bytes: number): WriteGroup {
    const last = this.#groups.at(-1);
    if (last !== undefined && (last.batch.operationCount === 0 || last.batch.recordBytes + bytes < GROUP_BYTES)) {
      return last;
    }
    if (last !== undefined) this.#drain(false); // a turn that writes much writes some of it now
    const group = new WriteGroup(this.#pool.take());
    this.#groups.push(group);
    if (!this.#isDue) {
      this.#isDue = true;
      void settled.then(this.#closeGroups);
    }
    return group;
  }

  #drain(isForced: boolean): void {
    while (this.#groups.length > 0) {
      const pressure = isForced ? noPressure : this.#hooks.pressure();
      if (pressure.kind === "wait") return;
      const [group] = this.#groups as [WriteGroup]; // there is one
      this.#groups.shift();
      if (pressure.kind === "refuse") this.#refuse(group, this.#hooks.failureOf(pressure.because));
      else if (group.batch.operationCount > 0) this.#commit(group, pressure); // what a refused argument leaves has none
      this.#pool.giveBack(group.batch);
    }
  }

  /** Behind a turn, so that whoever tries again at once leaves room for the work that has to succeed first. */
  #refuse(group: WriteGroup, error: unknown): void {
    void this.#hooks.turn().then(() => group.refuse(error));
  }

  /** One record, in the log and then before readers. Whatever fails is told to those who wait. */
  #commit(group: WriteGroup, pressure: WritePressure): void {
    const tree = this.#tree;
    const { batch } = group;
    const baseSeqno = tree.visibleSeqno + 1;
    const record = batch.finish(baseSeqno);
    let lsn: number;
    try {
      lsn = this.#append(record, group.isWritten);
    } catch (error) {
      group.refuse(error);
      return;
    }
    try {
      applyBatch(record, baseSeqno, batch.operationCount, tree.active, tree.hashKey);
    } catch (error) {
      // The log has it and memory has a part of it that nobody sees: only an open can go on.
      this.#hooks.onFailure(error);
      group.refuse(poisonedBy(error));
      return;
    }
    tree.publish(lsn, record.length, batch.operationCount);
    this.#answer(group, pressure);
    if (tree.isFull) this.#hooks.onFull();
  }

  /** A delay begins here: whoever waits for a barrier is answered behind both. */
  #answer(group: WriteGroup, pressure: WritePressure): void {
    const delayed = pressure.kind === "delay" ? this.#delay(pressure.delayMs) : undefined;
    if (delayed !== undefined) void delayed.then(() => group.logged());
    else if (this.#isTurnDue(group)) void this.#hooks.turn().then(() => group.logged());
    else group.logged();
    if (group.barrier === undefined) return;
    this.#log.sync(group.barrier).then(
      () => {
        if (delayed === undefined) group.durable();
        else void delayed.then(() => group.durable());
      },
      (error: unknown) => group.inDoubt(this.#failed(error)),
    );
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#hooks.schedule(resolve, ms));
  }

  /** Whoever awaits one write after the other would never let anybody else have a turn: one is taken after so much of it. */
  #isTurnDue({ batch }: WriteGroup): boolean {
    if (this.#costSinceTurn === 0) {
      void this.#hooks.turn().then(() => {
        this.#costSinceTurn = 0;
      });
    }
    this.#costSinceTurn += RECORD_COST_BYTES + batch.recordBytes;
    return this.#costSinceTurn > TURN_BYTES;
  }

  #append(record: Uint8Array, isWritten: boolean): number {
    try {
      return isWritten ? this.#log.appendWritten([record]) : this.#log.append(record);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #failed(error: unknown): unknown {
    const told = ofLog(error, LOG_DIRECTORY);
    if (isOutOfSpace(told)) return told;
    if (told instanceof LsmError && told.code === "LSM_CLOSED") return told;
    this.#hooks.onFailure(error);
    return poisonedBy(error);
  }
}
