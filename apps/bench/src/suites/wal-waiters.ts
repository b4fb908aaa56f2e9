import { fdatasync } from "node:fs";
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { atLeast, bound, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { loadPeer, peerKey, type OpenedPeer } from "./wal-peer.js";
import { barriersIn, BareFile, bufferBytes, inDirectory, newLog, newRecord, recordBytes } from "./wal-workloads.js";

/** Many who wait for a barrier at the same time, and what the event loop feels of it. */
export const waitersPart: Part = {
  name: "waiters",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = appenders * barriersIn(quick ? 10 : 50, path);
      return [
        ...(await againstBare(path, count, quick ? 2 : 9)),
        ...(await againstPeer(path, count / 5, quick ? 1 : 5)),
        await loopDelay(path, quick ? count : Math.max(count * 20, 200_000)),
      ];
    }),
};

const appenders = 100;

async function againstBare(path: string, count: number, rounds: number): Promise<Row[]> {
  const [ours, bare] = await interleaveAsync([logAppenders(path, count), bareAppenders(path, count)], { rounds });
  if (ours === undefined || bare === undefined) return [];
  const workload = "100 callers, each awaits its durable append of 128 B";
  return [compare({ id: "waiters/bare", workload }, ours, bare, { of: "speed", bar: atLeast(0.6) })];
}

async function againstPeer(path: string, count: number, rounds: number): Promise<Row[]> {
  const open = await loadPeer();
  if (open === undefined) return [];
  const contestants = [logAppenders(path, count), peerPutters(open, path, count)];
  const [ours, peer] = await interleaveAsync(contestants, { rounds, warmUps: 1 });
  if (ours === undefined || peer === undefined) return [];
  const workload = "the same against put with sync: true";
  return [compare({ id: "waiters/classic-level", workload }, ours, peer, { of: "speed", bar: atLeast(5) })];
}

/** Runs `count` calls from {@link appenders} loops; each makes its next call once the last one has settled. */
async function callers(count: number, call: () => Promise<unknown>): Promise<void> {
  let left = count;
  const loop = async (): Promise<void> => {
    for (; left > 0; await call()) left -= 1;
  };
  await Promise.all(Array.from({ length: appenders }, loop));
}

function logAppenders(path: string, operations: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "wal",
    operations,
    async prepare() {
      const { log, dispose } = await newLog(path);
      return { run: () => callers(operations, () => log.appendDurable(record)), dispose };
    },
  };
}

function bareAppenders(path: string, operations: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "bare group commit",
    operations,
    async prepare() {
      const file = new BareFile(path, operations * recordBytes);
      const group = new BareGroupCommit(file);
      return { run: () => callers(operations, () => group.append(record)), dispose: () => file.dispose() };
    },
  };
}

/** The least that shares barriers: no frames, no checksums, no errors, and a file that is never read. */
class BareGroupCommit {
  readonly #file: BareFile;
  readonly #buffer = new Uint8Array(bufferBytes);
  #filled = 0;
  #waiting: (() => void)[] = [];
  #busy = false;

  constructor(file: BareFile) {
    this.#file = file;
  }

  append(record: Uint8Array): Promise<void> {
    if (this.#filled + record.length > this.#buffer.length) this.#write();
    this.#buffer.set(record, this.#filled);
    this.#filled += record.length;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => this.#barrier());
    });
  }

  #write(): void {
    this.#file.write(this.#buffer, this.#filled);
    this.#filled = 0;
  }

  #barrier(): void {
    this.#write();
    const served = this.#waiting;
    this.#waiting = [];
    fdatasync(this.#file.fd, (error) => {
      if (error !== null) throw error;
      this.#busy = this.#waiting.length > 0;
      for (const resolve of served) resolve();
      if (this.#busy) this.#barrier();
    });
  }
}

function peerPutters(open: (path: string) => Promise<OpenedPeer>, path: string, operations: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "classic-level",
    operations,
    async prepare() {
      const { peer, dispose } = await open(path);
      let number = 0;
      return {
        run: () => callers(operations, () => peer.put(peerKey((number += 1)), record, { sync: true })),
        dispose,
      };
    },
  };
}

/** How late a timer of 1 ms is, that millisecond included, while the callers are at work: ours, and what the machine allows. */
async function loopDelay(path: string, count: number): Promise<Row> {
  const ours = await delayOf(logAppenders(path, count));
  const bare = await delayOf(bareAppenders(path, count));
  return {
    id: "waiters/event-loop",
    workload: "event loop, delay of a 1 ms timer while 100 callers append, 99th percentile",
    ours: { name: "wal", unit: "time", value: ours.percentile(99) },
    peer: { name: "bare group commit", unit: "time", value: bare.percentile(99) },
    ratio: { of: "time", value: ours.percentile(99) / bare.percentile(99) },
    bar: bound("most", 2e6),
    note: `the millisecond itself included; the longest was ${(ours.max / 1e6).toFixed(1)} ms, ${(bare.max / 1e6).toFixed(1)} ms for the peer. On a busy machine both wait for the processor. Ours waits besides where the file grows: zeros are written ahead, doubling up to 1 MiB.`,
  };
}

async function delayOf(contestant: AsyncContestant): Promise<IntervalHistogram> {
  const { run, dispose } = await contestant.prepare();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  try {
    await run();
  } finally {
    delay.disable();
    await dispose?.();
  }
  return delay;
}
