import {
  CodecError,
  SEGMENT_HEADER_BYTES,
  frameSeedOf,
  readExactly,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { parseSegmentFileName } from "@holdfast/wal/files";
import { CliError } from "../cli-error.js";
import type { Folder, Sibling } from "../inspect/file-format.js";
import { WalDirectory } from "../inspect/wal-directory.js";
import { DueLsn } from "./due-lsn.js";
import type { SalvageEvent } from "./salvage-event.js";
import { firstFrameLsn, soundFrames } from "./sound-frames.js";

const LOG_ID_BYTES = 16;
/** Of the id in a segment header: docs/formats/segment.md. */
const LOG_ID_OFFSET = 16;

interface SegmentToRead {
  readonly sibling: Sibling;
  readonly segmentId: number;
  readonly header: SegmentHeader;
  /** The header itself is lost; this one holds what name and log say of it. */
  readonly isHeaderless: boolean;
}

/**
 * Everything that verifies in the directory of a log of ours, by ascending LSN. What a later segment has replaced stays behind, also when
 * that one is damaged: from there on the log went on otherwise.
 */
export function* salvageDirectory(folder: Folder): Generator<SalvageEvent, void, undefined> {
  const log = WalDirectory.of(folder);
  // Under an id that nobody has no frame is found, and what is there is told as lost.
  const logId = log.logId ?? idInDamagedHeaders(folder) ?? new Uint8Array(LOG_ID_BYTES);
  const segments: SegmentToRead[] = [];
  for (const sibling of folder.siblings) {
    const named = parseSegmentFileName(sibling.name);
    if (named === undefined) continue;
    const place = log.placeOf(sibling.name);
    if (place.kind === "live" || place.kind === "unreachable") {
      segments.push({ sibling, segmentId: named.segmentId, header: place.header, isHeaderless: false });
    } else if (place.kind === "headerless") {
      const header = headerFor(logId, named);
      segments.push({ sibling, segmentId: named.segmentId, header, isHeaderless: true });
    } else if (place.kind !== "replaced") {
      const reason = place.kind === "misnamed" ? "its header is that of another segment" : "it is of no log here";
      yield { kind: "passed-over", file: sibling.name, reason };
    }
  }
  segments.sort((one, other) => one.segmentId - other.segmentId);
  const due = new DueLsn(firstLsnOf(segments) ?? log.firstLsn);
  for (const segment of segments) yield* segmentEvents(segment, log, due);
  yield* due.end(log.tail()?.durableLsn ?? 0);
}

/**
 * The id of a log of which no segment has a sound header: whatever stands in its place in one of them, if a frame of that segment is
 * bound to it.
 */
function idInDamagedHeaders({ siblings }: Folder): Uint8Array | undefined {
  for (const sibling of siblings) {
    const named = parseSegmentFileName(sibling.name);
    if (named === undefined) continue;
    const logId = orUnreadable(() => {
      const source = sibling.open();
      try {
        if (source.sizeBytes < SEGMENT_HEADER_BYTES) return undefined;
        const id = new Uint8Array(LOG_ID_BYTES);
        readExactly(source, id, LOG_ID_OFFSET);
        return firstFrameLsn(source, headerFor(id, named), SEGMENT_HEADER_BYTES) === undefined ? undefined : id;
      } finally {
        source.close();
      }
    });
    if (logId !== undefined) return logId;
  }
  return undefined;
}

/** What `look` finds in a file; undefined where it cannot be read: its own turn comes. */
function orUnreadable<T>(look: () => T | undefined): T | undefined {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
    return undefined;
  }
}

/** LSN that the log begins with. Where the first segments have lost their headers, their frames say it. */
function firstLsnOf(segments: readonly SegmentToRead[]): number | undefined {
  for (const { sibling, header, isHeaderless } of segments) {
    if (!isHeaderless) return header.baseLsn;
    const lsn = orUnreadable(() => {
      const source = sibling.open();
      try {
        return firstFrameLsn(source, header, SEGMENT_HEADER_BYTES);
      } finally {
        source.close();
      }
    });
    if (lsn !== undefined) return lsn;
  }
  return undefined;
}

function* segmentEvents(
  segment: SegmentToRead,
  log: WalDirectory,
  due: DueLsn,
): Generator<SalvageEvent, void, undefined> {
  const { sibling, segmentId, header, isHeaderless } = segment;
  const later = log.headers.find((each) => each.segmentId > segmentId);
  const untilLsn = later?.baseLsn ?? Number.MAX_SAFE_INTEGER;
  let readTo = 0;
  try {
    const source = sibling.open();
    try {
      const { sizeBytes } = source;
      const offset = SEGMENT_HEADER_BYTES;
      if (sizeBytes <= offset) return;
      const start = isHeaderless ? undefined : { offset, nextLsn: header.baseLsn, chain: header.crc };
      const fromLsn = isHeaderless ? due.next : header.baseLsn;
      for (const item of soundFrames(source, header, { start, offset, endOffset: sizeBytes, untilLsn, fromLsn })) {
        if (item.kind === "hole") {
          due.pass(sibling.name, item);
          readTo = item.endOffset;
          continue;
        }
        const { cursor } = item;
        readTo = cursor.endOffset;
        if (cursor.span === 0 || cursor.lsn < due.next) continue;
        yield* due.reach(cursor.lsn, cursor.span);
        yield { ...item, content: log.headers[0]?.content ?? 1 };
      }
    } finally {
      source.close();
    }
  } catch (error) {
    // The rest of the file cannot be read; the files behind it can.
    if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
    due.lose(sibling.name, readTo, 0, error.code, error.message);
  }
}

/** What stands in for a header that is lost: only the seed of its frames counts. */
function headerFor(
  logId: Uint8Array,
  { segmentId, nonce }: { readonly segmentId: number; readonly nonce: number },
): SegmentHeader {
  const identity = { logId, segmentId, nonce, epoch: 1, content: 1, baseLsn: 1, durableLsn: 0, previousChain: 0 };
  return { ...identity, hash: "none", crc: 0, frameSeed: frameSeedOf({ logId, segmentId, nonce }) };
}
