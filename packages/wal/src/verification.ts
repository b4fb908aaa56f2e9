import type { Directory } from "@holdfast/fs-seam";
import type { RecordCursor } from "./record-cursor.js";
import type { SoundSegment } from "./segment-survey.js";
import type { Steps } from "./sliced-work.js";
import type { DroppedBytes } from "./tail-scan.js";
import { WalError, type WalErrorCode } from "./wal-error.js";
import { checkKeys, refuse, resolveReaderOptions } from "./wal-options.js";

/** Reading a log to its last byte, and saying everything that is wrong with it. */

export interface VerifyLogOptions {
  /** The log's own. It is only read. */
  readonly directory: Directory;
  /**
   * Highest LSN that the caller knows to be durable, as the `durableLsn` of an open log: the log is damaged where that is missing.
   * Default 0: what the files state has to be there, and nothing else.
   */
  readonly durableLsn?: number;
  /** Ends the work with `WAL_ABORTED`. */
  readonly signal?: AbortSignal;
  /** Called between two slices of the work; what it throws ends it. */
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** One turn of the event loop, between two slices. Default `setImmediate`. */
  readonly turn?: () => Promise<void>;
}

/** {@link VerifyLogOptions} with every default filled in. */
export interface ResolvedVerifyOptions extends Required<Pick<VerifyLogOptions, "directory" | "durableLsn" | "turn">> {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: VerifyLogOptions["onProgress"];
}

/** How far a verification is. */
export interface VerifyProgress {
  /** Every record up to this one has been looked at. */
  readonly lsn: number;
  /** Where it will end. */
  readonly lastLsn: number;
}

/** Something that is damaged, missing or not the log's. Plain data. */
export interface LogFinding {
  /** As an open or a read would throw it. */
  readonly code: WalErrorCode;
  /** In words, for people. */
  readonly message: string;
  /** Name in the log's directory; undefined where a whole file is missing. */
  readonly file: string | undefined;
  /** Number of the segment or section; undefined where that cannot be told. */
  readonly segmentId: number | undefined;
  /** Byte of the file at which reading came to an end; undefined where a whole file is the matter. */
  readonly offset: number | undefined;
  /** Of the first record that is not there. */
  readonly lsn: number | undefined;
}

/** What a verification found. Plain data. */
export interface VerifyReport {
  /** The first record that is kept. */
  readonly firstLsn: number;
  /** The last record that is there, and everything before it: an open would go on behind it. */
  readonly lastLsn: number;
  /** Highest LSN that anything states as durable: checkpoints, headers, frames, and who asked. */
  readonly provenLsn: number;
  /** Records that are sound, those behind damage included, and the bytes of their payloads. */
  readonly records: number;
  /** Bytes of their payloads. */
  readonly payloadBytes: number;
  /** Segments that count, or sections of a record log. */
  readonly segmentCount: number;
  /** Checkpoint files that are sound and of this log. */
  readonly checkpointCount: number;
  /** The tail that a crash may leave, which the next open cuts off: no damage. */
  readonly dropped: readonly DroppedBytes[];
  /** Empty for a sound log. One for each segment and checkpoint at most. */
  readonly findings: readonly LogFinding[];
}

/** What {@link VerifyReport} is made of. */
export interface Tally {
  records: number;
  payloadBytes: number;
  readonly findings: LogFinding[];
}

/** A log whose end is known. */
export interface VerifiedLog {
  /** Where reading may go on behind damage, by ascending id. */
  readonly parts: readonly Pick<SoundSegment, "header">[];
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly openCursor: (from: number) => RecordCursor;
}

/** Bytes of records between two pauses. */
const STEP_BYTES = 256 * 1024;
/** What a record costs besides its bytes, so that a million of empty ones are not one step. */
const RECORD_COST_BYTES = 64;

const keys: readonly string[] = [
  "directory",
  "durableLsn",
  "signal",
  "onProgress",
  "turn",
] satisfies (keyof VerifyLogOptions)[];

/** Checks options and fills in defaults; `others` are those that only the caller knows. */
export function resolveVerifyOptions(options: VerifyLogOptions, others: readonly string[] = []): ResolvedVerifyOptions {
  checkKeys(options, [...keys, ...others]);
  const { directory, durableLsn = 0, signal, onProgress, turn } = options;
  if (!(Number.isSafeInteger(durableLsn) && durableLsn >= 0)) {
    refuse("durableLsn", `must be a whole number from 0 on, not ${String(durableLsn)}`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) refuse("signal", "must be an AbortSignal");
  if (onProgress !== undefined && typeof onProgress !== "function") refuse("onProgress", "must be a function");
  const shared = resolveReaderOptions(turn === undefined ? { directory } : { directory, turn });
  return { directory, durableLsn, signal, onProgress, turn: shared.turn };
}

export function findingOf({ code, message, context }: WalError): LogFinding {
  const { file, segmentId, offset, lsn } = context;
  return { code, message, file, segmentId, offset, lsn };
}

/** The report where not even the headers make a log: one finding, and nothing else that could be said. */
export function unreadable(error: unknown): VerifyReport {
  if (!(error instanceof WalError) || error.code === "WAL_NOT_FOUND") throw error;
  const findings = [findingOf(error)];
  const nothing = { records: 0, payloadBytes: 0, segmentCount: 0, checkpointCount: 0, dropped: [] };
  return { firstLsn: 1, lastLsn: 0, provenLsn: 0, ...nothing, findings };
}

/** Reads every record, and goes on behind damage with the next part. Pauses every so many bytes. */
export function* verifyRecords(
  log: VerifiedLog,
  tally: Tally,
  onProgress: VerifyLogOptions["onProgress"],
): Steps<undefined> {
  const { lastLsn, parts } = log;
  let from = log.firstLsn;
  while (from <= lastLsn) {
    try {
      yield* readRecords(log, from, tally, onProgress);
      break;
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      // What its owner has pruned meanwhile is no damage.
      if (error.code !== "WAL_PRUNED") tally.findings.push(findingOf(error));
      from = goOn(error, from, parts);
    }
  }
  onProgress?.({ lsn: lastLsn, lastLsn });
  return undefined;
}

function* readRecords(
  { lastLsn, openCursor }: VerifiedLog,
  from: number,
  tally: Tally,
  onProgress: VerifyLogOptions["onProgress"],
): Steps<undefined> {
  const cursor = openCursor(from);
  try {
    for (let cost = 0; cursor.next();) {
      const bytes = cursor.end - cursor.start;
      tally.records += 1;
      tally.payloadBytes += bytes;
      cost += bytes + RECORD_COST_BYTES;
      if (cost < STEP_BYTES) continue;
      cost = 0;
      onProgress?.({ lsn: cursor.lsn, lastLsn });
      yield;
    }
    return undefined;
  } finally {
    cursor.close();
  }
}

/** LSN of the first record behind the part that could not be read further; infinite without one. */
function goOn({ code, context }: WalError, from: number, parts: VerifiedLog["parts"]): number {
  if (code === "WAL_PRUNED") return Number(context.expected);
  const { segmentId = Number.POSITIVE_INFINITY } = context;
  const next = parts.find(({ header }) => header.segmentId > segmentId && header.baseLsn > from);
  return next?.header.baseLsn ?? Number.POSITIVE_INFINITY;
}
