import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { assertConformance, conformanceCaseIds, fsConformance } from "./index.js";
import type { ConformanceBackend, ConformanceNeed } from "./index.js";
import { FaultFs } from "../fault-fs.js";
import { MemoryFs } from "../memory-fs.js";
import { RealFs } from "../real-fs.js";
import type { StoreFs } from "../store-fs.js";

/** The backends without crash states; those with them are in `test/`. What may be qualified is written down here. */

const root = mkdtempSync(join(tmpdir(), "fs-seam-conformance-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function real(fs: StoreFs): RealFs {
  if (fs instanceof RealFs) return fs;
  throw new TypeError("made by another backend");
}

function memory(fs: StoreFs): MemoryFs {
  const inner = fs instanceof FaultFs ? fs.inner : fs;
  if (inner instanceof MemoryFs) return inner;
  throw new TypeError("made by another backend");
}

const noCrash: readonly ConformanceNeed[] = ["crashStates", "crash", "processCrash", "media"];

const backends: readonly (readonly [ConformanceBackend, readonly ConformanceNeed[]])[] = [
  [
    {
      name: "MemoryFs",
      make: () => new MemoryFs(),
      makeSmall: (capacityBytes) => new MemoryFs({ capacityBytes }),
      readOnlyView: (fs) => new MemoryFs({ image: memory(fs).snapshot(), readOnly: true }),
    },
    [...noCrash, "plantSymlink"],
  ],
  [
    {
      name: "RealFs",
      make: () => new RealFs({ root: mkdtempSync(join(root, "run-")) }),
      dispose: (fs) => rmSync(real(fs).root, { recursive: true, force: true }),
      readOnlyView: (fs) => new RealFs({ root: real(fs).root, readOnly: true }),
      plantSymlink: (fs, path, target) => symlinkSync(target, join(real(fs).root, path)),
    },
    // The host decides about reflinks and sparse files.
    [...noCrash, "makeSmall", "punch", "reflink", "sparse"],
  ],
  [
    {
      name: "FaultFs without rules over MemoryFs",
      make: () => new FaultFs(new MemoryFs()),
      makeSmall: (capacityBytes) => new FaultFs(new MemoryFs({ capacityBytes })),
      readOnlyView: (fs) => new FaultFs(new MemoryFs({ image: memory(fs).snapshot(), readOnly: true })),
    },
    [...noCrash, "plantSymlink"],
  ],
];

for (const [backend, allowed] of backends) {
  describe(`backend ${backend.name}`, () => {
    const report = fsConformance({ describe, test }, backend);

    test("every case was judged, and only what the backend cannot have was qualified", () => {
      const { verdicts, passed, qualified, violations } = report();
      expect(verdicts.map(({ id }) => id)).toEqual(conformanceCaseIds);
      expect(passed + qualified + violations).toBe(conformanceCaseIds.length);
      expect(passed).toBeGreaterThan(90);
      assertConformance(report(), allowed);
    });
  });
}
