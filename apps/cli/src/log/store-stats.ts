import { isFsError } from "@holdfast/fs-seam";
import { CodecError, MAX_PAYLOAD_BYTES, type ByteSource } from "@holdfast/segment-codec";
import { SidxError, openSdx4 } from "@holdfast/sidx-footer";
import { StoreError } from "@holdfast/store";
import { ACCELERATOR_FILE, EventRecord } from "@holdfast/store/format";
import { WalError } from "@holdfast/wal";
import { openRecordWalk, type LogSegment } from "@holdfast/wal/places";
import { CliError } from "../cli-error.js";
import { openPath, type OpenedPath } from "../inspect/host-tree.js";
import { inspectPath } from "../inspect/host-tree.js";
import { isDamage, type Line } from "../inspect/line.js";
import { lostBeginning, storeContent } from "../inspect/store-history.js";
import { DamageList } from "./damage-list.js";
import { EventTally } from "./event-tally.js";
import { readAccelerator, readCursors, type AcceleratorState, type CursorState } from "./store-companions.js";
import { WatchedLog } from "./watched-log.js";

/** Where an open finds what is in a segment: in the accelerator, in its footer, or in its frames, one by one. */
export interface IndexSources {
  /** Segments that the accelerator counts for; what their own files say is not looked at. */
  readonly accelerator: number;
  readonly footers: number;
  readonly frames: number;
}

/** What there is to say about a store in numbers. Plain data. */
export interface StoreStats {
  readonly tally: EventTally;
  readonly segments: number;
  /** Of all segment files. */
  readonly fileBytes: number;
  /** Undefined where the end of the store is damaged, so that which segments count is not known. */
  readonly index: IndexSources | undefined;
  readonly accelerator: AcceleratorState;
  readonly cursors: readonly CursorState[];
  /** What could not be read, a sentence each. */
  readonly damage: readonly string[];
}

/**
 * Reads every event of a store once, and the footers of its segments. Goes on behind damage with the next segment.
 *
 * @throws {@link CliError} `CLI_NOT_A_LOG`, `CLI_NOT_A_STORE`, and what {@link openPath} throws.
 */
export function readStoreStats(path: string): StoreStats {
  const opened = openPath(path);
  try {
    const log = new WatchedLog(path);
    try {
      if (!log.isStore) throw new CliError("CLI_NOT_A_STORE", `${path} is a log of records, and no store`);
      return statsOf(log, opened);
    } finally {
      log.close();
    }
  } catch (error) {
    if (isFsError(error)) throw new CliError("CLI_FILE_UNREADABLE", `${path}: ${error.message}`, { cause: error });
    if (!(error instanceof WalError)) throw error;
    if (error.code === "WAL_UNSUPPORTED") throw new CliError("CLI_FILE_UNREADABLE", error.message, { cause: error });
    return statsOfDamaged(path, opened, error);
  }
}

function statsOf(log: WatchedLog, opened: OpenedPath): StoreStats {
  const { folder } = opened;
  const tally = new EventTally();
  const damage = new DamageList();
  const record = new EventRecord();
  const segments = log.segments();
  const [first] = segments;
  const lost = first === undefined ? undefined : lostBeginning(first.header);
  if (lost !== undefined) damage.add(`${first?.file}: ${lost}`);
  for (const segment of segments) {
    if (segment.lastLsn < segment.baseLsn) continue;
    const walk = openRecordWalk({
      directory: log.directory,
      segments: [segment],
      maxRecordBytes: MAX_PAYLOAD_BYTES,
    });
    try {
      while (walk.next()) tally.take(record.read(walk.bytes, walk.start, walk.end), walk.lsn, walk.end - walk.start);
    } catch (error) {
      if (!(error instanceof WalError) && !(error instanceof StoreError)) throw error;
      damage.add(`${segment.file}: ${error.message}`);
    } finally {
      walk.close();
    }
  }
  const companions = companionsOf(opened, damage);
  const { usedSegments } = companions.accelerator;
  let footers = 0;
  let fileBytes = 0;
  for (const [place, segment] of segments.entries()) {
    const sibling = folder.siblings.find(({ name }) => name === segment.file);
    if (sibling === undefined) continue; // begun a moment ago
    const source = sibling.open();
    try {
      fileBytes += source.sizeBytes;
      if (place >= usedSegments && hasFooter(source, segment)) footers += 1;
    } finally {
      source.close();
    }
  }
  const index = { accelerator: usedSegments, footers, frames: segments.length - usedSegments - footers };
  return { tally, segments: segments.length, fileBytes, index, ...companions, damage: damage.sentences() };
}

function companionsOf(
  { path, folder, directories }: OpenedPath,
  damage: DamageList,
): Pick<StoreStats, "accelerator" | "cursors"> {
  const accelerator = readAccelerator(folder);
  const cursors = readCursors(path, directories);
  if (accelerator.state === "refused") damage.add(`${ACCELERATOR_FILE}: ${accelerator.reason}`);
  for (const { name, reason } of cursors) if (reason !== null) damage.add(`cursors/${name}/position: ${reason}`);
  return { accelerator, cursors };
}

function hasFooter(source: ByteSource, { header, endChain }: LogSegment): boolean {
  try {
    return openSdx4(source, { segment: header })?.trailer.chain === endChain;
  } catch (error) {
    if (error instanceof SidxError || error instanceof CodecError) return false;
    throw error;
  }
}

/** What can still be read where the end of the log is damaged: everything sound, as it lies in the files. */
function statsOfDamaged(path: string, opened: OpenedPath, refusal: WalError): StoreStats {
  const tally = new EventTally();
  const damage = new DamageList();
  damage.add(refusal.message);
  let segments = 0;
  for (const { file, lines } of inspectPath(path)) {
    for (const line of lines) {
      if (line.kind === "segment-header" && line.fields["content"] === storeContent) segments += 1;
      if (line.kind === "store-event") countLine(tally, line);
      if (isDamage(line)) damage.add(`${file}: ${line.fields.code} at ${line.offset}`);
    }
  }
  if (segments === 0) throw new CliError("CLI_NOT_A_STORE", `${path} holds no segment of a store: ${refusal.message}`);
  let fileBytes = 0;
  for (const sibling of opened.folder.siblings.filter(({ name }) => name.endsWith(".seg"))) {
    const source = sibling.open();
    fileBytes += source.sizeBytes;
    source.close();
  }
  const { accelerator, cursors } = companionsOf(opened, new DamageList()); // it was told above
  return { tally, segments, fileBytes, index: undefined, accelerator, cursors, damage: damage.sentences() };
}

function countLine(tally: EventTally, { fields, length }: Line): void {
  const event = {
    kind: fields["eventKind"] as number,
    revision: Number(fields["revision"]),
    timeUs: Number(fields["timestampUs"]),
    isDropped: fields["payload"] === null,
    payloadBytes: fields["payloadSize"] as number,
  };
  tally.take(event, Number(fields["sequence"]), length);
}
