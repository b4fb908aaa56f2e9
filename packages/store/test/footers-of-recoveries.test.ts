// What an open has written again, closed with nothing appended: later opens take its footer, whoever opens it.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { openStoreReader, type IndexReport, type Store } from "../src/index.js";
import { events, openSample, determined, Placed, type Sample } from "./sample-store.js";
import { copyOf, readAll } from "./support/index-sources.js";

const whole = { segmentBytes: 100_000 };

function place(store: Store<Sample>, count: number): void {
  store.commit((commit) => {
    for (let amount = 1; amount <= count; amount += 1) commit.append("a", Placed, { amount });
  });
}

/** Three events that no barrier has covered, of a process that is no more. */
async function killed(): Promise<Directory> {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory, whole);
  place(store, 3);
  const left = copyOf(directory);
  await store.close();
  return left;
}

async function opened(
  directory: Directory,
  more: object = whole,
): Promise<{ store: Store<Sample>; report: IndexReport }> {
  const store = await openSample(directory, { ...determined(1), ...more });
  return { store, report: store.openReport.indexedFrom };
}

const byFooter = { footers: { segments: 1, events: 3 }, frames: { segments: 0, events: 0 }, unused: [] };

describe("what an open has written again, and a close put a footer behind", () => {
  test("after a kill", async () => {
    const directory = await killed();
    let { store, report } = await opened(directory);
    expect(store.openReport.log.rewrittenRecords).toBe(3);
    expect(report.frames.events).toBe(3);
    const expected = readAll(store, 3);
    await store.close();
    for (let run = 0; run < 3; run += 1) {
      const reader = openStoreReader({ directory, events });
      expect(reader.indexedFrom).toMatchObject(byFooter);
      reader.close();
      ({ store, report } = await opened(directory));
      expect(report).toMatchObject(byFooter);
      expect(readAll(store, 3)).toBe(expected);
      await store.close();
    }
  });

  test("where small segments became one, with the same settings in every run", async () => {
    const directory = new Directory(new MemoryFs());
    const settings = { ...whole, mergeBytes: 65_536 };
    for (const count of [2, 1]) {
      const { store } = await opened(directory, settings);
      place(store, count);
      await store.close();
    }
    let { store, report } = await opened(directory, settings);
    expect(store.openReport.log).toMatchObject({ rewrittenRecords: 3, segmentCount: 1 });
    await store.close();
    for (let run = 0; run < 3; run += 1) {
      ({ store, report } = await opened(directory, settings));
      expect(store.openReport.log.rewrittenRecords).toBe(0);
      expect(report).toMatchObject(byFooter);
      await store.close();
    }
  });
});

test("a merge takes from an accelerator what it has written again, and leaves the rest", async () => {
  const directory = new Directory(new MemoryFs());
  const settings = { acceleratorEvents: 1, segmentBytes: 430, mergeBytes: 1000 };
  for (const count of [12, 1]) {
    const { store } = await opened(directory, settings);
    for (let at = 0; at < count; at += 1) place(store, 1);
    await store.close();
    expect(store.stats().accelerators.written).toBe(1);
  }
  const { store, report } = await opened(directory, settings);
  expect(store.openReport.log.rewrittenRecords).toBe(3); // two of them in a segment that the accelerator has
  expect(report).toEqual({
    accelerator: { segments: 5, events: 10 },
    footers: { segments: 0, events: 0 },
    frames: { segments: 1, events: 3 },
    unused: [],
  });
  await store.close();
});
