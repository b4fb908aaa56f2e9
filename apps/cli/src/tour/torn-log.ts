import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal, WalError, type RecoveryMode } from "@holdfast/wal";
import { countText, plural } from "../terminal.js";
import { checkRecords, numberedRecord } from "./numbered-record.js";
import type { Claim } from "./tour-step.js";

/** What an open made of a log whose last record is torn. */
export interface TornOpen {
  readonly recordCount: number;
  /** Bytes that it cut off. */
  readonly droppedBytes: number;
}

/** Opens a log in the mode, or says with which code it refuses. */
export type OpenTorn = (directory: Directory, mode: RecoveryMode, seed: number) => Promise<TornOpen | string>;

const wholeRecords = 12;

/** Cuts a log at every byte of its last record: each time all records before have to stay, and the tear be named. */
export async function claimTearRecognised(seed: number, open: OpenTorn = openTorn): Promise<Claim> {
  const name = "torn-tail-is-recognised";
  const { image, file, from, to } = await unsyncedLog(seed);
  let missed = 0;
  for (let size = from + 1; size < to; size += 1) {
    const copyIn = (): Directory => {
      const directory = new Directory(new MemoryFs({ image }));
      directory.removeIfPresent("LOCK");
      const handle = directory.open(file, { mode: "write" });
      handle.truncate(size);
      handle.close();
      return directory;
    };
    const strict = await open(copyIn(), "strict", seed);
    const recovered = await open(copyIn(), "recover", seed);
    const isNamed = strict === "WAL_TORN" && typeof recovered === "object" && recovered.droppedBytes === size - from;
    if (!isNamed || recovered.recordCount !== wholeRecords) missed += 1;
  }
  const cuts = to - from - 1;
  const ok = missed === 0 && cuts > 0;
  const says = ok
    ? `a record cut off at any of its ${plural(cuts, "byte")} is recognised as a torn tail, and no record before it is touched`
    : `a torn record was mistaken for something else at ${countText(missed)} of ${plural(cuts, "cut")}`;
  return { name, ok, details: { says, cuts, missed } };
}

/** A log in memory with records that are synced, and one more that is not; where the frame of that one lies. */
async function unsyncedLog(seed: number): Promise<{
  readonly image: ReturnType<MemoryFs["snapshot"]>;
  readonly file: string;
  readonly from: number;
  readonly to: number;
}> {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const log = await openWal({ directory, preallocateBytes: 0, prepareSegments: false });
  for (let number = 1; number <= wholeRecords; number += 1) await log.appendDurable(numberedRecord(number, seed));
  const [file = ""] = directory.list().flatMap(({ name }) => (name.endsWith(".seg") ? [name] : []));
  const from = directory.stat(file).size;
  log.append(numberedRecord(wholeRecords + 1, seed));
  log.write();
  const image = fs.snapshot();
  const to = directory.stat(file).size;
  await log.close();
  return { image, file, from, to };
}

async function openTorn(directory: Directory, mode: RecoveryMode, seed: number): Promise<TornOpen | string> {
  try {
    const log = await openWal({ directory, mode, preallocateBytes: 0, prepareSegments: false });
    const { count } = checkRecords(log.read(), seed);
    const { dropped } = log.report;
    await log.close();
    return { recordCount: count, droppedBytes: dropped.reduce((sum, { bytes }) => sum + bytes, 0) };
  } catch (error) {
    if (error instanceof WalError) return error.code;
    throw error;
  }
}
