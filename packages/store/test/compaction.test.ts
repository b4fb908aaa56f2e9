// Retention takes payloads and nothing else, while everybody reads, appends, and opens the store again.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { isInRegion, openStoreReader, region, type StoredEvent } from "../src/index.js";
import { backup, compact, type CompactProgress, type RetentionRow } from "../src/maintenance-entry.js";
import { determined, events, openSample, Paid, Placed } from "./sample-store.js";
import { allTold } from "./store-law.js";
import { appendOne, droppedIn, envelopesOf, filesWithSecret, filledStore, keepOpen } from "./support/retained-store.js";

describe("what retention takes and what it leaves", () => {
  test("payloads are gone from the files; all else is what it was, for whoever reads and however", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const before = envelopesOf(store);
    const told = allTold(store, store.lastSequence);
    expect(filesWithSecret(directory)).toHaveLength(store.stats().log.segmentCount);
    const report = await compact(store, { keep: keepOpen, rotate: true });
    const secret = [...store.events(region({ entityPrefix: "secret:" }))];
    expect(secret).toHaveLength(8);
    expect(report).toMatchObject({ droppedPayloads: 8, postponedPayloads: 0 });
    expect(report.segments).toBe(store.stats().log.segmentCount - 1);
    expect(report.rewrittenSegments).toBeGreaterThan(2);
    expect(report.bytesBefore - report.bytesAfter).toBeGreaterThan(100);
    expect(filesWithSecret(directory)).toEqual([]);
    for (const event of secret) {
      expect(event.status).toBe("dropped");
      expect("payload" in event || "data" in event).toBe(false);
    }
    const check = async (reading: Parameters<typeof envelopesOf>[0]): Promise<void> => {
      expect(envelopesOf(reading)).toEqual(before);
      const open = allTold(reading, before.length).filter((event) => event.includes("open:"));
      expect(open).toEqual(told.filter((event) => event.includes("open:")));
      expect(droppedIn(reading)).toEqual(secret.map(({ sequence }) => sequence));
      expect(await reading.verify()).toMatchObject({ kind: "intact", isDeep: true, droppedPayloads: 8 });
      const batches = [];
      for await (const batch of reading.streamBatches("secret:a")) batches.push(...batch);
      expect(batches).toEqual([...reading.stream("secret:a")]);
    };
    await check(store);
    using beside = openStoreReader({ directory, events });
    await check(beside);
    await store.close();
    const again = await openSample(directory, { ...determined(1), mergeBytes: 100_000 });
    await check(again);
    await again.close();
  });

  test("a second run finds nothing to do, a later one goes on, and what is gone stays gone", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    await compact(store, { keep: keepOpen, rotate: true });
    const asked: number[] = [];
    const keep = (row: RetentionRow): boolean => {
      asked.push(row.sequence);
      return true;
    };
    const nothing = await compact(store, { keep, rotate: true });
    expect(nothing).toMatchObject({ rewrittenSegments: 0, droppedPayloads: 0, bytesAfter: nothing.bytesBefore });
    expect(asked).not.toContain(droppedIn(store)[0]);
    expect(asked).toHaveLength(store.lastSequence - 8);
    expect(await compact(store, { keep: () => false })).toMatchObject({ droppedPayloads: store.lastSequence - 8 });
    expect(droppedIn(store)).toHaveLength(store.lastSequence);
    expect(await store.verify()).toMatchObject({ kind: "intact", droppedPayloads: store.lastSequence });
    await store.close();
  });

  test("the predicate is told the envelope, which a region understands", async () => {
    const store = await filledStore();
    const rows: RetentionRow[] = [];
    const secret = region({ entityPrefix: "secret:", kinds: [Paid] });
    const keep = (row: RetentionRow): boolean => {
      rows.push(row);
      return !isInRegion(secret, row);
    };
    await compact(store, { keep, rotate: true });
    expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: store.lastSequence }, (_, at) => at + 1));
    const event = store.at(2) as StoredEvent;
    expect(rows[1]).toEqual({
      id: event.id,
      sequence: 2,
      entity: "secret:a",
      scope: "",
      lane: 0,
      kind: Paid.kind,
      version: 1,
      revision: 0,
      timeUs: event.timeMs * 1000,
      timeMs: event.timeMs,
      payloadBytes: 73,
    });
    expect(droppedIn(store)).toEqual(rows.filter((row) => row.entity.startsWith("secret:")).map((row) => row.sequence));
    await store.close();
  });

  test("only what is asked for: up to a sequence, what saves enough, what is sealed", async () => {
    const store = await filledStore();
    const all = store.lastSequence;
    const active = store.maintenance.log.segments().at(-1)?.baseLsn ?? 0;
    expect(await compact(store, { keep: keepOpen, throughSequence: 0 })).toMatchObject({ segments: 0 });
    expect(await compact(store, { keep: keepOpen, throughSequence: 2 })).toMatchObject({ droppedPayloads: 1 });
    expect(droppedIn(store)).toEqual([2]);
    const most = await compact(store, { keep: keepOpen, minSavedBytes: 1_000_000 });
    expect(most).toMatchObject({ rewrittenSegments: 0, droppedPayloads: 0 });
    expect(most.postponedPayloads).toBeGreaterThan(2);
    await compact(store, { keep: () => false, minSavedBytes: 1 });
    expect(Math.max(...droppedIn(store))).toBe(active - 1);
    expect(active).toBeLessThan(all);
    await compact(store, { keep: () => false, rotate: true });
    expect(droppedIn(store)).toHaveLength(all);
    // Nothing is in the segment that was begun, so it is not ended again.
    const { segmentCount } = store.stats().log;
    await compact(store, { keep: () => false, rotate: true });
    expect(store.stats().log.segmentCount).toBe(segmentCount);
    await store.close();
  });

  test("an empty payload goes like any other, and makes the file longer", async () => {
    const store = await openSample();
    store.append("a", Placed, { amount: 1 });
    const report = await compact(store, { keep: () => false, rotate: true });
    expect(report.bytesAfter).toBeGreaterThan(report.bytesBefore);
    expect(droppedIn(store)).toEqual([1]);
    await store.close();
  });

  test("what an open had written again elsewhere goes too, where it was", async () => {
    const fs = new CrashFs();
    const directory = new Directory(fs);
    const killed = await openSample(directory, { segmentBytes: 100_000 });
    appendOne(killed, 1);
    await killed.sync();
    appendOne(killed, 1); // states the one before it as durable; from here on all is written again
    appendOne(killed, 2);
    fs.processCrash();
    const store = await openSample(directory, { ...determined(1), segmentBytes: 100_000 });
    expect(store.openReport.log.rewrittenRecords).toBeGreaterThan(0);
    expect(filesWithSecret(directory)).toHaveLength(2);
    await compact(store, { keep: keepOpen, rotate: true });
    expect(filesWithSecret(directory)).toEqual([]);
    expect(await store.verify()).toMatchObject({ kind: "intact", events: 3, droppedPayloads: 1 });
    expect(await compact(store, { keep: keepOpen })).toMatchObject({ rewrittenSegments: 0 });
    await store.close();
  });
});

describe("who works on the store meanwhile", () => {
  test("appends go on between the slices of the work, and what they write is kept", async () => {
    const directory = new Directory(new MemoryFs());
    let number = 100;
    const store = await filledStore(directory, {
      count: 60,
      segmentBytes: 3000,
      turn: () => {
        appendOne(store, (number += 1));
        return Promise.resolve();
      },
    });
    const { lastSequence } = store;
    const before = envelopesOf(store);
    await compact(store, { keep: keepOpen });
    expect(number).toBeGreaterThan(100);
    expect(store.lastSequence).toBeGreaterThan(lastSequence);
    expect(envelopesOf(store, lastSequence)).toEqual(before);
    expect(await store.verify()).toMatchObject({ kind: "intact", events: store.lastSequence });
    await store.close();
  });

  test("a reading that has begun goes on, of the store itself and of readers beside it", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    using beside = openStoreReader({ directory, events });
    using idle = openStoreReader({ directory, events }); // has no file open
    const expected = envelopesOf(store);
    expect(envelopesOf(beside)).toEqual(expected);
    const readings = [store, beside, idle].flatMap((each) => [
      { of: each.events(region()), total: store.lastSequence },
      { of: each.events(region(), { backward: true }), total: store.lastSequence },
      { of: each.stream("secret:a"), total: (store.revisionOf("secret:a") as number) + 1 },
    ]);
    const counts = readings.map(({ of }) => 1 + Number(of.next().done === false) * Number(of.next().done === false));
    const batches = [store, beside].map((each) => each.eventBatches(region()));
    await compact(store, { keep: keepOpen, rotate: true });
    for (const [at, { of, total }] of readings.entries()) expect((counts[at] as number) + [...of].length).toBe(total);
    for (const batch of batches) {
      const seen = [];
      for await (const some of batch) seen.push(...some);
      expect(seen).toHaveLength(store.lastSequence);
    }
    for (const each of [beside, idle]) {
      expect(envelopesOf(each)).toEqual(expected);
      each.refresh(); // lets go of files that have been replaced
      for (const sequence of droppedIn(store)) expect(each.at(sequence)).toMatchObject({ status: "dropped" });
      expect(await each.verify()).toMatchObject({ kind: "intact" });
    }
    store.append("open:b", Placed, { amount: 1 });
    for (const each of [beside, idle]) {
      expect(each.refresh()).toBe(expected.length + 1);
      expect(envelopesOf(each)).toEqual(envelopesOf(store));
    }
    await store.close();
  });

  test("a reader that has read more files than it keeps open has no payload in memory that is gone", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory, { count: 120 });
    expect(store.stats().log.segmentCount).toBeGreaterThan(30);
    using beside = openStoreReader({ directory, events });
    for (let sequence = 1; sequence <= store.lastSequence; sequence += 1) beside.at(sequence);
    const { droppedPayloads } = await compact(store, { keep: keepOpen, throughSequence: 10 });
    expect(droppedPayloads).toBeGreaterThan(2);
    beside.refresh();
    expect(droppedIn(beside)).toEqual(droppedIn(store));
    for (const sequence of droppedIn(store)) expect(beside.at(sequence)).toMatchObject({ status: "dropped" });
    await store.close();
  });

  test("a reader whose last look ended in a segment that was written again reads on", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory, { count: 3, segmentBytes: 100_000 });
    using beside = openStoreReader({ directory, events });
    appendOne(store, 4);
    await compact(store, { keep: () => false, rotate: true });
    appendOne(store, 5);
    expect(beside.refresh()).toBe(store.lastSequence);
    expect(envelopesOf(beside)).toEqual(envelopesOf(store));
    expect(await beside.verify()).toMatchObject({ kind: "intact" });
    await store.close();
  });

  test("a verification in whose midst a segment is replaced ends well", async () => {
    let isDue = false;
    const store = await filledStore(undefined, {
      count: 700,
      segmentBytes: 100_000,
      turn: async () => {
        if (!isDue) return;
        isDue = false;
        await compact(store, { keep: keepOpen });
      },
    });
    isDue = true;
    expect(await store.verify()).toMatchObject({ kind: "intact" });
    expect(droppedIn(store).length).toBeGreaterThan(100);
    expect(await store.verify()).toMatchObject({ kind: "intact" });
    await store.close();
  });

  test("an iteration whose next event has moved finds it", async () => {
    const store = await filledStore(undefined, { segmentBytes: 100_000 });
    const reading = store.events(region({ fromSequence: 2 }));
    expect(reading.next().value).toMatchObject({ sequence: 2, status: "known" });
    await compact(store, { keep: () => false, rotate: true });
    expect([...reading].map(({ sequence, status }) => [sequence, status])).toEqual(
      Array.from({ length: store.lastSequence - 2 }, (_, at) => [at + 3, "dropped"]),
    );
    await store.close();
  });

  test("work of the same kind is refused while some is under way, and done behind it", async () => {
    const store = await filledStore();
    const first = compact(store, { keep: keepOpen });
    const busy = { code: "STORE_BUSY" };
    await expect(compact(store, { keep: keepOpen })).rejects.toMatchObject(busy);
    await expect(backup(store, new Directory(new MemoryFs()))).rejects.toMatchObject(busy);
    const other = await filledStore();
    expect(await compact(other, { keep: () => true })).toMatchObject({ droppedPayloads: 0 });
    await other.close();
    await first;
    expect(await compact(store, { keep: keepOpen })).toMatchObject({ droppedPayloads: 0 });
    await store.close();
  });

  test("a close ends it, with everything as it was or done", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const before = envelopesOf(store);
    const working = compact(store, { keep: keepOpen });
    const closing = store.close();
    await expect(working).rejects.toMatchObject({ code: "STORE_CLOSED", cause: { code: "WAL_CLOSED" } });
    await closing;
    await expect(compact(store, { keep: keepOpen })).rejects.toMatchObject({ code: "STORE_CLOSED" });
    const again = await openSample(directory, determined(1));
    expect(envelopesOf(again)).toEqual(before);
    await again.close();
  });
});

describe("who ends it", () => {
  test("a predicate that throws leaves its segment as it was, and those before it done", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const before = envelopesOf(store);
    const [, second] = store.maintenance.log.segments();
    const keep = (row: RetentionRow): boolean => {
      if (row.sequence === second?.baseLsn) throw new Error("no more");
      return false;
    };
    await expect(compact(store, { keep })).rejects.toThrow("no more");
    expect(droppedIn(store)).toEqual(Array.from({ length: (second?.baseLsn ?? 0) - 1 }, (_, at) => at + 1));
    expect(envelopesOf(store)).toEqual(before);
    expect(directory.fs.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
    await store.close();
  });

  test("a signal ends it at the next pause, and what is told only goes forward", async () => {
    const store = await filledStore(undefined, { count: 1500, segmentBytes: 150_000 });
    const before = envelopesOf(store);
    const seen: CompactProgress[] = [];
    const reason = new Error("enough");
    const controller = new AbortController();
    const onProgress = (progress: CompactProgress): void => {
      seen.push(progress);
      if (progress.segments === 1) controller.abort(reason);
    };
    const ended = compact(store, { keep: keepOpen, onProgress, signal: controller.signal });
    await expect(ended).rejects.toMatchObject({ code: "STORE_ABORTED", cause: reason });
    const { droppedPayloads, totalSegments } = seen.at(-1) as CompactProgress;
    const done = seen.map(({ segments }) => segments);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(droppedPayloads).toBeGreaterThan(10);
    expect(totalSegments).toBeGreaterThan(1);
    expect(droppedIn(store)).toHaveLength(droppedPayloads);
    expect(envelopesOf(store)).toEqual(before);
    await compact(store, { keep: keepOpen });
    expect(droppedIn(store).length).toBeGreaterThan(droppedPayloads);
    await store.close();
  });
});

describe("the accelerator", () => {
  const name = "index.accelerator";

  test("is gone before the first segment changes, is not written in between, and tells of the new places behind", async () => {
    const directory = new Directory(new MemoryFs());
    const filled = await filledStore(directory, { acceleratorEvents: 1, count: 80 });
    await filled.close();
    expect(directory.exists(name)).toBe(true);
    const store = await openSample(directory, { acceleratorEvents: 1 });
    const before = envelopesOf(store);
    const sizes = (): number[] => store.maintenance.log.segments().map(({ sizeBytes }) => sizeBytes);
    const old = sizes();
    const seen: boolean[] = [];
    let number = 100;
    const onProgress = (): void => {
      for (let each = 0; each < 9; each += 1) appendOne(store, (number += 1)); // seals segments: reasons to write an accelerator
      void store.sync();
      if (sizes().some((size, at) => at < old.length - 1 && size !== old[at])) seen.push(directory.exists(name));
    };
    const sealed = store.stats().log.segmentCount;
    await compact(store, { keep: keepOpen, rotate: true, onProgress });
    expect(store.stats().log.segmentCount).toBeGreaterThan(sealed + 1);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).not.toContain(true);
    expect(store.stats().accelerators.written).toBe(0);
    await store.close();
    const again = await openSample(directory, { acceleratorEvents: 1 });
    expect(again.openReport.indexedFrom.accelerator.events).toBeGreaterThanOrEqual(before.length);
    expect(envelopesOf(again).slice(0, before.length)).toEqual(before);
    expect(await again.verify()).toMatchObject({ kind: "intact" });
    await again.close();
  });

  test("is made again from footers of the segments that were written again", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const before = envelopesOf(store);
    const dropped = (await compact(store, { keep: keepOpen, rotate: true })).droppedPayloads;
    expect(dropped).toBeGreaterThan(0);
    const segments = store.stats().log.segmentCount;
    await store.close();
    directory.removeIfPresent(name);
    const again = await openSample(directory);
    const { accelerator, footers, unused } = again.openReport.indexedFrom;
    expect(accelerator.segments).toBe(0);
    expect([footers.events, unused]).toEqual([before.length, []]);
    expect(footers.segments).toBeGreaterThanOrEqual(segments - 1);
    expect(envelopesOf(again)).toEqual(before);
    expect(await again.verify()).toMatchObject({ kind: "intact", droppedPayloads: dropped });
    await again.close();
  });
});
