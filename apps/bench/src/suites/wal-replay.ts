import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Wal } from "@holdfast/wal";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { loadPeer, peerKey, type PeerLog } from "./wal-peer.js";
import { inDirectory, newLog, newRecord, recordBytes } from "./wal-workloads.js";

/** Reading a log from its beginning, every record verified, against a loop over the bare records. */
export const replayPart: Part = {
  name: "replay",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 100_000 : 1_000_000;
      const { log, dispose } = await newLog(path);
      try {
        const record = newRecord();
        for (let each = 0; each < count; each += 1) log.append(record);
        await log.sync();
        return [
          ...(await againstBare(path, log, count, quick ? 2 : 5)),
          ...(await againstPeer(path, log, count / 10, quick ? 1 : 3)),
        ];
      } finally {
        await dispose();
      }
    }),
};

async function againstBare(path: string, log: Wal, count: number, rounds: number): Promise<Row[]> {
  const [one, batch, bare] = await interleaveAsync(
    [reader(log, count), batchReader(log, count), bareReader(path, count)],
    { rounds, warmUps: 1 },
  );
  if (one === undefined || batch === undefined || bare === undefined) return [];
  const judge = { of: "speed", bar: atLeast(0.4) } as const;
  const size = count.toLocaleString("en");
  return [
    compare({ id: "replay/read", workload: `replay of ${size} x 128 B, verified, record by record` }, one, bare, judge),
    compare(
      { id: "replay/batches", workload: "the same in batches, with turns of the event loop" },
      batch,
      bare,
      judge,
    ),
  ];
}

async function againstPeer(path: string, log: Wal, count: number, rounds: number): Promise<Row[]> {
  const open = await loadPeer();
  if (open === undefined) return [];
  const { peer, dispose } = await open(path);
  try {
    const record = newRecord();
    const batch = Array.from(
      { length: count },
      (_, key) => ({ type: "put", key: peerKey(key), value: record }) as const,
    );
    await peer.batch(batch);
    const contestants = [reader(log, count), peerReader(peer, count)];
    const [ours, theirs] = await interleaveAsync(contestants, { rounds, warmUps: 1 });
    if (ours === undefined || theirs === undefined) return [];
    const workload = `${count.toLocaleString("en")} of them, against an iterator`;
    return [compare({ id: "replay/classic-level", workload }, ours, theirs, { of: "speed" })];
  } finally {
    await dispose();
  }
}

/** Looks at the bytes, so that handing them out late would not look fast. */
function sumOf(payload: Uint8Array): number {
  return (payload[0] ?? 0) + (payload[recordBytes - 1] ?? 0);
}

/** What the sum over all records must be. */
function expected(count: number): number {
  return sumOf(newRecord()) * count;
}

function demand(sum: number, count: number): void {
  if (sum !== expected(count)) throw new Error(`the bytes add up to ${sum}, not to ${expected(count)}`);
}

function reader(log: Wal, operations: number): AsyncContestant {
  return {
    name: "read",
    operations,
    prepare: async () => ({
      run() {
        let sum = 0;
        for (const { payload } of log.read({ to: operations })) sum += sumOf(payload);
        demand(sum, operations);
      },
    }),
  };
}

function batchReader(log: Wal, operations: number): AsyncContestant {
  return {
    name: "readBatches",
    operations,
    prepare: async () => ({
      async run() {
        let sum = 0;
        for await (const batch of log.readBatches({ to: operations })) {
          for (const { payload } of batch) sum += sumOf(payload);
        }
        demand(sum, operations);
      },
    }),
  };
}

const chunkBytes = 256 * 1024;

/** Reads a file of records without frames, hands out each as a view of its own, and compares every byte with what was written. */
function bareReader(path: string, operations: number): AsyncContestant {
  const file = join(path, "records");
  const record = newRecord();
  const written = Buffer.alloc(operations * recordBytes);
  for (let at = 0; at < written.length; at += recordBytes) written.set(record, at);
  writeFileSync(file, written);
  const chunk = Buffer.alloc(chunkBytes);
  return {
    name: "bare records, compared",
    operations,
    async prepare() {
      const fd = openSync(file, "r");
      return {
        run() {
          let seen = 0;
          for (let at = 0; at < written.length;) {
            const got = readSync(fd, chunk, 0, chunkBytes, at);
            for (let start = 0; start < got; start += recordBytes) {
              if (chunk.subarray(start, start + recordBytes).equals(record)) seen += 1;
            }
            at += got;
          }
          if (seen !== operations) throw new Error(`${seen} records are equal`);
        },
        dispose: () => closeSync(fd),
      };
    },
  };
}

function peerReader(peer: PeerLog, operations: number): AsyncContestant {
  return {
    name: "classic-level",
    operations,
    prepare: async () => ({
      async run() {
        let sum = 0;
        const iterator = peer.iterator();
        for (let some = await iterator.nextv(1000); some.length > 0; some = await iterator.nextv(1000)) {
          for (const [, value] of some) sum += sumOf(value);
        }
        await iterator.close();
        demand(sum, operations);
      },
    }),
  };
}
