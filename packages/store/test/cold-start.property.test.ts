// An index that was loaded from an accelerator, from footers, from frames, or from some of each, is the same index: whoever reads finds the
// same events, under the same sequences, revisions and ids, and the index agrees with the frames in every column.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openStoreReader, type IndexReport, type Store, type StoreReader } from "../src/index.js";
import { determined, events, openSample, Paid, Placed, type Sample } from "./sample-store.js";
import {
  copyOf,
  footerStart,
  readAll,
  segmentFiles,
  withoutAccelerator,
  withoutFooters,
} from "./support/index-sources.js";

const wish = fc.record({
  entity: fc.constantFrom("order:1", "order:2", "customer:\u{1f600}", "\ufeffmark", "x".repeat(300)),
  scope: fc.constantFrom("", "", "shop", "\ufeff"),
  lane: fc.constantFrom(0, 0, 0, 1, 0xffffffff),
  isPaid: fc.boolean(),
  isCaused: fc.boolean(),
  key: fc.boolean(),
});
type Wish = typeof wish extends fc.Arbitrary<infer Drawn> ? Drawn : never;

const step = fc.oneof(
  { weight: 9, arbitrary: fc.array(wish, { minLength: 1, maxLength: 4 }) },
  fc.constantFrom("reopen" as const, "kill" as const, "sync" as const),
);

const settings = fc.record({
  segmentBytes: fc.constantFrom(400, 900, 3000),
  mergeBytes: fc.constantFrom(0, 1000),
  preallocateBytes: fc.constantFrom(0, 4096),
  acceleratorEvents: fc.constantFrom(1, 5),
});

let keys = 0;

function commit(store: Store<Sample>, wishes: readonly Wish[]): void {
  const key = wishes[0]?.key === true ? `key ${(keys += 1)}` : undefined;
  const first = store.at(1)?.id;
  store.commit(
    (one) => {
      for (const { isPaid, isCaused, entity, scope, lane } of wishes) {
        const at = { entity, scope, lane };
        const cause = isCaused && first !== undefined ? { causation: first, correlation: first } : {};
        if (isPaid) one.append(at, Paid, { by: "p".repeat(lane % 50) }, cause);
        else one.append(at, Placed, { amount: entity.length }, cause);
      }
    },
    key === undefined ? {} : { key },
  );
}

/** A store in memory that has been through all of this, closed or left by a process that was killed. */
async function written(
  steps: readonly (typeof step extends fc.Arbitrary<infer Drawn> ? Drawn : never)[],
  options: typeof settings extends fc.Arbitrary<infer Drawn> ? Drawn : never,
  isClosed: boolean,
): Promise<Directory> {
  let runs = 0;
  const open = (where: Directory): ReturnType<typeof openSample> => {
    runs += 1;
    return openSample(where, { ...options, ...determined(runs) });
  };
  let directory = new Directory(new MemoryFs());
  let store = await open(directory);
  const kill = async (): Promise<Directory> => {
    const left = copyOf(directory);
    await store.close();
    return left;
  };
  for (const each of steps) {
    if (each === "sync") await store.sync();
    else if (each === "kill") store = await open((directory = await kill()));
    else if (each === "reopen") {
      await store.close();
      store = await open(directory);
    } else {
      commit(
        store,
        each.map(({ entity, scope, lane, ...rest }) => ({ entity, scope, lane, ...rest })),
      );
    }
  }
  if (!isClosed) return kill();
  await store.close();
  return directory;
}

async function readBy(directory: Directory): Promise<{ readonly read: string; readonly report: IndexReport }> {
  const reader: StoreReader<Sample> = openStoreReader({ directory, events });
  const read = readAll(reader, reader.lastSequence);
  const { lastSequence: last, indexedFrom: report } = reader;
  expect(await reader.verify()).toMatchObject({ kind: "intact", events: last });
  const { accelerator, footers, frames } = report;
  expect(accelerator.events + footers.events + frames.events).toBe(last);
  reader.close();
  return { read, report };
}

test("whichever way an index comes, it is the same", async () => {
  const seen = { accelerator: 0, footers: 0, frames: 0, mixed: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 25 }),
      settings,
      fc.boolean(),
      fc.uint8Array({ minLength: 30, maxLength: 30 }),
      async (steps, options, isClosed, choice) => {
        const directory = await written(steps, options, isClosed);
        const isChosen = (place: number): boolean => (choice[place % 30] ?? 0) % 2 === 0;
        const frames = await readBy(withoutFooters(withoutAccelerator(directory), () => true));
        expect(frames.report.footers.events + frames.report.accelerator.events).toBe(0);
        const ways = {
          all: await readBy(directory),
          footers: await readBy(withoutAccelerator(directory)),
          some: await readBy(withoutFooters(withoutAccelerator(directory), isChosen)),
        };
        for (const [name, { read }] of Object.entries(ways)) expect(read, name).toBe(frames.read);
        const files = segmentFiles(directory);
        // What has a footer, is read from it.
        const withFooter = files.filter((file) => footerStart(directory, file) !== undefined).length;
        const refused = ways.footers.report.unused.filter(({ why }) => why !== "absent");
        expect(ways.footers.report.footers.segments + refused.length).toBe(withFooter);
        // An open that was followed by no append ends its segment with a watermark, and a reader does not know the chain of that one.
        for (const { why } of refused) expect(why).toContain("its chain is not that of the last one");
        seen.accelerator += Math.sign(ways.all.report.accelerator.events);
        seen.footers += Math.sign(ways.footers.report.footers.events);
        seen.frames += Math.sign(frames.report.frames.events);
        seen.mixed += Math.sign(ways.some.report.footers.events * ways.some.report.frames.events);
        // A writer opens to the same, by each way, and goes on.
        for (const way of [directory, withoutAccelerator(directory), withoutFooters(directory, isChosen)]) {
          const store = await openSample(copyOf(way), { ...options, ...determined(99) });
          expect(readAll(store, store.lastSequence)).toBe(frames.read);
          store.append("order:1", Placed, { amount: 1 });
          expect(await store.verify()).toMatchObject({ kind: "intact" });
          await store.close();
        }
      },
    ),
    { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 60) },
  );
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(5);
});
