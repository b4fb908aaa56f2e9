import { type ByteSource, sourceOf } from "@holdfast/segment-codec";
import { DurabilityCursor } from "./durability-cursor.js";
import { judgeStop, type DurabilityEnd } from "./durability-end.js";
import { HeaderFields } from "./durability-header.js";
import {
  RECORD_LOG_HEADER_BYTES,
  RECORD_LOG_MAGIC,
  RECORD_LOG_VERSION,
  durabilityLimits,
  recordGrammar,
} from "./durability-layout.js";
import { checkBoolean, checkFunction, checkKnown, checkWhole } from "./durability-options.js";

/** One record of a record log. */
export interface DurabilityRecord {
  /** Where its frame begins. */
  readonly offset: number;
  /** Lent until the callback returns. */
  readonly payload: Uint8Array;
}

/** What a record log of durability holds. */
export interface RecordLogWalk {
  /** Sound records up to the end. */
  readonly recordCount: number;
  /** Empty records that the zeros behind those would be, if they are any; 0 where nothing is in doubt. */
  readonly doubtfulRecords: number;
  /** How it ends. */
  readonly end: DurabilityEnd;
}

/** How a record log of durability is read. */
export interface RecordLogWalkOptions {
  /** Called for every sound record, in order, before the verdict is known: on `corrupt` what it got is for salvage only. */
  readonly onRecord?: (record: DurabilityRecord) => void;
  /**
   * What zeros at the end, or in front of damage, are. False, the default: nobody knows, and `doubtfulRecords` says how many. True:
   * empty records, as the reference reads them; for a log whose writer appends empty records.
   */
  readonly zerosAreRecords?: boolean;
  /** Longest record that is read. Bytes, default 64 MiB, at most 1 GiB. */
  readonly maxPayloadBytes?: number;
}

/**
 * Reads a record log of any size. Any bytes give an outcome, in linear time; memory is a window of 64 KiB or one record, and
 * behind damage what `RangeChecksums` of `@holdfast/segment-codec` says.
 *
 * @param source - borrowed until the call returns.
 * @throws {@link WalError} `WAL_INVALID_OPTION`; `CodecError` `CODEC_SHORT_SOURCE` when the source shrinks; what the source or
 * `onRecord` throws; and nothing else about bytes.
 */
export function walkRecordLog(source: ByteSource | Uint8Array, options: RecordLogWalkOptions = {}): RecordLogWalk {
  checkKnown(options, ["onRecord", "zerosAreRecords", "maxPayloadBytes"]);
  const { onRecord, ...rest } = options;
  if (onRecord !== undefined) checkFunction(onRecord, "onRecord");
  const walk = durabilityRecords(source, rest);
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
    onRecord?.(step.value);
  }
}

/**
 * {@link walkRecordLog} for whoever wants the records one by one: each payload is lent until the next one is asked for, and what is
 * returned at the end is the verdict.
 */
export function* durabilityRecords(
  source: ByteSource | Uint8Array,
  options: Omit<RecordLogWalkOptions, "onRecord"> = {},
): Generator<DurabilityRecord, RecordLogWalk, undefined> {
  checkKnown(options, ["zerosAreRecords", "maxPayloadBytes"]);
  const { zerosAreRecords = false, maxPayloadBytes = durabilityLimits.record } = options;
  checkBoolean(zerosAreRecords, "zerosAreRecords");
  checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);
  const from = source instanceof Uint8Array ? sourceOf(source) : source;
  const { sizeBytes } = from;
  const grammars = [recordGrammar];
  const fields = new HeaderFields(from, RECORD_LOG_HEADER_BYTES, [4, 4]);
  const refused = fields.refusal("VRLG", RECORD_LOG_MAGIC, [RECORD_LOG_VERSION]);
  if (refused !== undefined) return { recordCount: 0, doubtfulRecords: 0, end: refused };
  if (!fields.written) {
    const stop = { sizeBytes, offset: 0, reason: "unwritten-header", grammars, maxPayloadBytes } as const;
    return { recordCount: 0, doubtfulRecords: 0, end: judgeStop(source, stop) };
  }
  const cursor = new DurabilityCursor(source, recordGrammar, {
    from: RECORD_LOG_HEADER_BYTES,
    maxPayloadBytes,
    zerosAreRecords,
  });
  let recordCount = 0;
  // Eight zeros are an empty record, or a hole of a frame that reached the disk only in part. A sound record behind them is what
  // decides; in front of damage they are part of it.
  let doubtful: number | undefined;
  while (cursor.next()) {
    if (cursor.payload.length === 0 && !zerosAreRecords) {
      doubtful ??= cursor.offset;
      continue;
    }
    for (let at = doubtful ?? cursor.offset; at < cursor.offset; at += recordGrammar.headerBytes) {
      recordCount++;
      yield { offset: at, payload: empty };
    }
    doubtful = undefined;
    recordCount++;
    yield { offset: cursor.offset, payload: cursor.payload };
  }
  const { offset, stop: reason = "end" } = cursor;
  const endOffset = doubtful ?? offset;
  const end = judgeStop(source, { sizeBytes, offset, endOffset, reason, grammars, maxPayloadBytes });
  const zeroBytes = end.kind === "zeros" ? end.zeroBytes : offset - endOffset;
  return { recordCount, doubtfulRecords: Math.floor(zeroBytes / recordGrammar.headerBytes), end };
}

const empty = new Uint8Array(0);
