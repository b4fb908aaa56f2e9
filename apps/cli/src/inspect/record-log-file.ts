import {
  FrameCursor,
  SEGMENT_HEADER_BYTES,
  inspectSegmentHeader,
  sourceOf,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import {
  SectionWalk,
  finish,
  scanSections,
  sectionFrameKind,
  type RecordLogScan,
  type Section,
} from "@holdfast/wal/files";
import type { FileFormat } from "./file-format.js";
import { damage, type Line } from "./line.js";
import { isWholeFrame, malformedBatch, recordLines } from "./log-records.js";
import { frameLine, headerLine } from "./segment-file.js";

/** Where the first frame of a section has the header once more. */
const copyAt = SEGMENT_HEADER_BYTES + 32;
const maxRecordBytes = 2 ** 28;

/** Record logs: one file of any name, a row of sections. docs/formats/wal.md. */
export const recordLogFormat: FileFormat = {
  recognise: (head) => beginningOf(head) !== undefined,

  isHeader: (head) => beginningOf(head)?.isDamaged === false,

  *lines({ name, head, source }) {
    const beginning = beginningOf(head);
    if (beginning === undefined) return;
    if (beginning.isDamaged) {
      const reason = "the header is damaged; the copy of it that follows is sound";
      yield damage("corrupt", { offset: 0, endOffset: SEGMENT_HEADER_BYTES }, "CODEC_CHECKSUM_MISMATCH", reason);
    }
    const first: Section = { file: name, offset: 0, header: beginning.header };
    const opened = { sizeBytes: source.sizeBytes, readAt: source.readAt.bind(source), close: () => {} };
    // Read twice, as segments are.
    const scan = finish(scanSections(opened, first, { maxRecordBytes }));
    const walk = new SectionWalk(opened, { section: first }, maxRecordBytes);
    yield headerLine(first.header);
    let shown = walk.segment;
    while (walk.next()) {
      const { segment, cursor } = walk;
      if (segment !== shown) yield headerLine(segment.header, segment.offset);
      shown = segment;
      if (!isWholeFrame(cursor)) yield malformedBatch(cursor);
      yield frameLine(cursor);
      yield* recordLines(cursor);
    }
    if (walk.segment !== shown) yield headerLine(walk.segment.header, walk.segment.offset);
    yield* endLines(scan);
  },
};

interface Beginning {
  readonly header: SegmentHeader;
  /** The header itself is damaged, and this is its copy. */
  readonly isDamaged: boolean;
}

/** The header that a record log begins with, or undefined where the bytes are none's beginning. */
function beginningOf(head: Uint8Array): Beginning | undefined {
  const outcome = inspectSegmentHeader(head);
  if (outcome.kind === "segment") {
    const { header } = outcome;
    if (header.baseLsn !== 1 || header.previousChain !== 0) return undefined;
    const cursor = new FrameCursor(sourceOf(head), header);
    const isSection = cursor.next() ? cursor.kind === sectionFrameKind && cursor.span === 0 : hasCopy(head, header);
    return isSection ? { header, isDamaged: false } : undefined;
  }
  if (head.length < copyAt + SEGMENT_HEADER_BYTES) return undefined;
  const copy = inspectSegmentHeader(head, copyAt);
  if (copy.kind !== "segment" || copy.header.baseLsn !== 1 || copy.header.previousChain !== 0) return undefined;
  return { header: copy.header, isDamaged: true };
}

function hasCopy(head: Uint8Array, { crc, nonce }: SegmentHeader): boolean {
  if (head.length < copyAt + SEGMENT_HEADER_BYTES) return false;
  const copy = inspectSegmentHeader(head, copyAt);
  return copy.kind === "segment" && copy.header.crc === crc && copy.header.nonce === nonce;
}

function* endLines({ end, lastLsn, durableLsn, dropped, damage: found, sizeBytes }: RecordLogScan): Generator<Line> {
  const rest = { offset: end.offset, endOffset: sizeBytes };
  const ahead = (dropped?.laterHeaders ?? 0) === 0 ? "" : `; ${dropped?.laterHeaders} sound headers lie behind`;
  const stop = dropped?.reason ?? "zeros";
  if (found !== undefined && durableLsn > lastLsn) {
    const reason = `durable up to LSN ${durableLsn}, and no frame (${stop}) here${ahead}`;
    yield damage("corrupt", rest, "CODEC_DURABLE_DATA_MISSING", reason);
  } else if (found !== undefined) {
    const reason = `a sound checksum over what no encoder writes (${stop})${ahead}`;
    yield damage("corrupt", rest, "CODEC_MALFORMED_FRAME", reason);
  } else if (sizeBytes > end.offset) {
    const reason = `no frame (${stop}) from here to the end, and nothing here was known durable${ahead}`;
    yield damage("torn", rest, "CODEC_TORN_TAIL", reason);
  }
}
