// What it costs to begin reading near the end of a log of many segments: as much as in one of few.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal } from "../src/index.js";
import { openRecordCursor } from "../src/record-cursor.js";
import { liveSegments, surveySegments } from "../src/segment-survey.js";
import { SparseIndex } from "../src/sparse-index.js";
import { small } from "./log-law.js";

test.each([20, 300])("of %i segments, whoever reads the last record looks at the last ones", async (count) => {
  const directory = new Directory(new MemoryFs());
  const log = await openWal({ directory, ...small });
  for (let each = 0; each < count; each += 1) log.append(new Uint8Array(100).fill(each % 251));
  await log.close();
  let looks = 0;
  const live = liveSegments(surveySegments(directory).sound).map(({ header, ...segment }) => ({
    ...segment,
    get header() {
      looks += 1;
      return header;
    },
  }));
  expect(live.length).toBe(count);
  const cursor = openRecordCursor({
    directory,
    live,
    maxPayloadBytes: 1000,
    from: count,
    lastLsn: count,
    index: new SparseIndex(),
  });
  expect([cursor.next(), cursor.lsn, cursor.view()[0]]).toEqual([true, count, (count - 1) % 251]);
  expect(cursor.next()).toBe(false);
  cursor.close();
  expect(looks).toBeLessThanOrEqual(16);
});
