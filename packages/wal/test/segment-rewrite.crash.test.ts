// A segment that is written again, at every crash point: the old one or the new one, whole, and the same whoever opens the log next.
//
// WAL_LONG=1 makes every subset of what is pending wherever there are at most 4096, and crashes inside recovery at a higher level,
// on all file systems.
import { crashMatrix, defaultPersonalities } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import { openWal, type LogSegment, type Wal, type WalOptions } from "../src/index.js";
import { beginSegment, rewriteSegment } from "../src/rewrite-entry.js";
import { bytesOf, demandPrefix, EXTRA, recoverAndAppend, small, type Recovered } from "./log-law.js";

const isLong = process.env["WAL_LONG"] === "1";
const record = (name: string): string => name.padEnd(40, ".");
const before = ["1", "2", "3"].map(record);
const own = ["a", "b"].map(record);
const options: Partial<WalOptions> = { ...small, segmentBytes: 208 };
const SHORT = "short";

function shorten(log: Wal, directory: Directory, lsn: number): Promise<unknown> {
  const segment = log.segments().findLast(({ baseLsn }) => baseLsn <= lsn) as LogSegment; // there is one
  return rewriteSegment({
    log,
    directory,
    segmentId: segment.segmentId,
    maxRecordBytes: 1024,
    replace: (each) => (each === lsn ? bytesOf(SHORT) : undefined),
    onSwap: () => {},
    pause: () => Promise.resolve(),
  });
}

interface Window {
  readonly work: (
    log: Wal,
    directory: Directory,
    ack: { readonly lsn: (lsn: number) => void; readonly short: (lsn: number) => void },
  ) => Promise<void>;
}

const windows: Readonly<Record<string, Window>> = {
  "a sealed segment of before": {
    work: async (log, directory, ack) => {
      await shorten(log, directory, 2);
      ack.short(2);
    },
  },
  "one that still waits for its barrier, as the one before it does": {
    work: async (log, directory, ack) => {
      for (const each of own) {
        log.append(bytesOf(each));
        beginSegment(log);
      }
      await shorten(log, directory, 5);
      ack.lsn(5);
      ack.short(5);
    },
  },
  "while records are appended": {
    work: async (log, directory, ack) => {
      const working = shorten(log, directory, 1).then(() => ack.short(1));
      for (const each of own) ack.lsn(await log.appendDurable(bytesOf(each)));
      await working;
    },
  },
  "twice, and a close": {
    work: async (log, directory, ack) => {
      await shorten(log, directory, 1);
      ack.short(1);
      await shorten(log, directory, 2);
      ack.short(2);
      await log.close();
    },
  },
};

/** As they were appended, and which of them are short. */
function plain(records: readonly string[]): { readonly texts: string[]; readonly shorts: number[] } {
  const all = [...before, ...own];
  const shorts: number[] = [];
  const texts = records.map((each, index) => {
    if (each !== `${index + 1}:${SHORT}`) return each;
    shorts.push(index + 1);
    return `${index + 1}:${all[index]}`;
  });
  return { texts, shorts };
}

describe("the law holds at every crash point", () => {
  test.each(Object.entries(windows))("%s, and inside recovery from it", async (name, { work }) => {
    const report = await crashMatrix<Recovered>({
      name,
      setup: async (directory) => {
        const one = await openWal({ directory, ...options });
        for (const each of before) one.append(bytesOf(each));
        await one.close();
      },
      workload: async (directory, run) => {
        run.ack("lsn", before.length);
        const log = await openWal({ directory, ...options });
        await work(log, directory, { lsn: (lsn) => run.ack("lsn", lsn), short: (lsn) => run.ack("short", lsn) });
      },
      recover: (directory) => recoverAndAppend(directory, options),
      check: ({ records, again }, { acks }) => {
        const extras = records.findIndex((each) => each.endsWith(`:${EXTRA}`));
        const { texts, shorts } = plain(extras < 0 ? records : records.slice(0, extras));
        const acked = Math.max(...acks.filter(({ label }) => label === "lsn").map(({ data }) => Number(data)));
        demandPrefix(texts, [...before, ...own], { acked });
        const lost = acks.find(({ label, data }) => label === "short" && !shorts.includes(Number(data)));
        if (lost !== undefined) throw new Error(`record ${String(lost.data)} was replaced durably, and is back`);
        if (again.slice(0, -1).join() !== records.join()) throw new Error("a second open reads something else");
      },
      personalities: isLong ? defaultPersonalities : ["posix", "ext4-ordered"],
      maxRecoveries: 1_000_000,
      strategy: isLong ? { kind: "exhaustive", limit: 4096 } : { kind: "levels", level: 2 },
      nestedStrategy: { kind: "levels", level: isLong ? 3 : 1 },
    });
    expect(report.recoveries).toBeGreaterThan(100);
  });
});
