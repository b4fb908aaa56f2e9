import { bare, classic, keyOf, load, newLevel, ours, shuffled } from "./lsm-level-peers.js";
import { collectGarbage } from "../workload.js";
import { inDirectory } from "./store-workloads.js";

/**
 * Fills one database with so many keys, reads some of them, and prints how many bytes are resident then, and in use on the heap of V8 and in buffers: `node --expose-gc memory-run.js <contestant> <keys>`.
 * A program of its own, because what one contestant has left in a process would count for the next.
 */
const READS = 200_000;

async function main(name: string, keys: number): Promise<void> {
  const kind = [ours, classic, bare].find((each) => each.name === name);
  if (kind === undefined) throw new Error(`no contestant ${name}`);
  await inDirectory(async (root) => {
    const { level, dispose } = await newLevel(kind, root);
    await load(level, shuffled(keys));
    let read = 0;
    for (const number of shuffled(keys)) {
      if (read === READS) break;
      await level.get(keyOf(number * 2));
      read += 1;
    }
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 500)); // the allocator gives pages back
    collectGarbage();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.stdout.write(JSON.stringify({ resident: rss, inUse: heapUsed + external }));
    await dispose();
  });
}

const [name = "", keys = ""] = process.argv.slice(2);
await main(name, Number(keys));
