import { CodecError, FrameCursor, readExactly } from "@holdfast/segment-codec";
import { inspectCursorPosition, type CursorInspection } from "@holdfast/store/format";
import { CliError } from "../cli-error.js";
import type { FileFormat, Folder, InspectedFile } from "./file-format.js";
import { damage, type Damage, type Line } from "./line.js";
import { recordRanges } from "./log-records.js";
import { StoreHistory } from "./store-history.js";
import { WalDirectory } from "./wal-directory.js";

/** Positions of named cursors, in `cursors/<name>/position` below a store or elsewhere: docs/formats/store.md. */

const magic = Buffer.from("HFCURSOR", "latin1");
/** Of a name with as many bytes as its length can state. */
const maxFileBytes = 104 + 255 + 4;

export const cursorFormat: FileFormat = {
  recognise: (head, name, folder) =>
    magic.equals(head.subarray(0, magic.length)) ||
    (name === "position" && folder !== undefined && cursorsOf(folder) !== undefined),

  isHeader: () => false,

  *lines(file) {
    const { source } = file;
    const all = { offset: 0, endOffset: source.sizeBytes };
    // What is longer is none, and is not read further.
    const bytes = new Uint8Array(Math.min(source.sizeBytes, maxFileBytes + 1));
    readExactly(source, bytes, 0);
    const found = inspectCursorPosition(bytes);
    switch (found.kind) {
      case "position": {
        const home = storeOf(file.folder);
        yield* contradictions(found, file, home);
        yield positionLine(found, bytes.length, home?.tail()?.lastLsn);
        return;
      }
      case "unsupported":
        yield damage("unreadable", all, "STORE_UNSUPPORTED", `a sound position of version ${found.version}`);
        return;
      case "damaged":
        yield damage(
          "corrupt",
          all,
          "STORE_CURSOR_CORRUPT",
          `at ${found.offset}, it ${found.why}: no position of a cursor`,
        );
    }
  },
};

type Position = Extract<CursorInspection, { readonly kind: "position" }>;

/** The directory of all cursors; undefined where the folder is not that of one. */
function cursorsOf(folder: Folder): Folder | undefined {
  const above = folder.parent?.();
  return above?.name === "cursors" ? above : undefined;
}

/** The log in the directory that the cursors lie in; undefined where there is none, as where they are kept elsewhere. */
function storeOf(folder: Folder): WalDirectory | undefined {
  const above = cursorsOf(folder)?.parent?.();
  const log = above === undefined ? undefined : WalDirectory.of(above);
  return log?.logId === undefined ? undefined : log;
}

/** For what whoever opens the cursor refuses it. */
function* contradictions(
  { name, logId, position }: Position,
  { source, folder }: InspectedFile,
  log: WalDirectory | undefined,
): Generator<Damage, void, undefined> {
  const all = { offset: 0, endOffset: source.sizeBytes };
  const { sequence, hash } = position;
  if (cursorsOf(folder) !== undefined && folder.name !== name) {
    yield damage("corrupt", all, "INSPECT_MISNAMED", `the position of the cursor ${name}: it was copied or renamed`);
  } else if (log?.logId !== undefined && Buffer.compare(log.logId, logId) !== 0) {
    yield damage("corrupt", all, "INSPECT_OTHER_LOG", "of another log than the store that it lies in");
  } else if (log !== undefined && sequence > 0) {
    const tail = log.tail();
    const own = hashOf(log, sequence);
    if (tail !== undefined && !tail.isDamaged && sequence > tail.lastLsn) {
      const reason = `event ${sequence} is acknowledged, and the store ends with ${tail.lastLsn}`;
      yield damage("corrupt", all, "STORE_CURSOR_MISMATCH", reason);
    } else if (own !== undefined && Buffer.compare(own, hash) !== 0) {
      const reason = `event ${sequence} is acknowledged, and the store has another one there`;
      yield damage("corrupt", all, "STORE_CURSOR_MISMATCH", reason);
    }
  }
}

/** The hash of an event, found by reading its segment up to it; undefined where that cannot be read so far. */
function hashOf(log: WalDirectory, sequence: number): Uint8Array | undefined {
  try {
    return log.withSegmentOf(sequence, (source, header) => {
      const history = new StoreHistory(header);
      const cursor = new FrameCursor(source, header);
      while (cursor.next()) {
        if (cursor.lsn + cursor.span <= sequence) continue;
        const range = [...recordRanges(cursor)][sequence - cursor.lsn];
        return range === undefined ? undefined : history.hashOf(cursor.viewPayload(), range, sequence);
      }
      return undefined;
    });
  } catch (error) {
    if (error instanceof CliError || error instanceof CodecError) return undefined;
    throw error;
  }
}

function positionLine(found: Position, length: number, lastLsn: number | undefined): Line {
  const { version, name, logId, regionHash, position } = found;
  const { sequence, hash } = position;
  const lag = lastLsn === undefined || lastLsn < sequence ? null : BigInt(lastLsn - sequence);
  const fields = {
    format: "HFCURSOR",
    version,
    name,
    logId,
    regionHash,
    sequence: BigInt(sequence),
    eventHash: hash,
    lag,
  };
  return { kind: "cursor", offset: 0, length, fields };
}
