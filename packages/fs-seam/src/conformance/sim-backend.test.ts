import { describe, expect, test } from "vitest";
import { assertConformance, conformanceCaseIds, fsConformance, type ConformanceBackend } from "./index.js";
import { crashImages } from "../crash-images.js";
import { SimFs, type SimFsOptions } from "../sim-fs.js";
import type { SimPick } from "../sim-pick.js";
import { SimScheduler } from "../sim-scheduler.js";
import type { StoreFs } from "../store-fs.js";

/**
 * SimFs under schedules that differ as much as they can: the suite awaits without running a scheduler, so it also shows
 * that everything makes progress by itself.
 */

function simulated(fs: StoreFs): SimFs {
  if (fs instanceof SimFs) return fs;
  throw new TypeError("made by another backend");
}

function* states(fs: StoreFs): Generator<StoreFs> {
  const trace = simulated(fs).trace();
  for (const { image } of crashImages(trace, { at: trace.records.length })) yield new SimFs({ image });
}

function backendOf(name: string, options: () => SimFsOptions): ConformanceBackend {
  return {
    name: `SimFs, ${name}`,
    make: () => new SimFs(options()),
    makeSmall: (capacityBytes) => new SimFs({ ...options(), capacityBytes }),
    readOnlyView: (fs) => new SimFs({ ...options(), image: simulated(fs).snapshot(), readOnly: true }),
    crashStates: states,
    crash: (fs) => void simulated(fs).crash("random"),
    processCrash: (fs) => simulated(fs).processCrash(),
  };
}

const newest: SimPick = (candidates) => candidates.length - 1;
const slow = { kind: "exponential", meanMicros: 500, maxMicros: 9000 } as const;

const backends: readonly ConformanceBackend[] = [
  backendOf("in the order of issue", () => ({ reorder: false })),
  backendOf("the newest first", () => ({ scheduler: new SimScheduler({ pick: newest }) })),
  backendOf("by a seed and slowly", () => ({
    seed: 0x5eed,
    latency: { read: slow, sync: slow, syncNames: slow, list: slow },
    delaySync: { oneIn: 3, micros: 20_000 },
  })),
];

for (const backend of backends) {
  const report = fsConformance({ describe, test }, backend);

  test(`${backend.name}: nothing is violated, and only symlinks are out of reach`, () => {
    const { verdicts } = report();
    expect(verdicts.map(({ id }) => id)).toEqual(conformanceCaseIds);
    assertConformance(report(), ["plantSymlink"]);
  });
}
