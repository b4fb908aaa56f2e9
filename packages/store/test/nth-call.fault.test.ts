// Every call of a program fails once, in every way a call can. A full disk: nothing of the call is there, everything is as it was, and
// trying again is right. Any other failure: a typed error, a store that takes nothing more, and the next open has what was promised.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import { StoreError, type Store, type StoreOptions } from "../src/index.js";
import { determined, openSample, Paid, Placed, small, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

const settings: Readonly<Record<string, Partial<StoreOptions<Sample>>>> = {
  plain: small,
  "with everything": {
    ...small,
    preallocateBytes: 128,
    prepareSegments: true,
    mergeBytes: 1000,
    streamHeads: 1,
    turn: () => Promise.resolve(),
  },
};

async function prepared(): Promise<MemoryFs> {
  const memory = new MemoryFs();
  const store = await openSample(new Directory(memory));
  for (let index = 0; index < 3; index += 1) store.append(`old:${index % 2}`, Placed, { amount: index });
  await store.close();
  return memory;
}

/** Everything in memory that a call that failed must leave as it was. */
function stateOf(store: Store<Sample>): string {
  const { log, footers: _footers, accelerators: _accelerators, ...counts } = store.stats();
  const revisions = ["old:0", "old:1", "new", "late"].map((entity) => store.revisionOf(entity));
  return JSON.stringify({ ...counts, revisions, last: store.lastSequence, appended: log.appendedRecords });
}

const steps: readonly ((store: Store<Sample>) => unknown)[] = [
  (store) => store.append("old:0", Paid, { by: "a" }, { key: "one", expectedRevision: 1 }),
  (store) =>
    store.commit(
      (commit) => {
        const cause = commit.append("new", Placed, { amount: 5 }, { expectedRevision: "empty" });
        commit.append("old:1", Paid, { by: "b".repeat(200) }, { causation: cause });
        commit.append("new", Paid, { by: "c" });
      },
      { key: "two" },
    ),
  (store) => store.sync(),
  (store) => store.append("old:0", Placed, { amount: 7 }, { rung: "memory", key: "three" }),
  (store) => store.append("late", Paid, { by: "d".repeat(500) }, { key: "four" }),
  (store) => store.append("late", Paid, { by: "e".repeat(500) }, { key: "five" }),
  (store) => store.syncBlocking(),
  (store) => store.append("new", Paid, { by: "f" }, { key: "six" }),
];

/** Last sequences of the commits. */
const ends = [3, 4, 7, 8, 9, 10, 11];

/** What a store has that ran the program undisturbed; ids of keyed events are the same in every run, hashes are not. */
function essence(store: Store<Sample>): unknown[] {
  return Array.from({ length: store.lastSequence }, (_, index) => {
    const { timeMs, ...event } = store.at(index + 1) ?? { timeMs: 0 };
    expect(timeMs).toBeGreaterThan(0);
    return event;
  });
}

async function undisturbed(options: Partial<StoreOptions<Sample>>): Promise<unknown[]> {
  const store = await openSample(new Directory(await prepared()), options);
  for (const step of steps) await step(store);
  const found = essence(store);
  await store.close();
  return found;
}

function isFull(error: unknown): boolean {
  return isFsError(error, "FS_NO_SPACE") || (error instanceof WalError && error.code === "WAL_NO_SPACE");
}

/** Once more when the disk was full. */
async function again<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isFull(error)) throw error;
    return action();
  }
}

async function reopened(memory: MemoryFs, options: Partial<StoreOptions<Sample>>): Promise<Store<Sample>> {
  const directory = new Directory(new MemoryFs({ image: memory.snapshot() }));
  directory.removeIfPresent("LOCK");
  return openSample(directory, { ...determined(3), ...options });
}

describe.each(Object.entries(settings))("%s", (_, options) => {
  test.each(["ENOSPC", "torn 9 ENOSPC", "torn 150 ENOSPC"])(
    "the n-th write meets %s: nothing of it is there",
    async (fault) => {
      const expected = await undisturbed(options);
      for (let n = 1; ; n += 1) {
        const memory = await prepared();
        const operations = fault === "ENOSPC" ? "write,append,allocate,open" : "write,append";
        const fs = new FaultFs(memory);
        const store = await openSample(new Directory(fs), options);
        fs.plan.arm(`${operations}:*.seg n${n} ${fault}`);
        for (const step of steps) {
          const before = stateOf(store);
          try {
            await step(store);
          } catch (error) {
            if (!isFull(error)) throw error;
            expect(stateOf(store), `call ${n}`).toBe(before);
            await step(store);
          }
        }
        expect(store.health).toEqual({ kind: "ok" });
        expect(await again(() => essence(store)), `call ${n}`).toEqual(expected);
        await again(() => store.close());
        expect(fs.openHandles).toEqual([]);
        const next = await reopened(memory, options);
        expect(essence(next), `call ${n}`).toEqual(expected);
        expect(await next.verify()).toMatchObject({ kind: "intact", events: expected.length });
        await next.close();
        if (fs.plan.fired === 0) break;
        expect(n).toBeLessThan(60);
      }
    },
  );

  test("the n-th call fails with EIO: an error, and the next open has what was promised", async () => {
    let poisoned = 0;
    for (let n = 1; ; n += 1) {
      const memory = await prepared();
      const fs = new FaultFs(memory);
      const store = await openSample(new Directory(fs), options);
      fs.plan.arm(`write,append,sync,open,truncate,allocate,syncNames:* n${n} EIO`);
      const told = new Map<number, string>();
      let failure: unknown;
      for (const step of steps) {
        try {
          await step(store);
          allTold(store, store.watermarks.visible).forEach((event, index) => told.set(index + 1, event));
        } catch (error) {
          failure ??= error;
          const isTyped = error instanceof StoreError || error instanceof WalError || isFsError(error);
          expect(isTyped, `call ${n}: ${String(error)}`).toBe(true);
        }
      }
      const { durable } = store.watermarks;
      if (store.health.kind === "poisoned") {
        poisoned += 1;
        expect(() => store.append("late", Placed, { amount: 1 })).toThrowError(
          expect.objectContaining({ code: "STORE_POISONED" }),
        );
        // What was visible stays readable.
        for (const [sequence, event] of told) expect(allTold(store, sequence).at(-1)).toBe(event);
      }
      await store.close().catch((error: unknown) => expect(isFsError(error) || error instanceof WalError).toBe(true));
      if (fs.plan.fired === 0) {
        expect(failure).toBeUndefined();
        break;
      }
      expect(fs.openHandles, `call ${n}`).toEqual([]);
      const next = await reopened(memory, options);
      const found = allTold(next, next.lastSequence);
      expect(found.length, `call ${n}`).toBeGreaterThanOrEqual(durable);
      expect(ends, `call ${n}`).toContain(found.length);
      found.forEach((event, index) => expect(told.get(index + 1) ?? event).toBe(event));
      expect(await next.verify()).toMatchObject({ kind: "intact" });
      // Whoever heard of a failure repeats with the same keys, and nothing is there twice.
      for (const step of steps) await Promise.resolve(step(next));
      expect(new Set(essence(next).map((event) => (event as { id: string }).id)).size).toBe(next.lastSequence);
      expect(next.lastSequence).toBe(11);
      await next.close();
    }
    expect(poisoned).toBeGreaterThan(5);
  });
});
