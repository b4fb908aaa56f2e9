import { openWal, type Wal, type WalSettings } from "@holdfast/wal";
import { newRecord } from "../suites/wal-workloads.js";
import { waitTogether } from "./waiters.js";
import type { Disk } from "./disk.js";
import type { Scenario, Work } from "./scenario.js";

const record = newRecord();
const APPENDS = 1_000;
const DURABLE_APPENDS = 100;
const ROUNDS = 10;
/** Records that no barrier covers when the process is killed, where the size is that of the rest. */
const TAIL = 100;

/**
 * What a log costs, as it grows. Records have 128 bytes.
 *
 * @param syncEvery - records for one barrier, while the log is filled: where what is durable is rarely stated, an open has to look for it.
 */
export function walScenarios(settings: WalSettings, syncEvery: number): Scenario[] {
  const open = (disk: Disk): Promise<Wal> => openWal({ directory: disk.directory, ...settings });
  const filled = async (disk: Disk, size: number): Promise<Wal> => {
    const log = await open(disk);
    await fill(log, size, syncEvery);
    return log;
  };
  const opening = (disk: Disk, last: number): Work => {
    let log: Wal | undefined;
    return {
      operations: 1,
      disk,
      async run() {
        log = await open(disk);
        if (log.lastLsn !== last) throw new Error(`opened with ${log.lastLsn} records, not ${last}`);
      },
      dispose: async () => log?.close(),
    };
  };
  return [
    {
      id: "wal/append",
      workload: "append of 128 B, buffered, a write each 64 KiB",
      of: "records",
      async prepare(disk, size) {
        const log = await filled(disk, size);
        return {
          operations: APPENDS,
          run() {
            for (let index = 0; index < APPENDS; index += 1) log.append(record);
            log.write();
          },
          dispose: () => log.close(),
        };
      },
    },
    {
      id: "wal/durable",
      workload: "durable append of 128 B, each awaited",
      of: "records",
      async prepare(disk, size) {
        const log = await filled(disk, size);
        return {
          operations: DURABLE_APPENDS,
          async run() {
            for (let index = 0; index < DURABLE_APPENDS; index += 1) await log.appendDurable(record);
          },
          dispose: () => log.close(),
        };
      },
    },
    {
      id: "wal/waiters",
      workload: "durable append of 128 B by so many who each await theirs",
      of: "waiters",
      async prepare(disk, size) {
        const log = await open(disk);
        await log.appendDurable(record);
        return {
          operations: size * ROUNDS,
          run: () => waitTogether(size, ROUNDS, () => log.appendDurable(record)),
          dispose: () => log.close(),
        };
      },
    },
    {
      id: "wal/open",
      workload: "open of a log that was closed",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        return opening(disk, size);
      },
    },
    {
      id: "wal/read",
      workload: "all records in order, verified, for one of them",
      of: "records",
      async prepare(disk, size) {
        const log = await filled(disk, size);
        return {
          operations: size,
          run() {
            let seen = 0;
            for (const { payload } of log.read()) seen += payload.length === record.length ? 1 : 0;
            if (seen !== size) throw new Error(`read ${seen} records of ${size}`);
          },
          dispose: () => log.close(),
        };
      },
    },
    {
      id: "wal/read-last",
      workload: "the last record, right behind an open",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        const log = await open(disk);
        return {
          operations: 1,
          run() {
            const [last] = log.readLast(1);
            if (last?.lsn !== size) throw new Error("the last record is not there");
          },
          dispose: () => log.close(),
        };
      },
    },
    {
      id: "wal/recovery",
      workload: `open behind a kill, ${TAIL} records without a barrier behind all that have one`,
      of: "records",
      async prepare(disk, size) {
        const log = await filled(disk, size);
        for (let index = 0; index < TAIL; index += 1) log.append(record);
        log.write();
        const left = disk.killed();
        await log.close();
        return opening(left, size + TAIL);
      },
    },
    {
      id: "wal/recovery-tail",
      workload: "open behind a kill, none of the records with a barrier",
      of: "records",
      async prepare(disk, size) {
        const log = await open(disk);
        for (let index = 0; index < size; index += 1) log.append(record);
        log.write();
        const left = disk.killed();
        await log.close();
        return opening(left, size);
      },
    },
  ];
}

async function fill(log: Wal, size: number, syncEvery: number): Promise<void> {
  for (let index = 1; index <= size; index += 1) {
    log.append(record);
    if (index % syncEvery === 0 || index === size) await log.sync();
  }
}
