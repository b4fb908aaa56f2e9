import { isFsError, stageFile, type Directory } from "@holdfast/fs-seam";
import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameKinds,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { checkpointedLsn, listCheckpoints, lostLog } from "./checkpoint-files.js";
import { freshLogId, freshNonce } from "./fresh-identity.js";
import { FrameCopy } from "./frame-copy.js";
import { FrameWalk } from "./frame-walk.js";
import { createdReport, type RecoveryReport } from "./recovery-report.js";
import { formatSegmentFileName } from "./segment-file-name.js";
import { liveSegments, surveySegments, type SegmentSurvey, type SoundSegment } from "./segment-survey.js";
import { finish } from "./sliced-work.js";
import { switchPoint } from "./switch-point.js";
import { scanTail, type LogPosition, type TailScan } from "./tail-scan.js";
import { WalError } from "./wal-error.js";
import type { ResolvedWalOptions } from "./wal-options.js";

/**
 * Opening a log for writing. The directory lock is held.
 *
 * 1. Survey and judge: read headers and the tail. Nothing is changed, and a refusal ends here.
 * 2. Remove temporary files of earlier runs. Stage the segment of this open: its header, and every record behind the switch point once more. Sync it.
 *    Window 1: a temporary file beside the old log; the next open removes it.
 * 3. Keep aside, durably, a second name of what holds bytes that will be cut off.
 *    Window 2: the old log, and some of its files aside as well. They have the same names there, so the next open keeps no more.
 * 4. Rename the segment to its name, sync the names.
 *    Window 3: the old log or the new one. Both hold the same records, so it does not matter which.
 * 5. Remove what is replaced, sync the names.
 *    Window 4: some of the replaced files are still there. The new segment begins at or before all of them, so no reader looks at
 *    them, and the next open replaces them again. It need not know which of them was worth keeping: those are aside.
 *
 * Only then is the log open. Nothing is ever cut, overwritten or appended to that an earlier run wrote.
 */

/** What the writer goes on from. */
export interface RecoveredLog {
  readonly segment: SoundSegment;
  readonly encoder: FrameEncoder;
  /** Every segment that counts, the new one last. */
  readonly live: readonly SoundSegment[];
  readonly lastSegmentId: number;
  readonly report: RecoveryReport;
}

const nothing = new Uint8Array();
const watermarkMeta = { kind: frameKinds.watermark, flags: 0, span: 0 } as const;
const ASIDE = "aside";

/** Brings a log to where it can be written, creating it where there is none. */
export async function recoverLog(options: ResolvedWalOptions): Promise<RecoveredLog> {
  const { directory, mode } = options;
  const survey = surveySegments(directory);
  const checkpoints = listCheckpoints(directory);
  if (survey.sound.length === 0) return createLog(options, survey, checkpoints[0]);
  const live = liveSegments(survey.sound);
  const first = live[0] as SoundSegment; // a sound one leaves a live one
  refuseOther(first, options);
  const tail = finish(
    scanTail(directory, survey, live, {
      maxPayloadBytes: options.maxRecordBytes,
      durableLsn: checkpointedLsn(directory, first.header.logId),
    }),
  );
  if (tail.damage !== undefined && mode !== "salvage") throw tail.damage;
  if (mode === "strict") refuseTear(tail);
  directory.sweepTemps();
  const keepLsn = Math.min(tail.lastLsn, tail.durableLsn);
  // What is salvaged goes on with LSNs that these have counted already.
  const ahead = checkpoints.filter(({ lsn }) => mode === "salvage" && lsn > tail.lastLsn).map(({ file }) => file);
  const target: CopyTarget = { options, survey, live, tail, keepLsn, ahead };
  const writeFrom = (mergeBytes: number): ReturnType<typeof writeSegment> => {
    const limits = { keepLsn, mergeBytes, maxPayloadBytes: options.maxRecordBytes };
    return writeSegment(target, switchPoint(directory, live, tail, limits));
  };
  // A sealed segment that is damaged is left where it is, for the one who reads it to hear of.
  const written = (await writeFrom(options.mergeBytes)) ?? (await writeFrom(-1));
  if (written === undefined) throw new WalError("WAL_CORRUPT", "the tail reads otherwise than a moment ago");
  const { kept, replaced, aside } = written;
  for (const file of replaced) directory.remove(file);
  if (replaced.length > 0) await directory.syncNames();
  return {
    segment: written.segment,
    encoder: written.encoder,
    live: [...kept, written.segment],
    lastSegmentId: written.segment.header.segmentId,
    report: {
      mode,
      created: false,
      firstLsn: (kept[0] ?? written.segment).header.baseLsn,
      lastLsn: tail.lastLsn,
      provenLsn: tail.durableLsn,
      rewrittenRecords: written.records,
      rewrittenBytes: written.segment.sizeBytes - SEGMENT_HEADER_BYTES,
      dropped: tail.dropped,
      removedFiles: replaced,
      asideFiles: aside,
      damage: tail.damage?.message,
      segmentCount: kept.length + 1,
      scannedBytes: tail.scannedBytes,
    },
  };
}

function refuseTear({ dropped, durableLsn }: TailScan): void {
  const first = dropped[0];
  if (first === undefined) return;
  const { file, segmentId, offset, bytes, reason } = first;
  const message = `${file}: ${bytes} bytes at offset ${offset} are no records (${reason}); mode "recover" cuts them off`;
  throw new WalError("WAL_TORN", message, { file, segmentId, offset, durableLsn });
}

/** What a log was created with, it stays. */
function refuseOther({ file, header }: SoundSegment, { content, hash = header.hash }: ResolvedWalOptions): void {
  const option = header.content === content ? "hash" : "content";
  const [expected, actual] = [header[option], option === "hash" ? hash : content];
  if (expected === actual) return;
  const code = option === "hash" ? "WAL_INVALID_OPTION" : "WAL_FOREIGN_SEGMENT";
  const message = `${file}: the log was created with ${option} ${expected}, which cannot become ${actual}`;
  throw new WalError(code, message, { option, file, expected, actual });
}

async function createLog(
  options: ResolvedWalOptions,
  survey: SegmentSurvey,
  checkpoint: { readonly file: string; readonly lsn: number } | undefined,
): Promise<RecoveredLog> {
  const { directory, mode, content, firstLsn, hash = "none" } = options;
  const lost = lostLog(survey, checkpoint);
  if (lost !== undefined) throw lost;
  directory.sweepTemps();
  const identity = {
    logId: freshLogId(directory.fs),
    segmentId: 1,
    nonce: freshNonce(directory.fs),
    epoch: 1,
    content,
    baseLsn: firstLsn,
    durableLsn: firstLsn - 1,
    previousChain: 0,
    hash,
  } as const;
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const header = encodeSegmentHeader(identity, bytes);
  const file = formatSegmentFileName(identity);
  const staged = stageFile(directory, file);
  try {
    staged.handle.append(bytes);
  } catch (error) {
    staged.discard();
    throw error;
  }
  await staged.publish({ rung: "full" });
  const segment: SoundSegment = { file, sizeBytes: SEGMENT_HEADER_BYTES, header };
  return {
    segment,
    encoder: new FrameEncoder(header),
    live: [segment],
    lastSegmentId: 1,
    report: createdReport(mode, firstLsn),
  };
}

interface CopyTarget {
  readonly options: ResolvedWalOptions;
  readonly survey: SegmentSurvey;
  readonly live: readonly SoundSegment[];
  readonly tail: TailScan;
  readonly keepLsn: number;
  /** Checkpoint files that go with the segments. */
  readonly ahead: readonly string[];
}

interface WrittenSegment extends Replacement {
  readonly segment: SoundSegment;
  readonly encoder: FrameEncoder;
  readonly records: number;
}

/** Steps 2 to 4. Undefined, and nothing changed, when the records from `place` on cannot all be read. */
async function writeSegment(target: CopyTarget, place: LogPosition): Promise<WrittenSegment | undefined> {
  const { options, survey, live, tail, keepLsn } = target;
  const { directory } = options;
  const last = live.at(-1) as SoundSegment; // a log that is recovered has a segment
  const header: Omit<SegmentHeader, "crc" | "frameSeed"> = {
    logId: last.header.logId,
    segmentId: survey.lastSegmentId + 1,
    nonce: freshNonce(directory.fs),
    epoch: Math.max(...survey.sound.map((segment) => segment.header.epoch)) + 1,
    content: options.content,
    baseLsn: place.nextLsn,
    durableLsn: Math.min(keepLsn, place.nextLsn - 1),
    previousChain: place.chain,
    hash: last.header.hash,
  };
  const file = formatSegmentFileName(header);
  const staged = stageFile(directory, file);
  try {
    const first = new Uint8Array(SEGMENT_HEADER_BYTES);
    const encoded = encodeSegmentHeader(header, first);
    staged.handle.append(first);
    const copy = new FrameCopy(new FrameEncoder(encoded), (bytes) => staged.handle.append(bytes));
    const complete = copyFrames(directory, place, live, tail.lastLsn, options.maxRecordBytes, copy);
    if (!complete) {
      staged.discard();
      return undefined;
    }
    if (copy.encoder.nextLsn > header.baseLsn) copy.append(nothing, watermarkMeta);
    copy.write();
    const replacement = replacedFrom(target, header.baseLsn);
    await keepAside(directory, replacement.aside, options.maxAsideFiles);
    await staged.publish({ rung: "full" });
    const segment: SoundSegment = { file, sizeBytes: SEGMENT_HEADER_BYTES + copy.writtenBytes, header: encoded };
    return { segment, encoder: copy.encoder, records: tail.lastLsn + 1 - place.nextLsn, ...replacement };
  } catch (error) {
    staged.discard(); // does nothing once publish has begun
    throw error;
  }
}

/** True when every record up to `lastLsn` was read. */
function copyFrames(
  directory: Directory,
  place: LogPosition,
  live: readonly SoundSegment[],
  lastLsn: number,
  maxPayloadBytes: number,
  copy: FrameCopy,
): boolean {
  const start = { segment: place.segment, position: place };
  const walk = new FrameWalk(directory, start, { maxPayloadBytes, segments: live });
  try {
    while (walk.nextLsn <= lastLsn && walk.next()) {
      const { kind, flags, span } = walk.cursor;
      // A watermark's statement is in the new header; a footer describes a segment that is no more.
      if (kind === frameKinds.watermark || kind === frameKinds.footer) continue;
      copy.append(walk.cursor.viewPayload(), { kind, flags, span });
    }
    return walk.nextLsn === lastLsn + 1;
  } finally {
    walk.close();
  }
}

/** What becomes of the files that are there, by the place that the new segment begins at. */
interface Replacement {
  readonly kept: readonly SoundSegment[];
  /** Files that nobody needs any more once the new segment has its name. */
  readonly replaced: readonly string[];
  /** Of those, the ones that hold bytes that were cut off. */
  readonly aside: readonly string[];
}

function replacedFrom({ options, survey, live, tail, ahead }: CopyTarget, baseLsn: number): Replacement {
  const kept = live.filter(({ header }) => header.baseLsn < baseLsn);
  const keptFiles = new Set(kept.map(({ file }) => file));
  const segments = [...survey.sound, ...survey.headerless].map(({ file }) => file);
  const replaced = [...segments.filter((file) => !keptFiles.has(file)), ...ahead];
  const precious = new Set([...tail.dropped.map(({ file }) => file), ...ahead]);
  return { kept, replaced, aside: options.maxAsideFiles === 0 ? [] : replaced.filter((file) => precious.has(file)) };
}

/** Step 3. */
async function keepAside(directory: Directory, files: readonly string[], maxAsideFiles: number): Promise<void> {
  if (files.length === 0) return;
  try {
    directory.makeDirectory(ASIDE);
  } catch (error) {
    if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error;
  }
  await directory.syncNames();
  const aside = directory.directory(ASIDE);
  aside.sweepTemps();
  for (const file of files) await keepFile(directory, file, `${ASIDE}/${file}`);
  await aside.syncNames();
  const there = aside.list().map(({ name }) => name);
  for (const name of there.slice(0, Math.max(0, there.length - maxAsideFiles))) aside.remove(name);
}

/** Nobody writes to a segment of an earlier run, so a second name is as good as a copy, and needs no room. */
async function keepFile(directory: Directory, file: string, kept: string): Promise<void> {
  try {
    directory.link(file, kept);
  } catch (error) {
    // Where there are none, a copy that was not finished is made again: what it is of goes only behind it.
    if (isFsError(error, ...noLinks)) directory.writeFile(kept, directory.readFile(file));
    else if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error; // exists: an open that was killed has come so far
  }
  const handle = directory.open(kept, { mode: "write" });
  try {
    await handle.sync("full");
  } finally {
    handle.close();
  }
}

/** FAT answers a link with EPERM. */
const noLinks = ["FS_UNSUPPORTED", "FS_PERMISSION_DENIED", "FS_TOO_MANY_LINKS"] as const;
