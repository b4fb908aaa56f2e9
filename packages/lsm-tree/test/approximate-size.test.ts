// How much of the files a range takes.
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { approximateSize } from "../src/approximate-size.js";
import { Version } from "../src/format-entry.js";
import { bytesOf, keys, type Entry } from "./support/entries.js";
import { layOut, layouts } from "./support/layout.js";
import { tableFiles, writeTable } from "./support/table-directory.js";

test("sizes of ranges that follow one another add up, and all together are the files", async () => {
  await fc.assert(
    fc.asyncProperty(layouts, fc.array(keys, { maxLength: 6 }), async (layout, cuts) => {
      using files = tableFiles({ blockBytes: 60, maxOpenTables: 2 });
      const { version, metas } = await layOut(layout, files);
      const end = new Uint8Array(400).fill(0xff);
      const places = [new Uint8Array(), ...cuts, end].toSorted((a, b) => Buffer.compare(a, b));
      let sum = 0;
      for (const [at, place] of places.slice(1).entries()) {
        const part = approximateSize(version, files, places[at]!, place);
        expect(part).toBeGreaterThanOrEqual(0);
        sum += part;
      }
      expect(sum).toBe(metas.reduce((total, { bytes }) => total + bytes, 0));
      expect(approximateSize(version, files, end, new Uint8Array())).toBe(0);
      for (const cut of cuts) expect(approximateSize(version, files, cut, cut)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test("a part of a table counts by its blocks, and tables wholly inside or outside are not opened", async () => {
  const fs = new FaultFs(new MemoryFs());
  using files = tableFiles({ fs, blockBytes: 200, codec: null, filterBitsPerKey: 0 });
  const entries: Entry[] = Array.from({ length: 1000 }, (_, at) => ({
    key: bytesOf(String(at).padStart(4, "0")),
    seqno: at + 1,
    value: new Uint8Array(90).fill(at),
  }));
  const metas = [
    await writeTable(files, 1, entries.slice(0, 500), 1),
    await writeTable(files, 2, entries.slice(500), 1),
    await writeTable(files, 3, entries.slice(990), 0),
  ];
  const version = Version.empty(2).apply(metas.map((table) => ({ kind: "addTable", table })));
  const half = approximateSize(version, files, bytesOf("0100"), bytesOf("0350"));
  // A quarter of a thousand entries of 100 bytes and a little more.
  expect(half).toBeGreaterThan(250 * 94);
  expect(half).toBeLessThan(250 * 94 * 1.4);
  expect(fs.openHandles.map(({ path }) => path)).toEqual(["/1.sst"]);
  expect(approximateSize(version, files, bytesOf(""), bytesOf("0500"))).toBe(metas[0]!.bytes);
  expect(fs.openHandles).toHaveLength(1);
  expect(approximateSize(version, files, bytesOf("0499"), bytesOf("0500"))).toBeGreaterThan(100);
});
