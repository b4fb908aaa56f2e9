import { compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { loadEmmett, type EmmettStreams, type OpenEmmett } from "./store-emmett-peer.js";
import { entityOf, inDirectory, newStore, orderOf, Placed, streamCount } from "./store-workloads.js";
import { barriersIn } from "./wal-workloads.js";
import type { Store } from "@holdfast/store";

const batch = 100;
const readStreams = 100;

/** What the same costs on Emmett's event store on SQLite, as far as it has the same: no row where it does not install. */
export const storeEmmettPart: Part = {
  name: "emmett",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const emmett = loadEmmett();
      if (emmett === undefined) return [];
      const appended = quick ? 500 : 2_000;
      const durable = Math.min(500, barriersIn(quick ? 5 : 50, path));
      const batches = durable / 10;
      const rows: Row[] = [];
      for (const { id, workload, contestants } of [
        {
          id: "os",
          workload: "200 B event, 500 streams in turn, revision expected; Emmett with synchronous = NORMAL",
          contestants: [events(path, appended, false), emmettEvents(path, emmett, "NORMAL", appended)],
        },
        {
          id: "durable",
          workload: "200 B event, durable one at a time; Emmett with synchronous = FULL",
          contestants: [events(path, durable, true), emmettEvents(path, emmett, "FULL", durable)],
        },
        {
          id: "commit",
          workload: "100 events to one stream at once, durable; Emmett with synchronous = FULL",
          contestants: [commits(path, batches), emmettCommits(path, emmett, batches)],
        },
        {
          id: "streams",
          workload: "streams of 100 events, forward, decoded",
          contestants: [reads(path), emmettReads(path, emmett)],
        },
      ]) {
        const [ours, peer] = await interleaveAsync(contestants, { rounds: quick ? 2 : 5 });
        if (ours === undefined || peer === undefined) throw new Error("two contestants have two timings");
        rows.push(compare({ id: `emmett/${id}`, workload }, ours, peer, { of: "speed" }));
      }
      return rows;
    }),
};

type Run<T> = (subject: T) => Promise<void> | void;

function ours(
  path: string,
  operations: number,
  run: Run<Store<typeof Placed>>,
  fill?: Run<Store<typeof Placed>>,
): AsyncContestant {
  return {
    name: "store",
    operations,
    async prepare() {
      const { subject, dispose } = await newStore(path);
      await fill?.(subject);
      return { run: () => run(subject), dispose };
    },
  };
}

function theirs(
  open: () => ReturnType<OpenEmmett>,
  operations: number,
  run: Run<EmmettStreams>,
  fill?: Run<EmmettStreams>,
): AsyncContestant {
  return {
    name: "Emmett",
    operations,
    async prepare() {
      const { subject, dispose } = await open();
      await fill?.(subject);
      return { run: () => run(subject), dispose };
    },
  };
}

function events(path: string, count: number, isDurable: boolean): AsyncContestant {
  return ours(path, count, (store) => {
    for (let index = 0; index < count; index += 1) {
      const expectedRevision = index < streamCount ? "empty" : Math.floor(index / streamCount) - 1;
      const { kind } = store.append(entityOf(index), Placed, orderOf(index), { expectedRevision });
      if (kind === "conflict") throw new Error("every stream is where it is expected");
      if (isDurable) store.syncBlocking();
    }
  });
}

function emmettEvents(path: string, emmett: OpenEmmett, level: "NORMAL" | "FULL", count: number): AsyncContestant {
  return theirs(
    () => emmett(path, level),
    count,
    async (streams) => {
      for (let index = 0; index < count; index += 1) {
        await streams.append(entityOf(index), Math.floor(index / streamCount), index);
      }
    },
  );
}

function commits(path: string, count: number): AsyncContestant {
  return ours(path, count * batch, (store) => {
    for (let index = 0; index < count; index += 1) {
      fillStream(store, entityOf(index));
      store.syncBlocking();
    }
  });
}

function emmettCommits(path: string, emmett: OpenEmmett, count: number): AsyncContestant {
  return theirs(
    () => emmett(path, "FULL"),
    count * batch,
    async (streams) => {
      for (let index = 0; index < count; index += 1) await streams.append(entityOf(index), 0, 0, batch);
    },
  );
}

function reads(path: string): AsyncContestant {
  return ours(
    path,
    readStreams * batch,
    (store) => {
      let seen = 0;
      for (let index = 0; index < readStreams; index += 1) {
        for (const event of store.stream(entityOf(index))) if (event.status === "known") seen += 1;
      }
      requireAll(seen);
    },
    (store) => {
      for (let index = 0; index < readStreams; index += 1) fillStream(store, entityOf(index));
    },
  );
}

function emmettReads(path: string, emmett: OpenEmmett): AsyncContestant {
  return theirs(
    () => emmett(path, "NORMAL"),
    readStreams * batch,
    async (streams) => {
      let seen = 0;
      for (let index = 0; index < readStreams; index += 1) seen += (await streams.read(entityOf(index))).length;
      requireAll(seen);
    },
    async (streams) => {
      for (let index = 0; index < readStreams; index += 1) await streams.append(entityOf(index), 0, 0, batch);
    },
  );
}

function fillStream(store: Store<typeof Placed>, entity: string): void {
  store.commit((commit) => {
    for (let each = 0; each < batch; each += 1) {
      commit.append(entity, Placed, orderOf(each), each === 0 ? { expectedRevision: "empty" } : {});
    }
  });
}

function requireAll(seen: number): void {
  if (seen !== readStreams * batch) throw new Error(`${seen} of ${readStreams * batch} events`);
}
