// Every call of a compaction and of a backup fails once: a typed error, a store that is what it was or swapped whole, and a second
// attempt that does what the first one did not.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { WalError } from "@holdfast/wal";
import { expect, test } from "vitest";
import { openStoreReader, StoreError } from "../src/index.js";
import { backup, compact, verifyBackup } from "../src/maintenance-entry.js";
import { determined, events, openSample, Placed } from "./sample-store.js";
import { droppedIn, envelopesOf, filledStore, keepOpen } from "./support/retained-store.js";

function demandTyped(error: unknown, call: number): void {
  const isTyped = error instanceof StoreError || error instanceof WalError || isFsError(error);
  expect(isTyped, `call ${call}: ${String(error)}`).toBe(true);
}

const changing = "open,write,append,sync,rename,remove,truncate,syncNames";

test.each(["ENOSPC", "EIO"])("the n-th call of a compaction fails with %s", async (fault) => {
  let failures = 0;
  for (let n = 1; ; n += 1) {
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const store = await filledStore(new Directory(fs));
    const before = envelopesOf(store);
    fs.plan.arm(`${changing}:* n${n} ${fault}`);
    const failure: unknown = await compact(store, { keep: keepOpen }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (fs.plan.fired === 0) {
      expect(failure).toBeUndefined();
      await store.close().catch((error: unknown) => demandTyped(error, n)); // the fault is still to come
      break;
    }
    if (failure !== undefined) {
      failures += 1;
      demandTyped(failure, n);
      // No half of a segment, whatever failed; and what is gone is known as gone.
      expect(envelopesOf(store), `call ${n}`).toEqual(before);
      expect(await store.verify(), `call ${n}`).toMatchObject({
        kind: "intact",
        droppedPayloads: droppedIn(store).length,
      });
    }
    expect(memory.list("/").filter(({ name }) => name.startsWith(".~"))).toEqual([]);
    if (store.health.kind === "ok") {
      store.append("open:b", Placed, { amount: 1 });
      await compact(store, { keep: keepOpen });
      expect(droppedIn(store).length, `call ${n}`).toBeGreaterThan(3);
    }
    await store.close().catch((error: unknown) => demandTyped(error, n));
    expect(fs.openHandles, `call ${n}`).toEqual([]);
    new Directory(memory).removeIfPresent("LOCK");
    const again = await openSample(new Directory(memory), determined(1));
    expect(envelopesOf(again).slice(0, before.length), `call ${n}`).toEqual(before);
    expect(await again.verify()).toMatchObject({ kind: "intact" });
    await again.close();
    expect(n).toBeLessThan(80);
  }
  expect(failures).toBeGreaterThan(8);
});

test.each(["ENOSPC", "EIO"])("the n-th call of a backup fails with %s", async (fault) => {
  let failures = 0;
  for (let n = 1; ; n += 1) {
    const store = await filledStore();
    const expected = envelopesOf(store);
    const memory = new MemoryFs();
    const fs = new FaultFs(memory);
    const failing = new Directory(fs);
    fs.plan.arm(`${changing},list,stat,read:* n${n} ${fault}`);
    const failure: unknown = await backup(store, failing).then(
      () => undefined,
      (error: unknown) => error,
    );
    const isSpent = fs.plan.fired === 0;
    if (failure !== undefined) {
      failures += 1;
      demandTyped(failure, n);
      expect(fs.openHandles, `call ${n}`).toEqual([]);
    }
    expect(store.health.kind).toBe("ok");
    expect(envelopesOf(store)).toEqual(expected);
    // What it left is a whole backup, none, or one that says that it is unfinished; the next one into it is whole.
    const target = new Directory(memory);
    target.removeIfPresent("LOCK");
    const isWhole = isWholeIn(target, expected);
    if (!isWhole) {
      const report = await backup(store, target);
      expect(await verifyBackup(target, report)).toMatchObject({ kind: "intact" });
      expect(isWholeIn(target, expected), `call ${n}`).toBe(true);
    }
    await store.close();
    if (isSpent) break;
    expect(n).toBeLessThan(150);
  }
  expect(failures).toBeGreaterThan(20);
});

function isWholeIn(directory: Directory, expected: readonly string[]): boolean {
  try {
    using reader = openStoreReader({ directory, events });
    expect(envelopesOf(reader)).toEqual(expected);
    return true;
  } catch (error) {
    if (error instanceof StoreError && error.code === "STORE_UNFINISHED") return false;
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return false;
    throw error;
  }
}
