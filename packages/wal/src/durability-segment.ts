import { sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { DurabilityCursor } from "./durability-cursor.js";
import { describe, judgeStop, type CorruptEnd, type DurabilityEnd } from "./durability-end.js";
import type { DurabilitySegmentHeader } from "./durability-frame.js";
import { HeaderFields } from "./durability-header.js";
import {
  SEGMENT_MAGIC,
  WAL_HEADER_BYTES,
  durabilityLimits,
  entryGrammars,
  type DurabilityWalVersion,
} from "./durability-layout.js";
import { checkBoolean, checkFunction, checkId, checkKnown, checkWhole } from "./durability-options.js";
import type { WalErrorCode } from "./wal-error.js";

/** One entry of a WAL segment. */
export interface DurabilityEntry {
  /** Number of the entry in its log. */
  readonly entryId: number;
  /** The number in the file's name. */
  readonly segmentId: number;
  /** Where its frame begins in the file. */
  readonly offset: number;
  /** Lent until the callback returns; owned by the caller where a generator hands it out. */
  readonly payload: Uint8Array;
}

/** What one segment of durability holds. */
export interface DurabilitySegmentWalk {
  /** Undefined when the header was never written, or is none. */
  readonly header: DurabilitySegmentHeader | undefined;
  /** Sound entries up to the end. */
  readonly entryCount: number;
  /** How it ends. */
  readonly end: DurabilityEnd;
}

/** What is known of a segment of durability before it is read. */
export interface DurabilitySegmentWalkOptions {
  /** The number in the file's name. The header has to agree, and a copied or renamed file does not. */
  readonly segmentId: number;
  /** Id of the entry that is due here, when the segment before is known: its header has to begin with it. */
  readonly nextEntryId?: number | undefined;
  /** The last segment of its log may end in a torn tail; any other may not. Default true. */
  readonly last?: boolean;
  /** Longest entry that is read. Bytes, default 16 MiB, at most 1 GiB. */
  readonly maxPayloadBytes?: number;
  /** Called for every sound entry, in order, before the verdict is known: on `corrupt` what it got is for salvage only. */
  readonly onEntry?: (entry: DurabilityEntry) => void;
}

/**
 * Reads a WAL segment of any size. Any bytes give an outcome, in linear time; memory is a window of 64 KiB or one entry, and
 * behind damage what `RangeChecksums` of `@holdfast/segment-codec` says.
 *
 * Ids count up by one from the header's: version 2 leaves them out of its checksum, and nothing else tells a changed one.
 *
 * @param source - borrowed until the call returns.
 * @throws {@link WalError} `WAL_INVALID_OPTION`; `CodecError` `CODEC_SHORT_SOURCE` when the source shrinks; what the source or
 * `onEntry` throws; and nothing else about bytes.
 */
export function walkDurabilitySegment(
  source: ByteSource | Uint8Array,
  options: DurabilitySegmentWalkOptions,
): DurabilitySegmentWalk {
  checkKnown(options, ["segmentId", "nextEntryId", "last", "maxPayloadBytes", "onEntry"]);
  const { onEntry, ...place } = options;
  if (onEntry !== undefined) checkFunction(onEntry, "onEntry");
  const walk = durabilityEntries(source, place);
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
    onEntry?.(step.value);
  }
}

/**
 * {@link walkDurabilitySegment} for whoever wants the entries one by one: each payload is lent until the next one is asked for, and what
 * is returned at the end is the verdict.
 */
export function* durabilityEntries(
  source: ByteSource | Uint8Array,
  options: Omit<DurabilitySegmentWalkOptions, "onEntry">,
): Generator<DurabilityEntry, DurabilitySegmentWalk, undefined> {
  checkKnown(options, ["segmentId", "nextEntryId", "last", "maxPayloadBytes"]);
  const { segmentId, nextEntryId, last = true, maxPayloadBytes = durabilityLimits.entry } = options;
  checkId(segmentId, "segmentId", 1);
  if (nextEntryId !== undefined) checkId(nextEntryId, "nextEntryId", 1);
  checkBoolean(last, "last");
  checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);
  const walk = segmentEntries(source, { segmentId, nextEntryId, last, maxPayloadBytes });
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
    const { entryId, offset, payload } = step.value;
    yield { segmentId, entryId, offset, payload };
  }
}

export interface SegmentPlace {
  readonly segmentId: number;
  readonly nextEntryId: number | undefined;
  readonly last: boolean;
  readonly maxPayloadBytes: number;
}

/** Yields the cursor, the same each time, at every sound entry. */
export function* segmentEntries(
  source: ByteSource | Uint8Array,
  place: SegmentPlace,
): Generator<DurabilityCursor, DurabilitySegmentWalk, undefined> {
  const { nextEntryId, last, maxPayloadBytes } = place;
  const from = source instanceof Uint8Array ? sourceOf(source) : source;
  const { sizeBytes } = from;
  const outcome = inspectSegmentFile(from, place.segmentId);
  if (outcome.kind === "refused") return { header: undefined, entryCount: 0, end: outcome.end };
  if (outcome.kind === "unwritten") {
    const grammars = [entryGrammars[2], entryGrammars[3]];
    const stop = { sizeBytes, offset: 0, reason: "unwritten-header", grammars, maxPayloadBytes, nextEntryId } as const;
    return { header: undefined, entryCount: 0, end: inPlace(judgeStop(source, stop), last) };
  }
  const { header } = outcome;
  const { version, startEntryId } = header;
  if (nextEntryId !== undefined && startEntryId !== nextEntryId) {
    return { header, entryCount: 0, end: discontinuous(0, nextEntryId, startEntryId, "the segment begins") };
  }
  // A flipped bit makes 2 of 3, and writers of 0.7.2 to 0.9 put entries of version 3 behind those of 2.
  const other: DurabilityWalVersion = version === 2 ? 3 : 2;
  const grammars = [entryGrammars[version], entryGrammars[other]];
  const cursor = new DurabilityCursor(source, entryGrammars[version], { from: WAL_HEADER_BYTES, maxPayloadBytes });
  let entryCount = 0;
  while (cursor.next()) {
    const due = startEntryId + entryCount;
    if (due > Number.MAX_SAFE_INTEGER) {
      const message = `the entry at ${cursor.offset} has an id above 2^53-1`;
      return { header, entryCount, end: corrupt("WAL_LSN_OUT_OF_RANGE", cursor.offset, message) };
    }
    if (cursor.entryId !== due) {
      const end = discontinuous(cursor.offset, due, cursor.entryId, `the entry at ${cursor.offset} is sound and comes`);
      return { header, entryCount, end };
    }
    entryCount++;
    yield cursor;
  }
  const { offset, stop: reason = "end" } = cursor;
  const due = startEntryId + entryCount;
  const stop = { sizeBytes, offset, reason, grammars, maxPayloadBytes, nextEntryId: due };
  return { header, entryCount, end: inPlace(judgeStop(source, stop), last) };
}

/** What a segment file begins with. */
export type SegmentFileOutcome =
  | { readonly kind: "segment"; readonly header: DurabilitySegmentHeader }
  /** Shorter than a header, or zeros from a field of it on. */
  | { readonly kind: "unwritten" }
  | { readonly kind: "refused"; readonly end: CorruptEnd };

export function inspectSegmentFile(source: ByteSource, segmentId: number): SegmentFileOutcome {
  const fields = new HeaderFields(source, WAL_HEADER_BYTES, [4, 4, 8, 8]);
  const end = fields.refusal("VWAL", SEGMENT_MAGIC, [2, 3]);
  if (end !== undefined) return { kind: "refused", end };
  if (!fields.written) return { kind: "unwritten" };
  const version = fields.u32(4) === 2 ? 2 : 3; // it was not refused
  const startEntryId = fields.u64(8);
  const found = fields.u64(16);
  if (found !== segmentId) {
    const message = `the header is that of segment ${idText(found)}, and the name says ${segmentId}: the file was copied or renamed, or its header is damaged`;
    return { kind: "refused", end: corrupt("WAL_FOREIGN_SEGMENT", 0, message, segmentId, idText(found)) };
  }
  if (startEntryId < 0) {
    return { kind: "refused", end: corrupt("WAL_LSN_OUT_OF_RANGE", 0, "its first entry id is above 2^53-1") };
  }
  return { kind: "segment", header: { version, startEntryId, segmentId } };
}

/** Only the last segment may end in what a crash leaves: the reference begins another once everything before is written. */
function inPlace(end: DurabilityEnd, last: boolean): DurabilityEnd {
  if (last || end.kind !== "torn") return end;
  const { endOffset, reason } = end;
  const message = `${describe(reason, endOffset)}, and another segment follows`;
  return { kind: "corrupt", endOffset, code: "WAL_CORRUPT", message };
}

/** Entries are missing or come twice. */
function discontinuous(endOffset: number, expected: number, found: number, what: string): DurabilityEnd {
  const fault = found > expected ? "entries before it are missing, or its id is damaged" : "they do not count up";
  const message = `${what} with entry ${idText(found)} where ${expected} is due: ${fault}`;
  return corrupt("WAL_CORRUPT", endOffset, message, expected, idText(found));
}

function idText(id: number): number | string {
  return id < 0 ? "above 2^53-1" : id;
}

function corrupt(
  code: WalErrorCode,
  endOffset: number,
  message: string,
  expected?: number,
  actual?: number | string,
): CorruptEnd {
  return { kind: "corrupt", endOffset, code, message, expected, actual };
}
