// Bad input for every decoder: sound bytes, cut, flipped, zeroed, spliced, repeated, swapped and with forged numbers. A few
// seconds' worth here; the long run is
//
//   HOLDFAST_BAD_INPUT_CASES=1000000 HOLDFAST_BAD_INPUT_SEED=7 npx vitest run test/bad-input.fault.test.ts
//
// with the number of cases for all decoders together. A failure names the seed of its case, which replays it alone:
// HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=<it> HOLDFAST_BAD_INPUT_DECODER=<name>.
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

const caseCount = Number(process.env.HOLDFAST_BAD_INPUT_CASES ?? 14_000);
const firstSeed = Number(process.env.HOLDFAST_BAD_INPUT_SEED ?? 1);
const onlyDecoder = process.env.HOLDFAST_BAD_INPUT_DECODER;

/** Whole numbers below a bound, from a seed: mulberry32 by Tommy Ettinger. */
function drawer(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Draw = ReturnType<typeof drawer>;

const forged = [
  0, 1, 7, 8, 31, 32, 0x7f, 0xff, 0x100, 0xffff, 0x1_0000, 0x1000_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** One to three changes of `bytes`, some with pieces of `others`. */
function damage(bytes: Uint8Array, others: readonly Uint8Array[], draw: Draw): Uint8Array {
  let current: Uint8Array = bytes.slice();
  for (let left = 1 + draw(3); left > 0; left--) current = damageOnce(current, others, draw);
  return current;
}

function damageOnce(bytes: Uint8Array, others: readonly Uint8Array[], draw: Draw): Uint8Array {
  const size = bytes.length;
  if (size === 0) return Uint8Array.of(draw(256));
  const at = draw(size);
  const length = [1, 2, 4, 8, 32, 64, 512][draw(7)] ?? 1;
  const end = Math.min(size, at + length);
  const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
  switch (draw(10)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << draw(8));
      return bytes;
    case 2:
      bytes.fill(0, at - (at % length), end);
      return bytes;
    case 3:
      bytes[at] = draw(256);
      return bytes;
    case 4: {
      const view = new DataView(bytes.buffer);
      const word = Math.max(0, Math.min(at - (at % 4), size - 4));
      if (size >= 4) view.setUint32(word, forged[draw(forged.length)] ?? 0, draw(2) === 0);
      return bytes;
    }
    case 5: // repeat a piece
      return join(bytes.subarray(0, end), bytes.subarray(at));
    case 6: // take a piece out
      return join(bytes.subarray(0, at), bytes.subarray(end));
    case 7: {
      const other = others[draw(others.length)] ?? bytes; // the same place of other bytes
      bytes.set(other.subarray(at, Math.min(other.length, end)), at);
      return bytes;
    }
    case 8: {
      const other = others[draw(others.length)] ?? bytes; // one half of each
      return join(bytes.subarray(0, at), other.subarray(draw(2) === 0 ? at : draw(other.length)));
    }
    default: {
      const from = draw(size); // two pieces change places
      const width = Math.min(length, size - Math.max(from, at));
      const one = bytes.slice(at, at + width);
      bytes.copyWithin(at, from, from + width);
      bytes.set(one, from);
      return bytes;
    }
  }
}

/** A decoder over one damaged input: throws when something comes out that may not. */
type Decoder = (draw: Draw) => void;

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

function pick<Item>(items: readonly Item[], draw: Draw): Item {
  const item = items[draw(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

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

const decoders: Readonly<Record<string, Decoder>> = {
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
    view.setUint32(at + 4 + 4 * draw(6), forged[draw(forged.length)] ?? 0, true);
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

const chosen = Object.entries(decoders).filter(([name]) => onlyDecoder === undefined || name === onlyDecoder);

test.each(chosen)("%s", { timeout: 3_600_000 }, (name, decode) => {
  const cases = Math.ceil(caseCount / chosen.length);
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    try {
      decode(drawer(seed));
    } catch (cause) {
      const replay = `HOLDFAST_BAD_INPUT_CASES=1 HOLDFAST_BAD_INPUT_SEED=${seed} HOLDFAST_BAD_INPUT_DECODER="${name}"`;
      throw new Error(`replay with ${replay}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  expect(cases).toBeGreaterThan(0);
});
