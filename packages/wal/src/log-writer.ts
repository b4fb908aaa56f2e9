import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { isFsError } from "@holdfast/fs-seam";
import {
  FRAME_HEADER_BYTES,
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  frameKinds,
} from "@holdfast/segment-codec";
import { batchPayloadBytes, encodeBatchPayload } from "./batch-payload.js";
import { freshNonce } from "./fresh-identity.js";
import { NextSegment, type ReadySegment } from "./next-segment.js";
import { formatSegmentFileName } from "./segment-file-name.js";
import { isHarmless, spaceFailure } from "./space-failure.js";
import type { SoundSegment } from "./segment-survey.js";
import { SparseIndex } from "./sparse-index.js";
import { Watermark } from "./watermark.js";
import { WalError } from "./wal-error.js";
import type { ResolvedWalOptions } from "./wal-options.js";
import type { RecoveredLog } from "./recovery.js";

/**
 * Frames into one buffer, the buffer into the active segment, and from segment to segment. It never syncs by itself:
 * `group-commit.ts` asks what there is to sync and says what has been, and is asked for a barrier where too many handles wait for one.
 *
 * Rotation, and what a crash leaves of it:
 *
 * 1. Write the buffer to the old segment. From here on it is sealed.
 * 2. Create the next segment, and write its header.
 *    Window: the name may be there without header, the header without the end of the old segment. Nothing in the new segment
 *    is stated as durable before the next barrier, which syncs the old one first, then the new one, then the names; until then
 *    every such state is a torn tail.
 *    With `footers`, the old segment gets its footer now: see `segment-footers.ts`.
 * 3. Behind that barrier the zeros at the end of the old segment are cut off. Whether the cut survives does not matter.
 */

/** A segment of this handle; its size counts once it is closed. */
interface WrittenSegment extends SoundSegment {
  sizeBytes: number;
}

/** A segment that is open for writing, or waits for its last barrier. */
export interface OpenSegment {
  readonly segment: WrittenSegment;
  readonly handle: FileHandle;
  /** Bytes handed to the system, from the beginning of the file. */
  writtenBytes: number;
  /** Bytes from the beginning that a returned barrier covers. */
  syncedBytes: number;
  /** Bytes that the file has, zeros ahead included. */
  allocatedBytes: number;
  /** Whether a names barrier has covered the name. */
  nameIsDurable: boolean;
  sealed: boolean;
}

const recordMeta = { kind: frameKinds.record, flags: 0, span: 1 } as const;
const nothing = new Uint8Array();
const FIRST_ALLOCATION_BYTES = 64 * 1024;
/** Segments that wait for a barrier at most, each with its handle, unless one is under way. */
const MAX_WAITING_SEGMENTS = 16;

export class LogWriter {
  /** Sealed segments that a barrier still has to cover, oldest first, and the active one last. */
  readonly open: OpenSegment[] = [];
  /** Segments that readers pass through, the active one last. */
  readonly live: SoundSegment[];
  rotations = 0;
  /** Highest LSN whose frame was handed to the system. */
  readonly written: Watermark;
  /** Where the frame of the last append begins. One object, so that an append leaves no garbage. */
  readonly place: { segmentId: number; offset: number };
  /** Places to begin reading at, the writer's own. */
  readonly index: SparseIndex = new SparseIndex();
  readonly #directory: Directory;
  readonly #options: ResolvedWalOptions;
  #buffer: Uint8Array;
  #filled = 0;
  #encoder: FrameEncoder;
  #active: OpenSegment;
  #lastSegmentId: number;
  #openedAt: number;
  readonly #next: NextSegment;
  readonly #onCrowded: () => void;

  /** @param onCrowded - called by a rotation that leaves more segments without a barrier than may wait. */
  constructor(options: ResolvedWalOptions, recovered: RecoveredLog, onCrowded: () => void) {
    this.#onCrowded = onCrowded;
    this.#directory = options.directory;
    this.#options = options;
    this.#buffer = new Uint8Array(options.bufferBytes);
    this.#encoder = recovered.encoder;
    const segment = { ...recovered.segment };
    this.live = recovered.live.map((each) => (each === recovered.segment ? segment : each));
    this.place = { segmentId: segment.header.segmentId, offset: 0 };
    this.#lastSegmentId = recovered.lastSegmentId;
    this.#openedAt = options.now();
    this.#next = new NextSegment(options.directory, options.turn);
    const handle = this.#directory.open(segment.file, { mode: "write" });
    this.#active = {
      segment,
      handle,
      writtenBytes: segment.sizeBytes,
      syncedBytes: segment.sizeBytes,
      allocatedBytes: segment.sizeBytes,
      nameIsDurable: true,
      sealed: false,
    };
    this.open.push(this.#active);
    this.#encoder.durableLsn = this.lastLsn; // recovery has synced all of it
    this.written = new Watermark(this.lastLsn);
  }

  get lastLsn(): number {
    return this.#encoder.nextLsn - 1;
  }

  /** Chain of the last frame. */
  get chain(): number {
    return this.#encoder.chain;
  }

  append(payload: Uint8Array): number {
    this.#reserve(payload.length);
    const lsn = this.#encoder.nextLsn;
    this.place.offset = this.#active.writtenBytes + this.#filled;
    this.#filled = this.#encoder.append(this.#buffer, this.#filled, payload, recordMeta);
    return lsn;
  }

  /** All of them in one frame; returns the LSN of the first. */
  appendBatch(records: readonly Uint8Array[]): number {
    const payloadBytes = batchPayloadBytes(records);
    this.#reserve(payloadBytes);
    const lsn = this.#encoder.nextLsn;
    this.place.offset = this.#active.writtenBytes + this.#filled;
    encodeBatchPayload(records, this.#buffer, this.#filled + FRAME_HEADER_BYTES);
    const meta = { kind: frameKinds.batch, flags: 0, span: records.length };
    this.#filled = this.#encoder.seal(this.#buffer, this.#filled, payloadBytes, meta);
    return lsn;
  }

  /**
   * States in a frame of its own what is durable, for a log that nothing is appended to for a while.
   *
   * @param payload - copied; for an owner that has something to say there, with the kind of frame that says so.
   */
  appendWatermark(payload: Uint8Array = nothing, kind: number = frameKinds.watermark): void {
    this.#makeRoom(frameBytes(payload.length)); // in this segment, however full it is: a segment begins with a record
    this.#filled = this.#encoder.append(this.#buffer, this.#filled, payload, { kind, flags: 0, span: 0 });
  }

  /** Every frame from now on states this. */
  stateDurable(lsn: number): void {
    this.#encoder.durableLsn = lsn;
  }

  /**
   * Hands what waits in the buffer to the system. A full disk leaves it in the buffer, to be written again to the same place
   * once there is room: throws `WAL_NO_SPACE`, and nothing is lost.
   */
  write(): void {
    if (this.#filled > 0) {
      const active = this.#active;
      this.#allocateAhead(active, active.writtenBytes + this.#filled);
      this.#put(active, this.#buffer.subarray(0, this.#filled));
      this.#filled = 0;
      const { chain, nextLsn } = this.#encoder;
      this.index.add(active.segment.header.segmentId, { offset: active.writtenBytes, nextLsn, chain });
      if (active.writtenBytes > this.#options.segmentBytes / 2) this.#prepareNext();
    }
    this.written.advance(this.lastLsn);
  }

  /**
   * Appends the records in one frame and hands everything to the system; returns the LSN of the first. With a full disk the frame is
   * taken back, and what it left in the file is cut off.
   */
  appendWritten(records: readonly Uint8Array[]): number {
    const record = records.length === 1 ? records[0] : undefined;
    const payloadBytes = record?.length ?? batchPayloadBytes(records);
    const encoder = this.#encoder;
    const takeBack = encoder.mark();
    const lsn = record === undefined ? this.appendBatch(records) : this.append(record);
    try {
      this.write();
    } catch (error) {
      this.#filled -= frameBytes(payloadBytes);
      // A rotation has come before it: the frame is the first of its segment.
      if (this.#encoder === encoder) takeBack();
      else this.#encoder = new FrameEncoder(this.#active.segment.header);
      // All of the frame but its padding may be there, and zeros ahead would pass for that.
      if (isHarmless(error)) this.#cutAhead(this.#active);
      throw error;
    }
    return lsn;
  }

  /** Cuts the zeros ahead off a segment that a barrier covers to its end, and closes it. */
  finish(open: OpenSegment): void {
    if (open.allocatedBytes > open.writtenBytes) this.#cutAhead(open);
    open.handle.close();
    open.segment.sizeBytes = open.writtenBytes;
    this.open.splice(this.open.indexOf(open), 1);
  }

  #cutAhead(open: OpenSegment): void {
    open.handle.truncate(open.writtenBytes);
    open.allocatedBytes = open.writtenBytes;
  }

  /** The last act on the active segment: puts the owner's footer at its end, if there is one. */
  writeFooter(open: OpenSegment = this.#active, encoder: FrameEncoder = this.#encoder): boolean {
    const { footers, maxRecordBytes } = this.#options;
    return footers?.write(open, encoder, maxRecordBytes) ?? false;
  }

  /** Ends the preparation of a segment that will not be needed. */
  discardNext(): Promise<void> {
    return this.#next.discard();
  }

  /** Closes every handle; for a log that is given up as for one that is at its end. */
  closeHandles(): void {
    let failure: { readonly error: unknown } | undefined;
    for (const { handle } of this.open.splice(0)) {
      try {
        handle.close();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
  }

  get active(): OpenSegment {
    return this.#active;
  }

  get bufferedBytes(): number {
    return this.#filled;
  }

  /** Makes room for the frame of that payload in the buffer, and in the segment. */
  #reserve(payloadBytes: number): void {
    if (payloadBytes > this.#options.maxRecordBytes) throw this.#tooLarge(payloadBytes);
    const bytes = frameBytes(payloadBytes);
    const isFull = this.#active.writtenBytes + this.#filled + bytes > this.#options.segmentBytes;
    if (isFull || this.#isOld()) this.rotate();
    this.#makeRoom(bytes);
  }

  #makeRoom(bytes: number): void {
    if (this.#filled + bytes <= this.#buffer.length) return;
    this.write();
    const { bufferBytes } = this.#options;
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes);
    else if (bytes <= bufferBytes && this.#buffer.length > bufferBytes) this.#buffer = new Uint8Array(bufferBytes);
  }

  #isOld(): boolean {
    const { maxSegmentAgeMs, now } = this.#options;
    return maxSegmentAgeMs !== Number.POSITIVE_INFINITY && now() - this.#openedAt >= maxSegmentAgeMs;
  }

  #prepareNext(): void {
    const { prepareSegments, preallocateBytes, segmentBytes } = this.#options;
    if (!prepareSegments || !this.#next.isIdle) return;
    this.#lastSegmentId += 1;
    const bytes = this.#isRarelySynced(this.#active.writtenBytes) ? 0 : Math.min(preallocateBytes, segmentBytes);
    this.#next.prepare(this.#lastSegmentId, bytes);
  }

  /** Begins the next segment, unless this one has no record: two never begin with the same LSN, or the later one would replace the earlier. */
  rotate(): void {
    const { header: old } = this.#active.segment;
    if (this.#encoder.nextLsn === old.baseLsn) return;
    this.write();
    const ready = this.#next.take(old.segmentId) ?? this.#create();
    const { file, segmentId, nonce, handle } = ready;
    const identity = {
      logId: old.logId,
      segmentId,
      nonce,
      epoch: old.epoch,
      content: old.content,
      baseLsn: this.#encoder.nextLsn,
      durableLsn: this.#encoder.durableLsn,
      previousChain: this.#encoder.chain,
      hash: old.hash,
    };
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const header = encodeSegmentHeader(identity, bytes);
    const segment: WrittenSegment = { file, sizeBytes: 0, header };
    const next: OpenSegment = {
      segment,
      handle,
      writtenBytes: 0,
      syncedBytes: 0,
      allocatedBytes: ready.allocatedBytes,
      nameIsDurable: ready.nameIsDurable,
      sealed: false,
    };
    try {
      this.#put(next, bytes);
    } catch (error) {
      handle.close();
      this.#directory.removeIfPresent(file); // nothing was written to it, or nothing that has a header
      throw error;
    }
    const [full, encoder] = [this.#active, this.#encoder];
    this.#active = next;
    this.place.segmentId = segmentId;
    this.open.push(next);
    this.live.push(segment);
    this.#encoder = new FrameEncoder(header); // states as durable what the header does
    this.#openedAt = this.#options.now();
    this.rotations += 1;
    this.writeFooter(full, encoder);
    full.sealed = true;
    if (this.open.length > MAX_WAITING_SEGMENTS) this.#onCrowded();
  }

  #create(): ReadySegment {
    const segmentId = this.#lastSegmentId + 1;
    const nonce = freshNonce(this.#directory.fs);
    const file = formatSegmentFileName({ segmentId, nonce });
    try {
      const handle = this.#directory.open(file, { mode: "write", create: "exclusive" });
      this.#lastSegmentId = segmentId;
      return { file, segmentId, nonce, handle, allocatedBytes: 0, nameIsDurable: false };
    } catch (error) {
      throw spaceFailure(error, file);
    }
  }

  #put(open: OpenSegment, bytes: Uint8Array): void {
    try {
      open.handle.writeAt(bytes, open.writtenBytes);
    } catch (error) {
      throw spaceFailure(error, open.segment.file);
    }
    open.writtenBytes += bytes.length;
    open.allocatedBytes = Math.max(open.allocatedBytes, open.writtenBytes);
  }

  /**
   * Zero-fills ahead of the end, in steps as large as what is there. Where half a buffer waits for a barrier nobody syncs
   * often, and everything would only be written twice. A full disk only costs the advantage.
   */
  #allocateAhead(open: OpenSegment, end: number): void {
    const { preallocateBytes, segmentBytes } = this.#options;
    if (preallocateBytes === 0 || end <= open.allocatedBytes || this.#isRarelySynced(end)) return;
    const step = Math.min(preallocateBytes, Math.max(FIRST_ALLOCATION_BYTES, open.allocatedBytes));
    const target = Math.min(segmentBytes, end + step);
    if (target <= open.allocatedBytes) return;
    try {
      open.handle.allocate(open.allocatedBytes, target - open.allocatedBytes);
    } catch (error) {
      if (isFsError(error, "FS_NO_SPACE", "FS_QUOTA_EXCEEDED")) return;
      throw error;
    }
    open.allocatedBytes = target;
  }

  #isRarelySynced(end: number): boolean {
    return end - this.#active.syncedBytes > this.#options.bufferBytes / 2;
  }

  #tooLarge(bytes: number): WalError {
    const { maxRecordBytes } = this.#options;
    const message = `a record of ${bytes} bytes is above maxRecordBytes, which is ${maxRecordBytes}`;
    return new WalError("WAL_RECORD_TOO_LARGE", message, { expected: maxRecordBytes, actual: bytes });
  }
}
