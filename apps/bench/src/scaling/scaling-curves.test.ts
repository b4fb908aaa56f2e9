import { expect, test } from "vitest";
import type { Cost, Scenario } from "./scenario.js";
import { curvesOf } from "./scaling-curves.js";

const scenario: Scenario = {
  id: "wal/open",
  workload: "open of a log",
  of: "records",
  prepare: () => Promise.reject(new Error("nothing runs here")),
};
const cost = (size: number, barriers: number): { size: number; cost: Cost } => ({
  size,
  cost: { ns: size * 2_000, calls: 10 * size ** 2, barriers, bytesRead: 0, bytesWritten: 0 },
});

test("draws time and what is done at every size, each with its slope, and says how time has grown", () => {
  const { rows, curves } = curvesOf("wal", { scenario, points: [cost(10, 0), cost(100, 3)] });
  expect(curves.map(({ id, unit, xLabel }) => [id, unit, xLabel])).toEqual([
    ["wal/open", "ns", "records"],
    ["wal/open/calls", "calls", "records"],
  ]);
  const [time, calls] = curves;
  expect(time?.points).toEqual([
    { x: 10, y: { wal: 20_000 } },
    { x: 100, y: { wal: 200_000 } },
  ]);
  expect(time?.slope["wal"]).toBeCloseTo(1, 10);
  expect(calls?.points[1]).toEqual({ x: 100, y: { "calls of the file system": 100_000 } });
  expect(calls?.slope["calls of the file system"]).toBeCloseTo(2, 10);
  expect(rows).toEqual([
    {
      id: "wal/open",
      workload: "open of a log: time with 100 records there, against 10",
      ours: { name: "wal", unit: "factor", value: 10 },
      note: "slope 1.00; one operation with 100: 200 µs, 100000 calls, 3.0 barriers",
    },
  ]);
});

test("refuses a scenario that was never run", () => {
  expect(() => curvesOf("wal", { scenario, points: [] })).toThrow("two different sizes");
});
