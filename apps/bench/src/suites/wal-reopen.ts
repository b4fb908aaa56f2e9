import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openWal } from "@holdfast/wal";
import { atMost, bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { best, median } from "../workload.js";
import { inDirectory, newRecord } from "./wal-workloads.js";

/** A program that runs for a moment, again and again: what its log has become after a thousand times. */
export const reopenPart: Part = {
  name: "reopen",
  measure: ({ quick }) => inDirectory((path) => reopened(path, quick ? 50 : 1000, quick ? 3 : 31)),
};

async function reopened(path: string, times: number, samples: number): Promise<Row[]> {
  const early: number[] = [];
  const late: number[] = [];
  const old = mkdtempSync(join(path, "old-"));
  for (let time = 0; time < times; time += 1) await once(old);
  const files = readdirSync(old).length;
  for (let sample = 0; sample < samples; sample += 1) {
    const young = mkdtempSync(join(path, "young-"));
    await once(young);
    early.push(await once(young));
    rmSync(young, { recursive: true });
    late.push(await once(old));
  }
  const name = "wal";
  return [
    {
      id: "reopen/files",
      workload: `files after ${times.toLocaleString("en")} times open, append one durable record, close`,
      ours: { name, unit: "count", value: files },
      bar: bound("most", 16),
    },
    {
      id: "reopen/time",
      workload: "the next open, against the second one",
      ours: { name: "next", unit: "time", value: median(late), best: best(late) },
      peer: { name: "second", unit: "time", value: median(early), best: best(early) },
      ratio: { of: "time", value: median(late) / median(early) },
      bar: atMost(2),
    },
  ];
}

/** Nanoseconds that the open took. */
async function once(path: string): Promise<number> {
  const start = performance.now();
  await using log = await openWal({ directory: openDirectory(path) });
  const took = performance.now() - start;
  await log.appendDurable(newRecord());
  return took * 1e6;
}
