import type { Directory } from "@holdfast/fs-seam";
import { SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import type { LogSegment } from "@holdfast/wal/places";
import { loadAccelerator } from "./accelerator-file.js";
import { ACCELERATOR_FILE } from "./accelerator-layout.js";
import type { FooterCollector } from "./footer-collector.js";
import { EventIndex } from "./event-index.js";
import { FIXED_BYTES } from "./event-layout.js";
import { takeFooter } from "./footer-loader.js";
import { FrameIndexer } from "./frame-indexer.js";
import { StoreError } from "./store-error.js";

/**
 * A cold start: the accelerator as far as its segments are those of the log, behind it each segment by its footer, and where there is none
 * that holds, by its frames. Whichever way an event comes, the index is the same; only the time differs.
 */

/** How much of an index came from one kind of source. */
export interface IndexedPart {
  /** Segments that were indexed from it. */
  readonly segments: number;
  /** Events that were. */
  readonly events: number;
}

/** What an index was filled from. Plain data. */
export interface IndexReport {
  /** From the index of sealed segments in one file. */
  readonly accelerator: IndexedPart;
  /** From the ends of sealed segments. */
  readonly footers: IndexedPart;
  /** From the events themselves. */
  readonly frames: IndexedPart;
  /** What could have been used and was not, and why. A sealed segment without a footer is `absent`: it was left so, by a crash for one. */
  readonly unused: readonly { readonly file: string; readonly why: string }[];
}

export interface IndexSources {
  readonly directory: Directory;
  /** Those of the log. */
  readonly segments: readonly LogSegment[];
  /** 16 bytes. */
  readonly logId: Uint8Array;
  readonly maxRecordBytes: number;
  /** For the index. */
  readonly collector?: FooterCollector | undefined;
}

/** An index of all events of these segments. */
export interface FilledIndex {
  readonly index: EventIndex;
  /** Goes on behind the last of them. */
  readonly indexer: FrameIndexer;
  readonly report: IndexReport;
}

/** @throws `WalError` `WAL_CORRUPT` for a damaged frame, {@link StoreError} for events that do not follow one another. */
export function fillIndex(sources: IndexSources): FilledIndex {
  const { directory, segments, maxRecordBytes, collector } = sources;
  const first = segments[0] as LogSegment; // a log has one
  if (first.baseLsn !== 1) {
    const message = `the events before ${first.baseLsn} are gone: ${first.file} is the first segment`;
    throw new StoreError("STORE_CORRUPT", message, { file: first.file, expected: 1, actual: first.baseLsn });
  }
  const unused: { file: string; why: string }[] = [];
  const expectedEvents = mostEvents(segments);
  const loaded = loadAccelerator({ ...sources, expectedEvents });
  if (loaded.kind === "refused") unused.push({ file: ACCELERATOR_FILE, why: loaded.why });
  const index = loaded.kind === "loaded" ? loaded.index : new EventIndex(collector);
  index.ids.reserve(expectedEvents);
  const accelerator = { segments: loaded.kind === "loaded" ? loaded.segments : 0, events: index.lastSequence };
  const footers = { segments: 0, events: 0 };
  const frames = { segments: 0, events: 0 };
  const indexer = new FrameIndexer(directory, maxRecordBytes);
  for (const segment of segments.slice(accelerator.segments)) {
    const { file, segmentId, baseLsn, lastLsn, endChain, header, isSealed } = segment;
    const events = lastLsn + 1 - baseLsn;
    if (events === 0) {
      indexer.goOnBehind({ segmentId, offset: SEGMENT_HEADER_BYTES, nextLsn: baseLsn, chain: header.previousChain });
      continue;
    }
    const outcome = takeFooter(index, directory, segment, maxRecordBytes);
    if (outcome.kind === "taken") {
      indexer.goOnBehind({ segmentId, offset: outcome.coveredBytes, nextLsn: lastLsn + 1, chain: endChain });
    } else {
      if (outcome.kind === "refused" || isSealed) {
        unused.push({ file, why: outcome.kind === "absent" ? "absent" : outcome.why });
      }
      indexer.addSegment(index, segment);
    }
    const part = outcome.kind === "taken" ? footers : frames;
    part.segments += 1;
    part.events += events;
  }
  return { index, indexer, report: { accelerator, footers, frames, unused } };
}

/** As many as headers say, and no more than there are bytes for: what room is made for is not up to a header alone. */
function mostEvents(segments: readonly LogSegment[]): number {
  const bytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return Math.min(segments.at(-1)?.lastLsn ?? 0, Math.floor(bytes / FIXED_BYTES));
}
