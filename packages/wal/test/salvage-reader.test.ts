// A log that begins where another one ended, and what a reader shows of one whose end is damaged.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, openWalReader, type ReaderOptions } from "../src/index.js";
import { openRecordLogReader } from "../src/record-log-entry.js";
import { bytesOf, small, textOf } from "./log-law.js";

test("a log that is created counts from `firstLsn`, and goes on from where it is whatever the next open says", async () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...small, firstLsn: 41 });
  expect([log.firstLsn, log.lastLsn, log.durableLsn]).toEqual([41, 40, 40]);
  expect(log.report).toMatchObject({ created: true, firstLsn: 41, lastLsn: 40, provenLsn: 40 });
  fs.crash("worst"); // it is durable before anything is in it
  const empty = await openWal({ directory: new Directory(fs), ...small });
  expect([empty.report.created, empty.firstLsn, empty.lastLsn]).toEqual([false, 41, 40]);
  expect(await empty.appendDurable(bytesOf("a"))).toBe(41);
  await empty.close();
  const again = await openWal({ directory: new Directory(fs), ...small, firstLsn: 7 });
  expect([...again.read()].map(({ lsn, payload }) => [lsn, textOf(payload)])).toEqual([[41, "a"]]);
  expect(again.append(bytesOf("b"))).toBe(42);
  await again.close();
});

test("a reader in salvage shows the records before damage, and says that there is some", async () => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small, segmentBytes: 4096 });
  for (const text of ["one", "two", "three"]) await log.appendDurable(bytesOf(text));
  const { file } = log.segments().at(-1)!; // a log has one
  const { offset } = log.lastPlace;
  await log.close();
  const bytes = directory.readFile(file);
  bytes[offset + 8]! ^= 1;
  directory.writeFile(file, bytes);
  expect(() => openWalReader({ directory })).toThrow(expect.objectContaining({ code: "WAL_CORRUPT" }));
  using reader = openWalReader({ directory, mode: "salvage" });
  expect([...reader.read()].map(({ payload }) => textOf(payload))).toEqual(["one", "two"]);
  expect(reader.report.damage).toContain(file);
  const wrong = { directory, name: "log", mode: "salvage" } as ReaderOptions & { name: string };
  expect(() => openRecordLogReader(wrong)).toThrow(expect.objectContaining({ code: "WAL_INVALID_OPTION" }));
});
