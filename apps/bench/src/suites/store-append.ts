import type { Store } from "@holdfast/store";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant, type RoundOptions } from "../workload.js";
import { loadTable, type OpenTable } from "./store-table.js";
import {
  entityOf,
  inDirectory,
  newLog,
  newStore,
  orderOf,
  Placed,
  recordBytes,
  streamCount,
} from "./store-workloads.js";
import { barriersIn } from "./wal-workloads.js";

const batch = 100;

/** What an event costs on its way in, against a table on SQLite, and against its record in the log alone. */
export const storeAppendPart: Part = {
  name: "append",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const rounds = { rounds: quick ? 2 : 5, cpu: true };
      const count = quick ? 5_000 : 50_000;
      const durable = Math.min(1_000, barriersIn(quick ? 10 : 100, path));
      const table = loadTable();
      return [
        ...(await rowsOf(
          {
            id: "append/os",
            workload: "200 B event, 500 streams in turn, revision expected, with the system on return",
          },
          [events(path, count), records(path, count), table && tableEvents(table, "NORMAL", path, count)],
          { rounds, least: 1.5 },
        )),
        ...(await rowsOf(
          { id: "append/durable", workload: "200 B event, durable one at a time, blocking" },
          [
            durableEvents(path, durable),
            durableRecords(path, durable),
            table && tableEvents(table, "FULL", path, durable),
          ],
          { rounds, least: 1.1 },
        )),
        ...(await rowsOf(
          {
            id: "append/group",
            workload: "100 events at once, each awaited until it is durable; the table one by one",
          },
          [
            groups(path, durable / 10),
            groupedRecords(path, durable / 10),
            table && tableEvents(table, "FULL", path, durable),
          ],
          { rounds, least: 6 },
        )),
        ...(await rowsOf(
          { id: "append/commit", workload: "commit of 100 events, durable, blocking" },
          [commits(path, durable / 10), batches(path, durable / 10), table && tableCommits(table, path, durable / 10)],
          { rounds, least: 0.8 },
        )),
      ];
    }),
};

/** One row against the table, which has to be met, and one against the log. */
async function rowsOf(
  { id, workload }: { readonly id: string; readonly workload: string },
  contestants: readonly [AsyncContestant, AsyncContestant, AsyncContestant | undefined],
  { rounds, least }: { readonly rounds: RoundOptions; readonly least: number },
): Promise<Row[]> {
  const present = contestants.filter((each) => each !== undefined);
  const [ours, log, table] = await interleaveAsync(present, rounds);
  if (ours === undefined || log === undefined) return [];
  const judge = { of: "speed", bar: atLeast(least) } as const;
  const bare = compare({ id: `${id}-log`, workload: "the same, against its record alone" }, ours, log, { of: "speed" });
  return table === undefined ? [bare] : [compare({ id, workload }, ours, table, judge), bare];
}

/** A turn of work with a store of its own. */
function withStore(
  path: string,
  operations: number,
  run: (store: Store<typeof Placed>) => void | Promise<void>,
): AsyncContestant {
  return {
    name: "store",
    operations,
    async prepare() {
      const { subject, dispose } = await newStore(path);
      return { run: () => run(subject), dispose };
    },
  };
}

function withLog(
  path: string,
  operations: number,
  run: (log: Awaited<ReturnType<typeof newLog>>["subject"]) => void | Promise<void>,
): AsyncContestant {
  return {
    name: "wal",
    operations,
    async prepare() {
      const { subject, dispose } = await newLog(path);
      return { run: () => run(subject), dispose };
    },
  };
}

const record: Uint8Array = new Uint8Array(recordBytes).fill(0x61);
const hundred: readonly Uint8Array[] = Array.from({ length: batch }, () => record);

function events(path: string, count: number): AsyncContestant {
  return withStore(path, count, (store) => {
    for (let index = 0; index < count; index += 1) {
      const expectedRevision = index < streamCount ? "empty" : Math.floor(index / streamCount) - 1;
      const outcome = store.append(entityOf(index), Placed, orderOf(index), { expectedRevision });
      if (outcome.kind === "conflict") throw new Error("every stream is where it is expected");
    }
  });
}

function records(path: string, count: number): AsyncContestant {
  return withLog(path, count, (log) => {
    for (let index = 0; index < count; index += 1) log.appendWritten([record]);
  });
}

function durableEvents(path: string, count: number): AsyncContestant {
  return withStore(path, count, (store) => {
    for (let index = 0; index < count; index += 1) {
      store.append(entityOf(index), Placed, orderOf(index));
      store.syncBlocking();
    }
  });
}

function durableRecords(path: string, count: number): AsyncContestant {
  return withLog(path, count, (log) => {
    for (let index = 0; index < count; index += 1) {
      log.append(record);
      log.syncBlocking();
    }
  });
}

function commits(path: string, count: number): AsyncContestant {
  return withStore(path, count * batch, (store) => {
    for (let index = 0; index < count; index += 1) {
      store.commit((commit) => {
        for (let each = 0; each < batch; each += 1) commit.append(entityOf(each), Placed, orderOf(each));
      });
      store.syncBlocking();
    }
  });
}

function batches(path: string, count: number): AsyncContestant {
  return withLog(path, count * batch, (log) => {
    for (let index = 0; index < count; index += 1) {
      log.appendBatch(hundred);
      log.syncBlocking();
    }
  });
}

function groups(path: string, count: number): AsyncContestant {
  return withStore(path, count * batch, async (store) => {
    for (let index = 0; index < count; index += 1) {
      // Nobody needs one before it is durable, so that the hundred are written at once.
      const appended = hundred.map((_, each) =>
        store.append(entityOf(each), Placed, orderOf(each), { rung: "memory" }),
      );
      await Promise.all(appended.map((receipt) => store.durable(receipt)));
    }
  });
}

function groupedRecords(path: string, count: number): AsyncContestant {
  return withLog(path, count * batch, async (log) => {
    for (let index = 0; index < count; index += 1) await Promise.all(hundred.map((each) => log.appendDurable(each)));
  });
}

function tableEvents(
  open: OpenTable,
  synchronous: "NORMAL" | "FULL",
  path: string,
  operations: number,
): AsyncContestant {
  return {
    name: `table, ${synchronous}`,
    operations,
    async prepare() {
      const { subject, dispose } = open(path, synchronous);
      return {
        run() {
          for (let index = 0; index < operations; index += 1) subject.append(index);
        },
        dispose,
      };
    },
  };
}

function tableCommits(open: OpenTable, path: string, count: number): AsyncContestant {
  return {
    name: "table, FULL",
    operations: count * batch,
    async prepare() {
      const { subject, dispose } = open(path, "FULL");
      return {
        run() {
          for (let index = 0; index < count; index += 1) subject.commit(index * batch, batch);
        },
        dispose,
      };
    },
  };
}
