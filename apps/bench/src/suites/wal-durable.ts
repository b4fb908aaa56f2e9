import { fdatasyncSync } from "node:fs";
import type { WalSettings } from "@holdfast/wal";
import { atLeast, atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant, type RoundOptions } from "../workload.js";
import { barriersIn, BareFile, framedBytes, inDirectory, newLog, newRecord } from "./wal-workloads.js";

/** One caller who waits for every barrier, against the same calls into a file whose bytes are there already. */
export const durablePart: Part = {
  name: "durable",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = barriersIn(quick ? 20 : 100, path);
      const options = { rounds: quick ? 2 : 7 };
      return [
        ...(await oneByOne(path, count, options)),
        ...(await batches(path, count / 10, options)),
        ...(await preallocation(path, count, options)),
      ];
    }),
};

async function oneByOne(path: string, count: number, options: RoundOptions): Promise<Row[]> {
  const blocking = await interleaveAsync([logBlocking("wal", path, count), bareBlocking(path, count, 1)], options);
  const promised = await interleaveAsync([logPromise(path, count), barePromise(path, count)], options);
  const [ours, bare] = blocking;
  const [oursPromised, barePromised] = promised;
  if (ours === undefined || bare === undefined || oursPromised === undefined || barePromised === undefined) return [];
  const judge = { of: "time", bar: atMost(1.1) } as const;
  return [
    compare({ id: "durable/blocking", workload: "128 B durable append, one at a time, blocking" }, ours, bare, judge),
    compare(
      { id: "durable/promise", workload: "128 B durable append, one at a time, promise" },
      oursPromised,
      barePromised,
      judge,
    ),
  ];
}

const batchRecords = 100;

async function batches(path: string, count: number, options: RoundOptions): Promise<Row[]> {
  const [batch, loop, bare] = await interleaveAsync(
    [logBatch(path, count), logLoop(path, count), bareBlocking(path, count, batchRecords)],
    options,
  );
  if (batch === undefined || loop === undefined || bare === undefined) return [];
  const judge = { of: "speed", bar: atLeast(0.6) } as const;
  return [
    compare({ id: "durable/batch", workload: "batch of 100 in one frame, each durable" }, batch, bare, judge),
    compare({ id: "durable/hundred", workload: "100 appends, then a barrier" }, loop, bare, judge),
  ];
}

async function preallocation(path: string, count: number, options: RoundOptions): Promise<Row[]> {
  const [ahead, growing] = await interleaveAsync(
    [
      logBlocking("zeros ahead", path, count),
      logBlocking("growing file", path, count, { preallocateBytes: 0, prepareSegments: false }),
    ],
    options,
  );
  if (ahead === undefined || growing === undefined) return [];
  const workload = "128 B durable append, blocking: with preallocation and without";
  const note = "what the default of `preallocateBytes` rests on.";
  return [compare({ id: "durable/preallocation", workload, note }, ahead, growing, { of: "speed" })];
}

function logBlocking(name: string, path: string, operations: number, settings?: WalSettings): AsyncContestant {
  const record = newRecord();
  return {
    name,
    operations,
    async prepare() {
      const { log, dispose } = await newLog(path, settings);
      return {
        run() {
          for (let count = 0; count < operations; count += 1) {
            log.append(record);
            log.syncBlocking();
          }
        },
        dispose,
      };
    },
  };
}

function logPromise(path: string, operations: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "wal",
    operations,
    async prepare() {
      const { log, dispose } = await newLog(path);
      return {
        async run() {
          for (let count = 0; count < operations; count += 1) await log.appendDurable(record);
        },
        dispose,
      };
    },
  };
}

function logBatch(path: string, barriers: number): AsyncContestant {
  const records = Array.from({ length: batchRecords }, () => newRecord());
  return {
    name: "wal",
    operations: barriers * batchRecords,
    async prepare() {
      const { log, dispose } = await newLog(path);
      return {
        run() {
          for (let count = 0; count < barriers; count += 1) {
            log.appendBatch(records);
            log.syncBlocking();
          }
        },
        dispose,
      };
    },
  };
}

function logLoop(path: string, barriers: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "wal",
    operations: barriers * batchRecords,
    async prepare() {
      const { log, dispose } = await newLog(path);
      return {
        run() {
          for (let count = 0; count < barriers; count += 1) {
            for (let each = 0; each < batchRecords; each += 1) log.append(record);
            log.syncBlocking();
          }
        },
        dispose,
      };
    },
  };
}

/** `records` copied into a buffer, then one write and one barrier. */
function bareBlocking(path: string, barriers: number, records: number): AsyncContestant {
  const record = newRecord(framedBytes);
  const buffer = new Uint8Array(records * framedBytes);
  return {
    name: "write and fdatasync",
    operations: barriers * records,
    async prepare() {
      const file = new BareFile(path, barriers * buffer.length);
      return {
        run() {
          for (let count = 0; count < barriers; count += 1) {
            for (let at = 0; at < buffer.length; at += framedBytes) buffer.set(record, at);
            file.write(buffer);
            fdatasyncSync(file.fd);
          }
        },
        dispose: () => file.dispose(),
      };
    },
  };
}

function barePromise(path: string, operations: number): AsyncContestant {
  const record = newRecord(framedBytes);
  return {
    name: "write and fdatasync",
    operations,
    async prepare() {
      const file = new BareFile(path, operations * framedBytes);
      return {
        async run() {
          for (let count = 0; count < operations; count += 1) {
            file.write(record);
            await file.sync();
          }
        },
        dispose: () => file.dispose(),
      };
    },
  };
}
