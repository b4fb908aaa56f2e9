// Bad input for every decoder: sound bytes, cut, flipped, zeroed, spliced, repeated, swapped and with forged numbers. A few
// seconds' worth here; the long run is
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/bad-input.fault.test.ts
//
// with the number of cases for all decoders together. A failure names the seed of its case, which replays it alone:
// HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=<it> HOLDFAST_BAD_INPUT_DECODER=<name>.
import {
  badInputRuns,
  damage,
  forgedNumbers,
  pick,
  type BadInputCase,
  type Draw,
} from "@holdfast-tooling/config/bad-input";
import { expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import {
  FbatStreams,
  decodeFbatEvent,
  decodeFbatFrame,
  decodeFbatHeader,
  encodeFbatEventFrame,
  encodeFbatHeader,
  findFbatFrame,
  scanFbatSegment,
  walkFbatSegment,
  type FbatFrame,
} from "../src/fbat-entry.js";
import { CodecError, crc32, inspectSegmentHeader, scanSegment, sourceOf } from "../src/index.js";
import { PayloadCodec } from "../src/payload-entry.js";
import { goldenBytes } from "./support/batpak.js";
import { buildSegment, payloadOf, records, scanFrames, type Built } from "./support/segment-builder.js";

/** Runs `decode`, and swallows the error that it may throw. */
function codedOnly<Value>(decode: () => Value): Value | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof CodecError && error.code.startsWith("CODEC_")) return undefined;
    throw error;
  }
}

const segments: readonly Built[] = [
  buildSegment(records(9, 24, [4])),
  buildSegment(records(5, 300, [1, 3]), { segmentId: 8, nonce: 2 }),
  buildSegment(records(9, 24, [4]), { nonce: 3 }), // the same records in another attempt
  buildSegment([
    ...records(3, 0),
    { payload: payloadOf(90), meta: { kind: 2, span: 5 }, sync: true },
    ...records(4, 70),
  ]),
];
const segmentBytes = segments.map(({ bytes }) => bytes);
const codec = new PayloadCodec({ maxDepth: 32 });
const payloads: readonly Uint8Array[] = [
  { id: 7n, at: new Date(5), tags: ["a", "b"], nested: { deep: [[[1.5, -3, 70_000]]], none: undefined } },
  [Uint16Array.of(1, 2, 3), Float64Array.of(0.1), 2n ** 200n, new Date(-1), "é".repeat(40)],
  { text: "x".repeat(300), list: Array.from({ length: 40 }, (_, at) => at * 1000) },
].map((value) => codec.encode(value));

const batpak: readonly Uint8Array[] = ["batch/000001.fbat", "lanes/000001.fbat", "enc-entity/000001.fbat"].map(
  goldenBytes,
);
const small = (): Uint8Array => {
  const streams = new FbatStreams(blake3);
  const one = {
    entity: "e",
    scope: "s",
    kind: 0x1000,
    eventId: new Uint8Array(16),
    timestampUs: 5n,
    content: payloadOf(20),
  };
  const markers = { batchId: new Uint8Array(16), beginTimestampUs: 1n, commitTimestampUs: 2n };
  const frames = [streams.append(one), ...streams.appendBatch([one, one], markers), streams.append(one)];
  return Uint8Array.from(
    Buffer.concat([encodeFbatHeader({ createdNs: 1n, segmentId: 1n }), ...frames.map(({ bytes }) => bytes)]),
  );
};
const fbatSegments: readonly Uint8Array[] = [small(), ...batpak];
const envelopes = fbatSegments.flatMap((bytes) =>
  scanFbatSegment(bytes, { newest: true }).frames.map(({ offset, length }) => bytes.slice(offset + 8, offset + length)),
);

/** Frames handed out of damaged bytes must be the first of those that were appended. */
function checkPrefix(built: Built, bytes: Uint8Array, draw: Draw): void {
  const successors = segments.map(({ header }) => header);
  const windowBytes = 64 << draw(6);
  const scan = scanFrames(draw(2) === 0 ? bytes : sourceOf(bytes), built.header, { windowBytes, successors });
  expect(scan.frames).toEqual(built.frames.slice(0, scan.frames.length));
  expect(scan.end.endOffset).toBe(built.boundaries[scan.frames.length]);
  const sound =
    bytes.subarray(64).every((byte, at) => byte === built.bytes[at + 64]) && bytes.length === built.bytes.length;
  if (scan.end.kind === "clean") expect(sound || built.boundaries.includes(bytes.length)).toBe(true);
}

const decoders: Readonly<Record<string, BadInputCase>> = {
  "segment header": (draw) => {
    const built = pick(segments, draw);
    const head = damage(built.bytes.slice(0, 64), segmentBytes, draw);
    const outcome = inspectSegmentHeader(head);
    if (outcome.kind !== "segment") return;
    // Only bytes that are a header as it was written pass: of this segment, or of the one that a piece came from.
    expect(segments.some(({ bytes }) => bytes.subarray(0, 64).every((byte, at) => byte === head[at]))).toBe(true);
  },
  "format 2": (draw) => {
    const built = pick(segments, draw);
    const bytes = damage(built.bytes, segmentBytes, draw);
    if (bytes.length >= 64) checkPrefix(built, bytes, draw);
  },
  "format 2, checksums made good": (draw) => {
    // Whoever forges a field and both checksums gets as far as the field's own check: no exception, whatever comes out.
    const built = pick(segments, draw);
    const bytes = built.bytes.slice();
    const view = new DataView(bytes.buffer);
    const frame = draw(built.frames.length);
    const at = built.boundaries[frame] ?? 64;
    const end = built.boundaries[frame + 1] ?? bytes.length;
    view.setUint32(at + 4 + 4 * draw(6), pick(forgedNumbers, draw), true);
    view.setUint32(at + 28, crc32(bytes, at + 4, at + 28, built.header.frameSeed), true);
    const seed = frame === 0 ? built.header.crc : view.getUint32(built.boundaries[frame - 1] ?? 64, true);
    view.setUint32(at, crc32(bytes, at + 28, end, seed), true);
    const scan = codedOnly(() => scanSegment(sourceOf(bytes), built.header, { maxPayloadBytes: 0x0100_0000 }));
    expect(scan === undefined || scan.frameCount <= built.frames.length).toBe(true);
  },
  payload: (draw) => {
    const bytes = damage(pick(payloads, draw), payloads, draw);
    const value = codedOnly(() => codec.decode(bytes));
    if (value !== undefined) expect(codedOnly(() => codec.encode(value).length > 0)).toBe(true);
  },
  "FBAT segment": (draw) => {
    const base = draw(8) === 0 ? pick(batpak, draw) : (fbatSegments[0] ?? new Uint8Array());
    const bytes = damage(base, fbatSegments, draw);
    const trusted = draw(2) === 0;
    const footer = draw(3) === 0 ? { footer: { offset: draw(bytes.length + 20), trusted } } : {};
    const source = draw(2) === 0 ? bytes : sourceOf(bytes);
    const onFrame = ({ offset, length, event }: FbatFrame): void => {
      expect(Buffer.compare(encodeFbatEventFrame(event), bytes.subarray(offset, offset + length))).toBe(0);
    };
    const options = { newest: draw(2) === 0, windowBytes: 64 << draw(6), onFrame, ...footer };
    const walk = codedOnly(() => walkFbatSegment(source, options));
    if (walk !== undefined) expect(walk.end.endOffset).toBeLessThanOrEqual(bytes.length);
  },
  "FBAT envelope": (draw) => {
    const bytes = damage(pick(envelopes, draw), envelopes, draw);
    const event = codedOnly(() => decodeFbatEvent(bytes));
    if (event !== undefined) expect(Buffer.compare(encodeFbatEventFrame(event).subarray(8), bytes)).toBe(0);
  },
  "FBAT header, frame and search": (draw) => {
    const bytes = damage(pick(fbatSegments, draw).slice(0, 1200), fbatSegments, draw);
    codedOnly(() => decodeFbatHeader(bytes));
    const at = draw(bytes.length + 1);
    const outcome = decodeFbatFrame(bytes, at);
    if (outcome.kind === "frame") expect(outcome.endOffset).toBeLessThanOrEqual(bytes.length);
    const found = findFbatFrame(bytes, at, bytes.length);
    if (found !== -1) expect(decodeFbatFrame(bytes, found).kind).toBe("frame");
  },
};

test.each(badInputRuns(decoders, 14_000))("%s", { timeout: 3_600_000 }, (_, run) => {
  expect(run()).toBeGreaterThan(0);
});
