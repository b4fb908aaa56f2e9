import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import type { RecordCursor } from "./record-cursor.js";
import { openSectionCursor } from "./record-log-cursor.js";
import { checkName } from "./record-log-options.js";
import type { RecordLogScan } from "./record-log-scan.js";
import { lookAtRecordLog } from "./record-log-view.js";
import { inSlices, type Steps } from "./sliced-work.js";
import { SparseIndex } from "./sparse-index.js";
import {
  findingOf,
  resolveVerifyOptions,
  unreadable,
  verifyRecords,
  type ResolvedVerifyOptions,
  type Tally,
  type VerifyLogOptions,
  type VerifyReport,
} from "./verification.js";

export interface VerifyRecordLogOptions extends VerifyLogOptions {
  /** Name of the log's file in the directory. */
  readonly name: string;
}

/**
 * Verifies a whole record log: the headers of all sections, every record, the tail, and what is stated as durable. Takes no lock,
 * changes nothing, and may work beside the writer. The file is read twice, first to find its end. The event loop gets a turn
 * every 256 KiB; memory is that of the longest record.
 *
 * @throws `WalError` `WAL_NOT_FOUND` without the file, `WAL_ABORTED`, `WAL_INVALID_OPTION`; and what the file system says where
 * something cannot be read.
 */
export async function verifyRecordLog(options: VerifyRecordLogOptions): Promise<VerifyReport> {
  const resolved = resolveVerifyOptions(options, ["name"]);
  const { name } = options;
  checkName(name);
  return inSlices(verifySections(name, resolved), resolved);
}

function* verifySections(
  file: string,
  { directory, durableLsn, onProgress }: ResolvedVerifyOptions,
): Steps<VerifyReport> {
  const maxRecordBytes = MAX_PAYLOAD_BYTES;
  let scan: RecordLogScan;
  try {
    scan = yield* lookAtRecordLog({ directory, name: file, maxRecordBytes, durableLsn });
  } catch (error) {
    return unreadable(error);
  }
  const { sections, lastLsn, damage, dropped } = scan;
  const index = new SparseIndex();
  const openCursor = (from: number): RecordCursor =>
    openSectionCursor({ directory, file, maxRecordBytes, sections, index, from, lastLsn });
  const tally: Tally = { records: 0, payloadBytes: 0, findings: [] };
  yield* verifyRecords({ parts: sections, firstLsn: 1, lastLsn, openCursor }, tally, onProgress);
  if (damage !== undefined) tally.findings.push(findingOf(damage));
  return {
    ...tally,
    firstLsn: 1,
    lastLsn,
    provenLsn: scan.durableLsn,
    segmentCount: sections.length,
    checkpointCount: 0,
    dropped: dropped === undefined ? [] : [dropped],
  };
}
