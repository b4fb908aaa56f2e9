import { CrashFs, type Image } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, bound, figureOf, ratioOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";

/** Whole trees as values: taking one and mounting one copies nothing. */
export const imagesPart: Part = {
  name: "images",
  measure({ quick }) {
    return treeRows(quick ? 500 : 5000, quick ? 3 : 9);
  },
};

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
