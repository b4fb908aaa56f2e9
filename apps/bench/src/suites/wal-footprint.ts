import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal, type Wal } from "@holdfast/wal";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { collectGarbage } from "../workload.js";
import { inDirectory, newLog, newRecord, recordBytes } from "./wal-workloads.js";

/** Memory that a log holds, and bytes on the disk beside those of the records. */
export const footprintPart: Part = {
  name: "footprint",
  measure: async ({ quick }) => [
    await inDirectory((path) => heapPerLog(path, quick ? 5 : 32)),
    await inDirectory((path) => heapPerRecords(path, quick ? 100_000 : 1_000_000)),
    await inDirectory((path) => overhead(path, recordBytes, quick ? 20_000 : 200_000, 0.26)),
    await inDirectory((path) => overhead(path, 4096, quick ? 2000 : 20_000, 0.01)),
  ],
};

const mebibyte = 1024 * 1024;

async function heapPerLog(path: string, count: number): Promise<Row> {
  const dispose = [(await newLog(path)).dispose]; // what the first one brings with it is the package's, not the log's
  const before = usedBytes();
  for (let each = 0; each < count; each += 1) {
    const { log, dispose: end } = await newLog(path);
    await log.appendDurable(newRecord());
    dispose.push(end);
  }
  const value = (usedBytes() - before) / count;
  for (const end of dispose) await end();
  const workload = "memory of an open log, its buffer included";
  return {
    id: "footprint/log",
    workload,
    ours: { name: "wal", unit: "bytes", value },
    bar: bound("most", 2 * mebibyte),
  };
}

async function heapPerRecords(path: string, count: number): Promise<Row> {
  const { log, dispose } = await newLog(path);
  try {
    append(log, 1000, recordBytes);
    await log.sync();
    const before = usedBytes();
    append(log, count, recordBytes);
    await log.sync();
    const value = ((usedBytes() - before) / count) * 1e6;
    return {
      id: "footprint/records",
      workload: "memory for each 1,000,000 records on the disk",
      ours: { name: "wal", unit: "bytes", value: Math.max(0, value) },
      bar: bound("most", mebibyte / 2),
    };
  } finally {
    await dispose();
  }
}

/** Twice, because array buffers are freed behind the first collection. `external` counts them as well. */
function usedBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function append(log: Wal, count: number, length: number): void {
  const record = newRecord(length);
  for (let each = 0; each < count; each += 1) log.append(record);
}

/** Of all files in the directory of a closed log. */
async function overhead(path: string, length: number, count: number, most: number): Promise<Row> {
  {
    await using log = await openWal({ directory: openDirectory(path) });
    append(log, count, length);
  }
  const total = readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  return {
    id: `footprint/overhead-${length}`,
    workload: `bytes on the disk beside each byte of records of ${length.toLocaleString("en")} B`,
    ours: { name: "wal", unit: "per-byte", value: total / (length * count) - 1 },
    bar: bound("most", most),
  };
}
