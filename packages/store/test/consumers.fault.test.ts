// Every call on the file of a cursor fails once: a full disk changes nothing and may be tried again; any other failure is told, and the
// next open goes on at the old position or the new one.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openNamedCursor, runReactor, type NamedCursor } from "../src/consumers-entry.js";
import { region, StoreError, type Store } from "../src/index.js";
import { appendTo, everything, gather, sequencesOf, storeOf } from "./sample-consumers.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const there = { live: false } as const;
const EVENTS = 6;

interface Story {
  /** Sequences that were handled, in order. */
  readonly handled: number[];
  readonly errors: unknown[];
}

/** Opens, handles and acknowledges what is there. False when a fault came between. */
async function consume(store: Store<Sample>, story: Story): Promise<boolean> {
  let cursor: NamedCursor | undefined;
  try {
    cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 2, ...there });
    for await (const batch of cursor) {
      story.handled.push(...sequencesOf(batch.events));
      await batch.ack();
    }
    await cursor.close();
    return true;
  } catch (error) {
    story.errors.push(error);
    await cursor?.close().catch((late: unknown) => story.errors.push(late));
    return false;
  }
}

/** What a program finds that is started again. */
function restarted(fs: MemoryFs): Directory {
  const directory = new Directory(new MemoryFs({ image: fs.snapshot() }));
  directory.removeIfPresent("LOCK");
  if (directory.exists("cursors/a")) directory.removeIfPresent("cursors/a/LOCK");
  return directory;
}

test.each([
  ["write,append,open", "ENOSPC"],
  ["write,append", "torn 9 ENOSPC"],
  ["*", "EIO"],
])("the n-th %s meets %s", async (operations, fault) => {
  const isHarmless = fault.endsWith("ENOSPC");
  let met = 0;
  for (let n = 1; ; n += 1) {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    let store = await storeOf(EVENTS, new Directory(fs));
    await store.sync();
    const rule = fs.plan.arm(`${operations}:/cursors** n${n} ${fault}`);
    const story: Story = { handled: [], errors: [] };
    const isDone = await consume(store, story);
    expect(store.health).toEqual({ kind: "ok" });
    const { fired } = rule;
    expect(fired > 0 || isDone, `call ${n}`).toBe(true);
    for (const error of story.errors) {
      const isTyped = isFsError(error) || (error instanceof StoreError && error.code === "STORE_POISONED");
      expect(isTyped, `call ${n}: ${String(error)}`).toBe(true);
    }
    if (!isDone && !isHarmless) {
      await store.close();
      expect(fs.openHandles, `call ${n}`).toEqual([]);
      store = await openSample(restarted(memory), determined(3));
    }
    if (!isDone) expect(await consume(store, story), `call ${n}: ${story.errors.map(String).join()}`).toBe(true);
    // At least once, in order, and nothing given out again but what was not acknowledged.
    expect([...new Set(story.handled)], `call ${n}`).toEqual([1, 2, 3, 4, 5, 6]);
    expect(story.handled.length, `call ${n}`).toBeLessThanOrEqual(EVENTS + 2);
    if (fired === 0) {
      await store.close();
      break;
    }
    const after = await openNamedCursor(store, everything, { name: "a", ...there });
    expect(after.openReport, `call ${n}`).toEqual({ kind: "resumed", sequence: EVENTS });
    await after.close();
    await store.close();
    expect(fs.openHandles, `call ${n}`).toEqual([]);
    met += 1;
    expect(n).toBeLessThan(300);
  }
  expect(met).toBeGreaterThan(3);
});

test("a full disk leaves the position, and trying again is right; a failed barrier ends the cursor", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await storeOf(2, new Directory(fs));
  const cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 1, ...there });
  const batches = [];
  for await (const batch of cursor) batches.push(batch);
  const [first, second] = batches;
  fs.plan.arm("append,write:/cursors** n1 ENOSPC");
  await expect(first?.ack()).rejects.toMatchObject({ code: "FS_NO_SPACE" });
  expect([cursor.position, cursor.savedPosition]).toEqual([1, 0]);
  expect(await first?.ack()).toEqual({ kind: "acknowledged", sequence: 1 });
  fs.plan.arm("sync:/cursors** n1 EIO");
  const poisoned = { code: "STORE_POISONED", cause: { code: "FS_IO" } };
  await expect(second?.ack()).rejects.toMatchObject(poisoned);
  await expect(second?.ack()).rejects.toMatchObject(poisoned);
  expect(() => cursor[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: "STORE_POISONED" }));
  expect(cursor.savedPosition).toBe(1);
  await cursor.close();
  const next = await openNamedCursor(store, everything, { name: "a", ...there });
  expect(await gather(next)).toEqual([2]);
  await next.close();
  await store.close();
});

test.each([
  ["sync", 0],
  ["syncNames", 1],
])("a full disk that a %s meets ends a cursor: what is safe is not known", async (operation, inPlace) => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const store = await storeOf(2, directory);
  const cursor = await openNamedCursor(store, everything, { name: "a", batchEvents: 1, ...there });
  const batches = [];
  for await (const batch of cursor) batches.push(batch);
  fs.plan.arm(`${operation}:/cursors** n1 ENOSPC`);
  const poisoned = { code: "STORE_POISONED", cause: { code: "FS_NO_SPACE" } };
  await expect(batches[0]?.ack()).rejects.toMatchObject(poisoned);
  await expect(batches[0]?.ack()).rejects.toMatchObject(poisoned); // it is not tried again
  expect(cursor.savedPosition).toBe(0);
  expect(directory.readFile("cursors/a/position")[64]).toBe(inPlace);
  await cursor.close();
  await store.close();
});

test("a position that cannot be read is told, and is not taken for one that was never saved", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await storeOf(3, new Directory(fs));
  const story: Story = { handled: [], errors: [] };
  expect(await consume(store, story)).toBe(true);
  const rule = fs.plan.arm("open:/cursors/a/position n1 EIO");
  await expect(openNamedCursor(store, everything, { name: "a", ...there })).rejects.toMatchObject({ code: "FS_IO" });
  expect(rule.fired).toBe(1);
  const next = await openNamedCursor(store, everything, { name: "a", ...there });
  expect(next.openReport).toEqual({ kind: "resumed", sequence: 3 });
  await next.close();
  await store.close();
});

test("a store whose barrier fails stops its consumers before they acknowledge", async () => {
  const memory = new MemoryFs();
  const fs = new FaultFs(memory);
  const store = await storeOf(2, new Directory(fs));
  const cursor = await openNamedCursor(store, everything, { name: "a", until: "visible", ...there });
  for await (const batch of cursor) {
    fs.plan.arm("sync:*.seg n1 EIO");
    await expect(batch.ack()).rejects.toMatchObject({ code: "STORE_POISONED" });
  }
  expect(cursor.savedPosition).toBe(0);
  await expect(cursor.close()).rejects.toMatchObject({ code: "STORE_POISONED" });
  await store.close().catch(() => {});
  expect(memory.list("/cursors/a").map(({ name }) => name)).toEqual(["position"]);
});

test("a reactor ends with the failure of its store, which is no failure of an event", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await storeOf(1, new Directory(fs));
  const failures: unknown[] = [];
  const running = runReactor(store, everything, {
    name: "a",
    ...there,
    handle: async () => {
      fs.plan.arm("sync:*.seg n1 EIO");
      appendTo(store, 1);
      await store.sync();
    },
    onFailure: (failure) => {
      failures.push(failure);
      return "skip";
    },
  });
  await expect(running).rejects.toMatchObject({ code: "FS_IO" });
  expect(failures).toEqual([]);
  await store.close().catch(() => {});
});

test("the n-th call of a reactor fails: run again, what follows is there once", async () => {
  const orders = region({ kinds: [Placed] });
  const run = (store: Store<Sample>): Promise<unknown> =>
    runReactor(store, orders, {
      name: "payer",
      ...there,
      batchEvents: 2,
      handle: (event, out) => out.append("paid", Paid, { by: `${event.sequence}` }),
    });
  for (const fault of ["ENOSPC", "EIO"]) {
    for (let n = 1; ; n += 1) {
      const memory = new MemoryFs();
      const fs = new FaultFs(memory);
      const store = await storeOf(3, new Directory(fs));
      await store.sync();
      fs.plan.arm(`write,append,sync,syncNames,rename,open:** n${n} ${fault}`);
      const error = await run(store).catch((thrown: unknown) => thrown);
      await store.close().catch(() => {});
      const image = new Directory(new MemoryFs({ image: memory.snapshot() }));
      image.removeIfPresent("LOCK");
      const next = await openSample(image, determined(3));
      appendTo(next, 1);
      await run(next);
      const paid = [...next.events(region({ entity: "paid" }))].map((e) => (e.status === "known" ? e.data : undefined));
      const expected = [...next.events(orders)].map(({ sequence }) => ({ by: `${sequence}` }));
      expect(paid, `${fault} at call ${n}: ${String(error)}`).toEqual(expected);
      expect(expected.length).toBe(4);
      await next.close();
      if (fs.plan.fired === 0) break;
      expect(n).toBeLessThan(100);
    }
  }
});
