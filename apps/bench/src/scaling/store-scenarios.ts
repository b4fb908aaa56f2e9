import { openStore, region, type Store, type StoreOptions } from "@holdfast/store";
import { orderOf, Placed, type OrderPlaced } from "../suites/store-workloads.js";
import { scatter } from "../workload.js";
import type { Disk } from "./disk.js";
import type { Scenario, Work } from "./scenario.js";
import { waitTogether } from "./waiters.js";

const STREAMS = 100;
const APPENDS = 1_000;
const DURABLE_APPENDS = 100;
const ROUNDS = 10;
const READS = 500;
/** Events there are where the size is that of something else. */
const EVENTS = 10_000;
/** Events that no barrier covers when the process is killed, where the size is that of the rest. */
const TAIL = 100;

export type StoreSettings = Omit<StoreOptions<OrderPlaced>, "directory" | "events">;

/**
 * What a store costs, as it grows. Events have 200 bytes, in 100 streams in turn.
 *
 * @param syncEvery - events for one barrier, while the store is filled.
 */
export function storeScenarios(settings: StoreSettings, syncEvery: number): Scenario[] {
  const open = (disk: Disk): Promise<Store<OrderPlaced>> =>
    openStore({ directory: disk.directory, events: [Placed], ...settings });
  const filled = async (disk: Disk, size: number, streams = STREAMS): Promise<Store<OrderPlaced>> => {
    const store = await open(disk);
    await fill(store, size, { streams, syncEvery });
    return store;
  };
  const opening = (disk: Disk, last: number): Work => {
    let store: Store<OrderPlaced> | undefined;
    return {
      operations: 1,
      disk,
      async run() {
        store = await open(disk);
        if (store.lastSequence !== last) throw new Error(`opened with ${store.lastSequence} events, not ${last}`);
      },
      dispose: async () => store?.close(),
    };
  };
  const appending = (store: Store<OrderPlaced>, streams: number): Work => ({
    operations: APPENDS,
    run() {
      for (let index = 0; index < APPENDS; index += 1) store.append(entityOf(index, streams), Placed, orderOf(index));
    },
    dispose: () => store.close(),
  });
  return [
    {
      id: "store/append",
      workload: "append of an event of 200 B, with the system on return",
      of: "records",
      prepare: async (disk, size) => appending(await filled(disk, size), STREAMS),
    },
    {
      id: "store/append-streams",
      workload: `the same behind ${EVENTS} events, in so many streams in turn`,
      of: "streams",
      prepare: async (disk, size) => appending(await filled(disk, EVENTS, size), size),
    },
    {
      id: "store/durable",
      workload: "durable append, each awaited",
      of: "records",
      async prepare(disk, size) {
        const store = await filled(disk, size);
        return {
          operations: DURABLE_APPENDS,
          async run() {
            for (let index = 0; index < DURABLE_APPENDS; index += 1) await appendDurable(store, index);
          },
          dispose: () => store.close(),
        };
      },
    },
    {
      id: "store/waiters",
      workload: "durable append by so many who each await theirs",
      of: "waiters",
      async prepare(disk, size) {
        const store = await filled(disk, STREAMS);
        let index = 0;
        return {
          operations: size * ROUNDS,
          run: () => waitTogether(size, ROUNDS, () => appendDurable(store, (index += 1))),
          dispose: () => store.close(),
        };
      },
    },
    {
      id: "store/open",
      workload: "open of a store that was closed",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        return opening(disk, size);
      },
    },
    {
      id: "store/read",
      workload: "one event by stream and revision, at random, right behind an open",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        const store = await open(disk);
        const random = scatter(READS, size);
        return {
          operations: READS,
          run() {
            for (const index of random) {
              const options = { from: Math.floor(index / STREAMS), limit: 1 };
              const [event] = store.stream(entityOf(index, STREAMS), options);
              if (event?.sequence !== index + 1) throw new Error(`event ${index + 1} is not there`);
            }
          },
          dispose: () => store.close(),
        };
      },
    },
    {
      id: "store/scan",
      workload: "all events in order, decoded, for one of them, right behind an open",
      of: "records",
      async prepare(disk, size) {
        await (await filled(disk, size)).close();
        const store = await open(disk);
        return {
          operations: size,
          run() {
            let seen = 0;
            for (const event of store.events(region())) seen += event.status === "known" ? 1 : 0;
            if (seen !== size) throw new Error(`read ${seen} events of ${size}`);
          },
          dispose: () => store.close(),
        };
      },
    },
    {
      id: "store/recovery",
      workload: `open behind a kill, ${TAIL} events without a barrier behind all that have one`,
      of: "records",
      async prepare(disk, size) {
        const store = await filled(disk, size);
        for (let index = 0; index < TAIL; index += 1) store.append(entityOf(index, STREAMS), Placed, orderOf(index));
        const left = disk.killed();
        await store.close();
        return opening(left, size + TAIL);
      },
    },
    {
      id: "store/recovery-tail",
      workload: "open behind a kill, none of the events with a barrier",
      of: "records",
      async prepare(disk, size) {
        const store = await open(disk);
        for (let index = 0; index < size; index += 1) store.append(entityOf(index, STREAMS), Placed, orderOf(index));
        const left = disk.killed();
        await store.close();
        return opening(left, size);
      },
    },
  ];
}

function entityOf(index: number, streams: number): string {
  return `order:${index % streams}`;
}

async function appendDurable(store: Store<OrderPlaced>, index: number): Promise<void> {
  // Nobody needs one before it is durable, so that all who wait are written at once.
  await store.durable(store.append(entityOf(index, STREAMS), Placed, orderOf(index), { rung: "memory" }));
}

async function fill(
  store: Store<OrderPlaced>,
  size: number,
  { streams, syncEvery }: { readonly streams: number; readonly syncEvery: number },
): Promise<void> {
  for (let index = 0; index < size; index += 1) {
    store.append(entityOf(index, streams), Placed, orderOf(index), { rung: "memory" });
    if (index % syncEvery === syncEvery - 1 || index === size - 1) await store.sync();
  }
}
