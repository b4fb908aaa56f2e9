// The laws of SDX3 and SDX2: one spelling, and nothing listed that frames and checksums do not bear out.
import fc from "fast-check";
import { expect, test } from "vitest";
import { sourceOf } from "@holdfast/segment-codec";
import { scanFbatSegment } from "@holdfast/segment-codec/fbat";
import {
  encodeSdx2,
  encodeSdx3,
  readSdx3,
  readSdx3Segment,
  sdx3RowOf,
  type ReadFooter,
  type Sdx3Row,
} from "../src/sdx3-entry.js";
import { anyAppend, anyFbatSegment, buildFbatSegment, withFooter } from "./support/fbat-segment.js";

const bytesOf = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size });
const uint32 = fc.oneof(
  fc.nat(9),
  fc.nat(0xffff).map((value) => (value * 0x1_0001) >>> 0),
);
const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
const name = fc.oneof(
  fc.constantFrom("a", "b", "x".repeat(1024)),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }),
);
const goodName = name.filter((text) => !/[\p{Surrogate}\u0000-\u001f\u007f/|=]|\.\./u.test(text));

/** Rows as a writer may have them: frames ascend with gaps, everything else is free. */
const anyRows: fc.Arbitrary<{ readonly rows: readonly Sdx3Row[]; readonly framesEnd: number }> = fc
  .tuple(
    fc.array(
      fc.record({
        eventId: bytesOf(16),
        correlationId: bytesOf(16),
        causationId: fc.option(
          bytesOf(16).filter((id) => id.some((byte) => byte !== 0)),
          { nil: undefined },
        ),
        entity: goodName,
        scope: goodName,
        kind: fc.integer({ min: 8, max: 0xffff }),
        wallMs: uint64,
        clock: uint32,
        lane: uint32,
        depth: uint32,
        previousHash: bytesOf(32),
        eventHash: bytesOf(32),
        frameOffset: fc.nat(40), // a gap before the frame
        frameLength: fc.oneof(fc.constant(9), fc.integer({ min: 10, max: 70 })),
        globalSequence: uint64,
      }),
      { maxLength: 5 },
    ),
    fc.nat(40),
  )
  .map(([drawn, gap]) => {
    let at = 8;
    const rows = drawn.map((row) => {
      const frameOffset = at + row.frameOffset;
      at = frameOffset + row.frameLength;
      return { ...row, frameOffset };
    });
    return { rows, framesEnd: at + gap };
  });

/** A file that holds `footer` in its place, and zeros instead of frames. */
function fileOf(footer: Uint8Array, framesEnd: number): Uint8Array {
  const file = new Uint8Array(framesEnd + footer.length);
  file.set(footer, framesEnd);
  return file;
}

function rowsOf(footer: ReadFooter): readonly Sdx3Row[] {
  return footer.kind === "sdx3" ? [...footer.rows] : [...footer.claims].map(({ claim }) => claim);
}

function read(file: Uint8Array): ReadFooter {
  const outcome = readSdx3(file);
  if (outcome.kind === "sdx3" || outcome.kind === "sdx2") return outcome;
  throw new Error(JSON.stringify(outcome), { cause: "error" in outcome ? outcome.error : undefined });
}

const formats = [
  ["sdx3", encodeSdx3],
  ["sdx2", encodeSdx2],
] as const;

test.each(formats)(
  "%s: rows come back field by field, one by one as well, and encode to the same bytes",
  (kind, encode) => {
    fc.assert(
      fc.property(anyRows, ({ rows, framesEnd }) => {
        const footer = encode(rows, framesEnd);
        const found = read(fileOf(footer, framesEnd));
        expect(found).toMatchObject({ kind, framesEnd });
        expect(rowsOf(found)).toEqual(rows);
        expect(encode(rowsOf(found), framesEnd)).toEqual(footer);
        const list = found.kind === "sdx3" ? found.rows : found.claims;
        expect(list.length).toBe(rows.length);
        for (const [index, row] of rows.entries()) {
          expect(found.kind === "sdx3" ? found.rows.at(index) : found.claims.at(index).claim).toEqual(row);
          if (found.kind === "sdx3") expect(found.rows.frameOffset(index)).toBe(row.frameOffset);
        }
        for (const index of [-1, rows.length, 0.5, Number.NaN]) expect(() => list.at(index)).toThrow(RangeError);
      }),
    );
  },
);

test("footers have the length of the layout, and SDX2 is SDX3 without its checksum", () => {
  fc.assert(
    fc.property(anyRows, ({ rows, framesEnd }) => {
      const [three, two] = [encodeSdx3(rows, framesEnd), encodeSdx2(rows, framesEnd)];
      expect(two.length).toBe(three.length - 4);
      expect(two.subarray(0, -16)).toEqual(three.subarray(0, -20));
      expect(two.subarray(-16, -4)).toEqual(three.subarray(-16, -4));
      const names = [...new Set(rows.flatMap(({ entity, scope }) => [entity, scope]))];
      expect(read(fileOf(three, framesEnd)).names).toEqual(names);
    }),
  );
});

test.each(formats)(
  "%s: one changed byte is refused, or is the one spelling of other rows, which a checksum rules out",
  (kind, encode) => {
    fc.assert(
      fc.property(anyRows, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ rows, framesEnd }, where, change) => {
        const footer = encode(rows, framesEnd);
        const at = where % footer.length;
        footer[at] = (footer[at] ?? 0) ^ change;
        const outcome = readSdx3(fileOf(footer, framesEnd));
        if (kind === "sdx3") expect(outcome.kind).not.toBe("sdx3");
        if (outcome.kind !== "sdx2") return;
        const again = encodeSdx2(rowsOf(outcome), outcome.framesEnd);
        expect(Buffer.compare(again, footer.subarray(outcome.framesEnd - framesEnd))).toBe(0);
      }),
      { numRuns: 600 },
    );
  },
);

test("a footer is read from a source in two reads, each inside the file", () => {
  fc.assert(
    fc.property(anyRows, ({ rows, framesEnd }) => {
      const file = fileOf(encodeSdx3(rows, framesEnd), framesEnd);
      const reads: (readonly [number, number])[] = [];
      const found = readSdx3({
        sizeBytes: file.length,
        readAt: (target, offset) => {
          reads.push([offset, offset + target.length]);
          target.set(file.subarray(offset, offset + target.length));
          return target.length;
        },
      });
      expect(found.kind).toBe("sdx3");
      expect(reads).toEqual([
        [file.length - 16, file.length],
        [framesEnd, file.length - 16],
      ]);
    }),
  );
});

const places = (frames: readonly { readonly offset: number }[]): readonly number[] =>
  frames.map(({ offset }) => offset);

test("footer and frames list the same for any segment, in the newest and in an older one, with and without a footer", () => {
  fc.assert(
    fc.property(anyFbatSegment, fc.boolean(), (segment, newest) => {
      const { frames, all, events, rows } = segment;
      for (const [format, footer] of [
        ["SDX3", encodeSdx3(rows, frames.length)],
        ["SDX2", encodeSdx2(rows, frames.length)],
        [undefined, new Uint8Array()],
      ] as const) {
        const bytes = withFooter(segment, footer);
        const found = readSdx3Segment(bytes, { newest });
        expect(readSdx3Segment(sourceOf(bytes), { newest })).toEqual(found);
        expect(found.end).toEqual({ kind: "clean", endOffset: frames.length });
        expect(found.frames).toEqual(all);
        expect(found.events.map(({ frame }) => frame)).toEqual(events);
        expect(found.events.map(({ globalSequence }) => globalSequence)).toEqual(
          rows.map(({ globalSequence }) => (format === "SDX3" ? globalSequence : undefined)),
        );
        const confirmed = { kind: "confirmed", format, sequencesAscend: true };
        expect(found.footer).toEqual(format === undefined ? { kind: "absent" } : confirmed);
      }
      expect(scanFbatSegment(frames).frames).toEqual(all);
    }),
  );
});

test("cut anywhere, a segment lists the events before the cut; only the newest may be cut at all", () => {
  fc.assert(
    fc.property(anyFbatSegment, fc.nat(), fc.boolean(), (segment, where, newest) => {
      const whole = withFooter(segment);
      const start = segment.all[0]?.offset ?? segment.frames.length;
      const cut = start + (where % (whole.length - start));
      const { events, end, footer } = readSdx3Segment(whole.subarray(0, cut), { newest });
      const kept = segment.all.filter(({ offset, length }) => offset + length <= cut);
      const ends = kept.map(({ offset, length }) => offset + length);
      expect(end.kind).toBe([start, ...ends].includes(cut) ? "clean" : newest ? "torn" : "corrupt");
      // Items of a batch whose commit marker was cut off are not committed.
      const bare = scanFbatSegment(whole.subarray(0, ends.at(-1) ?? start)).frames;
      expect(places(events.map(({ frame }) => frame))).toEqual(
        places(bare.filter(({ role, committed }) => role === "event" && committed)),
      );
      expect(footer.kind).toBe("absent");
    }),
  );
});

test("under any damage, what is listed was written, and what a clean end leaves out was in no batch that committed", () => {
  const patch = fc.record({ at: fc.nat(), junk: fc.uint8Array({ minLength: 1, maxLength: 40 }) });
  fc.assert(
    fc.property(anyFbatSegment, patch, fc.boolean(), fc.boolean(), (segment, { at, junk }, newest, legacy) => {
      const { rows, frames, all } = segment;
      const bytes = withFooter(segment, legacy ? encodeSdx2(rows, frames.length) : encodeSdx3(rows, frames.length));
      const start = all[0]?.offset ?? frames.length;
      const offset = start + (at % (bytes.length - start));
      const damaged = bytes.slice();
      damaged.set(junk.subarray(0, bytes.length - offset), offset);
      const { events, end } = readSdx3Segment(damaged, { newest });
      for (const { frame, globalSequence } of events) {
        const row = rows.find(({ frameOffset }) => frameOffset === frame.offset);
        expect(sdx3RowOf(frame, row?.globalSequence ?? -1n)).toEqual(row);
        if (globalSequence !== undefined) expect(globalSequence).toBe(row?.globalSequence);
      }
      if (end.kind === "clean") expect(places(events.map(({ frame }) => frame))).toEqual(places(segment.events));
      else expect(damaged).not.toEqual(bytes);
    }),
    { numRuns: 300 },
  );
});

/** A change of every field of a row but the number, which only the footer knows. */
const lies: { readonly [Field in Exclude<keyof Sdx3Row, "globalSequence">]: (row: Sdx3Row) => Sdx3Row } = {
  eventId: (row) => ({ ...row, eventId: flipped(row.eventId) }),
  correlationId: (row) => ({ ...row, correlationId: flipped(row.correlationId) }),
  causationId: (row) => ({ ...row, causationId: flipped(row.causationId ?? new Uint8Array(16)) }),
  entity: (row) => ({ ...row, entity: `${row.entity.slice(0, 9)}!` }),
  scope: (row) => ({ ...row, scope: `${row.scope.slice(0, 9)}!` }),
  kind: (row) => ({ ...row, kind: row.kind ^ 0x4000 }),
  wallMs: (row) => ({ ...row, wallMs: row.wallMs ^ 1n }),
  clock: (row) => ({ ...row, clock: row.clock + 1 }),
  lane: (row) => ({ ...row, lane: (row.lane ^ 1) >>> 0 }),
  depth: (row) => ({ ...row, depth: row.depth + 1 }),
  previousHash: (row) => ({ ...row, previousHash: flipped(row.previousHash) }),
  eventHash: (row) => ({ ...row, eventHash: flipped(row.eventHash) }),
  frameOffset: (row) => ({ ...row, frameOffset: row.frameOffset + 1, frameLength: row.frameLength - 1 }),
  frameLength: (row) => ({ ...row, frameLength: row.frameLength - 1 }),
};

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 0x80 : byte));
}

const anyBusySegment = fc
  .array(anyAppend, { minLength: 1, maxLength: 4 })
  .map((appends) => buildFbatSegment(appends.map((append) => ({ append }))));

test.each(Object.entries(lies))(
  "a row that lies about its %s, under good checksums, is found and the frames are listed",
  (field, lie) => {
    fc.assert(
      fc.property(anyBusySegment, fc.nat(), fc.boolean(), (segment, which, newest) => {
        const { rows, frames, events } = segment;
        const changed = rows.map((row, index) => (index === which % rows.length ? lie(row) : row));
        const found = readSdx3Segment(withFooter(segment, encodeSdx3(changed, frames.length)), { newest });
        // A row that begins elsewhere leaves its event without one.
        const entry = which % rows.length;
        const context = field === "frameOffset" ? { offset: rows[entry]?.frameOffset } : { entry, field };
        expect(found).toMatchObject({
          end: { kind: "clean" },
          footer: { kind: "dropped", error: { code: "SIDX_FOREIGN", context } },
        });
        expect(found.events).toEqual(events.map((frame) => ({ frame, globalSequence: undefined })));
        // Without a checksum the place of the footer is no more certain than its rows.
        const legacy = readSdx3Segment(withFooter(segment, encodeSdx2(changed, frames.length)), { newest });
        expect(legacy).toMatchObject({ end: { kind: newest ? "torn" : "corrupt" }, footer: { kind: "dropped" } });
        expect(legacy.events.map(({ frame }) => frame)).toEqual(events);
      }),
      { numRuns: 20 },
    );
  },
);

test("a row that is left out is found, whichever it is", () => {
  fc.assert(
    fc.property(anyBusySegment, fc.nat(), (segment, which) => {
      const { rows, frames, events } = segment;
      const left = rows[which % rows.length];
      const footer = encodeSdx3(
        rows.filter((row) => row !== left),
        frames.length,
      );
      const found = readSdx3Segment(withFooter(segment, footer));
      const context = { offset: left?.frameOffset };
      expect(found).toMatchObject({ footer: { kind: "dropped", error: { code: "SIDX_FOREIGN", context } } });
      expect(found.events.map(({ frame }) => frame)).toEqual(events);
    }),
  );
});
