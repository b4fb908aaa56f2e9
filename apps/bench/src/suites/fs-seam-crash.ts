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
    return fsWorkloads(quick ? 5 : 1).flatMap((workload) => rowsOf(workload, quick ? 3 : 11));
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
  const bar = atMost(id === "overwrite" ? 2 : 1.5);
  return [compare({ id: `crash/${id}`, workload: `${title}, log retained` }, ours, peer, { of: "time", bar })];
}
