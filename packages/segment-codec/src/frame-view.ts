/** Entry `@holdfast/segment-codec/frame-view`: one frame whose place is known, checked without the frames before it. @packageDocumentation */
import { crc32Unchecked } from "./checksum.js";
import { viewCrc32 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import { checkBytes, checkWhole } from "./option-check.js";
import type { SegmentHeader } from "./segment-header.js";
import { TWO_TO_32 } from "./uint64.js";

/**
 * One frame at a place that is known from elsewhere, such as an index: header first, then the rest, each checked when it is
 * looked at, and no garbage. Going through frames from the first one on is what `FrameCursor` does.
 *
 * ```
 * if (!view.load(bytes, before, segment)) throw damaged();       // the frame before, by its header alone
 * const seed = view.chain;
 * if (!view.load(bytes, before + view.bytes, segment)) throw damaged();
 * if (!view.isWhole(bytes, seed)) throw damaged();               // chained to what stands there
 * ```
 */
export class FrameView {
  /** Where the frame begins in the bytes it was loaded from. */
  offset = 0;
  /** Size of the frame, header and padding included. */
  bytes = 0;
  /** Bytes of the payload. */
  payloadBytes = 0;
  /** What the frame is; see `frameKinds`, and from 16 on whatever the owner of the log says. */
  kind = 0;
  /** They belong to the kind. */
  flags = 0;
  /** First LSN of the frame, and how many it takes. */
  lsn = 0;
  /** How many LSNs the frame takes. */
  span = 0;
  /** Highest LSN that was known durable when the frame was encoded. */
  durableLsn = 0;
  /** The chain as it stands in the frame. No checksum of the header covers it: {@link isWhole} does. */
  chain = 0;
  #loaded: Uint8Array;
  #view: DataView;

  constructor() {
    this.#loaded = new Uint8Array();
    this.#view = new DataView(this.#loaded.buffer);
  }

  /**
   * Decodes the header at `bytes[offset]` and returns true; false, with the fields as they were, when it was not encoded by this
   * segment, or has values that no encoder writes. The payload need not be there.
   *
   * @throws `RangeError` when the 32 bytes are not inside `bytes`.
   */
  load(bytes: Uint8Array, offset: number, segment: Pick<SegmentHeader, "frameSeed">): boolean {
    checkBytes(bytes, "bytes");
    checkWhole(offset, "offset", 0, bytes.length - at.FRAME_HEADER_BYTES);
    if (bytes !== this.#loaded) {
      this.#loaded = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    const crc = viewCrc32.slice(view, offset + at.FRAME_PAYLOAD_BYTES, offset + at.FRAME_CRC, segment.frameSeed | 0);
    if (crc !== view.getInt32(offset + at.FRAME_CRC, true)) return false;
    const kind = view.getUint16(offset + at.FRAME_KIND, true);
    const span = view.getUint32(offset + at.FRAME_SPAN, true);
    const payloadBytes = view.getUint32(offset + at.FRAME_PAYLOAD_BYTES, true);
    const high = view.getUint32(offset + at.FRAME_LSN + 4, true);
    const lsn = high * TWO_TO_32 + view.getUint32(offset + at.FRAME_LSN, true);
    const lag = view.getUint32(offset + at.FRAME_DURABLE_LAG, true);
    if (kind === 0 || lag === 0 || lag > lsn || lsn + span > Number.MAX_SAFE_INTEGER) return false;
    if (payloadBytes > at.MAX_PAYLOAD_BYTES) return false;
    this.offset = offset;
    this.bytes = at.frameBytes(payloadBytes);
    this.payloadBytes = payloadBytes;
    this.kind = kind;
    this.flags = view.getUint16(offset + at.FRAME_FLAGS, true);
    this.lsn = lsn;
    this.span = span;
    this.durableLsn = lsn - lag;
    this.chain = view.getUint32(offset + at.FRAME_CHAIN, true);
    return true;
  }

  /**
   * Whether the frame that was loaded last is sound to its end.
   *
   * @param bytes - those it was loaded from, with all of the frame.
   * @param seed - the chain of the frame before; of the first frame, the CRC of the segment header.
   * @throws `RangeError` when the frame is not inside `bytes`.
   */
  isWhole(bytes: Uint8Array, seed: number): boolean {
    const { offset, payloadBytes } = this;
    const end = offset + this.bytes;
    if (end > bytes.length) throw new RangeError(`bytes end at ${bytes.length}, the frame at ${end}`);
    if (crc32Unchecked(bytes, offset + at.FRAME_CRC, end, seed | 0) !== (this.chain | 0)) return false;
    for (let pad = offset + at.FRAME_HEADER_BYTES + payloadBytes; pad < end; pad++) if (bytes[pad] !== 0) return false;
    return true;
  }
}
