// What a database tells of itself: counters that add up, stalls by the law of pressure, and events for whoever listens.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, test } from "vitest";
import { LsmLevel, lsmChannelName, openEngine, type EngineEvent, type EngineEventDetail } from "../src/index.js";
import { WriteStalls } from "../src/write-stalls.js";
import { bytes, small } from "./engine-law.js";

test("stats add up, are plain data, and say what writing cost", async () => {
  const directory = new Directory(new MemoryFs());
  await using engine = await openEngine({ ...small, cacheBytes: 100_000, directory });
  const before = engine.stats();
  expect(before).toMatchObject({ tables: 0, tableBytes: 0, memtables: { count: 1, entries: 0 } });
  expect(before.writer.amplification).toEqual({ write: undefined, space: undefined });
  for (let at = 0; at < 60; at++) await engine.put(bytes(`key ${at % 20}`), bytes(`value ${at} `.repeat(4)));
  await engine.flush();
  await engine.put(bytes("late"), bytes("x"), { rung: "data" });
  await engine.idle();
  for (let at = 0; at < 40; at++) engine.get(bytes(`key ${at % 20}`));
  using _snapshot = engine.snapshot();
  const stats = engine.stats();
  const { writer } = stats;
  const sizes = directory.list("tables").map(({ name }) => directory.stat(`tables/${name}`).size);
  expect(stats.tables).toBe(sizes.length);
  expect(stats.tableBytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  expect(stats.levels.reduce((sum, level) => sum + level.bytes, 0)).toBe(stats.tableBytes);
  expect(stats.memtables).toMatchObject({ count: 1, entries: 1 });
  expect(stats).toMatchObject({ snapshots: 1, visibleSeqno: 61 });
  expect(stats.cache.hits).toBeGreaterThan(0);
  expect(stats.reads).toBeGreaterThan(0);
  expect(writer.lastLsn).toBe(61);
  expect([writer.durableLsn, writer.flushedLsn]).toEqual([61, 60]);
  const { logBytes, flushBytes, compactionBytes } = writer.written;
  expect(logBytes).toBeGreaterThan(60 * 40);
  expect(flushBytes).toBeGreaterThan(0);
  expect(writer.compactions.bytesWritten).toBe(compactionBytes);
  expect(writer.amplification.write).toBeCloseTo((logBytes + flushBytes + compactionBytes) / logBytes, 9);
  expect(writer.amplification.space).toBeGreaterThanOrEqual(1);
  expect(writer.jobs.finished.flush).toBeGreaterThan(3);
  expect(JSON.parse(JSON.stringify(stats))).toEqual({ ...stats, writer: { ...writer, observerFailure: undefined } });
  const db = new LsmLevel({ directory: new Directory(new MemoryFs()) });
  await db.open();
  expect(db.stats().writer?.stalls).toEqual({ state: "none", delays: 0, delayMs: 0, waits: 0, waitMs: 0 });
  await db.close();
});

test("a stall is counted and told: from the first write that waits until one no longer has to", () => {
  let nowMs = 100;
  const told: EngineEventDetail[] = [];
  const stalls = new WriteStalls(
    () => nowMs,
    (detail) => told.push(detail()),
  );
  const none = { kind: "none" } as const;
  expect(stalls.see(none)).toBe(none);
  stalls.see({ kind: "delay", delayMs: 2 });
  stalls.see({ kind: "delay", delayMs: 3 });
  nowMs = 110;
  stalls.see({ kind: "wait", for: "compaction" });
  nowMs = 130;
  stalls.see({ kind: "wait", for: "compaction" });
  expect(stalls.stats()).toEqual({ state: "wait", delays: 2, delayMs: 5, waits: 1, waitMs: 20 });
  nowMs = 150;
  stalls.see({ kind: "delay", delayMs: 1 });
  stalls.end();
  expect(stalls.stats()).toEqual({ state: "none", delays: 3, delayMs: 6, waits: 1, waitMs: 40 });
  expect(told).toEqual([
    { kind: "slowdown", delayMs: 2 },
    { kind: "stall", for: "compaction" },
    { kind: "slowdown", delayMs: 1 },
    { kind: "resume", tookMs: 50 },
  ]);
});

describe("an observer", () => {
  test("hears of open, stalls, jobs that fail, failure and close, and so does the channel", async () => {
    const fs = new FaultFs(new MemoryFs());
    const events: EngineEvent[] = [];
    const heard: unknown[] = [];
    const listen = (event: unknown): void => void heard.push(event);
    subscribe(lsmChannelName, listen);
    const observer = (event: EngineEvent): void => void events.push(event);
    const engine = await openEngine({ ...small, directory: new Directory(fs), observer });
    // Two memtables are full before the first turn of the background: the third write waits.
    const writes = Array.from({ length: 6 }, (_, at) => engine.put(bytes(`${at}`), bytes("x".repeat(300))));
    for (let at = 6; at < 12; at++) {
      await Promise.resolve();
      writes.push(engine.put(bytes(`${at}`), bytes("x".repeat(500))));
    }
    await Promise.all(writes);
    await engine.idle();
    expect(engine.stats().writer.stalls.waits).toBeGreaterThan(0);
    fs.plan.arm("append:*.sst n1 ENOSPC");
    await expect(engine.put(bytes("z"), bytes("z")).then(() => engine.flush())).rejects.toMatchObject({
      code: "LSM_NO_SPACE",
    });
    fs.plan.arm("sync:*.seg n1 EIO");
    await expect(engine.put(bytes("z"), bytes("z"), { rung: "data" })).rejects.toMatchObject({ code: "LSM_POISONED" });
    await expect(engine.close()).rejects.toMatchObject({ code: "LSM_POISONED" });
    unsubscribe(lsmChannelName, listen);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds[0]).toBe("open");
    expect(kinds.indexOf("stall")).toBeLessThan(kinds.indexOf("resume"));
    expect(kinds.slice(-3)).toEqual(["jobFailure", "failure", "close"]);
    expect(heard).toEqual(events);
    expect(events[0]).toMatchObject({ databaseId: "07".repeat(16), directory: "/" });
  });

  test("that throws, or whose promise rejects, is not called again", async () => {
    await expect(openEngine({ directory: new Directory(new MemoryFs()), observer: 1 as never })).rejects.toThrow(
      /observer/,
    );
    for (const isAsync of [false, true]) {
      let calls = 0;
      const fail = (): void => {
        calls += 1;
        throw new RangeError("mine");
      };
      const observer = isAsync ? async (): Promise<void> => fail() : fail;
      const engine = await openEngine({ ...small, directory: new Directory(new MemoryFs()), observer });
      await engine.put(bytes("a"), bytes("1"), { rung: "data" });
      expect(engine.stats().writer.observerFailure).toBeInstanceOf(RangeError);
      await engine.close();
      expect(calls).toBe(1);
    }
  });
});
