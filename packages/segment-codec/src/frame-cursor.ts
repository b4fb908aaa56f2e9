import { sizeOf, type ByteSource } from "./byte-source.js";
import { ByteWindow } from "./byte-window.js";
import { crc32Viewed } from "./checksum.js";
import { CodecError } from "./codec-error.js";
import { viewCrc32 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import { checkKeys, checkWhole } from "./option-check.js";
import type { SegmentHeader } from "./segment-header.js";
import { TWO_TO_32 } from "./uint64.js";

/** Why a cursor stands still. Only `end` says that nothing is left. */
export type FrameStop =
  /** The bytes end where a frame ends. */
  | "end"
  /** Fewer bytes are left than a frame header has. */
  | "short-header"
  /** The header's checksum fails: torn, zeros, garbage, or of another segment or log. */
  | "bad-header"
  /** A sound header with values that no encoder writes, or padding that is not zero under a sound chain. */
  | "malformed"
  /** A sound frame header of this segment, but with another LSN than the one that is due. */
  | "out-of-sequence"
  /** The header is sound, and the payload it announces runs past the end. */
  | "short-payload"
  /** The header is sound, the payload or the chain is not. */
  | "bad-chain";

/** Where to begin inside a segment: what a cursor that stood there would know. */
export interface FramePosition {
  /** Offset of a frame, from the beginning of the segment. */
  readonly offset: number;
  /** LSN due at `offset`. */
  readonly nextLsn: number;
  /** Chain of the frame before. */
  readonly chain: number;
}

/** Where a cursor begins and ends, and how much it reads at once. */
export interface FrameCursorOptions {
  /** Begins here instead of behind the segment header. */
  readonly from?: FramePosition;
  /** Where to end, exclusive; default the size of the source. Bytes. */
  readonly endOffset?: number;
  /** A sound frame with more is an error, not damage. Bytes, default and limit 256 MiB. */
  readonly maxPayloadBytes?: number;
  /** How much is read at once, from 64 bytes; a larger frame is read whole. Bytes, default 256 KiB. */
  readonly windowBytes?: number;
}

const optionKeys: readonly string[] = ["from", "endOffset", "maxPayloadBytes", "windowBytes"];

/**
 * Reads the frames of one segment forward. `next()` verifies one frame and puts it into fields, without garbage:
 *
 * ```
 * while (cursor.next()) use(cursor.bytes, cursor.payloadStart, cursor.payloadEnd);
 * ```
 *
 * The payload is lent until the next call of `next()`. Memory: the window, or one frame where that is larger, and never more
 * than the source has left.
 */
export class FrameCursor {
  /** The bytes that hold the current frame. */
  bytes: Uint8Array;
  /** Where the payload begins and ends in `bytes`. */
  payloadStart = 0;
  /** Where it ends in `bytes`, exclusive. */
  payloadEnd = 0;
  /** Offset of the current frame in the segment, and of what follows it. */
  offset: number;
  /** Offset of what follows the current frame. */
  endOffset: number;
  /** What the current frame is; see `frameKinds`, and from 16 on whatever the owner of the log says. */
  kind = 0;
  /** Flags of the current frame; they belong to its kind. */
  flags = 0;
  /** First LSN of the current frame, and how many it takes. */
  lsn = 0;
  /** How many LSNs the current frame takes; 0 without a record. */
  span = 0;
  /** Highest LSN that was known durable when the current frame was encoded; at least that, if the log lagged by 2^32. */
  durableLsn: number;
  /** LSN due at `endOffset`. */
  nextLsn: number;
  /** Undefined while the cursor can move. */
  stop: FrameStop | undefined = undefined;
  #chain: number;
  #seed: number;
  #frameSeed: number;
  #limit: number;
  #maxPayloadBytes: number;
  #window: ByteWindow;
  #view: DataView;
  /** Where `bytes` begin in the segment, and how many of them hold something. */
  #base = 0;
  #filled: number;

  constructor(source: ByteSource | Uint8Array, segment: SegmentHeader, options: FrameCursorOptions = {}) {
    checkKeys(options, optionKeys, "FrameCursor");
    const sizeBytes = sizeOf(source);
    const { from, endOffset = sizeBytes, maxPayloadBytes = at.MAX_PAYLOAD_BYTES, windowBytes = 0x4_0000 } = options;
    checkWhole(endOffset, "endOffset", 0, sizeBytes);
    checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, at.MAX_PAYLOAD_BYTES);
    this.#window = new ByteWindow(source, windowBytes, endOffset);
    this.bytes = this.#window.bytes;
    this.offset = from?.offset ?? at.SEGMENT_HEADER_BYTES;
    checkWhole(this.offset, "from.offset", at.SEGMENT_HEADER_BYTES, endOffset);
    this.endOffset = this.offset;
    this.durableLsn = segment.durableLsn;
    this.nextLsn = from?.nextLsn ?? segment.baseLsn;
    this.#chain = (from?.chain ?? segment.previousChain) | 0;
    // The first frame chains from its own segment's header, whatever the chain at the boundary is.
    this.#seed = from === undefined || from.offset === at.SEGMENT_HEADER_BYTES ? segment.crc | 0 : from.chain | 0;
    this.#frameSeed = segment.frameSeed | 0;
    this.#limit = endOffset;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.#filled = this.#window.end;
  }

  /** Chain of the last accepted frame; before the first, the chain that the segment continues from. */
  get chain(): number {
    return this.#chain >>> 0; // kept signed, see sliceBy16
  }

  /**
   * Moves to the next frame and returns true, or says in `stop` why there is none and returns false from then on; the
   * fields keep the last accepted frame.
   *
   * @throws {@link CodecError} `CODEC_LENGTH_OUT_OF_RANGE` for a sound frame above `maxPayloadBytes`, and
   * `CODEC_SHORT_SOURCE` when the source shrinks. What the source throws is passed on.
   */
  next(): boolean {
    if (this.stop !== undefined) return false;
    const offset = this.endOffset;
    const left = this.#limit - offset;
    if (left < at.FRAME_HEADER_BYTES) return this.#halt(left === 0 ? "end" : "short-header");
    if (offset - this.#base + at.FRAME_HEADER_BYTES > this.#filled) this.#fill(offset, at.FRAME_HEADER_BYTES);
    let local = offset - this.#base;
    let view = this.#view;
    const payloadBytes = view.getInt32(local + at.FRAME_PAYLOAD_BYTES, true);
    const kindAndFlags = view.getInt32(local + at.FRAME_KIND, true);
    const spanWord = view.getInt32(local + at.FRAME_SPAN, true);
    const low = view.getInt32(local + at.FRAME_LSN, true);
    const high = view.getInt32(local + at.FRAME_LSN + 4, true);
    const lagWord = view.getInt32(local + at.FRAME_DURABLE_LAG, true);
    // The header's own checksum comes first: no other field means anything before it.
    const crc = viewCrc32.header(this.#frameSeed, payloadBytes, kindAndFlags, spanWord, low, high, lagWord);
    if (crc !== view.getInt32(local + at.FRAME_CRC, true)) return this.#halt("bad-header");
    const kind = kindAndFlags & at.MAX_UINT16;
    const span = spanWord >>> 0;
    // Above 2^53 this is rounded, and refused with the span below.
    const lsn = (high >>> 0) * TWO_TO_32 + (low >>> 0);
    const lag = lagWord >>> 0;
    if (kind === 0 || lag === 0 || lag > lsn || lsn + span > Number.MAX_SAFE_INTEGER) {
      return this.#halt("malformed");
    }
    if (lsn !== this.nextLsn) return this.#halt("out-of-sequence");
    // Bound first, read second: a length costs no memory before it is known to fit.
    if (payloadBytes >>> 0 > this.#maxPayloadBytes) throw this.#tooLong(offset, payloadBytes >>> 0);
    const size = at.frameBytes(payloadBytes);
    if (size > left) return this.#halt("short-payload");
    if (local + size > this.#filled) {
      this.#fill(offset, size);
      local = offset - this.#base;
      view = this.#view;
    }
    const chain = crc32Viewed(this.bytes, view, local + at.FRAME_CRC, local + size, this.#seed);
    if (chain !== view.getInt32(local + at.FRAME_CHAIN, true)) return this.#halt("bad-chain");
    const payloadStart = local + at.FRAME_HEADER_BYTES;
    for (let pad = payloadStart + payloadBytes; pad < local + size; pad++) {
      if (this.bytes[pad] !== 0) return this.#halt("malformed");
    }
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadStart + payloadBytes;
    this.offset = offset;
    this.endOffset = offset + size;
    this.kind = kind;
    this.flags = kindAndFlags >>> 16;
    this.lsn = lsn;
    this.span = span;
    this.durableLsn = lsn - lag;
    this.nextLsn = lsn + span;
    this.#chain = chain;
    this.#seed = chain;
    return true;
  }

  /** The payload of the current frame, lent until the next call of `next()`. */
  viewPayload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.payloadEnd);
  }

  #halt(stop: FrameStop): false {
    this.stop = stop;
    return false;
  }

  /** Makes `needed` bytes from `offset` on available; the caller has checked that they lie before the limit. */
  #fill(offset: number, needed: number): void {
    const window = this.#window;
    window.at(offset, needed);
    if (window.bytes !== this.bytes) {
      this.bytes = window.bytes;
      this.#view = new DataView(window.bytes.buffer);
    }
    this.#base = window.start;
    this.#filled = window.end - window.start;
  }

  #tooLong(offset: number, payloadBytes: number): CodecError {
    const message = `the frame at ${offset} holds ${payloadBytes} bytes, maxPayloadBytes is ${this.#maxPayloadBytes}`;
    return new CodecError("CODEC_LENGTH_OUT_OF_RANGE", message, {
      offset,
      expected: this.#maxPayloadBytes,
      actual: payloadBytes,
    });
  }
}
