import { getEventListeners } from "node:events";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openStoreReader, region, type Store } from "../src/index.js";
import { memoryCache, Projector, type Projected } from "../src/projections-entry.js";
import { Watchers } from "../src/watchers.js";
import { ledgerOf, type Ledger } from "./sample-projection.js";
import { events, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const Ledgers = ledgerOf();

type States = AsyncGenerator<Projected<Ledger>, void, undefined>;

async function next(states: States): Promise<Projected<Ledger>> {
  const { value, done } = await states.next();
  if (done === true) throw new Error("watching has ended");
  return value;
}

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A store that tells how often somebody waits for it, and how many do. */
function waits(store: Store<Sample>): { asked: number; pending: number } {
  const counts = { asked: 0, pending: 0 };
  const whenBeyond = store.whenBeyond.bind(store);
  store.whenBeyond = async (sequence, options) => {
    counts.asked += 1;
    counts.pending += 1;
    try {
      return await whenBeyond(sequence, options);
    } finally {
      counts.pending -= 1;
    }
  };
  return counts;
}

describe("watch", () => {
  test("gives the state that is there, and a new one for every event that concerns it", async () => {
    const store = await openSample();
    store.append("a", Placed, { amount: 1 });
    const states = new Projector(store).watch(Ledgers, "a");
    expect((await next(states)).state.total).toBe(1);
    const waiting = next(states);
    store.append("b", Placed, { amount: 100 });
    await settle();
    store.append("a", Placed, { amount: 2 });
    expect(await waiting).toMatchObject({ state: { total: 3 }, sequence: 3, revision: 1, events: 1 });
    await states.return();
    await store.close();
  });

  test("begins with the initial state where there is nothing", async () => {
    const store = await openSample();
    const states = new Projector(store).watch(Ledgers, region({ kinds: [Paid] }));
    expect(await next(states)).toMatchObject({ sequence: 0, revision: "empty" });
    const waiting = next(states);
    store.append("a", Placed, { amount: 1 });
    store.append("b", Paid, { by: "ada" });
    expect((await waiting).state).toEqual({ total: 0, payers: ["ada"], seen: [2] });
    await states.return();
    await store.close();
  });

  test("gives whoever is slow the newest state alone, and never misses the last one", async () => {
    const store = await openSample();
    const states = new Projector(store).watch(Ledgers, "a");
    await next(states);
    for (let amount = 1; amount <= 50; amount += 1) store.append("a", Placed, { amount });
    expect(await next(states)).toMatchObject({ sequence: 50, events: 50 });
    const waiting = next(states);
    // Whatever moment an event comes at: before somebody waits, while, and in the turn in which it is told.
    store.append("a", Placed, { amount: 1 });
    void Promise.resolve().then(() => store.append("a", Placed, { amount: 1 }));
    let current = await waiting;
    while (current.sequence < 52) current = await next(states);
    expect(current.state.seen).toEqual(Array.from({ length: 52 }, (_, index) => index + 1));
    await states.return();
    await store.close();
  });

  test("every interleaving of appends and looks ends with the last state", async () => {
    for (let delay = 0; delay < 12; delay += 1) {
      const store = await openSample();
      const states = new Projector(store).watch(Ledgers, "a");
      let last = await next(states);
      const appending = (async () => {
        for (let index = 0; index < 5; index += 1) {
          for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
          store.append("a", Placed, { amount: 1 });
        }
      })();
      while (last.state.total < 5) last = await next(states);
      await appending;
      expect(last.sequence).toBe(5);
      await states.return();
      await store.close();
    }
  });

  test("of what is durable waits for the barrier", async () => {
    const store = await openSample();
    const states = new Projector(store).watch(Ledgers, "a", { until: "durable" });
    expect((await next(states)).sequence).toBe(0);
    store.append("a", Placed, { amount: 1 });
    store.append("a", Placed, { amount: 2 });
    const told = await next(states);
    expect(told.sequence).toBeLessThanOrEqual(store.watermarks.durable);
    expect(told.state.total).toBe(3);
    await states.return();
    await store.close();
  });

  test("writes rows as it goes, of what is durable alone where rows outlive the process", async () => {
    const store = await openSample();
    const rows: number[] = [];
    const cache = memoryCache();
    const lasting = {
      isVolatile: false,
      get: (key: string) => cache.get(key),
      put: (key: string, row: Uint8Array) => {
        rows.push(Number(Buffer.from(row).readBigUInt64LE(24)), store.watermarks.durable);
        return cache.put(key, row);
      },
      delete: (key: string) => cache.delete(key),
      clear: () => cache.clear(),
    };
    const states = new Projector(store, { cache: lasting, snapshotEvery: 2 }).watch(Ledgers, "a");
    await next(states);
    for (let amount = 1; amount <= 9; amount += 1) {
      store.append("a", Placed, { amount });
      if (amount === 3 || amount === 8) await store.sync();
      expect((await next(states)).sequence).toBe(amount);
    }
    expect(rows).toEqual([3, 3, 8, 8]);
    await states.return();
    await store.close();
  });

  test("writes a row every so many events, counted from the last one", async () => {
    const store = await openSample();
    const states = new Projector(store, { cache: memoryCache(), snapshotEvery: 3 }).watch(Ledgers, "a");
    await next(states);
    const written: number[] = [];
    for (let amount = 1; amount <= 10; amount += 1) {
      store.append("a", Placed, { amount });
      const { writing } = await next(states);
      if (writing.kind === "written") written.push(writing.sequence);
    }
    expect(written).toEqual([3, 6, 9]);
    await states.return();
    await store.close();
  });

  test("sees beside the writer what the reader has looked at", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    store.append("a", Placed, { amount: 1 });
    let tick = (): void => {};
    const schedule = (action: () => void): (() => void) => {
      tick = action;
      return () => (tick = () => {});
    };
    const reader = openStoreReader({ directory, events, schedule });
    const states = new Projector(reader).watch(Ledgers, "a");
    expect((await next(states)).state.total).toBe(1);
    const waiting = next(states);
    await settle();
    store.append("a", Placed, { amount: 2 });
    tick();
    expect((await waiting).state.total).toBe(3);
    await states.return();
    reader.close();
    await store.close();
  });
});

describe("an end", () => {
  const aborted = expect.objectContaining({ code: "STORE_ABORTED" });

  test("by the signal, while waiting, leaves nothing behind", async () => {
    const store = await openSample();
    const counts = waits(store);
    const projector = new Projector(store);
    const controller = new AbortController();
    const { signal } = controller;
    const watching = Array.from({ length: 5 }, () => projector.watch(Ledgers, "a", { signal }));
    for (const states of watching) await next(states);
    const waiting = Promise.allSettled(watching.map(next));
    await settle();
    expect(counts).toEqual({ asked: 1, pending: 1 });
    expect(getEventListeners(signal, "abort")).toHaveLength(5);
    controller.abort(new Error("enough"));
    const ends = await waiting;
    expect(ends.map((end) => end.status === "rejected" && (end.reason as Error & { code: string }).code)).toEqual(
      Array.from({ length: 5 }, () => "STORE_ABORTED"),
    );
    expect((ends[0] as PromiseRejectedResult).reason).toMatchObject({ cause: new Error("enough") });
    await settle();
    expect(counts).toEqual({ asked: 1, pending: 0 });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    for (const states of watching) expect((await states.next()).done).toBe(true);
    await store.close();
  });

  test("by the signal, before and between", async () => {
    const store = await openSample();
    const projector = new Projector(store);
    await expect(projector.watch(Ledgers, "a", { signal: AbortSignal.abort() }).next()).rejects.toEqual(aborted);
    const controller = new AbortController();
    const states = projector.watch(Ledgers, "a", { signal: controller.signal });
    await next(states);
    controller.abort();
    await expect(states.next()).rejects.toEqual(aborted);
    await store.close();
  });

  test("by leaving the loop leaves nothing behind", async () => {
    const store = await openSample();
    const counts = waits(store);
    const { signal } = new AbortController();
    for await (const { sequence } of new Projector(store).watch(Ledgers, "a", { signal })) {
      if (sequence === 2) break;
      setImmediate(() => store.append("a", Placed, { amount: 1 }));
    }
    await settle();
    expect(counts.pending).toBe(0);
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await store.close();
  });

  test("comes with the store's, for all who wait", async () => {
    const store = await openSample();
    const projector = new Projector(store);
    const watching = ["a", "b"].map((entity) => projector.watch(Ledgers, entity));
    for (const states of watching) await next(states);
    const waiting = watching.map((states) => states.next());
    await settle();
    await store.close();
    for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  test("of one that fails is not that of the others", async () => {
    const moves: ((sequence: number) => void)[] = [];
    const watchers = new Watchers(
      {
        watermarks: { visible: 0, durable: 0 },
        whenBeyond: () => new Promise((resolve) => moves.push(resolve)),
      },
      "visible",
    );
    let isBroken = false;
    let isThere = false;
    const broken = watchers.concerned(() => {
      if (isBroken) throw new RangeError("damage");
      return false;
    }, undefined);
    const sound = watchers.concerned(() => isThere, undefined);
    isBroken = true;
    moves.shift()?.(1);
    await expect(broken).rejects.toThrow(new RangeError("damage"));
    expect(watchers.count).toBe(1);
    isThere = true;
    moves.shift()?.(2);
    await sound;
    expect(watchers.count).toBe(0);
  });
});

test("D-24: many who watch one store are one who waits for it, and one pass asks each of them once", async () => {
  const store = await openSample();
  const counts = waits(store);
  const projector = new Projector(store);
  const watching = Array.from({ length: 512 }, (_, index) => projector.watch(Ledgers, `entity ${index}`));
  for (const states of watching) await next(states);
  const told: number[] = [];
  const waiting = watching.map(async (states, index) => {
    await next(states);
    told.push(index);
  });
  await settle();
  expect(counts).toEqual({ asked: 1, pending: 1 });
  let looks = 0;
  const readEvents = store.events.bind(store);
  store.events = (of, options) => {
    looks += 1;
    return readEvents(of, options);
  };
  store.append("entity 7", Placed, { amount: 1 });
  store.append("entity 300", Placed, { amount: 1 });
  await settle();
  expect(told.toSorted((a, b) => a - b)).toEqual([7, 300]);
  expect(counts).toEqual({ asked: 2, pending: 1 });
  expect(looks).toBe(512);
  await store.close();
  await Promise.allSettled(waiting);
  expect(counts.pending).toBe(0);
});
