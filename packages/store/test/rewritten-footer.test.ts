// The footer of a segment that retention has written again says of every event what the one before it said, of its place what is there now.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openSdx4, type Sdx4Entry } from "@holdfast/sidx-footer";
import { expect, test } from "vitest";
import { compact } from "../src/maintenance-entry.js";
import type { Store } from "../src/store.js";
import { openSample, Paid, Placed, type Sample } from "./sample-store.js";

interface Footer {
  readonly coveredBytes: number;
  readonly entries: readonly Sdx4Entry[];
}

function footersOf(directory: Directory, store: Store<Sample>): Footer[] {
  const sealed = store.maintenance.log.segments().filter(({ isSealed }) => isSealed);
  return sealed.map(({ file }) => {
    const footer = openSdx4(directory.readFile(file));
    if (footer === undefined) throw new Error(`${file} has no footer`);
    const entries = Array.from({ length: footer.entryCount }, (_, ordinal) => footer.readEntry(ordinal));
    return { coveredBytes: footer.trailer.coveredBytes, entries };
  });
}

/** In the format of records: an event whose payload was dropped. */
const DROPPED = 2;

test("every field but those of frames stays, and frames follow one another to the end", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory, { segmentBytes: 3000 });
  for (let number = 0; number < 12; number += 1) {
    const entity = number % 3 === 0 ? "secret:a" : `open:${number % 4}`;
    const by = `secret ${number} `.repeat(10);
    store.append({ entity, scope: `scope:${number % 5}`, lane: number % 2 }, Paid, { by }, { key: String(number) });
    store.commit((commit) => {
      for (const scope of ["x", "", "y"]) {
        commit.append({ entity: `${entity}/${scope}`, scope }, Placed, { amount: number });
      }
    });
  }
  await compact(store, { keep: () => true, rotate: true });
  const before = footersOf(directory, store);
  expect(before.length).toBeGreaterThan(2);
  const goes = (sequence: number): boolean => sequence % 4 === 1 || sequence % 12 === 3;
  await compact(store, { keep: ({ sequence }) => !goes(sequence) });
  const after = footersOf(directory, store);
  expect(after).toHaveLength(before.length);
  for (const [at, { entries, coveredBytes }] of after.entries()) {
    const place = { frameOffset: expect.any(Number), frameLength: expect.any(Number) };
    const expected = before[at]?.entries.map((entry) => {
      const flags = entry.flags + (goes(entry.sequence) ? DROPPED : 0);
      return { ...entry, ...place, flags };
    });
    expect(entries).toEqual(expected);
    let end = 64; // a segment's header
    for (const { frameOffset, frameLength, batchIndex } of entries) {
      if (batchIndex === 0) {
        expect(frameOffset).toBe(end);
        end += frameLength;
      }
      expect(frameOffset + frameLength).toBe(end);
    }
    // Behind them lies only what leads to the next segment: a watermark of four bytes.
    expect([0, 40]).toContain(coveredBytes - end);
  }
  expect(after.flatMap(({ entries }) => entries).some(({ batchIndex }) => batchIndex === 2)).toBe(true);
  await store.close();
});
