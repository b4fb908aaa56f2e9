import { isFsError, type Directory } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import { listCheckpoints, readCheckpointFile } from "./checkpoint-files.js";
import { lookAtLog, type LogView } from "./log-view.js";
import { openRecordCursor } from "./record-cursor.js";
import type { SoundSegment } from "./segment-survey.js";
import { finish, inSlices, type Steps } from "./sliced-work.js";
import { SparseIndex } from "./sparse-index.js";
import {
  findingOf,
  resolveVerifyOptions,
  unreadable,
  verifyRecords,
  type LogFinding,
  type ResolvedVerifyOptions,
  type Tally,
  type VerifyLogOptions,
  type VerifyReport,
} from "./verification.js";
import type { WalError } from "./wal-error.js";

/**
 * Verifies a whole log: the headers of all segments, every record, the tail, what is stated as durable, and every checkpoint.
 * Takes no lock, changes nothing, and may work beside the writer, in this process or another. Goes on behind damage with the next
 * segment. The event loop gets a turn every 256 KiB of records, and between two files while the tail is judged; memory is that
 * of the longest record or checkpoint.
 *
 * @throws {@link WalError} `WAL_NOT_FOUND` without a log, `WAL_ABORTED`, `WAL_INVALID_OPTION`; and what the file system says where
 * something cannot be read.
 */
export async function verifyLog(options: VerifyLogOptions): Promise<VerifyReport> {
  const resolved = resolveVerifyOptions(options);
  return inSlices(verifySegments(resolved), resolved);
}

function* verifySegments({ directory, durableLsn, onProgress }: ResolvedVerifyOptions): Steps<VerifyReport> {
  const look = { maxRecordBytes: MAX_PAYLOAD_BYTES, durableLsn };
  const tally: Tally = { records: 0, payloadBytes: 0, findings: [] };
  const { findings } = tally;
  let view: LogView;
  try {
    view = yield* lookAtLog(directory, look);
  } catch (error) {
    return unreadable(error);
  }
  const { live, tail } = view;
  const first = live[0] as SoundSegment; // a look finds one, or throws
  const firstLsn = first.header.baseLsn;
  const { lastLsn, durableLsn: provenLsn, damage } = tail;
  // Where something durable is missing, the log ends before it, and what follows is looked at all the same.
  const readTo = Math.max(lastLsn, provenLsn);
  const openCursor = (from: number): ReturnType<typeof openRecordCursor> =>
    openRecordCursor({
      directory,
      live,
      from,
      lastLsn: readTo,
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
      index: new SparseIndex(),
      lookAgain: () => finish(lookAtLog(directory, look)).live,
    });
  yield* verifyRecords({ parts: live, firstLsn, lastLsn: readTo, openCursor }, tally, onProgress);
  if (damage !== undefined && !findings.some((found) => isSame(found, damage))) findings.push(findingOf(damage));
  const checkpoints = yield* verifyCheckpoints(directory, first.header.logId, firstLsn);
  findings.push(...checkpoints.findings);
  return {
    ...tally,
    firstLsn,
    lastLsn,
    provenLsn,
    segmentCount: live.length,
    checkpointCount: checkpoints.sound,
    dropped: tail.dropped,
  };
}

function isSame({ file, offset }: LogFinding, { context }: WalError): boolean {
  return file === context.file && offset === context.offset;
}

interface VerifiedCheckpoints {
  readonly sound: number;
  readonly findings: readonly LogFinding[];
}

/** Every checkpoint file; again from the beginning when the writer has removed one that was listed. */
function* verifyCheckpoints(directory: Directory, logId: Uint8Array, firstLsn: number): Steps<VerifiedCheckpoints> {
  for (;;) {
    try {
      return yield* verifyListed(directory, logId, firstLsn);
    } catch (error) {
      if (!isFsError(error, "FS_NOT_FOUND")) throw error;
    }
  }
}

function* verifyListed(directory: Directory, logId: Uint8Array, firstLsn: number): Steps<VerifiedCheckpoints> {
  const findings: LogFinding[] = [];
  const listed = listCheckpoints(directory);
  let sound = 0;
  let isCovered = firstLsn === 1 || listed.length === 0; // who prunes without checkpoints keeps the state elsewhere
  for (const { file, lsn } of listed) {
    const outcome = readCheckpointFile(directory, file, logId, MAX_PAYLOAD_BYTES);
    yield;
    const about = { file, segmentId: undefined, lsn };
    if (outcome.kind === "refused") {
      const { code, why, offset } = outcome;
      findings.push({ ...about, code, message: `${file}: ${why}`, offset });
    } else if (outcome.lsn !== lsn) {
      findings.push({ ...about, code: "WAL_CORRUPT", message: `${file}: it holds LSN ${outcome.lsn}`, offset: 0 });
    } else {
      sound += 1;
      isCovered ||= lsn >= firstLsn - 1;
    }
  }
  if (!isCovered) {
    const message = `the log begins with LSN ${firstLsn}, and no checkpoint has what came before`;
    const nowhere = { file: undefined, segmentId: undefined, offset: undefined };
    findings.push({ code: "WAL_CHECKPOINT_MISSING", message, ...nowhere, lsn: firstLsn });
  }
  return { sound, findings };
}
