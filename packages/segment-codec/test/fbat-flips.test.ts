// Every bit of a small batpak segment, every cut and every forged length: nothing comes out that nobody wrote.
import { expect, test } from "vitest";
import { blake3 } from "../src/blake3.js";
import {
  FbatStreams,
  decodeFbatHeader,
  encodeFbatEventFrame,
  encodeFbatHeader,
  scanFbatSegment,
  type FbatAppend,
  type FbatScan,
} from "../src/fbat-entry.js";
import { CodecError } from "../src/index.js";

const item = (fill: number): FbatAppend => ({
  entity: "e",
  scope: "s",
  kind: 0x1000,
  eventId: new Uint8Array(16).fill(fill),
  timestampUs: 1_700_000_000_000_000n,
  content: new Uint8Array(3).fill(fill),
});
const streams = new FbatStreams(blake3);
const markers = { batchId: new Uint8Array(16), beginTimestampUs: 7n, commitTimestampUs: 8n };
const written = [streams.append(item(1)), ...streams.appendBatch([item(200)], markers), streams.append(item(3))];
const header = { createdNs: 1_700_000_000_000_000_000n, segmentId: 300n };
const head = encodeFbatHeader(header);
const bytes = Uint8Array.from(Buffer.concat([head, ...written.map((one) => one.bytes)]));
const ends = [head.length];
for (const one of written) ends.push((ends.at(-1) ?? 0) + one.bytes.length);

/** The frame that holds a place behind the header. */
function frameOf(place: number): number {
  return ends.filter((end) => end <= place).length - 1;
}

function scan(changed: Uint8Array): FbatScan | CodecError {
  try {
    return scanFbatSegment(changed, { newest: true });
  } catch (error) {
    if (error instanceof CodecError) return error;
    throw error;
  }
}

/** The first `count` frames as they were written and no others; by their bytes, because a deep comparison takes ten times as long. */
function expectFrames({ frames }: FbatScan, count: number): void {
  const found = frames.map(({ event }) => encodeFbatEventFrame(event));
  expect(Buffer.compare(Buffer.concat(found), bytes.subarray(head.length, ends[count]))).toBe(0);
}

/** Exactly the frames before the damaged one are handed out. */
function expectStop(changed: Uint8Array, damaged: number): void {
  const outcome = scan(changed);
  if (outcome instanceof CodecError) throw outcome;
  const last = damaged === written.length - 1;
  expectFrames(outcome, damaged);
  expect(`${outcome.end.kind} ${outcome.end.endOffset}`).toBe(`${last ? "torn" : "corrupt"} ${ends[damaged]}`);
}

test("every bit of the frames: the frame it is in is refused", () => {
  for (let bit = 8 * head.length; bit < 8 * bytes.length; bit++) {
    const changed = bytes.slice();
    changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    expectStop(changed, frameOf(bit >>> 3));
  }
});

test("every bit of the header: an error, or another number in a field that no checksum covers", () => {
  const numbers = new Set<number>();
  for (let bit = 0; bit < 8 * head.length; bit++) {
    const changed = bytes.slice();
    changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    const outcome = scan(changed);
    if (outcome instanceof CodecError) continue;
    numbers.add(bit >>> 3);
    expectFrames(outcome, written.length);
    expect(encodeFbatHeader(decodeFbatHeader(changed))).toEqual(changed.slice(0, head.length));
  }
  // Only the eight bytes of created_ns and the two of segment_id, as docs/formats/fbat.md admits.
  const createdNs = Buffer.from(head).indexOf("created_ns") + 11;
  const segmentId = Buffer.from(head).indexOf("segment_id") + 11;
  const open = [...Array.from({ length: 8 }, (_, at) => createdNs + at), segmentId, segmentId + 1];
  expect([...numbers].filter((place) => !open.includes(place))).toEqual([]);
});

test("cut at every byte: the frames before the cut, or an error in the header", () => {
  for (let cut = 0; cut < bytes.length; cut++) {
    const outcome = scan(bytes.slice(0, cut));
    if (outcome instanceof CodecError) {
      expect(outcome.code).toBe("CODEC_TRUNCATED");
      expect(cut).toBeLessThan(head.length);
    } else {
      const whole = frameOf(cut);
      expectFrames(outcome, whole);
      expect(outcome.end.kind).toBe(cut === ends[whole] ? "clean" : "torn");
    }
  }
});

test.each([0, 1, 7, 8, 0x7fff, 0x1000_0000, 0x1000_0001, 0x7fff_ffff, 0xffff_ffff])(
  "every length forged as %i",
  (length) => {
    for (const frame of written.keys()) {
      const changed = bytes.slice();
      new DataView(changed.buffer).setUint32(ends[frame] ?? 0, length);
      expectStop(changed, frame);
    }
  },
);

test("every piece of 64 bytes zeroed", () => {
  for (let at = head.length; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed.fill(0, at, at + 64);
    const touched = changed.findIndex((byte, index) => byte !== bytes[index]);
    if (touched === -1) continue;
    const outcome = scan(changed);
    if (outcome instanceof CodecError) throw outcome;
    expectFrames(outcome, frameOf(touched));
  }
});
