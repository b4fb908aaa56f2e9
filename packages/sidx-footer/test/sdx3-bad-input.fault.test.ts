// Damaged footers and footed segments: a few seconds' worth here; the long run is
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/sdx3-bad-input.fault.test.ts
import { expect, test } from "vitest";
import {
  badInputRuns,
  damage,
  forgedNumbers,
  pick,
  type BadInputCase,
  type Draw,
} from "@holdfast-tooling/config/bad-input";
import { CodecError, crc32 } from "@holdfast/segment-codec";
import { encodeFbatEventFrame } from "@holdfast/segment-codec/fbat";
import { SidxError, encodeSdx2, encodeSdx3, readSdx3, readSdx3Segment, type Sdx3Row } from "../src/sdx3-entry.js";
import { goldenBytes, manifest, segmentBytes } from "./support/batpak.js";
import { buildFbatSegment, withFooter } from "./support/fbat-segment.js";

const event = (entity: string, size: number) => ({
  ...{ entity, scope: "scope", kind: 0x1000, timestampUs: 5n },
  eventId: new Uint8Array(16).fill(size),
  content: new Uint8Array(size).fill(0x90),
});

const built = [
  buildFbatSegment([{ append: event("a", 3) }, { batch: [event("b", 5), event("a", 9)] }, { append: event("c", 0) }]),
  buildFbatSegment([{ append: event("a", 3) }, { append: event("a", 4) }], 7n),
  buildFbatSegment([]),
];
const segments: readonly Uint8Array[] = [
  ...built.map((segment) => withFooter(segment)),
  ...built.map((segment) => withFooter(segment, encodeSdx2(segment.rows, segment.frames.length))),
];
const recorded: readonly Uint8Array[] = ["batch/000001.fbat", "lanes/000001.fbat", "sdx2-rotate/000002.fbat"].map(
  segmentBytes,
);

/** Every row of every segment above, spelled as text; the numbers of events in different segments may be the same. */
const written = new Map<string, bigint[]>();
for (const bytes of [...segments, ...recorded]) {
  for (const { frame, globalSequence } of readSdx3Segment(bytes).events) {
    const key = Buffer.from(encodeFbatEventFrame(frame.event)).toString("latin1");
    written.set(key, [...(written.get(key) ?? []), ...(globalSequence === undefined ? [] : [globalSequence])]);
  }
}

const footers = manifest.footers.map(({ file, string_table_offset: framesEnd }) => ({
  framesEnd,
  bytes: goldenBytes(file),
}));

/** A file whose frames are zeros: what a footer is read from does not matter to it. */
function fileOf(footer: Uint8Array, framesEnd: number): Uint8Array {
  const file = new Uint8Array(framesEnd + footer.length);
  file.set(footer, framesEnd);
  return file;
}

/** What comes out has one spelling, and it is in the file; what does not is an error with a code. */
function checkOutcome(file: Uint8Array): "listed" | "refused" {
  const outcome = readSdx3(file);
  if (outcome.kind === "unusable" || outcome.kind === "unsupported") {
    expect(outcome.error).toBeInstanceOf(SidxError);
    const { offset } = outcome.error.context;
    expect(offset !== undefined && offset >= 0 && offset <= file.length).toBe(true);
  }
  if (outcome.kind !== "sdx3" && outcome.kind !== "sdx2") return "refused";
  const covered = outcome.kind === "sdx3";
  const rows: readonly Sdx3Row[] = covered ? [...outcome.rows] : [...outcome.claims].map(({ claim }) => claim);
  const again = covered ? encodeSdx3(rows, outcome.framesEnd) : encodeSdx2(rows, outcome.framesEnd);
  expect(Buffer.compare(again, file.subarray(outcome.framesEnd))).toBe(0);
  return "listed";
}

function forgeTrailer(file: Uint8Array, draw: Draw): void {
  const view = new DataView(file.buffer);
  const at = file.length - pick([16, 12, 8], draw);
  const near = view.getUint32(at, true) + draw(9) - 4;
  view.setUint32(at, pick([...forgedNumbers, near >>> 0, file.length], draw), true);
}

const decoders: Readonly<Record<string, BadInputCase>> = {
  footer: (draw) => {
    const { bytes, framesEnd } = pick(footers, draw);
    checkOutcome(
      fileOf(
        damage(
          bytes,
          footers.map((one) => one.bytes),
          draw,
        ),
        framesEnd,
      ),
    );
  },
  "footer, trailer forged": (draw) => {
    const { bytes, framesEnd } = pick(footers, draw);
    const file = fileOf(bytes, framesEnd);
    const before = file.slice();
    forgeTrailer(file, draw);
    expect(checkOutcome(file)).toBe(Buffer.compare(before, file) === 0 ? "listed" : "refused");
  },
  "footer, checksum made good": (draw) => {
    // Whoever forges a field and the checksum gets as far as the field's own check: no exception, whatever comes out.
    const { bytes, framesEnd } = pick(footers, draw);
    const file = fileOf(damage(bytes.subarray(0, -20), [], draw), framesEnd);
    const end = file.length;
    const whole = fileOf(bytes.slice(-20), end);
    whole.set(file);
    const view = new DataView(whole.buffer);
    view.setUint32(end, crc32(whole, framesEnd, end), true);
    view.setUint32(end + 16, 0x3358_4453, true);
    if (draw(2) === 0) forgeTrailer(whole, draw);
    checkOutcome(whole);
  },
  segment: (draw) => {
    const base = draw(8) === 0 ? pick(recorded, draw) : pick(segments, draw);
    const bytes = damage(base, [...segments, ...recorded], draw);
    let found: ReturnType<typeof readSdx3Segment>;
    try {
      found = readSdx3Segment(bytes, { newest: draw(2) === 0 });
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError); // no header of a segment
      return;
    }
    expect(found.end.endOffset).toBeLessThanOrEqual(bytes.length);
    for (const { frame, globalSequence } of found.events) {
      const { event: decoded, offset, length } = frame;
      const encoded = Buffer.from(encodeFbatEventFrame(decoded));
      expect(Buffer.compare(encoded, bytes.subarray(offset, offset + length))).toBe(0);
      const numbers = written.get(encoded.toString("latin1"));
      expect(numbers).toBeDefined(); // nobody wrote another frame
      if (globalSequence !== undefined) expect(numbers).toContain(globalSequence);
    }
    if (found.footer.kind !== "confirmed") return;
    // A confirmed footer leaves nothing out and adds nothing.
    const listed = new Set(found.events.map(({ frame }) => frame.offset));
    for (const { role, committed, offset } of found.frames) {
      if (role === "event" && committed) expect(listed.has(offset)).toBe(true);
    }
  },
};

test.each(badInputRuns(decoders, 12_000))("%s", { timeout: 3_600_000 }, (_, run) => {
  expect(run()).toBeGreaterThan(0);
});
