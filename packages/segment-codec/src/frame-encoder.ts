import { crc32Viewed } from "./checksum.js";
import { CodecError } from "./codec-error.js";
import { viewCrc32 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import type { SegmentHeader } from "./segment-header.js";
import { TWO_TO_32 } from "./uint64.js";

/** What a frame says about its payload. Callers keep one object per kind, so that encoding leaves no garbage. */
export interface FrameMeta {
  /** 1 to 65535; see `frameKinds` for those that all owners share. */
  readonly kind: number;
  /** 16 bits whose meaning belongs to the kind; covered by the header's checksum. */
  readonly flags: number;
  /** How many LSNs the frame takes: 1 for a record, the count for a batch, 0 for a frame that holds no record. */
  readonly span: number;
}

/** How large a frame may become. */
export interface FrameEncoderOptions {
  /** Payloads above this are refused. Bytes, default and limit 256 MiB. */
  readonly maxPayloadBytes?: number;
}

/**
 * Encodes the frames of one segment, in order, into buffers that the caller owns. It keeps the chain and the next LSN, so
 * there is one encoder per segment, and every frame it returns has to be written: one that is left out breaks the chain
 * for all that follow.
 */
export class FrameEncoder {
  /** LSN of the next record. */
  nextLsn: number;
  #chain: number;
  #seed: number;
  #frameSeed: number;
  #durableLsn: number;
  #maxPayloadBytes: number;
  #target: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(this.#target.buffer);

  constructor(segment: SegmentHeader, options: FrameEncoderOptions = {}) {
    checkKeys(options, ["maxPayloadBytes"], "FrameEncoder");
    const { maxPayloadBytes = at.MAX_PAYLOAD_BYTES } = options;
    checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, at.MAX_PAYLOAD_BYTES);
    this.nextLsn = segment.baseLsn;
    this.#chain = segment.previousChain | 0;
    this.#seed = segment.crc | 0; // the first frame chains from its own segment's header
    this.#frameSeed = segment.frameSeed | 0;
    this.#durableLsn = segment.durableLsn;
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Chain of the last frame; what the next segment continues from. Until there is one, the header's own `previousChain`. */
  get chain(): number {
    return this.#chain >>> 0; // kept signed, see sliceBy16
  }

  /** Highest LSN that a returned barrier covers; goes into every frame encoded from now on. */
  get durableLsn(): number {
    return this.#durableLsn;
  }

  /**
   * States what is durable. Only what a barrier that has returned covers: a frame that claims more turns a legal crash into
   * reported corruption.
   *
   * @throws `RangeError` when `lsn` was never encoded or is below what was stated before.
   */
  set durableLsn(lsn: number) {
    checkWhole(lsn, "durableLsn", this.#durableLsn, this.nextLsn - 1);
    this.#durableLsn = lsn;
  }

  /**
   * Copies `payload` into a frame at `target[offset]` and returns the offset behind the frame.
   *
   * @param payload - borrowed until the call returns; may not overlap the frame.
   * @throws `RangeError` when an argument is out of bounds or `target` too small, and {@link CodecError}
   * `CODEC_UINT64_OUT_OF_RANGE` when LSNs run out. Nothing is encoded then and the encoder is as it was.
   */
  append(target: Uint8Array, offset: number, payload: Uint8Array, meta: FrameMeta): number {
    checkBytes(payload, "payload");
    const end = this.#check(target, offset, payload.length, meta);
    target.set(payload, offset + at.FRAME_HEADER_BYTES);
    return this.#write(target, offset, end, payload.length, meta);
  }

  /**
   * Like {@link append} for a payload that already lies at `target[offset + FRAME_HEADER_BYTES]`: what an encoder that
   * reserved the header has put there.
   */
  seal(target: Uint8Array, offset: number, payloadBytes: number, meta: FrameMeta): number {
    const end = this.#check(target, offset, payloadBytes, meta);
    return this.#write(target, offset, end, payloadBytes, meta);
  }

  /**
   * Returns what goes back to here: what was encoded since is not written then, and the next frame takes its place. Not to be called
   * once some of that is stated as durable.
   */
  mark(): () => void {
    const { nextLsn } = this;
    const chain = this.#chain;
    const seed = this.#seed;
    return () => {
      this.nextLsn = nextLsn;
      this.#chain = chain;
      this.#seed = seed;
    };
  }

  #check(target: Uint8Array, offset: number, payloadBytes: number, { kind, flags, span }: FrameMeta): number {
    if (target !== this.#target) {
      checkBytes(target, "target");
      this.#target = target;
      this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    }
    checkWhole(payloadBytes, "payloadBytes", 0, this.#maxPayloadBytes);
    checkWhole(offset, "offset", 0, target.length);
    const end = offset + at.frameBytes(payloadBytes);
    if (end > target.length) throw new RangeError(`target ends at ${target.length}, the frame at ${end}`);
    checkWhole(kind, "kind", 1, at.MAX_UINT16);
    checkWhole(flags, "flags", 0, at.MAX_UINT16);
    checkWhole(span, "span", 0, at.MAX_UINT32);
    if (this.nextLsn + span > Number.MAX_SAFE_INTEGER) {
      const message = "the log has used all LSNs up to 2^53-1";
      throw new CodecError("CODEC_UINT64_OUT_OF_RANGE", message, { field: "lsn", actual: this.nextLsn });
    }
    return end;
  }

  #write(target: Uint8Array, offset: number, end: number, payloadBytes: number, meta: FrameMeta): number {
    const { kind, flags, span } = meta;
    const view = this.#view;
    const lsn = this.nextLsn;
    const kindAndFlags = kind | (flags << 16);
    const spanWord = span | 0;
    const low = lsn | 0;
    const high = Math.floor(lsn / TWO_TO_32);
    // A lag of more than 32 bits is stored as the largest: it states less than is true, never more.
    const lag = Math.min(lsn - this.#durableLsn, at.MAX_UINT32) | 0;
    view.setInt32(offset + at.FRAME_PAYLOAD_BYTES, payloadBytes, true);
    view.setInt32(offset + at.FRAME_KIND, kindAndFlags, true);
    view.setInt32(offset + at.FRAME_SPAN, spanWord, true);
    view.setInt32(offset + at.FRAME_LSN, low, true);
    view.setInt32(offset + at.FRAME_LSN + 4, high, true);
    view.setInt32(offset + at.FRAME_DURABLE_LAG, lag, true);
    const crcAt = offset + at.FRAME_CRC;
    view.setInt32(crcAt, viewCrc32.header(this.#frameSeed, payloadBytes, kindAndFlags, spanWord, low, high, lag), true);
    // The buffer may be used again: what lies between payload and end goes to disk, and must not be another frame's bytes.
    for (let pad = offset + at.FRAME_HEADER_BYTES + payloadBytes; pad < end; pad++) target[pad] = 0;
    const chain = crc32Viewed(target, view, crcAt, end, this.#seed);
    view.setInt32(offset + at.FRAME_CHAIN, chain, true);
    this.#chain = chain;
    this.#seed = chain;
    this.nextLsn = lsn + span;
    return end;
  }
}
