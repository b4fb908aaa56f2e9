// The law of delays on every rung: no write resolves before its delay is over, nor before it has reached its rung.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal } from "@holdfast/wal";
import { expect, test } from "vitest";
import type { WritePressure } from "../src/compaction/pressure.js";
import { LiveTree } from "../src/live-tree.js";
import { Version } from "../src/version.js";
import { WriteBatch } from "../src/write-batch.js";
import { WritePath } from "../src/write-path.js";
import { tableFiles } from "./support/table-directory.js";
import { hashKeyOfTests } from "./support/tables.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Writes behind a pressure; timers and barriers end when the test says so. */
async function scene(pressure: WritePressure | (() => WritePressure)) {
  const wal = await openWal({ directory: new Directory(new MemoryFs()), content: 4 });
  const timers: { readonly action: () => void; readonly delayMs: number }[] = [];
  const barriers: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  const sync = (): Promise<void> => new Promise((resolve, reject) => void barriers.push({ resolve, reject }));
  const log = new Proxy(wal, {
    get: (target, name): unknown => {
      if (name === "sync") return sync;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
  const tree = new LiveTree({
    ...{ hashKey: hashKeyOfTests, tables: tableFiles(), version: Version.empty(2), lastSeqno: 0, flushedLsn: 0 },
    writeBufferBytes: 1_000_000,
  });
  const path = new WritePath(tree, log, {
    ...{ pressure: typeof pressure === "function" ? pressure : () => pressure },
    ...{ failureOf: () => undefined, turn, onFull: () => {}, onFailure: () => {} },
    schedule: (action, delayMs) => {
      timers.push({ action, delayMs });
      return () => {};
    },
  });
  return { path, wal, timers, barriers };
}

const rungs = ["memory", "os", "data", "full"] as const;

test.each(rungs)("%s: behind the delay and what the rung asks for, in either order", async (rung) => {
  for (const isLarge of [false, true]) {
    for (const first of ["barrier", "delay"] as const) {
      const { path, wal, timers, barriers } = await scene({ kind: "delay", delayMs: 3 });
      const batch = new WriteBatch();
      batch.put(bytes("key"), new Uint8Array(isLarge ? 300_000 : 10)); // a large one is a record of its own at once
      let isOver = false;
      const written = path.write(batch, rung).then(() => (isOver = true));
      await turn();
      expect(timers.map(({ delayMs }) => delayMs)).toEqual([3]);
      const needsBarrier = rung === "data" || rung === "full";
      expect(barriers).toHaveLength(needsBarrier ? 1 : 0);
      const ends = { barrier: () => barriers[0]?.resolve(), delay: () => timers[0]?.action() };
      ends[first]();
      await turn();
      expect(isOver).toBe(first === "delay" && !needsBarrier);
      ends[first === "delay" ? "barrier" : "delay"]();
      await written;
      await wal.close();
    }
  }
});

test("without a delay no timer is asked for, and a barrier that fails is told at once", async () => {
  const calm = await scene({ kind: "none" });
  const written = calm.path.put(bytes("a"), bytes("1"), "data");
  await turn();
  calm.barriers[0]?.resolve();
  await written;
  expect(calm.timers).toEqual([]);
  const slow = await scene({ kind: "delay", delayMs: 1 });
  const refused = slow.path.put(bytes("a"), bytes("1"), "data");
  await turn();
  slow.barriers[0]?.reject(new Error("the disk is gone"));
  await expect(refused).rejects.toMatchObject({ code: "LSM_POISONED" });
});

test.each(rungs)(
  "%s: a barrier with nothing of its own waits for the writes before it, also behind a refused argument",
  async (rung) => {
    const pressure: { current: WritePressure } = { current: { kind: "wait", for: "flush" } };
    const { path, wal, barriers } = await scene(() => pressure.current);
    const ended: string[] = [];
    const first = path.put(bytes("first"), new Uint8Array(2 ** 20), "data").then(() => ended.push("first"));
    await turn();
    expect(() => path.put(new Uint8Array(70_000), bytes("value"), "data")).toThrow(RangeError); // leaves an empty group behind the full one
    expect(path.waitingGroups).toBe(2);
    const barrier = path.settle(rung).then(() => ended.push("barrier"));
    await turn();
    expect([ended, barriers.length, wal.lastLsn]).toEqual([[], 0, 0]);
    pressure.current = { kind: "none" };
    path.resume();
    await turn();
    expect([barriers.length, wal.lastLsn]).toEqual([1, 1]);
    expect(ended).toEqual(rung === "memory" || rung === "os" ? ["barrier"] : []);
    barriers[0]?.resolve();
    await Promise.all([first, barrier]);
    await wal.close();
  },
);
