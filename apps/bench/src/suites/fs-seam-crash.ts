import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave } from "../workload.js";
import { fsWorkloads, type FsWorkload } from "./fs-seam-workloads.js";

/** CrashFs against MemoryFs: what remembering every effect costs. The log is retained to the end of each run. */
export const crashPart: Part = {
  name: "crash",
  measure({ quick }) {
    return fsWorkloads(quick ? 2 : 1).flatMap((workload) => rowsOf(workload, quick ? 3 : 15));
  },
};

function rowsOf(workload: FsWorkload, rounds: number): Row[] {
  const { id, title, operations } = workload;
  const [ours, peer] = interleave(
    [
      { name: "CrashFs", operations, prepare: () => workload.onStore(new CrashFs()) },
      { name: "MemoryFs", operations, prepare: () => workload.onStore(new MemoryFs()) },
    ],
    { rounds },
  );
  if (ours === undefined || peer === undefined) return [];
  const overwrites = id === "overwrite";
  const bar = atMost(overwrites ? 2 : 1.5);
  const labels = { id: `crash/${id}`, workload: `${title}, log retained` };
  return [compare(overwrites ? { ...labels, note: overwriteNote } : labels, ours, peer, { of: "time", bar })];
}

const overwriteNote =
  "MemoryFs overwrites in place and in the processor's cache; CrashFs keeps every version, so each costs 4 KiB of memory that nobody has touched before: a page fault, or a garbage collection that V8 starts for every 30 MiB or so outside its heap.";
