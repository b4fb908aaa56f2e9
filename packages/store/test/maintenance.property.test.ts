// Random stores, random predicates, backups and kills in any order, opened by every path: the same rows, and payloads gone where they
// were dropped and nowhere else.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openStoreReader, type StoreOptions, type StoreReader } from "../src/index.js";
import { backup, compact, verifyBackup } from "../src/maintenance-entry.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { told } from "./store-law.js";
import { appendOne, droppedIn, envelopeOf, envelopesOf } from "./support/retained-store.js";

type Step =
  | { readonly do: "append"; readonly count: number }
  | {
      readonly do: "compact";
      readonly modulus: number;
      readonly rest: number;
      readonly rotate: boolean;
      readonly through: number;
    }
  | { readonly do: "reopen" | "kill" | "backup" | "refresh" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("compact" as const),
      modulus: fc.integer({ min: 1, max: 5 }),
      rest: fc.nat(4),
      rotate: fc.boolean(),
      through: fc.constantFrom(3, 10, 1000),
    }),
  },
  fc.record({ do: fc.constantFrom("reopen" as const, "kill" as const, "backup" as const, "refresh" as const) }),
);

const settings: fc.Arbitrary<Partial<StoreOptions<Sample>>> = fc.record({
  segmentBytes: fc.constantFrom(400, 1500, 8000),
  bufferBytes: fc.constantFrom(64, 4096),
  preallocateBytes: fc.constantFrom(0, 4096),
  mergeBytes: fc.constantFrom(0, 1000, 8000),
});

const readerOf = (directory: Directory): StoreReader<Sample> => openStoreReader({ directory, events });

async function play(steps: readonly Step[], options: Partial<StoreOptions<Sample>>): Promise<void> {
  let runs = 0;
  const open = (where: Directory): ReturnType<typeof openSample> =>
    openSample(where, { ...options, ...determined((runs += 1)) });
  let directory = new Directory(new MemoryFs());
  let store = await open(directory);
  let reader = readerOf(directory);
  let number = 0;
  const envelopes: string[] = [];
  const whole: string[] = [];
  const dropped = new Set<number>();
  const demand = async (of: typeof store | StoreReader<Sample>, events_ = envelopes.length): Promise<void> => {
    expect(envelopesOf(of)).toEqual(envelopes.slice(0, events_));
    const gone = droppedIn(of);
    expect(gone).toEqual([...dropped].filter((sequence) => sequence <= events_).toSorted((a, b) => a - b));
    for (let sequence = 1; sequence <= events_; sequence += 1) {
      if (!dropped.has(sequence)) expect(told(of, sequence)).toBe(whole[sequence - 1]);
    }
    const report = await of.verify();
    expect(report).toMatchObject({ kind: "intact", events: events_, droppedPayloads: gone.length });
  };
  for (const each of steps) {
    switch (each.do) {
      case "append":
        for (let count = 0; count < each.count; count += 1) appendOne(store, (number += 1));
        for (let sequence = envelopes.length + 1; sequence <= store.lastSequence; sequence += 1) {
          envelopes.push(envelopeOf(store, sequence));
          whole.push(told(store, sequence));
        }
        break;
      case "compact": {
        const { modulus, rest, rotate, through } = each;
        const taken = new Set<number>();
        const keep = ({ sequence }: { readonly sequence: number }): boolean => {
          const isKept = sequence % modulus !== rest;
          if (!isKept) taken.add(sequence);
          return isKept;
        };
        const report = await compact(store, { keep, rotate, throughSequence: through });
        expect(report.droppedPayloads).toBe(taken.size);
        for (const sequence of taken) dropped.add(sequence);
        await demand(store);
        break;
      }
      case "reopen":
        await store.close();
        store = await open(directory);
        await demand(store);
        break;
      case "kill": {
        const image = (directory.fs as MemoryFs).snapshot();
        await store.close();
        reader.close();
        directory = new Directory(new MemoryFs({ image }));
        directory.removeIfPresent("LOCK");
        store = await open(directory);
        reader = readerOf(directory);
        await demand(store);
        break;
      }
      case "refresh":
        reader.refresh();
        await demand(reader);
        break;
      case "backup": {
        const target = new Directory(new MemoryFs());
        const report = await backup(store, target);
        expect(report.anchor.sequence).toBe(envelopes.length);
        expect(await verifyBackup(target, report)).toMatchObject({ kind: "intact" });
        const copy = readerOf(target);
        await demand(copy);
        copy.close();
        const opened = await open(target);
        await demand(opened);
        await opened.close();
        break;
      }
    }
  }
  await demand(store);
  reader.refresh();
  await demand(reader);
  reader.close();
  await store.close();
}

test("retention and backups leave the rows that a store has", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 14 }), settings, play), {
    numRuns: Number(process.env["FC_NUM_RUNS"] ?? 40),
  });
});
