import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { region, type Store } from "@holdfast/store";
import {
  defineProjection,
  directoryCache,
  memoryCache,
  Projector,
  type Projection,
  type ProjectionCache,
} from "@holdfast/store/projections";
import { bound, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant, type Timing } from "../workload.js";
import { inDirectory, newStore, orderOf, Placed, type OrderPlaced } from "./store-workloads.js";

const eventCount = 1000;
const behindRow = 10;

/** What a state costs: folded from a thousand events, and from a row that has all but the last ten. */
export const storeProjectionsPart: Part = {
  name: "projections",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const { subject: store, dispose } = await newStore(path);
      const streams = Array.from({ length: 20 }, (_, index) => `account:${index}`);
      const fillUpTo = async (count: number): Promise<void> => {
        for (let index = store.lastSequence / streams.length; index < count; index += 1) {
          for (const stream of streams) store.append(stream, Placed, orderOf(index));
        }
        await store.sync();
      };
      await fillUpTo(eventCount - behindRow);
      const caches = [memoryCache(), directoryCache(openDirectory(mkdtempSync(join(path, "rows-"))))];
      for (const cache of caches) {
        const projector = new Projector(store, { cache, snapshotEvery: 1 });
        for (const stream of streams) projector.project(totals, stream);
      }
      await fillUpTo(eventCount);
      const [read, cold, memory, file] = interleave(
        [reading(store, streams), ...[undefined, ...caches].map((cache) => folding(store, streams, cache))],
        { rounds: quick ? 3 : 15 },
      );
      await dispose();
      if (read === undefined || cold === undefined || memory === undefined || file === undefined) {
        throw new Error("four contestants have four timings");
      }
      return [
        { ...rowOf("cold", "from the first on, beside reading them alone", cold, read), bar: bound("most", 3e6) },
        rowOf("memory", `from a row in memory, ${behindRow} events behind it, beside folding all`, memory, cold),
        rowOf("file", `from a row in a file, ${behindRow} events behind it, beside folding all`, file, cold),
      ];
    }),
};

function rowOf(id: string, workload: string, ours: Timing, peer: Timing): Row {
  const labels = { id: `projections/${id}`, workload: `state of ${eventCount} events, ${workload}` };
  return compare(labels, ours, peer, { of: "time", unit: "time" });
}

interface Totals {
  readonly orders: number;
  readonly customers: Readonly<Record<string, number>>;
}

/** Ten customers in turn, so that a state has some size. */
const totals: Projection<Totals, OrderPlaced> = defineProjection({
  name: "totals",
  version: 1,
  events: [Placed],
  initial: (): Totals => ({ orders: 0, customers: {} }),
  on: {
    "order.placed": ({ orders, customers }, { data }) => {
      const customer = `customer:${data.order % 10}`;
      return { orders: orders + 1, customers: { ...customers, [customer]: (customers[customer] ?? 0) + 1 } };
    },
  },
});

/** What folding cannot be faster than. */
function reading(store: Store<OrderPlaced>, streams: readonly string[]): Contestant {
  return {
    name: "reading",
    operations: streams.length,
    prepare: () => ({
      run() {
        for (const entity of streams) {
          let orders = 0;
          for (const event of store.events(region({ entity, lane: 0 }))) if (event.status === "known") orders += 1;
          if (orders !== eventCount) throw new Error(`${orders} events were read`);
        }
      },
    }),
  };
}

function folding(
  store: Store<OrderPlaced>,
  streams: readonly string[],
  cache: ProjectionCache | undefined,
): Contestant {
  const projector = new Projector(store, { ...(cache && { cache }), snapshotEvery: Number.POSITIVE_INFINITY });
  return {
    name: cache === undefined ? "folding" : "from a row",
    operations: streams.length,
    prepare: () => ({
      run() {
        for (const stream of streams) {
          const { state, events } = projector.project(totals, stream);
          const isRight = state.orders === eventCount && events === (cache === undefined ? eventCount : behindRow);
          if (!isRight) throw new Error(`${events} of ${state.orders} events were folded`);
        }
      },
    }),
  };
}
