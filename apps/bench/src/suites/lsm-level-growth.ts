import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { atMost, bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { scatter } from "../workload.js";
import { classic, ENTRY_BYTES, keyOf, load, newLevel, ours, shuffled, valueOf } from "./lsm-level-peers.js";
import type { Bytes, LevelKind } from "./lsm-level-peers.js";
import { inDirectory } from "./store-workloads.js";

/**
 * What many random overwrites do: to the disk, to the slowest of them, and to the event loop. With `--huge` five million of a million keys,
 * too.
 */
export const lsmLevelGrowthPart: Part = {
  name: "level-growth",
  measure: ({ quick, huge }) =>
    inDirectory(async (root) => {
      const rows = await grown(root, quick ? { ...usual, keys: 20_000, overwrites: 50_000 } : usual);
      return huge ? [...rows, ...(await grown(root, large))] : rows;
    }),
};

interface Size {
  /** What the ids of the rows begin with. */
  readonly prefix: string;
  readonly keys: number;
  readonly overwrites: number;
}

const usual: Size = { prefix: "level", keys: 100_000, overwrites: 500_000 };
const large: Size = { prefix: "level-huge", keys: 1_000_000, overwrites: 5_000_000 };

async function grown(root: string, { prefix, keys, overwrites }: Size): Promise<Row[]> {
  const mine = await grow(ours, root, keys, overwrites);
  const peer = await grow(classic, root, keys, overwrites);
  const against = (
    name: string,
    workload: string,
    figure: keyof Growth,
    unit: "per-byte" | "time",
    bar: number,
  ): Row => ({
    id: `${prefix}/${name}`,
    workload,
    ours: { name: ours.name, unit, value: mine[figure] },
    peer: { name: classic.name, unit, value: peer[figure] },
    ratio: { of: "time", value: mine[figure] / peer[figure] },
    bar: atMost(bar),
  });
  const what = `${overwrites.toLocaleString("en")} random overwrites of ${keys.toLocaleString("en")} keys`;
  return [
    against("write-amplification", `bytes written for each of ${what}`, "written", "per-byte", 1.1),
    against("space-amplification", `bytes on the disk for each that is live, after ${what}`, "stored", "per-byte", 1.1),
    against("put-p999", "the slowest put in a thousand of these, 100 in flight", "p999", "time", 1),
    {
      id: `${prefix}/event-loop`,
      workload: "delay of the event loop meanwhile, 99th percentile",
      ours: { name: ours.name, unit: "time", value: mine.loopDelay },
      peer: { name: classic.name, unit: "time", value: peer.loopDelay },
      bar: bound("most", 8e6),
    },
  ];
}

interface Growth {
  /** Bytes written for each byte that was put. */
  readonly written: number;
  /** Bytes on the disk for each byte that is live. */
  readonly stored: number;
  /** Nanoseconds. */
  readonly p999: number;
  readonly loopDelay: number;
}

async function grow(kind: LevelKind, root: string, keys: number, overwrites: number): Promise<Growth> {
  const { level, path, dispose } = await newLevel(kind, root);
  await load(level, shuffled(keys));
  const writtenBefore = bytesWritten();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const latencies = await overwrite(level, keys, overwrites);
  delays.disable();
  await level.close(); // what is under way is finished, and counts
  const written = (bytesWritten() - writtenBefore) / (overwrites * ENTRY_BYTES);
  const stored = bytesIn(path) / (keys * ENTRY_BYTES);
  await level.open();
  await dispose();
  const p999 = latencies.toSorted()[Math.floor(latencies.length * 0.999)] ?? 0;
  return { written, stored, p999, loopDelay: delays.percentile(99) };
}

/** Nanoseconds of each. After every hundred the event loop has a turn, as under a server. */
async function overwrite(level: Bytes, keys: number, count: number): Promise<Float64Array> {
  const latencies = new Float64Array(count);
  const numbers = scatter(count, keys);
  const put = async (at: number): Promise<void> => {
    const number = numbers[at] ?? 0;
    const start = process.hrtime.bigint();
    await level.put(keyOf(number * 2), valueOf(number + at));
    latencies[at] = Number(process.hrtime.bigint() - start);
  };
  for (let first = 0; first < count; first += 100) {
    await Promise.all(Array.from({ length: Math.min(100, count - first) }, (_, each) => put(first + each)));
    await new Promise(setImmediate);
  }
  return latencies;
}

/** What this process has handed to the system; NaN where it does not tell. */
function bytesWritten(): number {
  try {
    return Number(/^wchar: (\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);
  } catch {
    return Number.NaN;
  }
}

function bytesIn(path: string): number {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
