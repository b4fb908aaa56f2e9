import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import { expect } from "vitest";
import { openWal, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, demandLaw, recoverAndAppend, small, type Recovered } from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const before = ["1", "2", "3", "4"].map(record);

/** One short program, and what it may leave. */
export interface LogWindow {
  /** What the log holds before, and leaves behind closed. Default {@link before}. */
  readonly before?: readonly string[];
  /** Does something else than close the log it has filled. */
  readonly leave?: (log: Wal, directory: Directory) => void | Promise<void>;
  readonly options?: Partial<WalOptions>;
  /** What it appends. */
  readonly history?: readonly string[];
  readonly maxFirstLsn?: number;
  /** `ack` takes the LSN up to which everything is promised. */
  readonly work: (log: Wal, ack: (lsn: number) => void, directory: Directory) => Promise<void>;
  /** Leaves so much pending that only cuts, and single effects lost or kept, are made by default. */
  readonly isWide?: boolean;
  /** Demands more than the law. */
  readonly check?: (records: readonly string[]) => void;
}

/** Opens and appends `history`, record by record. */
function appendAll(log: Wal, history: readonly string[]): void {
  for (const each of history) log.append(bytesOf(each));
}

const five = ["a", "b", "c", "d", "e"].map(record);

/** Every crash window of the log. What was there before a program counts as durable, so that few effects are pending. */
export const logWindows: Readonly<Record<string, LogWindow>> = {
  "the first open": { before: [], work: () => Promise.resolve() },
  append: {
    history: five.slice(0, 3),
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      ack(await log.sync());
      log.append(bytesOf(five[1] as string));
      log.append(bytesOf(five[2] as string));
      log.write();
    },
  },
  "append with blocking barriers": {
    history: five.slice(0, 2),
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      ack(log.syncBlocking());
      log.append(bytesOf(five[1] as string));
      ack(log.syncBlocking("full"));
    },
  },
  "append into preallocated space": {
    options: { preallocateBytes: 4096, segmentBytes: 512 },
    history: five.slice(0, 3),
    work: async (log, ack) => {
      ack(await log.appendDurable(bytesOf(five[0] as string)));
      ack(await log.appendDurable(bytesOf(five[1] as string)));
      ack(await log.appendDurable(bytesOf(five[2] as string)));
    },
  },
  batch: {
    options: { segmentBytes: 4096 },
    history: five,
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      log.appendBatch(five.slice(1).map(bytesOf));
      log.write();
      ack(await log.sync());
    },
    check: (records) => {
      const own = records.filter((text) => /:[a-e]\./.test(text)).length;
      if (own > 1 && own < 5) throw new Error(`${own} of 5 records: a part of a batch`);
    },
  },
  "rotation, the next segment not prepared": {
    isWide: true,
    history: five.slice(0, 4),
    work: async (log, ack) => {
      appendAll(log, five.slice(0, 3));
      ack(await log.sync());
      appendAll(log, five.slice(3, 4));
      log.write();
    },
  },
  "rotation during a barrier": {
    isWide: true,
    history: five.slice(0, 4),
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      const syncing = log.sync();
      await Promise.resolve();
      await Promise.resolve();
      appendAll(log, five.slice(1, 4));
      ack(await syncing);
      ack(await log.sync());
    },
  },
  "rotation, the next segment prepared": {
    isWide: true,
    options: { prepareSegments: true, preallocateBytes: 64, turn: () => Promise.resolve() },
    history: five.slice(0, 4),
    work: async (log, ack) => {
      for (const each of five.slice(0, 4)) ack(await log.appendDurable(bytesOf(each)));
    },
  },
  prune: {
    maxFirstLsn: 5,
    history: five.slice(0, 2),
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      await log.prune(4);
      log.append(bytesOf(five[1] as string));
      ack(await log.sync());
    },
  },
  "prune up to a segment that was never synced": {
    isWide: true,
    maxFirstLsn: 6,
    history: five.slice(0, 3),
    work: async (log, ack) => {
      appendAll(log, five.slice(0, 3));
      await log.prune(5);
      ack(7);
    },
  },
  checkpoint: {
    history: five.slice(0, 1),
    work: async (log, ack, directory) => {
      log.append(bytesOf(five[0] as string));
      await log.checkpoint(bytesOf("five"));
      ack(5);
      expect(directory.exists(`${"5".padStart(20, "0")}.ckpt`)).toBe(true);
    },
  },
  publish: {
    maxFirstLsn: 5,
    history: five.slice(0, 2),
    leave: async (log) => {
      await log.checkpoint(bytesOf("two"), { lsn: 2 });
      await log.checkpoint(bytesOf("four"), { lsn: 4 });
      await log.close();
    },
    work: async (log, ack) => {
      log.append(bytesOf(five[0] as string));
      await log.publish(bytesOf("five"));
      ack(5);
      log.append(bytesOf(five[1] as string));
      log.write();
    },
  },
  close: {
    options: { preallocateBytes: 4096, segmentBytes: 512 },
    history: five.slice(0, 2),
    work: async (log, ack) => {
      appendAll(log, five.slice(0, 2));
      await log.close();
      ack(6);
    },
  },
  "recovery of a tail that was never synced": {
    isWide: true,
    leave: (log, directory) => {
      log.write();
      (directory.fs as CrashFs).processCrash();
    },
    work: async (_, ack) => ack(4),
  },
  "recovery of a torn tail": {
    isWide: true,
    leave: async (log, directory) => {
      await log.sync();
      (directory.fs as CrashFs).processCrash();
      const file = directory
        .list()
        .filter(({ name }) => name.endsWith(".seg"))
        .at(-1)?.name as string; // there is one
      const bytes = directory.readFile(file);
      directory.writeFile(file, Uint8Array.from([...bytes, ...bytesOf("torn")]));
    },
    work: async (_, ack) => ack(4),
  },
  "small segments become one": {
    options: { mergeBytes: 4096 },
    work: async (log, ack) => {
      ack(4);
      ack(await log.appendDurable(bytesOf(five[0] as string)));
    },
    history: five.slice(0, 1),
  },
};

/** The law at every crash point of a window. */
export function logMatrix(
  name: string,
  window: LogWindow,
  more: Partial<CrashMatrixOptions<Recovered>>,
): ReturnType<typeof crashMatrix> {
  const options = { ...small, ...window.options };
  const had = window.before ?? before;
  const history = [...had, ...(window.history ?? [])];
  return crashMatrix({
    name,
    setup: async (directory) => {
      if (had.length === 0) return;
      // Two runs, so that there are several segments however large they are.
      const one = await openWal({ directory, ...options, mergeBytes: 0 });
      appendAll(one, had.slice(0, 2));
      await one.close();
      const two = await openWal({ directory, ...options, mergeBytes: 0 });
      appendAll(two, had.slice(2));
      if (window.leave === undefined) await two.close();
      else await window.leave(two, directory);
    },
    workload: async (directory, run) => {
      if (had.length > 0 && window.leave === undefined) run.ack("before", had.length);
      const log = await openWal({ directory, ...options });
      await window.work(log, (lsn) => run.ack("lsn", lsn), directory);
    },
    recover: (directory) => recoverAndAppend(directory, options),
    check: (recovered, context) => {
      demandLaw(recovered, history, context, window.maxFirstLsn);
      window.check?.(recovered.records);
    },
    maxRecoveries: 1_000_000,
    ...more,
  });
}
