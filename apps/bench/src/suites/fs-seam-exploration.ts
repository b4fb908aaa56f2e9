import { crashMatrix } from "@holdfast/crash-test";
import {
  countImages,
  CrashFs,
  crashImages,
  IdealWalk,
  posix,
  unitsOf,
  type CrashStrategy,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { bound, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant, type Timing } from "../workload.js";

/** How many crash states one core looks at in a second. */
export const explorationPart: Part = {
  name: "exploration",
  async measure({ quick }) {
    const rounds = quick ? 3 : 9;
    return [...explorationRows(quick ? 5 : 1, rounds), await matrixRow(rounds)];
  },
};

/**
 * A program of ordinary size at its worst moment: six log records and a document, rewritten through a temporary file, and no
 * barrier yet. The document was there before, so every recovery finds one.
 */
function unsyncedRun(): CrashFs {
  const before = new MemoryFs();
  const old = before.open("/document", { mode: "write", create: "exclusive" });
  old.writeAt(new Uint8Array(200).fill(1), 0);
  old.close();
  const fs = new CrashFs({ image: before.snapshot() });
  const log = fs.open("/log", { mode: "append", create: "if-missing" });
  for (let record = 1; record <= 6; record += 1) log.append(new Uint8Array(200).fill(record));
  const fresh = fs.open("/document.new", { mode: "write", create: "exclusive" });
  fresh.writeAt(new Uint8Array(200).fill(2), 0);
  fresh.close();
  fs.rename("/document.new", "/document");
  return fs;
}

/** More than the run has subsets, so that every one of them is made. */
const limit = 1 << 14;
const strategy: CrashStrategy = { kind: "exhaustive", limit };

function explorationRows(divisor: number, rounds: number): Row[] {
  const fs = unsyncedRun();
  const trace = fs.trace();
  const subsets = countImages(trace, posix, limit);
  const distinct = [...crashImages(trace, { strategy })].length;
  if (subsets >= limit) throw new Error("the run has too many subsets to explore them all");
  const [walked] = interleave([subsetWalk(fs, 1_000_000 / divisor)], { rounds });
  const [recovered, explored] = interleave([exploration(trace, subsets, false), exploration(trace, distinct, true)], {
    rounds,
  });
  if (walked === undefined || recovered === undefined || explored === undefined) return [];
  const count = subsets.toLocaleString("en");
  return [
    { id: "explore/subsets", workload: "legal subsets generated", ours: figureOf(walked), bar: bound("least", 1e6) },
    {
      id: "explore/recoveries",
      workload: "trivial recoveries",
      ours: figureOf(recovered),
      bar: bound("least", 50_000),
      note: `each of the ${count} legal images of one run is made, hashed, mounted as CrashFs, and a 200 B file opened and read.`,
    },
    {
      id: "explore/distinct",
      workload: "trivial recoveries of different images, for orientation",
      ours: figureOf(explored),
      note: `the same run with duplicates left out: ${count} images made and hashed, ${distinct.toLocaleString("en")} of them recovered.`,
    },
  ];
}

function subsetWalk(fs: CrashFs, operations: number): Contestant {
  const units = unitsOf(fs.pending(), posix, true);
  return {
    name: "",
    operations,
    prepare: () => ({
      run() {
        let walk = new IdealWalk(units);
        for (let count = 0; count < operations; count += 1) if (!walk.next()) walk = new IdealWalk(units);
      },
    }),
  };
}

/** Makes images and recovers on each; `operations` is how many that are. */
function exploration(trace: Trace, operations: number, deduplicate: boolean): Contestant {
  return {
    name: "",
    operations,
    prepare: () => ({
      run() {
        const target = new Uint8Array(200);
        let recovered = 0;
        for (const { image } of crashImages(trace, { strategy, deduplicate })) {
          const fs = new CrashFs({ image });
          const file = fs.open("/document", { mode: "read" });
          file.readAt(target, 0); // 200 old bytes, 200 new ones, or none: nothing was synced before the rename
          recovered += 1;
          file.close();
        }
        if (recovered !== operations) throw new Error(`${recovered} recoveries, and not ${operations}`);
      },
    }),
  };
}

/** The same run and recovery as a crash test of a user, nested crashes left out: promises, contexts and marks included. */
async function matrixRow(rounds: number): Promise<Row> {
  const nsPerOperation: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const start = performance.now();
    const { recoveries } = await crashMatrix({
      setup: (directory) => directory.writeFile("document", new Uint8Array(200).fill(1)),
      workload: (directory, { fs }) => {
        const log = fs.open("/log", { mode: "append", create: "if-missing" });
        for (let record = 1; record <= 6; record += 1) log.append(new Uint8Array(200).fill(record));
        directory.writeFile("document.new", new Uint8Array(200).fill(2));
        directory.rename("document.new", "document");
      },
      recover: (directory) => directory.readFile("document"),
      check: () => true,
      strategy,
      nested: 0,
    });
    if (round >= 0) nsPerOperation.push(((performance.now() - start) * 1e6) / recoveries);
  }
  const timing: Timing = { name: "", nsPerOperation };
  const note = "of the different images only, each remembered as seen; the time to make the duplicates counts.";
  return {
    id: "explore/matrix",
    workload: "recoveries by crashMatrix, for orientation",
    ours: figureOf(timing),
    note,
  };
}
