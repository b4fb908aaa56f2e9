// Where retention stops: by how much it has to save, at what is durable, and at whoever asks wrongly.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { compact, type RetentionRow } from "../src/maintenance-entry.js";
import { determined, openSample, Paid, Placed } from "./sample-store.js";
import { appendOne, droppedIn, filledStore } from "./support/retained-store.js";

test("as many bytes as are asked for are enough, and one less is not", async () => {
  const saved = async (minSavedBytes: number): Promise<number> => {
    const store = await openSample();
    store.append("a", Paid, { by: "x".repeat(60) }); // a payload of 66 bytes, for which 36 stand in
    const { droppedPayloads } = await compact(store, { keep: () => false, rotate: true, minSavedBytes });
    await store.close();
    return droppedPayloads;
  };
  expect(await saved(30)).toBe(1);
  expect(await saved(31)).toBe(0);
});

test("what is appended during its barrier and sealed behind it is not looked at", async () => {
  const store = await filledStore();
  await store.sync();
  const beyond: number[] = [];
  const asked: number[] = [];
  const keep = ({ sequence }: RetentionRow): boolean => {
    asked.push(sequence);
    if (sequence > store.watermarks.durable) beyond.push(sequence);
    return true;
  };
  const compacting = compact(store, { keep });
  for (let turn = 0; turn < 200 && asked.length === 0; turn += 1) {
    await Promise.resolve();
    for (let number = 0; number < 20; number += 1) appendOne(store, number); // a segment and more with every turn
  }
  await compacting;
  expect(beyond).toEqual([]);
  expect(asked).not.toEqual([]);
  await store.close();
});

test("a footer for which there is no room is left out, and the events are there without", async () => {
  const directory = new Directory(new MemoryFs());
  const options = { maxRecordBytes: 1000, segmentBytes: 6000 };
  const store = await openSample(directory, options);
  for (let number = 0; number < 100; number += 1) store.append(`order:${number}`, Placed, { amount: number });
  await compact(store, { keep: ({ sequence }) => sequence % 2 === 0, rotate: true });
  await store.close();
  const again = await openSample(directory, { ...determined(1), ...options });
  const { footers, unused } = again.openReport.indexedFrom;
  expect(footers.segments).toBe(0);
  expect(new Set(unused.map(({ why }) => why))).toEqual(new Set(["absent"]));
  expect(await again.verify()).toMatchObject({ kind: "intact", events: 100, droppedPayloads: 50 });
  await again.close();
});

describe("refused", () => {
  test.each([
    ["nothing", undefined],
    ["a number", 1],
    ["a promise", Promise.resolve(true)],
  ])("a predicate that says %s, before anything is gone", async (_, said) => {
    const store = await filledStore();
    const compacting = compact(store, { keep: () => said as never, rotate: true });
    await expect(compacting).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field: "keep" } });
    expect(droppedIn(store)).toEqual([]);
    await store.close();
  });

  test("an option of another name", async () => {
    const store = await filledStore();
    const compacting = compact(store, { keep: () => true, minSaved: 1 } as never);
    await expect(compacting).rejects.toThrow("minSaved");
    await store.close();
  });

  test("a store that is closed meanwhile, at the next pause", async () => {
    const store = await filledStore();
    let closing: Promise<void> | undefined;
    const onProgress = (): void => {
      closing ??= store.close();
    };
    await expect(compact(store, { keep: () => true, onProgress })).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await closing;
  });
});
