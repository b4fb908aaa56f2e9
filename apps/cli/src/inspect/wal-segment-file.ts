import { FrameCursor, SEGMENT_HEADER_BYTES, inspectSegmentHeader, type SegmentHeader } from "@holdfast/segment-codec";
import { parseSegmentFileName } from "@holdfast/wal/files";
import { CliError } from "../cli-error.js";
import { BatchHistory, batchContent } from "./batch-history.js";
import type { FileFormat, Folder, InspectedFile } from "./file-format.js";
import { damage, type Line } from "./line.js";
import { recordLines } from "./log-records.js";
import { ManifestHistory } from "./manifest-history.js";
import { manifestContent } from "./manifest-reading.js";
import { frameLine, frameLines, headerLine, segmentFormat, type RecordLines } from "./segment-file.js";
import { StoreHistory, lostBeginning, storeContent } from "./store-history.js";
import { WalDirectory } from "./wal-directory.js";

/** Segment files of a log of ours, known by their names: docs/formats/wal.md. Each is judged by its place in the log. */
export const walSegmentFormat: FileFormat = {
  recognise: (_, name) => parseSegmentFileName(name) !== undefined,

  isHeader: () => false, // of a file of another name, the format of segments says it

  *lines(file) {
    const log = WalDirectory.of(file.folder);
    const place = log.placeOf(file.name);
    switch (place.kind) {
      case "headerless":
        yield* headerlessLines(file, log);
        return;
      case "misnamed": {
        const reason = `the header is that of segment ${place.header.segmentId}, nonce ${hex(place.header.nonce)}: the file was copied or renamed`;
        yield damage("corrupt", header, "INSPECT_MISNAMED", reason);
        yield* loneLines(file, place.header);
        return;
      }
      case "stranger": {
        const reason = `of the log ${hexId(place.header)}, and most segments beside it are of another`;
        yield damage("corrupt", header, "INSPECT_OTHER_LOG", reason);
        yield* loneLines(file, place.header);
        return;
      }
      case "replaced":
        yield headerLine(place.header);
        yield deadLine(file, SEGMENT_HEADER_BYTES, place.by);
        return;
      case "unreachable":
        yield headerLine(place.header);
        yield* unreachableLines(file, place.header, log);
        return;
      case "live":
        yield* liveLines(file, place.header, log);
    }
  },
};

const header = { offset: 0, endOffset: SEGMENT_HEADER_BYTES };

function* liveLines(file: InspectedFile, own: SegmentHeader, log: WalDirectory): Generator<Line, void, undefined> {
  const missing = own.baseLsn === log.firstLsn ? missingCheckpoint(log) : undefined;
  const nowhere = { offset: 0, endOffset: 0 };
  if (missing !== undefined) yield damage("corrupt", nowhere, "INSPECT_CHECKPOINT_MISSING", missing);
  const lost = own.baseLsn === log.firstLsn ? lostBeginning(own) : undefined;
  if (lost !== undefined) yield damage("corrupt", nowhere, "INSPECT_SEGMENT_MISSING", lost);
  yield headerLine(own);
  const { durableLsn = 0, segmentId } = log.tail() ?? {};
  const records = recordsOf(own, file.folder);
  yield* frameLines(file.source, own, { successors: log.headers, durableLsn, records });
  if (segmentId === own.segmentId) yield* records.ending?.(file.source.sizeBytes) ?? [];
}

/** What the records of a segment are: events of a store, batches or edits of a database, or known to their owner alone. */
function recordsOf(own: SegmentHeader, folder: Folder | undefined): RecordLines {
  switch (own.content) {
    case storeContent:
      return folder === undefined ? new StoreHistory(own) : StoreHistory.of(folder, own);
    case batchContent:
      return folder === undefined ? new BatchHistory(folder) : BatchHistory.of(folder);
    case manifestContent:
      return folder === undefined ? new ManifestHistory(own) : ManifestHistory.of(folder, own);
    default:
      return { damageOf: () => undefined, lines: recordLines };
  }
}

/** By itself, as if there were nothing beside it. */
function* loneLines({ source }: InspectedFile, own: SegmentHeader): Generator<Line, void, undefined> {
  yield headerLine(own);
  yield* frameLines(source, own, { successors: [], records: recordsOf(own, undefined) });
}

function* unreachableLines(
  file: InspectedFile,
  own: SegmentHeader,
  log: WalDirectory,
): Generator<Line, void, undefined> {
  const { source } = file;
  const tail = log.tail();
  const reason = `nothing leads here: the log ends with LSN ${tail?.lastLsn} in ${tail?.file}, and this segment begins with ${own.baseLsn}`;
  const rest = { offset: SEGMENT_HEADER_BYTES, endOffset: source.sizeBytes };
  yield damage(tail?.isDamaged === true ? "corrupt" : "torn", rest, "INSPECT_UNREACHABLE", reason);
  const cursor = new FrameCursor(source, own);
  const records = recordsOf(own, undefined);
  while (cursor.next()) {
    yield frameLine(cursor);
    yield* records.lines(cursor);
  }
}

function* headerlessLines(file: InspectedFile, log: WalDirectory): Generator<Line, void, undefined> {
  const { source, head, name } = file;
  const { kind } = inspectSegmentHeader(head);
  // What is wrong with a header that is known to be one is told by whoever reads headers.
  if (kind === "unsupported" || kind === "malformed") {
    yield* segmentFormat.lines(file);
    return;
  }
  const all = { offset: 0, endOffset: source.sizeBytes };
  const found = `the header is ${kind === "foreign" ? "none" : kind}`;
  if (log.logId === undefined) {
    const reason = `${found}, and no segment of the log has a sound one`;
    yield damage("corrupt", all, "CODEC_CHECKSUM_MISMATCH", reason);
    return;
  }
  const { segmentId = 0 } = parseSegmentFileName(name) ?? {};
  const next = log.reachedAfter(segmentId);
  const { headerCount } = log.framesIn(name, 1);
  if (next !== undefined) {
    // What an open left unremoved holds no record from before the segment that it went on with.
    if (headerCount === log.framesIn(name, next.baseLsn).headerCount) {
      yield deadLine(file, 0, next.segmentId);
      return;
    }
    const reason = `${found}, and ${headerCount} sound frame headers say that the segment held records of the log`;
    yield damage("corrupt", all, "CODEC_CHECKSUM_MISMATCH", reason);
    return;
  }
  if (headerCount === 0) {
    const reason = `${found}, and no frame follows: made ready for a segment that was never begun`;
    yield damage("torn", all, "CODEC_NOT_A_SEGMENT", reason);
    return;
  }
  const tail = log.tail();
  const verdict = tail === undefined || tail.isDamaged ? "corrupt" : "torn";
  yield damage(verdict, all, "CODEC_CHECKSUM_MISMATCH", `${found}, and ${headerCount} sound frame headers follow`);
}

/** Why nobody can start with this log: records are gone, and every checkpoint there is begins before them. */
function missingCheckpoint(log: WalDirectory): string | undefined {
  const { firstLsn, checkpoints } = log;
  // Without any checkpoint the log was pruned by somebody who needs none.
  if (firstLsn === 1 || checkpoints.length === 0) return undefined;
  for (const { name, lsn } of checkpoints) {
    if (lsn < firstLsn - 1) break;
    try {
      if (log.readCheckpoint(name).kind === "checkpoint") return undefined;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
    }
  }
  return `the log begins with LSN ${firstLsn}, and no sound checkpoint holds what came before`;
}

function deadLine({ source }: InspectedFile, offset: number, by: number): Line {
  return { kind: "dead", offset, length: source.sizeBytes - offset, fields: { continuedBy: BigInt(by) } };
}

function hex(nonce: number): string {
  return nonce.toString(16).padStart(8, "0");
}

function hexId({ logId }: SegmentHeader): string {
  return Buffer.from(logId).toString("hex");
}
