import { SEGMENT_HEADER_BYTES, findLaterFrames, inspectSegmentHeader, readExactly } from "@holdfast/segment-codec";
import type { SectionBoundary } from "./record-log-section.js";
import { isOfLog, type SegmentSource } from "./segment-survey.js";

/**
 * What the bytes behind the end of a record log say: frame headers of the section that it ends in, and sound headers of later
 * sections, wherever they lie, with the frames of those. Each was written by this log, and states what had been durable.
 */
export interface TailEvidence {
  /** Highest LSN that any of it states as durable; 0 without any. */
  readonly durableLsn: number;
  /** Highest number of a section; 0 without one. */
  readonly lastSectionId: number;
  /** Sound headers, of frames and of sections. */
  readonly headerCount: number;
  /** Whether all of it is zeros, or there is nothing. */
  readonly zeros: boolean;
}

interface LaterSection {
  readonly segmentId: number;
  readonly frameSeed: number;
}

const WINDOW_BYTES = 64 * 1024;
const ALIGNMENT = 8;
const MAGIC = 0x47_53_46_48;
/** A number further ahead is no count of opens, but a header that somebody made. */
const SECTION_WINDOW = 2 ** 32;
/** Each costs a search through the tail. The last ones know what those before them knew. */
const MAX_SEARCHED_SECTIONS = 8;

/** Looks at `[end.offset, source.sizeBytes)`. Time is linear in the bytes, memory one window. */
export function evidenceBehind(source: SegmentSource, end: SectionBoundary): TailEvidence {
  const { offset, nextLsn, section } = end;
  const endOffset = source.sizeBytes;
  const own = findLaterFrames(source, section.header, { offset, endOffset, nextLsn });
  const later = findLaterSections(source, end);
  let { headerCount } = own;
  let durableLsn = Math.max(own.durableLsn, later.durableLsn);
  headerCount += later.headerCount;
  // From the end of the log on, wherever the header was found: the one at a section's beginning may be among what is lost.
  for (const { frameSeed } of later.sections) {
    const frames = findLaterFrames(source, { frameSeed }, { offset, endOffset, nextLsn });
    headerCount += frames.headerCount;
    durableLsn = Math.max(durableLsn, frames.durableLsn);
  }
  return { durableLsn, lastSectionId: later.sections[0]?.segmentId ?? 0, headerCount, zeros: own.zeros };
}

interface LaterSections {
  /** By descending number, the highest only, each once. */
  readonly sections: readonly LaterSection[];
  readonly durableLsn: number;
  readonly headerCount: number;
}

function findLaterSections(source: SegmentSource, { offset, section }: SectionBoundary): LaterSections {
  const { logId, segmentId: endsIn } = section.header;
  const sections: LaterSection[] = [];
  let durableLsn = 0;
  let headerCount = 0;
  const window = new Uint8Array(Math.min(WINDOW_BYTES, source.sizeBytes - offset));
  const view = new DataView(window.buffer);
  for (let base = offset; base + SEGMENT_HEADER_BYTES <= source.sizeBytes;) {
    const filled = Math.min(window.length, source.sizeBytes - base);
    readExactly(source, window.subarray(0, filled), base);
    let local = 0;
    for (; local + SEGMENT_HEADER_BYTES <= filled; local += ALIGNMENT) {
      if (view.getUint32(local, true) !== MAGIC) continue;
      const outcome = inspectSegmentHeader(window.subarray(0, filled), local);
      if (outcome.kind !== "segment") continue;
      const { header } = outcome;
      // A lower number belongs to what an earlier open has cut off.
      if (header.segmentId > endsIn + SECTION_WINDOW) continue;
      if (header.segmentId <= endsIn || !isOfLog(header, logId)) continue;
      headerCount += 1;
      durableLsn = Math.max(durableLsn, header.durableLsn);
      keep(sections, header);
    }
    base += local; // a header across the seam is seen whole in the next window
  }
  return { sections, durableLsn, headerCount };
}

function keep(sections: LaterSection[], found: LaterSection): void {
  // A section has its header in several places.
  if (sections.some(({ frameSeed }) => frameSeed === found.frameSeed)) return;
  const at = sections.findIndex(({ segmentId }) => segmentId < found.segmentId);
  sections.splice(at === -1 ? sections.length : at, 0, found);
  if (sections.length > MAX_SEARCHED_SECTIONS) sections.pop();
}
