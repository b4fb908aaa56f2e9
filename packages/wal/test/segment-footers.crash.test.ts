// Footers at every crash point: no record depends on one, one that is believed is true, and one that was synced is there.
//
// WAL_LONG=1 makes every subset of what is pending wherever there are at most 4096, and crashes inside recovery at a higher level,
// on all file systems.
import { crashMatrix, defaultPersonalities } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import type { CrashFs } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type LogSegment, type Wal, type WalOptions } from "../src/index.js";
import { demandTruth, footerAt, footers } from "./footers.js";
import { bytesOf, demandLaw, recoverAndAppend, small, type Recovered } from "./log-law.js";

const isLong = process.env["WAL_LONG"] === "1";
const record = (name: string): string => name.padEnd(40, ".");
const before = ["1", "2", "3"].map(record);
const own = ["a", "b", "c"].map(record);
const settings: Partial<WalOptions> = { ...small, footers };

interface Window {
  readonly options?: Partial<WalOptions>;
  /** Leaves the log of before in another way than closed. */
  readonly leave?: (log: Wal, directory: Directory) => void | Promise<void>;
  readonly work: (log: Wal, ack: Acks) => Promise<void>;
}

interface Acks {
  /** Everything up to the LSN is promised. */
  readonly lsn: (lsn: number) => void;
  /** The footers of all sealed segments are promised. */
  readonly footers: (segments: readonly LogSegment[]) => void;
}

const windows: Readonly<Record<string, Window>> = {
  "rotation with a footer": {
    work: async (log, ack) => {
      for (const each of own.slice(0, 2)) log.append(bytesOf(each)); // a third rotation leaves far more disks
      ack.lsn(await log.sync());
      ack.footers(log.segments());
    },
  },
  "rotation with a footer, durable record by record": {
    work: async (log, ack) => {
      for (const each of own) ack.lsn(await log.appendDurable(bytesOf(each)));
      ack.footers(log.segments());
    },
  },
  "rotation with a footer behind preallocated space": {
    options: { preallocateBytes: 4096 },
    work: async (log, ack) => {
      for (const each of own.slice(0, 2)) log.append(bytesOf(each));
      ack.lsn(await log.sync());
      log.append(bytesOf(own[2] as string));
      ack.lsn(await log.sync());
      ack.footers(log.segments());
    },
  },
  "close with a footer": {
    options: { preallocateBytes: 4096, segmentBytes: 512 },
    work: async (log, ack) => {
      for (const each of own) log.append(bytesOf(each));
      const segments = log.segments();
      await log.close();
      ack.lsn(6);
      ack.footers([...segments.slice(0, -1), { ...(segments.at(-1) as LogSegment), isSealed: true }]); // not empty
    },
  },
  "recovery of a torn footer": {
    leave: async (log, directory) => {
      await log.sync();
      const { file } = log.segments().at(-1) as LogSegment; // not empty
      await log.close();
      const bytes = directory.readFile(file);
      directory.writeFile(file, bytes.subarray(0, bytes.length - 24));
    },
    work: async (log, ack) => {
      ack.lsn(await log.appendDurable(bytesOf(own[0] as string)));
    },
  },
  "recovery of a tail with footers that was never synced": {
    leave: (log, directory) => {
      log.write();
      (directory.fs as CrashFs).processCrash();
    },
    work: async (log, ack) => ack.lsn(log.lastLsn),
  },
  "close behind a recovery, with nothing appended": {
    leave: (log, directory) => {
      log.write();
      (directory.fs as CrashFs).processCrash();
    },
    work: async (log, ack) => {
      const segments = log.segments();
      await log.close();
      ack.lsn(before.length);
      ack.footers(segments.map((segment) => ({ ...segment, isSealed: true })));
    },
  },
  "rotation behind a recovery": {
    leave: (log, directory) => {
      log.write();
      (directory.fs as CrashFs).processCrash();
    },
    work: async (log, ack) => {
      log.append(bytesOf(own[0] as string)); // does not fit, and begins the next one
      ack.lsn(await log.sync());
      ack.footers(log.segments());
    },
  },
};

interface Found extends Recovered {
  /** Files at whose end a footer was found that names the chain its segment ends with. */
  readonly footers: readonly string[];
  /** Files of segments that hold records after the recovery. */
  readonly files: readonly string[];
}

/** The files whose footer is believed; throws when one is not true. */
function believed(directory: Directory): { readonly footers: string[]; readonly files: string[] } {
  let segments: readonly LogSegment[];
  try {
    segments = openWalReader({ directory }).segments();
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return { footers: [], files: [] };
    throw error;
  }
  const found: string[] = [];
  for (const segment of segments) {
    const footer = footerAt(directory, segment.file);
    if (footer?.chain !== segment.endChain) continue;
    demandTruth(directory, segment, footer);
    found.push(segment.file);
  }
  return { footers: found, files: segments.map(({ file }) => file) };
}

async function recover(directory: Directory, options: Partial<WalOptions>): Promise<Found> {
  const crashed = believed(directory);
  const recovered = await recoverAndAppend(directory, options);
  const after = believed(directory);
  const lost = crashed.footers.find((file) => after.files.includes(file) && !after.footers.includes(file));
  if (lost !== undefined) throw new Error(`${lost} had a footer before the recovery`);
  return { ...recovered, ...after };
}

describe("the law holds at every crash point", () => {
  test.each(Object.entries(windows))("%s, and inside recovery from it", async (name, { options, leave, work }) => {
    const all = { ...settings, ...options };
    const report = await crashMatrix<Found>({
      name,
      setup: async (directory) => {
        const one = await openWal({ directory, ...all });
        for (const each of before) one.append(bytesOf(each));
        if (leave === undefined) await one.close();
        else await leave(one, directory);
      },
      workload: async (directory, run) => {
        if (leave === undefined) run.ack("lsn", before.length);
        const log = await openWal({ directory, ...all });
        await work(log, {
          lsn: (lsn) => run.ack("lsn", lsn),
          footers: (segments) => {
            for (const { file, isSealed } of segments) if (isSealed) run.ack("footer", file);
          },
        });
      },
      recover: (directory) => recover(directory, all),
      check: (found, { acks, ...context }) => {
        demandLaw(found, [...before, ...own], { ...context, acks: acks.filter(({ label }) => label === "lsn") });
        for (const { label, data } of acks) {
          const file = String(data);
          if (label !== "footer" || !found.files.includes(file)) continue;
          if (!found.footers.includes(file)) throw new Error(`the footer of ${file} was synced, and is not there`);
        }
      },
      personalities: isLong ? defaultPersonalities : ["posix"],
      maxRecoveries: 1_000_000,
      strategy: isLong ? { kind: "exhaustive", limit: 4096 } : { kind: "levels", level: 2 },
      nestedStrategy: { kind: "levels", level: isLong ? 3 : 1 },
    });
    expect(report.recoveries).toBeGreaterThan(100);
  });
});
