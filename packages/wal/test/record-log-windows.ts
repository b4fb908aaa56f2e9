import { crashMatrix, type CrashMatrixOptions, type WorkloadRun } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { expect } from "vitest";
import type { RecordLog } from "../src/record-log-entry.js";
import { bytesOf, demandLaw, type Recovered } from "./log-law.js";
import { name, open, plain, recoverAndAppend, type Settings } from "./record-log-law.js";

const record = (text: string): string => text.padEnd(40, ".");
const before = ["1", "2", "3"].map(record);
const three = ["a", "b", "c"].map(record);
const [a, b, c] = three as [string, string, string];
/** Its frame ends on another page than it begins on, and what follows lies on that one. */
const long = record("long").padEnd(5000, ".");

/** One short program, and what it may leave. */
export interface RecordLogWindow {
  /** What the log holds before. Default {@link before}. */
  readonly before?: readonly string[];
  readonly options?: Settings;
  /** What the program appends. */
  readonly history?: readonly string[];
  readonly work: (directory: Directory, ack: (lsn: number) => void, run: WorkloadRun) => Promise<void>;
  /** Demands more than the law. */
  readonly check?: (records: readonly string[]) => void;
}

function appendAll(log: RecordLog, records: readonly string[]): void {
  for (const each of records) log.append(bytesOf(each));
}

/** A program that ends without a word, while what it wrote stays readable. */
async function killed(directory: Directory, run: WorkloadRun, work: (log: RecordLog) => Promise<void>): Promise<void> {
  await work(await open(directory));
  run.fs.processCrash();
}

/** Every crash window of the record log. What was there before a program counts as durable, so that few effects are pending. */
export const recordLogWindows: Readonly<Record<string, RecordLogWindow>> = {
  "a log that was not there": {
    before: [],
    history: [a],
    work: async (directory, ack) => {
      const log = await open(directory);
      ack(await log.appendDurable(bytesOf(a)));
    },
  },
  "a log that was not there, its maker killed before the names barrier": {
    before: [],
    history: [a],
    work: async (directory, ack, run) => {
      const mortal = new Directory(new FaultFs(run.fs, "syncNames:* n1 EIO"));
      await expect(open(mortal)).rejects.toMatchObject({ code: "FS_IO" });
      run.fs.processCrash();
      const log = await open(directory);
      ack(await log.appendDurable(bytesOf(a)));
    },
  },
  append: {
    history: three,
    work: async (directory, ack) => {
      const log = await open(directory);
      log.append(bytesOf(a));
      ack(await log.sync());
      appendAll(log, [b, c]);
      log.write();
    },
  },
  "append with blocking barriers": {
    history: [a, b],
    work: async (directory, ack) => {
      const log = await open(directory);
      log.append(bytesOf(a));
      ack(log.syncBlocking());
      log.append(bytesOf(b));
      ack(log.syncBlocking("full"));
    },
  },
  "append into preallocated space": {
    options: { preallocateBytes: 4096 },
    history: three,
    work: async (directory, ack) => {
      const log = await open(directory, { preallocateBytes: 4096 });
      for (const each of three) ack(await log.appendDurable(bytesOf(each)));
    },
  },
  batch: {
    history: three,
    work: async (directory, ack) => {
      const log = await open(directory);
      log.appendBatch(three.map(bytesOf));
      log.write();
      ack(await log.sync());
    },
    check: (records) => {
      const own = records.filter((text) => /:[a-c]\./.test(text)).length;
      if (own !== 0 && own !== 3) throw new Error(`${own} of 3 records: a part of a batch`);
    },
  },
  "close, and the next open": {
    history: [a, b],
    work: async (directory, ack) => {
      const log = await open(directory);
      log.append(bytesOf(a));
      await log.close();
      ack(4);
      const next = await open(directory);
      ack(await next.appendDurable(bytesOf(b)));
    },
  },
  "a section that is taken back, and one in its place": {
    history: [a],
    work: async (directory, ack) => {
      await (await open(directory)).close();
      ack(3);
      const next = await open(directory);
      ack(await next.appendDurable(bytesOf(a)));
    },
  },
  "a tail that was never synced becomes durable": {
    history: [a, b],
    work: async (directory, ack, run) => {
      await killed(directory, run, async (log) => {
        log.append(bytesOf(a));
        log.write();
      });
      const log = await open(directory);
      ack(4);
      ack(await log.appendDurable(bytesOf(b)));
    },
  },
  "a tail of several pages that was never synced becomes durable before a header says so": {
    options: { bufferBytes: 8192, preallocateBytes: 0 },
    history: [long],
    work: async (directory, ack, run) => {
      await killed(directory, run, async (log) => {
        log.append(bytesOf(long));
        log.write();
      });
      await open(directory);
      ack(4);
    },
  },
  "a watermark that was never synced": {
    history: [a, b],
    work: async (directory, ack, run) => {
      await killed(directory, run, async (log) => {
        ack(await log.appendDurable(bytesOf(a)));
        // The barrier of the close never returns: the process is gone before.
        void log.close().catch(() => {});
        for (let turn = 0; turn < 6; turn += 1) await Promise.resolve();
      });
      const log = await open(directory);
      ack(await log.appendDurable(bytesOf(b)));
    },
  },
  "a torn tail is cut off and kept aside": {
    history: [a],
    work: async (directory, ack, run) => {
      await killed(directory, run, () => Promise.resolve());
      using file = directory.open(name, { mode: "append" });
      file.append(bytesOf("torn".repeat(20)));
      const log = await open(directory);
      ack(await log.appendDurable(bytesOf(a)));
    },
  },
};

/** The law at every crash point of a window. */
export function recordLogMatrix(
  title: string,
  window: RecordLogWindow,
  more: Partial<CrashMatrixOptions<Recovered>>,
): ReturnType<typeof crashMatrix> {
  const options = { ...plain, ...window.options };
  const had = window.before ?? before;
  const history = [...had, ...(window.history ?? [])];
  return crashMatrix({
    name: title,
    setup: async (directory) => {
      if (had.length === 0) return;
      const log = await open(directory, options);
      appendAll(log, had);
      await log.close();
    },
    workload: async (directory, run) => {
      run.ack("before", had.length);
      await window.work(directory, (lsn) => run.ack("lsn", lsn), run);
    },
    recover: (directory) => recoverAndAppend(directory, options),
    check: (recovered, context) => {
      demandLaw(recovered, history, context);
      window.check?.(recovered.records);
    },
    maxRecoveries: 1_000_000,
    ...more,
  });
}
