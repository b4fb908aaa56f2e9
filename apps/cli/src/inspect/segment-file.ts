import {
  FrameCursor,
  SEGMENT_HEADER_BYTES,
  frameKinds,
  inspectSegmentHeader,
  scanSegment,
  type ByteSource,
  type ScanEnd,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import type { FileFormat, Folder } from "./file-format.js";
import { footerMagicOf, isFbatFooter } from "./footer-magic.js";
import { damage, type Damage, type Line } from "./line.js";
import { isWholeFrame, malformedBatch } from "./log-records.js";
import { SegmentFooter, loneFooterLines } from "./segment-footer.js";

/** Segments of format 2: docs/formats/segment.md. Each is judged with the headers of its log that lie beside it. */

const magic = Buffer.from("HFSG", "latin1");

export const segmentFormat: FileFormat = {
  recognise: (head) => isBegun(head) || isNearlyBegun(head) || withMagic(head) !== undefined,

  isHeader: (head) => inspectSegmentHeader(head).kind === "segment",

  *lines(file) {
    const { source, head } = file;
    const all = { offset: 0, endOffset: source.sizeBytes };
    const repaired = isBegun(head) ? undefined : withMagic(head);
    const outcome = inspectSegmentHeader(repaired ?? head);
    switch (outcome.kind) {
      case "segment":
        if (repaired !== undefined) {
          const reason = "the magic is damaged; the rest of the header is sound";
          yield damage("corrupt", { offset: 0, endOffset: SEGMENT_HEADER_BYTES }, "CODEC_NOT_A_SEGMENT", reason);
        }
        yield headerLine(outcome.header);
        yield* frameLines(file.source, outcome.header, { successors: headersOf(file.folder) });
        return;
      case "short":
        if (isBegun(head)) {
          yield damage("torn", all, "CODEC_TRUNCATED", "the file ends inside its header: its creation was cut short");
        } else yield damage("corrupt", all, "CODEC_NOT_A_SEGMENT", "shorter than a header, and no beginning of one");
        return;
      case "unsupported": {
        const { field, value } = outcome;
        const code = field === "version" ? "CODEC_UNSUPPORTED_VERSION" : "CODEC_UNSUPPORTED_ALGORITHM";
        yield damage("unreadable", all, code, `a sound header whose ${field} ${value} is not known here`);
        return;
      }
      case "malformed":
        yield damage("corrupt", all, "CODEC_MALFORMED_HEADER", `the header has an impossible ${outcome.field}`);
        return;
      default: {
        const [code, reason] = ["CODEC_CHECKSUM_MISMATCH", "the header is damaged, and frames depend on it"];
        const footer = footerMagicOf(source);
        if (footer !== undefined && !isFbatFooter(footer)) yield* loneFooterLines(source, code, reason);
        else yield damage("corrupt", all, code, reason);
      }
    }
  },
};

/** Begins with the magic, or is a part of it: what a file is that was cut off there. */
function isBegun(head: Uint8Array): boolean {
  return head.length > 0 && magic.subarray(0, head.length).equals(head.subarray(0, magic.length));
}

/** Begins like the magic but for two bits, and goes on with our version and checksum: a header with damage elsewhere, too. */
function isNearlyBegun(head: Uint8Array): boolean {
  if (head.length < SEGMENT_HEADER_BYTES || head[4] !== 2 || head[5] !== 1) return false;
  let differing = 0;
  for (const [index, byte] of magic.entries()) {
    for (let bits = byte ^ (head[index] ?? 0); bits !== 0; bits &= bits - 1) differing++;
  }
  return differing <= 2;
}

/** The header with our magic in front, when its checksum then holds: another magic than ours is damage, then. */
function withMagic(head: Uint8Array): Uint8Array | undefined {
  const repaired = Uint8Array.from(head);
  if (repaired.length < SEGMENT_HEADER_BYTES) return undefined;
  repaired.set(magic);
  return inspectSegmentHeader(repaired).kind === "segment" ? repaired : undefined;
}

/** @param offset - where the header lies, of a section of a record log. */
export function headerLine(header: SegmentHeader, offset = 0): Line {
  const { logId, segmentId, nonce, epoch, content, baseLsn, durableLsn, previousChain, hash } = header;
  return {
    kind: "segment-header",
    offset,
    length: SEGMENT_HEADER_BYTES,
    fields: {
      format: "HFSG",
      version: 2,
      segment: BigInt(segmentId),
      ...{ logId, nonce, epoch, content, baseLsn: BigInt(baseLsn), durableLsn: BigInt(durableLsn) },
      ...{ previousChain, hash },
    },
  };
}

export interface FrameLinesOptions {
  /** Headers of the segments that may go on from this one. */
  readonly successors: readonly SegmentHeader[];
  /** Highest LSN known durable from elsewhere. */
  readonly durableLsn?: number;
  /** In a log of ours: what the records in each frame are. */
  readonly records?: RecordLines;
}

/** What is said of the records in a frame, by what they are to their owner. */
export interface RecordLines {
  /** What is wrong with them, under a sound checksum. Called for every frame of the log, in order. */
  damageOf(cursor: FrameCursor): Damage | undefined;
  /** A line for every record in the frame. */
  lines(cursor: FrameCursor): Iterable<Line>;
  /** What all of them come to, behind the last one of the log, at `offset`. */
  ending?(offset: number): Iterable<Line>;
}

/** The lines about everything behind the header. */
export function* frameLines(
  source: ByteSource,
  header: SegmentHeader,
  { successors, durableLsn = 0, records }: FrameLinesOptions,
): Generator<Line, void, undefined> {
  // Read twice: the verdict is known at the end only, and frames are handed on without being kept.
  const { end } = scanSegment(source, header, { successors, durableLsn });
  const { sizeBytes } = source;
  // The next segment goes on from the last record, so that the footer of a sealed one lies behind the switch point.
  const footerEnd = end.kind === "continued" ? sizeBytes : end.endOffset;
  const cursor = new FrameCursor(source, header, { endOffset: footerEnd });
  const footer = new SegmentFooter(source, footerEnd, header);
  let reached = end.endOffset;
  while (cursor.next()) {
    if (cursor.offset >= end.endOffset && !footer.isOwn(cursor)) break;
    reached = Math.max(reached, cursor.endOffset);
    if (footer.isOwn(cursor)) {
      yield* footer.lines(cursor, frameLine(cursor));
    } else {
      footer.take(cursor);
      const malformed = records === undefined || isWholeFrame(cursor) ? undefined : malformedBatch(cursor);
      const found = malformed ?? records?.damageOf(cursor);
      if (found !== undefined) yield found;
      yield frameLine(cursor);
      if (records !== undefined) yield* records.lines(cursor);
    }
  }
  if (end.kind === "continued" && reached < sizeBytes) {
    const fields = { continuedBy: BigInt(end.successor.segmentId) };
    yield { kind: "dead", offset: reached, length: sizeBytes - reached, fields };
  }
  const found = damageOf(end, sizeBytes);
  if (found !== undefined) yield found;
}

export function frameLine(cursor: FrameCursor): Line {
  const { offset, kind } = cursor;
  return {
    kind: "frame",
    offset,
    length: cursor.endOffset - offset,
    fields: {
      frameKind: kindNames.get(kind) ?? kind,
      flags: cursor.flags,
      lsn: BigInt(cursor.lsn),
      span: cursor.span,
      durableLsn: BigInt(cursor.durableLsn),
      chain: cursor.chain,
      payload: cursor.viewPayload(),
    },
  };
}

const kindNames: ReadonlyMap<number, string> = new Map(Object.entries(frameKinds).map(([name, kind]) => [kind, name]));

function damageOf(end: ScanEnd, endOffset: number): Damage | undefined {
  if (end.kind === "clean" || end.kind === "continued") return undefined;
  const { later } = end;
  const range = { offset: end.endOffset, endOffset };
  const ahead =
    later.headerCount === 0 ? "" : `; ${later.headerCount} sound frame headers lie behind, up to LSN ${later.lastLsn}`;
  if (end.kind === "torn") {
    const reason = `no frame (${end.reason}) from here to the end, and nothing here was known durable${ahead}`;
    return damage("torn", range, "CODEC_TORN_TAIL", reason);
  }
  const why =
    end.code === "CODEC_DURABLE_DATA_MISSING"
      ? `durable up to LSN ${end.durableLsn}, and no frame (${end.reason}) here`
      : `a sound checksum over what no encoder writes (${end.reason})`;
  return damage("corrupt", range, end.code, `${why}${ahead}`);
}

const headers = new WeakMap<Folder, readonly SegmentHeader[]>();

/** Headers of all segments of a directory. */
function headersOf(folder: Folder): readonly SegmentHeader[] {
  const kept = headers.get(folder);
  if (kept !== undefined) return kept;
  const found = folder.siblings.flatMap((sibling) => {
    const outcome = inspectSegmentHeader(sibling.head());
    return outcome.kind === "segment" ? [outcome.header] : [];
  });
  headers.set(folder, found);
  return found;
}
