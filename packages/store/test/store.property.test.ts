// A store against a list of events: whatever is appended, expected, repeated, and however often it is opened again or killed.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openStoreReader, type ReadableStore, type StoreOptions } from "../src/index.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { asModel, commitTo, StoreModel, type Wish } from "./store-model.js";

type Step =
  | { readonly do: "commit"; readonly wishes: readonly Wish[]; readonly key: string | undefined }
  | { readonly do: "reopen" | "kill" | "sync" | "verify" };

const wish: fc.Arbitrary<Wish> = fc.record({
  entity: fc.constantFrom("a", "b", "c"),
  lane: fc.constantFrom(0, 0, 0, 3),
  amount: fc.nat(5),
  expects: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant(0) },
    fc.constantFrom("empty" as const, -1, 1, 2),
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("commit" as const),
      wishes: fc.oneof({ weight: 3, arbitrary: fc.tuple(wish) }, fc.array(wish, { minLength: 2, maxLength: 5 })),
      key: fc.option(fc.constantFrom("k", "l", "m", "n"), { nil: undefined }),
    }),
  },
  fc.record({ do: fc.constantFrom("reopen" as const, "kill" as const, "sync" as const, "verify" as const) }),
);

const drawnSettings: fc.Arbitrary<Partial<StoreOptions<Sample>>> = fc.record({
  segmentBytes: fc.constantFrom(400, 1500, 8000),
  bufferBytes: fc.constantFrom(64, 512, 4096),
  preallocateBytes: fc.constantFrom(0, 4096),
  mergeBytes: fc.constantFrom(0, 1000, 8000),
  streamHeads: fc.constantFrom(1, 2, 1024),
});

/** Demands that whoever reads sees the model, whichever way it reads. */
async function demandModel(store: ReadableStore<Sample>, { events: expected }: StoreModel): Promise<void> {
  const told = expected.map((_, index) => store.at(index + 1));
  const bare = expected.map(({ entity, lane, amount, revision }) => ({ entity, lane, amount, revision }));
  expect(told.map((event) => event && asModel(event))).toEqual(bare);
  expect(store.at(expected.length + 1)).toBeUndefined();
  for (const event of told) if (event !== undefined) expect(store.get(event.id)).toEqual(event);
  for (const at of [...new Set(bare.map(({ entity, lane }) => JSON.stringify({ entity, lane })))]) {
    const address = JSON.parse(at) as { entity: string; lane: number };
    const own = told.filter((event) => event?.entity === address.entity && event.lane === address.lane);
    expect([...store.stream(address)]).toEqual(own);
    expect([...store.stream(address, { backward: true, limit: 2 })]).toEqual(own.slice(-2).toReversed());
    expect([...store.stream(address, { from: 1, limit: 3 })]).toEqual(own.slice(1, 4));
    expect([...store.stream(address, { from: 1, backward: true })]).toEqual(own.slice(0, 2).toReversed());
    const batches = [];
    for await (const batch of store.streamBatches(address)) batches.push(...batch);
    expect(batches).toEqual(own);
    expect(store.revisionOf(address)).toBe(own.length - 1);
  }
}

async function play(steps: readonly Step[], settings: Partial<StoreOptions<Sample>>): Promise<void> {
  let runs = 0;
  // Every run has a clock and random bytes of its own: the same ones would give the same ids again.
  const open = (where: Directory): ReturnType<typeof openSample> => {
    runs += 1;
    return openSample(where, { ...settings, ...determined(runs) });
  };
  const memory = new MemoryFs();
  let directory = new Directory(memory);
  const model = new StoreModel();
  let store = await open(directory);
  const reader = openStoreReader({ directory, events });
  for (const each of steps) {
    switch (each.do) {
      case "commit": {
        const outcome = commitTo(store, model, each.wishes, each.key);
        expect(outcome).toEqual(model.commit(each.wishes, each.key));
        expect(store.watermarks).toMatchObject({ accepted: model.events.length, visible: model.events.length });
        break;
      }
      case "sync":
        expect(await store.sync()).toBe(model.events.length);
        expect(store.watermarks.durable).toBe(model.events.length);
        break;
      case "reopen":
        await store.close();
        store = await open(directory);
        expect(store.openReport.events).toBe(model.events.length);
        break;
      case "kill": {
        // What kill -9 leaves: everything written, and a lock of nobody. A copy stands for it, since this process lives on.
        const killed = new Directory(new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() }));
        killed.removeIfPresent("LOCK");
        await store.close();
        directory = killed;
        store = await open(directory);
        break;
      }
      case "verify":
        await demandModel(store, model);
        expect(await store.verify()).toMatchObject({ kind: "intact", events: model.events.length });
        if (directory.fs !== memory) break;
        expect(reader.refresh()).toBe(model.events.length);
        await demandModel(reader, model);
        expect(await reader.verify()).toMatchObject({ kind: "intact", events: model.events.length });
        break;
    }
  }
  await demandModel(store, model);
  expect(await store.verify()).toMatchObject({ kind: "intact", isDeep: true, events: model.events.length });
  await store.close();
  const last = openStoreReader({ directory, events });
  await demandModel(last, model);
  expect(await last.verify()).toMatchObject({ kind: "intact", events: model.events.length });
  last.close();
}

test("a store is a list of events", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), drawnSettings, play), {
    numRuns: Number(process.env["FC_NUM_RUNS"] ?? 100),
  });
});
