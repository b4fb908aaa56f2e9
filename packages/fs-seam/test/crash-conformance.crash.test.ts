import { describe, expect, test } from "vitest";
import {
  assertConformance,
  conformanceCaseIds,
  fsConformance,
  type ConformanceBackend,
} from "../src/conformance/index.js";
import { CrashFs, type CrashFsOptions } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { FaultFs } from "../src/fault-fs.js";
import type { StoreFs } from "../src/store-fs.js";

// The backends that can lose power: every case about crashes is judged on every state they may leave.

function crashing(fs: StoreFs): CrashFs {
  const inner = fs instanceof FaultFs ? fs.inner : fs;
  if (inner instanceof CrashFs) return inner;
  throw new TypeError("made by another backend");
}

function* states(fs: StoreFs): Generator<StoreFs> {
  const crash = crashing(fs);
  const { personality } = crash;
  const trace = crash.trace();
  for (const { image } of crashImages(trace, { personality, at: trace.records.length })) {
    yield new CrashFs({ image, personality });
  }
}

function backendOf(name: string, make: (options: CrashFsOptions) => StoreFs): ConformanceBackend {
  return {
    name,
    make: () => make({}),
    makeSmall: (capacityBytes) => make({ capacityBytes }),
    readOnlyView: (fs) => make({ image: crashing(fs).snapshot(), readOnly: true }),
    crashStates: states,
    crash: (fs) => void crashing(fs).crash(),
    processCrash: (fs) => crashing(fs).processCrash(),
  };
}

const strictLaw = { unwritten: "anything", tornSectors: true, rename: "split" } as const;

const backends: readonly ConformanceBackend[] = [
  backendOf("CrashFs, posix", (options) => new CrashFs(options)),
  {
    ...backendOf("CrashFs, strict", (options) => new CrashFs({ ...options, personality: "strict" })),
    crashLaw: strictLaw,
  },
  backendOf("FaultFs without rules over CrashFs", (options) => new FaultFs(new CrashFs(options))),
];

for (const backend of backends) {
  const report = fsConformance({ describe, test }, backend);
  test(`${backend.name}: nothing is violated, and only symlinks are out of reach`, () => {
    const { verdicts } = report();
    expect(verdicts.map(({ id }) => id)).toEqual(conformanceCaseIds);
    assertConformance(report(), ["plantSymlink"]);
  });
}
