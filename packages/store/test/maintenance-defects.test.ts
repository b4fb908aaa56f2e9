// What another event store was found to get wrong in retention and backups, by the numbers of its list: each of these fails where the
// defect is put in.
import * as crypto from "node:crypto";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openRecordWalk } from "@holdfast/wal/places";
import { describe, expect, test } from "vitest";
import { defineEvent, openStore, openStoreReader, region, type Store } from "../src/index.js";
import { backup, compact } from "../src/maintenance-entry.js";
import { verifyReceipt } from "../src/verify-entry.js";
import { determined, events, openSample, Paid, Placed, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";
import { footerIn } from "./opening-paths.js";
import { droppedIn, envelopesOf, filledStore, keepOpen } from "./support/retained-store.js";

const sizes = { segmentBytes: 1024, bufferBytes: 512, preallocateBytes: 0, mergeBytes: 0, prepareSegments: false };

/** A copy of what is there, as `kill -9` leaves it. */
async function afterKill({ fs }: Directory, run = 1): Promise<Store<Sample>> {
  const copy = new Directory(new MemoryFs({ image: (fs as MemoryFs).snapshot() }));
  copy.removeIfPresent("LOCK");
  return openSample(copy, determined(run));
}

describe("order", () => {
  test("D-1, D-25: retention gives no event another sequence, in the store, after a kill, in a backup, and none twice", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const ids = [...store.events(region())].map(({ id }) => id);
    const { next: after = "" } = store.page(region(), { limit: 5 });
    const rest = store.page(region(), { limit: 100, after }).events.map(({ id }) => id);
    await compact(store, { keep: keepOpen, rotate: true });
    await compact(store, { keep: () => false });
    const target = new Directory(new MemoryFs());
    await backup(store, target);
    const killed = await afterKill(directory);
    using copy = openStoreReader({ directory: target, events });
    for (const each of [store, killed, copy]) {
      expect([...each.events(region())].map(({ id }) => id)).toEqual(ids);
      expect([...each.events(region())].map(({ sequence }) => sequence)).toEqual(ids.map((_, index) => index + 1));
      expect(each.page(region(), { limit: 100, after }).events.map(({ id }) => id)).toEqual(rest);
    }
    for (const each of [store, killed]) {
      expect(each.append("new", Placed, { amount: 1 }).sequence).toBe(ids.length + 1);
      expect(each.append("new", Placed, { amount: 1 })).toMatchObject({ sequence: ids.length + 2, revision: 1 });
      await each.close();
    }
  });

  test("D-26: watermarks stay on their axis: what is appended behind retention is durable when a barrier says so", async () => {
    const fs = new FaultFs(new MemoryFs());
    const store = await filledStore(new Directory(fs));
    await compact(store, { keep: () => false, rotate: true });
    const { watermarks } = store;
    expect(watermarks).toEqual({ accepted: 16, visible: 16, durable: 16 });
    const receipt = store.append("a", Placed, { amount: 1 });
    expect(store.watermarks).toEqual({ accepted: 17, visible: 17, durable: 16 });
    fs.plan.arm("sync:* n1 EIO");
    await expect(store.durable(receipt)).rejects.toMatchObject({ code: "FS_IO" }); // it was asked for
    expect(store.watermarks.durable).toBe(16);
    await store.close();
  });

  test("D-10, D-32: retention brings nothing to light that was not committed, nor a part of a commit", async () => {
    const fs = new CrashFs();
    const directory = new Directory(fs);
    const first = await openSample(directory, { segmentBytes: 100_000 });
    first.append("a", Placed, { amount: 1 });
    await first.sync();
    const [segment] = first.maintenance.log.segments();
    fs.processCrash();
    // A commit of three that was cut short in its midst: its frame's header is sound, and two of its events are there whole.
    const other = new Directory(new MemoryFs({ image: (fs as unknown as MemoryFs).snapshot() }));
    other.removeIfPresent("LOCK");
    const file = segment?.file ?? "";
    const handle = other.open(file, { mode: "write" });
    handle.writeAt(new TextEncoder().encode("not a commit ".repeat(20)), handle.stat().size);
    handle.close();
    const store = await openSample(other, { ...determined(1), segmentBytes: 100_000 });
    expect(store.lastSequence).toBe(1);
    store.append("b", Placed, { amount: 2 });
    // In the buffer, and neither written nor durable: retention waits for the barrier, and takes whole commits.
    store.commit(
      (commit) => {
        commit.append("b", Placed, { amount: 3 }, {});
        commit.append("c", Paid, { by: "x" });
      },
      { rung: "memory" },
    );
    await compact(store, { keep: () => true, rotate: true });
    expect(allTold(store, store.lastSequence)).toHaveLength(4);
    for (const each of store.maintenance.log.segments()) {
      expect(Buffer.from(other.readFile(each.file)).includes("not a commit")).toBe(false);
    }
    expect(await store.verify()).toMatchObject({ kind: "intact", events: 4 });
    const again = await afterKill(other, 2);
    expect(again.lastSequence).toBe(4);
    await again.close();
    await store.close();
  });
});

describe("receipts and keys", () => {
  test("D-11: receipts hold behind retention, with the record that is left of the event", async () => {
    const { privateKey, publicKey } = crypto.generateKeyPairSync("ed25519");
    const signer = { keyId: "2026", sign: (message: Uint8Array) => crypto.sign(null, message, privateKey) };
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory, { signer });
    const receipts = Array.from({ length: 8 }, (_, amount) => store.append("a", Placed, { amount }));
    await compact(store, { keep: () => false, rotate: true });
    const keys = new Map([
      ["2026", (message: Uint8Array, signature: Uint8Array) => crypto.verify(null, message, publicKey, signature)],
    ]);
    const walk = openRecordWalk({ directory, segments: store.maintenance.log.segments() });
    for (const receipt of receipts) {
      walk.next();
      expect(store.hashAt(receipt.sequence)).toEqual(receipt.hash);
      const verdict = verifyReceipt(store.sign(receipt), { keys, record: walk.view().slice() });
      expect(verdict).toMatchObject({ kind: "valid" });
    }
    walk.close();
    await store.close();
  });

  test("D-13: a key is as old as its event: repeated behind retention it gives the first receipt, and nothing twice", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await openSample(directory);
    const once = (into: Store<Sample>, amount = 1): unknown => into.append("a", Placed, { amount }, { key: "k" });
    const first = once(store) as object;
    for (let amount = 0; amount < 9; amount += 1) store.append("b", Placed, { amount });
    await compact(store, { keep: () => false, rotate: true });
    const killed = await afterKill(directory);
    for (const each of [store, killed]) {
      expect(once(each)).toEqual({ ...first, kind: "replayed" });
      expect(() => once(each, 2)).toThrowError(expect.objectContaining({ code: "STORE_KEY_REUSED" }));
      expect(each.lastSequence).toBe(10);
      await each.close();
    }
  });
});

describe("crashes and content", () => {
  test("D-12, D-30: what a crashed compaction has left is neither taken for the result nor the only copy of anything", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    const before = allTold(store, store.lastSequence);
    const [first] = store.maintenance.log.segments();
    const sound = directory.readFile(first?.file ?? "");
    const image = (directory.fs as MemoryFs).snapshot();
    await store.close();
    // Half of a copy, all of one, or only its name, as compactions that were killed leave them.
    for (const part of [0, 64, Math.floor(sound.length / 2), sound.length]) {
      const left = new Directory(new MemoryFs({ image }));
      left.removeIfPresent("LOCK");
      left.fs.open(`/.~${first?.file}.1`, { mode: "append", create: "exclusive" }).append(sound.subarray(0, part));
      const next = await openSample(left, determined(1));
      expect(allTold(next, next.lastSequence)).toEqual(before);
      expect(left.fs.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
      expect(await compact(next, { keep: keepOpen, rotate: true })).toMatchObject({ postponedPayloads: 0 });
      expect(envelopesOf(next)).toEqual(envelopesOf(await afterKill(left, 2)));
      expect(droppedIn(next).length).toBeGreaterThan(3);
      await next.close();
    }
  });

  test("D-12: a half-written file under the name of a segment passes for nothing", async () => {
    const directory = new Directory(new MemoryFs());
    const store = await filledStore(directory);
    await compact(store, { keep: keepOpen });
    const [first] = store.maintenance.log.segments();
    await store.close();
    const sound = directory.readFile(first?.file ?? "");
    const image = (directory.fs as MemoryFs).snapshot();
    const open = (bytes: number): Promise<Store<Sample>> => {
      const torn = new Directory(new MemoryFs({ image }));
      torn.remove(first?.file ?? "");
      torn.writeFile(first?.file ?? "", sound.subarray(0, bytes));
      return openSample(torn, determined(1));
    };
    const { start, end } = footerIn(sound) as { readonly start: number; readonly end: number }; // it has one
    expect([start > 400, end]).toEqual([true, sound.length]);
    // Without the frame before its footer the segment does not lead to the next one, although all its events are there.
    for (let bytes = 64; bytes < start; bytes += 8) {
      await expect(open(bytes), `of ${bytes} bytes`).rejects.toMatchObject({ code: "WAL_CORRUPT" });
    }
    const expected = await open(sound.length);
    expect(droppedIn(expected).length).toBeGreaterThan(0);
    // The footer is derived: a part of one is none, and the segment is whole.
    for (let bytes = start; bytes < end; bytes += 8) {
      const opened = await open(bytes);
      expect(opened.openReport.indexedFrom.unused.map(({ file }) => file)).toContain(first?.file);
      expect([envelopesOf(opened), droppedIn(opened)]).toEqual([envelopesOf(expected), droppedIn(expected)]);
      await opened.close();
    }
    await expected.close();
  });

  test("D-35: any bytes are a payload, and retention reads none of them", async () => {
    const Raw = defineEvent({
      name: "raw",
      kind: 0x1003,
      schema: {
        "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value: value as Uint8Array }) },
      },
      codec: { encode: (value: unknown) => value as Uint8Array, decode: (bytes: Uint8Array) => bytes.slice() },
    });
    const directory = new Directory(new MemoryFs());
    const store = await openStore({ directory, events: [Raw], ...determined(), ...sizes });
    const payloads = [[], [0xff, 0xff], [0xc1], [0xc4, 0xff], [0x7b, 0x22]].map((bytes) => Uint8Array.from(bytes));
    for (const [at, payload] of payloads.entries()) store.append(at % 2 === 0 ? "keep" : "drop", Raw, payload);
    await store.close();
    // Nor does it need to know what the events are.
    const blind = await openStore({ directory, events: [], ...determined(1), ...sizes });
    const report = await compact(blind, { keep: ({ entity }) => entity === "keep", rotate: true });
    expect(report.droppedPayloads).toBe(2);
    await blind.close();
    const again = await openStore({ directory, events: [Raw], ...determined(2), ...sizes });
    expect([...again.events(region())].map((event) => (event.status === "known" ? event.data : event.status))).toEqual(
      payloads.map((payload, at) => (at % 2 === 0 ? payload : "dropped")),
    );
    expect(await again.verify()).toMatchObject({ kind: "intact", droppedPayloads: 2 });
    await again.close();
  });
});
