import type { Row } from "../row.js";
import type { Curve } from "../run-document.js";
import type { Measured } from "../suite.js";
import type { Cost, Scenario } from "./scenario.js";
import { logLogSlope } from "./slope.js";

/** What a scenario cost at each size, ascending. */
export interface ScenarioCosts {
  readonly scenario: Scenario;
  readonly points: readonly { readonly size: number; readonly cost: Cost }[];
}

/** Time and counts as curves, and one row that says how time has grown. */
export function curvesOf(contestant: string, { scenario, points }: ScenarioCosts): Measured {
  const { id, workload } = scenario;
  const time: Curve = curve(scenario, points, { id, unit: "ns", lines: { [contestant]: "ns" } });
  const calls = curve(scenario, points, {
    id: `${id}/calls`,
    unit: "calls",
    lines: { "calls of the file system": "calls", barriers: "barriers" },
  });
  const bytes = curve(scenario, points, {
    id: `${id}/bytes`,
    unit: "bytes",
    lines: { "bytes read": "bytesRead", "bytes written": "bytesWritten" },
  });
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) throw new Error(`${id} has no size`);
  const row: Row = {
    id,
    workload: `${workload}: time with ${last.size} ${scenario.of} there, against ${first.size}`,
    ours: { name: contestant, unit: "factor", value: last.cost.ns / first.cost.ns },
    note: `slope ${time.slope[contestant]?.toFixed(2)}; one operation with ${last.size}: ${costText(last.cost)}`,
  };
  return { rows: [row], curves: [time, calls, bytes].filter((each) => Object.keys(each.slope).length > 0) };
}

interface Lines {
  readonly id: string;
  readonly unit: string;
  /** What each line is of, by its name. */
  readonly lines: Readonly<Record<string, keyof Cost>>;
}

/** Without what is 0 at some size, which has no place on a logarithmic axis. */
function curve(scenario: Scenario, points: ScenarioCosts["points"], { id, unit, lines }: Lines): Curve {
  const drawn = Object.entries(lines).filter(([, name]) => points.every(({ cost }) => cost[name] > 0));
  return {
    id,
    workload: scenario.workload,
    unit,
    xLabel: scenario.of,
    points: points.map(({ size, cost }) => ({
      x: size,
      y: Object.fromEntries(drawn.map(([line, name]) => [line, cost[name]])),
    })),
    slope: Object.fromEntries(
      drawn.map(([line, name]) => [line, logLogSlope(points.map(({ size, cost }) => ({ size, cost: cost[name] })))]),
    ),
  };
}

function costText({ ns, calls, barriers, bytesRead, bytesWritten }: Cost): string {
  const counted = { calls, barriers, "bytes read": bytesRead, "bytes written": bytesWritten };
  const done = Object.entries(counted).filter(([, count]) => count > 0);
  return [`${short(ns / 1000)} µs`, ...done.map(([name, count]) => `${short(count)} ${name}`)].join(", ");
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
