// A store against a list of events: whatever is appended, expected, repeated, and however often it is opened again or killed, or loses
// the power, with a reader beside it all the time. STORE_RUNS=2000 plays so many programs; FC_SEED chooses which.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, crashImages, type Image } from "@holdfast/fs-seam/crash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openStoreReader, type ReadableStore, type Store, type StoreOptions, type StoreReader } from "../src/index.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";
import { asModel, commitTo, StoreModel, type Wish } from "./store-model.js";

type Step =
  | { readonly do: "commit"; readonly wishes: readonly Wish[]; readonly key: string | undefined }
  /** Makes a commit with a key once more, as it was. */
  | { readonly do: "retry"; readonly which: number }
  /** The power fails: nothing that is pending survives, all of it, or what the seed says. */
  | { readonly do: "power"; readonly left: "worst" | "best" | number }
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
  fc.record({ do: fc.constant("retry" as const), which: fc.nat(5) }),
  fc.record({
    do: fc.constant("power" as const),
    left: fc.oneof(fc.constantFrom("worst" as const, "best" as const), fc.nat(1000)),
  }),
  fc.record({ do: fc.constantFrom("reopen" as const, "kill" as const, "sync" as const, "verify" as const) }),
);

const drawnSettings: fc.Arbitrary<Partial<StoreOptions<Sample>>> = fc.record({
  segmentBytes: fc.constantFrom(400, 1500, 8000),
  bufferBytes: fc.constantFrom(64, 512, 4096),
  preallocateBytes: fc.constantFrom(0, 4096),
  mergeBytes: fc.constantFrom(0, 1000, 8000),
  streamHeads: fc.constantFrom(1, 2, 1024),
  acceleratorEvents: fc.constantFrom(1, 6, 65_536),
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

/** A store that is written and crashed, its model, and a reader beside it. */
class Play {
  readonly model: StoreModel = new StoreModel();
  readonly #settings: Partial<StoreOptions<Sample>>;
  #runs = 0;
  #directory: Directory = new Directory(new CrashFs());
  #store: Store<Sample> | undefined;
  #reader: StoreReader<Sample> | undefined;
  /** Commits with a key, as they were made. */
  readonly #keyed: { readonly wishes: readonly Wish[]; readonly key: string }[] = [];
  /** Last sequences of commits. */
  #ends: number[] = [];

  constructor(settings: Partial<StoreOptions<Sample>>) {
    this.#settings = settings;
  }

  get store(): Store<Sample> {
    if (this.#store === undefined) throw new Error("nothing is open");
    return this.#store;
  }

  async open(): Promise<void> {
    this.#runs += 1;
    this.#store = await openSample(this.#directory, { ...this.#settings, ...determined(this.#runs) });
    this.#reader ??= openStoreReader({ directory: this.#directory, events });
    expect(this.store.openReport.events).toBe(this.store.lastSequence);
    expect(this.#reader.refresh()).toBe(this.store.lastSequence);
  }

  async step(each: Step): Promise<void> {
    switch (each.do) {
      case "commit":
        this.#commit(each.wishes, each.key);
        if (each.key !== undefined) this.#keyed.push({ wishes: each.wishes, key: each.key });
        break;
      case "retry": {
        const again = this.#keyed[each.which];
        if (again !== undefined) this.#commit(again.wishes, again.key);
        break;
      }
      case "sync":
        expect(await this.store.sync()).toBe(this.model.events.length);
        expect(this.store.watermarks.durable).toBe(this.model.events.length);
        break;
      case "reopen":
        await this.store.close();
        await this.open();
        expect(this.store.lastSequence).toBe(this.model.events.length);
        break;
      case "kill":
        this.#reader?.close();
        this.#reader = undefined;
        (this.#directory.fs as CrashFs).processCrash();
        this.#directory.removeIfPresent("LOCK"); // of a process that is gone
        await this.open();
        expect(this.store.lastSequence).toBe(this.model.events.length);
        break;
      case "power":
        await this.#losePower(each.left);
        break;
      case "verify":
        await this.verify();
        break;
    }
  }

  async verify(): Promise<void> {
    const { length } = this.model.events;
    expect(this.#reader?.refresh()).toBe(length);
    for (const store of [this.store, this.#reader as StoreReader<Sample>]) {
      await demandModel(store, this.model);
      expect(await store.verify()).toMatchObject({ kind: "intact", isDeep: true, events: length });
    }
  }

  async end(): Promise<void> {
    await this.verify();
    await this.store.close();
    this.#reader?.close();
    const last = openStoreReader({ directory: this.#directory, events });
    await demandModel(last, this.model);
    last.close();
  }

  #commit(wishes: readonly Wish[], key: string | undefined): void {
    const outcome = commitTo(this.store, this.model, wishes, key);
    expect(outcome).toEqual(this.model.commit(wishes, key));
    const { length } = this.model.events;
    expect(this.store.watermarks).toMatchObject({ accepted: length, visible: length });
    this.#ends.push(length);
  }

  async #losePower(left: "worst" | "best" | number): Promise<void> {
    const fs = this.#directory.fs as CrashFs;
    const { durable } = this.store.watermarks;
    const before = allTold(this.store, this.store.lastSequence);
    const image = typeof left === "number" ? drawnImage(fs, left) : fs.crash(left) && fs.snapshot();
    this.#reader?.close();
    this.#reader = undefined;
    this.#directory = new Directory(new CrashFs({ image }));
    this.#directory.removeIfPresent("LOCK");
    await this.open();
    const { lastSequence } = this.store;
    expect(lastSequence).toBeGreaterThanOrEqual(durable);
    expect([0, ...this.#ends]).toContain(lastSequence);
    // Every event that is there is the one that was there, by its id and its hash as well.
    expect(allTold(this.store, lastSequence)).toEqual(before.slice(0, lastSequence));
    this.model.events.length = lastSequence;
    this.#ends = this.#ends.filter((end) => end <= lastSequence);
  }
}

/** What the power leaves of this moment, by a seed. */
function drawnImage(fs: CrashFs, seed: number): Image {
  const trace = fs.trace();
  const options = { at: trace.records.length, strategy: { kind: "random", seed, count: 1 } } as const;
  for (const { image } of crashImages(trace, options)) return image;
  return fs.snapshot();
}

test("a store is a list of events", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), drawnSettings, async (steps, settings) => {
      const play = new Play(settings);
      await play.open();
      for (const each of steps) await play.step(each);
      await play.end();
    }),
    {
      numRuns: Number(process.env["STORE_RUNS"] ?? 100),
      ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
    },
  );
});
