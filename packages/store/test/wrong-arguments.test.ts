// Every public function with arguments that are none: one coded error that names what is wrong, and nothing is done.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { afterAll, expect, test } from "vitest";
import { followEvents, openNamedCursor, runReactor, subscribe } from "../src/consumers-entry.js";
import {
  EventRegistry,
  formatEventId,
  idempotencyKey,
  isInRegion,
  openStore,
  openStoreReader,
  region,
  signReceipt,
  uncheckedSchema,
  upcastFrom,
} from "../src/index.js";
import { backup, compact, verifyBackup } from "../src/maintenance-entry.js";
import { defineProjection, directoryCache, memoryCache, Projector } from "../src/projections-entry.js";
import { verifyReceipt } from "../src/verify-entry.js";
import { everything, storeOf, turns } from "./sample-consumers.js";
import { ledgerOf } from "./sample-projection.js";
import { events, openSample, Placed } from "./sample-store.js";

const directory = new Directory(new MemoryFs());
let signature: unknown = Uint8Array.of(1);
const signer = { keyId: "k", sign: () => signature as Uint8Array };
const store = await openSample(directory, { signer });
const first = store.append("a", Placed, { amount: 1 });
await store.sync();
const reader = openStoreReader({ directory, events });
const names = directory.list();
afterAll(async () => {
  reader.close();
  await store.close();
});

const handle = (): void => {};
const keep = (): boolean => true;
const other = new Directory(new MemoryFs());
const id16 = new Uint8Array(16);
const withThen = (value: unknown): object => Object.fromEntries(["then"].map((name) => [name, value]));
const wrong = (value: unknown): never => value as never;

const calls: readonly (readonly [name: string, code: string, field: string | undefined, call: () => unknown])[] = [
  ["openStore without definitions", "OPTION", "events", () => openStore({ directory: other, events: [wrong(1)] })],
  [
    "openStoreReader, half a definition",
    "OPTION",
    "events",
    () => openStoreReader({ directory, events: [wrong({ kind: 4096 })] }),
  ],
  [
    "a reader that never looks",
    "OPTION",
    "pollIntervalMs",
    () => openStoreReader({ directory, events, pollIntervalMs: 2 ** 31 }),
  ],
  ["EventRegistry", "OPTION", "events", () => new EventRegistry(wrong(undefined))],
  ["EventRegistry, codec", "OPTION", "codec", () => new EventRegistry([], wrong({}))],
  [
    "append without a definition",
    "STORE_UNKNOWN_EVENT",
    "definition",
    () => store.append("a", wrong(undefined), wrong({})),
  ],
  ["append of null", "STORE_UNKNOWN_EVENT", "definition", () => store.append("a", wrong(null), wrong({}))],
  ["commit", "OPTION", "build", () => store.commit(wrong(undefined))],
  [
    "commit of a thenable",
    "OPTION",
    "build",
    () =>
      store.commit((commit) => {
        commit.append("a", Placed, { amount: 1 });
        return wrong(withThen(handle));
      }),
  ],
  ["durable", "OPTION", "what", () => store.durable(wrong(undefined))],
  ["durable of a text", "OPTION", "what", () => store.durable(wrong("x"))],
  ["durable of null", "OPTION", "what", () => store.durable(wrong(null))],
  ["durable of a conflict", "OPTION", "what", () => store.durable(wrong({ kind: "conflict" }))],
  ["durable of no receipts", "OPTION", "what", () => store.durable(wrong({ receipts: 5 }))],
  ["durable, a signal that is none", "OPTION", "signal", () => store.durable(first, { signal: wrong({}) })],
  ["sync, another option", "OPTION", "sgnal", () => store.sync("data", wrong({ sgnal: 1 }))],
  ["sign of half a receipt", "OPTION", "hash", () => store.sign(wrong({ sequence: 99 }))],
  ["sign of nothing", "OPTION", "hash", () => store.sign(wrong(undefined))],
  ["sign of a receipt without an id", "STORE_INVALID_ID", "id", () => store.sign({ ...first, id: wrong(undefined) })],
  ["sign of a sequence that is none", "OPTION", "sequence", () => store.sign({ ...first, sequence: wrong(-1) })],
  ["signReceipt", "OPTION", "signer", () => signReceipt(wrong(0), wrong(0), wrong(0), wrong(undefined))],
  ["signReceipt without a log", "OPTION", "logId", () => signReceipt(wrong("x"), "sha256", first, signer)],
  ["signReceipt of no algorithm", "OPTION", "algorithm", () => signReceipt(id16, wrong("none"), first, signer)],
  ["events", "OPTION", "region", () => store.events(wrong(undefined))],
  ["events of options", "OPTION", "region", () => store.events(wrong({ kinds: [Placed] }))],
  ["events, null", "OPTION", undefined, () => store.events(everything, wrong(null))],
  ["eventBatches", "OPTION", "region", () => store.eventBatches(wrong(undefined))],
  ["page", "OPTION", "region", () => store.page(wrong(undefined))],
  ["page, null", "OPTION", undefined, () => store.page(everything, wrong(null))],
  ["pageAsync", "OPTION", "region", () => store.pageAsync(wrong({}))],
  ["at a text", "OPTION", "sequence", () => store.at(wrong("x"))],
  ["at -1", "OPTION", "sequence", () => store.at(-1)],
  ["at 1.5", "OPTION", "sequence", () => reader.at(1.5)],
  ["hashAt", "OPTION", "sequence", () => store.hashAt(wrong("x"))],
  ["anchor", "OPTION", "sequence", () => store.anchor(Number.NaN)],
  ["verify", "OPTION", "onProgress", () => store.verify({ onProgress: wrong(5) })],
  ["verify by a reader", "OPTION", "signal", () => reader.verify({ signal: wrong({}) })],
  ["isInRegion", "OPTION", "region", () => isInRegion(wrong(5), wrong({}))],
  ["isInRegion without a row", "OPTION", "row", () => isInRegion(region(), wrong(undefined))],
  ["formatEventId", "STORE_INVALID_ID", "bytes", () => formatEventId(wrong(5))],
  ["formatEventId of 15 bytes", "STORE_INVALID_ID", "bytes", () => formatEventId(id16.subarray(1))],
  ["formatEventId beyond the end", "STORE_INVALID_ID", "bytes", () => formatEventId(id16, 1)],
  ["formatEventId before the beginning", "STORE_INVALID_ID", "bytes", () => formatEventId(id16, -1)],
  ["formatEventId between bytes", "STORE_INVALID_ID", "bytes", () => formatEventId(new Uint8Array(32), 0.5)],
  ["idempotencyKey", "STORE_INVALID_ID", "key", () => idempotencyKey()],
  ["upcastFrom", "OPTION", "schema", () => upcastFrom(wrong(undefined), handle)],
  ["upcastFrom without a step", "OPTION", "step", () => upcastFrom(uncheckedSchema(), wrong(undefined))],
  ["followEvents", "OPTION", "store", () => followEvents(wrong(undefined), everything)],
  ["subscribe", "OPTION", "store", () => subscribe(wrong({}), everything, { overflow: "wait" })],
  ["openNamedCursor", "OPTION", "store", () => openNamedCursor(wrong(undefined), everything, { name: "c" })],
  [
    "openNamedCursor elsewhere",
    "OPTION",
    "directory",
    () => openNamedCursor(store, everything, { name: "c", directory: wrong("x") }),
  ],
  ["runReactor", "OPTION", "store", () => runReactor(wrong(undefined), everything, { name: "r", handle })],
  ["runReactor over a reader", "OPTION", "store", () => runReactor(wrong(reader), everything, { name: "r", handle })],
  ["Projector", "OPTION", "store", () => new Projector(wrong(undefined))],
  ["project", "OPTION", "projection", () => new Projector(store).project(wrong(undefined), "a")],
  ["project of an object", "OPTION", "projection", () => new Projector(store).project(wrong({}), "a")],
  [
    "projectAsync of nothing",
    "OPTION",
    "target",
    () => new Projector(store).projectAsync(ledgerOf(), wrong(undefined)),
  ],
  ["directoryCache", "OPTION", "directory", () => directoryCache(wrong(undefined))],
  ["compact", "OPTION", "store", () => compact(wrong(undefined), { keep })],
  ["compact of a reader", "OPTION", "store", () => compact(wrong(reader), { keep })],
  ["backup", "OPTION", "store", () => backup(wrong(undefined), other)],
  ["backup without a target", "OPTION", "target", () => backup(store, wrong(undefined))],
  ["verifyBackup", "OPTION", "directory", () => verifyBackup(wrong("x"), wrong({ files: [] }))],
  ["verifyReceipt", "OPTION", undefined, () => verifyReceipt({}, wrong(undefined))],
  ["verifyReceipt, misspelled", "OPTION", "recrd", () => verifyReceipt({}, wrong({ keys: new Map(), recrd: id16 }))],
  ["verifyReceipt, keys", "OPTION", "keys", () => verifyReceipt({}, wrong({ keys: {} }))],
  ["verifyReceipt, record", "OPTION", "record", () => verifyReceipt({}, wrong({ keys: new Map(), record: "x" }))],
];

test.each(calls)("%s", async (_name, code, field, call) => {
  const calling = (async () => call())();
  await expect(calling).rejects.toMatchObject({
    name: "StoreError",
    code: code === "OPTION" ? "STORE_INVALID_OPTION" : code,
    context: field === undefined ? {} : { field },
  });
  expect(store.lastSequence).toBe(1);
  expect([directory.list(), other.list()]).toEqual([names, []]);
});

test.each([undefined, "text", new Uint8Array(), new Uint8Array(1025)])("a signer that gives %s", (given) => {
  signature = given;
  expect(() => store.sign(first)).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_OPTION", context: { field: "signer" } }),
  );
});

test("a consumer of a store that is closed takes no lock", async () => {
  const place = new Directory(new MemoryFs());
  const gone = await storeOf(1, place);
  await gone.close();
  const before = place.list();
  const closed = expect.objectContaining({ code: "STORE_CLOSED" });
  await expect(openNamedCursor(gone, everything, { name: "c" })).rejects.toEqual(closed);
  await expect(runReactor(gone, everything, { name: "c", handle })).rejects.toEqual(closed);
  expect(() => subscribe(gone, everything, { overflow: "wait" })).toThrow(closed);
  expect(place.list()).toEqual(before);
  const again = await openSample(place);
  const cursor = await openNamedCursor(again, everything, { name: "c" });
  await cursor.close();
  await again.close();
});

test.each([Number.POSITIVE_INFINITY, 2 ** 31, -1, Number.NaN, "5"])("a retry after %s ms", async (retryAfterMs) => {
  const one = await storeOf(1);
  const running = runReactor(one, everything, {
    name: "r",
    live: false,
    handle: () => Promise.reject(new Error("no")),
    onFailure: () => ({ retryAfterMs: wrong(retryAfterMs) }),
    schedule: () => {
      throw new Error("a timer was set");
    },
  });
  await expect(running).rejects.toMatchObject({ code: "STORE_INVALID_OPTION", context: { field: "onFailure" } });
  await one.close();
});

test("the longest retry is one that a timer can wait for", async () => {
  const one = await storeOf(1);
  const delays: number[] = [];
  let attempts = 0;
  const report = await runReactor(one, everything, {
    name: "r",
    live: false,
    handle: () => {
      attempts += 1;
      if (attempts === 1) throw new Error("no");
    },
    onFailure: () => ({ retryAfterMs: 2 ** 31 - 1 }),
    schedule: (action, delayMs) => {
      delays.push(delayMs);
      setImmediate(action);
      return handle;
    },
  });
  expect(report).toMatchObject({ handled: 1 });
  expect(delays).toEqual([2_147_483_647]);
  await one.close();
});

test("waiting that is aborted, or whose store is closed, ends by the codes of the store", async () => {
  const waited = await storeOf(1);
  const reason = new Error("enough");
  for (const wait of [
    (signal: AbortSignal) => waited.durable(1, { signal }),
    (signal: AbortSignal) => waited.sync("data", { signal }),
    (signal: AbortSignal) => waited.whenBeyond(1, { until: "durable", signal }),
  ]) {
    const stop = new AbortController();
    const waiting = wait(stop.signal);
    stop.abort(reason);
    await expect(waiting).rejects.toMatchObject({ name: "StoreError", code: "STORE_ABORTED", cause: reason });
  }
  const waiting = waited.whenBeyond(1);
  const closing = waited.close();
  await expect(waiting).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await closing;
});

test("a backup whose store is closed in the middle of it", async () => {
  const one = await storeOf(20);
  let closing: Promise<void> | undefined;
  const working = backup(one, new Directory(new MemoryFs()), { onProgress: () => void (closing ??= one.close()) });
  await expect(working).rejects.toMatchObject({ code: "STORE_CLOSED", cause: { code: "WAL_CLOSED" } });
  await turns();
  await closing;
});

const noStates: readonly (readonly [actual: string, make: (state: number) => unknown])[] = [
  ["a promise", async (state) => state + 1],
  ["undefined", () => undefined],
];

test.each(noStates)("a handler that gives %s ends the fold at its event, and leaves no row", async (actual, make) => {
  const one = await storeOf(3);
  const cache = memoryCache();
  const projector = new Projector(one, { cache, snapshotEvery: 1 });
  const broken = defineProjection({
    name: "broken",
    version: 1,
    events: [Placed],
    initial: () => 0,
    on: {
      "order.placed": (state, { sequence }) => (sequence === 3 ? (make(state) as number) : state + 1),
    },
  });
  const refusal = {
    code: "STORE_INVALID_DEFINITION",
    message: expect.stringContaining("broken"),
    context: { field: "state", sequence: 3, actual },
  };
  expect(() => projector.project(broken, everything)).toThrow(expect.objectContaining(refusal));
  await expect(projector.projectAsync(broken, everything)).rejects.toMatchObject(refusal);
  await expect(projector.watch(broken, everything).next()).rejects.toMatchObject(refusal);
  expect(projector.stats()).toMatchObject({ written: 0 });
  const beginning = { ...broken, initial: () => make(0) as number };
  expect(() => projector.project(beginning, everything)).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_DEFINITION", context: { field: "state", sequence: 0, actual } }),
  );
  await one.close();
});

test("null is a state, and so is an object with a field that is called then", async () => {
  const one = await storeOf(2);
  const states = [null, withThen(5)];
  for (const state of states) {
    const projection = defineProjection({ name: "plain", version: 1, initial: (): unknown => 0, apply: () => state });
    expect(new Projector(one).project(projection, everything)).toMatchObject({ state, events: 2 });
  }
  await one.close();
});
