import { stageFile, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { readExactly, SEGMENT_HEADER_BYTES, type SegmentIdentity } from "@holdfast/segment-codec";
import { freshLogId, freshNonce } from "./fresh-identity.js";
import type { RecoveredLog } from "./recovery.js";
import { createdReport, type RecoveryReport } from "./recovery-report.js";
import { keepAside } from "./record-log-aside.js";
import type { ResolvedRecordLogOptions } from "./record-log-options.js";
import { reportOfScan } from "./record-log-report.js";
import { encodeSection, SECTION_BYTES, type Section } from "./record-log-section.js";
import { scanRecordLog, type RecordLogScan } from "./record-log-scan.js";
import { finish } from "./sliced-work.js";
import { WalError } from "./wal-error.js";

/**
 * Opening a record log for writing. Its lock is held. Temporary files of earlier runs are removed once nothing is refused any more.
 *
 * A log that is not there:
 *
 * 1. Stage a file with the first section, sync it, rename it to its name, sync the names.
 *    Window: no log, or an empty one. A file of that name always begins with a section that is durable.
 *
 * One that is there:
 *
 * 1. Read and judge. Nothing is changed, and a refusal ends here.
 * 2. Keep the bytes that will be cut off in a file beside the log, durably, and remove the oldest of such files.
 *    Window 1: the log as it was, and one such file more or less.
 * 3. Write everything behind the last proven record once more, in place and byte for byte; cut off what is behind the last frame
 *    that counts; sync, where records are not proven.
 *    Window 2: any mixture of what was there and what is written is the same bytes, and whether the tail is there or not, it does
 *    not count. Writing is what makes the pages dirty again: after a barrier that failed, the kernel may hold as clean what the
 *    disk never got, and syncing alone would pass over it.
 * 4. Write the header of the section of this open behind the last frame, and its first frame; sync, then sync the names: an
 *    earlier run may have ended between its rename and its barrier.
 *    Window 3: the section, or a part of it, and behind it perhaps what was to be cut off. It holds no record, and what of it is
 *    not sound is one more torn tail. Its header states as durable what was proven or step 3 has made durable, never more. Its
 *    number is higher than any in the tail, so that no header there counts any more.
 *
 * Only then is the log open.
 */

/** What the writer goes on from. */
export interface RecoveredRecordLog extends RecoveredLog {
  /** The last one is that of this open. */
  readonly sections: readonly Section[];
  /** Its header as it lies in the file. */
  readonly headerBytes: Uint8Array;
}

const COPY_BYTES = 256 * 1024;

/** Brings a record log to where it can be written, creating it where there is none. */
export async function recoverRecordLog(options: ResolvedRecordLogOptions): Promise<RecoveredRecordLog> {
  const { directory, name, mode } = options;
  if (!directory.exists(name)) {
    sweepTemps(directory, name);
    return create(options);
  }
  const scan = finish(scanRecordLog(directory, name, options));
  if (scan.damage !== undefined && mode !== "salvage") throw scan.damage;
  if (mode === "strict") refuseTear(scan);
  sweepTemps(directory, name);
  const { logId, epoch } = scan.end.section.header;
  const { offset, nextLsn, chain } = scan.end;
  const identity: SegmentIdentity = {
    logId,
    segmentId: scan.lastSectionId + 1,
    nonce: freshNonce(directory.fs),
    epoch: epoch + 1,
    content: options.content,
    baseLsn: nextLsn,
    durableLsn: nextLsn - 1,
    previousChain: chain,
    hash: "none",
  };
  const asideFiles = await keepDropped(options, scan, identity);
  const { bytes, header, encoder } = encodeSection(identity);
  await repair(directory, name, scan, bytes);
  const section: Section = { file: name, offset, header };
  return {
    ...goOn(section, encoder),
    sections: [...scan.sections, section],
    headerBytes: bytes.slice(0, SEGMENT_HEADER_BYTES),
    report: reportOf(options, scan, asideFiles),
  };
}

function goOn(section: Section, encoder: RecoveredLog["encoder"]): Omit<RecoveredLog, "report"> {
  const { file, header, offset } = section;
  const segment = { file, header, sizeBytes: offset + SECTION_BYTES };
  return { segment, encoder, live: [segment], lastSegmentId: header.segmentId };
}

async function create({ directory, name, mode, content }: ResolvedRecordLogOptions): Promise<RecoveredRecordLog> {
  const { bytes, header, encoder } = encodeSection({
    logId: freshLogId(directory.fs),
    segmentId: 1,
    nonce: freshNonce(directory.fs),
    epoch: 1,
    content,
    baseLsn: 1,
    durableLsn: 0,
    previousChain: 0,
    hash: "none",
  });
  const staged = stageFile(directory, name);
  try {
    staged.handle.append(bytes);
    await staged.publish({ rung: "full" });
  } catch (error) {
    staged.discard(); // does nothing once publish has begun
    throw error;
  }
  const section: Section = { file: name, offset: 0, header };
  return {
    ...goOn(section, encoder),
    sections: [section],
    headerBytes: bytes.slice(0, SEGMENT_HEADER_BYTES),
    report: createdReport(mode),
  };
}

function refuseTear({ dropped, durableLsn }: RecordLogScan): void {
  if (dropped === undefined) return;
  const { file, segmentId, offset, bytes, reason } = dropped;
  const message = `${file}: ${bytes} bytes at offset ${offset} are no records (${reason}); mode "recover" cuts them off`;
  throw new WalError("WAL_TORN", message, { file, segmentId, offset, durableLsn });
}

/** Step 2. */
async function keepDropped(
  { directory, maxAsideFiles }: ResolvedRecordLogOptions,
  { dropped }: RecordLogScan,
  { segmentId, nonce }: SegmentIdentity,
): Promise<string[]> {
  if (dropped === undefined || maxAsideFiles === 0) return [];
  return [await keepAside(directory, dropped, { segmentId, nonce, maxAsideFiles })];
}

/** Steps 3 and 4. */
async function repair(directory: Directory, name: string, scan: RecordLogScan, section: Uint8Array): Promise<void> {
  const { end, provenOffset, sizeBytes, durableLsn, lastLsn } = scan;
  const handle = directory.open(name, { mode: "write" });
  try {
    writeAgain(handle, provenOffset, end.offset);
    if (sizeBytes > end.offset) handle.truncate(end.offset);
    if (durableLsn < lastLsn) await handle.sync("full");
    handle.writeAt(section, end.offset);
    await handle.sync("full");
  } finally {
    handle.close();
  }
  await directory.syncNames();
}

function writeAgain(handle: FileHandle, from: number, to: number): void {
  const source = { sizeBytes: to, readAt: (target: Uint8Array, offset: number) => handle.readAt(target, offset) };
  const buffer = new Uint8Array(Math.min(COPY_BYTES, to - from));
  for (let offset = from; offset < to; offset += buffer.length) {
    const part = buffer.subarray(0, Math.min(buffer.length, to - offset));
    readExactly(source, part, offset);
    handle.writeAt(part, offset);
  }
}

/** What the open of a log that was there found and did. */
function reportOf(
  { mode }: ResolvedRecordLogOptions,
  scan: RecordLogScan,
  asideFiles: readonly string[],
): RecoveryReport {
  const { lastLsn, durableLsn, provenOffset, end, sections } = scan;
  return {
    ...reportOfScan(scan),
    mode,
    rewrittenRecords: Math.max(0, lastLsn - durableLsn),
    rewrittenBytes: end.offset - provenOffset,
    asideFiles,
    segmentCount: sections.length + 1,
  };
}

/**
 * Removes what earlier runs left half-done for this log, and nothing of other logs in the directory. The lock is held; who asks
 * for it meanwhile removes files of its own.
 */
function sweepTemps(directory: Directory, name: string): void {
  const { fs, path } = directory;
  for (const entry of fs.list(path)) {
    if (entry.kind === "file" && isTempOf(entry.name, name)) directory.removeIfPresent(entry.name);
  }
}

function isTempOf(temp: string, name: string): boolean {
  if (!temp.startsWith(`.~${name}.`)) return false;
  const rest = temp.slice(name.length + 3);
  // A nonce has no dot; another log's name that begins with this one's has.
  return !rest.includes(".") || rest.startsWith("lock.") || rest.startsWith("aside-");
}
