import { region, type Store } from "@holdfast/store";
import { figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";
import { entityOf, fill, inDirectory, newStore, type Placed, streamCount } from "./store-workloads.js";

/** What an event costs on its way out, from the cache of the system. */
export const storeReadPart: Part = {
  name: "read",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 20_000 : 200_000;
      const { subject: store, dispose } = await newStore(path);
      fill(store, count);
      const rows = reads(store, count).map(([id, workload, contestant]): Row => {
        const [timing] = interleave([contestant], { rounds: quick ? 2 : 5 });
        if (timing === undefined) throw new Error("one contestant has one timing");
        return { id, workload, ours: figureOf(timing) };
      });
      await dispose();
      return rows;
    }),
};

function reads(store: Store<typeof Placed>, count: number): readonly [string, string, Contestant][] {
  const streams = Math.min(200, streamCount);
  const inStream = Math.min(100, count / streamCount);
  const random = scatter(10_000, count);
  return [
    [
      "read/streams",
      `streams of ${inStream} events, forward`,
      contestant(streams * inStream, () => {
        let seen = 0;
        for (let index = 0; index < streams; index += 1) {
          for (const event of store.stream(entityOf(index), { limit: inStream })) seen += event.lane + 1;
        }
        return seen;
      }),
    ],
    [
      "read/random",
      "one event by stream and revision, at random",
      contestant(random.length, () => {
        let seen = 0;
        for (const index of random) {
          const options = { from: Math.floor(index / streamCount), limit: 1 };
          for (const event of store.stream(entityOf(index), options)) seen += event.lane + 1;
        }
        return seen;
      }),
    ],
    [
      "read/scan",
      "all events in order, decoded",
      contestant(count, () => {
        let seen = 0;
        for (const event of store.events(region())) seen += event.lane + 1;
        return seen;
      }),
    ],
  ];
}

/** Throws unless `run` has seen as many events as it should. */
function contestant(operations: number, run: () => number): Contestant {
  return {
    name: "store",
    operations,
    prepare: () => ({
      run() {
        const seen = run();
        if (seen !== operations) throw new Error(`${seen} of ${operations} events`);
      },
    }),
  };
}
