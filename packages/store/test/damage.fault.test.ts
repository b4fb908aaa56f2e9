// What is wrong with files or data that were right: a segment that is gone, a disk that is too small, events that the program's next
// version does not accept, a clock that goes back. The outcome is stated, and nothing that was acknowledged is lost.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import * as z from "zod";
import { defineEvent, openStore, openStoreReader, region, StoreError } from "../src/index.js";
import { determined, events, openSample, Paid, Placed, START_MS } from "./sample-store.js";
import { allTold } from "./store-law.js";

const segmentsOf = (directory: Directory): string[] =>
  directory.list().flatMap(({ name }) => (name.endsWith(".seg") ? [name] : []));

test("a segment that is gone is missed, wherever it was, and what is there stays as it is", async () => {
  const source = new Directory(new MemoryFs());
  const store = await openSample(source);
  for (let amount = 0; amount < 20; amount += 1) store.append("a", Placed, { amount });
  await store.close();
  const names = segmentsOf(source);
  expect(names.length).toBeGreaterThan(3);
  for (const [place, missing] of names.slice(0, -1).entries()) {
    const directory = new Directory(new MemoryFs({ image: (source.fs as MemoryFs).snapshot() }));
    directory.remove(missing);
    const bytesOf = (file: string): string => `${file} ${Buffer.from(directory.readFile(file)).toString("base64")}`;
    const left = segmentsOf(directory).map(bytesOf);
    const isMissed = (error: unknown): boolean =>
      (error instanceof WalError || error instanceof StoreError) && /^(WAL|STORE)_CORRUPT$/.test(error.code);
    await expect(openSample(directory, determined(1))).rejects.toSatisfy(isMissed);
    expect(() => openStoreReader({ directory, events })).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^(WAL|STORE)_CORRUPT$/) }),
    );
    if (place === 0) {
      expect(() => openStoreReader({ directory, events })).toThrowError(/^the events before \d+ are gone/);
    }
    // Without its beginning the log is one that was pruned, which opens; the store refuses it then, and an empty segment stays.
    expect(segmentsOf(directory).slice(0, left.length).map(bytesOf)).toEqual(left);
  }
});

test("on a disk of any size a store has what it acknowledged, and goes on once there is room", async () => {
  let full = 0;
  for (let capacityBytes = 8 * 1024; capacityBytes < 26 * 1024; capacityBytes += 1024) {
    const memory = new MemoryFs({ capacityBytes });
    const directory = new Directory(memory);
    const written: string[] = [];
    const store = await openSample(directory).catch((error: unknown) => {
      const isFull = isFsError(error, "FS_NO_SPACE") || (error instanceof WalError && error.code === "WAL_NO_SPACE");
      if (!isFull) throw error;
    });
    if (store === undefined) continue;
    for (let amount = 0; amount < 40; amount += 1) {
      try {
        if (amount % 4 === 0) store.append("a", Placed, { amount }, { key: String(amount) });
        else store.commit((commit) => ["b", "c"].forEach((at) => commit.append(at, Paid, { by: "x".repeat(amount) })));
        if (amount % 5 === 0) await store.sync();
      } catch (error) {
        if (!(error instanceof WalError && error.code === "WAL_NO_SPACE")) throw error;
        full += 1;
      }
      expect(store.health).toEqual({ kind: "ok" });
    }
    written.push(...allTold(store, store.watermarks.visible));
    // The disk stays full, and the process is killed.
    const next = new Directory(new MemoryFs({ image: memory.snapshot() }));
    next.removeIfPresent("LOCK");
    const again = await openSample(next, determined(1));
    expect(allTold(again, again.lastSequence), `${capacityBytes} bytes`).toEqual(written);
    expect(await again.verify()).toMatchObject({ kind: "intact" });
    again.append("a", Placed, { amount: 99 });
    await again.close();
  }
  expect(full).toBeGreaterThan(100);
});

test("events that a later version of their definition does not accept are there with their bytes, and nothing is skipped", async () => {
  const kind = 0x1001;
  const first = defineEvent({ name: "placed", kind, schema: z.object({ amount: z.number() }) });
  const directory = new Directory(new MemoryFs());
  const store = await openStore({ directory, events: [first], ...determined() });
  for (const amount of [5, -5, 7]) store.append("a", first, { amount });
  await store.close();
  const stricter = defineEvent({ name: "placed", kind, schema: z.object({ amount: z.number().positive() }) });
  const throwing = defineEvent({
    name: "placed",
    kind,
    version: 2,
    schema: z.object({ cents: z.number() }),
    upcast: [
      (data: unknown) => {
        const { amount } = data as { amount: number };
        if (amount < 0) throw new Error("no such amount");
        return { cents: amount * 100 };
      },
    ],
  });
  for (const [definition, stage] of [
    [stricter, "schema"],
    [throwing, "upcast"],
  ] as const) {
    const again = await openStore({ directory, events: [definition], ...determined(1) });
    const found = [...again.stream("a")];
    expect(found.map(({ status }) => status)).toEqual(["known", "invalid", "known"]);
    expect(found[1]).toMatchObject({ sequence: 2, revision: 1, payload: expect.any(Uint8Array), fault: { stage } });
    expect([...again.events(region())]).toEqual(found);
    expect(again.page(region(), { limit: 2 }).events).toEqual(found.slice(0, 2));
    expect(await again.verify()).toMatchObject({ kind: "intact", events: 3 });
    await again.close();
  }
  const other = await openStore({ directory, events: [], ...determined(2) });
  expect([...other.stream("a")].map(({ status }) => status)).toEqual(["unknown", "unknown", "unknown"]);
  await other.close();
});

test("a clock that goes back, also between two runs, leaves times that stand still and regions that are right", async () => {
  const directory = new Directory(new MemoryFs());
  let time = START_MS + 1000;
  const clock = (): number => time;
  const random = determined().random as (target: Uint8Array) => void;
  const times: number[] = [];
  for (const [run, now] of [START_MS + 1000, START_MS, 5, START_MS + 2000].entries()) {
    time = now;
    const store = await openSample(directory, { clock, random });
    times.push(store.append("a", Placed, { amount: run }).timeMs);
    time -= 4;
    times.push(store.append("a", Placed, { amount: run }).timeMs);
    expect(await store.verify()).toMatchObject({ kind: "intact" });
    await store.close();
  }
  const [early, late] = [START_MS + 1000, START_MS + 2000];
  expect(times).toEqual([early, early, early, early, early, early, late, late]);
  const store = await openSample(directory, determined(1));
  const sequences = (options: Parameters<typeof region>[0]): number[] =>
    [...store.events(region(options))].map(({ sequence }) => sequence);
  expect(sequences({ beforeTime: late })).toEqual([1, 2, 3, 4, 5, 6]);
  expect(sequences({ fromTime: late })).toEqual([7, 8]);
  const ids = Array.from({ length: 8 }, (_, index) => store.at(index + 1)?.id);
  expect(new Set(ids).size).toBe(8);
  await store.close();
});
