import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { openWal, type WalOptions } from "../src/index.js";
import { bytesOf, textOf } from "./log-law.js";

const small = { preallocateBytes: 0, prepareSegments: false, mergeBytes: 64 } satisfies Partial<WalOptions>;
const records = Array.from({ length: 20 }, (_, index) => `record ${index + 1} of a run that was killed`);

/** Records that the system has and no barrier covers: more of them than an open would gather. */
async function killedRun(): Promise<CrashFs> {
  const fs = new CrashFs();
  const log = await openWal({ directory: new Directory(fs), ...small });
  for (const record of records) log.append(bytesOf(record));
  log.write();
  fs.processCrash();
  return fs;
}

test.each(["salvage", "recover"] as const)(
  "what an open of mode %s could read survives the loss of power behind it",
  async (mode) => {
    const fs = await killedRun();
    const log = await openWal({ directory: new Directory(fs), ...small, mode });
    expect(log.durableLsn).toBe(records.length);
    fs.crash("worst");
    const again = await openWal({ directory: new Directory(fs), ...small });
    expect([...again.read()].map(({ payload }) => textOf(payload))).toEqual(records);
    await again.close();
  },
);
