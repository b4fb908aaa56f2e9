import { region, type Store } from "@holdfast/store";
import { EventRecord } from "@holdfast/store/format";
import { openWalReader } from "@holdfast/wal";
import { openRecordWalk } from "@holdfast/wal/places";
import { atLeast, bound, compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant, type RoundOptions } from "../workload.js";
import { loadTable, type EventTable } from "./store-table.js";
import {
  entityOf,
  fill,
  inDirectory,
  linesLength,
  newStore,
  openAgain,
  orderOf,
  Placed,
  streamCount,
  type Opened,
  type Order,
  type OrderPlaced,
} from "./store-workloads.js";

/** What an event costs on its way out, from the cache of the system, against a table on SQLite. */
export const storeReadPart: Part = {
  name: "read",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 20_000 : 200_000;
      const rounds = { rounds: quick ? 2 : 7, cpu: true };
      const opened = await newStore(path);
      const { subject: store, dispose } = opened;
      fill(store, count);
      const table = loadTable()?.(path, "NORMAL");
      if (table !== undefined) {
        for (let index = 0; index < count; index += 1000) table.subject.commit(index, 1000);
        table.subject.checkpoint();
      }
      const rows = reads(store, table?.subject, count).flatMap(({ id, workload, least, ours, peer }): Row[] => {
        const [timing, other] = interleave(peer === undefined ? [ours] : [ours, peer], rounds);
        if (timing === undefined) return [];
        if (other === undefined) return [{ id, workload, ours: figureOf(timing) }];
        return [compare({ id, workload }, timing, other, { of: "speed", bar: atLeast(least) })];
      });
      rows.push(...rawRows(opened, count, rounds));
      await table?.dispose();
      await dispose();
      return [...rows, await foldRow(path, quick)];
    }),
};

/** Every record, its envelope checked and its payload left as it is: what a tool that looks into a log does. */
function rawRows({ directory }: Opened<unknown>, count: number, rounds: RoundOptions): Row[] {
  const reader = openWalReader({ directory });
  const raw = contestant("store", count, () => {
    const walk = openRecordWalk({ directory, segments: reader.segments() });
    const record = new EventRecord();
    let seen = 0;
    while (walk.next()) if (record.read(walk.bytes, walk.start, walk.end).kind === Placed.kind) seen += 1;
    walk.close();
    return seen;
  });
  const timings = interleave([raw], rounds);
  reader.close();
  const workload = "all records in order, raw: frames verified, envelopes checked";
  return timings.map((timing) => ({ id: "read/raw", workload, ours: figureOf(timing), bar: bound("least", 2e6) }));
}

/** A stream of 1,000 events, folded right behind an open: nothing of it was read before in that store. */
async function foldRow(path: string, quick: boolean): Promise<Row> {
  const { subject, directory, dispose } = await newStore(path);
  for (let index = 0; index < foldedEvents * 10; index += 1) {
    subject.append(`account:${index % 10}`, Placed, orderOf(index));
  }
  await subject.close();
  const times: number[] = [];
  for (let round = 0; round < (quick ? 2 : 10); round += 1) {
    const store = await openAgain(directory);
    const began = process.hrtime.bigint();
    let total = 0;
    for (const event of store.stream(`account:${round}`)) if (event.status === "known") total += event.data.order;
    times.push(Number(process.hrtime.bigint() - began));
    if (total === 0) throw new Error("nothing was folded");
    await store.close();
  }
  await dispose();
  const workload = `fold of ${foldedEvents} events of one stream among ten, the first read of an open store`;
  const ours = figureOf({ name: "store", nsPerOperation: times }, "time");
  return { id: "read/fold", workload, ours, bar: bound("most", 3e6) };
}

const foldedEvents = 1000;

interface Reading {
  readonly id: string;
  readonly workload: string;
  /** How fast ours has to be, against the peer. */
  readonly least: number;
  readonly ours: Contestant;
  readonly peer: Contestant | undefined;
}

function reads(store: Store<OrderPlaced>, table: EventTable | undefined, count: number): readonly Reading[] {
  const streams = Math.min(200, streamCount);
  const inStream = Math.min(100, count / streamCount);
  const random = scatter(10_000, count);
  const against = (operations: number, run: (table: EventTable) => number): Contestant | undefined =>
    table && contestant("table", operations, () => run(table));
  return [
    {
      id: "read/streams",
      workload: `streams of ${inStream} events, forward, decoded`,
      least: 1,
      ours: contestant("store", streams * inStream, () => {
        let seen = 0;
        for (let index = 0; index < streams; index += 1) {
          for (const event of store.stream(entityOf(index), { limit: inStream })) seen += seenIn(event);
        }
        return seen;
      }),
      peer: against(streams * inStream, (peer) => {
        let seen = 0;
        for (let index = 0; index < streams; index += 1) {
          for (const event of peer.stream(entityOf(index), inStream)) seen += seenIn(event);
        }
        return seen;
      }),
    },
    {
      id: "read/random",
      workload: "one event by stream and revision, at random, decoded",
      least: 1,
      ours: contestant("store", random.length, () => {
        let seen = 0;
        for (const index of random) {
          const options = { from: Math.floor(index / streamCount), limit: 1 };
          for (const event of store.stream(entityOf(index), options)) seen += seenIn(event);
        }
        return seen;
      }),
      peer: against(random.length, (peer) => {
        let seen = 0;
        for (const index of random) seen += seenIn(peer.one(entityOf(index), Math.floor(index / streamCount)));
        return seen;
      }),
    },
    {
      id: "read/scan",
      workload: "all events in order, decoded",
      least: 0.8,
      ours: contestant("store", count, () => {
        let seen = 0;
        for (const event of store.events(region())) seen += seenIn(event);
        return seen;
      }),
      peer: against(count, (peer) => {
        let seen = 0;
        for (const event of peer.events()) seen += seenIn(event);
        return seen;
      }),
    },
  ];
}

/** 1 for an event with its data. */
function seenIn(event: object | undefined): number {
  const { data } = event as { readonly data?: Order }; // what the workload appends, where there is any
  return data?.lines.length === linesLength ? 1 : 0;
}

/** Throws unless `run` has seen as many events as it should. */
function contestant(name: string, operations: number, run: () => number): Contestant {
  return {
    name,
    operations,
    prepare: () => ({
      run() {
        const seen = run();
        if (seen !== operations) throw new Error(`${seen} of ${operations} events`);
      },
    }),
  };
}
