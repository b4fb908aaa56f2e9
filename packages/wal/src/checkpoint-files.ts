import { removeDurably, stageFile, type Directory } from "@holdfast/fs-seam";
import { formatCheckpointFileName, parseCheckpointFileName } from "./checkpoint-file-name.js";
import { freshNonce } from "./fresh-identity.js";
import { decodeCheckpoint, encodeCheckpoint, type CheckpointOutcome } from "./checkpoint-codec.js";
import { isOfLog, openSegment, readHeader, type SegmentSurvey } from "./segment-survey.js";
import { WalError } from "./wal-error.js";

/**
 * Checkpoints in the directory of their log, `<20 digits of the LSN>.ckpt`, a few generations of them.
 *
 * Writing one:
 *
 * 1. The log is synced up to the LSN, so a checkpoint never runs ahead of its log.
 * 2. Stage, sync, rename, sync the names (`publish` of fs-seam).
 *    Window: the old generations, or they and the new one.
 * 3. Read it back. One that does not verify is an error, and nothing older is touched.
 * 4. Remove the generations that are too many, the oldest first, each durably.
 *    Window: more generations than wanted.
 */

/** A state to start from. */
export interface Checkpoint {
  /** The state is the one after all records up to this LSN. */
  readonly lsn: number;
  /** Owned by the caller. */
  readonly payload: Uint8Array;
}

/** A checkpoint file that was passed over. */
export interface SkippedCheckpoint {
  /** Name in the log's directory. */
  readonly file: string;
  /** The LSN in its name. */
  readonly lsn: number;
  /** In words, for people. */
  readonly why: string;
}

/** Checkpoint files by name alone, newest first. */
export function listCheckpoints(directory: Directory): { readonly file: string; readonly lsn: number }[] {
  const found: { file: string; lsn: number }[] = [];
  for (const { name, kind } of directory.list()) {
    const lsn = parseCheckpointFileName(name);
    if (kind === "file" && lsn !== undefined) found.push({ file: name, lsn });
  }
  return found.sort((a, b) => b.lsn - a.lsn);
}

/** What a directory without a sound segment means: nothing where there is nothing else of a log either. */
export function lostLog(
  { headerless }: SegmentSurvey,
  checkpoint: { readonly file: string; readonly lsn: number } | undefined,
): WalError | undefined {
  const [orphan] = headerless;
  if (orphan !== undefined) {
    const { file, segmentId, why } = orphan;
    const message = `no segment of the log has a sound header; that of ${file} is ${why}`;
    return new WalError("WAL_CORRUPT", message, { file, segmentId, offset: 0 });
  }
  if (checkpoint === undefined) return undefined;
  const { file, lsn } = checkpoint;
  return new WalError("WAL_CORRUPT", `${file} is a checkpoint of a log whose segments are gone`, { file, lsn });
}

/** Highest LSN that a checkpoint of this log covers, by its header: it was durable when that was written. 0 without one. */
export function checkpointedLsn(directory: Directory, logId: Uint8Array): number {
  return listCheckpoints(directory).find((each) => stands(directory, each, logId))?.lsn ?? 0;
}

/** LSN of the oldest of the generations that stay: the records behind it are needed. Infinite without one. */
export function keptLsn(directory: Directory, logId: Uint8Array, keepCheckpoints: number): number {
  return ownCheckpoints(directory, logId).slice(0, keepCheckpoints).at(-1)?.lsn ?? Infinity;
}

/** Files of other logs take no generation's place; they are left alone. */
function ownCheckpoints(directory: Directory, logId: Uint8Array): ReturnType<typeof listCheckpoints> {
  return listCheckpoints(directory).filter((each) => stands(directory, each, logId));
}

/** Whether its header says that this file is of this log, and of the LSN in its name. */
function stands(
  directory: Directory,
  named: { readonly file: string; readonly lsn: number },
  logId: Uint8Array,
): boolean {
  const { outcome } = readHeader(directory, named.file);
  return outcome.kind === "segment" && outcome.header.durableLsn === named.lsn && isOfLog(outcome.header, logId);
}

export interface CheckpointWrite {
  readonly logId: Uint8Array;
  readonly lsn: number;
  readonly content: number;
  readonly maxCheckpointBytes: number;
  /** Generations that stay, the new one included. */
  readonly keepCheckpoints: number;
}

/**
 * Steps 2 to 4; the caller has synced the log. Returns the LSN of the oldest generation that stays, at most that of the new
 * one: only that one was read back.
 */
export async function writeCheckpoint(
  directory: Directory,
  payload: Uint8Array,
  { logId, lsn, content, maxCheckpointBytes, keepCheckpoints }: CheckpointWrite,
): Promise<number> {
  const file = formatCheckpointFileName(lsn);
  const staged = stageFile(directory, file);
  try {
    staged.handle.append(encodeCheckpoint({ logId, lsn, content, nonce: freshNonce(directory.fs) }, payload));
  } catch (error) {
    staged.discard();
    throw error;
  }
  await staged.publish({ rung: "full" });
  const outcome = readCheckpointFile(directory, file, logId, maxCheckpointBytes);
  if (outcome.kind === "refused" || outcome.lsn !== lsn) {
    const why = outcome.kind === "refused" ? outcome.why : `it holds LSN ${outcome.lsn}`;
    throw new WalError("WAL_CORRUPT", `${file}: written and read back, ${why}`, { file, lsn });
  }
  const own = ownCheckpoints(directory, logId);
  const tooOld = own.slice(keepCheckpoints).filter((each) => each.file !== file);
  for (const { file: old } of tooOld.reverse()) await removeDurably(directory, old);
  return Math.min(lsn, own.slice(0, keepCheckpoints).at(-1)?.lsn ?? lsn);
}

export function readCheckpointFile(
  directory: Directory,
  file: string,
  logId: Uint8Array,
  maxCheckpointBytes: number,
): CheckpointOutcome {
  const source = openSegment(directory, file);
  try {
    return decodeCheckpoint(source, logId, maxCheckpointBytes);
  } finally {
    source.close();
  }
}

export interface CheckpointSearch {
  readonly logId: Uint8Array;
  readonly maxCheckpointBytes: number;
  /** First and last record of the log: a checkpoint is of use when the records behind it are all there. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** Checkpoints behind this LSN are passed over. */
  readonly upTo: number;
}

/** The checkpoint to start from, and what was passed over on the way to it. */
export interface FoundCheckpoint {
  /** The latest sound one; undefined where there is none and none is needed. */
  readonly checkpoint: Checkpoint | undefined;
  /** Later ones, latest first. */
  readonly skipped: readonly SkippedCheckpoint[];
}

/**
 * The newest checkpoint that verifies and that the log goes on from. Undefined when there is none and the log begins with its
 * first record, so that nothing is missing.
 *
 * @throws {@link WalError} `WAL_CHECKPOINT_MISSING` when records before the log's first one are gone, and no checkpoint has them.
 */
export function findCheckpoint(directory: Directory, search: CheckpointSearch): FoundCheckpoint {
  const { logId, maxCheckpointBytes, firstLsn, lastLsn, upTo } = search;
  const skipped: SkippedCheckpoint[] = [];
  for (const { file, lsn } of listCheckpoints(directory)) {
    const outcome = lsn > upTo ? undefined : readCheckpointFile(directory, file, logId, maxCheckpointBytes);
    const why = reasonAgainst(lsn, outcome, firstLsn, lastLsn);
    if (outcome?.kind === "checkpoint" && why === undefined) {
      return { checkpoint: { lsn, payload: outcome.payload }, skipped };
    }
    skipped.push({ file, lsn, why: why ?? `it lies behind LSN ${upTo}` });
  }
  if (firstLsn === 1) return { checkpoint: undefined, skipped };
  const told = skipped.map(({ file, why }) => `${file}: ${why}`).join("; ");
  const message = `the log begins with LSN ${firstLsn}, and no checkpoint has what came before (${told || "there is none"})`;
  throw new WalError("WAL_CHECKPOINT_MISSING", message, { lsn: firstLsn });
}

function reasonAgainst(
  lsn: number,
  outcome: CheckpointOutcome | undefined,
  firstLsn: number,
  lastLsn: number,
): string | undefined {
  if (outcome === undefined) return undefined;
  if (outcome.kind === "refused") return outcome.why;
  if (outcome.lsn !== lsn) return `it holds LSN ${outcome.lsn}`;
  if (lsn > lastLsn) return `the log ends with LSN ${lastLsn}`;
  return lsn < firstLsn - 1 ? `records ${lsn + 1} to ${firstLsn - 1} are gone` : undefined;
}
