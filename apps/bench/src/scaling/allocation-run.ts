import { GCProfiler } from "node:v8";
import { realDisk } from "./disk.js";
import { testedScenarios } from "./tested-scenarios.js";
import type { Work } from "./scenario.js";

/**
 * Counts the bytes that scenarios allocate for one operation, on the heap of V8 and in buffers: `node [flags] allocation-run.js <scenario> <size> ...`.
 *
 * It counts what is in use before and behind, so nothing may be collected in between: the flags in `allocation.test.ts` make the young generation larger than
 * what a scenario allocates, and keep the compiler from leaving out allocations of code that has run often. A first run at the first size is not
 * counted, since it is what makes code and caches.
 */
async function main(id: string, sizes: readonly number[]): Promise<void> {
  const found = testedScenarios.find((scenario) => scenario.id === id);
  if (found === undefined) throw new Error(`no scenario ${id}`);
  const bytes: number[] = [];
  for (const size of [sizes[0] ?? 1, ...sizes]) {
    const disk = realDisk();
    const work = await found.prepare(disk, size);
    bytes.push((await allocatedIn(work)) / work.operations);
    await work.dispose();
    work.disk?.dispose();
    disk.dispose();
  }
  process.stdout.write(JSON.stringify(bytes.slice(1)));
}

async function allocatedIn(work: Work): Promise<number> {
  globalThis.gc?.();
  const collections = new GCProfiler();
  collections.start();
  const before = inUse();
  await work.run();
  const bytes = inUse() - before;
  const { statistics } = collections.stop();
  if (statistics.length > 0) throw new Error(`garbage was collected ${statistics.length} times`);
  return bytes;
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const [id = "", ...sizes] = process.argv.slice(2);
await main(id, sizes.map(Number));
