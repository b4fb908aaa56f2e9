// The same list as reference-weaknesses.test, where it is not one of the numbers 17.1 to 17.13 alone: what the reference does wrong by
// the section that says so, and 17.14 to 17.16. Each fails when the weakness is put into this log.
import { crashMatrix } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, type Wal, type WalOptions } from "../src/index.js";
import { openRecordLog, openRecordLogReader } from "../src/record-log-entry.js";
import {
  bytesOf,
  copyOf,
  demandLaw,
  demandPrefix,
  listed,
  readInEveryMode,
  recoverAndAppend,
  small,
  textsOf,
} from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const named = (count: number): string[] => Array.from({ length: count }, (_, index) => record(String(index + 1)));
const large: Partial<WalOptions> = { ...small, segmentBytes: 64 * 1024 };
const refusal = (code: string): unknown => expect.objectContaining({ code });

function filesOf(directory: Directory, ending: string): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(ending));
}

function fill(log: Wal, count: number): void {
  for (const each of named(count)) log.append(bytesOf(each));
}

describe("8 the writer", () => {
  test.each([
    ["write:*.seg n1 EIO", (log: Wal) => log.write()],
    ["sync:*.seg n1 EIO", (log: Wal) => log.syncBlocking()],
  ])("behind a failure (%s) nothing succeeds, and nothing that is lost is counted", async (plan, fail) => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const log = await openWal({ directory: new Directory(fs), ...large });
    await log.appendDurable(bytesOf(record("1")));
    log.append(bytesOf(record("2")));
    fs.plan.arm(plan);
    expect(() => fail(log)).toThrowError(refusal("FS_IO"));
    for (let again = 0; again < 2; again += 1) {
      await expect(log.sync()).rejects.toEqual(refusal("WAL_POISONED"));
      await expect(log.appendDurable(bytesOf("3"))).rejects.toEqual(refusal("WAL_POISONED"));
      expect(() => log.write()).toThrowError(refusal("WAL_POISONED"));
    }
    expect(log.durableLsn).toBe(1);
    await log.close();
    const records = await readInEveryMode(memory.snapshot(), large);
    expect(records).toEqual(listed(named(2)).slice(0, plan.startsWith("write") ? 1 : 2));
  });

  test("a write that is made again after a full disk gives no record twice, and no LSN", async () => {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const log = await openWal({ directory: new Directory(fs), ...large });
    fill(log, 3);
    for (const fault of ["ENOSPC", "torn 72 ENOSPC", "torn 100 ENOSPC"]) {
      fs.plan.arm(`write:*.seg n1 ${fault}`);
      await expect(log.sync()).rejects.toEqual(refusal("WAL_NO_SPACE"));
    }
    expect(await log.sync()).toBe(3);
    expect(log.append(bytesOf(record("4")))).toBe(4);
    await log.close();
    expect(await readInEveryMode(memory.snapshot(), large)).toEqual(listed(named(4)));
  });

  test("a segment ages in a log that was opened again as in a new one", async () => {
    let now = 0;
    const directory = new Directory(new MemoryFs());
    const options = { directory, ...large, maxSegmentAgeMs: 10, now: () => now };
    for (let run = 0; run < 2; run += 1) {
      const log = await openWal(options);
      log.append(bytesOf("a"));
      now += 9;
      log.append(bytesOf("b"));
      expect(log.stats().rotations).toBe(0);
      now += 1;
      log.append(bytesOf("c"));
      expect(log.stats().rotations).toBe(1);
      await log.close();
    }
  });

  test("the caller's policy and buffer hold for a log that was opened again", async () => {
    const directory = new Directory(new MemoryFs());
    for (let run = 1; run <= 3; run += 1) {
      const options = { ...large, bufferBytes: 64, syncPolicy: { kind: "every", appends: 1 } } as const;
      const log = await openWal({ directory, ...options });
      const lsn = log.append(bytesOf(record("a")));
      expect(lsn).toBe(2 * run - 1);
      await log.whenDurable(lsn);
      log.append(new Uint8Array(500)); // larger than the buffer, which never holds more than one such record
      expect(log.stats().bufferedBytes).toBeLessThanOrEqual(544);
      await log.close();
    }
  });
});

describe("10 and 11 what reads and what prunes", () => {
  test("no record is handed out of a segment that does not continue the one before", async () => {
    const fs = new MemoryFs();
    const log = await openWal({ directory: new Directory(fs), ...small });
    fill(log, 3);
    await log.close();
    const other = copyOf(fs.snapshot());
    const ways: [Directory, string][] = [
      [new Directory(fs), "mine"],
      [other, "theirs"],
    ];
    for (const [directory, name] of ways) {
      const more = await openWal({ directory, ...small });
      for (let each = 0; each < 4; each += 1) more.append(bytesOf(record(name)));
      await more.close();
    }
    const directory = new Directory(fs);
    const own = filesOf(directory, ".seg");
    const strange = filesOf(other, ".seg").at(-1) as string;
    directory.remove(own.at(-1) as string);
    directory.writeFile(strange, other.readFile(strange));
    const read: string[] = [];
    expect(() => {
      for (const { payload } of openWalReader({ directory }).read()) read.push(new TextDecoder().decode(payload));
    }).toThrowError(refusal("WAL_CORRUPT"));
    expect(read.filter((each) => each.startsWith("theirs"))).toEqual([]);
  });

  test("a veto ends a prune and a publish, and leaves no hole behind it", async () => {
    const asked: number[] = [];
    const mayPrune = ({ firstLsn }: { firstLsn: number }): boolean => (asked.push(firstLsn), firstLsn !== 3);
    const fs = new MemoryFs();
    const log = await openWal({ directory: new Directory(fs), ...small, mayPrune });
    fill(log, 8);
    expect([await log.prune(7), log.firstLsn]).toEqual([2, 3]);
    await log.checkpoint(bytesOf("seven"), { lsn: 7 });
    expect([await log.publish(bytesOf("eight")), log.firstLsn]).toEqual([0, 3]);
    expect(new Set(asked)).toEqual(new Set([1, 2, 3]));
    await log.close();
    expect(await readInEveryMode(fs.snapshot(), small)).toEqual(listed(named(8), 3));
  });

  test("a last segment with zeros ahead, or a torn end, keeps nobody from pruning and publishing", async () => {
    const disk = new CrashFs();
    const directory = new Directory(disk);
    const options = { ...small, preallocateBytes: 4096 };
    const log = await openWal({ directory, ...options });
    fill(log, 5);
    await log.sync();
    await log.checkpoint(bytesOf("three"), { lsn: 3 });
    expect(await log.publish(bytesOf("four"), { lsn: 4 })).toBe(3);
    log.append(bytesOf(record("6")));
    log.write();
    disk.processCrash();
    const file = filesOf(directory, ".seg").at(-1) as string;
    const bytes = directory.readFile(file);
    directory.writeFile(file, bytes.fill(0xee, bytes.length - 40));
    const again = await openWal({ directory, ...options });
    expect(await again.publish(bytesOf("five"), { lsn: 5 })).toBe(1);
    expect(again.firstLsn).toBe(5);
    await again.close();
  });
});

describe("13 and 14 publishing and recovering", () => {
  test("checkpoints that no generation needs are gone, durably", async () => {
    const disk = new CrashFs();
    const log = await openWal({ directory: new Directory(disk), ...small });
    for (let lsn = 1; lsn <= 6; lsn += 1) {
      log.append(bytesOf(record(String(lsn))));
      await log.publish(bytesOf(String(lsn)));
    }
    disk.crash("best");
    const files = filesOf(new Directory(disk), ".ckpt");
    expect(files).toEqual([5, 6].map((lsn) => `${String(lsn).padStart(20, "0")}.ckpt`));
  });

  test("damage behind a point in time is no business of whoever reads up to it", async () => {
    const fs = new MemoryFs();
    const log = await openWal({ directory: new Directory(fs), ...small });
    for (const each of named(9)) await log.appendDurable(bytesOf(each));
    await log.checkpoint(bytesOf("two"), { lsn: 2 });
    await log.close();
    const directory = copyOf(fs.snapshot());
    const file = filesOf(directory, ".seg")[6] as string; // of record 7
    const bytes = directory.readFile(file);
    directory.writeFile(file, bytes.fill(0xee, 100, 104));
    const again = await openWal({ directory, ...small });
    expect(again.latestCheckpoint({ upTo: 5 }).checkpoint?.lsn).toBe(2);
    expect([...again.read({ from: 3, to: 6 })].map(({ lsn }) => lsn)).toEqual([3, 4, 5, 6]);
    expect(() => [...again.read({ from: 3, to: 7 })]).toThrowError(refusal("WAL_CORRUPT"));
    await again.close();
  });
});

test("15 an error says where: file, segment, offset and LSN", async () => {
  const fs = new MemoryFs();
  const log = await openWal({ directory: new Directory(fs), ...large });
  fill(log, 4);
  await log.close();
  const directory = copyOf(fs.snapshot());
  const file = filesOf(directory, ".seg")[0] as string;
  const bytes = directory.readFile(file);
  bytes[64 + 2 * 72 + 40] = 0xee; // in the third record
  directory.writeFile(file, bytes);
  const context = expect.objectContaining({ file, segmentId: 1, offset: 64 + 2 * 72, lsn: 3 });
  expect(() => openWalReader({ directory })).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT", context }));
});

describe("17.11 and 17.15 names of files", () => {
  test("an old file under a new number is refused, and never read", async () => {
    const fs = new MemoryFs();
    const log = await openWal({ directory: new Directory(fs), ...small });
    fill(log, 4);
    await log.close();
    const directory = copyOf(fs.snapshot());
    const [first] = filesOf(directory, ".seg") as [string];
    directory.rename(first, `${"9".padStart(20, "0")}-${first.slice(21)}`); // what a crash between a rename and a cut leaves there
    await expect(openWal({ directory, ...small })).rejects.toEqual(refusal("WAL_FOREIGN_SEGMENT"));
    expect(() => openWalReader({ directory })).toThrowError(refusal("WAL_FOREIGN_SEGMENT"));
  });

  test("one number has one name: another one for it is nobody's, or is refused", async () => {
    const fs = new MemoryFs();
    const log = await openWal({ directory: new Directory(fs), ...small });
    fill(log, 4);
    await log.close();
    const [, second] = filesOf(new Directory(fs), ".seg") as [string, string];
    const nonce = second.slice(21);
    for (const alias of [`2-${nonce}`, `+${second.slice(1)}`, `0${second}`, second.toUpperCase(), `${second}.seg`]) {
      const directory = copyOf(fs.snapshot());
      directory.writeFile(alias, directory.readFile(second));
      expect(textsOf(openWalReader({ directory })), alias).toEqual(listed(named(4)));
    }
    const directory = copyOf(fs.snapshot());
    directory.writeFile(`${second.slice(0, 21)}00000000.seg`, directory.readFile(second));
    expect(() => openWalReader({ directory })).toThrowError(refusal("WAL_FOREIGN_SEGMENT"));
  });
});

test("17.12 of a batch that was cut anywhere, all records are there or none", async () => {
  const fs = new MemoryFs();
  const log = await openWal({ directory: new Directory(fs), ...large });
  log.append(bytesOf("one"));
  log.appendBatch(named(10).map(bytesOf));
  log.write();
  const whole = copyOf(fs.snapshot());
  const file = filesOf(whole, ".seg")[0] as string;
  const bytes = whole.readFile(file);
  const counts = new Set<number>();
  for (let length = 64; length <= bytes.length; length += 1) {
    const directory = copyOf(fs.snapshot());
    directory.remove(file);
    directory.writeFile(file, bytes.subarray(0, length));
    counts.add(textsOf(openWalReader({ directory })).length);
  }
  expect(counts).toEqual(new Set([0, 1, 11]));
  await log.close();
});

describe("17.14 the record log", () => {
  const name = "events";

  async function killed(count: number): Promise<MemoryFs> {
    const fs = new MemoryFs();
    const log = await openRecordLog({ directory: new Directory(fs), name, preallocateBytes: 0 });
    for (let lsn = 1; lsn <= count; lsn += 1) log.append(bytesOf(record(String(lsn))));
    log.write();
    const copy = new MemoryFs({ image: fs.snapshot() });
    new Directory(copy).remove(`${name}.lock`);
    await log.close();
    return copy;
  }

  test("has a lock, and ids", async () => {
    const directory = new Directory(new MemoryFs());
    const log = await openRecordLog({ directory, name });
    expect([log.append(bytesOf("a")), log.append(bytesOf(""))]).toEqual([1, 2]);
    await expect(openRecordLog({ directory, name })).rejects.toEqual(refusal("FS_LOCKED"));
    await log.close();
    const again = await openRecordLog({ directory, name });
    expect(again.append(bytesOf("c"))).toBe(3);
    expect(textsOf(again as unknown as Wal)).toEqual(["1:a", "2:", "3:c"]);
    await again.close();
  });

  test("zeros behind its end are no records", async () => {
    const fs = await killed(1);
    const directory = new Directory(fs);
    directory.writeFile(name, Uint8Array.from([...directory.readFile(name), ...new Uint8Array(4096)]));
    expect(openRecordLogReader({ directory, name }).lastLsn).toBe(1);
    const log = await openRecordLog({ directory, name });
    expect([log.lastLsn, log.report.dropped]).toEqual([1, []]);
    await log.close();
  });

  test("a record behind a torn one is there, wherever that was torn", async () => {
    const fs = await killed(3);
    const bytes = new Directory(fs).readFile(name);
    for (let cut = 1; cut <= 72; cut += 1) {
      const directory = new Directory(new MemoryFs({ image: fs.snapshot() }));
      directory.remove(name);
      directory.writeFile(name, bytes.subarray(0, bytes.length - cut));
      const log = await openRecordLog({ directory, name });
      expect(log.append(bytesOf("more")), `cut ${cut}`).toBe(3);
      await log.close();
      const wanted = [...listed(named(2)), "3:more"];
      expect([...openRecordLogReader({ directory, name }).read()].map(({ lsn }) => lsn)).toEqual([1, 2, 3]);
      const again = await openRecordLog({ directory, name, mode: "strict" });
      expect(textsOf(again as unknown as Wal), `cut ${cut}`).toEqual(wanted);
      await again.close();
    }
  });

  test("a beginning that a crash has torn keeps nobody from writing", async () => {
    const report = await crashMatrix({
      name: "the first open of a record log",
      workload: async (directory, run) => {
        const log = await openRecordLog({ directory, name, preallocateBytes: 0 });
        run.ack("lsn", await log.appendDurable(bytesOf("1")));
      },
      recover: async (directory) => {
        const log = await openRecordLog({ directory, name, preallocateBytes: 0 });
        const { lastLsn } = log;
        const next = await log.appendDurable(bytesOf("next"));
        await log.close();
        return { lastLsn, next };
      },
      check: ({ lastLsn, next }, { acks }) => lastLsn >= acks.length && next === lastLsn + 1,
      strategy: { kind: "exhaustive", limit: 512 },
      nested: 0,
    });
    expect(report.recoveries).toBeGreaterThan(10);
  });

  test("behind a failure nothing succeeds", async () => {
    const fs = new FaultFs(new MemoryFs());
    const log = await openRecordLog({ directory: new Directory(fs), name });
    log.append(bytesOf("a"));
    fs.plan.arm(`sync:${name} n1 EIO`);
    await expect(log.sync()).rejects.toEqual(refusal("FS_IO"));
    await expect(log.sync()).rejects.toEqual(refusal("WAL_POISONED"));
    expect(() => log.append(bytesOf("b"))).toThrowError(refusal("WAL_POISONED"));
    await log.close();
  });
});

describe("17.16 what judges a crash knows what was appended, and does not ask the log", () => {
  const history = named(3);

  test.each([
    ["sync:*.seg every 1 droppedSync", 'await handle.sync("data")'],
    ["syncNames:* every 1 droppedSync", "await directory.syncNames()"],
  ])("a log whose barriers do nothing (%s) is found out", async (lie, missing) => {
    const matrix = crashMatrix({
      name: "a lie",
      workload: async (directory, run) => {
        const log = await openWal({ directory: new Directory(new FaultFs(directory.fs, lie)), ...small });
        for (const each of history) run.ack("lsn", await log.appendDurable(bytesOf(each)));
      },
      recover: (directory) => recoverAndAppend(directory, small),
      check: (recovered, context) => demandLaw(recovered, history, context),
      strategy: { kind: "levels", level: 0 },
      nested: 0,
    });
    await expect(matrix).rejects.toMatchObject({
      code: "CRASH_TEST_FAILED",
      message: expect.stringContaining(`Fix: ${missing}`),
    });
  });

  test("records that are missing, others', or out of place are not let pass", () => {
    const right = listed(history);
    const demand = (records: readonly string[]) => () => demandPrefix(records, history, { acked: 2 });
    expect(demand(right)).not.toThrowError();
    expect(demand(right.slice(0, 2))).not.toThrowError();
    expect(demand(right.slice(0, 1))).toThrowError("2 was acknowledged");
    expect(demand([])).toThrowError("2 was acknowledged");
    expect(demand(right.slice(1))).toThrowError("begins with LSN 2");
    expect(demand([right[0] as string, right[2] as string])).toThrowError("read");
    expect(demand([...right, "4:never"])).toThrowError("read");
  });
});
