import {
  CodecError,
  SEGMENT_HEADER_BYTES,
  inspectSegmentHeader,
  readExactly,
  ByteWindow,
  FrameCursor,
  type ByteSource,
  type FramePosition,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { CliError } from "../cli-error.js";
import { DueLsn } from "./due-lsn.js";
import type { SalvageEvent } from "./salvage-event.js";
import { soundFrames } from "./sound-frames.js";

/** Bytes of a frame's header, behind which a section's first frame has the section's header once more. */
const frameHeaderBytes = 32;
const magic = 0x47_53_46_48;
const windowBytes = 0x1_0000;
const alignment = 8;

interface SectionFound {
  readonly header: SegmentHeader;
  /** Where the header, or its copy, lies. */
  readonly offset: number;
}

/**
 * Everything that verifies in a record log, or in any one segment of format 2, by ascending LSN: the frames of each section up to the next header of a later one, wherever
 * that lies.
 */
export function* salvageRecordLog(name: string, source: ByteSource): Generator<SalvageEvent, void, undefined> {
  let due = new DueLsn(1);
  let readTo = 0;
  let durableLsn = 0;
  try {
    let section = nextSection(source, 0, undefined);
    // A segment of another log of ours under a name of its own begins where it says.
    if (section?.offset === 0) due = new DueLsn(section.header.baseLsn);
    if (section === undefined) {
      due.lose(name, 0, source.sizeBytes, "CODEC_NOT_A_SEGMENT", "no sound header of a section");
    } else if (section.offset > 0) {
      due.lose(name, 0, section.offset, "CODEC_CHECKSUM_MISMATCH", "no sound header of a section");
    }
    while (section !== undefined) {
      const { header, offset } = section;
      durableLsn = Math.max(durableLsn, header.durableLsn);
      const next = nextSection(source, offset + SEGMENT_HEADER_BYTES, header);
      const endOffset = next?.offset ?? source.sizeBytes;
      const begin = offset + SEGMENT_HEADER_BYTES;
      const start = startOf(source, section, endOffset);
      const range = { start, offset: begin, endOffset, untilLsn: next?.header.baseLsn ?? Number.MAX_SAFE_INTEGER };
      // A frame right before the next section states the LSN that is due there.
      const untilLsn = range.untilLsn === Number.MAX_SAFE_INTEGER ? range.untilLsn : range.untilLsn + 1;
      for (const item of soundFrames(source, header, { ...range, untilLsn, fromLsn: due.next })) {
        if (item.kind === "hole") {
          due.pass(name, item);
          readTo = item.endOffset;
          continue;
        }
        const { cursor } = item;
        readTo = cursor.endOffset;
        durableLsn = Math.max(durableLsn, cursor.durableLsn);
        if (cursor.span === 0 || cursor.lsn < due.next || cursor.lsn >= range.untilLsn) continue;
        yield* due.reach(cursor.lsn, cursor.span);
        yield { ...item, content: header.content };
      }
      section = next;
    }
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
    due.lose(name, readTo, 0, error.code, error.message);
  }
  yield* due.end(durableLsn);
}

/** Where the first frame of a section is to be read: right behind its header, or behind the first frame when this is the copy in it. */
function startOf(source: ByteSource, { header, offset }: SectionFound, endOffset: number): FramePosition | undefined {
  const behind = { offset: offset + SEGMENT_HEADER_BYTES, nextLsn: header.baseLsn };
  const candidates: FramePosition[] = [{ ...behind, chain: header.crc }];
  if (offset >= frameHeaderBytes) candidates.push({ ...behind, chain: chainAt(source, offset - frameHeaderBytes) });
  return candidates.find((from) => new FrameCursor(source, header, { from, endOffset, windowBytes: 4096 }).next());
}

function chainAt(source: ByteSource, offset: number): number {
  const bytes = new Uint8Array(4);
  readExactly(source, bytes, offset);
  return new DataView(bytes.buffer).getUint32(0, true);
}

/** Whether there is anything to begin with. */
export function holdsSection(source: ByteSource): boolean {
  return nextSection(source, 0, undefined) !== undefined;
}

/** The first sound header of a later section of the same log from `from` on; of any log where none is known. */
function nextSection(source: ByteSource, from: number, after: SegmentHeader | undefined): SectionFound | undefined {
  const window = new ByteWindow(source, windowBytes);
  const last = source.sizeBytes - SEGMENT_HEADER_BYTES;
  for (let at = from; at <= last;) {
    window.at(at, SEGMENT_HEADER_BYTES);
    const { bytes, start } = window;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lastHere = Math.min(last, window.end - SEGMENT_HEADER_BYTES);
    for (; at <= lastHere; at += alignment) {
      if (view.getUint32(at - start, true) !== magic) continue;
      const outcome = inspectSegmentHeader(bytes, at - start);
      if (outcome.kind !== "segment") continue;
      const { header } = outcome;
      if (after === undefined) return { header, offset: at };
      const isLater = header.segmentId > after.segmentId && header.baseLsn >= after.baseLsn;
      if (isLater && Buffer.compare(header.logId, after.logId) === 0) return { header, offset: at };
    }
  }
  return undefined;
}
