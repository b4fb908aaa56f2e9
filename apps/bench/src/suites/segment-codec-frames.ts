import {
  FrameCursor,
  FrameEncoder,
  encodeSegmentHeader,
  frameBytes,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { crc32 } from "@node-rs/crc32";
import { atLeast, bound, compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { collectGarbage, interleave, scatter, type Contestant } from "../workload.js";

const record = { kind: 1, flags: 0, span: 1 };

/** Format 2 against the least that any checked log does over the same bytes: copy them and run the native CRC over them. */
export const framesPart: Part = {
  name: "frames",
  measure({ quick }) {
    const rounds = quick ? 2 : 9;
    return [...smallFrames(quick ? 20_000 : 100_000, rounds), ...largeFrames(quick ? 1000 : 5000, rounds)];
  },
};

function smallFrames(count: number, rounds: number): Row[] {
  const payload = bytesOf(128);
  const file = fileOf(payload, count);
  const [encoding, copying] = interleave([encoder(payload, count), copier(payload, count)], { rounds });
  const [reading, checking] = interleave([cursor(file, count), checker(file.bytes, 128, count)], { rounds });
  if (encoding === undefined || copying === undefined || reading === undefined || checking === undefined) return [];
  const encode = "encode 128 B payloads, both checksums and chain";
  const read = "cursor over 128 B payloads, everything verified";
  return [
    { id: "frames/encode-128-rate", workload: encode, ours: figureOf(encoding), bar: bound("least", 3e6) },
    compare({ id: "frames/encode-128", workload: encode }, encoding, copying, { of: "speed", bar: atLeast(0.5) }),
    { id: "frames/cursor-128-rate", workload: read, ours: figureOf(reading), bar: bound("least", 3e6) },
    compare({ id: "frames/cursor-128", workload: `${read}, for orientation` }, reading, checking, { of: "speed" }),
    garbage(file, count),
  ];
}

function largeFrames(count: number, rounds: number): Row[] {
  const file = fileOf(bytesOf(4096), count);
  const [reading, checking] = interleave([cursor(file, count), checker(file.bytes, 4096, count)], { rounds });
  if (reading === undefined || checking === undefined) return [];
  const workload = "cursor over 4 KiB payloads, everything verified";
  return [compare({ id: "frames/cursor-4096", workload }, reading, checking, { of: "speed", bar: atLeast(0.6) })];
}

interface File {
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
}

function emptyFile(payloadBytes: number, count: number): File {
  const bytes = new Uint8Array(64 + count * frameBytes(payloadBytes));
  const identity = { logId: bytesOf(16), segmentId: 1, nonce: 7, epoch: 1, content: 1, hash: "none" } as const;
  return { bytes, header: encodeSegmentHeader({ ...identity, baseLsn: 1, durableLsn: 0, previousChain: 0 }, bytes) };
}

function fileOf(payload: Uint8Array, count: number): File {
  const file = emptyFile(payload.length, count);
  encodeAll(file, payload, count);
  return file;
}

function encodeAll({ bytes, header }: File, payload: Uint8Array, count: number): void {
  const frames = new FrameEncoder(header);
  let at = 64;
  for (let index = 0; index < count; index += 1) at = frames.append(bytes, at, payload, record);
}

function encoder(payload: Uint8Array, count: number): Contestant {
  const file = emptyFile(payload.length, count);
  return { name: "FrameEncoder", operations: count, prepare: () => ({ run: () => encodeAll(file, payload, count) }) };
}

/** A header of the same size, the payload behind it, and one native CRC over both. */
function copier(payload: Uint8Array, count: number): Contestant {
  const size = frameBytes(payload.length);
  const target = new Uint8Array(count * size);
  const frame = new Uint8Array(size);
  frame.set(payload, 32);
  const run = (): void => {
    let sum = 0;
    for (let at = 0; at < target.length; at += size) {
      target.set(frame, at);
      sum ^= crc32(target.subarray(at, at + size));
    }
    if (sum === 0.5) throw new Error("keeps the loop alive");
  };
  return { name: "memcpy + native CRC", operations: count, prepare: () => ({ run }) };
}

function cursor({ bytes, header }: File, count: number): Contestant {
  const run = (): void => {
    const frames = new FrameCursor(bytes, header);
    let seen = 0;
    while (frames.next()) seen += 1;
    if (seen !== count) throw new Error(`the cursor stopped at ${seen}: ${frames.stop}`);
  };
  return { name: "FrameCursor", operations: count, prepare: () => ({ run }) };
}

function checker(bytes: Uint8Array, payloadBytes: number, count: number): Contestant {
  const size = frameBytes(payloadBytes);
  const run = (): void => {
    let sum = 0;
    for (let at = 64; at < bytes.length; at += size) sum ^= crc32(bytes.subarray(at, at + size));
    if (sum === 0.5) throw new Error("keeps the loop alive");
  };
  return { name: "native CRC", operations: count, prepare: () => ({ run }) };
}

/** Growth of the heap over a pass, which no collection interrupts as long as there is nothing to collect. */
function garbage({ bytes, header }: File, count: number): Row {
  let grown = 0;
  for (let pass = 0; pass < 5; pass += 1) {
    const frames = new FrameCursor(bytes, header);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    while (frames.next()) continue;
    grown = process.memoryUsage().heapUsed - before;
  }
  return {
    id: "frames/cursor-garbage",
    workload: `heap growth of a cursor over ${count} frames, bytes a frame`,
    ours: { name: "FrameCursor", unit: "bytes", value: Math.max(0, Math.floor(grown / count)) },
    bar: bound("most", 0),
  };
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from(scatter(length, 256));
}
