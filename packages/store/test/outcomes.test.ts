// Expectations, keys and commits: what is answered, and that nothing is written where nothing should be.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { defineEvent, openStore, type Store, type StoredEvent } from "../src/index.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const reused = expect.objectContaining({ code: "STORE_KEY_REUSED" });

/** What a call that writes nothing leaves as it was. */
function stateOf(store: Store<Sample>): unknown {
  const { lastSequence, watermarks } = store;
  const { log, ...counts } = store.stats();
  return { lastSequence, watermarks, counts, appended: log.appendedRecords, hash: store.hashAt(lastSequence) };
}

describe("an expectation", () => {
  test.each([
    ["empty" as const, 0, "empty"],
    [0, 1, 0],
    [1, 2, 1],
  ])("of %s holds for a stream of %i events", async (expectedRevision, length, actual) => {
    const store = await openSample();
    for (let index = 0; index < length; index += 1) store.append("a", Placed, { amount: index });
    expect(store.revisionOf("a")).toBe(actual);
    const outcome = store.append("a", Placed, { amount: 9 }, { expectedRevision });
    expect(outcome).toMatchObject({ kind: "appended", sequence: length + 1, revision: length });
    await store.close();
  });

  test.each([
    ["empty" as const, 1, 0],
    ["empty" as const, 2, 1],
    [0, 0, "empty"],
    [0, 2, 1],
    [7, 2, 1],
  ])("of %s does not hold for a stream of %i events, and nothing is written", async (expected, length, actual) => {
    const store = await openSample();
    store.append("other", Placed, { amount: 0 });
    for (let index = 0; index < length; index += 1) store.append("a", Placed, { amount: index });
    const before = stateOf(store);
    const outcome = store.append("a", Placed, { amount: 9 }, { expectedRevision: expected });
    expect(outcome).toEqual({ kind: "conflict", entity: "a", lane: 0, expected, actual, index: 0 });
    expect(stateOf(store)).toEqual(before);
    await store.close();
  });

  test("is that of a lane, and counts the events of its commit before it", async () => {
    const store = await openSample();
    store.append("a", Placed, { amount: 0 });
    const before = stateOf(store);
    const build = (last: number) =>
      store.commit((commit) => {
        commit.append("a", Placed, { amount: 1 }, { expectedRevision: 0 });
        commit.append({ entity: "a", lane: 5 }, Placed, { amount: 1 }, { expectedRevision: "empty" });
        commit.append("a", Paid, { by: "x" }, { expectedRevision: last });
      });
    expect(build(0)).toEqual({ kind: "conflict", entity: "a", lane: 0, expected: 0, actual: 1, index: 2 });
    expect(stateOf(store)).toEqual(before);
    expect(build(1)).toMatchObject({
      kind: "appended",
      receipts: [
        { sequence: 2, revision: 1 },
        { sequence: 3, revision: 0 },
        { sequence: 4, revision: 2 },
      ],
    });
    await store.close();
  });
});

describe("a key", () => {
  test("gives the first receipt again, whatever is expected by now, and after an open, too", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    const options = { key: "k", expectedRevision: "empty" } as const;
    const first = store.append("a", Placed, { amount: 1 }, options);
    store.append("a", Placed, { amount: 2 });
    const before = stateOf(store);
    expect(store.append("a", Placed, { amount: 1 }, options)).toEqual({ ...first, kind: "replayed" });
    const later = { ...options, metadata: { trace: "another" }, causation: (store.at(2) as StoredEvent).id };
    expect(store.append("a", Placed, { amount: 1 }, later)).toEqual({ ...first, kind: "replayed" });
    expect(stateOf(store)).toEqual(before);
    await store.close();
    const again = await openSample(directory, determined(1));
    expect(again.append("a", Placed, { amount: 1 }, options)).toEqual({ ...first, kind: "replayed" });
    expect(again.lastSequence).toBe(2);
    await again.close();
  });

  test.each([
    ["payload", "a", 2],
    ["entity", "b", 1],
    ["lane", { entity: "a", lane: 1 }, 1],
    ["scope", { entity: "a", scope: "s" }, 1],
  ])("for another %s is an error, and changes nothing", async (_, at, amount) => {
    const store = await openSample();
    store.append("a", Placed, { amount: 1 }, { key: "k" });
    const before = stateOf(store);
    expect(() => store.append(at, Placed, { amount }, { key: "k" })).toThrowError(reused);
    expect(() => store.append("a", Paid, { by: "x" }, { key: "k" })).toThrowError(reused);
    expect(stateOf(store)).toEqual(before);
    await store.close();
  });

  test("for another kind or version with the same payload is an error", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    store.append("a", Placed, { amount: 1 }, { key: "k" });
    const { append } = store as { append: (...args: unknown[]) => unknown };
    expect(() => append.call(store, "a", Paid, { amount: 1 }, { key: "k" })).toThrowError(reused);
    expect(store.lastSequence).toBe(1);
    await store.close();
    const later = defineEvent({
      name: "order.placed",
      kind: Placed.kind,
      version: 2,
      upcast: [(data: unknown) => data],
    });
    const again = await openStore({ directory, events: [later], ...determined(1) });
    expect(() => again.append("a", later, { amount: 1 }, { key: "k" })).toThrowError(reused);
    expect(again.lastSequence).toBe(1);
    await again.close();
  });

  test("of a commit stands for all of its events, and no more nor fewer", async () => {
    const store = await openSample();
    const build = (amounts: readonly number[]) =>
      store.commit(
        (commit) => {
          for (const amount of amounts) commit.append("a", Placed, { amount });
        },
        { key: Uint8Array.of(1, 2) },
      );
    const first = build([1, 2, 3]);
    store.append("a", Placed, { amount: 4 });
    expect(build([1, 2, 3])).toEqual({
      kind: "replayed",
      receipts: "receipts" in first ? first.receipts.map((receipt) => ({ ...receipt, kind: "replayed" })) : [],
    });
    for (const amounts of [[1, 2], [1], [1, 2, 3, 4], [1, 3, 2]]) expect(() => build(amounts)).toThrowError(reused);
    expect(store.lastSequence).toBe(4);
    await store.close();
  });

  test("is not used up by a conflict", async () => {
    const store = await openSample();
    const append = (expectedRevision: number | "empty") =>
      store.append("a", Placed, { amount: 1 }, { key: "k", expectedRevision });
    expect(append(3).kind).toBe("conflict");
    expect(append("empty").kind).toBe("appended");
    await store.close();
  });
});

describe("a commit", () => {
  test("links its events to one another, and one to the next of its stream", async () => {
    const store = await openSample();
    const ids: string[] = [];
    const outcome = store.commit((commit) => {
      const cause = commit.append({ entity: "a", scope: "s" }, Placed, { amount: 1 });
      ids.push(
        cause,
        commit.append("b", Paid, { by: "x" }, { causation: cause, correlation: cause, metadata: { n: 1 } }),
      );
    });
    expect(outcome.kind === "conflict" ? [] : outcome.receipts.map(({ id }) => id)).toEqual(ids);
    expect(store.at(2)).toMatchObject({ causation: ids[0], correlation: ids[0], metadata: { n: 1 }, version: 1 });
    expect(store.at(1)).toMatchObject({ scope: "s", correlation: ids[0], causation: undefined });
    expect(store.at(1)?.timeMs).toBe(store.at(2)?.timeMs);
    await store.close();
  });

  test("without events does nothing", async () => {
    const store = await openSample();
    expect(store.commit(() => {})).toEqual({ kind: "appended", receipts: [] });
    expect(store.lastSequence).toBe(0);
    await store.durable({ receipts: [] });
    await store.close();
  });

  test("whose building throws, or takes its time, writes nothing", async () => {
    const store = await openSample();
    const stop = new Error("stop");
    expect(() =>
      store.commit((commit) => {
        commit.append("a", Placed, { amount: 1 });
        throw stop;
      }),
    ).toThrowError(stop);
    const late: (() => void)[] = [];
    expect(() =>
      store.commit((commit) => {
        late.push(() => commit.append("a", Placed, { amount: 1 }));
        return Promise.resolve() as never;
      }),
    ).toThrowError(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
    expect(late[0]).toThrowError(expect.objectContaining({ code: "STORE_CLOSED" }));
    expect(store.lastSequence).toBe(0);
    await store.close();
  });

  test("of a thousand events is read event by event", async () => {
    const store = await openSample(undefined, { segmentBytes: 1_000_000 });
    const outcome = store.commit((commit) => {
      for (let index = 0; index < 1000; index += 1) commit.append(`e:${index % 7}`, Placed, { amount: index });
    });
    expect(outcome.kind === "conflict" ? [] : outcome.receipts.map(({ revision }) => revision)).toEqual(
      Array.from({ length: 1000 }, (_, index) => Math.floor(index / 7)),
    );
    for (const sequence of [1, 2, 500, 999, 1000]) {
      expect(store.at(sequence)).toMatchObject({ data: { amount: sequence - 1 } });
    }
    expect(await store.verify()).toMatchObject({ kind: "intact", events: 1000 });
    await store.close();
  });
});
