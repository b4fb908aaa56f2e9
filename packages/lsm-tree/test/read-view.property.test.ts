// Laws 23 and 27, and that point reads agree with them: whatever lies where, a view shows at every seqno what the history says.
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { KeyBounds } from "../src/index.js";
import type { ViewCursor } from "../src/view-cursor.js";
import { entryOf, hexOf, isSame, keys, versionAt, visibleAt, type Entry } from "./support/entries.js";
import { layOut, layouts, type Layout } from "./support/layout.js";
import { tableFiles } from "./support/table-directory.js";

const bounds: fc.Arbitrary<KeyBounds> = fc.record(
  { gt: keys, gte: keys, lt: keys, lte: keys },
  { requiredKeys: [], noNullPrototype: true },
);

function isInside(key: Uint8Array, { gt, gte, lt, lte }: KeyBounds): boolean {
  if (gte !== undefined ? Buffer.compare(key, gte) < 0 : gt !== undefined && Buffer.compare(key, gt) <= 0) return false;
  return lte !== undefined ? Buffer.compare(key, lte) <= 0 : lt === undefined || Buffer.compare(key, lt) < 0;
}

function rest(cursor: ViewCursor): Entry[] {
  const found: Entry[] = [];
  for (; cursor.valid; cursor.next()) found.push(entryOf(cursor));
  return found;
}

function seqnosOf({ entries }: Layout): number[] {
  const all = entries.map(({ seqno }) => seqno);
  const some = all.filter((_, at) => at % Math.ceil(all.length / 5) === 0);
  return [...new Set([0, ...some, (all.at(-1) ?? 0) + 1])];
}

test("a get finds at every seqno the version that the history says", async () => {
  await fc.assert(
    fc.asyncProperty(layouts, fc.array(keys, { maxLength: 5 }), fc.boolean(), async (layout, others, fillCache) => {
      using files = tableFiles({ blockBytes: 60, maxOpenTables: 2 });
      const { view } = await layOut(layout, files);
      const asked = [...layout.entries.map(({ key }) => key), ...others];
      for (const seqno of seqnosOf(layout)) {
        const expected = asked.map((key) => versionAt(layout.entries, key, seqno));
        asked.forEach((key, at) => {
          const found = view.find(key, seqno, view.hash(key), fillCache);
          expect(found === undefined ? undefined : entryOf(found)).toEqual(expected[at]);
        });
        const values = view.getMany(asked, seqno, fillCache);
        expect(values.map((value) => value && hexOf(value))).toEqual(
          expected.map((entry) => entry?.value && hexOf(entry.value)),
        );
      }
    }),
    { numRuns: 60 },
  );
});

test("law 27: a cursor shows what the seqno sees inside the bounds, in both directions, from the start and from any place it is put to", async () => {
  await fc.assert(
    fc.asyncProperty(
      layouts,
      bounds,
      fc.array(keys, { maxLength: 4 }),
      fc.boolean(),
      async (layout, range, targets, fillCache) => {
        const fs = new FaultFs(new MemoryFs());
        using files = tableFiles({ fs, blockBytes: 60, maxOpenTables: 1 });
        const { view } = await layOut(layout, files);
        for (const seqno of seqnosOf(layout)) {
          const ascending = visibleAt(layout.entries, seqno).filter(({ key }) => isInside(key, range));
          const places = [...targets, ...layout.entries.slice(0, 3).map(({ key }) => key)];
          for (const reverse of [false, true]) {
            using cursor = view.cursor(seqno, { ...range, reverse, fillCache });
            expect(cursor.valid).toBe(false);
            cursor.start();
            expect(isSame(rest(cursor), reverse ? ascending.toReversed() : ascending)).toBe(true);
            for (const target of places) {
              cursor.seek(target);
              const expected = !isInside(target, range)
                ? []
                : reverse
                  ? ascending.filter(({ key }) => Buffer.compare(key, target) <= 0).toReversed()
                  : ascending.filter(({ key }) => Buffer.compare(key, target) >= 0);
              expect(isSame(rest(cursor), expected)).toBe(true);
            }
            cursor.start();
            expect(isSame(rest(cursor), reverse ? ascending.toReversed() : ascending)).toBe(true);
          }
        }
        files.close();
        expect(fs.openHandles).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});
