// Every crash window of a row file, beside the store whose events it stands for: every disk that a crash may leave, and crashes inside
// the recoveries from it.
//
// STORE_LONG=1 makes more subsets of what is pending.
import { crashMatrix } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import { region, type Store } from "../src/index.js";
import {
  directoryCache,
  Projector,
  type CacheBounds,
  type ProjectionTarget,
  type RowReading,
} from "../src/projections-entry.js";
import { ledgerOf } from "./sample-projection.js";
import { determined, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const isLong = process.env["STORE_LONG"] === "1";
const Ledgers = ledgerOf();
const everything = region();

interface Window {
  readonly bounds?: CacheBounds;
  readonly work: (store: Store<Sample>, projector: Projector<Sample>) => void | Promise<void>;
}

const windows: Readonly<Record<string, Window>> = {
  "a row where there was none": {
    work: (_, projector) => void projector.project(Ledgers, "b"),
  },
  "a row in place of another": {
    work: async (store, projector) => {
      store.append("a", Paid, { by: "x" });
      await store.sync();
      projector.project(Ledgers, "a");
    },
  },
  "a row of what is durable, under a state that has seen more": {
    work: async (store, projector) => {
      store.append("b", Placed, { amount: 10 });
      await store.sync();
      store.append("b", Placed, { amount: 20 });
      projector.project(Ledgers, "b");
      store.append("b", Placed, { amount: 30 });
      projector.project(Ledgers, "b");
    },
  },
  "rows that make room for others": {
    bounds: { maxRows: 1 },
    work: (_, projector) => {
      projector.project(Ledgers, "b");
      projector.project(Ledgers, everything);
    },
  },
  "a row that is forgotten, and written again": {
    work: async (store, projector) => {
      projector.forget(Ledgers, "a");
      store.append("a", Placed, { amount: 40 });
      await store.sync();
      projector.project(Ledgers, "a");
    },
  },
};

interface Recovered {
  readonly readings: readonly RowReading[];
}

function projectorOver(directory: Directory, store: Store<Sample>, bounds?: CacheBounds): Projector<Sample> {
  return new Projector(store, { cache: directoryCache(directory.directory("rows"), bounds), snapshotEvery: 1 });
}

/** Projects everything by the cache and without, goes on by an event, and leaves a row of that. Throws where the two differ. */
async function recover(directory: Directory, bounds: CacheBounds | undefined): Promise<Recovered> {
  const store = await openSample(directory.directory("store"), determined(1));
  const projector = projectorOver(directory, store, bounds);
  const readings: RowReading[] = [];
  const demandSame = (target: ProjectionTarget, snapshotEvery: number): void => {
    const cached = projector.project(Ledgers, target, { snapshotEvery });
    const replayed = new Projector(store).project(Ledgers, target);
    const told = [cached, replayed].map(({ state, sequence, revision }) => JSON.stringify([state, sequence, revision]));
    if (told[0] !== told[1]) throw new Error(`by the cache ${told[0]}, and replayed ${told[1]}`);
    if (cached.writing.kind === "failed") throw cached.writing.error;
    readings.push(cached.reading);
  };
  for (const target of ["a", "b", everything]) demandSame(target, Number.POSITIVE_INFINITY);
  await store.durable(store.append("a", Placed, { amount: store.lastSequence }));
  for (const snapshotEvery of [1, 100]) demandSame("a", snapshotEvery);
  await store.close();
  return { readings };
}

/** A row that reached the disk stands for events that did before it. */
function demandLaw({ readings }: Recovered): void {
  const lost = readings.find((reading) => reading.kind === "miss" && !["absent", "damaged"].includes(reading.why));
  if (lost !== undefined) throw new Error(`a row is of no use: ${JSON.stringify(lost)}`);
}

test.each(Object.entries(windows))("cached is replayed at every crash point: %s", async (name, { bounds, work }) => {
  const seen = new Set<string>();
  const report = await crashMatrix({
    name,
    setup: async (directory) => {
      for (const each of ["store", "rows"]) directory.makeDirectory(each);
      directory.syncNamesBlocking();
      const store = await openSample(directory.directory("store"));
      for (let amount = 1; amount <= 4; amount += 1) store.append(amount % 2 === 0 ? "a" : "b", Placed, { amount });
      await store.sync();
      projectorOver(directory, store, bounds).project(Ledgers, "a");
      await store.close();
    },
    workload: async (directory) => {
      const store = await openSample(directory.directory("store"), determined(5));
      await work(store, projectorOver(directory, store, bounds));
    },
    recover: (directory) => recover(directory, bounds),
    check: (recovered) => {
      for (const reading of recovered.readings) seen.add(reading.kind === "miss" ? reading.why : reading.kind);
      demandLaw(recovered);
    },
    strategy: isLong ? { kind: "exhaustive", limit: 1024 } : { kind: "levels", level: 2 },
    nestedStrategy: { kind: "levels", level: isLong ? 2 : 1 },
    rememberReads: !isLong,
    maxRecoveries: 1_000_000,
  });
  expect(report.recoveries).toBeGreaterThan(100);
  expect(report.personalities.map(({ personality }) => personality)).toEqual(["posix", "ext4-ordered", "xfs", "btrfs"]);
  // Rows were found, lost, and found damaged, or the matrix would prove nothing.
  expect([...seen].toSorted()).toEqual(["absent", "damaged", "hit"]);
});

describe("the matrix notices", () => {
  test("a row of what is not durable", async () => {
    const work = windows["a row of what is durable, under a state that has seen more"]?.work;
    const run = crashMatrix({
      setup: (directory) => {
        for (const each of ["store", "rows"]) directory.makeDirectory(each);
        directory.syncNamesBlocking();
      },
      workload: async (directory) => {
        const store = await openSample(directory.directory("store"), determined(5));
        const sound = directoryCache(directory.directory("rows"));
        const cache = {
          isVolatile: true, // which is a lie
          get: (key: string) => sound.get(key),
          put: (key: string, row: Uint8Array) => sound.put(key, row),
          delete: (key: string) => sound.delete(key),
          clear: () => sound.clear(),
        };
        await work?.(store, new Projector(store, { cache, snapshotEvery: 1 }));
      },
      recover: (directory) => recover(directory, undefined),
      check: demandLaw,
      strategy: { kind: "levels", level: 2 },
      personalities: ["posix"],
      nested: 0,
    });
    await expect(run).rejects.toThrow("a row is of no use");
  });
});
