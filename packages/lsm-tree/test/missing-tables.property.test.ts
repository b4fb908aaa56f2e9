// Tables that are gone: whoever goes through a range is given everything before their keys, told of them there, and given what lies behind.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Version, type TableMeta } from "../src/format-entry.js";
import { LsmError } from "../src/lsm-error.js";
import { ReadView } from "../src/read-view.js";
import type { KeyBounds } from "../src/visible-entries.js";
import { bytesOf, entryOf, type Entry } from "./support/entries.js";
import { memtableOf } from "./support/layout.js";
import { tableFiles, writeTable } from "./support/table-directory.js";
import { hashKeyOfTests } from "./support/tables.js";

const KEYS = 40;
const keyAt = (at: number): string => `k${String(at).padStart(2, "0")}`;
const numberOf = (key: Uint8Array): number => Number(Buffer.from(key).toString().slice(1));

/** Keys of one table of level 1 to 3: from the first to the last, every so many. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isGone: boolean;
}

const levelOf = fc.uniqueArray(fc.integer({ min: 0, max: KEYS - 1 }), { minLength: 2, maxLength: 8 }).chain((ends) =>
  fc
    .array(fc.record({ step: fc.integer({ min: 1, max: 4 }), isGone: fc.boolean() }), {
      minLength: ends.length >> 1,
      maxLength: ends.length >> 1,
    })
    .map((kinds): Part[] => {
      const sorted = ends.toSorted((a, b) => a - b);
      return kinds.map((kind, at) => ({ ...kind, from: sorted[2 * at]!, to: sorted[2 * at + 1]! }));
    }),
);

const boundOf = fc.option(fc.record({ at: fc.integer({ min: 0, max: KEYS - 1 }), isInclusive: fc.boolean() }));

interface Layout extends Disposable {
  readonly view: ReadView;
  readonly expected: ReadonlyMap<number, string>;
  readonly gone: readonly Part[];
  /** Puts back what is gone. */
  restore(): void;
}

async function layoutOf(levels: readonly (readonly Part[])[], inMemory: readonly number[]): Promise<Layout> {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const files = tableFiles({ directory, blockBytes: 60, maxOpenTables: 2 });
  const metas: TableMeta[] = [];
  const gone: Part[] = [];
  const removed = new Map<string, Uint8Array>();
  const expected = new Map<number, string>();
  for (const [depth, parts] of [...levels.entries()].toReversed()) {
    for (const part of parts) {
      const numbers = [part.from];
      for (let at = part.from + part.step; at < part.to; at += part.step) numbers.push(at);
      numbers.push(part.to);
      const entries = numbers.flatMap((at): Entry[] => {
        const newest = { key: bytesOf(keyAt(at)), seqno: 100 * (5 - depth) + at, value: bytesOf(`level ${depth}`) };
        return [newest, { ...newest, seqno: newest.seqno - KEYS, value: bytesOf("written over") }];
      });
      metas.push(await writeTable(files, metas.length + 1, entries, depth + 1));
      for (const at of numbers) expected.set(at, `level ${depth}`);
      if (!part.isGone) continue;
      gone.push(part);
      removed.set(`${metas.length}.sst`, directory.readFile(`${metas.length}.sst`));
      directory.remove(`${metas.length}.sst`);
    }
  }
  const memtable = inMemory
    .toSorted((a, b) => a - b)
    .map((at): Entry => {
      expected.set(at, "memory");
      return { key: bytesOf(keyAt(at)), seqno: 1000 + at, value: bytesOf("memory") };
    });
  const version = Version.empty(5).apply(metas.map((table) => ({ kind: "addTable", table })));
  const memtables = [memtableOf(memtable)];
  return {
    ...{ expected, gone, view: new ReadView({ memtables, version, tables: files, hashKey: hashKeyOfTests }) },
    restore: () => {
      for (const [name, bytes] of removed) directory.writeFile(name, bytes);
    },
    [Symbol.dispose]: () => files.close(),
  };
}

const levelsOf = fc.array(levelOf, { minLength: 1, maxLength: 3 });
const memoryOf = fc.uniqueArray(fc.integer({ min: 0, max: KEYS - 1 }), { maxLength: 5 });

test("forward and back, within any bounds: all before the first of their keys, and all behind the last", async () => {
  let failures = 0;
  await fc.assert(
    fc.asyncProperty(
      levelsOf,
      memoryOf,
      fc.tuple(boundOf, boundOf),
      fc.boolean(),
      async (levels, inMemory, [lower, upper], reverse) => {
        using layout = await layoutOf(levels, inMemory);
        const { view, expected, gone } = layout;
        const bounds: KeyBounds = {
          ...(lower && { [lower.isInclusive ? "gte" : "gt"]: bytesOf(keyAt(lower.at)) }),
          ...(upper && { [upper.isInclusive ? "lte" : "lt"]: bytesOf(keyAt(upper.at)) }),
        };
        const first = lower === null ? 0 : lower.at + (lower.isInclusive ? 0 : 1);
        const last = upper === null ? KEYS - 1 : upper.at - (upper.isInclusive ? 0 : 1);
        const isGone = (at: number): boolean => gone.some(({ from, to }) => at >= from && at <= to);
        using cursor = view.cursor(9999, { ...bounds, reverse });
        const found: number[] = [];
        let start: (() => void) | undefined = () => cursor.start();
        while (start !== undefined) {
          let next: (() => void) | undefined;
          try {
            for (start(); cursor.valid; cursor.next()) {
              const { key, value } = entryOf(cursor);
              expect(Buffer.from(value!).toString()).toBe(expected.get(numberOf(key)));
              found.push(numberOf(key));
            }
          } catch (error) {
            if (!(error instanceof LsmError)) throw error;
            failures += 1;
            expect(error.code).toBe("LSM_MISSING_TABLE");
            const [from, to] = [error.context.keysFrom, error.context.keysUpTo].map((key) =>
              numberOf(Buffer.from(key ?? "", "hex")),
            ) as [number, number];
            expect(gone).toContainEqual(expect.objectContaining({ from, to }));
            // That table may have keys that are asked for.
            expect(lower === null || (lower.isInclusive ? to >= lower.at : to > lower.at)).toBe(true);
            expect(upper === null || (upper.isInclusive ? from <= upper.at : from < upper.at)).toBe(true);
            const behind = reverse ? from - 1 : to + 1;
            const outside = Array.from({ length: KEYS }, (_, at) => at).filter((at) => (reverse ? at > to : at < from));
            const due = outside.filter((at) => at >= first && at <= last && expected.has(at) && !isGone(at));
            expect(found.toSorted((a, b) => a - b)).toEqual(due);
            if (behind >= 0 && behind < KEYS) next = () => cursor.seek(bytesOf(keyAt(behind)));
          }
          start = next;
        }
        const due = [...expected.keys()].filter((at) => at >= first && at <= last && !isGone(at));
        expect(found).toEqual(due.toSorted((a, b) => (reverse ? b - a : a - b)));
      },
    ),
    { numRuns: 150 },
  );
  expect(failures).toBeGreaterThan(50);
});

test("tables that are there again when the cursor comes to them are read as if nothing had been", async () => {
  await fc.assert(
    fc.asyncProperty(levelsOf, memoryOf, fc.nat(KEYS), fc.boolean(), async (levels, inMemory, taken, reverse) => {
      using layout = await layoutOf(levels, inMemory);
      const { view, expected } = layout;
      using cursor = view.cursor(9999, { reverse });
      const found: (readonly [number, string])[] = [];
      const take = (): void => {
        const { key, value } = entryOf(cursor);
        found.push([numberOf(key), Buffer.from(value!).toString()]);
      };
      try {
        for (cursor.start(); cursor.valid; cursor.next()) take();
      } catch (error) {
        expect(error).toMatchObject({ code: "LSM_MISSING_TABLE" });
      }
      const readable = Math.min(taken, found.splice(0).length);
      if (readable === 0) layout.restore();
      cursor.start();
      for (let at = 1; at <= readable; at++) {
        take();
        if (at === readable) layout.restore(); // it may stand before one that is gone
        cursor.next();
      }
      for (; cursor.valid; cursor.next()) take();
      const all = [...expected].toSorted(([a], [b]) => (reverse ? b - a : a - b));
      expect(found).toEqual(all);
    }),
    { numRuns: 300 },
  );
});
