// What an operation costs, as a log, a store or a database grows: counted in calls of the file system, barriers and bytes, never timed. A law is a slope on
// two logarithmic axes, 0 for a cost that does not depend on size and 1 for one in proportion to it, and a bound at the largest size.
import { beforeAll, describe, expect, test } from "vitest";
import type { SeamCounts } from "./counting-fs.js";
import { memoryDisk } from "./disk.js";
import { costAt, type Cost } from "./scenario.js";
import { logLogSlope, moreForEach } from "./slope.js";
import { smallSegmentBytes, testedScenarios } from "./tested-scenarios.js";

interface Law {
  readonly count: keyof SeamCounts;
  /** Of the cost of one operation. */
  readonly slope: { readonly least: number; readonly most: number };
  /** For one operation, at the largest size. */
  readonly most: (size: number) => number;
  /** What each more of the size adds, at most: what is done for each of it cannot hide behind what is done once. Default: not stated. */
  readonly each?: number;
}

interface Laws {
  readonly id: string;
  readonly sizes: readonly number[];
  readonly laws: readonly Law[];
}

const isLong = process.env["HOLDFAST_BENCH_LONG"] === "1";
const records = isLong ? [100, 1_000, 10_000, 100_000] : [100, 1_000, 10_000];
/** A hundred events are read at once, with one read. */
const reads = isLong ? [1_000, 10_000, 100_000] : [1_000, 3_000, 10_000];
const streams = isLong ? [1, 100, 1_000, 10_000] : [1, 100, 10_000];
const waiters = [1, 10, 100, 1_000];

/** The same at every size. Segments begin and tables are written now and then, and the last one is not full: that is what is left to a slope. */
function flat(count: keyof SeamCounts, most: number): Law {
  return { count, slope: { least: -0.06, most: 0.06 }, most: () => most };
}

/** Never done, at any size. */
function none(count: keyof SeamCounts): Law {
  return { count, slope: { least: 0, most: 0 }, most: () => 0 };
}

/** Grows with the size at most, by so much for each of it at most, on top of what an empty one costs. It is not the sum alone that is held to it. */
function linear(count: keyof SeamCounts, each: number, base: number, least = 0): Law {
  return { count, slope: { least, most: 1.05 }, most: (size) => base + each * size, each };
}

/** Does not grow in proportion, whatever it begins with. */
function bounded(count: keyof SeamCounts, slope: number, most: number): Law {
  return { count, slope: { least: -1, most: slope }, most: () => most };
}

/** Shared by all who wait: each of them has a part of one. */
function shared(count: keyof SeamCounts, least: number, most: number): Law {
  return { count, slope: { least, most: -0.8 }, most: (size) => most / size };
}

const RECORD = 160; // 128 bytes and their frame
const EVENT = 344; // a record of 312 bytes and its frame
const ENTRY = 168; // of 116 bytes, as a record of the log
const SEGMENT_RECORDS = Math.floor(smallSegmentBytes / RECORD);
const TABLE_RECORDS = 55; // of 4 KiB, compressed
const SEGMENT_EVENTS = Math.floor(smallSegmentBytes / EVENT);

const table: readonly Laws[] = [
  // The log. A write for each buffer or segment, a barrier and a write for each durable append, whatever is there; zeros ahead at most double the bytes.
  {
    id: "wal/append",
    sizes: records,
    laws: [flat("calls", 0.05), flat("bytesWritten", 2.1 * RECORD), none("bytesRead"), none("barriers")],
  },
  {
    id: "wal/durable",
    sizes: records,
    laws: [flat("calls", 2.1), flat("barriers", 1.02), flat("bytesWritten", 2.1 * RECORD), none("bytesRead")],
  },
  {
    id: "wal/waiters",
    sizes: waiters,
    laws: [shared("barriers", -1.02, 1.02), shared("calls", -1.02, 5), none("bytesRead")],
  },
  // An open reads the header of each segment, and the frames of the last ones.
  {
    id: "wal/open",
    sizes: records,
    laws: [
      linear("calls", 4.1 / SEGMENT_RECORDS, 30),
      flat("barriers", 2),
      bounded("bytesRead", 0.3, 4 * smallSegmentBytes),
      flat("bytesWritten", 256),
    ],
  },
  {
    id: "wal/read",
    sizes: records,
    laws: [flat("calls", 0.04), flat("bytesRead", 1.05 * RECORD), none("bytesWritten")],
  },
  { id: "wal/read-last", sizes: records, laws: [flat("calls", 4), bounded("bytesRead", 0, smallSegmentBytes)] },
  // A recovery reads the tail that is not proven, writes it once more, and leaves what is sealed alone.
  {
    id: "wal/recovery",
    sizes: records,
    laws: [
      linear("calls", 4.1 / SEGMENT_RECORDS, 80),
      flat("barriers", 3),
      flat("bytesRead", 5 * smallSegmentBytes),
      flat("bytesWritten", 1.1 * 100 * RECORD),
    ],
  },
  {
    id: "wal/recovery-tail",
    sizes: records,
    laws: [
      bounded("calls", 0.2, 80),
      flat("barriers", 3),
      linear("bytesRead", 2.2 * RECORD, 400_000),
      linear("bytesWritten", 1.02 * RECORD, 1_000, 0.95),
    ],
  },
  // The store. Its index is in memory, so an append asks nothing of what is there, in however many streams. Where nobody asks for a barrier, the log makes
  // one for 16 segments.
  {
    id: "store/append",
    sizes: records,
    laws: [flat("calls", 1.2), flat("bytesWritten", 2.2 * EVENT), none("bytesRead"), flat("barriers", 0.02)],
  },
  {
    id: "store/append-streams",
    sizes: streams,
    laws: [flat("calls", 1.2), flat("bytesWritten", 2.2 * EVENT), none("bytesRead"), flat("barriers", 0.02)],
  },
  {
    id: "store/durable",
    sizes: records,
    laws: [flat("calls", 2.3), flat("barriers", 1.05), flat("bytesWritten", 2.2 * EVENT), none("bytesRead")],
  },
  {
    id: "store/waiters",
    sizes: waiters,
    laws: [shared("barriers", -1.02, 1.02), shared("calls", -1.02, 8), none("bytesRead")],
  },
  // An open reads a footer for each segment: less than half of what the events take, with segments as small as these.
  {
    id: "store/open",
    sizes: records,
    laws: [
      linear("calls", 9.1 / SEGMENT_EVENTS, 50),
      flat("barriers", 2),
      linear("bytesRead", EVENT / 2, 40_000),
      flat("bytesWritten", 256),
    ],
  },
  {
    id: "store/read",
    sizes: reads,
    laws: [bounded("calls", 0.1, 1.05), bounded("bytesRead", 0.1, 5_000), none("bytesWritten")],
  },
  {
    id: "store/scan",
    sizes: records,
    laws: [bounded("calls", 0, 0.09), bounded("bytesRead", 0, 1.2 * EVENT), none("bytesWritten")],
  },
  {
    id: "store/recovery",
    sizes: records,
    laws: [
      linear("calls", 9.1 / SEGMENT_EVENTS, 100),
      flat("barriers", 3),
      linear("bytesRead", EVENT / 2, 250_000),
      flat("bytesWritten", 1.1 * 100 * EVENT),
    ],
  },
  {
    id: "store/recovery-tail",
    sizes: records,
    laws: [
      bounded("calls", 0.2, 120),
      flat("barriers", 3),
      linear("bytesRead", 3.2 * EVENT, 400_000),
      linear("bytesWritten", 1.02 * EVENT, 1_000, 0.95),
    ],
  },
  // The database. A put is a write of the log; what is done behind it grows with the number of levels alone.
  { id: "lsm/put", sizes: records, laws: [flat("calls", 1.05), none("bytesRead"), none("barriers")] },
  { id: "lsm/load", sizes: records, laws: [bounded("calls", 0.5, 0.2), bounded("bytesWritten", 0.1, 4 * ENTRY)] },
  { id: "lsm/durable", sizes: records, laws: [flat("calls", 2.05), flat("barriers", 1.02), none("bytesRead")] },
  {
    id: "lsm/waiters",
    sizes: waiters,
    laws: [shared("barriers", -1.02, 1.02), shared("calls", -1.05, 5), none("bytesRead")],
  },
  // An open reads the manifest and the end of the log, with up to 64 KiB of zeros behind it, and no table.
  {
    id: "lsm/open",
    sizes: records,
    laws: [bounded("calls", 0.15, 150), bounded("barriers", 0.06, 9), bounded("bytesRead", 0.6, 60_000)],
  },
  // It looks at the length of every table, and the manifest names each a few times.
  {
    id: "lsm/open-tables",
    sizes: records,
    laws: [linear("calls", 1.2 / TABLE_RECORDS, 130), linear("bytesRead", 260 / TABLE_RECORDS, 20_000)],
  },
  { id: "lsm/get", sizes: records, laws: [bounded("calls", 0.1, 1), bounded("bytesRead", 0.1, 1_024)] },
  { id: "lsm/scan", sizes: records, laws: [bounded("calls", 0, 0.05), flat("bytesRead", 116)] },
  {
    id: "lsm/recovery",
    sizes: records,
    laws: [
      bounded("calls", 0.15, 250),
      flat("barriers", 9),
      bounded("bytesRead", 0.2, 400_000),
      bounded("bytesWritten", 0.2, 80_000),
    ],
  },
  {
    id: "lsm/recovery-tail",
    sizes: records,
    laws: [
      bounded("calls", 0.15, 200),
      flat("barriers", 9),
      linear("bytesRead", 2.2 * ENTRY, 900_000),
      linear("bytesWritten", 1.02 * ENTRY, 2_000, 0.9),
    ],
  },
];

test("there are laws of every scenario that is tested", () => {
  expect(table.map(({ id }) => id).toSorted()).toEqual(testedScenarios.map(({ id }) => id).toSorted());
});

describe.each(table)("$id", ({ id, sizes, laws }) => {
  const costs: { readonly size: number; readonly cost: Cost }[] = [];

  beforeAll(async () => {
    const scenario = testedScenarios.find((each) => each.id === id);
    if (scenario === undefined) throw new Error(`no scenario ${id}`);
    for (const size of sizes) costs.push({ size, cost: await costAt(scenario, size, memoryDisk()) });
  }, 600_000);

  test.each(laws)("$count", ({ count, slope, most, each = Infinity }) => {
    const points = costs.map(({ size, cost }) => ({ size, cost: cost[count] }));
    const found = JSON.stringify(points);
    const last = points.at(-1);
    expect(last?.cost, found).toBeLessThanOrEqual(most(last?.size ?? 0));
    expect(moreForEach(points), found).toBeLessThanOrEqual(each);
    const power = logLogSlope(points);
    expect(power, found).toBeGreaterThanOrEqual(slope.least);
    expect(power, found).toBeLessThanOrEqual(slope.most);
  });
});
