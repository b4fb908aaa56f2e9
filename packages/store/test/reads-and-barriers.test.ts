// What is counted instead of timed: reads of files, writes and barriers, which are the same on every machine.
import { Directory, type FileHandle, type OpenFileOptions } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { region, openStoreReader, type Store } from "../src/index.js";
import { events, openSample, Paid, Placed, type Sample } from "./sample-store.js";

class CountingDirectory extends Directory {
  reads = 0;
  writes = 0;

  override open(relative: string, options: OpenFileOptions): FileHandle {
    const handle = super.open(relative, options);
    const [readAt, readAtAsync, writeAt] = [
      handle.readAt.bind(handle),
      handle.readAtAsync.bind(handle),
      handle.writeAt.bind(handle),
    ];
    handle.readAt = (target, offset): number => {
      this.reads += 1;
      return readAt(target, offset);
    };
    handle.readAtAsync = (target, offset): Promise<number> => {
      this.reads += 1;
      return readAtAsync(target, offset);
    };
    handle.writeAt = (bytes, offset): void => {
      this.writes += 1;
      writeAt(bytes, offset);
    };
    return handle;
  }
}

const roomy = { segmentBytes: 1 << 20, bufferBytes: 64 * 1024 };

/** Events to fifty streams in turn, one by one. */
async function filled(
  count: number,
  options: Parameters<typeof openSample>[1] = {},
): Promise<{ readonly store: Store<Sample>; readonly directory: CountingDirectory }> {
  const directory = new CountingDirectory(new MemoryFs());
  const store = await openSample(directory, { ...roomy, ...options });
  for (let index = 0; index < count; index += 1) store.append(`order:${index % 50}`, Placed, { amount: index });
  directory.reads = 0;
  directory.writes = 0;
  return { store, directory };
}

const amountsOf = (store: Pick<Store<Sample>, "stream">, entity: string): unknown[] =>
  [...store.stream(entity)].map((event) => (event.status === "known" ? event.data : event.status));

describe("reads", () => {
  test("a stream costs at most one for each of its events, and none when it is warm", async () => {
    const { store, directory } = await filled(1000);
    const expected = Array.from({ length: 20 }, (_, index) => ({ amount: 7 + index * 50 }));
    expect(amountsOf(store, "order:7")).toEqual(expected);
    expect(directory.reads).toBeGreaterThan(0);
    expect(directory.reads).toBeLessThanOrEqual(20);
    directory.reads = 0;
    expect(amountsOf(store, "order:7")).toEqual(expected);
    const batches: unknown[] = [];
    for await (const batch of store.streamBatches("order:7", { backward: true })) batches.push(...batch);
    expect(batches).toHaveLength(20);
    expect(store.get(store.at(8)!.id)?.revision).toBe(0);
    expect(directory.reads).toBe(0);
  });

  test("without memory a warm stream costs what a cold one does", async () => {
    const { store, directory } = await filled(1000, { cacheBytes: 0 });
    amountsOf(store, "order:7");
    const cold = directory.reads;
    amountsOf(store, "order:7");
    expect(directory.reads).toBe(2 * cold);
  });

  test("a commit of a hundred events, read by their streams, costs the commit once", async () => {
    const { store, directory } = await filled(0);
    store.commit((commit) => {
      for (let index = 0; index < 100; index += 1) commit.append(`order:${index}`, Placed, { amount: index });
    });
    for (let index = 0; index < 100; index += 1) {
      expect(amountsOf(store, `order:${index}`)).toEqual([{ amount: index }]);
    }
    expect(directory.reads).toBeLessThanOrEqual(2); // the window, and the frame where it is longer
  });

  test("a scan costs one for many events, and no more where some of them are in memory", async () => {
    const { store, directory } = await filled(1000);
    expect([...store.events(region())]).toHaveLength(1000);
    expect(directory.reads).toBeLessThanOrEqual(10);
    amountsOf(store, "order:7");
    directory.reads = 0;
    expect([...store.events(region())].map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1000 }, (_, index) => index + 1),
    );
    expect(directory.reads).toBeLessThanOrEqual(10);
  });

  test("a reader beside the writer sees what comes after what it has in memory, across rotations and opens", async () => {
    const directory = new CountingDirectory(new MemoryFs());
    let store = await openSample(directory, { mergeBytes: 4096 });
    using reader = openStoreReader({ directory, events });
    for (let round = 0; round < 8; round += 1) {
      for (let each = 0; each < 5; each += 1) store.append("order:1", Paid, { by: `${round}/${each}` });
      if (round % 3 === 2) {
        await store.close();
        store = await openSample(directory, { mergeBytes: 4096 });
      }
      reader.refresh();
      const expected = [...store.stream("order:1")];
      expect(expected).toHaveLength((round + 1) * 5);
      expect([...reader.stream("order:1")]).toEqual(expected);
    }
  });
});

describe("writes and barriers", () => {
  test("an append is one write, a commit is one, and a hundred that are awaited together share one and one barrier", async () => {
    const { store, directory } = await filled(1);
    await store.sync();
    directory.writes = 0;
    store.append("order:1", Placed, { amount: 1 });
    expect(directory.writes).toBe(1);
    store.commit((commit) => {
      for (let index = 0; index < 100; index += 1) commit.append(`order:${index}`, Placed, { amount: index });
    });
    expect(directory.writes).toBe(2);
    const before = store.stats().log.barriers.barriers;
    const receipts = Array.from({ length: 100 }, (_, index) =>
      store.append(`order:${index}`, Placed, { amount: index }, { rung: "memory" }),
    );
    expect(directory.writes).toBe(2);
    await Promise.all(receipts.map((receipt) => store.durable(receipt)));
    expect(directory.writes).toBe(3);
    expect(store.stats().log.barriers.barriers - before).toBe(1);
    expect(store.watermarks.durable).toBe(store.lastSequence);
  });

  test("what is durable already costs no barrier", async () => {
    const { store } = await filled(3);
    await store.durable(3);
    const before = store.stats().log.barriers.barriers;
    await store.durable(2);
    expect(store.syncBlocking()).toBe(3);
    expect(store.stats().log.barriers.barriers).toBe(before);
  });
});

test("what one append has of a name and a payload is not what the next one changes", async () => {
  const { store } = await filled(0);
  const textOf = (index: number, part: number): string => `${part}:${index}/`.repeat(1 + ((index * 7 + part) % 40));
  for (let index = 0; index < 1000; index += 1) {
    store.commit((commit) => {
      commit.append(`e${index % 7}`, Paid, { by: textOf(index, 1) });
      store.append(`e${index % 7}`, Paid, { by: textOf(index, 0) }); // in the midst of another one, and written before it
      commit.append(`f${index % 7}`, Paid, { by: textOf(index, 2) });
    });
  }
  const texts = [...store.events(region())].map(
    (event) => event.status === "known" && "by" in event.data && event.data.by,
  );
  expect(texts).toEqual(Array.from({ length: 3000 }, (_, at) => textOf(Math.floor(at / 3), at % 3)));
  const entities = [...store.events(region(), { limit: 6 })].map(({ entity }) => entity);
  expect(entities).toEqual(["e0", "e0", "f0", "e1", "e1", "f1"]);
  expect((await store.verify()).kind).toBe("intact");
});
