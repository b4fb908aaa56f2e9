// A reader beside a writer that goes on, closes, opens again and gathers its segments, and a writer that is killed.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openStoreReader, region, type StoredEvent } from "../src/index.js";
import { determined, events, openSample, Paid, Placed } from "./sample-store.js";
import { allTold } from "./store-law.js";

test("events that an open has written again to another segment are found there", async () => {
  const directory = new Directory(new MemoryFs());
  let store = await openSample(directory, { segmentBytes: 100_000 });
  for (let amount = 0; amount < 5; amount += 1) store.append("a", Placed, { amount });
  await store.close();
  store = await openSample(directory, { segmentBytes: 100_000, ...determined(1) });
  for (let amount = 5; amount < 10; amount += 1) store.append("a", Placed, { amount });
  const reader = openStoreReader({ directory, events });
  const idle = openStoreReader({ directory, events }); // has no file open
  const idleAsync = openStoreReader({ directory, events });
  const waiting = reader.stream("a");
  const first = waiting.next().value;
  const expected = allTold(store, 10);
  expect(allTold(reader, 10)).toEqual(expected);
  await store.close();
  // Gathers both runs, so that every offset is another one, and the files that the reader knows are gone.
  store = await openSample(directory, { segmentBytes: 100_000, mergeBytes: 100_000, ...determined(2) });
  expect(store.openReport.log.removedFiles.length).toBeGreaterThan(0);
  expect(first).toMatchObject({ sequence: 1 });
  expect(allTold(idle, 10)).toEqual(expected);
  const batches = [];
  for await (const batch of idleAsync.streamBatches("a")) batches.push(...batch);
  expect(batches.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect([...waiting].map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(allTold(reader, 10)).toEqual(expected);
  expect(await reader.verify()).toMatchObject({ kind: "intact", events: 10 });
  store.append("b", Paid, { by: "x" });
  expect(reader.at(11)).toBeUndefined();
  expect(reader.refresh()).toBe(11);
  expect([...reader.events(region({ kinds: [Paid] }))]).toMatchObject([{ sequence: 11, data: { by: "x" } }]);
  expect(await reader.getAsync((reader.at(11) as StoredEvent).id)).toEqual(store.at(11));
  expect(await reader.verify()).toMatchObject({ kind: "intact", events: 11 });
  for (const each of [reader, idle, idleAsync]) each.close();
  await store.close();
});

test("what waits in the writer's buffer is not there for others, and is there for its own readers", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory, { bufferBytes: 4096 });
  const receipt = store.append("a", Placed, { amount: 1 }, { rung: "memory" });
  expect(store.watermarks).toEqual({ accepted: 1, visible: 0, durable: 0 });
  const reader = openStoreReader({ directory, events });
  expect(reader.lastSequence).toBe(0);
  expect(store.get(receipt.id)).toMatchObject({ data: { amount: 1 } });
  expect(store.watermarks.visible).toBe(1);
  expect(reader.refresh()).toBe(1);
  reader.close();
  await store.close();
});

test("a scan goes on where the files it has not come to are replaced, and one that is left keeps no file", async () => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  for (let run = 0; run < 3; run += 1) {
    const store = await openSample(directory, { segmentBytes: 100_000, ...determined(run) });
    for (let amount = 0; amount < 4; amount += 1) store.append("a", Placed, { amount });
    await store.close();
  }
  const reader = openStoreReader({ directory, events });
  const expected = [...reader.events(region())];
  const handles = fs.openHandles.length;
  const left = reader.events(region());
  expect([left.next().value, left.next().value, left.next().value]).toEqual(expected.slice(0, 3));
  left.return();
  expect(fs.openHandles).toHaveLength(handles);
  const scan = reader.events(region());
  const found = [scan.next().value, scan.next().value];
  const store = await openSample(directory, { segmentBytes: 100_000, mergeBytes: 100_000, ...determined(3) });
  expect(store.openReport.log.removedFiles.length).toBeGreaterThan(1);
  expect([...found, ...scan]).toEqual(expected);
  await store.close();
  reader.close();
  expect(fs.openHandles).toEqual([]);
});

test("what waits in memory and cannot be written is read by nobody, until it can", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await openSample(new Directory(fs), { bufferBytes: 4096 });
  store.append("a", Placed, { amount: 1 });
  const { id } = store.append("a", Placed, { amount: 2 }, { rung: "memory" });
  let isFull = true;
  fs.plan.arm({
    operations: ["write", "append"],
    path: "*.seg",
    predicate: () => isFull,
    action: { kind: "error", errno: "ENOSPC" },
  });
  const seen = (): unknown => ({
    at: store.at(2)?.sequence,
    hash: store.hashAt(2)?.length,
    get: store.get(id)?.sequence,
    revision: store.revisionOf("a"),
    stream: [...store.stream("a", { backward: true })].map(({ sequence }) => sequence),
    region: [...store.events(region())].map(({ sequence }) => sequence),
    bounded: [...store.events(region({ beforeSequence: 9 }))].map(({ sequence }) => sequence),
    entity: [...store.events(region({ entity: "a" }), { backward: true })].map(({ sequence }) => sequence),
    page: store.page(region()).events.map(({ sequence }) => sequence),
  });
  const none = { at: undefined, hash: undefined, get: undefined, revision: 0 };
  expect(seen()).toEqual({ ...none, stream: [1], region: [1], bounded: [1], entity: [1], page: [1] });
  expect(store.health).toEqual({ kind: "ok" });
  expect(await store.verify()).toMatchObject({ kind: "intact", events: 1 });
  isFull = false;
  expect(seen()).toEqual({
    at: 2,
    hash: 32,
    get: 2,
    revision: 1,
    stream: [2, 1],
    region: [1, 2],
    bounded: [1, 2],
    entity: [2, 1],
    page: [1, 2],
  });
  await store.close();
});
