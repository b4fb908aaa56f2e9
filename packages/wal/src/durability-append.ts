import { copyFile, isFsError, makeDirectoriesDurably, type Directory, type FileHandle } from "@holdfast/fs-seam";
import { surveyDurabilityLog, WAL_DIRECTORY } from "./durability-directory.js";
import {
  DurabilityLogEncoder,
  resolveLayout,
  type DurabilityLogEncoderOptions,
  type DurabilityPiece,
} from "./durability-encoder.js";
import { WAL_HEADER_BYTES, type DurabilityWalVersion } from "./durability-layout.js";
import { verifyDurabilityLog, type DurabilityReport } from "./durability-log.js";
import { checkKnown, refuseOption } from "./durability-options.js";
import { WalError } from "./wal-error.js";

/**
 * Writes entries into a log of the reference, or begins one.
 *
 * Invariant: when a file of the log is created, every byte before it is durable, and its name is before a second one is created.
 * Crash windows, in order:
 *
 * 1. While every segment is synced, and the tail that a crash left is cut: the log ends where it did, or at its last sound
 *    entry. The whole file is kept aside first, under a name that no reader takes for a segment.
 * 2. Between two syncs of a segment: it ends in a part of what was written since. Sectors may reach the disk out of order, and
 *    then no reader of these formats can tell the tail from damage: it refuses, mode `salvage` reads what comes before, and
 *    that holds everything that was acknowledged.
 * 3. Between the creation of a segment and the names barrier: the segment is not there, or has no header yet, or no entry.
 *
 * The lock is the reference's own: `wal/.lock`, created by whoever writes and removed at the end. A crash leaves it.
 */

/** What is appended, and to which log. */
export interface DurabilityAppendOptions {
  /** The directory that holds `wal`, or will. */
  readonly directory: Directory;
  /** As for {@link DurabilityLogEncoder}. */
  readonly version: DurabilityWalVersion;
  /** In order; each is borrowed until the next one is asked for. */
  readonly payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** As for {@link DurabilityLogEncoder}. Default 10 MiB. */
  readonly segmentBytes?: number;
  /** Id of the first entry of a log that holds none. Default 1 where there is no directory `wal`, and needed where it is empty. */
  readonly firstEntryId?: number;
}

/** What an append to a log of durability has done. It is durable. */
export interface DurabilityAppended {
  /** Entries that were appended. */
  readonly entryCount: number;
  /** Id that the next entry gets. */
  readonly nextEntryId: number;
  /** The file that a tail was cut off, its length since, and where the whole was kept unless the tail was zeros. */
  readonly cut: { readonly file: string; readonly sizeBytes: number; readonly keptAs: string | undefined } | undefined;
}

const LOCK = `${WAL_DIRECTORY}/.lock`;
const BUFFER_BYTES = 64 * 1024;

/**
 * Appends entries. Durability: once the promise resolves every entry of the log is on the rung `data`, those that were there
 * before included. Nothing is acknowledged earlier: after a failure read the log to see how far it came.
 *
 * @throws {@link WalError} `WAL_BUSY` when there is a lock; what {@link readDurabilityLog} throws in mode `recover`, before
 * anything is changed; what {@link DurabilityLogEncoder} throws; what the file system and `payloads` throw.
 */
export async function appendToDurabilityLog(options: DurabilityAppendOptions): Promise<DurabilityAppended> {
  checkKnown(options, ["directory", "version", "payloads", "segmentBytes", "firstEntryId"]);
  const { directory, payloads, ...layout } = options;
  if (typeof directory?.list !== "function") refuseOption("directory", "must be a Directory of @holdfast/fs-seam");
  resolveLayout(layout); // a wrong option leaves everything as it was
  const begins = surveyDurabilityLog(directory).kind === "absent";
  await makeDirectoriesDurably(directory, WAL_DIRECTORY);
  takeLock(directory);
  let appended: DurabilityAppended;
  try {
    appended = await appendLocked(directory, payloads, layout, begins);
  } catch (error) {
    try {
      directory.removeIfPresent(LOCK);
    } catch {
      // The lock stays, as after a crash; what went wrong before is what has to be told.
    }
    throw error;
  }
  directory.removeIfPresent(LOCK);
  return appended;
}

/** @param begins - there was no directory `wal` before. */
async function appendLocked(
  directory: Directory,
  payloads: DurabilityAppendOptions["payloads"],
  layout: Omit<DurabilityLogEncoderOptions, "after">,
  begins: boolean,
): Promise<DurabilityAppended> {
  const survey = surveyDurabilityLog(directory);
  if (survey.kind !== "segments") {
    if (!begins && layout.firstEntryId === undefined) {
      refuseOption("firstEntryId", "is needed: the directory wal is empty, and no id may be given twice");
    }
    const encoder = new DurabilityLogEncoder(layout);
    const entryCount = await writePieces(directory, encoder, payloads);
    return { entryCount, nextEntryId: encoder.nextEntryId, cut: undefined };
  }
  const after = verifyDurabilityLog({ directory });
  const encoder = new DurabilityLogEncoder({ ...layout, after });
  for (const { file } of survey.segments) await syncFile(directory, file);
  const cut = await cutTail(directory, encoder, after);
  await directory.syncNames(WAL_DIRECTORY);
  const entryCount = await writePieces(directory, encoder, payloads);
  return { entryCount, nextEntryId: encoder.nextEntryId, cut };
}

function takeLock(directory: Directory): void {
  try {
    directory.open(LOCK, { mode: "write", create: "exclusive" }).close();
  } catch (error) {
    if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error;
    const message = `${LOCK} is there: a writer of the log runs, or one was killed; remove it once you know that none does`;
    throw new WalError("WAL_BUSY", message, { file: LOCK }, { cause: error });
  }
}

/** What was read may never have been synced, by whoever wrote it: the reference leaves a segment that another follows unsynced. */
async function syncFile(directory: Directory, file: string): Promise<void> {
  const handle = directory.open(file, { mode: "write" });
  try {
    await handle.sync("data");
  } finally {
    handle.close();
  }
}

async function cutTail(
  directory: Directory,
  { cut }: DurabilityLogEncoder,
  { end }: DurabilityReport,
): Promise<DurabilityAppended["cut"]> {
  if (cut === undefined) return undefined;
  const { file, sizeBytes } = cut;
  const keptAs = end.kind === "zeros" ? undefined : freeName(directory, `${file}.cut-at-${sizeBytes}`);
  if (keptAs !== undefined) await copyFile(directory, file, keptAs, { method: "copy", rung: "data" });
  const handle = directory.open(file, { mode: "write" });
  try {
    handle.truncate(sizeBytes);
    await handle.sync("data");
  } finally {
    handle.close();
  }
  return { file, sizeBytes, keptAs };
}

function freeName(directory: Directory, name: string): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!directory.exists(candidate)) return candidate;
  }
}

async function writePieces(
  directory: Directory,
  encoder: DurabilityLogEncoder,
  payloads: DurabilityAppendOptions["payloads"],
): Promise<number> {
  let file: OpenSegment | undefined;
  let entryCount = 0;
  try {
    for await (const payload of payloads) {
      const piece = encoder.append(payload);
      if (file?.name !== piece.file) {
        await file?.sync();
        file?.close();
        file = new OpenSegment(directory, piece.file, piece.offset);
        if (piece.offset === 0) await begin(directory, file, piece);
      }
      file.append(piece.offset === 0 ? piece.bytes.subarray(WAL_HEADER_BYTES) : piece.bytes);
      entryCount++;
    }
    await file?.sync();
    return entryCount;
  } finally {
    file?.close();
  }
}

/** The header alone first: entries behind a header that is lost are damage to every reader. */
async function begin(directory: Directory, file: OpenSegment, { bytes }: DurabilityPiece): Promise<void> {
  file.append(bytes.subarray(0, WAL_HEADER_BYTES));
  await file.sync();
  await directory.syncNames(WAL_DIRECTORY);
}

/** A segment that is written at its end, through a buffer. */
class OpenSegment {
  readonly name: string;
  readonly #handle: FileHandle;
  readonly #buffer: Uint8Array = new Uint8Array(BUFFER_BYTES);
  #buffered = 0;
  #offset: number;

  constructor(directory: Directory, name: string, offset: number) {
    this.name = name;
    this.#offset = offset;
    this.#handle = directory.open(name, { mode: "write", create: offset === 0 ? "if-missing" : "never" });
  }

  append(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > this.#buffer.length) this.#write();
    if (bytes.length > this.#buffer.length) {
      this.#handle.writeAt(bytes, this.#offset);
      this.#offset += bytes.length;
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  async sync(): Promise<void> {
    this.#write();
    await this.#handle.sync("data");
  }

  /** What is still buffered is dropped: whoever wants it durable syncs. */
  close(): void {
    this.#handle.close();
  }

  #write(): void {
    if (this.#buffered === 0) return;
    this.#handle.writeAt(this.#buffer.subarray(0, this.#buffered), this.#offset);
    this.#offset += this.#buffered;
    this.#buffered = 0;
  }
}
