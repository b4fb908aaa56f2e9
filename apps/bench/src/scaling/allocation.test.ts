import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { logLogSlope } from "./slope.js";

/** Built by the task `build`, which `test` depends on. */
const program = fileURLToPath(new URL("../../dist/allocation-run.js", import.meta.url));

/** A young generation that holds everything, and nothing that is optimised away. */
const flags = [
  "--expose-gc",
  "--no-opt",
  "--single-threaded",
  "--min-semi-space-size=256",
  "--max-semi-space-size=256",
];

interface Law {
  readonly id: string;
  readonly sizes: readonly number[];
  /** Of the bytes that one operation allocates. */
  readonly slope: number;
}

const isLong = process.env["BENCH_LONG"] === "1";
const records = isLong ? [100, 1_000, 10_000, 100_000] : [100, 3_000];
const reads = isLong ? [1_000, 10_000, 100_000] : [1_000, 5_000];
const streams = isLong ? [1, 100, 1_000, 10_000] : [1, 3_000];
const waiters = [10, 1_000];

/** What an operation allocates does not grow with what is there, with the number of streams, or with how many wait. */
const laws: readonly Law[] = [
  { id: "wal/append", sizes: records, slope: 0.05 },
  { id: "wal/read", sizes: reads, slope: 0.05 },
  { id: "wal/waiters", sizes: waiters, slope: 0.05 },
  { id: "store/append", sizes: records, slope: 0.05 },
  { id: "store/append-streams", sizes: streams, slope: 0.05 },
  { id: "store/read", sizes: reads, slope: 0.1 },
  { id: "store/waiters", sizes: waiters, slope: 0.05 },
  { id: "lsm/put", sizes: records, slope: 0.05 },
  // Looks into up to four tables of level 0, which a small database has not yet.
  { id: "lsm/get", sizes: records, slope: 0.25 },
  { id: "lsm/waiters", sizes: waiters, slope: 0.05 },
];

test.each(laws)(
  "$id allocates no more where there is more",
  ({ id, sizes, slope }) => {
    const output = execFileSync(process.execPath, [...flags, program, id, ...sizes.map(String)], { encoding: "utf8" });
    const bytes = JSON.parse(output) as number[]; // see allocation-run.ts
    const power = logLogSlope(sizes.map((size, index) => ({ size, cost: bytes[index] ?? Number.NaN })));
    expect(power, output).toBeLessThan(slope);
  },
  600_000,
);
