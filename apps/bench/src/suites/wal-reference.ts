import type { Wal } from "@holdfast/wal";
import type { Part } from "../suite.js";
import type { AsyncContestant } from "../workload.js";
import { referenceRows } from "./reference-rows.js";
import { barriersIn, inDirectory, newLog, newRecord, recordBytes } from "./wal-workloads.js";

const BATCH = 100;

/** The log beside the write-ahead log of the Rust crate durability. */
export const walReferencePart: Part = {
  name: "wal-reference",
  isReference: true,
  measure: (options) =>
    inDirectory((path) => {
      const count = options.quick ? 50_000 : 500_000;
      const barriers = barriersIn(options.quick ? 20 : 100, path);
      const growing =
        "it syncs a file that grows and the names of its directory, by opening both; ours has zeros ahead";
      return referenceRows(options, "durability", [
        {
          workload: "log-append",
          says: "128 B append, buffered, a write each 64 KiB",
          count,
          ours: (root) => withLog(root, count, (log) => appendAll(log, count)),
        },
        {
          workload: "log-durable",
          says: "128 B durable append, one at a time",
          note: growing,
          count: barriers,
          ours: (root) =>
            withLog(root, barriers, (log) => {
              for (let index = 0; index < barriers; index += 1) {
                log.append(record);
                log.syncBlocking();
              }
            }),
        },
        {
          workload: "log-batches",
          says: "batch of 100, each durable",
          note: growing,
          count: barriers * BATCH,
          ours: (root) =>
            withLog(root, barriers * BATCH, (log) => {
              for (let index = 0; index < barriers; index += 1) {
                log.appendBatch(hundred);
                log.syncBlocking();
              }
            }),
        },
        {
          workload: "log-replay",
          says: "replay of 128 B records, verified, each a copy or a view of its own",
          count,
          behind: "log-append",
          ours: (root) => replay(root, count),
        },
      ]);
    }),
};

const record = newRecord();
const hundred = Array.from({ length: BATCH }, () => newRecord());

function appendAll(log: Wal, count: number): void {
  for (let index = 0; index < count; index += 1) log.append(record);
  log.write();
}

function withLog(root: string, operations: number, work: (log: Wal) => void): AsyncContestant {
  return {
    name: "wal",
    operations,
    async prepare() {
      const { log, dispose } = await newLog(root);
      return { run: () => work(log), dispose };
    },
  };
}

function replay(root: string, operations: number): AsyncContestant {
  return {
    name: "wal",
    operations,
    async prepare() {
      const { log, dispose } = await newLog(root);
      appendAll(log, operations);
      return {
        run() {
          let bytes = 0;
          for (const { payload } of log.read()) bytes += payload.length;
          if (bytes !== operations * recordBytes) throw new Error(`replayed ${bytes} bytes`);
        },
        dispose,
      };
    },
  };
}
