import { crc32Unchecked } from "./checksum.js";
import { CodecError } from "./codec-error.js";
import { sliceBy16 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import type { SegmentHeader } from "./segment-header.js";

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

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Encodes the frames of one segment, in order, into buffers that the caller owns. It keeps the chain and the next LSN, so
 * there is one encoder per segment, and every frame it returns has to be written: one that is left out breaks the chain
 * for all that follow.
 */
export class FrameEncoder {
  /** LSN of the next record. */
  nextLsn: number;
  /** Chain of the last frame; what the next segment continues from. Until there is one, the header's own `previousChain`. */
  chain: number;
  #seed: number;
  #frameSeed: number;
  #durableLsn: number;
  #maxPayloadBytes: number;
  #target: Uint8Array;
  #view: DataView;

  constructor(segment: SegmentHeader, options: FrameEncoderOptions = {}) {
    checkKeys(options, ["maxPayloadBytes"], "FrameEncoder");
    const { maxPayloadBytes = at.MAX_PAYLOAD_BYTES } = options;
    checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, at.MAX_PAYLOAD_BYTES);
    this.nextLsn = segment.baseLsn;
    this.chain = segment.previousChain;
    this.#seed = segment.crc; // the first frame chains from its own segment's header
    this.#frameSeed = segment.frameSeed;
    this.#durableLsn = segment.durableLsn;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#target = new Uint8Array();
    this.#view = new DataView(this.#target.buffer);
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
    const { nextLsn, chain } = this;
    const seed = this.#seed;
    return () => {
      this.nextLsn = nextLsn;
      this.chain = chain;
      this.#seed = seed;
    };
  }

  #check(target: Uint8Array, offset: number, payloadBytes: number, meta: FrameMeta): number {
    checkBytes(target, "target");
    checkWhole(payloadBytes, "payloadBytes", 0, this.#maxPayloadBytes);
    checkWhole(offset, "offset", 0, target.length);
    const end = offset + at.frameBytes(payloadBytes);
    if (end > target.length) throw new RangeError(`target ends at ${target.length}, the frame at ${end}`);
    checkWhole(meta.kind, "kind", 1, at.MAX_UINT16);
    checkWhole(meta.flags, "flags", 0, at.MAX_UINT16);
    checkWhole(meta.span, "span", 0, at.MAX_UINT32);
    if (this.nextLsn + meta.span > Number.MAX_SAFE_INTEGER) {
      throw new CodecError("CODEC_UINT64_OUT_OF_RANGE", "the log has used all LSNs up to 2^53-1", {
        field: "lsn",
        actual: this.nextLsn,
      });
    }
    return end;
  }

  #write(target: Uint8Array, offset: number, end: number, payloadBytes: number, meta: FrameMeta): number {
    if (target !== this.#target) {
      this.#target = target;
      this.#view = new DataView(target.buffer, target.byteOffset, target.byteLength);
    }
    const view = this.#view;
    const lsn = this.nextLsn;
    view.setUint32(offset + at.FRAME_PAYLOAD_BYTES, payloadBytes, true);
    view.setUint16(offset + at.FRAME_KIND, meta.kind, true);
    view.setUint16(offset + at.FRAME_FLAGS, meta.flags, true);
    view.setUint32(offset + at.FRAME_SPAN, meta.span, true);
    view.setUint32(offset + at.FRAME_LSN, lsn, true); // stores the remainder by 2^32; the operator would cost a call

    view.setUint32(offset + at.FRAME_LSN + 4, Math.floor(lsn / TWO_TO_32), true);
    // A lag of more than 32 bits is stored as the largest: it states less than is true, never more.
    view.setUint32(offset + at.FRAME_DURABLE_LAG, Math.min(lsn - this.#durableLsn, at.MAX_UINT32), true);
    const crcAt = offset + at.FRAME_CRC;
    view.setUint32(crcAt, sliceBy16(target, offset + at.FRAME_PAYLOAD_BYTES, crcAt, this.#frameSeed), true);
    // The buffer may be used again: what lies between payload and end goes to disk, and must not be another frame's bytes.
    for (let pad = offset + at.FRAME_HEADER_BYTES + payloadBytes; pad < end; pad++) target[pad] = 0;
    const chain = crc32Unchecked(target, crcAt, end, this.#seed);
    view.setUint32(offset + at.FRAME_CHAIN, chain, true);
    this.chain = chain >>> 0;
    this.#seed = chain;
    this.nextLsn = lsn + meta.span;
    return end;
  }
}
