import { FrameEncoder, encodeSegmentHeader, frameKinds } from "@holdfast/segment-codec";
import { Sdx4Builder, type Sdx4Entry } from "@holdfast/sidx-footer";
import { identity } from "./small-segment.js";

/** An event id that ends in one byte. */
export const entryId = (last: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, at) => (at === 15 ? last : 0xe0));

export interface SealedSegment {
  readonly bytes: Uint8Array;
  readonly footerFrame: number;
}

export interface SealedChanges {
  readonly entry?: (entry: Sdx4Entry, ordinal: number) => Sdx4Entry;
  readonly footer?: (bytes: Uint8Array) => Uint8Array;
  readonly segmentCrc?: number;
  readonly chain?: number;
  /** The entries that are left out. */
  readonly without?: readonly number[];
  /** Kind of the frames; else that of what they hold. */
  readonly kind?: number;
}

/** Three records of 10 bytes, the last frame a batch of two, and a footer that lists all four. */
export function sealedSegment({
  entry = (same) => same,
  footer = (same) => same,
  segmentCrc,
  chain,
  without = [],
  kind,
}: SealedChanges = {}): SealedSegment {
  const buffer = new Uint8Array(0x1_0000);
  const header = encodeSegmentHeader(identity, buffer);
  const encoder = new FrameEncoder(header);
  const builder = new Sdx4Builder();
  let end = 64;
  let ordinal = 0;
  for (const [frame, span] of [1, 1, 2].entries()) {
    const frameOffset = end;
    end = encoder.append(buffer, end, new Uint8Array(10).fill(frame), { kind: kind ?? span, flags: 0, span });
    for (let batchIndex = 0; batchIndex < span; batchIndex++, ordinal++) {
      const place = { sequence: 2 ** 40 + ordinal, frameOffset, frameLength: end - frameOffset, batchIndex };
      const what = {
        eventId: entryId(ordinal),
        entity: "player:1",
        scope: "game",
        revision: ordinal,
        lane: 1,
        depth: 2,
      };
      const rest = { kind: 9, timestampUs: 1_700_000_000_000_000 + ordinal, flags: 3, causationId: entryId(77) };
      if (!without.includes(ordinal)) builder.add(entry({ ...place, ...what, ...rest }, ordinal));
    }
  }
  const coverage = { coveredBytes: end, segmentCrc: segmentCrc ?? header.crc, chain: chain ?? encoder.chain };
  const payload = footer(builder.encode(coverage));
  const footerFrame = end;
  end = encoder.append(buffer, end, payload, { kind: frameKinds.footer, flags: 0, span: 0 });
  return { bytes: buffer.slice(0, end), footerFrame };
}
