import { isFsError, openDirectory, type Directory } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import { openWalReader, WalError, type WalReader } from "@holdfast/wal";
import { openRecordWalk, type LogSegment, type RecordWalk, type WalkPlace } from "@holdfast/wal/places";
import { UNFINISHED_BACKUP } from "@holdfast/store/format";
import { fileRefusal } from "../file-refusal.js";
import type { Folder } from "../inspect/file-format.js";
import type { Line } from "../inspect/line.js";
import { openPath } from "../inspect/host-tree.js";
import { StoreHistory, storeContent } from "../inspect/store-history.js";

/** What is said of one record, and where. */
export interface LogLine extends Line {
  readonly file: string;
  readonly lsn: number;
}

/** A log or store in a directory, read beside whoever writes it. Takes no lock and changes nothing. */
export class WatchedLog {
  readonly directory: Directory;
  readonly isStore: boolean;
  readonly #reader: WalReader;
  readonly #history: StoreHistory;
  #behind: WalkPlace | undefined = undefined;

  /**
   * @throws {@link CliError} `CLI_FILE_NOT_FOUND`, `CLI_FILE_NOT_REGULAR`, `CLI_FILE_UNREADABLE`, `CLI_NOT_A_LOG`, and
   * `CLI_NOT_A_STORE` for a backup that was not finished; `WalError` for a log
   * whose end is damaged, or that a later version wrote; `FsError` for a segment that cannot be read.
   */
  constructor(path: string) {
    const opened = openPath(path);
    if (opened.kind === "file") throw fileRefusal("CLI_NOT_A_LOG", path, "is a file, and a log is a directory");
    refuseUnfinished(opened.folder, path);
    this.directory = openDirectory(opened.path, { readOnly: true });
    this.#reader = openReader(this.directory, path);
    const { header } = this.#reader.segments().at(-1) as LogSegment; // a log that is found has one
    this.isStore = header.content === storeContent;
    this.#history = new StoreHistory(header);
  }

  get lastLsn(): number {
    return this.#reader.lastLsn;
  }

  get firstLsn(): number {
    return this.#reader.firstLsn;
  }

  segments(): readonly LogSegment[] {
    return this.#reader.segments();
  }

  /** Looks again; returns the last LSN. */
  refresh(): number {
    return this.#reader.refresh();
  }

  /**
   * A line for every record from that one on, up to the last look. Lent until the next. Goes on where the last call ended, and where the
   * writer has removed what was to be read, with what is left.
   */
  *lines(from: number): Generator<LogLine, void, undefined> {
    let next = from;
    for (;;) {
      try {
        for (const line of this.#walk(next)) {
          yield line;
          next = line.lsn + 1;
        }
        return;
      } catch (error) {
        const isPruned = error instanceof WalError && error.code === "WAL_PRUNED";
        if (!isPruned && !isFsError(error, "FS_NOT_FOUND")) throw error;
        this.refresh();
        next = Math.max(next, this.firstLsn);
      }
    }
  }

  *#walk(from: number): Generator<LogLine, void, undefined> {
    const segments = this.segments();
    if (from > this.lastLsn) return;
    const behind = this.#behind;
    const isKnown = behind?.nextLsn === from && segments.some(({ segmentId }) => segmentId === behind.segmentId);
    const log = { directory: this.directory, segments, maxRecordBytes: MAX_PAYLOAD_BYTES };
    const walk = openRecordWalk(isKnown ? { ...log, behind } : { ...log, from });
    const names = new Map(segments.map(({ segmentId, file }) => [segmentId, file]));
    try {
      while (walk.next()) {
        yield { file: names.get(walk.segmentId) ?? "", lsn: walk.lsn, ...this.#lineOf(walk) };
        this.#behind = placeBehind(walk);
      }
    } finally {
      walk.close();
    }
  }

  close(): void {
    this.#reader.close();
  }

  /** The place is that of the frame, which a batch of several shares. */
  #lineOf(walk: RecordWalk): Line {
    const place = { offset: walk.offset, length: walk.endOffset - walk.offset };
    if (this.isStore) return this.#history.lineOf(walk.view(), walk.lsn, place);
    return { kind: "record", ...place, fields: { id: BigInt(walk.lsn), payload: walk.view() } };
  }
}

/** A directory with such a file is no store, whatever else is in it. */
function refuseUnfinished({ siblings }: Folder, path: string): void {
  if (!siblings.some(({ name }) => name === UNFINISHED_BACKUP)) return;
  const why = `holds ${UNFINISHED_BACKUP}: a backup into it was not finished, so that it is no store; make it again`;
  throw fileRefusal("CLI_NOT_A_STORE", path, why);
}

function placeBehind({ segmentId, endOffset, frameLsn, span, chain }: RecordWalk): WalkPlace {
  return { segmentId, offset: endOffset, nextLsn: frameLsn + span, chain };
}

function openReader(directory: Directory, path: string): WalReader {
  try {
    return openWalReader({ directory, maxRecordBytes: MAX_PAYLOAD_BYTES });
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") {
      throw fileRefusal("CLI_NOT_A_LOG", path, "holds no segment of a log", error);
    }
    throw error;
  }
}
