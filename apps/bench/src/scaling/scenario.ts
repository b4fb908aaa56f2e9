import type { SeamCounts } from "./counting-fs.js";
import type { Disk } from "./disk.js";

/** What is there, and of what its size is the number. */
export type SizeOf = "records" | "streams" | "waiters";

/** Work whose cost is asked for, at one size. */
export interface Work {
  /** Operations that `run` does: costs are for one of them. */
  readonly operations: number;
  /** Where it runs, if not on the disk it was prepared on. */
  readonly disk?: Disk;
  run(): Promise<void> | void;
  /** Closes what it has opened. */
  dispose(): Promise<void>;
}

/** One operation of one package, as it grows with one thing. */
export interface Scenario {
  /** Names it for good, for example `wal/append`. */
  readonly id: string;
  /** What is done and how much is there, for people. */
  readonly workload: string;
  readonly of: SizeOf;
  prepare(disk: Disk, size: number): Promise<Work>;
}

/** For one operation. */
export interface Cost extends Readonly<SeamCounts> {
  readonly ns: number;
}

/** Runs a scenario once at one size. The disks it ran on are disposed of. */
export async function costAt(scenario: Scenario, size: number, disk: Disk): Promise<Cost> {
  const work = await scenario.prepare(disk, size);
  const { counts } = work.disk ?? disk;
  try {
    const before = { ...counts };
    const start = process.hrtime.bigint();
    await work.run();
    const ns = Number(process.hrtime.bigint() - start) / work.operations;
    const each = (name: keyof SeamCounts): number => (counts[name] - before[name]) / work.operations;
    const [calls, barriers, bytesRead, bytesWritten] = [
      each("calls"),
      each("barriers"),
      each("bytesRead"),
      each("bytesWritten"),
    ];
    return { ns, calls, barriers, bytesRead, bytesWritten };
  } finally {
    await work.dispose();
    work.disk?.dispose();
    disk.dispose();
  }
}
