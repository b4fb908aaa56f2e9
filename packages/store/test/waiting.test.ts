// Reading behind a sequence, the anchor of a history, and waiting until the store is beyond a sequence, of a store and of a reader.
import { getEventListeners } from "node:events";
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openStoreReader, region, type Store } from "../src/index.js";
import { events, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const all = region({});

async function filled(count = 6): Promise<Store<Sample>> {
  const store = await openSample();
  for (let index = 0; index < count; index += 1) {
    if (index % 2 === 0) store.append("even", Placed, { amount: index });
    else store.append("odd", Paid, { by: String(index) });
  }
  return store;
}

/** A clock that is moved by hand, and how many wait for it. */
function handTimer(): {
  readonly schedule: (action: () => void, delayMs: number) => () => void;
  readonly pending: Map<number, number>;
  tick(): void;
} {
  const actions = new Map<number, () => void>();
  const pending = new Map<number, number>();
  let count = 0;
  return {
    pending,
    schedule: (action, delayMs) => {
      const own = (count += 1);
      actions.set(own, action);
      pending.set(own, delayMs);
      return () => void (actions.delete(own), pending.delete(own));
    },
    tick: () => {
      for (const [own, action] of [...actions]) {
        actions.delete(own);
        pending.delete(own);
        action();
      }
    },
  };
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  );
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return isSettled;
}

test("a region is read behind a sequence and up to one, in both directions, at once and by the batch", async () => {
  const store = await filled();
  const sequences = (found: Iterable<{ readonly sequence: number }>): number[] =>
    [...found].map((each) => each.sequence);
  expect(sequences(store.events(all, { after: 0 }))).toEqual([1, 2, 3, 4, 5, 6]);
  expect(sequences(store.events(all, { after: 2, upTo: 5 }))).toEqual([3, 4, 5]);
  expect(sequences(store.events(all, { after: 2, limit: 1 }))).toEqual([3]);
  expect(sequences(store.events(all, { after: 5, backward: true }))).toEqual([4, 3, 2, 1]);
  expect(sequences(store.events(all, { upTo: 4, backward: true }))).toEqual([4, 3, 2, 1]);
  expect(sequences(store.events(region({ entity: "odd" }), { after: 2, upTo: 5 }))).toEqual([4]);
  expect(sequences(store.events(all, { after: 6 }))).toEqual([]);
  expect(sequences(store.events(all, { after: 99 }))).toEqual([]);
  expect(sequences(store.events(all, { upTo: 0 }))).toEqual([]);
  const batches = [];
  for await (const batch of store.eventBatches(all, { after: 1, upTo: 3 })) batches.push(...batch);
  expect(sequences(batches)).toEqual([2, 3]);
  const wrong = { code: "STORE_INVALID_OPTION", context: { field: "after" } };
  expect(() => store.events(all, { after: -1 })).toThrow(expect.objectContaining(wrong));
  expect(() => store.events(all, { upTo: 0.5 })).toThrow(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  await store.close();
});

test("an anchor names the store, a sequence and the hash of its event", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  expect(store.anchor()).toEqual({ id: store.id, sequence: 0, hash: new Uint8Array(32) });
  const first = store.append("a", Placed, { amount: 1 });
  const second = store.append("a", Placed, { amount: 2 });
  expect(store.id).toMatch(/^[0-9a-f]{32}$/);
  expect(store.anchor()).toEqual({ id: store.id, sequence: 2, hash: second.hash });
  expect(store.anchor(1)).toEqual({ id: store.id, sequence: 1, hash: first.hash });
  expect(() => store.anchor(3)).toThrow(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  using reader = openStoreReader({ directory, events });
  expect(reader.anchor()).toEqual(store.anchor());
  directory.makeDirectory("other");
  const other = await openSample(directory.directory("other"));
  expect(other.id).not.toBe(store.id);
  await other.close();
  await store.close();
});

test("whoever waits for what is visible hears of it when it is appended, and not before", async () => {
  const store = await filled(2);
  expect(await store.whenBeyond(1)).toBe(2);
  const waiting = store.whenBeyond(3);
  store.append("a", Placed, { amount: 1 });
  expect(await settled(waiting)).toBe(false);
  store.append("a", Placed, { amount: 2 });
  expect(await waiting).toBe(4);
  expect(store.watermarks.durable).toBe(0);
  await store.close();
});

test("D-22: whoever waits for what is durable asks for the barrier of an idle tail", async () => {
  const store = await filled(2);
  expect(store.watermarks.durable).toBe(0);
  expect(await store.whenBeyond(0, { until: "durable" })).toBe(2);
  expect(store.watermarks.durable).toBe(2);
  const waiting = store.whenBeyond(2, { until: "durable" });
  expect(await settled(waiting)).toBe(false);
  store.append("a", Placed, { amount: 1 });
  expect(await waiting).toBe(3);
  expect(store.watermarks).toEqual({ accepted: 3, visible: 3, durable: 3 });
  await store.close();
});

test.each(["visible", "durable"] as const)("an aborted wait for what is %s leaves nothing behind", async (until) => {
  const store = await filled(1);
  await store.sync();
  const control = new AbortController();
  const { signal } = control;
  const waiting = store.whenBeyond(1, { until, signal });
  expect(getEventListeners(signal, "abort").length).toBe(1);
  control.abort(new Error("enough"));
  await expect(waiting).rejects.toMatchObject({ code: "STORE_ABORTED" });
  await expect(store.whenBeyond(1, { until, signal })).rejects.toMatchObject({ code: "STORE_ABORTED" });
  expect(getEventListeners(signal, "abort").length).toBe(0);
  await store.close();
});

test("a store that ends tells all who wait", async () => {
  const store = await filled(1);
  await store.sync();
  const waiting = [store.whenBeyond(1), store.whenBeyond(1, { until: "durable" })].map((each) =>
    each.catch((e: unknown) => e),
  );
  await store.close();
  for (const each of await Promise.all(waiting)) expect(each).toMatchObject({ code: "STORE_CLOSED" });
  await expect(store.whenBeyond(1)).rejects.toMatchObject({ code: "STORE_CLOSED" });
});

test("a barrier that fails tells all who wait, with the failure", async () => {
  const faulty = new FaultFs(new MemoryFs());
  const store = await openSample(new Directory(faulty));
  store.append("a", Placed, { amount: 1 });
  const seen = store.whenBeyond(1);
  faulty.plan.arm("sync:* n1 EIO");
  const waiting = [seen, store.whenBeyond(0, { until: "durable" })].map((each) => each.catch((e: unknown) => e));
  for (const each of await Promise.all(waiting)) {
    expect(each).toMatchObject({ code: "STORE_POISONED", cause: { code: "FS_IO" } });
  }
  await store.close().catch(() => {});
});

test.each([
  ["sequence", [-1]],
  ["sequence", [1.5]],
  ["until", [0, { until: "accepted" }]],
  ["signal", [0, { signal: 5 }]],
  ["untl", [0, { untl: "durable" }]],
])("a wrong %s is refused", async (field, call) => {
  const store = await filled(1);
  const wrong = store.whenBeyond(...(call as unknown as Parameters<Store["whenBeyond"]>));
  await expect(wrong).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field } });
  await store.close();
});

test("a reader looks again at every interval until it is beyond, and what is durable shows behind the barrier", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  const timer = handTimer();
  const reader = openStoreReader({ directory, events, pollIntervalMs: 7, schedule: timer.schedule });
  const visible = reader.whenBeyond(0);
  const durable = reader.whenBeyond(0, { until: "durable" });
  expect([...timer.pending.values()]).toEqual([7, 7]);
  store.append("a", Placed, { amount: 1 });
  expect(await settled(visible)).toBe(false);
  timer.tick();
  expect(await visible).toBe(1);
  expect(reader.watermarks).toEqual({ visible: 1, durable: 0 });
  await store.sync();
  timer.tick();
  expect(await settled(durable)).toBe(false);
  store.append("a", Placed, { amount: 2 });
  timer.tick();
  expect(await durable).toBe(1);
  expect(reader.watermarks).toEqual({ visible: 2, durable: 1 });
  expect(timer.pending.size).toBe(0);
  reader.close();
  await store.close();
});

test("a reader that is aborted or closed leaves no timer and no listener", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  const timer = handTimer();
  const reader = openStoreReader({ directory, events, schedule: timer.schedule });
  const control = new AbortController();
  const { signal } = control;
  const aborted = reader.whenBeyond(0, { signal });
  expect([...timer.pending.values()]).toEqual([20]);
  control.abort();
  await expect(aborted).rejects.toMatchObject({ code: "STORE_ABORTED" });
  expect(timer.pending.size).toBe(0);
  expect(getEventListeners(signal, "abort").length).toBe(0);
  const closed = reader.whenBeyond(0);
  reader.close();
  expect(timer.pending.size).toBe(0);
  await expect(closed).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await store.close();
});
