// Reading by region, and pages of it, against a filter over a list.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isInRegion, region, type EventFacts, type Region, type RegionOptions, type Store } from "../src/index.js";
import { determined, openSample, Paid, Placed, START_MS, type Sample } from "./sample-store.js";

const names = ["a", "ab", "abc", "b"];
const appended = fc.record({
  entity: fc.constantFrom(...names),
  scope: fc.constantFrom("", "s", "t"),
  lane: fc.constantFrom(0, 0, 2),
  isPaid: fc.boolean(),
  /** Whether it goes into one commit with the one before it. */
  joins: fc.boolean(),
});

const every: fc.Arbitrary<Required<Omit<RegionOptions<Sample>, "entity">>> = fc.record({
  entityPrefix: fc.constantFrom("a", "ab", "abcd", "b"),
  scope: fc.constantFrom("", "s", "nowhere"),
  kinds: fc.constantFrom([Placed], [Paid], [Placed, Paid]),
  lane: fc.constantFrom(0, 2, 7),
  fromSequence: fc.integer({ min: 1, max: 30 }),
  beforeSequence: fc.integer({ min: 1, max: 60 }),
  fromTime: fc.integer({ min: 0, max: 40 }).map((step) => START_MS + step),
  beforeTime: fc.integer({ min: 0, max: 80 }).map((step) => new Date(START_MS + step)),
});

/** Two restrictions at most, so that most regions have some events. */
const options: fc.Arbitrary<RegionOptions<Sample>> = fc
  .tuple(
    every,
    fc.subarray(
      ["entityPrefix", "scope", "kinds", "lane", "fromSequence", "beforeSequence", "fromTime", "beforeTime"] as const,
      { maxLength: 2 },
    ),
    fc.option(fc.constantFrom(...names, "nobody"), { nil: undefined, freq: 2 }),
  )
  .map(([all, keys, entity]) => {
    const chosen = Object.fromEntries(keys.map((key) => [key, all[key]]));
    return entity === undefined || keys.includes("entityPrefix") ? chosen : { ...chosen, entity };
  });

type Appended = typeof appended extends fc.Arbitrary<infer T> ? T : never;

function fill(store: Store<Sample>, wishes: readonly Appended[]): void {
  const commits: Appended[][] = [];
  for (const wish of wishes) {
    const last = commits.at(-1);
    if (wish.joins && last !== undefined) last.push(wish);
    else commits.push([wish]);
  }
  for (const wanted of commits) {
    store.commit((commit) => {
      for (const { entity, scope, lane, isPaid } of wanted) {
        if (isPaid) commit.append({ entity, scope, lane }, Paid, { by: "x" });
        else commit.append({ entity, scope, lane }, Placed, { amount: 1 });
      }
    });
  }
}

/** What is in a region, by comparing every event. */
function expectedIn(store: Store<Sample>, of: Region): EventFacts[] {
  const all = Array.from({ length: store.lastSequence }, (_, index) => store.at(index + 1) as EventFacts);
  return all.filter((event) => isInRegion(of, { ...event, timeUs: Math.round(event.timeMs * 1000) }));
}

test("a region has the events that are in it, forward, backward and limited, blocking or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(appended, { maxLength: 50 }), options, fc.nat(5), async (wishes, drawn, limit) => {
      const store = await openSample();
      fill(store, wishes);
      const of = region(drawn);
      const expected = expectedIn(store, of);
      expect([...store.events(of)]).toEqual(expected);
      expect([...store.events(of, { backward: true })]).toEqual(expected.toReversed());
      expect([...store.events(of, { limit })]).toEqual(expected.slice(0, limit));
      const batches: EventFacts[] = [];
      for await (const batch of store.eventBatches(of, { backward: true, limit })) batches.push(...batch);
      expect(batches).toEqual(expected.toReversed().slice(0, limit));
      await store.close();
    }),
    { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 200) },
  );
});

test("pages have every event once, whatever is appended meanwhile and however often the store is opened", async () => {
  const pages = fc.array(
    fc.record({ limit: fc.integer({ min: 1, max: 4 }), more: fc.array(appended, { maxLength: 3 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(appended, { maxLength: 20 }), options, pages, async (wishes, drawn, steps) => {
      const directory = new Directory(new MemoryFs());
      let store = await openSample(directory);
      fill(store, wishes);
      const of = region(drawn);
      const read: EventFacts[] = [];
      let after: string | undefined;
      let runs = 0;
      for (const { limit, more } of [...steps, { limit: 100, more: [] }]) {
        const wanted = after === undefined ? { limit } : { after, limit };
        const page = store.page(of, wanted);
        expect(await store.pageAsync(of, wanted)).toEqual(page);
        expect(page.events.length).toBeLessThanOrEqual(limit);
        read.push(...page.events);
        expect(page.isLast).toBe(read.length === expectedIn(store, of).length);
        after = page.next;
        fill(store, more);
        await store.close();
        runs += 1;
        store = await openSample(directory, determined(runs));
      }
      expect(read).toEqual(expectedIn(store, of).slice(0, read.length));
      let back: string | undefined;
      const backward: EventFacts[] = [];
      for (let isLast = false; !isLast;) {
        const page: ReturnType<typeof store.page> = store.page(of, {
          backward: true,
          limit: 3,
          ...(back && { after: back }),
        });
        backward.push(...page.events);
        ({ next: back, isLast } = page);
      }
      expect(backward).toEqual(expectedIn(store, of).toReversed());
      await store.close();
    }),
    { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 60) },
  );
});

test("a token of another store, region, direction or history is refused", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  store.append("a", Placed, { amount: 1 });
  const image = (directory.fs as MemoryFs).snapshot();
  store.append("a", Placed, { amount: 2 });
  const of = region({ entity: "a" });
  const { next: after } = store.page(of) as { next: string };
  const refused = (field: string): unknown =>
    expect.objectContaining({ code: "STORE_INVALID_TOKEN", context: expect.objectContaining({ field }) });
  expect(store.page(of, { after })).toEqual({ events: [], next: after, isLast: true });
  expect(() => store.page(region({ entity: "b" }), { after })).toThrowError(refused("region"));
  expect(() => store.page(of, { after, backward: true })).toThrowError(refused("backward"));
  expect(() => store.page(of, { after: "x" })).toThrowError(refused("token"));
  await expect(store.pageAsync(of, { after: "x" })).rejects.toEqual(refused("token"));
  const elsewhere = new MemoryFs();
  elsewhere.nonce(); // ids of logs are made of them
  const other = await openSample(new Directory(elsewhere));
  other.append("a", Placed, { amount: 1 });
  expect(() => other.page(of, { after })).toThrowError(refused("log"));
  const restored = new Directory(new MemoryFs({ image }));
  restored.removeIfPresent("LOCK");
  const earlier = await openSample(restored);
  expect(() => earlier.page(of, { after })).toThrowError(refused("event"));
  earlier.append("a", Placed, { amount: 3 });
  expect(() => earlier.page(of, { after })).toThrowError(refused("event"));
  expect(() => store.page(of, { limit: 0 })).toThrowError(expect.objectContaining({ code: "STORE_INVALID_OPTION" }));
  for (const each of [store, other, earlier]) await each.close();
});

test("a region narrows the types of what is read", async () => {
  const store = await openSample();
  store.append("a", Placed, { amount: 1 });
  store.append("a", Paid, { by: "x" });
  for (const event of store.events(region({ kinds: [Paid] }))) {
    if (event.status !== "known") continue;
    const name: "order.paid" = event.name;
    const by: string = event.data.by;
    expect([name, by]).toEqual(["order.paid", "x"]);
  }
  for (const event of store.events(region())) {
    if (event.status === "known" && event.name === "order.placed") expect(event.data.amount).toBe(1);
  }
  // @ts-expect-error the data of another event
  expect(() => store.append("a", Paid, { amount: 1 })).not.toThrow();
  await store.close();
});
