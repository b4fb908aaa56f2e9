import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bound, type Figure } from "../row.js";
import type { Part } from "../suite.js";
import { bare, classic, configuredBytes, ours } from "./lsm-level-peers.js";

/**
 * What a database of many keys holds in memory beyond the write buffers and the cache it was given. Each contestant fills a process of its own, and what
 * the same program has resident with `abstract-level` alone, which keeps nothing, is taken off: the rest is the database's, its garbage included.
 */
export const lsmLevelMemoryPart: Part = {
  name: "level-memory",
  measure: ({ quick, full }) => {
    const keys = quick ? 50_000 : full ? 5_000_000 : 1_000_000;
    const program = memoryOf(bare.name, keys);
    const [mine, peer] = [memoryOf(ours.name, keys), memoryOf(classic.name, keys)];
    const what = `beyond write buffers and cache with ${keys.toLocaleString("en")} keys, after 200,000 reads`;
    const bytes = (name: string, value: number, without: number): Figure => ({
      name,
      unit: "bytes",
      value: value - without - configuredBytes,
    });
    return [
      {
        id: "level/memory",
        workload: `memory ${what}`,
        ours: bytes(ours.name, mine.resident, program.resident),
        peer: bytes(classic.name, peer.resident, program.resident),
        note: "resident memory less that of the same program without a database; below zero where buffers and cache are not full",
        bar: bound("most", 64 * 1024 * 1024),
      },
      {
        id: "level/memory-in-use",
        workload: `heap and buffers in use ${what}`,
        ours: bytes(ours.name, mine.inUse, program.inUse),
        note: "behind a collection; what is resident besides is memory that V8 and the allocator keep for what comes",
      },
    ];
  },
};

interface Memory {
  /** Bytes. */
  readonly resident: number;
  readonly inUse: number;
}

/** From `src` and from `dist` alike. */
function memoryOf(name: string, keys: number): Memory {
  const directory = import.meta.url.endsWith(".ts") ? "../../dist/" : "./";
  const program = fileURLToPath(new URL(`${directory}memory-run.js`, import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", program, name, String(keys)], { encoding: "utf8" });
  return JSON.parse(output) as Memory; // see memory-run.ts
}
