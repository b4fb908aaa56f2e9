// Named cursors: where they begin and go on, what acknowledging does in any order, and what is refused.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openNamedCursor, type CursorBatch } from "../src/consumers-entry.js";
import { openStoreReader, region, type StoredEvent } from "../src/index.js";
import { appendTo, everything, gather, sequencesOf, storeOf, turns } from "./sample-consumers.js";
import { events, openSample, Placed } from "./sample-store.js";

const there = { live: false } as const;

test("a cursor gives out again what was not acknowledged, and nothing that was", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(10, directory);
  const first = await openNamedCursor(store, everything, { name: "mailer", batchEvents: 4, ...there });
  expect(first.openReport).toEqual({ kind: "created", sequence: 0 });
  const given: number[][] = [];
  for await (const batch of first) {
    given.push(sequencesOf(batch.events));
    if (given.length < 3) expect(await batch.ack()).toEqual({ kind: "acknowledged", sequence: given.length * 4 });
  }
  expect(given).toEqual([
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10],
  ]);
  expect(first.savedPosition).toBe(8);
  expect(await gather(first)).toEqual([9, 10]);
  await first.close();
  const second = await openNamedCursor(store, everything, { name: "mailer", ...there });
  expect(second.openReport).toEqual({ kind: "resumed", sequence: 8 });
  appendTo(store, 2);
  expect(await gather(second)).toEqual([9, 10, 11, 12]);
  expect(store.watermarks.durable).toBe(12);
  await second.close();
  await store.close();
  // Also behind an open of the store, which has to live with what lies in its directory.
  const reopened = await openSample(directory);
  const third = await openNamedCursor(reopened, everything, { name: "mailer", ...there });
  expect(await gather(third)).toEqual([9, 10, 11, 12]);
  await third.close();
  await reopened.close();
});

test("acknowledgements in another order are held until those before are there", async () => {
  const store = await storeOf(9);
  const cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 3, ...there });
  const batches: CursorBatch<StoredEvent>[] = [];
  for await (const batch of cursor) batches.push(batch);
  const [first, second, third] = batches as [
    CursorBatch<StoredEvent>,
    CursorBatch<StoredEvent>,
    CursorBatch<StoredEvent>,
  ];
  expect(await third.ack()).toEqual({ kind: "held" });
  expect(await second.ack()).toEqual({ kind: "held" });
  expect([cursor.position, cursor.savedPosition]).toEqual([0, 0]);
  expect(await first.ack()).toEqual({ kind: "acknowledged", sequence: 9 });
  expect(await second.ack()).toEqual({ kind: "acknowledged", sequence: 9 });
  expect([cursor.position, cursor.savedPosition]).toEqual([9, 9]);
  await cursor.close();
  await expect(first.ack()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  expect(() => cursor[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "STORE_CLOSED" }));
  await store.close();
});

test("another loop ends the one before, whose batches then move nothing", async () => {
  const store = await storeOf(4);
  const cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 2 });
  const old = cursor[Symbol.asyncIterator]();
  const batch = (await old.next()).value as CursorBatch<StoredEvent>;
  const next = cursor[Symbol.asyncIterator]();
  expect(await batch.ack()).toEqual({ kind: "outdated" });
  expect(cursor.position).toBe(0);
  expect((await old.next()).done).toBe(true);
  const again = (await next.next()).value as CursorBatch<StoredEvent>;
  expect(sequencesOf(again.events)).toEqual([1, 2]);
  expect(await again.ack()).toEqual({ kind: "acknowledged", sequence: 2 });
  await cursor.close();
  expect((await next.next()).done).toBe(true);
  await store.close();
});

test("what is acknowledged in memory is saved by close, and many at once share one replacement of the file", async () => {
  const memory = new MemoryFs();
  const store = await storeOf(8, new Directory(memory));
  const cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 1, ...there });
  const batches: CursorBatch<StoredEvent>[] = [];
  for await (const batch of cursor) batches.push(batch);
  expect(await batches[0]?.ack({ rung: "memory" })).toEqual({ kind: "acknowledged", sequence: 1 });
  expect([cursor.position, cursor.savedPosition]).toEqual([1, 0]);
  let renames = 0;
  const rename = memory.rename.bind(memory);
  memory.rename = (from, to) => ((renames += 1), rename(from, to));
  await Promise.all(batches.slice(0, 6).map((batch) => batch.ack()));
  expect(renames).toBe(1);
  expect([cursor.position, cursor.savedPosition]).toEqual([6, 6]);
  for (const batch of batches) await batch.ack({ rung: "memory" });
  await cursor.close();
  expect(renames).toBe(2);
  const next = await openNamedCursor(store, everything, { name: "a", ...there });
  expect(next.openReport).toEqual({ kind: "resumed", sequence: 8 });
  await next.close();
  await store.close();
});

test("a cursor that begins at the end keeps that end, and a token begins where a batch ended", async () => {
  const store = await storeOf(5);
  const opening = openNamedCursor(store, everything, { name: "end", from: "end", ...there });
  appendTo(store, 1); // behind the call
  const fromEnd = await opening;
  expect(fromEnd.openReport).toEqual({ kind: "created", sequence: 5 });
  await fromEnd.close();
  appendTo(store, 1);
  await store.sync();
  const again = await openNamedCursor(store, everything, { name: "end", from: "end", ...there });
  expect(await gather(again)).toEqual([6, 7]);
  await again.close();
  const one = await openNamedCursor(store, everything, { name: "one", batchEvents: 3, ...there });
  let token = "";
  for await (const batch of one) {
    token = batch.token();
    break;
  }
  await one.close();
  const behind = await openNamedCursor(store, everything, { name: "behind", from: { token }, ...there });
  expect(await gather(behind)).toEqual([4, 5, 6, 7]);
  expect(sequencesOf(store.page(everything, { after: token }).events)).toEqual([4, 5, 6, 7]);
  await behind.close();
  await store.close();
});

test("a cursor follows what comes, once it is durable, and only its region", async () => {
  const store = await storeOf(0);
  const control = new AbortController();
  const even = region({ entity: "even" });
  const cursor = await openNamedCursor(store, even, { name: "live", signal: control.signal });
  const found: number[] = [];
  const loop = (async () => {
    for await (const batch of cursor) {
      expect(store.watermarks.durable).toBeGreaterThanOrEqual(batch.events.at(-1)?.sequence ?? Infinity);
      found.push(...sequencesOf(batch.events));
      await batch.ack();
    }
  })();
  for (let round = 0; round < 5; round += 1) {
    appendTo(store, 3);
    await turns();
  }
  expect(found).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(cursor.savedPosition).toBe(14);
  control.abort();
  await loop;
  await cursor.close();
  await store.close();
});

test("what an acknowledgement that was cut short has left beside the position is removed", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(1, directory);
  const cursor = await openNamedCursor(store, everything, { name: "a" });
  await cursor.close();
  directory.writeFile("cursors/a/.~position.1-0", Uint8Array.of(1));
  const names = (): string[] => directory.fs.list("/cursors/a").map(({ name }) => name);
  expect(names().length).toBe(2);
  const next = await openNamedCursor(store, everything, { name: "a" });
  expect(next.openReport.kind).toBe("resumed");
  await next.close();
  expect(names()).toEqual(["position"]);
  await store.close();
});

test("one holder of a name; another name is another cursor", async () => {
  const store = await storeOf(1);
  const cursor = await openNamedCursor(store, everything, { name: "a" });
  await expect(openNamedCursor(store, everything, { name: "a" })).rejects.toMatchObject({ code: "FS_LOCKED" });
  const other = await openNamedCursor(store, everything, { name: "b" });
  await other.close();
  await cursor.close();
  await cursor.close();
  const again = await openNamedCursor(store, everything, { name: "a" });
  await again.close();
  await store.close();
});

test("beside a reader, with a directory of its own, and never ahead of what the log states as durable", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(3, directory);
  const own = new Directory(new MemoryFs());
  const reader = openStoreReader({ directory, events, pollIntervalMs: 0 });
  const cursor = await openNamedCursor(reader, everything, { name: "a", directory: own, until: "visible", ...there });
  const batches: CursorBatch<StoredEvent>[] = [];
  for await (const batch of cursor) batches.push(batch);
  const acknowledging = batches[0]?.ack() as Promise<unknown>;
  await turns();
  expect(cursor.savedPosition).toBe(0); // nothing states the events as durable
  expect(own.readFile("cursors/a/position").subarray(64, 72)).toEqual(new Uint8Array(8));
  await store.sync();
  appendTo(store, 1);
  expect(await acknowledging).toEqual({ kind: "acknowledged", sequence: 3 });
  expect(directory.exists("cursors")).toBe(false);
  await cursor.close();
  const other = await openNamedCursor(reader, everything, { name: "a", directory: own, until: "visible", ...there });
  expect(other.openReport).toEqual({ kind: "resumed", sequence: 3 });
  for await (const batch of other) await batch.ack({ rung: "memory" });
  expect([other.position, other.savedPosition]).toEqual([4, 3]);
  await other.close(); // does not wait for a statement that may never come
  expect(other.savedPosition).toBe(3);
  reader.close();
  await store.close();
});

test("beside a reader, the event of a position is durable, and not only those before it", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(2, directory);
  await store.sync();
  appendTo(store, 1); // states that two are
  const reader = openStoreReader({ directory, events, pollIntervalMs: 0 });
  expect(reader.watermarks).toEqual({ visible: 3, durable: 2 });
  const cursor = await openNamedCursor(reader, everything, { name: "a", until: "visible", ...there });
  const batches: CursorBatch<StoredEvent>[] = [];
  for await (const batch of cursor) batches.push(batch);
  const acknowledging = batches[0]?.ack() as Promise<unknown>;
  await turns();
  expect([cursor.position, cursor.savedPosition]).toEqual([3, 0]);
  await store.sync();
  appendTo(store, 1);
  expect(await acknowledging).toEqual({ kind: "acknowledged", sequence: 3 });
  expect(cursor.savedPosition).toBe(3);
  await cursor.close();
  reader.close();
  await store.close();
});

test.each([
  ["name", {}],
  ["name", { name: "" }],
  ["name", { name: "Mailer" }],
  ["name", { name: "a/b" }],
  ["name", { name: ".." }],
  ["name", { name: "a." }],
  ["name", { name: "con" }],
  ["name", { name: "lpt1.x" }],
  ["name", { name: "a".repeat(101) }],
  ["from", { name: "a", from: "strat" }],
  ["from", { name: "a", from: 2 }],
  ["reset", { name: "a", reset: -1 }],
  ["until", { name: "a", until: "accepted" }],
  ["live", { name: "a", live: 1 }],
  ["batchEvents", { name: "a", batchEvents: 0 }],
  ["signal", { name: "a", signal: {} }],
  ["batch", { name: "a", batch: 5 }],
])("a wrong %s is refused: %j", async (field, options) => {
  const directory = new Directory(new MemoryFs());
  const store = await storeOf(1, directory);
  const opening = openNamedCursor(store, everything, options as never);
  const code = field === "name" ? "STORE_INVALID_NAME" : "STORE_INVALID_OPTION";
  await expect(opening).rejects.toMatchObject({ code, context: { field } });
  expect(directory.exists("cursors")).toBe(false);
  await store.close();
});

test("a region that is none and a rung that is none are refused", async () => {
  const store = await storeOf(1);
  const wrong = openNamedCursor(store, {} as never, { name: "a" });
  await expect(wrong).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field: "region" } });
  const cursor = await openNamedCursor(store, region({ kinds: [Placed] }), { name: "a", ...there });
  for await (const batch of cursor) {
    await expect(batch.ack({ rung: "os" } as never)).rejects.toMatchObject({ context: { field: "rung" } });
    expect(cursor.position).toBe(0);
  }
  await cursor.close();
  await store.close();
});
