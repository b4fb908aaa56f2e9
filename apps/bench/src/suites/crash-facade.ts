import { createNodeFs } from "@holdfast/crash-test/node";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave } from "../workload.js";
import { fsWorkloads, pageBytes, pageOffsets, type FsWorkload } from "./fs-seam-workloads.js";

/**
 * The functions of `node:fs` on CrashFs: against the same on MemoryFs, which says what remembering costs, and against the
 * calls of the seam on CrashFs, which says what the facade costs.
 */
export const facadePart: Part = {
  name: "facade",
  measure({ quick }) {
    const [divisor, rounds] = quick ? [2, 3] : [1, 9];
    return [
      ...fsWorkloads(divisor).flatMap((workload) => rowsOf(workload, rounds)),
      floorRow(20_000 / divisor, rounds),
    ];
  },
};

/** Memory is handed out in pieces of this size, as CrashFs does it. */
const slabBytes = 1 << 18;

/**
 * What no implementation of the overwrite row can beat: the copies alone. One that keeps every version copies into memory
 * that nobody has touched, one that does not copies into the same pages again and again.
 */
function floorRow(operations: number, rounds: number): Row {
  const offsets = pageOffsets(operations);
  const page = new Uint8Array(pageBytes).fill(7);
  const [kept, inPlace] = interleave(
    [
      {
        name: "kept",
        operations,
        prepare() {
          const slabs: Uint8Array[] = [];
          const run = (): void => {
            for (let copied = 0; copied < operations; copied += 1) {
              const at = (copied * pageBytes) % slabBytes;
              if (at === 0) slabs.push(new Uint8Array(Buffer.allocUnsafeSlow(slabBytes).buffer));
              slabs.at(-1)?.set(page, at);
            }
          };
          return { run };
        },
      },
      {
        name: "in place",
        operations,
        prepare() {
          const pages = new Uint8Array(Math.max(...offsets) + pageBytes).fill(1);
          const run = (): void => {
            for (const offset of offsets) pages.set(page, offset);
          };
          return { run };
        },
      },
    ],
    { rounds },
  );
  if (kept === undefined || inPlace === undefined) throw new Error("two contestants were given");
  const workload = "random 4 KiB copies into memory that is kept, against the same in place, for orientation";
  return compare({ id: "facade-floor/overwrite", workload }, kept, inPlace, { of: "time" });
}

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
