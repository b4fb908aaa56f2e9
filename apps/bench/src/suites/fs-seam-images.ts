import {
  countImages,
  CrashFs,
  crashImages,
  IdealWalk,
  posix,
  unitsOf,
  type Image,
  type Trace,
} from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, bound, figureOf, ratioOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";

/** Whole trees as values, and how many of them one core explores in a second. */
export const imagesPart: Part = {
  name: "images",
  measure({ quick }) {
    const rounds = quick ? 5 : 15;
    return [...treeRows(quick ? 500 : 5000, rounds), ...explorationRows(quick ? 5 : 1, rounds)];
  },
};

// --- snapshot and mount ---------------------------------------------------------------------------------------------

const fileBytes = 64 * 1024;
const largeFiles = 1000;
const smallFiles = 16;
const tenMicroseconds = 10_000;

function tree(files: number): Image {
  const fs = new MemoryFs();
  const bytes = new Uint8Array(fileBytes).fill(6);
  for (let index = 0; index < files; index += 1) {
    const file = fs.open(`/file-${index}`, { mode: "write", create: "exclusive" });
    file.writeAt(bytes, 0);
    file.close();
  }
  return fs.snapshot();
}

/** What is done to a tree, and how it is called in the table. */
interface TreeAction {
  readonly id: string;
  readonly workload: string;
  readonly judged: boolean;
  prepare(image: Image): () => unknown;
}

const treeActions: readonly TreeAction[] = [
  {
    id: "image/snapshot",
    workload: "snapshot of 64 MiB in 1,000 files",
    judged: true,
    prepare(image) {
      const fs = new MemoryFs({ image });
      return () => fs.snapshot();
    },
  },
  {
    id: "image/mount",
    workload: "mount of 64 MiB in 1,000 files, MemoryFs",
    judged: true,
    prepare: (image) => () => new MemoryFs({ image }),
  },
  {
    id: "image/mount-crash",
    workload: "mount of 64 MiB in 1,000 files, CrashFs",
    judged: true,
    prepare: (image) => () => new CrashFs({ image }),
  },
  {
    id: "image/snapshot-write",
    workload: "snapshot of 64 MiB, then a 128 B overwrite",
    judged: false,
    prepare(image) {
      const fs = new MemoryFs({ image });
      const file = fs.open("/file-3", { mode: "write" });
      const bytes = new Uint8Array(128).fill(1);
      return () => {
        fs.snapshot();
        file.writeAt(bytes, 4000);
      };
    },
  },
];

function treeRows(operations: number, rounds: number): Row[] {
  const large = tree(largeFiles);
  const small = tree(smallFiles);
  return treeActions.flatMap((action): Row[] => {
    const contestants = [
      repeated("64 MiB", operations, () => action.prepare(large)),
      repeated("1 MiB", operations, () => action.prepare(small)),
    ];
    const [ours, peer] = interleave(contestants, { rounds });
    if (ours === undefined || peer === undefined) return [];
    const figure = { ...figureOf(ours, "time"), name: "" };
    const growth = { ours: figureOf(ours, "time"), peer: figureOf(peer, "time"), ratio: ratioOf("time", ours, peer) };
    const { id, workload } = action;
    if (!action.judged) return [{ id, workload: `${workload}, for orientation`, ...growth }];
    return [
      { id, workload, ours: figure, bar: bound("most", tenMicroseconds) },
      { id: `${id}-growth`, workload: `${workload}, against 1 MiB in 16`, ...growth, bar: atMost(2) },
    ];
  });
}

/** A result that somebody could look at cannot be optimised away. */
const kept: { result: unknown } = { result: undefined };

function repeated(name: string, operations: number, prepare: () => () => unknown): Contestant {
  return {
    name,
    operations,
    prepare() {
      const act = prepare();
      return {
        run() {
          for (let count = 0; count < operations; count += 1) kept.result = act();
        },
      };
    },
  };
}

// --- exploration ----------------------------------------------------------------------------------------------------

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

/** Above the number of subsets of that run, so that every one of them is made. */
const limit = 1 << 14;

function explorationRows(divisor: number, rounds: number): Row[] {
  const fs = unsyncedRun();
  const trace = fs.trace();
  const subsets = countImages(trace, posix, limit);
  const distinct = [...crashImages(trace, { strategy: { kind: "exhaustive", limit } })].length;
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
        for (const { image } of crashImages(trace, { strategy: { kind: "exhaustive", limit }, deduplicate })) {
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
