import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import * as nodeFs from "node:fs";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { Volume } from "memfs";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";
import { fsWorkloads, type FsWorkload } from "./fs-seam-workloads.js";

/** How many times as fast as memfs each workload has to be. memfs's fsync looks up the descriptor and does nothing. */
const bars: Readonly<Record<string, number>> = {
  append: 2,
  "append-sync": 2,
  overwrite: 0.9,
  read: 1,
  rename: 2.5,
  replace: 3,
};

/** A file system in memory that Linux mounts for everybody. */
const sharedMemory = "/dev/shm";

/** MemoryFs against memfs, with the kernel's own memory file system through Node for orientation. */
export const memoryPart: Part = {
  name: "memory",
  measure({ quick }) {
    return fsWorkloads(quick ? 2 : 1).flatMap((workload) => rowsOf(workload, quick ? 2 : 7));
  },
};

function rowsOf(workload: FsWorkload, rounds: number): Row[] {
  const { id, title } = workload;
  const contestants = [memoryContestant(workload), memfsContestant(workload)];
  if (isWritable(sharedMemory)) contestants.push(tmpfsContestant(workload));
  const [ours, memfs, tmpfs] = interleave(contestants, { rounds });
  if (ours === undefined || memfs === undefined) return [];
  const bar = bars[id];
  const judged = bar === undefined ? {} : { bar: atLeast(bar) };
  const rows = [compare({ id: `memory/${id}`, workload: title }, ours, memfs, { of: "speed", ...judged })];
  if (tmpfs !== undefined) {
    rows.push(compare({ id: `tmpfs/${id}`, workload: `${title}, for orientation` }, tmpfs, memfs, { of: "speed" }));
  }
  return rows;
}

function memoryContestant(workload: FsWorkload): Contestant {
  return { name: "MemoryFs", operations: workload.operations, prepare: () => workload.onStore(new MemoryFs()) };
}

function memfsContestant(workload: FsWorkload): Contestant {
  return { name: "memfs", operations: workload.operations, prepare: () => workload.onNode(new Volume(), "/") };
}

function tmpfsContestant(workload: FsWorkload): Contestant {
  return {
    name: "tmpfs",
    operations: workload.operations,
    prepare() {
      const directory = mkdtempSync(`${sharedMemory}/holdfast-bench-`);
      const { run, dispose } = workload.onNode(nodeFs, `${directory}/`);
      return {
        run,
        dispose() {
          dispose?.();
          rmSync(directory, { recursive: true });
        },
      };
    },
  };
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
