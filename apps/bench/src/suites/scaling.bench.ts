import { realDisk } from "../scaling/disk.js";
import { lsmScenarios } from "../scaling/lsm-scenarios.js";
import { costAt, type Cost, type Scenario, type SizeOf } from "../scaling/scenario.js";
import { curvesOf } from "../scaling/scaling-curves.js";
import { storeScenarios } from "../scaling/store-scenarios.js";
import { walScenarios } from "../scaling/wal-scenarios.js";
import type { Measured, Part, PartOptions, Suite } from "../suite.js";
import { median } from "../workload.js";

/** Records for one barrier while a log or a store is filled. */
const SYNC_EVERY = 10_000;

/**
 * How the cost of an operation grows, on real files and with the defaults: time, calls of the file system, barriers and bytes at each size. What grows
 * how is asserted from counts in `src/scaling/laws.test.ts`; times are here to be looked at.
 */
export const scalingSuite: Suite = {
  name: "scaling",
  parts: [
    scalingPart("wal", walScenarios({}, SYNC_EVERY)),
    scalingPart("store", storeScenarios({}, SYNC_EVERY)),
    scalingPart("lsm-tree", lsmScenarios({})),
  ],
};

function scalingPart(contestant: string, scenarios: readonly Scenario[]): Part {
  return {
    name: `scaling-${contestant}`,
    async measure(options): Promise<Measured> {
      const measured: Measured[] = [];
      for (const scenario of scenarios) {
        // Code that has not run before would make the smallest size look slow.
        await costAt(scenario, WARM_UP_SIZE, realDisk());
        const points = [];
        for (const size of sizesOf(scenario.of, options)) {
          points.push({ size, cost: await medianCost(scenario, size, roundsOf(size, options)) });
        }
        measured.push(curvesOf(contestant, { scenario, points }));
      }
      return { rows: measured.flatMap(({ rows }) => rows), curves: measured.flatMap(({ curves }) => curves) };
    },
  };
}

const WARM_UP_SIZE = 1_000;

function sizesOf(of: SizeOf, { quick, full, huge }: PartOptions): readonly number[] {
  if (of === "waiters") return [1, 10, 100, 1_000];
  if (of === "streams") return quick ? [1, 100, 10_000] : [1, 10, 100, 1_000, 10_000];
  const usual = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  return [...usual, ...(full ? [1_000_000] : []), ...(huge ? [10_000_000] : [])];
}

/** Small ones take microseconds, so that the machine decides about one of them; what takes a minute to prepare is prepared once. */
function roundsOf(size: number, { quick, full }: PartOptions): number {
  if (quick || size >= 1_000_000) return 1;
  return full ? 5 : size >= 100_000 ? 1 : 3;
}

/** Counts of the last round: they are the same in each, but for what goes on in the background. */
async function medianCost(scenario: Scenario, size: number, rounds: number): Promise<Cost> {
  const costs: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) {
    costs.push(await costAt(scenario, size, realDisk()));
  }
  return { ...(costs.at(-1) as Cost), ns: median(costs.map(({ ns }) => ns)) }; // there is a round
}
