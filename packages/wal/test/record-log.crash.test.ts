// Every crash window of the record log, one short program each, and crashes inside the recoveries from it. What was there before
// a program counts as durable, so that few effects are pending.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { openRecordLogReader } from "../src/record-log-entry.js";
import { bytesOf } from "./log-law.js";
import { name, open } from "./record-log-law.js";
import { recordLogMatrix, recordLogWindows } from "./record-log-windows.js";

describe("the law of a record log holds at every crash point", () => {
  test.each(Object.entries(recordLogWindows))("%s, and inside recovery from it", async (title, window) => {
    const report = await recordLogMatrix(title, window, {
      strategy: { kind: "ladder", limit: 64, seed: 1, patience: 16 },
      nestedStrategy: { kind: "levels", level: 1 },
      personalities: ["posix"],
    });
    expect(report.level).toBeGreaterThanOrEqual(4);
    expect(report.recoveries).toBeGreaterThan(50);
  });

  test.each(Object.entries(recordLogWindows))("%s, on the file systems of Linux", async (title, window) => {
    const report = await recordLogMatrix(title, window, {
      strategy: { kind: "ladder", limit: 128, seed: 1, patience: 16 },
      personalities: ["ext4-ordered", "xfs", "btrfs"],
      nested: 0,
      minImages: 1,
    });
    expect(report.level).toBeGreaterThanOrEqual(4);
  });
});

test("what an open did is durable when it is open: its section, the cut, and the bytes that are kept aside", async () => {
  const disk = new CrashFs();
  const directory = new Directory(disk);
  const log = await open(directory);
  await log.appendDurable(bytesOf("a"));
  await log.close();
  const torn = bytesOf("torn".repeat(2000));
  {
    using file = directory.open(name, { mode: "append" });
    file.append(torn);
    await file.sync("full");
  }
  const { report } = await open(directory);
  expect(report).toMatchObject({ lastLsn: 1, segmentCount: 2, rewrittenRecords: 0 });
  disk.crash("worst");
  const after = openRecordLogReader({ directory: new Directory(disk), name });
  expect(after.report).toMatchObject({ lastLsn: 1, segmentCount: 2, dropped: [] });
  expect(new Directory(disk).readFile(report.asideFiles[0] as string)).toEqual(torn);
});
