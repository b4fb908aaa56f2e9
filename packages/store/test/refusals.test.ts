// Wrong options, misspelled ones, and calls at the wrong time: one coded error each, and nothing changes.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal } from "@holdfast/wal";
import { expect, test } from "vitest";
import { openStore, openStoreReader, region } from "../src/index.js";
import { EventHasher } from "../src/event-hash.js";
import { EventIndex } from "../src/event-index.js";
import { EventLookup } from "../src/event-lookup.js";
import { EventWriter, type EventLog } from "../src/event-writer.js";
import { sha256 } from "../src/sha256.js";
import { events, openSample, Paid, Placed, small } from "./sample-store.js";

const code = (name: string): unknown => expect.objectContaining({ code: name });
const option = (field: string): unknown =>
  expect.objectContaining({ code: "STORE_INVALID_OPTION", context: expect.objectContaining({ field }) });

test.each([
  ["evnts", { evnts: [] }],
  ["content", { content: 1 }],
  ["keepCheckpoints", { keepCheckpoints: 1 }],
  ["clock", { clock: 5 }],
  ["random", { random: {} }],
  ["hash", { hash: {} }],
  ["hash", { hash: { algorithm: "none", hash: () => new Uint8Array(32) } }],
  ["signer", { signer: {} }],
  ["codec", { codec: { encode: () => new Uint8Array() } }],
  ["events", { events: Placed }],
  ["segmentBytes", { segmentBytes: 2 ** 35 + 1 }],
  ["streamHeads", { streamHeads: 0 }],
  ["streamHeads", { streamHeads: 3 }],
  ["streamHeads", { streamHeads: 2 ** 25 }],
])("an open with a wrong %s", async (field, options) => {
  const directory = new Directory(new MemoryFs());
  await expect(openStore({ directory, events, ...(options as object) })).rejects.toEqual(option(field));
  expect(directory.list()).toEqual([]);
});

test("an open with options of the log that are wrong, or with none at all", async () => {
  const directory = new Directory(new MemoryFs());
  await expect(openStore({ directory, events, segmentBytes: 1 })).rejects.toEqual(code("WAL_INVALID_OPTION"));
  await expect(openStore({ events } as never)).rejects.toEqual(code("WAL_INVALID_OPTION"));
  await expect(openStore(undefined as never)).rejects.toEqual(code("STORE_INVALID_OPTION"));
  expect(() => openStoreReader({ directory, events, mode: "strict" } as never)).toThrowError(option("mode"));
  expect(() => openStoreReader({ directory, events })).toThrowError(code("WAL_NOT_FOUND"));
});

test("an append with a wrong option", async () => {
  const store = await openSample();
  const append = (at: unknown, options: object = {}) => store.append(at as never, Placed, { amount: 1 }, options);
  expect(() => append("a", { expected: 1 })).toThrowError(option("expected"));
  for (const expectedRevision of [-1, 1.5, "none", Number.NaN, null]) {
    expect(() => append("a", { expectedRevision })).toThrowError(option("expectedRevision"));
  }
  expect(() => append("a", { rung: "data" })).toThrowError(option("rung"));
  for (const metadata of [null, [], "x", { big: "x".repeat(70_000) }]) {
    expect(() => append("a", { metadata })).toThrowError(option("metadata"));
  }
  expect(() => append("a", { causation: "x" })).toThrowError(code("STORE_INVALID_ID"));
  expect(() => append("a", { correlation: 1 })).toThrowError(code("STORE_INVALID_ID"));
  expect(() => append("a", { key: "" })).toThrowError(code("STORE_INVALID_ID"));
  expect(() => append("")).toThrowError(code("STORE_INVALID_NAME"));
  expect(() => append({ entity: "a", lane: -1 })).toThrowError(code("STORE_INVALID_NAME"));
  expect(() => append({ entity: "a", scop: "b" })).toThrowError(option("scop"));
  expect(() => append(undefined)).toThrowError(code("STORE_INVALID_OPTION"));
  expect(() => store.commit((commit) => commit.append("a", Placed, { amount: 1 }, { key: "k" } as never))).toThrowError(
    option("key"),
  );
  expect(() => store.commit(() => {}, { expectedRevision: 1 } as never)).toThrowError(option("expectedRevision"));
  expect(store.lastSequence).toBe(0);
  await store.close();
});

test("an event of a store that does not know it, or above the longest record", async () => {
  const store = await openSample(undefined, { events: [Placed], maxRecordBytes: 4096 });
  expect(() => store.append("a", Paid as never, { by: "x" } as never)).toThrowError(code("STORE_UNKNOWN_EVENT"));
  expect(() => store.append("a", Placed, { amount: 1, fill: "x".repeat(5000) } as never)).toThrowError(
    code("WAL_RECORD_TOO_LARGE"),
  );
  expect(() =>
    store.commit((commit) => {
      for (let index = 0; index < 100; index += 1) commit.append("a", Placed, { amount: index });
    }),
  ).toThrowError(code("WAL_RECORD_TOO_LARGE"));
  expect(store.append("a", Placed, { amount: 1 })).toMatchObject({ sequence: 1, revision: 0 });
  expect(await store.verify()).toMatchObject({ kind: "intact", events: 1 });
  await store.close();
});

test("reading with a wrong option", async () => {
  const store = await openSample();
  store.append("a", Placed, { amount: 1 });
  for (const limit of [-1, 0.5, "1"]) expect(() => store.stream("a", { limit } as never)).toThrowError(option("limit"));
  expect(() => store.stream("a", { from: -1 })).toThrowError(option("from"));
  expect(() => store.stream("a", { backward: 1 } as never)).toThrowError(option("backward"));
  expect(() => store.stream("a", { signal: {} } as never)).toThrowError(option("signal"));
  expect(() => store.stream("a", { form: 1 } as never)).toThrowError(option("form"));
  expect(() => store.events(region(), { from: 1 } as never)).toThrowError(option("from"));
  expect(() => store.page(region(), { signal: undefined } as never)).toThrowError(option("signal"));
  expect(() => store.get("7" as never)).toThrowError(code("STORE_INVALID_ID"));
  for (const sequence of [0, 2]) expect([store.at(sequence), store.hashAt(sequence)]).toEqual([undefined, undefined]);
  expect([...store.stream("a", { limit: 0 })]).toEqual([]);
  await expect(store.verify({ deep: 1 } as never)).rejects.toEqual(option("deep"));
  await expect(store.verify({ dep: true } as never)).rejects.toEqual(option("dep"));
  for (const what of [2, -1, Number.NaN]) await expect(store.durable(what)).rejects.toEqual(option("what"));
  await store.close();
});

test("a signal ends reading and verifying, and nothing else", async () => {
  const store = await openSample();
  for (let index = 0; index < 5; index += 1) store.append("a", Placed, { amount: index });
  const stop = new AbortController();
  const reading = store.stream("a", { signal: stop.signal });
  expect(reading.next().value).toMatchObject({ revision: 0 });
  stop.abort(new Error("enough"));
  expect(() => reading.next()).toThrowError(code("STORE_ABORTED"));
  const batches = store.streamBatches("a", { signal: stop.signal });
  await expect(batches.next()).rejects.toEqual(code("STORE_ABORTED"));
  await expect(store.verify({ signal: stop.signal })).rejects.toEqual(code("STORE_ABORTED"));
  expect([...store.stream("a")]).toHaveLength(5);
  await store.close();
});

test("batches are of 64 events", async () => {
  const store = await openSample(undefined, { segmentBytes: 100_000 });
  for (let amount = 0; amount < 130; amount += 1) store.append("a", Placed, { amount });
  const lengths: number[] = [];
  for await (const batch of store.streamBatches("a")) lengths.push(batch.length);
  expect(lengths).toEqual([64, 64, 2]);
  await store.close();
});

test("a store that is closed", async () => {
  const store = await openSample();
  const { id } = store.append("a", Placed, { amount: 1 });
  const reading = store.stream("a");
  await store.close();
  await store.close();
  const closed = code("STORE_CLOSED");
  expect(store.health).toEqual({ kind: "closed" });
  expect(() => store.append("a", Placed, { amount: 1 })).toThrowError(closed);
  expect(() => store.get(id)).toThrowError(closed);
  expect(() => reading.next()).toThrowError(closed);
  expect(() => store.revisionOf("a")).toThrowError(closed);
  await expect(store.sync()).rejects.toEqual(closed);
  await expect(store.durable(1)).rejects.toEqual(closed);
  await expect(store.verify()).rejects.toEqual(closed);
  expect(() => store.syncBlocking()).toThrowError(closed);
});

test("a reader that is closed", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  const reader = openStoreReader({ directory, events });
  reader.close();
  expect(() => reader.refresh()).toThrowError(code("STORE_CLOSED"));
  expect(() => reader.at(1)).toThrowError(code("STORE_CLOSED"));
  await store.close();
});

test("two writers, and a log that is no store", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  await expect(openSample(directory)).rejects.toEqual(code("FS_LOCKED"));
  await store.close();
  const other = new Directory(new MemoryFs());
  const log = await openWal({ directory: other });
  log.append(Uint8Array.of(1));
  await log.close();
  const names = other.list();
  await expect(openSample(other)).rejects.toEqual(code("WAL_FOREIGN_SEGMENT"));
  expect(() => openStoreReader({ directory: other, events })).toThrowError(code("WAL_FOREIGN_SEGMENT"));
  expect(other.list()).toEqual(names);
});

test("records that are no events, events that do not follow one another, and a history without its beginning", async () => {
  const open = async (content: number, ...records: Uint8Array[]): Promise<Directory> => {
    const directory = new Directory(new MemoryFs());
    const log = await openWal({ directory, content, hash: "blake3-256" });
    for (const record of records) log.append(record);
    await log.close();
    return directory;
  };
  const noEvent = await open(2, Uint8Array.of(1, 2, 3));
  // Again and again: an open that is refused gives the lock back.
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await expect(openSample(noEvent)).rejects.toEqual(
      expect.objectContaining({ code: "STORE_CORRUPT", context: expect.objectContaining({ sequence: 1 }) }),
    );
  }
  const source = new Directory(new MemoryFs());
  const store = await openSample(source, { segmentBytes: 100_000 });
  for (let index = 0; index < 3; index += 1) store.append("a", Placed, { amount: index });
  await store.close();
  const log = await openWal({ directory: source, content: 2 });
  const [first, , third] = [...log.read()].map(({ payload }) => payload) as [Uint8Array, Uint8Array, Uint8Array];
  await log.close();
  await expect(openSample(await open(2, first, third))).rejects.toEqual(
    expect.objectContaining({
      code: "STORE_CORRUPT",
      context: expect.objectContaining({ field: "revision", sequence: 2 }),
    }),
  );
  const pruned = new Directory(new MemoryFs());
  const long = await openSample(pruned);
  for (let index = 0; index < 12; index += 1) long.append("a", Placed, { amount: index });
  await long.close();
  const pruning = await openWal({ directory: pruned, content: 2, ...walOf(small) });
  expect(await pruning.prune(8)).toBeGreaterThan(0);
  await pruning.close();
  await expect(openSample(pruned)).rejects.toEqual(
    expect.objectContaining({ code: "STORE_CORRUPT", context: expect.objectContaining({ expected: 1 }) }),
  );
});

function walOf({ segmentBytes = 1024 }: typeof small): { readonly segmentBytes: number; readonly mergeBytes: 0 } {
  return { segmentBytes, mergeBytes: 0 };
}

test("a store that has failed takes nothing more, says so, and can be read", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await openSample(new Directory(fs));
  const { id } = store.append("a", Placed, { amount: 1 });
  fs.plan.arm("sync:*.seg n1 EIO");
  await expect(store.durable(1)).rejects.toEqual(code("FS_IO"));
  expect(store.health).toMatchObject({ kind: "poisoned", error: { code: "FS_IO" } });
  expect(() => store.append("a", Placed, { amount: 2 })).toThrowError(
    expect.objectContaining({ code: "STORE_POISONED", cause: expect.objectContaining({ code: "FS_IO" }) }),
  );
  await expect(store.durable(1)).rejects.toEqual(code("WAL_POISONED"));
  expect(store.get(id)).toMatchObject({ data: { amount: 1 } });
  expect([...store.stream("a")]).toHaveLength(1);
  expect(store.watermarks).toEqual({ accepted: 1, visible: 1, durable: 0 });
  await store.close();
});

test("a close on a full disk leaves the store open, and what waits in it", async () => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const store = await openSample(directory);
  store.append("a", Placed, { amount: 1 }, { rung: "memory" });
  fs.plan.arm("write,append:*.seg n1 ENOSPC");
  await expect(store.close()).rejects.toEqual(code("WAL_NO_SPACE"));
  expect(store.health).toEqual({ kind: "ok" });
  expect(store.at(1)).toMatchObject({ data: { amount: 1 } });
  await store.close();
  expect(store.health).toEqual({ kind: "closed" });
  expect(fs.openHandles).toEqual([]);
  const again = await openSample(directory);
  expect(again.lastSequence).toBe(1);
  await again.close();
});

test("what is durable already is not waited for, not even behind a failure, and nobody signs without a signer", async () => {
  const fs = new FaultFs(new MemoryFs());
  const store = await openSample(new Directory(fs));
  const receipt = store.append("a", Placed, { amount: 1 });
  await store.durable(receipt);
  const { barriers } = store.stats().log.barriers;
  await store.durable(receipt);
  await store.durable(0);
  expect(store.stats().log.barriers.barriers).toBe(barriers);
  expect(() => store.sign(receipt)).toThrowError(option("signer"));
  fs.plan.arm("sync:*.seg n1 EIO");
  await expect(store.durable(store.append("a", Placed, { amount: 2 }))).rejects.toEqual(code("FS_IO"));
  await store.durable(receipt);
  await store.close();
});

test("a clock that gives no time", async () => {
  let time: unknown = Number.NaN;
  const store = await openSample(undefined, { clock: () => time as number });
  for (time of [Number.NaN, -1, Infinity, 2 ** 60, "x"]) {
    expect(() => store.append("a", Placed, { amount: 1 })).toThrowError(option("clock"));
    expect(() => store.append("a", Placed, { amount: 1 }, { key: "k" })).toThrowError(option("clock"));
  }
  expect(store.lastSequence).toBe(0);
  await store.close();
});

test("more events than there is room for", () => {
  const log: EventLog = {
    lastLsn: 0,
    lastPlace: { segmentId: 1, offset: 64 },
    append: () => expect.unreachable(),
    appendBatch: () => expect.unreachable(),
    appendWritten: () => expect.unreachable(),
  };
  const index = new EventIndex();
  expect([index.hasRoom(2 ** 32 - 2), index.hasRoom(2 ** 32 - 1)]).toEqual([true, false]);
  Object.defineProperty(index, "hasRoom", { value: () => false });
  const hasher = new EventHasher(sha256, new Uint8Array(16));
  const lookup = new EventLookup({ index, places: undefined as never, hasher });
  const writer = new EventWriter({ log, lookup, hasher, streamHeads: 1 });
  const bytes = new Uint8Array(1);
  const rest = { id: bytes, isKeyed: false, correlation: undefined, causation: undefined } as const;
  const event = {
    entity: bytes,
    scope: bytes,
    lane: 0,
    kind: 4096,
    payloadVersion: 1,
    payload: bytes,
    metadata: bytes,
  };
  expect(() => writer.write([{ ...event, ...rest, expectedRevision: "any" }], 0, true)).toThrowError(
    code("STORE_FULL"),
  );
});
