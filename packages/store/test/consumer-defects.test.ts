// Rows of the table of known defects that concern consumers, and what else a position may be refused for.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { followEvents, openNamedCursor } from "../src/consumers-entry.js";
import { notifierOf } from "../src/sequence-notifier.js";
import { region, type Store } from "../src/index.js";
import { WaiterHeap } from "../src/waiter-heap.js";
import { appendTo, everything, sequencesOf, storeOf, turns } from "./sample-consumers.js";
import { determined, openSample, Placed, type Sample } from "./sample-store.js";

const there = { live: false } as const;
const POSITION = "cursors/a/position";

/** Opens cursor `a`, acknowledges everything that is there, and closes it. */
async function consume(store: Store<Sample>, options: object = {}): Promise<number[]> {
  const cursor = await openNamedCursor(store, everything, { name: "a", ...there, ...options });
  const found = [];
  try {
    for await (const batch of cursor) {
      found.push(...sequencesOf(batch.events));
      await batch.ack();
    }
  } finally {
    await cursor.close();
  }
  return found;
}

test("D-5: a consumer is given only what is durable, and what it acknowledges is durable before its position is", async () => {
  const store = await storeOf(4);
  // Nobody has synced: nothing may be given out before somebody has.
  for await (const batch of followEvents(store, everything, there)) {
    expect(store.watermarks.durable).toBeGreaterThanOrEqual(batch.events.at(-1)?.sequence ?? Infinity);
  }
  appendTo(store, 2);
  const control = new AbortController();
  for await (const batch of followEvents(store, everything, { signal: control.signal })) {
    const last = batch.events.at(-1)?.sequence ?? Infinity;
    expect(store.watermarks.durable).toBeGreaterThanOrEqual(last);
    if (last === 6) control.abort();
  }
  appendTo(store, 2);
  const visible = await openNamedCursor(store, everything, { name: "a", until: "visible", from: 6, ...there });
  for await (const batch of visible) {
    expect(store.watermarks.durable).toBe(6);
    await batch.ack();
    expect(store.watermarks.durable).toBe(8);
  }
  await visible.close();
  await store.close();
});

test("D-5: a position of a history that went on differently is refused, and a reset says where to go on", async () => {
  const memory = new MemoryFs();
  const directory = new Directory(memory);
  let store = await storeOf(3, directory);
  await store.close();
  // The disk of before, as a restored backup or a lying drive gives it back; the cursor has gone on meanwhile.
  const before = memory.snapshot();
  store = await openSample(directory, determined(1));
  appendTo(store, 4);
  expect(await consume(store)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await store.close();
  const position = directory.readFile(POSITION);
  const restored = new Directory(new MemoryFs({ image: before }));
  restored.makeDirectories("cursors/a");
  restored.writeFile(POSITION, position);
  store = await openSample(restored, determined(2));
  const refusal = { code: "STORE_CURSOR_MISMATCH", context: { field: "event", sequence: 7, file: POSITION } };
  await expect(consume(store)).rejects.toMatchObject(refusal);
  for (let amount = 0; amount < 6; amount += 1) store.append("other", Placed, { amount });
  await expect(consume(store)).rejects.toMatchObject(refusal); // sequence 7 is another event by now
  expect(restored.readFile(POSITION)).toEqual(position);
  expect(await consume(store, { reset: 3 })).toEqual([4, 5, 6, 7, 8, 9]);
  expect(await consume(store)).toEqual([]);
  await store.close();
});

test("D-5: a token of a history that went on differently is no beginning for a consumer", async () => {
  const memory = new MemoryFs();
  const directory = new Directory(memory);
  let store = await storeOf(3, directory);
  await store.close();
  const before = memory.snapshot();
  store = await openSample(directory, determined(1));
  appendTo(store, 1);
  const tokens: string[] = [];
  for await (const batch of followEvents(store, everything, { batchEvents: 1, ...there })) tokens.push(batch.token());
  await store.close();
  store = await openSample(new Directory(new MemoryFs({ image: before })), determined(2));
  const after = async (place: number): Promise<number[]> => {
    const found = [];
    const from = { token: tokens[place] ?? "" };
    for await (const batch of followEvents(store, everything, { from, ...there })) {
      found.push(...sequencesOf(batch.events));
    }
    return found;
  };
  const refusal = { code: "STORE_INVALID_TOKEN", context: { field: "event", sequence: 4 } };
  await expect(after(3)).rejects.toMatchObject(refusal);
  appendTo(store, 2);
  await expect(after(3)).rejects.toMatchObject(refusal); // sequence 4 is another event by now
  expect(await after(2)).toEqual([4, 5]); // the history up to here is the same
  await store.close();
});

test("D-14: a position in another store is refused, and so is one of another region or name", async () => {
  const memory = new MemoryFs();
  const root = new Directory(memory);
  for (const name of ["one", "other"]) root.makeDirectory(name);
  const one = await storeOf(3, root.directory("one"));
  await consume(one);
  const position = root.readFile(`one/${POSITION}`);
  const other = await storeOf(6, root.directory("other"));
  root.makeDirectories("other/cursors/a");
  root.writeFile(`other/${POSITION}`, position);
  await expect(consume(other)).rejects.toMatchObject({ code: "STORE_CURSOR_MISMATCH", context: { field: "log" } });
  expect(await consume(other, { reset: "start" })).toEqual([1, 2, 3, 4, 5, 6]);
  const even = region({ entity: "even" });
  await expect(openNamedCursor(one, even, { name: "a" })).rejects.toMatchObject({
    code: "STORE_CURSOR_MISMATCH",
    context: { field: "region" },
  });
  root.makeDirectories("one/cursors/b");
  root.writeFile("one/cursors/b/position", position);
  await expect(openNamedCursor(one, everything, { name: "b" })).rejects.toMatchObject({
    code: "STORE_CURSOR_MISMATCH",
    context: { field: "name" },
  });
  // Refused or not, nobody holds it.
  const reopened = await openNamedCursor(one, everything, { name: "a" });
  expect(reopened.openReport).toEqual({ kind: "resumed", sequence: 3 });
  await reopened.close();
  await one.close();
  await other.close();
});

test("D-14: any damage to the file of a cursor is found, and a reset goes on", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(3, directory);
  await consume(store);
  const sound = directory.readFile(POSITION);
  const damaged: Uint8Array[] = [];
  for (let at = 0; at < sound.length; at += 1) {
    damaged.push(sound.slice(0, at));
    for (const flip of [1, 0x80]) damaged.push(sound.map((byte, index) => (index === at ? byte ^ flip : byte)));
  }
  damaged.push(Uint8Array.from([...sound, 0]), new Uint8Array(sound.length));
  for (const bytes of damaged) {
    directory.writeFile(POSITION, bytes);
    await expect(consume(store)).rejects.toMatchObject({ code: "STORE_CURSOR_CORRUPT", context: { file: POSITION } });
    expect(directory.readFile(POSITION)).toEqual(bytes);
  }
  expect(damaged.length).toBe(3 * sound.length + 2);
  expect(await consume(store, { reset: 2 })).toEqual([3]);
  expect(directory.readFile(POSITION)).toEqual(sound);
  await store.close();
});

test("a damaged event stops a consumer in front of it, behind all that are sound", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(0, directory, { segmentBytes: 100_000 });
  for (const entity of ["one", "two", "mark", "four"]) store.append(entity, Placed, { amount: 1 });
  await store.sync();
  const [segment] = directory.list().filter(({ name }) => name.endsWith(".seg"));
  const bytes = directory.readFile(segment?.name ?? "");
  bytes[Buffer.from(bytes).lastIndexOf("mark")] = 0x4d;
  directory.writeFile(segment?.name ?? "", bytes);
  const found: number[] = [];
  const loop = async (): Promise<void> => {
    const cursor = await openNamedCursor(store, everything, { name: "a", ...there });
    try {
      for await (const batch of cursor) {
        found.push(...sequencesOf(batch.events));
        await batch.ack();
      }
    } finally {
      await cursor.close();
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(found).toEqual([1, 2]);
  await expect(loop()).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(found).toEqual([1, 2]);
  await store.close();
});

test("D-22: a consumer of what is durable is given an idle tail, although nobody else syncs", async () => {
  const store = await storeOf(0);
  const control = new AbortController();
  const found: number[] = [];
  const loop = (async () => {
    for await (const { events: given } of followEvents(store, everything, { signal: control.signal })) {
      found.push(...sequencesOf(given));
    }
  })();
  await turns();
  appendTo(store, 1);
  await turns();
  expect(found).toEqual([1]);
  appendTo(store, 1);
  await turns();
  expect(found).toEqual([1, 2]);
  control.abort();
  await loop;
  await store.close();
});

test("D-24: ten thousand who wait cost one wait at the store and one pass", async () => {
  const store = await storeOf(1);
  let waits = 0;
  const original = store.whenBeyond.bind(store);
  store.whenBeyond = (sequence, options) => ((waits += 1), original(sequence, options));
  const notifier = notifierOf(store, "visible");
  const many = Array.from({ length: 10_000 }, () => notifier.beyond(1, undefined));
  await turns(2);
  appendTo(store, 1);
  expect(new Set(await Promise.all(many))).toEqual(new Set([2]));
  expect(waits).toBe(1);
  // Ten thousand that wait for others than the next one are not woken by it.
  const controls = Array.from({ length: 10_000 }, () => new AbortController());
  let woken = 0;
  const far = controls.map(({ signal }, index) => notifier.beyond(2 + index, signal).finally(() => (woken += 1)));
  for (const each of far) each.catch(() => {});
  await turns(2);
  waits = 0;
  for (let count = 1; count <= 10; count += 1) {
    appendTo(store, 1);
    await turns(2);
    expect(woken).toBe(count);
  }
  expect(waits).toBe(10);
  for (const control of controls) control.abort();
  await Promise.allSettled(far);
  expect(woken).toBe(10_000);
  await store.close();
});

test("D-24: the heap of those who wait looks at few of them", () => {
  const count = 10_000;
  let looks = 0;
  const heap = new WaiterHeap<{ at: number; readonly rank: number }>((a, b) => ((looks += 1), a.rank < b.rank));
  const items = Array.from({ length: count }, (_, index) => ({ at: -1, rank: (index * 7919) % count }));
  for (const item of items) heap.add(item);
  for (const item of items) if (item.rank % 3 === 0) heap.remove(item);
  const ranks = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    ranks.push(first.rank);
    heap.remove(first);
  }
  expect(ranks).toEqual(Array.from({ length: count }, (_, rank) => rank).filter((rank) => rank % 3 !== 0));
  expect(looks).toBeLessThan(3 * count * Math.log2(count));
  expect(items.every(({ at }) => at === -1)).toBe(true);
});
