import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, expectTypeOf, test } from "vitest";
import { defineEvent, openStore, openStoreReader, region, type EventCodec, type Store } from "../src/index.js";
import { defineProjection, directoryCache, memoryCache, Projector } from "../src/projections-entry.js";
import { emptyLedger, ledgerOf, type Ledger } from "./sample-projection.js";
import { determined, events, openSample, Paid, Placed, small, type Sample } from "./sample-store.js";

const Ledgers = ledgerOf();

/** Two streams in turn: `a` has 1 + 3 + 5 and a payment, `b` has 2 + 4. */
function fill(store: Store<Sample>): void {
  for (let amount = 1; amount <= 5; amount += 1) store.append(amount % 2 === 1 ? "a" : "b", Placed, { amount });
  store.append("a", Paid, { by: "ada" });
}

describe("a state", () => {
  test("is that of a stream, and says where it stands", async () => {
    const store = await openSample();
    fill(store);
    const projector = new Projector(store);
    const found = projector.project(Ledgers, "a");
    expectTypeOf(found.state).toEqualTypeOf<Ledger>();
    expect(found).toEqual({
      state: { total: 9, payers: ["ada"], seen: [1, 3, 5, 6] },
      sequence: 6,
      revision: 3,
      anchor: { id: store.id, sequence: 6, hash: store.hashAt(6) },
      events: 4,
      reading: { kind: "none" },
      writing: { kind: "none" },
    });
    expect(await projector.projectAsync(Ledgers, { entity: "a", scope: "said of events" })).toEqual(found);
    expect(projector.stats()).toMatchObject({ events: 8, hits: 0, written: 0 });
    await store.close();
  });

  test("is that of a region, in the order of the store", async () => {
    const store = await openSample();
    fill(store);
    const projector = new Projector(store);
    const all = projector.project(Ledgers, region());
    expect(all).toMatchObject({ state: { total: 15, seen: [1, 2, 3, 4, 5, 6] }, sequence: 6, revision: 3 });
    expect(await projector.projectAsync(Ledgers, region())).toEqual(all);
    const placed = projector.project(Ledgers, region({ kinds: [Placed], fromSequence: 2 }));
    expect(placed.state).toEqual({ total: 14, payers: [], seen: [2, 3, 4, 5] });
    await store.close();
  });

  test("of one lane is not that of another", async () => {
    const store = await openSample();
    store.append("a", Placed, { amount: 1 });
    store.append({ entity: "a", lane: 3 }, Placed, { amount: 10 });
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    for (let round = 0; round < 2; round += 1) {
      expect(projector.project(Ledgers, "a").state.total).toBe(1);
      expect(projector.project(Ledgers, { entity: "a", lane: 3 }).state.total).toBe(10);
    }
    expect(projector.stats().hits).toBe(2);
    await store.close();
  });

  test("without events is the initial one, made anew, and leaves no row", async () => {
    const store = await openSample();
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    const first = projector.project(Ledgers, "nobody");
    expect(first).toEqual({
      state: emptyLedger(),
      sequence: 0,
      revision: "empty",
      anchor: { id: store.id, sequence: 0, hash: new Uint8Array(32) },
      events: 0,
      reading: { kind: "miss", why: "absent", error: undefined },
      writing: { kind: "none" },
    });
    expect(projector.project(Ledgers, "nobody").state).not.toBe(first.state);
    await store.close();
  });

  test("sees what waits in the buffer of the log", async () => {
    const store = await openSample();
    store.append("a", Placed, { amount: 1 }, { rung: "memory" });
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    expect(projector.project(Ledgers, "a").state.total).toBe(1);
    store.append("a", Placed, { amount: 2 }, { rung: "memory" });
    expect(projector.project(Ledgers, "a")).toMatchObject({ state: { total: 3 }, reading: { kind: "hit" } });
    await store.close();
  });

  test("ends with what the projection throws, or says it cannot read", async () => {
    const directory = new Directory(new MemoryFs());
    const Odd = defineEvent({ name: "odd", kind: 0x1fff });
    const writer = await openStore({ directory, events: [...events, Odd], ...determined(), ...(small as object) });
    writer.append("a", Placed, { amount: 1 });
    writer.append("a", Odd, { what: "ever" });
    await writer.close();
    const store = await openSample(directory, determined(1));
    const projector = new Projector(store);
    const unreadable = expect.objectContaining({ code: "STORE_UNREADABLE" });
    expect(() => projector.project(Ledgers, "a")).toThrow(unreadable);
    await expect(projector.projectAsync(Ledgers, "a")).rejects.toEqual(unreadable);
    const counting = defineProjection({ name: "n", version: 1, initial: () => 0, apply: (count) => count + 1 });
    expect(projector.project(counting, "a").state).toBe(2);
    const failing = defineProjection({
      name: "failing",
      version: 1,
      initial: () => 0,
      apply: () => {
        throw new RangeError("mine");
      },
    });
    expect(() => projector.project(failing, "a")).toThrow(new RangeError("mine"));
    await store.close();
    expect(() => projector.project(counting, "a")).toThrow(expect.objectContaining({ code: "STORE_CLOSED" }));
  });

  test("of events that the store was not opened with does not compile", async () => {
    const store = await openStore({ directory: new Directory(new MemoryFs()), events: [Placed], ...determined() });
    // @ts-expect-error Paid is not one of the store's
    expect(new Projector(store).project(Ledgers, "a").state).toEqual(emptyLedger());
    await store.close();
  });

  test("is the same beside the writer", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    fill(store);
    await store.sync();
    const cache = memoryCache();
    const reader = openStoreReader({ directory, events });
    const written = new Projector(store, { cache, snapshotEvery: 1 }).project(Ledgers, "a");
    const read = new Projector(reader, { cache, snapshotEvery: 1 }).project(Ledgers, "a");
    expect(read).toMatchObject({ state: written.state, anchor: written.anchor, reading: { kind: "hit" } });
    store.append("a", Placed, { amount: 100 });
    expect(new Projector(store, { cache, snapshotEvery: 1 }).project(Ledgers, "a").state.total).toBe(109);
    const behind = new Projector(reader, { cache }).project(Ledgers, "a");
    expect(behind).toMatchObject({ state: written.state, reading: { kind: "miss", why: "history" } });
    reader.refresh();
    expect(new Projector(reader, { cache }).project(Ledgers, "a")).toMatchObject({
      state: { total: 109 },
      reading: { kind: "hit" },
    });
    reader.close();
    await store.close();
  });
});

describe("what was", () => {
  test.each([undefined, memoryCache()])("is there by revision and by sequence", async (cache) => {
    const store = await openSample();
    fill(store);
    const projector = new Projector(store, { ...(cache && { cache }), snapshotEvery: 1 });
    projector.project(Ledgers, "b");
    const totals = [0, 1, 2, 3, 9].map((atRevision) => projector.project(Ledgers, "a", { atRevision }).state.total);
    expect(totals).toEqual([1, 4, 9, 9, 9]);
    const bySequence = [0, 1, 2, 3, 4, 5, 6, 99].map((atSequence) => {
      const { state, sequence, revision } = projector.project(Ledgers, "a", { atSequence });
      return [state.total, sequence, revision];
    });
    expect(bySequence).toEqual([
      [0, 0, "empty"],
      [1, 1, 0],
      [1, 1, 0],
      [4, 3, 1],
      [4, 3, 1],
      [9, 5, 2],
      [9, 6, 3],
      [9, 6, 3],
    ]);
    const both = await projector.projectAsync(Ledgers, "a", { atSequence: 5, atRevision: 1 });
    expect(both).toMatchObject({ sequence: 3, revision: 1, writing: { kind: "none" } });
    expect(projector.project(Ledgers, region(), { atSequence: 4 }).state.seen).toEqual([1, 2, 3, 4]);
    expect(projector.stats().written).toBe(cache === undefined ? 0 : 1);
    await store.close();
  });

  test("goes on from a row that is not ahead of it", async () => {
    const store = await openSample();
    fill(store);
    await store.sync();
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    projector.project(Ledgers, "a", { until: "durable" });
    store.append("a", Placed, { amount: 50 });
    expect(projector.project(Ledgers, "a", { atRevision: 4 })).toMatchObject({ events: 1, reading: { kind: "hit" } });
    expect(projector.project(Ledgers, "a", { atRevision: 3 })).toMatchObject({ events: 0, reading: { kind: "hit" } });
    expect(projector.project(Ledgers, "a", { atRevision: 2 })).toMatchObject({
      events: 3,
      reading: { kind: "miss", why: "ahead" },
    });
    expect(projector.project(Ledgers, "a", { atSequence: 5 })).toMatchObject({ reading: { why: "ahead" } });
    await store.close();
  });
});

describe("durable", () => {
  test("ends where the barriers end", async () => {
    const store = await openSample();
    fill(store);
    const projector = new Projector(store);
    expect(projector.project(Ledgers, "a", { until: "durable" })).toMatchObject({ sequence: 0 });
    await store.sync();
    store.append("a", Placed, { amount: 50 });
    expect(projector.project(Ledgers, "a", { until: "durable" })).toMatchObject({ sequence: 6, state: { total: 9 } });
    expect(projector.project(Ledgers, "a")).toMatchObject({ sequence: 7, state: { total: 59 } });
    const past = { until: "durable", atSequence: 7 } as const;
    expect(await projector.projectAsync(Ledgers, "a", past)).toMatchObject({ sequence: 6 });
    await store.close();
  });
});

describe("a row", () => {
  test("spares what is before it: a cached fold reads only the events behind it", async () => {
    let decoded = 0;
    const counting: EventCodec = {
      encode: (value) => Uint8Array.of(Number(value)),
      decode: (payload) => {
        decoded += 1;
        return payload[0];
      },
    };
    const Added = defineEvent({ name: "added", kind: 0x1001, codec: counting });
    const store = await openStore({ directory: new Directory(new MemoryFs()), events: [Added], ...determined() });
    const Sum = defineProjection({
      name: "sum",
      version: 1,
      events: [Added],
      initial: () => 0,
      on: { added: (state, { data }) => state + Number(data) },
    });
    for (let index = 0; index < 1000; index += 1) store.append(index % 2 === 0 ? "a" : "b", Added, 1);
    const projector = new Projector(store, { cache: memoryCache() });
    const decodedBy = (project: () => number): readonly [number, number] => {
      const before = decoded;
      return [project(), decoded - before];
    };
    const project = (): number => projector.project(Sum, "a").state;
    expect(decodedBy(project)).toEqual([500, 500]);
    expect(decodedBy(project)).toEqual([500, 0]);
    for (let index = 0; index < 7; index += 1) store.append("a", Added, 1);
    expect(decodedBy(project)).toEqual([507, 7]);
    expect(decodedBy(() => projector.project(Sum, region()).state)).toEqual([1007, 1007]);
    store.append("b", Added, 1);
    expect(decodedBy(() => projector.project(Sum, region()).state)).toEqual([1008, 1]);
    const { state } = await projector.projectAsync(Sum, "a");
    expect(state).toBe(507);
    await store.close();
  });

  test("is written every so many events, and on demand", async () => {
    const store = await openSample();
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 3 });
    const written: (number | undefined)[] = [];
    for (let amount = 1; amount <= 8; amount += 1) {
      store.append("a", Placed, { amount });
      const { writing } = projector.project(Ledgers, "a");
      written.push(writing.kind === "written" ? writing.sequence : undefined);
    }
    expect(written).toEqual([undefined, undefined, 3, undefined, undefined, 6, undefined, undefined]);
    const now = projector.project(Ledgers, "a", { snapshotEvery: 1 });
    expect(now).toMatchObject({ events: 2, writing: { kind: "written", sequence: 8 } });
    expect(projector.project(Ledgers, "a", { snapshotEvery: 1 })).toMatchObject({ writing: { kind: "none" } });
    const never = new Projector(store, { cache: memoryCache(), snapshotEvery: Number.POSITIVE_INFINITY });
    expect(never.project(Ledgers, "a").writing).toEqual({ kind: "none" });
    await store.close();
  });

  test("is forgotten when asked", async () => {
    const store = await openSample();
    fill(store);
    const projector = new Projector(store, { cache: memoryCache(), snapshotEvery: 1 });
    projector.project(Ledgers, "a");
    expect(projector.forget(Ledgers, "b")).toBe(false);
    expect(projector.forget(Ledgers, "a")).toBe(true);
    expect(projector.project(Ledgers, "a").reading).toMatchObject({ kind: "miss", why: "absent" });
    expect(new Projector(store).forget(Ledgers, "a")).toBe(false);
    await store.close();
  });
});

describe("maxStaleMs", () => {
  async function prepared(until: "visible" | "durable"): Promise<{
    readonly store: Store<Sample>;
    readonly total: (at: number, maxStaleMs: number) => readonly [number, string];
  }> {
    const store = await openSample();
    let nowMs = 1000;
    const projector = new Projector(store, { cache: memoryCache(), clock: () => nowMs });
    const total = (at: number, maxStaleMs: number): readonly [number, string] => {
      nowMs = at;
      const { state, reading } = projector.project(Ledgers, "a", { maxStaleMs, until });
      return [state.total, reading.kind];
    };
    return { store, total };
  }

  test.each(["visible", "durable"] as const)("serves what was looked for less long ago: %s", async (until) => {
    const { store, total } = await prepared(until);
    store.append("a", Placed, { amount: 1 });
    await store.sync();
    expect(total(1000, 50)).toEqual([1, "miss"]);
    store.append("a", Placed, { amount: 2 });
    await store.sync();
    expect(total(1049, 50)).toEqual([1, "served"]);
    // At the boundary it is too old, and what is looked for counts anew.
    expect(total(1050, 50)).toEqual([3, "hit"]);
    store.append("a", Placed, { amount: 4 });
    await store.sync();
    expect(total(1099.5, 50)).toEqual([3, "served"]);
    expect(total(1099.5, 0)).toEqual([7, "hit"]);
    expect(total(1099.5, 49.5)).toEqual([7, "hit"]);
    // A clock that went back says nothing of an age.
    store.append("a", Placed, { amount: 8 });
    await store.sync();
    expect(total(900, 1_000_000)).toEqual([15, "hit"]);
    expect(total(901, 2)).toEqual([15, "served"]);
    await store.close();
  });

  test("a state that has all that was durable is not served as one that has all that was visible", async () => {
    const { store, total } = await prepared("visible");
    store.append("a", Placed, { amount: 1 });
    const projector = new Projector(store, { cache: memoryCache(), clock: () => 1000 });
    await store.sync();
    store.append("a", Placed, { amount: 2 });
    const asked = { maxStaleMs: 100 };
    expect(projector.project(Ledgers, "a", { ...asked, until: "durable" })).toMatchObject({ state: { total: 1 } });
    expect(projector.project(Ledgers, "a", asked)).toMatchObject({ state: { total: 3 }, reading: { kind: "hit" } });
    expect(projector.project(Ledgers, "a", asked)).toMatchObject({ state: { total: 3 }, reading: { kind: "served" } });
    expect(total(1000, 0)[0]).toBe(3);
    await store.close();
  });

  test("a row that could not have all that was visible is not served as if it had", async () => {
    const store = await openSample();
    const cache = directoryCache(new Directory(new MemoryFs()));
    const projector = new Projector(store, { cache, clock: () => 1000 });
    store.append("a", Placed, { amount: 1 });
    await store.sync();
    store.append("a", Placed, { amount: 2 });
    const asked = { maxStaleMs: 100 };
    const kinds = [1, 2].map(() => {
      const { state, reading, writing } = projector.project(Ledgers, "a", asked);
      return [state.total, reading.kind, writing];
    });
    expect(kinds).toEqual([
      [3, "miss", { kind: "written", sequence: 1 }],
      [3, "hit", { kind: "written", sequence: 1 }],
    ]);
    const durable = projector.project(Ledgers, "a", { ...asked, until: "durable" });
    expect(durable).toMatchObject({ state: { total: 1 }, reading: { kind: "served" } });
    await store.sync();
    expect(projector.project(Ledgers, "a", asked)).toMatchObject({ state: { total: 3 }, reading: { kind: "hit" } });
    expect(projector.project(Ledgers, "a", asked)).toMatchObject({ state: { total: 3 }, reading: { kind: "served" } });
    await store.close();
  });
});

describe("refusals", () => {
  const at = { code: "STORE_INVALID_OPTION" };

  test.each<[string, object]>([
    ["until", { until: "accepted" }],
    ["maxStaleMs", { maxStaleMs: -1 }],
    ["maxStaleMs", { maxStaleMs: Number.NaN }],
    ["atSequence", { atSequence: -1 }],
    ["atRevision", { atRevision: 0.5 }],
    ["atRevision", { atRevision: 0, maxStaleMs: 1 }],
    ["atSequence", { atSequence: 0, maxStaleMs: 1 }],
    ["snapshotEvery", { snapshotEvery: 0 }],
    ["signal", { signal: {} }],
    ["maxStale", { maxStale: 1 }],
  ])("a reading names %s", async (field, options) => {
    const store = await openSample();
    const projector = new Projector(store);
    expect(() => projector.project(Ledgers, "a", options)).toThrow(
      expect.objectContaining({ ...at, context: { field } }),
    );
    await store.close();
  });

  test.each<[string, object]>([
    ["cache", { cache: {} }],
    ["cache", { cache: { ...memoryCache(), isVolatile: true, get: 1 } }],
    ["snapshotEvery", { snapshotEvery: 1.5 }],
    ["clock", { clock: 5 }],
    ["caches", { caches: [] }],
  ])("a projector names %s", async (field, options) => {
    const store = await openSample();
    expect(() => new Projector(store, options)).toThrow(expect.objectContaining({ ...at, context: { field } }));
    await store.close();
  });

  test("a target that is none, and a revision of a region", async () => {
    const store = await openSample();
    const projector = new Projector(store);
    const refused = (field: string): unknown =>
      expect.objectContaining({ context: expect.objectContaining({ field }) });
    expect(() => projector.project(Ledgers, "")).toThrow(refused("entity"));
    expect(() => projector.project(Ledgers, { entity: "a", lane: -1 })).toThrow(refused("lane"));
    expect(() => projector.project(Ledgers, { entity: "a", line: 1 } as never)).toThrow(refused("line"));
    expect(() => projector.project(Ledgers, null as never)).toThrow(refused("target"));
    expect(() => projector.project(Ledgers, region(), { atRevision: 1 })).toThrow(refused("atRevision"));
    expect(() => projector.watch(Ledgers, "a", { maxStaleMs: 1 } as never)).toThrow(refused("maxStaleMs"));
    const signal = AbortSignal.abort();
    await expect(projector.projectAsync(Ledgers, "a", { signal })).rejects.toMatchObject({ code: "STORE_ABORTED" });
    await store.close();
  });
});
