import { CodecError, type ByteSource } from "@holdfast/segment-codec";
import { WalError } from "@holdfast/wal";
import { CliError, messageOf } from "../cli-error.js";
import { acceleratorFormat } from "./accelerator-file.js";
import { cursorFormat } from "./cursor-file.js";
import { durabilityCheckpointFormat, durabilityRecordLogFormat, durabilitySegmentFormat } from "./durability-file.js";
import { explained } from "./explained.js";
import { fbatFormat, isFbatBehindZeros } from "./fbat-file.js";
import { familyOf, isBehind } from "./file-family.js";
import { headOf, type FileFormat, type Folder, type InspectedFile } from "./file-format.js";
import { footerFileLines } from "./footer-file.js";
import { footerMagicOf } from "./footer-magic.js";
import { damage, type Line, type PassedOver } from "./line.js";
import { asideLine, asideLines, auxiliaryReason, isCutPiece, isSetAside } from "./passed-over.js";
import { projectionRowFormat } from "./projection-row-file.js";
import { recordLogFormat } from "./record-log-file.js";
import { segmentFormat } from "./segment-file.js";
import { tableFormat } from "./table-file.js";
import { unfinishedBackupFormat } from "./unfinished-backup-file.js";
import { walCheckpointFormat } from "./wal-checkpoint-file.js";
import { walSegmentFormat } from "./wal-segment-file.js";
import { holdsOnlyZeros } from "./zeros.js";

/** Every format that is known. The first that recognises a file has it. */
const formats: readonly FileFormat[] = [
  unfinishedBackupFormat,
  acceleratorFormat,
  cursorFormat,
  projectionRowFormat,
  walSegmentFormat,
  walCheckpointFormat,
  recordLogFormat,
  tableFormat,
  segmentFormat,
  durabilitySegmentFormat,
  durabilityRecordLogFormat,
  durabilityCheckpointFormat,
  fbatFormat,
];

/** True when a file of this name is ours whatever it holds: one that cannot be opened is then missed, and not passed over. */
export function isOurName(name: string, folder: Folder): boolean {
  return formats.some((format) => format.recognise(new Uint8Array(), name, folder));
}

/**
 * What is in one file. What the system will not give, and what a decoder refuses outright, is the last line and no exception.
 *
 * @param name - its own, without directories.
 */
export function* fileLines(name: string, source: ByteSource, folder: Folder): Generator<Line, void, undefined> {
  let offset = 0;
  try {
    for (const line of explained(linesOf(name, source, folder), source.sizeBytes)) {
      yield line;
      offset = Math.max(offset, line.offset + line.length);
    }
  } catch (error) {
    const range = { offset, endOffset: Math.max(offset, source.sizeBytes) };
    if (error instanceof CliError) yield damage("unreadable", range, error.code, messageOf(error));
    else if (error instanceof WalError) {
      const verdict = error.code === "WAL_UNSUPPORTED" ? "unreadable" : "corrupt";
      yield damage(verdict, range, error.code, messageOf(error));
    } else if (error instanceof CodecError) {
      const verdict = error.code === "CODEC_SHORT_SOURCE" ? "unreadable" : "corrupt";
      yield damage(verdict, range, error.code, messageOf(error));
    } else throw error;
  }
}

function* linesOf(name: string, source: ByteSource, folder: Folder): Generator<Line, void, undefined> {
  const file = { name, head: headOf(source), source, folder };
  const auxiliary = auxiliaryReason(name, file.head, folder);
  if (auxiliary !== undefined) {
    yield { kind: "auxiliary", offset: 0, length: source.sizeBytes, fields: { reason: auxiliary } };
  } else if (isCutPiece(name)) {
    yield asideLine(0, source.sizeBytes, "what an open has cut off the record log of that name");
  } else if (isSetAside(name, folder)) {
    // By itself: what it belonged to has gone on without it.
    yield* asideLines(knownLines({ ...file, name: nameless(name), folder: { name: folder.name, siblings: [] } }));
  } else yield* knownLines(file);
}

/** Without what makes it a part of a log; the format of a segment is told by its beginning. */
function nameless(name: string): string {
  return name.replace(/(\.seg|\.ckpt|\.log)/, "$1-aside");
}

function* knownLines(file: InspectedFile): Generator<Line, void, undefined> {
  const { name, source, folder } = file;
  const format = formats.find((each) => each.recognise(file.head, name, folder));
  const magic = format === undefined ? footerMagicOf(source) : undefined;
  if (format !== undefined) yield* format.lines(file);
  else if (magic !== undefined) yield* footerFileLines(file, magic);
  else yield* headlessLines(file);
}

/** A file that has neither the beginning nor the end of one of ours: its neighbours may know it, or what it holds. */
function* headlessLines(file: InspectedFile): Generator<Line, void, undefined> {
  const { name, head, source, folder } = file;
  const { sizeBytes } = source;
  const family = familyOf(name, folder, formats);
  if (family !== undefined && holdsOnlyZeros(source)) {
    const behind = isBehind(name, family);
    const reason = behind ? "set aside for a segment that was never begun" : "nothing, and later segments have begun";
    yield damage(behind ? "torn" : "corrupt", { offset: 0, endOffset: sizeBytes }, "CODEC_NOT_A_SEGMENT", reason);
  } else if (family !== undefined) yield* family.format.lines(file);
  else if (isFbatBehindZeros(source, head)) yield* fbatFormat.lines(file);
  else yield foreignLine(sizeBytes, sizeBytes === 0 ? "empty" : "of no format that is known here");
}

/** The line about something that no format here is about. */
export function foreignLine(length: number, reason: string): PassedOver {
  return { kind: "foreign", offset: 0, length, fields: { reason } };
}
