import { describe, expect, test } from "vitest";
import { machineProfile, profileLine, type MachineProfile } from "./machine-profile.js";
import { baselineOf, markdownReport, regressions, reportOf } from "./report.js";
import { atLeast, atMost, bound, type Row } from "./row.js";

const machine: MachineProfile = {
  cpu: "CPU",
  cores: 2,
  memoryGiB: 8,
  node: "v20.19.0",
  v8: "11.3",
  kernel: "Linux 6.1 x64",
  temporaryFiles: "ext4",
  loadAtStart: 0.5,
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
const report = (rows: Row[], quick = false) => reportOf("fs-seam", quick, machine, rows);

describe("regressions", () => {
  const baseline = baselineOf(report([faster(4), slower(1.2), size(10_000)]));

  test("nothing moved, nothing said", () => {
    expect(regressions(report([faster(4), slower(1.2), size(10_000)]), baseline)).toEqual([]);
  });
  test("a quarter is noise, more is news", () => {
    expect(regressions(report([faster(3.3), slower(1.4), size(12_000)]), baseline)).toEqual([]);
    expect(regressions(report([faster(3), slower(1.2), size(10_000)]), baseline)).toEqual([
      "append: 3.00, baseline 4.00",
    ]);
    expect(regressions(report([slower(1.6)]), baseline)).toEqual(["append: 1.60, baseline 1.20"]);
    expect(regressions(report([size(13_000)]), baseline)).toEqual(["size: 13000.00, baseline 10000.00"]);
  });
  test("better is no regression, and neither is a row that is new", () => {
    expect(regressions(report([faster(9), slower(0.5), { ...faster(1), id: "new" }]), baseline)).toEqual([]);
  });
  test("times of two machines are not compared", () => {
    const timed: Row = { id: "t", workload: "t", ours: { name: "", unit: "time", value: 10 } };
    const slow = { ...timed, ours: { ...timed.ours, value: 1000 } };
    expect(regressions(report([slow]), baselineOf(report([timed])))).toEqual([]);
  });
  test("without a baseline there is nothing to compare", () => {
    expect(regressions(report([faster(1)]), undefined)).toEqual([]);
  });
});

describe("markdownReport", () => {
  test("lists what was missed, and by how much", () => {
    const text = markdownReport(report([faster(1.5), size(13_000), slower(1)]), undefined);
    expect(text).toContain("- append: 1.50x, the bar is at least 2x");
    expect(text).toContain("- size: 13,000 B, the bar is at most 12,000 B");
    expect(text.match(/^- /gm)).toHaveLength(2);
  });
  test("says so when everything is met, and marks a quick look", () => {
    expect(markdownReport(report([faster(3)]), undefined)).toContain("Every bar is met.");
    expect(markdownReport(report([faster(3)], true), undefined)).toContain(
      "## fs-seam (quick look, not a measurement)",
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
