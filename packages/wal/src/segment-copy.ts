import type { Directory } from "@holdfast/fs-seam";
import {
  FRAME_HEADER_BYTES,
  FrameCursor,
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  frameKinds,
  type ByteSource,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { batchPayloadBytes, encodeBatchPayload } from "./batch-payload.js";
import { CHAIN_LINK_BYTES, chainLinkMeta, chainLinkPayload } from "./chain-link.js";
import { FrameCopy } from "./frame-copy.js";
import { SealedFrames } from "./sealed-frames.js";
import type { FooterOf, SealedSegment } from "./segment-footers.js";
import type { LogSegment } from "./segment-list.js";
import { WalError } from "./wal-error.js";
import { RECORD_COST_BYTES, WorkSlices } from "./work-slices.js";

/**
 * Writes the frames of a segment that count once more, under the same header: same id, same LSNs, batches as they were, some of the
 * records replaced by others. Watermarks, footers and what is dead are left out.
 *
 * Each frame states as durable all that lies before it, so the copy has to be synced whole before it gets its name.
 */

/** What takes the place of a record, owned by the copy from then on; undefined where it stays. */
export type ReplaceRecord = (lsn: number, bytes: Uint8Array, start: number, end: number) => Uint8Array | undefined;

/** Makes the footer of a copy. `offsets` has where the frame of each record begins, by its LSN minus `baseLsn`. */
export type CopyFooter = (sealed: SealedSegment, offsets: Float64Array) => ReturnType<FooterOf>;

/** Which segment is copied, and where the bytes go. */
export interface SegmentCopyOptions {
  /** The log's own. */
  readonly directory: Directory;
  /** A sealed one. */
  readonly segment: LogSegment;
  /** The log's own. Bytes. */
  readonly maxRecordBytes: number;
  /** The last record that is copied, of a frame's the last one. Default: of the segment. */
  readonly lastLsn?: number;
  /** What takes the place of a record; left out, all stay as they are. */
  readonly replace?: ReplaceRecord | undefined;
  /** The next segment goes on from the chain where this one ends. Otherwise the copy ends the log. */
  readonly isFollowed: boolean;
  /** Makes the footer of the copy; left out, it has none. */
  readonly footerOf?: CopyFooter | undefined;
  /** Takes what is written, from the beginning of the file on; borrowed until it returns. */
  readonly write: (bytes: Uint8Array) => void;
  /** A turn of the event loop, after so many bytes and records; what it throws ends the copy. */
  readonly pause: () => Promise<void>;
}

/** What was written. */
export interface SegmentCopy {
  /** Length of the copy. */
  readonly sizeBytes: number;
  /** Chain behind the last frame that counts. */
  readonly endChain: number;
  /** Where the frame of each record begins, by its LSN minus that of the first. */
  readonly offsets: Float64Array;
}

const nothing = new Uint8Array();
const footerMeta = { kind: frameKinds.footer, flags: 0, span: 0 } as const;

/**
 * @throws {@link WalError} `WAL_CORRUPT` where the segment is damaged, `WAL_RECORD_TOO_LARGE` where a batch would be with what replaces its
 * records; and what `write`, `replace` and `pause` throw.
 */
export async function copySegment(options: SegmentCopyOptions): Promise<SegmentCopy> {
  const { directory, segment, maxRecordBytes, lastLsn = segment.lastLsn } = options;
  const frames = new SealedFrames(directory, segment, maxRecordBytes, lastLsn);
  try {
    options.write(headerBytes(segment));
    const copy = new FrameCopy(new FrameEncoder(segment.header), options.write);
    const offsets = new Float64Array(Math.max(0, lastLsn + 1 - segment.baseLsn));
    let offset: number = SEGMENT_HEADER_BYTES;
    const slices = new WorkSlices(options.pause);
    while (frames.next()) {
      const { kind, flags, span, lsn } = frames.cursor;
      if (kind === frameKinds.watermark || kind === frameKinds.footer) continue;
      const payload = await payloadOf(frames, options.replace, slices);
      if (payload.length > maxRecordBytes) throw tooLarge(segment, lsn, payload.length, maxRecordBytes);
      offsets.fill(offset, lsn - segment.baseLsn, lsn - segment.baseLsn + span);
      copy.append(payload, { kind, flags, span });
      offset += frameBytes(payload.length);
      await slices.spend(frameBytes(payload.length));
    }
    offset += end(copy, options);
    copy.write();
    const { chain: endChain } = copy.encoder;
    const footer = footerOf(options, copy.encoder, offset, offsets);
    if (footer !== undefined) options.write(footer);
    return { sizeBytes: offset + (footer?.length ?? 0), endChain, offsets };
  } finally {
    frames.close();
  }
}

/**
 * Reads a copy to its end.
 *
 * @returns what is wrong with it, undefined when it holds all it should and ends as it should.
 */
export async function copyFault(
  source: ByteSource,
  about: Pick<SegmentCopyOptions, "segment" | "lastLsn" | "isFollowed" | "pause">,
  { sizeBytes, endChain: ownChain }: SegmentCopy,
): Promise<string | undefined> {
  const { segment, lastLsn = segment.lastLsn, isFollowed, pause } = about;
  const endChain = isFollowed ? segment.endChain : ownChain;
  if (source.sizeBytes !== sizeBytes) return `has ${source.sizeBytes} bytes, not ${sizeBytes}`;
  const cursor = new FrameCursor(source, segment.header);
  const slices = new WorkSlices(pause);
  let isComplete = lastLsn < segment.baseLsn;
  while (cursor.next()) {
    isComplete ||= cursor.nextLsn === lastLsn + 1 && cursor.chain === endChain;
    await slices.spend(cursor.endOffset - cursor.offset);
  }
  if (cursor.stop !== "end") return `ends at ${cursor.endOffset} (${cursor.stop})`;
  return isComplete ? undefined : "does not end as it should";
}

function headerBytes({ header }: LogSegment): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  encodeSegmentHeader(identityOf(header), bytes);
  return bytes;
}

/** What a header was encoded from. */
function identityOf({
  crc: _crc,
  frameSeed: _seed,
  ...identity
}: SegmentHeader): Parameters<typeof encodeSegmentHeader>[0] {
  return identity;
}

/** The payload of the current frame, with other records where `replace` gives some. */
async function payloadOf(
  frames: SealedFrames,
  replace: ReplaceRecord | undefined,
  slices: WorkSlices,
): Promise<Uint8Array> {
  const { cursor } = frames;
  if (replace === undefined) return cursor.viewPayload();
  const records: Uint8Array[] = [];
  let isOther = false;
  for (const { lsn, bytes, start, end } of frames.records()) {
    const other = replace(lsn, bytes, start, end);
    isOther ||= other !== undefined;
    records.push(other ?? bytes.subarray(start, end));
    await slices.spend(RECORD_COST_BYTES);
  }
  if (!isOther) return cursor.viewPayload();
  if (cursor.kind === frameKinds.record) return records[0] as Uint8Array; // the one
  const payload = new Uint8Array(batchPayloadBytes(records));
  encodeBatchPayload(records, payload, 0);
  return payload;
}

/** Ends the frames as the log goes on, and returns the bytes that takes. */
function end(copy: FrameCopy, { segment, isFollowed }: SegmentCopyOptions): number {
  if (copy.encoder.nextLsn === segment.baseLsn) return 0;
  if (isFollowed && copy.encoder.chain === segment.endChain) return 0; // no byte is another one
  if (isFollowed) {
    copy.encoder.durableLsn = copy.encoder.nextLsn - 1; // as the frame will state
    copy.append(chainLinkPayload(copy.encoder, segment.endChain), chainLinkMeta);
    return CHAIN_LINK_BYTES;
  }
  copy.append(nothing, chainLinkMeta); // states the last record as durable
  return FRAME_HEADER_BYTES;
}

function footerOf(
  { segment, footerOf: make, maxRecordBytes: maxBytes }: SegmentCopyOptions,
  encoder: FrameEncoder,
  coveredBytes: number,
  offsets: Float64Array,
): Uint8Array | undefined {
  const { file, segmentId, header, baseLsn } = segment;
  const { chain } = encoder;
  const lastLsn = encoder.nextLsn - 1;
  const about = { coveredBytes, segmentCrc: header.crc, chain, reserveBytes: FRAME_HEADER_BYTES, maxBytes };
  const bytes = make?.({ file, segmentId, header, baseLsn, lastLsn, ...about }, offsets);
  if (bytes === undefined || bytes.length - FRAME_HEADER_BYTES > maxBytes) return undefined;
  encoder.seal(bytes, 0, bytes.length - FRAME_HEADER_BYTES, footerMeta);
  return bytes;
}

function tooLarge({ file, segmentId }: LogSegment, lsn: number, actual: number, expected: number): WalError {
  const message = `${file}: the frame of record ${lsn} would have ${actual} bytes, above maxRecordBytes, which is ${expected}`;
  return new WalError("WAL_RECORD_TOO_LARGE", message, { file, segmentId, lsn, expected, actual });
}
