// What another event store was found to get wrong, by the numbers of its list: each of these fails where the defect is put in, which
// known-defects.md says how.
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { FrameCursor, FrameEncoder, readSegmentHeader, sourceOf } from "@holdfast/segment-codec";
import { describe, expect, test } from "vitest";
import { defineEvent, openStore, openStoreReader, type EventCodec, type Store } from "../src/index.js";
import { layoutAt } from "../src/event-layout.js";
import { determined, events, openSample, Paid, Placed, small, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

const noSpace = expect.objectContaining({ code: "WAL_NO_SPACE" });

type Commit = Parameters<Parameters<Store<Sample>["commit"]>[0]>[0];

/** Three events of 200 bytes and more, so that a write can be cut short inside them. */
function three(commit: Commit): void {
  for (const by of ["x", "y", "z"]) commit.append("a", Paid, { by: by.repeat(50) });
}

/** A copy of what is there now, as after `kill -9`: opened by somebody else. */
async function afterKill(directory: Directory, run = 1): Promise<Store<Sample>> {
  const { fs } = directory;
  const memory = (fs instanceof FaultFs ? fs.inner : fs) as MemoryFs;
  const copy = new Directory(new MemoryFs({ image: memory.snapshot() }));
  copy.removeIfPresent("LOCK");
  return openSample(copy, determined(run));
}

async function failedCommit(rule: string): Promise<{ readonly directory: Directory; readonly store: Store<Sample> }> {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const store = await openSample(directory, { segmentBytes: 100_000 });
  store.append("a", Placed, { amount: 1 });
  fs.plan.arm(rule);
  expect(() => store.commit(three)).toThrowError(noSpace);
  return { directory, store };
}

describe("sequences", () => {
  test("D-1: a failed commit and an unclean reopen leave every event its sequence", async () => {
    const { directory, store } = await failedCommit("write,append:*.seg n1 torn 300 ENOSPC");
    for (let amount = 5; amount < 8; amount += 1) store.append("a", Placed, { amount });
    expect([...store.stream("a")].map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
    const before = allTold(store, 4);
    const again = await afterKill(directory);
    expect(allTold(again, again.lastSequence)).toEqual(before);
    await again.close();
    await store.close();
  });

  test("D-25, D-26: sequences and watermarks share one axis, and neither goes back", async () => {
    const { store } = await failedCommit("write,append:*.seg n1 ENOSPC");
    expect(store.watermarks).toEqual({ accepted: 1, visible: 1, durable: 0 });
    expect(await store.sync()).toBe(1);
    const receipt = store.append("a", Placed, { amount: 2 });
    expect(receipt.sequence).toBe(2);
    expect(store.watermarks.durable).toBe(1);
    await store.durable(receipt);
    expect(store.watermarks).toEqual({ accepted: 2, visible: 2, durable: 2 });
    await store.close();
  });
});

describe("commits", () => {
  test.each(["ENOSPC", "torn 40 ENOSPC", "torn 500 ENOSPC"])(
    "D-2: a commit that meets %s takes nothing with it that was appended later",
    async (fault) => {
      const { directory, store } = await failedCommit(`write,append:*.seg n1 ${fault}`);
      for (let amount = 10; amount < 16; amount += 1) store.append("a", Placed, { amount });
      await store.sync();
      const before = allTold(store, 7);
      const again = await afterKill(directory);
      expect(allTold(again, again.lastSequence)).toEqual(before);
      expect(await again.verify()).toMatchObject({ kind: "intact", events: 7 });
      await again.close();
      await store.close();
    },
  );

  test("D-2: a commit is one write, so that none of its events can be there without the others", async () => {
    const fs = new FaultFs(new MemoryFs());
    const store = await openSample(new Directory(fs), { segmentBytes: 100_000 });
    store.append("a", Placed, { amount: 1 });
    fs.plan.arm("write,append:*.seg n2 ENOSPC");
    expect(store.commit(three)).toMatchObject({ kind: "appended" });
    expect(fs.plan.fired).toBe(0);
    expect(store.watermarks.visible).toBe(4);
    await store.close().catch(() => store.close()); // whose write is the second one
  });

  test("D-7: an event of a commit is stored as one that was appended alone is", async () => {
    const fields = { metadata: { who: "ada" } };
    const alone = await openSample();
    const { id } = alone.append("b", Placed, { amount: 1 });
    alone.append({ entity: "a", scope: "s", lane: 2 }, Paid, { by: "x" }, { ...fields, causation: id });
    const together = await openSample();
    together.commit((commit) => {
      const cause = commit.append("b", Placed, { amount: 1 });
      commit.append({ entity: "a", scope: "s", lane: 2 }, Paid, { by: "x" }, { ...fields, causation: cause });
    });
    const bare = ({ timeMs, id: _, causation, correlation, ...rest }: Record<string, unknown>): unknown => {
      return { ...rest, hasTime: Number(timeMs) > 0, hasCause: causation !== undefined, isOwn: correlation === _ };
    };
    for (const sequence of [1, 2]) {
      expect(bare({ ...together.at(sequence) })).toEqual(bare({ ...alone.at(sequence) }));
    }
    expect(together.at(2)).toMatchObject({ version: 1, scope: "s", lane: 2, metadata: { who: "ada" } });
    await alone.close();
    await together.close();
  });

  test.each(["os", "memory"] as const)(
    "D-28: a commit of rung %s that a crash has cut off swallows nothing of the next run",
    async (rung) => {
      const fs = new CrashFs();
      const directory = new Directory(fs);
      const store = await openSample(directory);
      store.append("a", Placed, { amount: 1 });
      await store.sync();
      store.commit(three, { rung });
      expect(store.at(4)).toBeDefined(); // which writes what waits
      const file = directory.list().findLast(({ name }) => name.endsWith(".seg"))?.name as string; // there is one
      fs.processCrash();
      const bytes = directory.readFile(file);
      for (const cut of [1, 40, 200, 500]) {
        const torn = new Directory(new MemoryFs({ image: fs.snapshot() }));
        torn.removeIfPresent("LOCK");
        torn.writeFile(file, bytes.subarray(0, bytes.length - cut));
        const next = await openSample(torn, determined(1));
        expect(next.lastSequence).toBe(1);
        for (let amount = 2; amount < 8; amount += 1) next.append("a", Placed, { amount });
        const last = await afterKill(torn, 2);
        expect([...last.stream("a")].map(({ revision }) => revision)).toEqual([0, 1, 2, 3, 4, 5, 6]);
        await last.close();
        await next.close();
      }
    },
  );
});

describe("files", () => {
  test("D-4: a write that is cut short at any byte leaves a store that goes on, and opens", async () => {
    for (let bytes = 0; bytes <= 256; bytes += 8) {
      const fs = new FaultFs(new MemoryFs());
      const directory = new Directory(fs);
      const store = await openSample(directory, { segmentBytes: 100_000 });
      const first = store.append("a", Placed, { amount: 1 });
      fs.plan.arm(`write,append:*.seg n1 torn ${bytes} ENOSPC`);
      expect(() => store.append("a", Paid, { by: "x".repeat(100) })).toThrowError(noSpace);
      for (let amount = 2; amount < 5; amount += 1) store.append("a", Placed, { amount });
      expect([...store.stream("a")].map((event) => event.status === "known" && event.data)).toEqual(
        [1, 2, 3, 4].map((amount) => ({ amount })),
      );
      const again = await afterKill(directory);
      expect(again.lastSequence).toBe(4);
      expect(again.get(first.id)).toEqual(store.get(first.id));
      await again.close();
      await store.close();
    }
  });

  test("D-19: readers may be there beside the writer, and ten idle runs leave one file", async () => {
    const directory = new Directory(new MemoryFs());
    for (let run = 0; run < 10; run += 1) {
      const store = await openSample(directory, { mergeBytes: 4096 });
      const readers = [openStoreReader({ directory, events }), openStoreReader({ directory, events })];
      for (const reader of readers) reader.close();
      await store.close();
    }
    expect(directory.list().filter(({ name }) => name.endsWith(".seg"))).toHaveLength(1);
  });

  test("D-27: a torn tail is cut off before the first write, so that a second crash finds no damage", async () => {
    let directory = new Directory(new MemoryFs());
    let store = await openSample(directory);
    store.append("a", Placed, { amount: 1 });
    for (let crash = 1; crash <= 3; crash += 1) {
      const file = directory.list().findLast(({ name }) => name.endsWith(".seg"))?.name as string; // there is one
      const bytes = directory.readFile(file);
      const torn = new Directory(new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() }));
      torn.removeIfPresent("LOCK");
      torn.writeFile(file, Buffer.concat([bytes, Buffer.alloc(20, 7)]));
      await store.close();
      directory = torn;
      store = await openSample(directory, determined(crash));
      expect(store.openReport.log.dropped).toHaveLength(1);
      expect(store.append("a", Placed, { amount: crash })).toMatchObject({ sequence: crash + 1 });
    }
    expect([...store.stream("a")]).toHaveLength(4);
    await store.close();
  });

  test("D-29: a newest segment that is shorter than its header is a creation that was cut off", async () => {
    for (const bytes of [0, 1, 32, 63]) {
      const directory = new Directory(new MemoryFs());
      const store = await openSample(directory);
      store.append("a", Placed, { amount: 1 });
      await store.close();
      directory.writeFile("00000000000000000009-0badcafe.seg", new Uint8Array(bytes));
      const again = await openSample(directory, determined(1));
      expect(again.lastSequence).toBe(1);
      expect(again.append("a", Placed, { amount: 2 }).sequence).toBe(2);
      await again.close();
    }
  });
});

describe("integrity", () => {
  /** Rewrites one record of a segment, and every checksum and chain behind it. */
  function forge(directory: Directory, change: (record: Uint8Array, sequence: number) => void): void {
    const file = directory.list().find(({ name }) => name.endsWith(".seg"))?.name as string; // there is one
    const bytes = directory.readFile(file);
    const header = readSegmentHeader(sourceOf(bytes));
    const [cursor, encoder] = [new FrameCursor(sourceOf(bytes), header), new FrameEncoder(header)];
    const forged = bytes.slice();
    let end = 64;
    while (cursor.next()) {
      const payload = cursor.bytes.slice(cursor.payloadStart, cursor.payloadEnd);
      if (cursor.span === 1) change(payload, cursor.lsn);
      end = encoder.append(forged, end, payload, { kind: cursor.kind, flags: cursor.flags, span: cursor.span });
    }
    directory.writeFile(file, forged.subarray(0, end));
  }

  test.each([
    ["kind", layoutAt.kind, "store-link"],
    ["time", layoutAt.time + 3, "time"],
    ["id", layoutAt.id + 15, "store-link"],
    ["link", layoutAt.previousHash, "store-link"],
    ["link in its stream", layoutAt.previousInStream, "stream-link"],
    ["entity", 112, "revision"],
    ["payload", 160, "store-link"],
  ])("D-3: another %s under right checksums does not verify", async (_, offset, kind) => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory, { segmentBytes: 100_000, preallocateBytes: 0 });
    for (const by of ["same", "same", "same", "same"]) store.append("entity", Paid, { by: by.repeat(20) });
    await store.close();
    forge(directory, (record, sequence) => {
      if (sequence === 2) record[offset] = (record[offset] as number) ^ 1;
    });
    const again = await openSample(directory, determined(1)).catch((error: unknown) => error);
    if (again instanceof Error) {
      // Where the event does not follow the one before it, not even the index takes it.
      expect(again).toMatchObject({ code: "STORE_CORRUPT", context: { field: kind } });
      return;
    }
    const report = await (again as Store<Sample>).verify();
    expect(report).toMatchObject({ kind: "damaged", fault: { kind } });
    expect((report as { events: number }).events).toBeLessThanOrEqual(2);
    await (again as Store<Sample>).close();
  });

  test("D-3: equal payloads are told apart", async () => {
    const store = await openSample();
    for (let count = 0; count < 5; count += 1) store.append("a", Placed, { amount: 1 });
    const hashes = new Set(
      [1, 2, 3, 4, 5].map((sequence) => Buffer.from(store.hashAt(sequence) ?? []).toString("hex")),
    );
    expect(hashes.size).toBe(5);
    expect([...store.stream("a", { backward: true })].map(({ revision }) => revision)).toEqual([4, 3, 2, 1, 0]);
    await store.close();
  });

  test("D-13: what a key stands for is in the events, and a damaged one is refused, not forgotten", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory, { segmentBytes: 100_000 });
    store.append("a", Placed, { amount: 1 }, { key: "k" });
    store.append("a", Placed, { amount: 2 });
    await store.close();
    const file = directory.list().find(({ name }) => name.endsWith(".seg"))?.name as string; // there is one
    const bytes = directory.readFile(file);
    for (const at of [100, 130, 200]) {
      const damaged = new Directory(new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() }));
      damaged.writeFile(file, bytes.with(at, (bytes[at] as number) ^ 0x10));
      await expect(openSample(damaged)).rejects.toEqual(expect.objectContaining({ code: "WAL_CORRUPT" }));
    }
  });

  test("D-35: a payload that cannot be decoded is read as it is, and everything else goes on", async () => {
    const raw: EventCodec = { encode: (value) => value as Uint8Array, decode: (payload) => payload.slice() };
    const kind = 0x1001;
    const Bytes = defineEvent({ name: "bytes", kind, codec: raw });
    const directory = new Directory(new MemoryFs());
    const writer = await openStore({ directory, events: [Bytes], ...determined(), ...(small as object) });
    writer.append("a", Bytes, Uint8Array.of(0xff, 0xff, 0xff));
    writer.append("a", Bytes, Uint8Array.of(0x01, 0x02));
    await writer.close();
    const store = await openSample(directory, determined(1));
    const found = [...store.stream("a")];
    expect(found).toMatchObject([
      { status: "invalid", payload: Uint8Array.of(0xff, 0xff, 0xff), fault: { stage: "decode" } },
      { status: "invalid", payload: Uint8Array.of(0x01, 0x02), fault: { stage: "decode" } },
    ]);
    store.append("a", Placed, { amount: 1 });
    expect(await store.verify()).toMatchObject({ kind: "intact", events: 3 });
    await store.close();
  });
});

describe("answers", () => {
  test("D-8: a repetition with a key is a replay, although what it expects is past; empty is not revision 0", async () => {
    const store = await openSample();
    const place = () => store.append("a", Placed, { amount: 1 }, { key: "k", expectedRevision: "empty" });
    const first = place();
    expect(place()).toEqual({ ...first, kind: "replayed" });
    const outcome = (expectedRevision: number | "empty") =>
      store.append("b", Placed, { amount: 1 }, { expectedRevision }).kind;
    expect([outcome(0), outcome("empty"), outcome("empty"), outcome(0)]).toEqual([
      "conflict",
      "appended",
      "conflict",
      "appended",
    ]);
    await store.close();
  });

  test("D-9: a key for something else is an error, and one that nothing was written with is free", async () => {
    const { store } = await failedCommit("write,append:*.seg n1 ENOSPC");
    store.append("a", Placed, { amount: 2 }, { key: "k" });
    const reused = expect.objectContaining({ code: "STORE_KEY_REUSED" });
    expect(() => store.append("a", Placed, { amount: 3 }, { key: "k" })).toThrowError(reused);
    expect(() => store.append("b", Placed, { amount: 2 }, { key: "k" })).toThrowError(reused);
    expect(store.append("b", Placed, { amount: 2 }, { key: "l", expectedRevision: 5 }).kind).toBe("conflict");
    expect(store.append("c", Placed, { amount: 9 }, { key: "l" }).kind).toBe("appended");
    await store.close();
  });

  test("D-6, D-22: nothing is called durable before a barrier has returned, and asking is enough to start one", async () => {
    const fs = new FaultFs(new MemoryFs());
    const store = await openSample(new Directory(fs));
    const receipts = Array.from({ length: 20 }, (_, amount) => store.append("a", Placed, { amount }));
    expect(store.watermarks.durable).toBe(0);
    await Promise.all(receipts.map((receipt) => store.durable(receipt)));
    expect(store.watermarks.durable).toBe(20);
    expect(store.stats().log.barriers.barriers).toBe(1);
    await store.close();
  });

  test("D-21: a failed barrier ends the store, and a repetition after the next open finds out what is there", async () => {
    for (const survives of [true, false]) {
      const fs = new FaultFs(new CrashFs());
      const directory = new Directory(fs);
      const store = await openSample(directory);
      await store.sync();
      const build = (commit: Commit): void => three(commit);
      fs.plan.arm("sync:*.seg n1 EIO");
      const outcome = store.commit(build, { key: "k" });
      if (outcome.kind === "conflict") throw new Error("nothing was expected");
      await expect(store.durable(outcome)).rejects.toEqual(expect.objectContaining({ code: "FS_IO" }));
      expect(store.health.kind).toBe("poisoned");
      expect(store.watermarks.durable).toBe(0);
      const crash = fs.inner as CrashFs;
      crash.processCrash();
      const image = survives ? crash.snapshot() : crash.durableImage();
      const next = new Directory(new MemoryFs({ image }));
      next.removeIfPresent("LOCK");
      const again = await openSample(next, determined(1));
      expect(again.lastSequence).toBe(survives ? 3 : 0);
      expect(again.commit(build, { key: "k" }).kind).toBe(survives ? "replayed" : "appended");
      expect(again.lastSequence).toBe(3);
      await again.close();
    }
  });

  test("D-23: two stores in one process may give one kind two meanings", async () => {
    const Other = defineEvent({ name: "something.else", kind: Placed.kind });
    const one = await openSample();
    const directory = new Directory(new MemoryFs());
    const two = await openStore({ directory, events: [Other], ...determined() });
    one.append("a", Placed, { amount: 1 });
    two.append("a", Other, "text");
    expect([one.at(1), two.at(1)]).toMatchObject([{ data: { amount: 1 } }, { data: "text" }]);
    await one.close();
    await two.close();
  });

  test("D-16: a payload is stored as its bytes, and an event costs little besides", async () => {
    const raw: EventCodec = { encode: (value) => value as Uint8Array, decode: (payload) => payload.slice() };
    const Bytes = defineEvent({ name: "bytes", kind: 0x1001, codec: raw });
    const directory = new Directory(new MemoryFs());
    const store = await openStore({ directory, events: [Bytes], ...determined(), preallocateBytes: 0 });
    const sizeOf = (): number => directory.list().reduce((sum, { name }) => sum + directory.stat(name).size, 0);
    const before = sizeOf();
    for (let count = 0; count < 10; count += 1) store.append("a", Bytes, new Uint8Array(1000).fill(0xff));
    expect((sizeOf() - before) / 10).toBeLessThan(1000 + 160);
    await store.close();
  });
});
