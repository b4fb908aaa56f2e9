// Subscriptions: from what is there to what comes without a gap, and what becomes of events for which there is no room.
import { getEventListeners } from "node:events";
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { followEvents, openNamedCursor, subscribe, type Subscription } from "../src/consumers-entry.js";
import { openStoreReader, region } from "../src/index.js";
import { appendTo, everything, gather, sequencesOf, storeOf, turns } from "./sample-consumers.js";
import { events, openSample, Placed } from "./sample-store.js";

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** Starts a loop over a subscription, and gives what it has seen so far. */
function listen(subscription: Subscription): { readonly found: number[]; readonly ended: Promise<unknown> } {
  const found: number[] = [];
  const ended = (async () => {
    for await (const { events: given } of subscription) found.push(...sequencesOf(given));
  })().catch((error: unknown) => error);
  return { found, ended };
}

test.each(["visible", "durable"] as const)("what is there, then what comes, each once (%s)", async (until) => {
  const store = await storeOf(1500);
  const subscription = subscribe(store, everything, { from: "start", until, capacity: 100, overflow: "error" });
  await turns(); // what is there waits for room, whatever is said of overflows
  const { found, ended } = listen(subscription);
  while (found.length < 1500) await turns(1);
  for (let round = 0; round < 10; round += 1) {
    appendTo(store, 10);
    await turns(3);
  }
  await turns();
  expect(found).toEqual(numbers(1, 1600));
  subscription.close();
  expect(await ended).toBeUndefined();
  await store.close();
});

test("between two batches it takes the turn that the store was opened with", async () => {
  let taken = 0;
  const store = await openSample(undefined, { turn: async () => void (taken += 1) });
  appendTo(store, 6);
  taken = 0;
  expect(await gather(followEvents(store, everything, { live: false, batchEvents: 2 }))).toEqual(numbers(1, 6));
  expect(taken).toBe(3);
  await store.close();
});

test("by default it begins behind what is there at the call", async () => {
  const store = await storeOf(5);
  const subscription = subscribe(store, region({ entity: "even" }), { overflow: "wait" });
  appendTo(store, 5);
  const { found } = listen(subscription);
  await turns();
  expect(found).toEqual([6, 8, 10]);
  subscription.close();
  await store.close();
});

test("with wait nothing is lost, and no more than the capacity is read ahead", async () => {
  const store = await storeOf(0);
  const subscription = subscribe(store, everything, { capacity: 4, overflow: "wait" });
  await turns();
  let read = 0;
  const original = store.events.bind(store);
  store.events = ((...call: Parameters<typeof original>) => {
    const found = original(...call);
    return (function* () {
      for (const event of found) {
        read += 1;
        yield event;
      }
    })();
  }) as typeof store.events;
  appendTo(store, 30);
  await turns();
  expect(read).toBeLessThanOrEqual(9); // four that wait, four in hand, and a look for more
  const sizes: number[] = [];
  const found: number[] = [];
  for await (const { events: given, dropped } of subscription) {
    expect(dropped).toBe(0);
    sizes.push(given.length);
    found.push(...sequencesOf(given));
    if (found.length === 30) break;
  }
  expect(Math.max(...sizes)).toBe(4);
  expect(found).toEqual(numbers(1, 30));
  await store.close();
});

test("with dropOldest the latest events are kept, and those between are counted", async () => {
  const store = await storeOf(0);
  const subscription = subscribe(store, everything, { capacity: 4, overflow: "dropOldest" });
  await turns();
  appendTo(store, 10);
  await turns();
  expect(subscription.dropped).toBe(6);
  const loop = subscription[Symbol.asyncIterator]();
  const first = (await loop.next()).value;
  expect([first?.dropped, sequencesOf(first?.events ?? [])]).toEqual([6, [7, 8, 9, 10]]);
  appendTo(store, 2);
  await turns();
  const second = (await loop.next()).value;
  expect([second?.dropped, sequencesOf(second?.events ?? [])]).toEqual([0, [11, 12]]);
  expect(subscription.dropped).toBe(6);
  await loop.return();
  await store.close();
});

test("with error what waits is given out, then the first event without room is named, from where one may go on", async () => {
  const store = await storeOf(0);
  const subscription = subscribe(store, everything, { capacity: 4, overflow: "error" });
  await turns();
  appendTo(store, 10);
  await turns();
  const { found, ended } = listen(subscription);
  expect(await ended).toMatchObject({ code: "STORE_OVERFLOW", context: { sequence: 5, expected: 4 } });
  expect(found).toEqual([1, 2, 3, 4]);
  const rest = listen(subscribe(store, everything, { from: 4, overflow: "error" }));
  await turns();
  expect(rest.found).toEqual(numbers(5, 10));
  await store.close();
  expect(await rest.ended).toMatchObject({ code: "STORE_CLOSED" });
});

test("an abort, a close and a break end it, and nothing is left of it", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(1, directory);
  const timers = new Set<() => void>();
  const schedule = (action: () => void): (() => void) => {
    timers.add(action);
    return () => void timers.delete(action);
  };
  const reader = openStoreReader({ directory, events, schedule });
  const control = new AbortController();
  const { signal } = control;
  const aborted = listen(subscribe(reader, everything, { overflow: "wait", signal }));
  const following = gather(followEvents(reader, everything, { signal }));
  const cursor = await openNamedCursor(reader, everything, { name: "a", signal, until: "visible", from: 0 });
  await turns();
  expect(timers.size).toBeGreaterThan(0);
  expect(getEventListeners(signal, "abort").length).toBeGreaterThan(0);
  control.abort();
  expect(await aborted.ended).toBeUndefined();
  expect(await following).toEqual([]);
  expect(await gather(cursor)).toEqual([]);
  await cursor.close();
  expect(timers.size).toBe(0);
  expect(getEventListeners(signal, "abort")).toEqual([]);
  expect(await listen(subscribe(reader, everything, { overflow: "wait", signal })).ended).toBeUndefined();
  for await (const _ of subscribe(reader, everything, { from: "start", overflow: "wait" })) break;
  expect(timers.size).toBe(0);
  const closed = subscribe(reader, everything, { overflow: "wait" });
  const loop = listen(closed);
  await turns();
  closed[Symbol.dispose]();
  expect(await loop.ended).toBeUndefined();
  expect(timers.size).toBe(0);
  reader.close();
  await store.close();
});

test("what waits for room when it is closed is not given out", async () => {
  const store = await storeOf(6);
  const subscription = subscribe(store, everything, { from: "start", capacity: 2, overflow: "wait" });
  await turns(); // two wait for the subscriber, the third for room
  subscription.close();
  await turns();
  expect(await gather(subscription)).toEqual([]);
  await store.close();
});

test("one loop for one subscription, and wrong options are refused", async () => {
  const store = await storeOf(1);
  const subscription = subscribe(store, everything, { overflow: "wait" });
  const { ended } = listen(subscription);
  expect(await listen(subscription).ended).toMatchObject({ code: "STORE_INVALID_OPTION" });
  subscription.close();
  expect(await ended).toBeUndefined();
  const wrong: readonly [string, object][] = [
    ["overflow", {}],
    ["overflow", { overflow: "drop" }],
    ["capacity", { overflow: "wait", capacity: 0 }],
    ["live", { overflow: "wait", live: false }],
    ["from", { overflow: "wait", from: 2 }],
    ["until", { overflow: "wait", until: "now" }],
  ];
  for (const [field, options] of wrong) {
    const error = { code: "STORE_INVALID_OPTION", context: { field } };
    expect(() => subscribe(store, everything, options as never)).toThrow(expect.objectContaining(error));
  }
  const misplaced = { code: "STORE_INVALID_OPTION", context: { field: "name" } };
  expect(() => followEvents(store, everything, { name: "a" } as never)).toThrow(expect.objectContaining(misplaced));
  await store.close();
});

test("events keep the type of the region", async () => {
  const store = await storeOf(2);
  let sum = 0;
  for await (const { events: given } of followEvents(store, region({ kinds: [Placed] }), { live: false })) {
    for (const event of given) if (event.status === "known") sum += event.data.amount;
  }
  expect(sum).toBe(3);
  await store.close();
});
