import { region, type Store } from "@holdfast/store";
import { followEvents, openNamedCursor, subscribe } from "@holdfast/store/consumers";
import { compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { fill, inDirectory, newStore, type OrderPlaced } from "./store-workloads.js";

/** What a consumer costs over reading the same events in a loop, from the cache of the system. */
export const storeDeliveryPart: Part = {
  name: "delivery",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 20_000 : 200_000;
      const { subject: store, dispose } = await newStore(path);
      fill(store, count);
      await store.sync();
      const rows: Row[] = [];
      for (const [id, workload, consume] of consumers(store, count)) {
        const contestants = [contestant("consumer", count, consume), contestant("loop", count, () => loop(store))];
        const [ours, peer] = await interleaveAsync(contestants, { rounds: quick ? 2 : 5 });
        if (ours === undefined || peer === undefined) throw new Error("two contestants have two timings");
        rows.push(compare({ id, workload }, ours, peer, { of: "speed" }));
      }
      await dispose();
      return rows;
    }),
};

function consumers(store: Store<OrderPlaced>, count: number): readonly [string, string, () => Promise<number>][] {
  let cursors = 0;
  return [
    [
      "delivery/follow",
      "every event once, batches of 256",
      async () => {
        let seen = 0;
        for await (const { events } of followEvents(store, region(), { live: false })) seen += events.length;
        return seen;
      },
    ],
    [
      "delivery/cursor",
      "named cursor, batches of 1000, each acknowledged durably",
      async () => {
        cursors += 1;
        const options = { name: `cursor-${cursors}`, live: false, batchEvents: 1000 };
        const cursor = await openNamedCursor(store, region(), options);
        let seen = 0;
        for await (const batch of cursor) {
          seen += batch.events.length;
          await batch.ack();
        }
        await cursor.close();
        return seen;
      },
    ],
    [
      "delivery/subscription",
      "subscription that catches up",
      async () => {
        let seen = 0;
        for await (const { events } of subscribe(store, region(), { from: "start", overflow: "wait" })) {
          seen += events.length;
          if (seen === count) break;
        }
        return seen;
      },
    ],
  ];
}

async function loop(store: Store<OrderPlaced>): Promise<number> {
  let seen = 0;
  for (const event of store.events(region())) seen += event.lane + 1;
  return seen;
}

/** Throws unless `run` has seen as many events as it should. */
function contestant(name: string, operations: number, run: () => Promise<number>): AsyncContestant {
  return {
    name,
    operations,
    prepare: async () => ({
      async run() {
        const seen = await run();
        if (seen !== operations) throw new Error(`${seen} of ${operations} events`);
      },
    }),
  };
}
