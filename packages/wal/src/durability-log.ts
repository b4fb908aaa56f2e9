import type { Directory } from "@holdfast/fs-seam";
import type { DurabilityCursor } from "./durability-cursor.js";
import { surveyDurabilityLog, type DurabilitySegmentFile } from "./durability-directory.js";
import type { CorruptEnd, DurabilityEnd } from "./durability-end.js";
import { durabilityLimits, type DurabilityWalVersion } from "./durability-layout.js";
import { checkId, checkKnown, checkWhole, refuseOption } from "./durability-options.js";
import {
  inspectSegmentFile,
  segmentEntries,
  type DurabilityEntry,
  type DurabilitySegmentWalk,
} from "./durability-segment.js";
import { openSegment } from "./segment-survey.js";
import { WalError } from "./wal-error.js";
import type { RecoveryMode } from "./wal-options.js";

/** Which log of durability is read, and how strictly. */
export interface DurabilityReadOptions {
  /** The directory that holds `wal`. It is only read. */
  readonly directory: Directory;
  /**
   * `strict`: the log ends as a writer that was closed leaves it. `recover`, the default: its last segment may end in what a
   * crash leaves. `salvage`: whatever comes before the damage is read, and the report says what the damage is.
   */
  readonly mode?: RecoveryMode;
  /** Id of the first entry that is handed out: one above a checkpoint's. Entries before it are verified. Default: the first. */
  readonly from?: number;
  /** Longest entry that is read. Bytes, default 16 MiB, at most 1 GiB. */
  readonly maxPayloadBytes?: number;
}

/** What a log of the reference holds. Plain data. */
export interface DurabilityReport {
  /** Segments that were read, the one that the log ends in included. */
  readonly segmentCount: number;
  /** Sound entries up to the end, those before `from` included. */
  readonly entryCount: number;
  /** Id of the first entry that is kept, or would be in a log without one; undefined when no header was ever written. */
  readonly firstEntryId: number | undefined;
  /** Id that the next entry gets. Undefined when no header says so: a checkpoint must, or ids would be given twice. */
  readonly nextEntryId: number | undefined;
  /** Version of the last segment that has a header. */
  readonly version: DurabilityWalVersion | undefined;
  /** Segment that the log ends in. */
  readonly file: string;
  /** The number in that file's name. */
  readonly segmentId: number;
  /** How the log ends. */
  readonly end: DurabilityEnd;
  /** Segments behind the end, none of which was read; only in mode `salvage`. */
  readonly unreadFiles: readonly string[];
  /** There is a `.lock`: a writer of the reference runs, or one was killed. */
  readonly locked: boolean;
}

/**
 * The entries of a log of the reference, from its first segment to its end; what it returns says how it ends. Names, numbers
 * and headers are checked before the first entry is handed out; damage further behind is met when it is reached.
 *
 * Memory: a window of 64 KiB or one entry, and behind damage what {@link walkDurabilitySegment} takes. Payloads are owned by
 * the caller. Ending the iteration early is fine, and nothing behind is looked at then.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND` without a segment, where the reference reads an empty log; `WAL_PRUNED` when entries
 * from `from` on are no longer there; `WAL_FOREIGN_SEGMENT`; `WAL_UNSUPPORTED`; `WAL_LSN_OUT_OF_RANGE`; `WAL_RECORD_TOO_LARGE`
 * for a sound entry above `maxPayloadBytes`; `WAL_CORRUPT`; in mode `strict` `WAL_TORN`. What the file system says.
 */
export function* readDurabilityLog(
  options: DurabilityReadOptions,
): Generator<DurabilityEntry, DurabilityReport, undefined> {
  return yield* logEntries(options, (cursor) => cursor.payload.slice());
}

/** Reads a whole log, hands out nothing and returns the report. Throws as {@link readDurabilityLog} does. */
export function verifyDurabilityLog(options: DurabilityReadOptions): DurabilityReport {
  const walk = logEntries(options, (cursor) => cursor.payload);
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
  }
}

function* logEntries(
  options: DurabilityReadOptions,
  payloadOf: (cursor: DurabilityCursor) => Uint8Array,
): Generator<DurabilityEntry, DurabilityReport, undefined> {
  const { directory, mode, from, maxPayloadBytes } = resolve(options);
  const survey = surveyDurabilityLog(directory);
  if (survey.kind !== "segments") {
    const what = survey.kind === "absent" ? "there is no directory wal" : "the directory wal holds no segment";
    throw new WalError("WAL_NOT_FOUND", `${what}: the log was never begun, or it is lost`);
  }
  const { segments, locked } = survey;
  const known = checkHeaders(directory, segments);
  if (known.fault !== undefined && mode !== "salvage") throw errorOf(segments[known.count], known.fault);
  if (options.from !== undefined && known.firstEntryId !== undefined && from < known.firstEntryId) {
    const message = `entry ${from} was asked for, and the log begins with ${known.firstEntryId}`;
    throw new WalError("WAL_PRUNED", message, { lsn: from, expected: from, actual: known.firstEntryId });
  }
  const found: FoundSoFar = { entryCount: 0, nextEntryId: undefined, version: undefined };
  let end: DurabilityEnd = { kind: "clean", endOffset: 0 };
  let at = segments[0] as DurabilitySegmentFile; // there is one at least
  let segmentCount = 0;
  for (const segment of segments) {
    at = segment;
    const fault = segmentCount === known.count ? known.fault : undefined;
    segmentCount++;
    const last = segmentCount === segments.length;
    if (fault !== undefined) {
      end = fault;
      break;
    }
    const source = openSegment(directory, segment.file);
    try {
      const place = { segmentId: segment.segmentId, nextEntryId: found.nextEntryId, last, maxPayloadBytes };
      const walk = segmentEntries(source, place);
      let step = walk.next();
      for (; step.done !== true; step = walk.next()) {
        const cursor = step.value;
        const { entryId, offset } = cursor;
        if (entryId >= from) yield { segmentId: segment.segmentId, entryId, offset, payload: payloadOf(cursor) };
      }
      ({ end } = step.value);
      addTo(found, step.value);
    } finally {
      source.close();
    }
    if (end.kind === "corrupt") break;
  }
  if (end.kind !== "clean" && (end.kind === "corrupt" ? mode !== "salvage" : mode === "strict")) throw errorOf(at, end);
  return {
    segmentCount,
    entryCount: found.entryCount,
    firstEntryId: known.firstEntryId,
    nextEntryId: found.nextEntryId,
    version: found.version,
    file: at.file,
    segmentId: at.segmentId,
    end,
    unreadFiles: segments.slice(segmentCount).map(({ file }) => file),
    locked,
  };
}

interface FoundSoFar {
  entryCount: number;
  nextEntryId: number | undefined;
  version: DurabilityWalVersion | undefined;
}

/** A segment that ends before its first frame adds nothing: it is not begun, or does not belong where it is. */
function addTo(found: FoundSoFar, { header, entryCount, end }: DurabilitySegmentWalk): void {
  if (header === undefined || end.endOffset === 0) return;
  found.entryCount += entryCount;
  found.version = header.version;
  found.nextEntryId = header.startEntryId + entryCount;
}

interface KnownHeaders {
  /** Segments before the first one that is at fault. */
  readonly count: number;
  readonly fault: CorruptEnd | undefined;
  readonly firstEntryId: number | undefined;
}

/** Numbers without a gap, and in every segment a header that has the number of its name; only the last may lack it. */
function checkHeaders(directory: Directory, segments: readonly DurabilitySegmentFile[]): KnownHeaders {
  let firstEntryId: number | undefined;
  let count = 0;
  for (const { file, segmentId } of segments) {
    const due = (segments[0] as DurabilitySegmentFile).segmentId + count; // inside the loop there is one
    if (segmentId !== due) {
      const fault = corrupt(`segment ${due} is missing before it`, due, segmentId);
      return { count, fault, firstEntryId };
    }
    const source = openSegment(directory, file);
    try {
      const outcome = inspectSegmentFile(source, segmentId);
      if (outcome.kind === "refused") return { count, fault: outcome.end, firstEntryId };
      if (outcome.kind === "segment") firstEntryId ??= outcome.header.startEntryId;
      else if (count < segments.length - 1) {
        return { count, fault: corrupt("its header was never written, and another segment follows"), firstEntryId };
      }
    } finally {
      source.close();
    }
    count++;
  }
  return { count, fault: undefined, firstEntryId };
}

function corrupt(message: string, expected?: number, actual?: number): CorruptEnd {
  return { kind: "corrupt", endOffset: 0, code: "WAL_CORRUPT", message, expected, actual };
}

/** What ends a read, as an error. */
function errorOf(at: DurabilitySegmentFile | undefined, end: Exclude<DurabilityEnd, { kind: "clean" }>): WalError {
  const context = { file: at?.file, segmentId: at?.segmentId, offset: end.endOffset };
  switch (end.kind) {
    case "corrupt": {
      const { code, message, expected, actual } = end;
      return new WalError(code, `${at?.file}: ${message}`, { ...context, expected, actual });
    }
    case "torn":
      return new WalError(
        "WAL_TORN",
        `${at?.file} ends in ${end.tornBytes} bytes that are no entry (${end.reason})`,
        context,
      );
    case "zeros":
      return new WalError("WAL_TORN", `${at?.file} ends in ${end.zeroBytes} zero bytes`, context);
  }
}

function resolve({ mode = "recover", maxPayloadBytes = durabilityLimits.entry, ...rest }: DurabilityReadOptions): {
  readonly directory: Directory;
  readonly mode: RecoveryMode;
  readonly from: number;
  readonly maxPayloadBytes: number;
} {
  checkKnown(rest, ["directory", "from"]);
  const { directory, from = 1 } = rest;
  if (typeof directory?.list !== "function") refuseOption("directory", "must be a Directory of @holdfast/fs-seam");
  if (!["strict", "recover", "salvage"].includes(mode)) {
    refuseOption("mode", `must be "strict", "recover" or "salvage", not ${String(mode)}`);
  }
  checkId(from, "from", 1);
  checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);
  return { directory, mode, from, maxPayloadBytes };
}
