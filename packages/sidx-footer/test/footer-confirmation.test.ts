// What a footer is worth against the frames of its segment, case by case.
import { expect, test } from "vitest";
import { scanFbatSegment } from "@holdfast/segment-codec/fbat";
import {
  confirmFooter,
  encodeSdx2,
  encodeSdx3,
  readSdx3,
  readSdx3Segment,
  sdx3RowDiffers,
  sdx3RowOf,
  type ConfirmedEvent,
  type ReadFooter,
  type Sdx2Claim,
  type Sdx3Row,
} from "../src/sdx3-entry.js";
import { buildFbatSegment, withFooter, type FbatSegment } from "./support/fbat-segment.js";

function read(file: Uint8Array): ReadFooter {
  const outcome = readSdx3(file);
  if (outcome.kind === "sdx3" || outcome.kind === "sdx2") return outcome;
  throw new Error(outcome.kind);
}

const places = (frames: readonly { readonly offset: number }[]): readonly number[] =>
  frames.map(({ offset }) => offset);

const one = {
  entity: "e",
  scope: "s",
  kind: 0x1000,
  eventId: new Uint8Array(16).fill(9),
  timestampUs: 5n,
  content: new Uint8Array(3),
};

test("numbers that do not ascend are no numbers, but what the rows claim is handed out", () => {
  const segment = buildFbatSegment([{ append: one }, { append: one }, { append: one }], 40n);
  const numbered = (numbers: readonly bigint[]) => {
    const rows = segment.rows.map((row, index) => ({ ...row, globalSequence: numbers[index] ?? 0n }));
    const footer = read(withFooter(segment, encodeSdx3(rows, segment.frames.length)));
    return confirmFooter(footer, scanFbatSegment(segment.frames));
  };
  const confirmed = (numbers: readonly bigint[], sequencesAscend: boolean) => ({
    kind: "confirmed",
    sequencesAscend,
    events: numbers.map((claimedSequence) => ({
      claimedSequence,
      globalSequence: sequencesAscend ? claimedSequence : undefined,
      committedBy: "frames",
    })),
  });
  for (const [numbers, ascend] of [
    [[3n, 7n, 2n ** 64n - 1n], true],
    [[3n, 3n, 4n], false],
    [[3n, 5n, 4n], false],
    [[9n, 5n, 6n], false],
  ] as const) {
    expect(numbered(numbers)).toMatchObject(confirmed(numbers, ascend));
  }
});

/** A batch of three of which only the begin marker and one item were written, and a writer that went on. */
function failedBatch(): { readonly segment: FbatSegment; readonly behind: readonly Sdx3Row[] } {
  const segment = buildFbatSegment([
    { append: one },
    { batch: [one, one, one], keep: 2 },
    { append: one },
    { append: one },
  ]);
  const [first, , , ...later] = segment.all; // the marker and the item have no rows
  if (first === undefined) throw new Error("nothing was built");
  return { segment, behind: [first, ...later].map((frame, index) => sdx3RowOf(frame, BigInt(index))) };
}

test("events behind a batch that failed are listed by a footer under a checksum, and by nothing else", () => {
  const { segment, behind } = failedBatch();
  expect(segment.rows).toHaveLength(1); // the frames alone take them for items of the batch
  const found = readSdx3Segment(withFooter(segment, encodeSdx3(behind, segment.frames.length)));
  expect(places(found.events.map(({ frame }) => frame))).toEqual(behind.map(({ frameOffset }) => frameOffset));
  expect(found.footer).toMatchObject({ kind: "confirmed", sequencesAscend: true });
  const scan = scanFbatSegment(segment.frames);
  const confirmation = confirmFooter(read(withFooter(segment, encodeSdx3(behind, segment.frames.length))), scan);
  expect(confirmation).toMatchObject({
    events: [{ committedBy: "frames" }, { committedBy: "footer" }, { committedBy: "footer" }],
  });
  const legacy = readSdx3Segment(withFooter(segment, encodeSdx2(behind, segment.frames.length)), { newest: true });
  expect(legacy).toMatchObject({ footer: { kind: "dropped", error: { context: { field: "committed" } } } });
  expect(legacy.events).toHaveLength(1);
});

test("a marker has no row, and no row passes for a marker", () => {
  const segment = buildFbatSegment([{ batch: [one] }]);
  const [begin, item] = segment.all;
  if (begin === undefined || item === undefined) throw new Error("nothing was built");
  expect(() => sdx3RowOf(begin, 0n)).toThrow(TypeError);
  const row = { ...sdx3RowOf(item, 0n), frameOffset: begin.offset, frameLength: begin.length };
  const found = readSdx3Segment(withFooter(segment, encodeSdx3([row], segment.frames.length)));
  expect(found).toMatchObject({
    footer: { kind: "dropped", error: { context: { field: "kind", offset: begin.offset } } },
  });
});

test("a footer of other frames is foreign, and one whose frames stop short", () => {
  const segment = buildFbatSegment([{ append: one }, { append: one }]);
  const footer = read(withFooter(segment));
  const [first] = segment.all;
  const short = segment.frames.subarray(0, (first?.offset ?? 0) + (first?.length ?? 0));
  const cut = scanFbatSegment(segment.frames.subarray(0, -1), { newest: true });
  for (const scan of [scanFbatSegment(short), cut]) {
    expect(confirmFooter(footer, scan)).toMatchObject({
      kind: "refuted",
      error: { code: "SIDX_FOREIGN", context: { field: "framesEnd", expected: segment.frames.length } },
    });
  }
  // Zeros behind the frames: they end where they should, and a footer is not what follows.
  const padded = new Uint8Array(segment.frames.length + 8);
  padded.set(segment.frames);
  expect(confirmFooter(footer, scanFbatSegment(padded, { newest: true })).kind).toBe("refuted");
  const other = buildFbatSegment([{ append: { ...one, scope: "t" } }, { append: one }]);
  expect(confirmFooter(footer, scanFbatSegment(other.frames))).toMatchObject({ kind: "refuted" });
});

test("a row of one frame is not that of another", () => {
  const segment = buildFbatSegment([{ append: one }, { append: one }]);
  const [first, second] = segment.events;
  const [row] = segment.rows;
  if (first === undefined || second === undefined || row === undefined) throw new Error("nothing was built");
  expect(sdx3RowDiffers(row, first)).toBeUndefined();
  expect(sdx3RowDiffers({ ...row, globalSequence: 99n }, first)).toBeUndefined();
  expect(sdx3RowDiffers(row, second)).toBe("frameOffset");
  // One byte before its frame, and in everything else the same.
  const early = { ...row, frameOffset: row.frameOffset - 1 };
  const footer = encodeSdx3([early, ...segment.rows.slice(1)], segment.frames.length);
  expect(readSdx3Segment(withFooter(segment, footer))).toMatchObject({
    footer: { kind: "dropped", error: { code: "SIDX_FOREIGN", context: { entry: 0, field: "frameOffset" } } },
  });
});

test("a row behind the last frame is of no frame", () => {
  const segment = buildFbatSegment([{ append: one }]);
  const [row] = segment.rows;
  if (row === undefined) throw new Error("nothing was built");
  const shorter = { ...row, frameLength: row.frameLength - 20 };
  const second = { ...row, frameOffset: row.frameOffset + shorter.frameLength, frameLength: 20 };
  const footer = read(withFooter(segment, encodeSdx3([shorter, second], segment.frames.length)));
  expect(confirmFooter(footer, scanFbatSegment(segment.frames))).toMatchObject({ error: { context: { entry: 0 } } });
  const { events } = readSdx3Segment(segment.frames);
  const none = buildFbatSegment([]);
  expect(events).toHaveLength(1);
  const stray = { ...row, frameOffset: none.frames.length - 9, frameLength: 9 };
  const overHeader = read(withFooter(none, encodeSdx3([stray], none.frames.length)));
  expect(confirmFooter(overHeader, scanFbatSegment(none.frames))).toMatchObject({
    error: { code: "SIDX_FOREIGN", context: { entry: 0, field: "frameOffset", offset: stray.frameOffset } },
  });
});

test("frames that reach the end of the file are believed before a footer that their bytes imitate", () => {
  // An extension of the last frame that is a whole SDX2 footer without rows. Bytes from 128 on have another before them in a frame,
  // so the footer begins with the second byte of `cc 90`, and the rest has to be below 128.
  const imitate = (size: number, claimed: number): FbatSegment => {
    const value = encodeSdx2([], claimed);
    return buildFbatSegment([
      { append: { ...one, content: new Uint8Array(size), extensions: new Map([["app.z", value]]) } },
    ]);
  };
  const start = (size: number): number => imitate(size, 8).frames.length - 17;
  const sizes = Array.from({ length: 200 }, (_, size) => size).filter((size) => (start(size) & 0x80) === 0);
  expect(sizes.length).toBeGreaterThan(0);
  for (const size of sizes.slice(0, 3)) {
    const { frames } = imitate(size, start(size));
    expect(readSdx3(frames)).toMatchObject({ kind: "sdx2", framesEnd: start(size) });
    const found = readSdx3Segment(frames);
    expect(found).toMatchObject({ end: { kind: "clean", endOffset: frames.length }, footer: { kind: "absent" } });
    expect(found.events).toHaveLength(1);
  }
});

test.each(["SDX2", "SDX3", "SDX7"])("frames that end in the letters %s have no footer", (letters) => {
  const extensions = new Map([["app.z", new TextEncoder().encode(`0123456789abcdef${letters}`)]]);
  const { frames } = buildFbatSegment([{ append: { ...one, extensions } }]);
  expect(readSdx3(frames).kind).toBe(letters === "SDX7" ? "unsupported" : "unusable");
  for (const newest of [true, false]) {
    const found = readSdx3Segment(frames, { newest });
    expect(found).toMatchObject({ end: { kind: "clean", endOffset: frames.length }, footer: { kind: "absent" } });
    expect(found.events).toHaveLength(1);
  }
});

test("a claim passes for no row and for no confirmed event", () => {
  const claims: readonly Sdx2Claim[] = [];
  // @ts-expect-error what no checksum covers is no row
  const rows: readonly Sdx3Row[] = claims;
  // @ts-expect-error and no confirmed event
  const events: readonly ConfirmedEvent[] = claims;
  // @ts-expect-error nor is a row without its frame
  const fromRows: readonly ConfirmedEvent[] = [] as readonly Sdx3Row[];
  expect([rows, events, fromRows]).toEqual([[], [], []]);
});
