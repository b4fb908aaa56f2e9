import { statfsSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { Directory, openDirectory, type StoreFs } from "@holdfast/fs-seam";
import { crashImages, CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { countText, durationText } from "../terminal.js";
import { tellLogFigures } from "./log-figures.js";
import { quantile } from "./quantile.js";
import type { Figure, TourContext, TourStep } from "./tour-step.js";

const recordBytes = 128;
/** Every figure is measured for about so long. */
const budgetMs = 200;
/** Operations on one file before the next is begun, so that nothing grows without bound. */
const batch = 10_000;

/** Short loops that give the order of magnitude of what this machine does. */
export function figuresStep(milliseconds: number = budgetMs): TourStep {
  return {
    title: "A few figures of this machine, for orientation only",
    async run(context) {
      const place = temporaryFileSystem(context.directory);
      context.progress(`measuring, ${durationText(milliseconds)} each`);
      const sync = realSyncLatencies(context.directory, milliseconds);
      const [middle, slow] = [quantile(sync, 0.5), quantile(sync, 0.99)];
      show(context, `append ${recordBytes} bytes and fdatasync, real file on ${place}, median`, {
        name: "real-append-and-sync-median",
        value: middle,
        unit: "µs",
      });
      show(context, "the same, 99th percentile", { name: "real-append-and-sync-p99", value: slow, unit: "µs" });
      if (place === "tmpfs") context.say("  (tmpfs is memory. To wait for a disk, set TMPDIR to a directory on one.)");
      await tellLogFigures(context, new Uint8Array(recordBytes).fill(0x2e), milliseconds);
      for (const { name, make } of memoryBackends) {
        await setImmediate(); // let an interrupt through
        const value = appendsPerSecond(make, milliseconds);
        show(context, `append ${recordBytes} bytes and sync, ${name}`, {
          name: `${name.toLowerCase()}-append-and-sync`,
          value,
          unit: "per second",
        });
      }
      await setImmediate();
      show(context, "crash states made, mounted and read", {
        name: "crash-states",
        value: crashStatesPerSecond(milliseconds),
        unit: "per second",
      });
      return [];
    },
  };
}

function show({ say, measured }: TourContext, label: string, figure: Figure): void {
  const value = Math.round(figure.value * 10) / 10;
  measured({ ...figure, value });
  const text = figure.unit === "per second" ? `${countText(value)} per second` : durationText(value / 1000);
  say(`  ${text.padStart(20)}  ${label}`);
}

/** Microseconds of append and fdatasync, at most 2,000 of them. */
function realSyncLatencies(hostPath: string, milliseconds: number): number[] {
  const directory = openDirectory(join(hostPath, "figures"), { create: true });
  const handle = directory.open("latency", { mode: "append", create: "if-missing" });
  const record = new Uint8Array(recordBytes).fill(0x2e);
  const latencies: number[] = [];
  const deadline = performance.now() + milliseconds;
  while (latencies.length < 2000 && (latencies.length < 5 || performance.now() < deadline)) {
    const start = performance.now();
    handle.append(record);
    handle.syncBlocking("data");
    latencies.push((performance.now() - start) * 1000);
  }
  handle.close();
  return latencies;
}

const memoryBackends: readonly { readonly name: string; readonly make: () => StoreFs }[] = [
  { name: "MemoryFs", make: () => new MemoryFs() },
  { name: "CrashFs", make: () => new CrashFs() },
];

function appendsPerSecond(make: () => StoreFs, milliseconds: number): number {
  const record = new Uint8Array(recordBytes).fill(0x2e);
  const appendBatch = (): void => {
    const handle = new Directory(make()).open("log", { mode: "append", create: "if-missing" });
    for (let done = 0; done < batch; done += 1) {
      handle.append(record);
      handle.syncBlocking("data");
    }
    handle.close();
  };
  appendBatch(); // let V8 compile it first
  return perSecond(milliseconds, () => {
    appendBatch();
    return batch;
  });
}

/** Appends that nothing syncs, and of every legal outcome the disk, mounted and read as a recovery would. */
function crashStatesPerSecond(milliseconds: number): number {
  const fs = new CrashFs();
  const handle = new Directory(fs).open("log", { mode: "append", create: "if-missing" });
  const record = new Uint8Array(recordBytes).fill(0x2e);
  for (let done = 0; done < 11; done += 1) handle.append(record);
  const trace = fs.trace();
  const options = { strategy: { kind: "exhaustive", limit: 1 << 16 }, deduplicate: false } as const;
  return perSecond(milliseconds, () => {
    let states = 0;
    for (const { image } of crashImages(trace, options)) {
      const directory = new Directory(new MemoryFs({ image }));
      if (directory.exists("log")) directory.readFile("log");
      states += 1;
    }
    return states;
  });
}

/** Calls `run`, which says how much it did, until the time is spent. */
function perSecond(milliseconds: number, run: () => number): number {
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  do {
    done += run();
    elapsed = performance.now() - start;
  } while (elapsed < milliseconds);
  return (done / elapsed) * 1000;
}

/** Numbers that Linux's statfs answers with, from linux/magic.h. Ext2 and ext3 share ext4's. */
const linuxFileSystems: Readonly<Record<number, string>> = {
  0xef53: "ext4",
  0x01021994: "tmpfs",
  0x9123683e: "btrfs",
  0x58465342: "xfs",
  0x794c7630: "overlayfs",
  0x2fc12fc1: "zfs",
  0xf2f52010: "f2fs",
  0x6969: "nfs",
};

function temporaryFileSystem(path: string): string {
  if (process.platform !== "linux") return "the temporary directory";
  const magic = statfsSync(path).type >>> 0;
  return linuxFileSystems[magic] ?? `a file system of type 0x${magic.toString(16)}`;
}
