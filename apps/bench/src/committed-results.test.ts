import { describe, expect, test } from "vitest";
import {
  committedAfter,
  committedText,
  resultComplaints,
  stampComplaints,
  type CommittedResults,
} from "./committed-results.js";
import type { Curve, RunRow, RunStamp, Scale, SuiteRun } from "./run-document.js";

const machine = {
  cpu: "CPU",
  cores: 2,
  memoryGiB: 8,
  node: "v20",
  v8: "11",
  kernel: "Linux",
  temporaryFiles: "ext4",
  loadAtStart: 0,
};

const row = (id: string, value: number): RunRow => ({
  id,
  workload: id,
  ours: { name: "wal", unit: "rate", value, best: value, rounds: [value] },
  peer: { name: "bare", unit: "rate", value: 2 * value, worst: 3 * value, rounds: [2 * value] },
  ratio: { of: "speed", value: 1 / value, least: 1 / value, greatest: 2 / value, rounds: [1], cpu: 1 / value },
  bar: { on: "ratio", at: "least", value: 0.123456 },
  part: "p",
  met: true,
  limit: { id: "sync/growing", factor: 1 / value },
});
const curve = (id: string, y: number): Curve => ({
  id,
  workload: id,
  unit: "ns",
  xLabel: "records",
  points: [{ x: 1_000_000, y: { wal: y } }],
  slope: { wal: y },
});
const suite = (more: Partial<SuiteRun>): SuiteRun => ({
  suite: "wal",
  limits: [],
  parts: [],
  rows: [],
  skippedPeers: [],
  curves: [],
  ...more,
});
const at = (date: string, scale: Scale): RunStamp => ({ date, commit: "c", scale, machine });
/** Ids with the date of the run that each is of. */
const dated = ({ runs, rows, curves }: CommittedResults): string[] =>
  [...rows, ...curves].map(({ id, run }) => `${id} ${runs[run]?.date}`);

describe("committedAfter", () => {
  test("keeps four digits of what was measured, no rounds, and bars as they are", () => {
    const limits = [{ id: "copy/1m", workload: "w", figure: row("l", 123_456).ours, bytes: 1_048_576 }];
    const given = suite({ rows: [row("a", 123_456)], curves: [curve("k", 0.123_456)], limits });
    const committed = committedAfter(at("d", "full"), given, undefined);
    expect(committed).toEqual({
      suite: "wal",
      runs: [{ date: "d", commit: "c", scale: "full", machine }],
      limits: [
        {
          id: "copy/1m",
          workload: "w",
          figure: { name: "wal", unit: "rate", value: 123_500, best: 123_500 },
          bytes: 1_048_576,
        },
      ],
      skippedPeers: [],
      rows: [
        {
          id: "a",
          workload: "a",
          ours: { name: "wal", unit: "rate", value: 123_500, best: 123_500 },
          peer: { name: "bare", unit: "rate", value: 246_900, worst: 370_400 },
          ratio: { of: "speed", value: 0.0000081, least: 0.0000081, greatest: 0.0000162, cpu: 0.0000081 },
          bar: { on: "ratio", at: "least", value: 0.123456 },
          part: "p",
          met: true,
          limit: { id: "sync/growing", factor: 0.0000081 },
          run: 0,
        },
      ],
      curves: [
        {
          id: "k",
          workload: "k",
          unit: "ns",
          xLabel: "records",
          points: [{ x: 1_000_000, y: { wal: 0.1235 } }],
          slope: { wal: 0.1235 },
          run: 0,
        },
      ],
    });
  });

  const full = committedAfter(at("1", "full"), suite({ rows: [row("a", 1), row("b", 1)] }), undefined);

  test("a run replaces what it measured, and a row that is not in the suite any more goes", () => {
    const next = committedAfter(at("2", "full"), suite({ rows: [row("a", 2), row("c", 2)] }), full);
    expect(dated(next)).toEqual(["a 2", "c 2"]);
    expect(next.runs.map(({ date }) => date)).toEqual(["2"]);
    expect(next.rows[0]?.ours.value).toBe(2);
  });

  test("a row keeps its own run where this one was too small for it, or went without a peer", () => {
    const huge = committedAfter(
      at("0", "huge"),
      suite({ rows: [row("h", 1), row("a", 1)], curves: [curve("k", 1)] }),
      undefined,
    );
    const next = committedAfter(at("2", "full"), suite({ rows: [row("a", 2)] }), huge);
    expect(dated(next)).toEqual(["a 2", "h 0", "k 0"]);

    const skippedPeers = [{ name: "lmdb", version: "1", reason: "no" }];
    const without = committedAfter(at("3", "full"), suite({ rows: [row("b", 3)], skippedPeers }), next);
    expect(dated(without)).toEqual(["b 3", "a 2", "h 0", "k 0"]);
    expect(without.runs.map(({ date }) => date)).toEqual(["3", "2", "0"]);
  });

  test("a run that no row is of any more is forgotten", () => {
    const huge = committedAfter(at("0", "huge"), suite({ rows: [row("h", 1)] }), undefined);
    const next = committedAfter(at("2", "huge"), suite({ rows: [row("h", 2)] }), huge);
    expect(next.runs.map(({ date }) => date)).toEqual(["2"]);
  });
});

describe("what results may be committed of", () => {
  test.each([
    ["full", "8c37536", []],
    ["huge", "8c37536", []],
    ["quick", "8c37536", ["it is of the scale quick, and neither full nor huge"]],
    ["usual", null, ["it is of the scale usual, and neither full nor huge", "it is of no commit"]],
    ["full", "8c37536-dirty", ["it is not of the commit 8c37536 alone"]],
  ] as const)("scale %s, commit %s", (scale, commit, complaints) => {
    expect(stampComplaints({ scale, commit })).toEqual(complaints);
  });

  test("names the rows of such a run, of one that they were kept of, too", () => {
    const small = committedAfter(at("1", "quick"), suite({ rows: [row("a", 1), row("b", 1)] }), undefined);
    const skippedPeers = [{ name: "lmdb", version: "1", reason: "no" }];
    const after = committedAfter(at("2", "full"), suite({ rows: [row("a", 2)], skippedPeers }), small);
    expect(resultComplaints(after)).toEqual(["wal, run of 1: it is of the scale quick, and neither full nor huge (b)"]);
    expect(resultComplaints(committedAfter(at("2", "full"), suite({ rows: [row("a", 2)] }), small))).toEqual([]);
  });
});

test("committedText reads back as what was written, a row a line", () => {
  const committed = committedAfter(at("1", "full"), suite({ rows: [row("a", 1), row("b", 1)] }), undefined);
  const text = committedText(committed);
  expect(JSON.parse(text)).toEqual(committed);
  expect(text.split("\n").filter((line) => /"id":"[ab]"/.test(line))).toHaveLength(2);
  expect(text.endsWith("}\n")).toBe(true);
});
