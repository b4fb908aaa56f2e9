import { CrashFs } from "@holdfast/fs-seam/crash";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { collectGarbage, median } from "../workload.js";
import { filledFile, pageBytes, pageOffsets } from "./fs-seam-workloads.js";

/** Memory that CrashFs holds for each byte written since the last sync: the bytes themselves and the log about them. */
export const retentionPart: Part = {
  name: "retention",
  measure({ quick }) {
    const bytes = (quick ? 4 : 32) * 1024 * 1024;
    const samples = quick ? 1 : 3;
    return [
      rowOf("retention/append", "4 KiB appends", bytes, samples, () => appends(pageBytes, bytes)),
      rowOf("retention/overwrite", "random 4 KiB overwrites", bytes, samples, () => overwrites(bytes)),
      rowOf("retention/small-append", "128 B appends", bytes, samples, () => appends(128, bytes)),
    ];
  },
};

/** A file system that is synced, and what to write into it while its memory is watched. */
interface Writer {
  readonly fs: CrashFs;
  write(): void;
}

function rowOf(id: string, workload: string, bytes: number, samples: number, prepare: () => Writer): Row {
  const values = Array.from({ length: samples }, () => heldBytes(prepare()) / bytes);
  return {
    id,
    workload: `memory per byte written since the last sync, ${workload}`,
    ours: { name: "", unit: "per-byte", value: median(values), best: Math.min(...values) },
    bar: bound("most", 1.25),
  };
}

function heldBytes(writer: Writer): number {
  const before = usedBytes();
  writer.write();
  const after = usedBytes();
  if (writer.fs.logSize().records === 0) throw new Error("nothing was logged"); // also keeps `writer` alive until here
  return after - before;
}

/** Twice, because array buffers are freed behind the first collection. `external` counts them as well. */
function usedBytes(): number {
  if (globalThis.gc === undefined) throw new Error("the retention part needs node --expose-gc");
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function appends(size: number, bytes: number): Writer {
  const fs = new CrashFs();
  const file = fs.open("/log", { mode: "append", create: "exclusive" });
  file.syncBlocking("full");
  fs.syncNamesBlocking("/");
  const record = new Uint8Array(size).fill(4);
  return {
    fs,
    write() {
      for (let written = 0; written < bytes; written += size) file.append(record);
    },
  };
}

function overwrites(bytes: number): Writer {
  const fs = new CrashFs();
  const file = filledFile(fs);
  const offsets = pageOffsets(bytes / pageBytes);
  const page = new Uint8Array(pageBytes).fill(8);
  return {
    fs,
    write() {
      for (const offset of offsets) file.writeAt(page, offset);
    },
  };
}
