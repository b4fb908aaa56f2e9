import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { logLogSlope, moreForEach } from "./slope.js";

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
  /** Bytes that each more of the size adds to one operation, at most: the slope alone does not see them beside what an operation takes anyway. */
  readonly each: number;
}

const isLong = process.env["HOLDFAST_BENCH_LONG"] === "1";
const records = isLong ? [100, 3_000, 20_000, 100_000] : [100, 3_000, 20_000];
/** From where a database has its four tables of level 0, which a get looks into. */
const gets = isLong ? [1_000, 10_000, 20_000, 100_000] : [1_000, 10_000, 20_000];
const reads = isLong ? [1_000, 5_000, 20_000, 100_000] : [1_000, 5_000, 20_000];
const streams = isLong ? [1, 100, 3_000, 10_000] : [1, 100, 3_000];
const waiters = [10, 1_000];

/**
 * What an operation allocates does not grow with what is there, with the number of streams, or with how many wait. A log looks through the names of its
 * segments for the next one, so that each of them adds to every change of segments: with 16 KiB to a segment that is a fraction of a byte for each
 * record, and with the default a thousandth of that.
 *
 * What remains between two sizes is where in a doubling they lie: an append to a store takes 13.0 to 13.8 kB with any number of waiters from 10 to 1,500, as
 * the columns of its index have just been doubled or not, and a get 1.8 to 2.2 kB with any number of records from 1,000 to 40,000, as there are one to four tables in
 * level 0. A list of all who wait, or of all tables, made for each operation, would be 8 bytes for each, and a slope of 1.
 */
const laws: readonly Law[] = [
  { id: "wal/append", sizes: records, slope: 0.05, each: 0.01 },
  { id: "wal/read", sizes: reads, slope: 0.2, each: 0.03 },
  { id: "wal/waiters", sizes: waiters, slope: 0.05, each: 0.01 },
  { id: "store/append", sizes: records, slope: 0.1, each: 0.25 },
  { id: "store/append-streams", sizes: streams, slope: 0.05, each: 0.5 },
  { id: "store/read", sizes: reads, slope: 0.1, each: 0.1 },
  { id: "store/waiters", sizes: waiters, slope: 0.05, each: 0.5 },
  { id: "lsm/put", sizes: records, slope: 0.05, each: 0.05 },
  { id: "lsm/get", sizes: gets, slope: 0.1, each: 0.05 },
  { id: "lsm/waiters", sizes: waiters, slope: 0.05, each: 0.01 },
];

test.each(laws)(
  "$id allocates no more where there is more",
  ({ id, sizes, slope, each }) => {
    const output = execFileSync(process.execPath, [...flags, program, id, ...sizes.map(String)], { encoding: "utf8" });
    const bytes = JSON.parse(output) as number[]; // see allocation-run.ts
    const points = sizes.map((size, index) => ({ size, cost: bytes[index] ?? Number.NaN }));
    expect(logLogSlope(points), output).toBeLessThan(slope);
    expect(moreForEach(points), output).toBeLessThan(each);
  },
  600_000,
);
