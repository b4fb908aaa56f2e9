import type { Directory } from "@holdfast/fs-seam";
import { FRAME_HEADER_BYTES, FrameCursor, frameKinds, readSegmentHeader, sourceOf } from "@holdfast/segment-codec";
import { FrameView } from "@holdfast/segment-codec/frame-view";
import { SegmentFooters, type FooterOf, type LogSegment } from "../src/places-entry.js";

/** Footers of 40 bytes that say what they cover, and how to tell whether it is so. */

const FOOTER_BYTES = 40;

export interface Footer {
  readonly coveredBytes: number;
  readonly lastLsn: number;
  readonly segmentCrc: number;
  readonly chain: number;
}

export const footerOf: FooterOf = ({ coveredBytes, lastLsn, segmentCrc, chain, reserveBytes }) => {
  const bytes = new Uint8Array(reserveBytes + FOOTER_BYTES);
  const view = new DataView(bytes.buffer, reserveBytes);
  for (const [index, value] of [coveredBytes, lastLsn, segmentCrc, chain].entries()) {
    view.setUint32(4 * index, value, true);
  }
  return bytes;
};

/** For logs that nobody asks what became of them. */
export const footers: SegmentFooters = new SegmentFooters(footerOf);
export const noFooters: SegmentFooters = new SegmentFooters(() => undefined);

/** The footer at the very end of a file, undefined when what is there is no whole frame of it. */
export function footerAt(directory: Directory, file: string): Footer | undefined {
  const bytes = directory.readFile(file);
  const offset = bytes.length - FRAME_HEADER_BYTES - FOOTER_BYTES;
  if (offset < 64) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset + FRAME_HEADER_BYTES, FOOTER_BYTES);
  const [coveredBytes, lastLsn, segmentCrc, chain] = [0, 4, 8, 12].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ]; // as many as there are offsets
  const frame = new FrameView();
  const isSound = frame.load(bytes, offset, readSegmentHeader(sourceOf(bytes)));
  if (!isSound || frame.kind !== frameKinds.footer || !frame.isWhole(bytes, chain)) return undefined;
  return { coveredBytes, lastLsn, segmentCrc, chain };
}

/** Throws unless the frames of the segment are those that its footer speaks of. */
export function demandTruth(directory: Directory, segment: LogSegment, footer: Footer): void {
  const bytes = directory.readFile(segment.file);
  const cursor = new FrameCursor(bytes, segment.header, { endOffset: footer.coveredBytes });
  while (cursor.next());
  const { stop, endOffset, chain, nextLsn } = cursor;
  const found = { stop, coveredBytes: endOffset, lastLsn: nextLsn - 1, segmentCrc: segment.header.crc, chain };
  const wanted = { stop: "end", ...footer };
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(
      `${segment.file}: the footer speaks of ${JSON.stringify(wanted)}, there is ${JSON.stringify(found)}`,
    );
  }
  if (footer.lastLsn !== segment.lastLsn) {
    throw new Error(`${segment.file}: the footer ends with LSN ${footer.lastLsn}, the segment with ${segment.lastLsn}`);
  }
}
