// A device that says a barrier has returned, and has done nothing: any single one, all of one kind, all. What was acknowledged may be
// gone then, which nothing can help. What is left of the law: whatever is read is a part of what was appended, without a gap and
// under its own LSNs, or it is refused with a code; and once barriers hold again, what they cover is there to stay.
import { crashMatrix } from "@holdfast/crash-test";
import { Directory, isFsError } from "@holdfast/fs-seam";
import type { CrashFs, CrashLevel } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { describe, expect, test } from "vitest";
import { openWal, openWalReader, WalError, type RecoveryMode, type Wal } from "../src/index.js";
import { openRecordLog, openRecordLogReader, type RecordLog } from "../src/record-log-entry.js";
import { bytesOf, copyOf, EXTRA, listed, small, textsOf } from "./log-law.js";

const isLong = process.env["WAL_LONG"] === "1";
const names = ["1", "2", "a", "b", "c", "d", "e", "f", "g"];
/** Of these, so many were there before, and count as durable. */
const had = 2;

interface Kind {
  readonly history: readonly string[];
  readonly open: (directory: Directory, mode?: RecoveryMode) => Promise<Wal | RecordLog>;
  readonly reader: (directory: Directory) => Pick<Wal, "read">;
  /** What only this kind can do. */
  readonly more: (log: Wal | RecordLog) => Promise<unknown>;
}

const short = names.map((name) => name.padEnd(40, "."));
/** Each on pages of its own, so that one may be lost and a later one be there. */
const long = names.map((name) => name.padEnd(5000, "."));

const kinds: Readonly<Record<string, Kind>> = {
  "a log": {
    history: short,
    open: (directory, mode = "recover") => openWal({ directory, ...small, mode }),
    reader: (directory) => openWalReader({ directory }),
    more: (log) => (log as Wal).publish(bytesOf("state"), { lsn: 3 }),
  },
  "a log that gathers its segments": {
    history: short,
    open: (directory, mode = "recover") => openWal({ directory, ...small, mergeBytes: 4096, mode }),
    reader: (directory) => openWalReader({ directory }),
    more: () => Promise.resolve(),
  },
  "a record log": {
    history: long,
    open: (directory, mode = "recover") =>
      openRecordLog({ directory, name: "log", bufferBytes: 8192, preallocateBytes: 0, mode }),
    reader: (directory) => openRecordLogReader({ directory, name: "log" }),
    more: () => Promise.resolve(),
  },
};

/** Two runs, the first of which is killed in the middle. */
async function program(kind: Kind, disk: CrashFs, lies: string, ack: (lsn: number) => void): Promise<number> {
  const fs = new FaultFs(disk, lies);
  const append = (log: Wal | RecordLog): number => log.append(bytesOf(kind.history[log.lastLsn] as string));
  const one = await kind.open(new Directory(fs));
  append(one);
  ack(await one.sync());
  append(one);
  append(one);
  ack(await one.sync());
  append(one);
  one.write();
  disk.processCrash();
  const two = await kind.open(new Directory(fs));
  append(two);
  ack(await two.sync());
  await kind.more(two);
  append(two);
  append(two);
  await two.close();
  ack(9);
  return fs.plan.fired;
}

interface Outcome {
  /** Undefined when it was refused. */
  readonly records: readonly string[] | undefined;
  readonly beside: readonly string[] | undefined;
  readonly salvaged: readonly string[] | undefined;
  /** LSN of what is appended then; 0 when it was refused. */
  readonly extraLsn: number;
  readonly again: readonly string[] | undefined;
  readonly atLast: readonly string[] | undefined;
}

/** What `action` reads, or undefined when it is refused with a code. */
async function orRefused(action: () => Promise<string[]> | string[]): Promise<string[] | undefined> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof WalError || isFsError(error)) return undefined;
    throw error;
  }
}

async function recover(kind: Kind, directory: Directory): Promise<Outcome> {
  const disk = directory.fs as CrashFs;
  const tree = disk.snapshot();
  const beside = await orRefused(() => textsOf(kind.reader(copyOf(tree))));
  const readAndClose = async (from: Directory, mode?: RecoveryMode): Promise<string[]> => {
    const log = await kind.open(from, mode);
    try {
      return textsOf(log);
    } finally {
      await log.close();
    }
  };
  const salvaged = await orRefused(() => readAndClose(copyOf(tree), "salvage"));
  let records: string[] | undefined;
  let extraLsn = 0;
  const again = await orRefused(async () => {
    const log = await kind.open(directory);
    try {
      records = textsOf(log);
      extraLsn = await log.appendDurable(bytesOf(EXTRA));
    } finally {
      await log.close();
    }
    return readAndClose(directory);
  });
  disk.crash("worst");
  const atLast = await orRefused(() => readAndClose(new Directory(disk)));
  return { records, beside, salvaged, extraLsn, again, atLast };
}

/** Throws unless these are records of the history, under their own LSNs and without a gap. */
function demandPart(records: readonly string[], history: readonly string[], what: string): void {
  const firstLsn = records.length === 0 ? 1 : Number.parseInt(records[0] as string, 10);
  const wanted = listed(history, firstLsn).slice(0, records.length);
  if (records.join() !== wanted.join()) throw new Error(`${what}: ${records.join()}`);
}

function demandNoLies(
  { records, beside, salvaged, extraLsn, again, atLast }: Outcome,
  history: readonly string[],
): void {
  demandPart(salvaged ?? [], history, "salvage");
  demandPart(beside ?? [], history, "the reader");
  if (records === undefined) return;
  demandPart(records, history, "recover");
  // A log that is not there is none to the reader, and an empty one to whoever creates it.
  if (records.join() !== (beside ?? []).join()) throw new Error(`${records.join()}, the reader ${String(beside)}`);
  // A log that has lost its beginning goes on counting where that ended.
  if (records.length > 0) expect(extraLsn).toBe(Number.parseInt(records.at(-1) as string, 10) + 1);
  const wanted = [...records, `${extraLsn}:${EXTRA}`].join();
  if (again?.join() !== wanted) throw new Error(`${wanted}, and then ${String(again)}`);
  if (atLast?.join() !== wanted) throw new Error(`${wanted}, and at last ${String(atLast)}`);
}

/** What was made of the disks that some lies left. */
interface Seen {
  /** Barriers that lied. */
  fired: number;
  refused: number;
  /** Accepted, without what was acknowledged. */
  shorter: number;
}

async function explore(kind: Kind, lies: string, level: CrashLevel = 1): Promise<Seen> {
  const seen: Seen = { fired: 0, refused: 0, shorter: 0 };
  const { history } = kind;
  await crashMatrix({
    name: lies,
    setup: async (directory) => {
      const log = await kind.open(directory);
      for (const each of history.slice(0, had)) await log.appendDurable(bytesOf(each));
      await log.close();
    },
    workload: async (_, run) => {
      seen.fired = await program(kind, run.fs, lies, (lsn) => run.ack("lsn", lsn));
    },
    recover: (directory) => recover(kind, directory),
    check: (outcome, { acks }) => {
      demandNoLies(outcome, history);
      const acked = Math.max(had, ...acks.map(({ data }) => Number(data)));
      const last = Number.parseInt(outcome.records?.at(-1) ?? "0", 10);
      if (outcome.records === undefined) seen.refused += 1;
      else if (last < acked) seen.shorter += 1;
    },
    strategy: { kind: "levels", level: isLong ? 3 : level },
    nested: 0,
    personalities: isLong ? ["posix", "ext4-ordered", "xfs", "btrfs"] : ["posix"],
    maxRecoveries: 1_000_000,
  });
  return seen;
}

describe.each(Object.entries(kinds))("%s", (_, kind) => {
  test("every barrier of files lies, or every barrier: acknowledged records are gone, and nothing else is read", async () => {
    for (const operations of ["sync", "sync,syncNames"]) {
      const { fired, shorter } = await explore(kind, `${operations}:* droppedSync`);
      expect(fired).toBeGreaterThan(5);
      expect(shorter).toBeGreaterThan(0);
    }
  });

  test("any one barrier lies: a later record states what is missing, and the log is refused", async () => {
    let refused = 0;
    for (let n = 1; ; n += 1) {
      const seen = await explore(kind, `sync,syncNames:* n${n} droppedSync`);
      if (seen.fired === 0) break;
      refused += seen.refused;
    }
    // With one file, a hole takes a disk that lost a part of what was pending: behind the second barrier of records here.
    if (refused === 0) ({ refused } = await explore(kind, "sync:* n4 droppedSync", 2));
    expect(refused).toBeGreaterThan(0);
  });
});

test("names that were never made durable leave a shorter log, and nothing else", async () => {
  const { fired, shorter } = await explore(kinds["a log"] as Kind, "syncNames:* droppedSync");
  expect(fired).toBeGreaterThan(5);
  expect(shorter).toBeGreaterThan(0);
});
