import type { Directory } from "@holdfast/fs-seam";
import { RecordCursor } from "./record-cursor.js";
import type { Section } from "./record-log-section.js";
import { SectionWalk } from "./record-log-walk.js";
import { openSegment } from "./segment-survey.js";
import type { SparseIndex } from "./sparse-index.js";

export interface SectionRange {
  readonly directory: Directory;
  readonly file: string;
  readonly maxRecordBytes: number;
  /** By ascending number, the first one of the file among them. */
  readonly sections: readonly Section[];
  readonly index: SparseIndex;
  /** From 1 on. */
  readonly from: number;
  readonly lastLsn: number;
}

/** Reads records from the sections of a record log. */
export function openSectionCursor({ directory, file, maxRecordBytes, sections, ...range }: SectionRange): RecordCursor {
  // Never in a section without a record, which a writer may have taken back meanwhile.
  const begin = Math.max(1, Math.min(range.from, range.lastLsn));
  const section = sections.findLast(({ header }) => header.baseLsn <= begin) as Section; // the first one, if no other
  const position = range.index.before(section.header.segmentId, begin);
  const walk = (): SectionWalk => {
    const source = openSegment(directory, file);
    try {
      return new SectionWalk(source, { section, position }, maxRecordBytes);
    } catch (error) {
      source.close();
      throw error;
    }
  };
  return new RecordCursor({ ...range, walk });
}
