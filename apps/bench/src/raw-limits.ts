import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { figureOf, type Row } from "./row.js";
import type { RawLimit } from "./run-document.js";
import type { Part } from "./suite.js";
import { inDirectory } from "./suites/wal-workloads.js";
import { interleave, type Contestant } from "./workload.js";

/**
 * What this machine does at best: bare calls of Node, with nothing of ours in between. Measured before every suite, because a barrier on a shared
 * disk takes three times as long an hour later.
 */
export const rawLimitsPart: Part = {
  name: "limits",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const rounds = quick ? 1 : 5;
      return limits.map(({ id, workload, operations, of }): Row => {
        const contestant = { name: "", operations, prepare: () => of(path, operations) };
        const [timing] = interleave([contestant], { rounds, warmUps: 1, cpu: true });
        if (timing === undefined) throw new Error("one contestant has one timing");
        return { id, workload, ours: figureOf(timing) };
      });
    }),
};

/** What {@link rawLimitsPart} measured, with the bytes that each moves. */
export function rawLimitsOf(rows: readonly Row[]): RawLimit[] {
  return rows.map(({ id, workload, ours }) => ({
    id,
    workload,
    figure: ours,
    bytes: limits.find((limit) => limit.id === id)?.bytes ?? 0,
  }));
}

/** Rows whose operation is one barrier at least, and which of the limits that is. */
const bounded: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  wal: { "durable/blocking": "sync/preallocated", "durable/promise": "sync/preallocated" },
  store: { "append/durable": "sync/preallocated", "emmett/durable": "sync/preallocated" },
  "lsm-tree": { "level/put-sync": "sync/preallocated" },
};

/** The raw limit that a row cannot beat; undefined for most, which do not do one such thing for each operation. */
export function limitOfRow(suite: string, row: string): string | undefined {
  return bounded[suite]?.[row];
}

interface Limit {
  readonly id: string;
  readonly workload: string;
  readonly bytes: number;
  readonly operations: number;
  readonly of: (path: string, operations: number) => ReturnType<Contestant["prepare"]>;
}

const kiB = 1024;
const miB = 1024 * kiB;

const limits: readonly Limit[] = [
  {
    id: "write/4k",
    workload: "write of 4 KiB behind the last one, with the system",
    bytes: 4 * kiB,
    operations: 4_000,
    of: (path, operations) => writes(path, { operations, bytes: 4 * kiB, synced: false, zeros: false }),
  },
  {
    id: "write/1m",
    workload: "write of 1 MiB behind the last one, with the system",
    bytes: miB,
    operations: 32,
    of: (path, operations) => writes(path, { operations, bytes: miB, synced: false, zeros: false }),
  },
  {
    id: "sync/growing",
    workload: "write of 4 KiB and fdatasync, in a file that grows",
    bytes: 4 * kiB,
    operations: 100,
    of: (path, operations) => writes(path, { operations, bytes: 4 * kiB, synced: true, zeros: false }),
  },
  {
    id: "sync/preallocated",
    workload: "write of 4 KiB and fdatasync, over zeros that are there",
    bytes: 4 * kiB,
    operations: 100,
    of: (path, operations) => writes(path, { operations, bytes: 4 * kiB, synced: true, zeros: true }),
  },
  {
    id: "copy/1m",
    workload: "copy of 1 MiB from buffer to buffer",
    bytes: miB,
    operations: 200,
    of: (_, operations) => {
      const [from, to] = [filled(miB), filled(miB)];
      return {
        run() {
          for (let index = 0; index < operations; index += 1) to.set(from);
        },
      };
    },
  },
  {
    id: "crc32/64k",
    workload: "CRC-32 of 64 KiB, zlib's",
    bytes: 64 * kiB,
    operations: 1_000,
    of: (_, operations) => {
      const bytes = filled(64 * kiB);
      return {
        run() {
          let sum = 0;
          for (let index = 0; index < operations; index += 1) sum = crc32(bytes, sum);
          if (sum === 0) throw new Error("the checksum of so many bytes is not 0");
        },
      };
    },
  },
];

interface Writing {
  readonly operations: number;
  readonly bytes: number;
  readonly synced: boolean;
  readonly zeros: boolean;
}

function writes(path: string, { operations, bytes, synced, zeros }: Writing): ReturnType<Contestant["prepare"]> {
  const file = join(path, "limit");
  const fd = openSync(file, "w");
  if (zeros) writeSync(fd, new Uint8Array(operations * bytes));
  fsyncSync(fd);
  const chunk = filled(bytes);
  return {
    run() {
      for (let index = 0; index < operations; index += 1) {
        writeSync(fd, chunk, 0, bytes, index * bytes);
        if (synced) fdatasyncSync(fd);
      }
    },
    dispose() {
      closeSync(fd);
      rmSync(file);
    },
  };
}

function filled(length: number): Uint8Array {
  return new Uint8Array(length).fill(0x61);
}
