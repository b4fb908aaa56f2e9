// What the projections of another event store were found to get wrong, by the numbers of its list: each of these fails where the
// defect is put in. D-24 is with what is watched.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { region, type Store } from "../src/index.js";
import { defineProjection, directoryCache, memoryCache, Projector } from "../src/projections-entry.js";
import { ledgerOf } from "./sample-projection.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const Ledgers = ledgerOf();

/** A copy of what is on the disk, as another program would find it. */
function copyOf(directory: Directory): Directory {
  const copy = new Directory(new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() }));
  copy.removeIfPresent("LOCK");
  return copy;
}

function append(store: Store<Sample>, entity: string, ...amounts: readonly number[]): void {
  for (const amount of amounts) store.append(entity, Placed, { amount });
}

describe("D-17: a row of another history is a miss", () => {
  test.each([
    ["a stream", "a"],
    ["a region", region({ kinds: [Placed] })],
  ] as const)("that reaches exactly as far, over %s", async (_, target) => {
    const cache = memoryCache();
    const home = new Directory(new MemoryFs());
    const first = await openSample(home);
    append(first, "a", 1, 2);
    await first.sync();
    const before = copyOf(home);
    append(first, "a", 100);
    await first.sync();
    const phantom = new Projector(first, { cache, snapshotEvery: 1 }).project(Ledgers, target);
    expect(phantom).toMatchObject({ state: { total: 103 }, writing: { kind: "written", sequence: 3 } });
    await first.close();
    // The same store, restored from before, with as many events, and the last one another.
    const second = await openSample(before, determined(1));
    append(second, "a", 3);
    expect(second.id).toBe(first.id);
    const projector = new Projector(second, { cache, snapshotEvery: 1 });
    expect(projector.project(Ledgers, target)).toMatchObject({
      state: { total: 6, seen: [1, 2, 3] },
      reading: { kind: "miss", why: "history" },
    });
    expect(projector.stats().misses.history).toBe(1);
    expect(projector.project(Ledgers, target)).toMatchObject({ state: { total: 6 }, reading: { kind: "hit" } });
    await second.close();
  });

  test("that reaches further than there is, not even within maxStaleMs", async () => {
    const cache = memoryCache();
    const home = new Directory(new MemoryFs());
    const first = await openSample(home);
    append(first, "a", 1, 2);
    await first.sync();
    const before = copyOf(home);
    append(first, "a", 100, 200);
    const options = { cache, clock: () => 5000 };
    const asked = { maxStaleMs: 1_000_000 };
    expect(new Projector(first, options).project(Ledgers, "a", asked).state.total).toBe(303);
    await first.close();
    const second = await openSample(before, determined(1));
    for (const amount of [3, 4, 5]) {
      const found = new Projector(second, { ...options, snapshotEvery: Infinity }).project(Ledgers, "a");
      expect(found).toMatchObject({ sequence: amount - 1, reading: { kind: "miss", why: "history" } });
      append(second, "a", amount);
    }
    expect(new Projector(second, options).project(Ledgers, "a", asked)).toMatchObject({ state: { total: 15 } });
    await second.close();
  });

  test("of another store, whose files lie in the same directory of a cache", async () => {
    const rows = new Directory(new MemoryFs());
    const ids = new Set<string>();
    for (const run of [0, 1]) {
      const fs = new MemoryFs();
      for (let drawn = 0; drawn < run; drawn += 1) fs.nonce(); // what the id of a log is made of
      const store = await openSample(new Directory(fs), determined(run));
      ids.add(store.id);
      append(store, "a", 10 * run + 1, 2);
      await store.sync();
      const projector = new Projector(store, { cache: directoryCache(rows), snapshotEvery: 1 });
      expect(projector.project(Ledgers, "a").state.total).toBe(10 * run + 3);
      expect(projector.project(Ledgers, "a").reading.kind).toBe("hit");
      await store.close();
    }
    expect(ids.size).toBe(2);
    expect(rows.list()).toHaveLength(2);
  });

  test("of another version, another name or another target, wherever a cache finds it", async () => {
    // A cache that has one row for everything.
    let only: Uint8Array | undefined;
    const cache = {
      isVolatile: true,
      get: () => only?.slice(),
      put: (_: string, row: Uint8Array) => (only = row.slice()).length > 0,
      delete: () => false,
      clear: () => {},
    };
    const store = await openSample();
    append(store, "a", 1, 2);
    append(store, "b", 3);
    store.append("a", Paid, { by: "ada" });
    const projector = new Projector(store, { cache, snapshotEvery: 1 });
    const Named = defineProjection({ name: "other", version: 1, initial: () => 0, apply: (count) => count + 1 });
    const readings = [
      () => projector.project(Ledgers, "a"),
      () => projector.project(Ledgers, "a"),
      () => projector.project(ledgerOf(2), "a"),
      () => projector.project(Named, "a"),
      () => projector.project(Ledgers, "b"),
      () => projector.project(Ledgers, { entity: "b", lane: 1 }),
      () => projector.project(Ledgers, region({ entity: "a", lane: 0 })),
      () => projector.project(Ledgers, region({ kinds: [Placed] })),
    ].map((project) => {
      const { reading, sequence } = project();
      return [reading.kind === "miss" ? reading.why : reading.kind, sequence];
    });
    expect(readings).toEqual([
      ["absent", 4],
      ["hit", 4],
      ["foreign", 4],
      ["foreign", 4],
      ["foreign", 3],
      ["foreign", 0],
      ["foreign", 4],
      ["foreign", 3],
    ]);
    await store.close();
  });

  test("by its version and its name alone: what a build calls its functions does not count", async () => {
    const cache = memoryCache();
    const store = await openSample();
    append(store, "a", 1, 2);
    new Projector(store, { cache, snapshotEvery: 1 }).project(ledgerOf(), "a");
    expect(new Projector(store, { cache }).project(ledgerOf(), "a").reading).toEqual({ kind: "hit", sequence: 2 });
    await store.close();
  });
});

describe("D-5: a row that outlives the process has nothing that a power loss may take", () => {
  test("so that no state has seen an event that is gone", async () => {
    const fs = new CrashFs();
    fs.makeDirectory("/store");
    fs.makeDirectory("/rows");
    fs.syncNamesBlocking("/");
    const place = (name: string): Directory => new Directory(fs, `/${name}`);
    const store = await openSample(place("store"));
    append(store, "a", 1, 2, 3);
    await store.sync();
    append(store, "a", 100, 200);
    const cache = directoryCache(place("rows"));
    const seen = new Projector(store, { cache, snapshotEvery: 1 }).project(Ledgers, "a");
    expect(seen).toMatchObject({ state: { total: 306 }, writing: { kind: "written", sequence: 3 } });
    // The row has reached the disk, and what was not synced of the log has not.
    const row = place("rows")
      .list()
      .map(({ name }) => [name, place("rows").readFile(name)] as const);
    fs.crash();
    for (const [name, bytes] of row) place("rows").writeFile(name, bytes);
    const again = await openSample(place("store"), determined(1));
    expect(again.lastSequence).toBe(3);
    append(again, "a", 4, 5, 6);
    const projector = new Projector(again, { cache: directoryCache(place("rows")) });
    expect(projector.project(Ledgers, "a")).toMatchObject({
      state: { total: 21, seen: [1, 2, 3, 4, 5, 6] },
      reading: { kind: "hit", sequence: 3 },
      events: 3,
    });
    await again.close();
  });

  test("and there is none as long as nothing is durable", async () => {
    const store = await openSample();
    append(store, "a", 1, 2);
    const cache = directoryCache(new Directory(new MemoryFs()));
    const projector = new Projector(store, { cache, snapshotEvery: 1 });
    const found = projector.project(Ledgers, "a", { maxStaleMs: 1000 });
    expect(found).toMatchObject({ state: { total: 3 }, writing: { kind: "none" } });
    await store.close();
  });

  test("while rows that end with the process may have all that is visible", async () => {
    const store = await openSample();
    append(store, "a", 1, 2);
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    expect(projector.project(Ledgers, "a")).toMatchObject({ writing: { kind: "written", sequence: 2 } });
    await store.close();
  });
});
