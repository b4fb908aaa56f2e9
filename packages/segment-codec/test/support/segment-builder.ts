import fc from "fast-check";
import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  scanSegment,
  type FrameMeta,
  type SegmentHeader,
  type SegmentIdentity,
  type SegmentScan,
  type SegmentScanOptions,
} from "../../src/index.js";

/** A frame as the test wrote it, or as a scan handed it out. */
export interface Frame {
  readonly payload: Uint8Array;
  readonly meta: FrameMeta;
  readonly lsn: number;
  readonly durableLsn: number;
}

/** What goes into a frame: `sync` states everything before it as durable. */
export interface Entry {
  readonly payload: Uint8Array;
  readonly meta?: Partial<FrameMeta>;
  readonly sync?: boolean;
}

export interface Built {
  readonly bytes: Uint8Array;
  readonly header: SegmentHeader;
  readonly frames: readonly Frame[];
  /** Where each frame begins, and where the last one ends. */
  readonly boundaries: readonly number[];
  readonly nextLsn: number;
  readonly chain: number;
}

export const identity: SegmentIdentity = {
  logId: Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at),
  segmentId: 7,
  nonce: 0x1234_5678,
  epoch: 3,
  content: 1,
  baseLsn: 1001,
  durableLsn: 1000,
  previousChain: 0xdead_beef,
  hash: "none",
};

const record: FrameMeta = { kind: 1, flags: 0, span: 1 };

/** Encodes a segment into a buffer that held other bytes before. */
export function buildSegment(entries: readonly Entry[], changes: Partial<SegmentIdentity> = {}): Built {
  const size = entries.reduce((sum, { payload }) => sum + frameBytes(payload.length), SEGMENT_HEADER_BYTES);
  const bytes = new Uint8Array(size).fill(0xee);
  const header = encodeSegmentHeader({ ...identity, ...changes }, bytes);
  const encoder = new FrameEncoder(header);
  const frames: Frame[] = [];
  const boundaries = [SEGMENT_HEADER_BYTES];
  let at = SEGMENT_HEADER_BYTES;
  for (const { payload, meta, sync } of entries) {
    if (sync === true) encoder.durableLsn = encoder.nextLsn - 1;
    const whole = { ...record, ...meta };
    frames.push({ payload, meta: whole, lsn: encoder.nextLsn, durableLsn: encoder.durableLsn });
    at = encoder.append(bytes, at, payload, whole);
    boundaries.push(at);
  }
  return { bytes, header, frames, boundaries, nextLsn: encoder.nextLsn, chain: encoder.chain };
}

/** Scans and keeps copies of the frames. */
export function scanFrames(
  source: Parameters<typeof scanSegment>[0],
  header: SegmentHeader,
  options: SegmentScanOptions = {},
): SegmentScan & { readonly frames: readonly Frame[] } {
  const frames: Frame[] = [];
  const scan = scanSegment(source, header, {
    ...options,
    onFrame: (cursor) => {
      const { kind, flags, span, lsn, durableLsn } = cursor;
      frames.push({ payload: cursor.viewPayload().slice(), meta: { kind, flags, span }, lsn, durableLsn });
    },
  });
  return { ...scan, frames };
}

export function payloadOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 17 + 5) & 0xff);
}

/** `count` records of `length` bytes; the positions in `syncs` come behind a barrier. */
export function records(count: number, length: number, syncs: readonly number[] = []): readonly Entry[] {
  return Array.from({ length: count }, (_, at) => ({ payload: payloadOf(length, at), sync: syncs.includes(at) }));
}

export const anyEntry: fc.Arbitrary<Entry> = fc.record({
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 200, maxLength: 400 }),
    fc.nat(70).map((length) => new Uint8Array(length)), // zeros
  ),
  meta: fc.record({
    kind: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 65535 })),
    flags: fc.nat(65535),
    span: fc.oneof(fc.constant(1), fc.nat(5), fc.constant(0)),
  }),
  sync: fc.boolean(),
});

export const anyEntries: fc.Arbitrary<readonly Entry[]> = fc.array(anyEntry, { maxLength: 8 });
