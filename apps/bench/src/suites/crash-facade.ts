import { createNodeFs } from "@holdfast/crash-test/node";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave } from "../workload.js";
import { fsWorkloads, type FsWorkload } from "./fs-seam-workloads.js";

/**
 * The functions of `node:fs` on CrashFs: against the same on MemoryFs, which says what remembering costs, and against the
 * calls of the seam on CrashFs, which says what the facade costs.
 */
export const facadePart: Part = {
  name: "facade",
  measure({ quick }) {
    return fsWorkloads(quick ? 2 : 1).flatMap((workload) => rowsOf(workload, quick ? 3 : 9));
  },
};

function rowsOf(workload: FsWorkload, rounds: number): Row[] {
  const { id, title, operations } = workload;
  const [ours, memory, seam] = interleave(
    [
      { name: "node:fs on CrashFs", operations, prepare: () => workload.onNode(createNodeFs(new CrashFs()), "/") },
      { name: "node:fs on MemoryFs", operations, prepare: () => workload.onNode(createNodeFs(new MemoryFs()), "/") },
      { name: "seam on CrashFs", operations, prepare: () => workload.onStore(new CrashFs()) },
    ],
    { rounds },
  );
  if (ours === undefined || memory === undefined || seam === undefined) return [];
  return [
    compare({ id: `facade/${id}`, workload: `${title}, by node:fs` }, ours, memory, { of: "time", bar: atMost(1.5) }),
    compare({ id: `facade-seam/${id}`, workload: `${title}, by node:fs, for orientation` }, ours, seam, { of: "time" }),
  ];
}
