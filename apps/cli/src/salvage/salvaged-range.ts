import { randomBytes, randomInt } from "node:crypto";
import { stageFile, type Directory, type StagedFile } from "@holdfast/fs-seam";
import {
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameBytes,
  frameKinds,
  type FrameCursor,
  type FrameMeta,
  type SegmentHeader,
  type SegmentIdentity,
} from "@holdfast/segment-codec";
import {
  encodeCheckpoint,
  encodeSection,
  formatCheckpointFileName,
  formatSegmentFileName,
  sectionFrameKind,
} from "@holdfast/wal/files";

const segmentBytes = 64 * 1024 * 1024;
const bufferBytes = 256 * 1024;
const watermark = { kind: frameKinds.watermark, flags: 0, span: 0 } as const;
const nothing = new Uint8Array();

/** How the frames of a range are laid out. */
export type RangeShape =
  /** A directory with segments, which `openWal` opens. */
  | { readonly kind: "log" }
  /** One file, which `openRecordLog` opens; of a range that begins with LSN 1. */
  | { readonly kind: "record-log"; readonly name: string };

/**
 * A log with a fresh identity that holds the frames of another, each under the LSN that it had there. Nothing has its name before it
 * is durable: every file is staged, synced and renamed, as a recovery does it; so each frame may state all before it as durable.
 */
export class SalvagedRange {
  readonly name: string;
  readonly firstLsn: number;
  recordCount = 0;
  readonly #directory: Directory;
  readonly #shape: RangeShape;
  readonly #content: number;
  readonly #logId: Uint8Array;
  #segmentId = 0;
  #staged: StagedFile | undefined;
  #encoder: FrameEncoder | undefined;
  /** Of the file before the one that is due. */
  #previous: FrameEncoder | undefined;
  #sectionHeader = nothing;
  #buffer = new Uint8Array(bufferBytes);
  #filled = 0;
  #fileBytes = 0;

  /** @param directory - where the range lies; of a log, a directory of its own. */
  constructor(
    directory: Directory,
    name: string,
    shape: RangeShape,
    first: { readonly lsn: number; readonly content: number },
  ) {
    this.name = name;
    this.firstLsn = first.lsn;
    this.#directory = directory;
    this.#shape = shape;
    this.#content = first.content;
    this.#logId = Uint8Array.from(randomBytes(16));
  }

  get nextLsn(): number {
    return (this.#encoder ?? this.#previous)?.nextLsn ?? this.firstLsn;
  }

  get isRecordLog(): boolean {
    return this.#shape.kind === "record-log";
  }

  /** Copies the frame that the cursor stands on; its LSN is {@link nextLsn}. */
  async append(cursor: FrameCursor): Promise<void> {
    const { kind, flags, span } = cursor;
    const payload = cursor.viewPayload();
    if (this.#shape.kind === "log" && this.#fileBytes + frameBytes(payload.length) > segmentBytes) await this.#finish();
    this.#encoder ??= this.#begin();
    this.#write(this.#encoder, payload, { kind, flags, span });
    this.recordCount += span;
  }

  /** Makes the range durable. */
  async close(): Promise<void> {
    await this.#finish();
  }

  /** Gives up what is not durable yet. */
  discard(): void {
    this.#staged?.discard();
  }

  /** Stores a checkpoint of the salvaged log in this one. */
  async addCheckpoint(lsn: number, payload: Uint8Array): Promise<void> {
    const staged = stageFile(this.#directory, formatCheckpointFileName(lsn));
    try {
      staged.handle.append(
        encodeCheckpoint({ logId: this.#logId, lsn, nonce: freshNonce(), content: this.#content }, payload),
      );
      await staged.publish({ rung: "full" });
    } catch (error) {
      staged.discard();
      throw error;
    }
  }

  #begin(): FrameEncoder {
    const previous = this.#previous;
    const baseLsn = previous?.nextLsn ?? this.firstLsn;
    this.#segmentId += 1;
    const identity: SegmentIdentity = {
      logId: this.#logId,
      segmentId: this.#segmentId,
      nonce: freshNonce(),
      epoch: 1,
      content: this.#content,
      baseLsn,
      durableLsn: baseLsn - 1,
      previousChain: previous?.chain ?? 0,
      hash: "none",
    };
    if (this.#shape.kind === "record-log") {
      const { bytes, encoder } = encodeSection(identity);
      this.#sectionHeader = bytes.slice(0, SEGMENT_HEADER_BYTES);
      this.#stage(this.#shape.name, bytes);
      return encoder;
    }
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    const header: SegmentHeader = encodeSegmentHeader(identity, bytes);
    this.#stage(formatSegmentFileName(identity), bytes);
    return new FrameEncoder(header);
  }

  #stage(name: string, first: Uint8Array): void {
    this.#staged = stageFile(this.#directory, name);
    this.#staged.handle.append(first);
    this.#fileBytes = first.length;
  }

  /** Ends the file; the next frame begins another. */
  async #finish(): Promise<void> {
    const encoder = this.#encoder;
    const staged = this.#staged;
    if (encoder === undefined || staged === undefined) return;
    // The statement of what is durable behind the last record, as a log that is closed has it.
    if (this.#shape.kind === "log") this.#write(encoder, nothing, watermark);
    else this.#write(encoder, this.#sectionHeader, { kind: sectionFrameKind, flags: 0, span: 0 });
    this.#flush();
    await staged.publish({ rung: "full" });
    this.#staged = undefined;
    this.#encoder = undefined;
    this.#previous = encoder;
  }

  #write(encoder: FrameEncoder, payload: Uint8Array, meta: FrameMeta): void {
    const size = frameBytes(payload.length);
    if (this.#filled + size > this.#buffer.length) this.#flush();
    if (size > this.#buffer.length) this.#buffer = new Uint8Array(size);
    encoder.durableLsn = encoder.nextLsn - 1;
    this.#filled = encoder.append(this.#buffer, this.#filled, payload, meta);
    this.#fileBytes += size;
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#staged?.handle.append(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}

function freshNonce(): number {
  return randomInt(2 ** 32);
}
