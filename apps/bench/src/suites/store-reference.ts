import type { Store } from "@holdfast/store";
import type { Part } from "../suite.js";
import type { AsyncContestant } from "../workload.js";
import { referenceRows } from "./reference-rows.js";
import { entityOf, fill, inDirectory, newStore, openAgain, orderOf, Placed, streamCount } from "./store-workloads.js";
import { barriersIn } from "./wal-workloads.js";

const BATCH = 100;
const READ_STREAMS = 200;

/** The store beside the store of the Rust crate batpak. Events have 200 bytes, in 500 streams in turn. */
export const storeReferencePart: Part = {
  name: "store-reference",
  isReference: true,
  measure: (options) =>
    inDirectory((path) => {
      const count = options.quick ? 10_000 : 50_000;
      const barriers = barriersIn(options.quick ? 20 : 100, path);
      const perStream = Math.min(100, count / streamCount);
      return referenceRows(options, "batpak", [
        {
          workload: "events-append",
          says: "append of an event of 200 B, with the system on return",
          note: "the reference hands each event to a thread of its own and waits for it",
          count,
          ours: (root) => withStore(root, count, (store) => appendAll(store, count)),
        },
        {
          workload: "events-durable",
          says: "durable append, one at a time",
          count: barriers,
          ours: (root) =>
            withStore(root, barriers, (store) => {
              for (let index = 0; index < barriers; index += 1) {
                store.append(entityOf(index), Placed, orderOf(index));
                store.syncBlocking();
              }
            }),
        },
        {
          workload: "events-commits",
          says: "commit of 100 events, durable",
          count: barriers * BATCH,
          ours: (root) =>
            withStore(root, barriers * BATCH, (store) => {
              for (let index = 0; index < barriers; index += 1) {
                store.commit((commit) => {
                  for (let each = 0; each < BATCH; each += 1) commit.append(entityOf(each), Placed, orderOf(each));
                });
                store.syncBlocking();
              }
            }),
        },
        {
          workload: "events-streams",
          says: `streams of ${perStream} events, forward, decoded`,
          count,
          operations: READ_STREAMS * perStream,
          behind: "events-append",
          ours: (root) => streams(root, count, perStream),
        },
        {
          workload: "events-open",
          says: `open of ${count} events, closed before`,
          count,
          operations: 1,
          behind: "events-append",
          ours: (root) => opens(root, count),
        },
      ]);
    }),
};

function appendAll(store: Store<typeof Placed>, count: number): void {
  for (let index = 0; index < count; index += 1) store.append(entityOf(index), Placed, orderOf(index));
}

function withStore(root: string, operations: number, work: (store: Store<typeof Placed>) => void): AsyncContestant {
  return {
    name: "store",
    operations,
    async prepare() {
      const { subject, dispose } = await newStore(root);
      return { run: () => work(subject), dispose };
    },
  };
}

/** In a store that was opened just before, as the reference's is. */
async function streams(root: string, count: number, perStream: number): Promise<AsyncContestant> {
  const { subject, directory } = await newStore(root);
  fill(subject, count);
  await subject.close();
  return {
    name: "store",
    operations: READ_STREAMS * perStream,
    async prepare() {
      const store = await openAgain(directory);
      return {
        run() {
          let seen = 0;
          for (let index = 0; index < READ_STREAMS; index += 1) {
            for (const event of store.stream(entityOf(index), { limit: perStream })) {
              seen += event.status === "known" ? 1 : 0;
            }
          }
          if (seen !== READ_STREAMS * perStream) throw new Error(`${seen} events`);
        },
        dispose: () => store.close(),
      };
    },
  };
}

async function opens(root: string, count: number): Promise<AsyncContestant> {
  const { subject, directory } = await newStore(root);
  fill(subject, count);
  await subject.close();
  return {
    name: "store",
    operations: 1,
    async prepare() {
      let store: Store<typeof Placed> | undefined;
      return {
        async run() {
          store = await openAgain(directory);
          if (store.lastSequence !== count) throw new Error(`${store.lastSequence} events`);
        },
        dispose: () => store?.close() ?? Promise.resolve(),
      };
    },
  };
}
