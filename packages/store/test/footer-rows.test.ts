// What the rows of footers say of frames, against the frames themselves: whatever wrote the segment, and whatever lies between.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { FrameCursor, frameKinds, readSegmentHeader, sourceOf } from "@holdfast/segment-codec";
import { openSdx4 } from "@holdfast/sidx-footer";
import { expect, test } from "vitest";
import { compact } from "../src/maintenance-entry.js";
import { determined, openSample } from "./sample-store.js";
import { appendOne, filledStore, keepOpen } from "./support/retained-store.js";

/** Of every event that lies in a segment with a footer: its sequence, and place, length and order in its frame. */
function placesIn(directory: Directory): { readonly frames: string[]; readonly rows: string[]; watermarks: number } {
  const found = { frames: [] as string[], rows: [] as string[], watermarks: 0 };
  for (const { name } of directory.list()) {
    if (!name.endsWith(".seg")) continue;
    const bytes = directory.readFile(name);
    const cursor = new FrameCursor(sourceOf(bytes), readSegmentHeader(sourceOf(bytes)));
    const frames: string[] = [];
    while (cursor.next()) {
      const { kind, span, lsn, offset, endOffset } = cursor;
      if (kind === frameKinds.watermark) found.watermarks += 1;
      for (let at = 0; at < span; at += 1) frames.push(`${lsn + at}: ${offset} ${endOffset - offset} ${at}`);
      if (kind !== frameKinds.footer) continue;
      const footer = openSdx4(cursor.bytes.slice(cursor.payloadStart, cursor.payloadEnd));
      if (footer === undefined) throw new Error(`${name} has a footer that is none`);
      for (let ordinal = 0; ordinal < footer.entryCount; ordinal += 1) {
        const { sequence, frameOffset, frameLength, batchIndex } = footer.readEntry(ordinal);
        found.rows.push(`${sequence}: ${frameOffset} ${frameLength} ${batchIndex}`);
      }
      found.frames.push(...frames);
    }
  }
  return found;
}

test("a row says where the frame of its event begins, how long it is, and which of its events this one is", async () => {
  const directory = new Directory(new MemoryFs());
  let store = await filledStore(directory, { count: 40 });
  await store.close();
  for (let run = 1; run <= 3; run += 1) {
    store = await openSample(directory, { ...determined(run), mergeBytes: 100_000 }); // writes the last ones again, and a watermark
    if (run !== 2) appendOne(store, 100 + run);
    await store.sync();
    await store.close();
  }
  const written = placesIn(directory);
  expect(written.watermarks).toBeGreaterThan(0);
  expect(written.rows.length).toBeGreaterThan(50);
  expect(written.rows).toEqual(written.frames);
  store = await openSample(directory, determined(9));
  await compact(store, { keep: keepOpen, rotate: true });
  await store.close();
  const rewritten = placesIn(directory);
  expect(rewritten.rows).toEqual(rewritten.frames);
  expect(rewritten.rows.length).toBeGreaterThanOrEqual(written.rows.length);
  expect(rewritten.rows).not.toEqual(written.rows);
});
