// A log against an array: whatever is appended, written, synced, pruned, and however often it is opened again.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { footers, noFooters } from "./footers.js";
import { openWal, openWalReader, type Wal, type WalOptions } from "../src/index.js";

type Step =
  | { readonly do: "append"; readonly bytes: number }
  | { readonly do: "batch"; readonly sizes: readonly number[] }
  | { readonly do: "write" | "sync" | "sync-blocking" | "reopen" | "abandon" | "read" }
  | { readonly do: "read-from" | "prune"; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("append" as const), bytes: fc.nat(300) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("batch" as const),
      sizes: fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }),
    }),
  },
  fc.record({
    do: fc.constantFrom(
      "write" as const,
      "sync" as const,
      "sync-blocking" as const,
      "reopen" as const,
      "abandon" as const,
      "read" as const,
    ),
  }),
  fc.record({
    do: fc.constantFrom("read-from" as const, "prune" as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

const settings: fc.Arbitrary<Partial<WalOptions>> = fc.record({
  segmentBytes: fc.constantFrom(128, 300, 1000, 5000),
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 64, 4096),
  mergeBytes: fc.constantFrom(0, 500, 4096),
  prepareSegments: fc.boolean(),
  footers: fc.constantFrom(footers, noFooters),
});

/** Record bytes that say which record they are. */
function payload(lsn: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (lsn * 31 + index) & 0xff);
}

async function play(steps: readonly Step[], options: Partial<WalOptions>): Promise<void> {
  const directory = new Directory(new MemoryFs());
  const sizes: number[] = [];
  let log: Wal = await openWal({ directory, ...options });
  const expectRecords = (records: Iterable<{ lsn: number; payload: Uint8Array }>, from: number): void => {
    let lsn = from;
    for (const record of records) {
      expect(record.lsn).toBe(lsn);
      expect(record.payload).toEqual(payload(lsn, sizes[lsn - 1] as number));
      lsn += 1;
    }
    expect(lsn).toBe(sizes.length + 1);
  };
  for (const each of steps) {
    switch (each.do) {
      case "append":
        expect(log.append(payload(sizes.length + 1, each.bytes))).toBe(sizes.length + 1);
        sizes.push(each.bytes);
        break;
      case "batch": {
        const first = sizes.length + 1;
        expect(log.appendBatch(each.sizes.map((bytes, index) => payload(first + index, bytes)))).toBe(first);
        sizes.push(...each.sizes);
        break;
      }
      case "write":
        log.write();
        expect(log.writtenLsn).toBe(sizes.length);
        break;
      case "sync":
        expect(await log.sync()).toBe(sizes.length);
        expect(log.durableLsn).toBe(sizes.length);
        break;
      case "sync-blocking":
        expect(log.syncBlocking()).toBe(sizes.length);
        break;
      case "reopen":
        await log.close();
        log = await openWal({ directory, ...options });
        break;
      case "abandon": {
        // What kill -9 leaves: everything written, and a lock of nobody. A copy stands for it, since this process lives on.
        log.write();
        const copy = new Directory(new MemoryFs({ image: (directory.fs as MemoryFs).snapshot() }));
        copy.remove("LOCK");
        const other = await openWal({ directory: copy, ...options });
        expectRecords(other.read(), other.firstLsn);
        expect(other.firstLsn).toBe(log.firstLsn);
        await other.close();
        break;
      }
      case "read":
        expectRecords(log.read(), log.firstLsn);
        expectRecords(openWalReader({ directory }).read(), log.firstLsn);
        break;
      case "read-from": {
        const from = log.firstLsn + Math.floor(each.share * (sizes.length - log.firstLsn + 1));
        expectRecords(log.read({ from }), from);
        break;
      }
      case "prune": {
        const upTo = Math.max(1, Math.floor(each.share * sizes.length));
        const { firstLsn } = log;
        await log.prune(upTo);
        expect(log.firstLsn).toBeLessThanOrEqual(Math.max(firstLsn, upTo + 1));
        expect(log.firstLsn).toBeGreaterThanOrEqual(firstLsn);
        break;
      }
    }
    expect(log.lastLsn).toBe(sizes.length);
  }
  await log.close();
  const last = await openWal({ directory, ...options });
  expectRecords(last.read(), last.firstLsn);
  expect(last.report.dropped).toEqual([]);
  expect(last.report.provenLsn).toBe(sizes.length);
  await last.close();
}

test("a log is an array that forgets its beginning", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), settings, play), {
    numRuns: Number(process.env["WAL_RUNS"] ?? 150),
    ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
  });
});
