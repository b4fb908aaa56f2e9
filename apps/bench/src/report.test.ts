import { describe, expect, test } from "vitest";
import { machine } from "../test/machine.js";
import { committedAfter } from "./committed-results.js";
import { machineProfile, profileLine } from "./machine-profile.js";
import { markdownReport, regressions, runLine } from "./report.js";
import { atLeast, atMost, bound, type Row } from "./row.js";
import type { PartRun, RunStamp, SuiteRun } from "./run-document.js";
import { suiteRun } from "./suite-run.js";

const stamp: RunStamp = { date: "2026-11-28T21:46:00Z", commit: "8c37536", scale: "usual", machine };

const usage: PartRun = {
  part: "memory",
  wallNs: 2.34e9,
  cpuNs: 1.5e9,
  eventLoopDelay: { p50Ns: 0, p99Ns: 1.25e6, maxNs: 2e6 },
  memory: { rssPeakBytes: 100 * 2 ** 20, heapPeakBytes: 20 * 2 ** 20 },
};

const faster = (ratio: number): Row => ({
  id: "memory/append",
  workload: "append",
  ours: { name: "MemoryFs", unit: "rate", value: 100 },
  peer: { name: "memfs", unit: "rate", value: 100 * ratio },
  ratio: { of: "speed", value: ratio },
  bar: atLeast(2),
});
const slower = (ratio: number): Row => ({
  ...faster(1),
  id: "crash/append",
  ratio: { of: "time", value: ratio },
  bar: atMost(1.5),
});
const size = (bytes: number): Row => ({
  id: "size",
  workload: "size",
  ours: { name: "", unit: "bytes", value: bytes },
  bar: bound("most", 12_000),
});
const suite = (rows: readonly Row[]): SuiteRun =>
  suiteRun("fs-seam", [], [{ usage, rows, curves: [], skippedPeers: [] }]);
const committed = (rows: readonly Row[]): ReturnType<typeof committedAfter> =>
  committedAfter(stamp, suite(rows), undefined);

describe("regressions", () => {
  const before = committed([faster(4), slower(1.2), size(10_000)]);

  test("nothing moved, nothing said", () => {
    expect(regressions([faster(4), slower(1.2), size(10_000)], before)).toEqual([]);
  });
  test("a quarter is noise, more is news", () => {
    expect(regressions([faster(3.3), slower(1.4), size(12_000)], before)).toEqual([]);
    expect(regressions([faster(3), slower(1.2), size(10_000)], before)).toEqual(["append: 3.00, committed 4.00"]);
    expect(regressions([slower(1.6)], before)).toEqual(["append: 1.60, committed 1.20"]);
    expect(regressions([size(13_000)], before)).toEqual(["size: 13000.00, committed 10000.00"]);
  });
  test("better is no regression, and neither is a row that is new", () => {
    expect(regressions([faster(9), slower(0.5), { ...faster(1), id: "new" }], before)).toEqual([]);
  });
  test("other work is not compared, by whatever id", () => {
    expect(regressions([{ ...faster(1), workload: "append to ten times as much" }], before)).toEqual([]);
  });
  test("times of two machines are not compared", () => {
    const timed: Row = { id: "t", workload: "t", ours: { name: "", unit: "time", value: 10 } };
    const slow = { ...timed, ours: { ...timed.ours, value: 1000 } };
    expect(regressions([slow], committed([timed]))).toEqual([]);
  });
  test("without committed results there is nothing to compare", () => {
    expect(regressions([faster(1)], undefined)).toEqual([]);
  });
});

describe("markdownReport", () => {
  test("lists what was missed, and by how much", () => {
    const text = markdownReport(stamp, { ...suite([faster(1.5), size(13_000), slower(1)]), parts: [] }, undefined);
    expect(text).toContain("- append: 1.50x, the bar is at least 2x");
    expect(text).toContain("- size: 13,000 B, the bar is at most 12,000 B");
    expect(text.match(/^- /gm)).toHaveLength(2);
  });
  test("says so when everything is met, and marks a quick look, which is held against nothing", () => {
    const before = committed([faster(9)]);
    const usual = markdownReport(stamp, suite([faster(3)]), before);
    expect(usual).toContain("Every bar is met.");
    expect(usual).toContain("- append: 3.00, committed 9.00");
    const quick = markdownReport({ ...stamp, scale: "quick" }, suite([faster(3)]), before);
    expect(quick).toContain("## fs-seam (quick look, not a measurement)");
    expect(quick).not.toContain("committed");
  });
  test("names a peer that was skipped in the table and below it, with the reason", () => {
    const skippedPeers = [{ name: "lmdb", version: "3.5.6", reason: "npm ended with 1" }];
    const text = markdownReport(stamp, { ...suite([]), skippedPeers }, undefined);
    expect(text).toMatch(/^\| rows with lmdb \| - +\| lmdb 3\.5\.6 \| .* \| skipped \|$/m);
    expect(text).toContain("Peers skipped, and their rows with them:\n\n- lmdb 3.5.6: npm ended with 1\n");
  });
  test("holds rows against raw limits, and says what a limit is", () => {
    const figure = { name: "", unit: "rate", value: 2048 } as const;
    const limit = { id: "sync/preallocated", workload: "a barrier", figure, bytes: 4096 };
    const row: Row = { id: "durable/blocking", workload: "durable", ours: { ...figure, value: 8192 } };
    const run = suiteRun("wal", [limit], [{ usage, rows: [row], curves: [], skippedPeers: [] }]);
    expect(markdownReport(stamp, run, undefined)).toContain(
      "- a barrier: 2.05 µs, 2000 MB/s; durable takes 4.00x its time\n",
    );
  });
  test("says how a cost grows with its size, by who pays it", () => {
    const curve = {
      id: "wal/append",
      workload: "durable append",
      unit: "barriers",
      xLabel: "waiters",
      points: [
        { x: 1, y: { wal: 1 } },
        { x: 1000, y: { wal: 0.001 } },
      ],
      slope: { wal: -1, "classic-level": 0.004 },
    };
    expect(markdownReport(stamp, { ...suite([]), curves: [curve] }, undefined)).toContain(
      "- durable append: barriers for each, 1 to 1,000 waiters; slope of wal -1.00, classic-level 0.00\n",
    );
  });
  test("says of which run and machine it is", () => {
    const profile = "CPU, 2 cores, 8 GiB; Node 20.19.0 (V8 11.3), Linux 6.1 x64; temporary files on ext4; load 0.5.";
    expect(runLine(stamp)).toBe(`Run of 2026-11-28 at 8c37536. ${profile}`);
    expect(runLine({ ...stamp, scale: "full", commit: null })).toBe(`Run of 2026-11-28 with \`--full\`. ${profile}`);
    expect(markdownReport(stamp, suite([]), undefined)).toContain(`## fs-seam\n\n${runLine(stamp)}\n`);
  });
  test("says what each part took", () => {
    expect(markdownReport(stamp, suite([]), undefined)).toContain(
      "- memory: 2.3 s, 1.5 s of the processor; event loop late by 1.25 ms (99th percentile); at most 100 MiB resident, 20 MiB of heap",
    );
  });
});

describe("the machine profile", () => {
  test("says nothing about whose machine it is", () => {
    const profile = machineProfile();
    expect(Object.keys(profile).sort()).toEqual(Object.keys(machine).sort());
    expect(JSON.stringify(profile)).not.toContain(process.cwd());
  });
  test("fits on a line", () => {
    expect(profileLine(machine)).toBe(
      "CPU, 2 cores, 8 GiB; Node 20.19.0 (V8 11.3), Linux 6.1 x64; temporary files on ext4; load 0.5",
    );
  });
});
