// Every crash window of the record log, one short program each, and crashes inside the recoveries from it. What was there before
// a program counts as durable, so that few effects are pending.
import { crashMatrix, type CrashMatrixOptions, type WorkloadRun } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { describe, expect, test } from "vitest";
import { openRecordLogReader, type RecordLog } from "../src/record-log-entry.js";
import { bytesOf, demandLaw, type Recovered } from "./log-law.js";
import { name, open, plain, recoverAndAppend, type Settings } from "./record-log-law.js";

const record = (text: string): string => text.padEnd(40, ".");
const before = ["1", "2", "3"].map(record);
const three = ["a", "b", "c"].map(record);
const [a, b, c] = three as [string, string, string];
/** Its frame ends on another page than it begins on, and what follows lies on that one. */
const long = record("long").padEnd(5000, ".");

interface Window {
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

const windows: Readonly<Record<string, Window>> = {
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

function matrix(
  title: string,
  window: Window,
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

describe("the law of a record log holds at every crash point", () => {
  test.each(Object.entries(windows))("%s, and inside recovery from it", async (title, window) => {
    const report = await matrix(title, window, {
      strategy: { kind: "ladder", limit: 64, seed: 1, patience: 16 },
      nestedStrategy: { kind: "levels", level: 1 },
      personalities: ["posix"],
    });
    expect(report.level).toBeGreaterThanOrEqual(4);
    expect(report.recoveries).toBeGreaterThan(50);
  });

  test.each(Object.entries(windows))("%s, on the file systems of Linux", async (title, window) => {
    const report = await matrix(title, window, {
      strategy: { kind: "ladder", limit: 128, seed: 1, patience: 16 },
      personalities: ["ext4-ordered", "xfs", "btrfs"],
      nested: 0,
      minImages: 1,
    });
    expect(report.level).toBeGreaterThanOrEqual(4);
  });
});

test("what an open did is durable when it is open: its section, the cut, and the bytes that are kept aside", async () => {
  const disk = new CrashFs();
  const directory = new Directory(disk);
  const log = await open(directory);
  await log.appendDurable(bytesOf(a));
  await log.close();
  const torn = bytesOf("torn".repeat(2000));
  {
    using file = directory.open(name, { mode: "append" });
    file.append(torn);
    await file.sync("full");
  }
  const { report } = await open(directory);
  expect(report).toMatchObject({ lastLsn: 1, segmentCount: 2, rewrittenRecords: 0 });
  disk.crash("worst");
  const after = openRecordLogReader({ directory: new Directory(disk), name });
  expect(after.report).toMatchObject({ lastLsn: 1, segmentCount: 2, dropped: [] });
  expect(new Directory(disk).readFile(report.asideFiles[0] as string)).toEqual(torn);
});
