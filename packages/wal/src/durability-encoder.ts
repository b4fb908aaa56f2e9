import { durabilitySegmentName } from "./durability-directory.js";
import { encodeDurabilityEntry, encodeDurabilitySegmentHeader } from "./durability-frame.js";
import { WAL_HEADER_BYTES, type DurabilityWalVersion } from "./durability-layout.js";
import type { DurabilityReport } from "./durability-log.js";
import { checkId, checkKnown, checkVersion, checkWhole, refuseOption } from "./durability-options.js";
import { WalError } from "./wal-error.js";

/** How a log of durability is written, or goes on. */
export interface DurabilityLogEncoderOptions {
  /** What new segments are written as. A log of version 3 is never continued as 2: no reader of 2 reads what is there. */
  readonly version: DurabilityWalVersion;
  /** A segment that would exceed it is followed by another; a larger entry gets one of its own. Bytes, default 10 MiB, at least 40. */
  readonly segmentBytes?: number;
  /** The log that goes on, as it was read to its end; left out, one begins with segment 1. */
  readonly after?: DurabilityReport;
  /** Id of the first entry where no header says it. Default 1. */
  readonly firstEntryId?: number;
}

/** Bytes that belong to a file of the log. */
export interface DurabilityPiece {
  /** Id of the entry that the bytes belong to. */
  readonly entryId: number;
  /** Relative to the directory that holds `wal`. */
  readonly file: string;
  /** The number in the file's name. */
  readonly segmentId: number;
  /** Where the bytes belong: the end of the file. 0 for a file that begins with them. */
  readonly offset: number;
  /** Owned by the caller. */
  readonly bytes: Uint8Array;
}

/**
 * Lays out entries as a writer of the reference does: ids by one, segments by the bytes they hold. Touches no file: whoever
 * writes the pieces keeps this order, and every step is a sync before the next.
 *
 * 1. `cut`, where there is one: the file to that length, and a sync of it.
 * 2. Before the first piece of a file: all pieces of the file before it, and a sync of that one. The reference does not, and
 *    what a power loss takes from a segment that another follows, no reader forgives.
 * 3. A new file with its first piece, a sync of it, and of the names in `wal`.
 */
export class DurabilityLogEncoder {
  /** A torn or zero tail that has to go first: to write behind it would lose whatever comes later. */
  readonly cut: { readonly file: string; readonly sizeBytes: number } | undefined;
  readonly #version: DurabilityWalVersion;
  readonly #segmentBytes: number;
  #nextEntryId: number;
  #segmentId: number;
  /** Bytes of the current segment; 0 for one that has no header. */
  #offset: number;

  /**
   * @throws {@link WalError} `WAL_CORRUPT` when the report ends in damage: what follows it would be lost;
   * `WAL_INVALID_OPTION`.
   */
  constructor(options: DurabilityLogEncoderOptions) {
    const { version, segmentBytes, after, firstEntryId } = resolveLayout(options);
    this.#version = version;
    this.#segmentBytes = segmentBytes;
    this.#nextEntryId = after?.nextEntryId ?? firstEntryId;
    this.#segmentId = after?.segmentId ?? 1;
    this.#offset = after?.end.endOffset ?? 0;
    if (options.firstEntryId !== undefined && this.#nextEntryId !== firstEntryId) {
      refuseOption("firstEntryId", `is ${firstEntryId}, and the log goes on with ${this.#nextEntryId}`);
    }
    if (after === undefined) return;
    const { end, file } = after;
    if (end.kind === "corrupt") {
      const context = { file, segmentId: after.segmentId, offset: end.endOffset };
      throw new WalError("WAL_CORRUPT", `${file} ends in damage, and nothing can be written behind that`, context);
    }
    if (after.nextEntryId === undefined && options.firstEntryId === undefined) {
      refuseOption("firstEntryId", "is needed: the log has lost its only header, and no id may be given twice");
    }
    if (after.version === 3 && version === 2) refuseOption("version", "must be 3: the log is of version 3");
    const tail = end.kind === "torn" ? end.tornBytes : end.kind === "zeros" ? end.zeroBytes : 0;
    if (tail > 0) this.cut = { file, sizeBytes: end.endOffset };
    // Entries of another version go into a segment of their own: its header says how they are read.
    if (this.#offset > 0 && after.version !== version) this.#rotate();
  }

  /** Id that the next entry gets. */
  get nextEntryId(): number {
    return this.#nextEntryId;
  }

  /**
   * Lays out one entry.
   *
   * @param payload - at most 16 MiB: the reference reads no more back. Copied before return.
   * @throws {@link WalError} `WAL_RECORD_TOO_LARGE`; `WAL_LSN_OUT_OF_RANGE` behind entry 2^53-1; nothing changes then.
   */
  append(payload: Uint8Array): DurabilityPiece {
    const entryId = this.#nextEntryId;
    if (entryId > Number.MAX_SAFE_INTEGER) throw new WalError("WAL_LSN_OUT_OF_RANGE", "there is no id above 2^53-1");
    const frame = encodeDurabilityEntry(this.#version, entryId, payload);
    const full = this.#offset + frame.length > this.#segmentBytes;
    if (full && this.#offset > WAL_HEADER_BYTES) this.#rotate();
    const piece = this.#pieceOf(entryId, frame);
    this.#offset += piece.bytes.length;
    this.#nextEntryId++;
    return piece;
  }

  #pieceOf(entryId: number, frame: Uint8Array): DurabilityPiece {
    const segmentId = this.#segmentId;
    const place = { entryId, segmentId, file: durabilitySegmentName(segmentId), offset: this.#offset };
    if (this.#offset > 0) return { ...place, bytes: frame };
    const bytes = new Uint8Array(WAL_HEADER_BYTES + frame.length);
    bytes.set(encodeDurabilitySegmentHeader({ version: this.#version, startEntryId: entryId, segmentId }));
    bytes.set(frame, WAL_HEADER_BYTES);
    return { ...place, bytes };
  }

  #rotate(): void {
    this.#segmentId++;
    this.#offset = 0;
  }
}

/** Checks options as far as they go without the log that they continue, and fills in defaults. */
export function resolveLayout(
  options: DurabilityLogEncoderOptions,
): DurabilityLogEncoderOptions & Required<Pick<DurabilityLogEncoderOptions, "segmentBytes" | "firstEntryId">> {
  checkKnown(options, ["version", "segmentBytes", "after", "firstEntryId"]);
  const { segmentBytes = 10 * 1024 * 1024, firstEntryId = 1 } = options;
  checkVersion(options.version, [2, 3]);
  checkWhole(segmentBytes, "segmentBytes", WAL_HEADER_BYTES + 16, 2 ** 40);
  checkId(firstEntryId, "firstEntryId", 1);
  return { ...options, segmentBytes, firstEntryId };
}
