// One cursor over the tables of a level: what it opens, what it keeps open, and what a failure leaves of it.
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import type { TableMeta } from "../src/format-entry.js";
import { LevelCursor } from "../src/level-cursor.js";
import { backward, bytesOf, entryOf, forward, type Entry } from "./support/entries.js";
import { tableFiles, writeTable } from "./support/table-directory.js";
import type { TableFiles } from "../src/table-files.js";

const prefixes = ["a", "b", "c", "d"];
const entries: readonly Entry[] = prefixes.flatMap((prefix) =>
  Array.from({ length: 12 }, (_, at) => ({
    key: bytesOf(`${prefix}${String(Math.floor(at / 2)).padStart(2, "0")}`),
    seqno: 40 - at,
    value: bytesOf(`value ${at}`),
  })),
);

async function level(files: TableFiles): Promise<TableMeta[]> {
  const metas: TableMeta[] = [];
  for (const [at, prefix] of prefixes.entries()) {
    const part = entries.filter(({ key }) => key[0] === prefix.charCodeAt(0));
    metas.push(await writeTable(files, at + 1, part, 1));
  }
  return metas;
}

const opened = (fs: FaultFs): string[] => fs.openHandles.map(({ path }) => path).toSorted();

test("it is the sorted list of all, and opens tables only as it comes to them", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 40 });
  const cursor = new LevelCursor(files, await level(files), true);
  expect(opened(fs)).toEqual([]);
  cursor.seek(bytesOf("b03"), 99);
  expect(opened(fs)).toEqual(["/2.sst"]);
  cursor.seekBefore(bytesOf("c"), 99);
  expect(entryOf(cursor)).toEqual(entries[23]);
  expect(opened(fs)).toEqual(["/2.sst"]);
  cursor.seek(bytesOf("zz"), 0);
  expect(cursor.valid).toBe(false);
  expect(opened(fs)).toEqual(["/2.sst"]);
  expect(forward(cursor)).toEqual(entries);
  expect(backward(cursor)).toEqual(entries.toReversed());
});

test("versions of a table's last key that are all too new lead to the next table, and of its first key to the one before", async () => {
  using files = tableFiles();
  const cursor = new LevelCursor(files, await level(files), true);
  cursor.seek(bytesOf("a05"), 20);
  expect(entryOf(cursor)).toEqual(entries[12]);
  cursor.seekBefore(bytesOf("b00"), 40);
  expect(entryOf(cursor)).toEqual(entries[11]);
  cursor.seekBefore(bytesOf("b00"), 39);
  expect(entryOf(cursor)).toEqual(entries[12]);
  cursor.seekBefore(bytesOf("a05"), 20);
  expect(entryOf(cursor)).toEqual(entries[11]);
  cursor.seekBefore(bytesOf("a00"), 40);
  expect(cursor.valid).toBe(false);
  cursor.seek(bytesOf("d05"), 28);
  expect(cursor.valid).toBe(false);
});

test("it keeps the one table open in which it stands, until it is closed", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 40 });
  const metas = await level(files);
  const cursor = new LevelCursor(files, metas, true);
  cursor.first();
  cursor.seek(bytesOf("c00"), 99);
  for (const { tableNumber } of metas) files.remove(tableNumber);
  expect(opened(fs)).toEqual(["/3.sst"]);
  const found: Entry[] = [];
  for (; cursor.valid && cursor.keyBytes[0] === 0x63 && found.length < 12;) {
    found.push(entryOf(cursor));
    if (found.length < 12) cursor.next();
  }
  expect(found).toEqual(entries.slice(24, 36));
  cursor.close();
  cursor.close();
  expect([cursor.valid, opened(fs)]).toEqual([false, []]);
});

test("a cursor that was closed may be placed anew", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, maxOpenTables: 1 });
  const metas = await level(files);
  const cursor = new LevelCursor(files, metas, true);
  cursor.first();
  cursor.close();
  files.reader(metas[3]!);
  cursor.first();
  expect(entryOf(cursor)).toEqual(entries[0]);
  cursor.close();
});

const directions = [
  ["first", "next", entries],
  ["last", "prev", entries.toReversed()],
] as const;

test.each(["open:*.sst", "read:*.sst"])(
  "a step that fails at any place (%s) may be tried again, and nothing is passed by",
  async (calls) => {
    for (const [start, move, expected] of directions) {
      let failures = 0;
      for (let nth = 1; failures === nth - 1; nth++) {
        const fs = new FaultFs(new MemoryFs());
        using files = tableFiles({ fs, blockBytes: 40, filterBitsPerKey: 0 });
        const cursor = new LevelCursor(files, await level(files), false);
        fs.plan.arm(`${calls} n${nth} EIO`);
        const step = (run: "first" | "last" | "next" | "prev"): void => {
          try {
            cursor[run]();
          } catch (error) {
            expect(error).toMatchObject({ code: "LSM_READ_FAILED" });
            expect(cursor.valid).toBe(false);
            failures += 1;
            cursor[run]();
          }
        };
        const found: Entry[] = [];
        for (step(start); cursor.valid; step(move)) found.push(entryOf(cursor));
        expect(found).toEqual(expected);
      }
      expect(failures).toBeGreaterThan(3);
    }
  },
);
