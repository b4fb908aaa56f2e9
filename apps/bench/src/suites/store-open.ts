import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openStore, type Store } from "@holdfast/store";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { median } from "../workload.js";
import { fill, inDirectory, Placed } from "./store-workloads.js";

/** What a large store costs: to open, in memory, and on the disk. */
export const storeOpenPart: Part = {
  name: "open",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 50_000 : 1_000_000;
      const own = mkdtempSync(join(path, "store-"));
      const open = (): Promise<Store<typeof Placed>> => openStore({ directory: openDirectory(own), events: [Placed] });
      const first = await open();
      fill(first, count);
      const { lastSequence } = first;
      await first.close();
      const bytes = readdirSync(own).reduce((sum, name) => sum + statSync(join(own, name)).size, 0);
      const times: number[] = [];
      let indexBytes = 0;
      for (let round = 0; round < (quick ? 2 : 5); round += 1) {
        const began = process.hrtime.bigint();
        const store = await open();
        times.push(Number(process.hrtime.bigint() - began));
        indexBytes = store.stats().indexBytes;
        await store.close();
      }
      return rowsOf({ count, times, memory: indexBytes / lastSequence, disk: bytes / lastSequence });
    }),
};

interface Measured {
  readonly count: number;
  readonly times: readonly number[];
  readonly memory: number;
  readonly disk: number;
}

function rowsOf({ count, times, memory, disk }: Measured): Row[] {
  const name = "store";
  return [
    {
      id: "open/frames",
      workload: `open of ${count} events, closed before`,
      ours: { name, unit: "time", value: median(times) },
      bar: bound("most", 3e9),
    },
    {
      id: "open/memory",
      workload: "memory of the index, an event",
      ours: { name, unit: "bytes", value: memory },
      bar: bound("most", 64),
    },
    { id: "open/disk", workload: "disk, a 200 B event in commits of 4", ours: { name, unit: "bytes", value: disk } },
  ];
}
