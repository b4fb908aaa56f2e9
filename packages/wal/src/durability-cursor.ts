import { ByteWindow, crc32, peekUint64, type ByteSource } from "@holdfast/segment-codec";
import { checksumSeed, frameChecksum } from "./durability-frame.js";
import type { FrameGrammar } from "./durability-layout.js";

/** Why a cursor does not go on. */
export type DurabilityStop =
  /** The bytes end where a frame ends. */
  | "end"
  /** Nothing but zeros follows. */
  | "zeros"
  /** Fewer bytes are left than a header has. */
  | "short-header"
  /** A length that no frame has, or one that is above the limit and leads to nothing. */
  | "bad-length"
  /** A frame whose checksum holds, and whose payload is above the limit. */
  | "too-large"
  | "short-payload"
  | "bad-checksum";

export interface DurabilityCursorOptions {
  /** Offset of the first frame. */
  readonly from: number;
  readonly maxPayloadBytes: number;
  /** Zeros up to the end are empty records, as far as they reach. Default false. */
  readonly zerosAreRecords?: boolean;
}

const WINDOW_BYTES = 0x1_0000;

/**
 * Walks forward over frames of one grammar. Memory: a window of 64 KiB, or one frame where that is larger; a length is held
 * against the limit and against what the source has before anything of that size is allocated.
 */
export class DurabilityCursor {
  /** Where the current frame begins. */
  offset: number;
  /** Where it ends and the next one begins. */
  endOffset: number;
  /** Its id; -1 for one above 2^53-1. Without meaning in a record log. */
  entryId = 0;
  /** Lent until the next call. */
  payload: Uint8Array = new Uint8Array(0);
  /** Why `next` returned false. */
  stop: DurabilityStop | undefined;
  readonly #window: ByteWindow;
  readonly #grammar: FrameGrammar;
  readonly #maxPayloadBytes: number;
  readonly #zerosAreRecords: boolean;
  #viewed: Uint8Array;
  #view: DataView;
  /** Every byte from the current frame to here is zero. */
  #zerosUntil: number;

  constructor(source: ByteSource | Uint8Array, grammar: FrameGrammar, options: DurabilityCursorOptions) {
    this.#window = new ByteWindow(source, WINDOW_BYTES);
    this.#grammar = grammar;
    this.#maxPayloadBytes = options.maxPayloadBytes;
    this.#zerosAreRecords = options.zerosAreRecords === true;
    this.offset = options.from;
    this.endOffset = options.from;
    this.#zerosUntil = options.from;
    const { bytes } = this.#window;
    this.#viewed = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Moves to the next frame, or says in `stop` why there is none.
   *
   * @throws `CodecError` `CODEC_SHORT_SOURCE` when the source shrank, and what the source throws.
   */
  next(): boolean {
    const at = this.endOffset;
    this.offset = at;
    const { limit } = this.#window;
    const left = limit - at;
    if (left === 0) return this.#stopAt("end");
    const { headerBytes, countedBytes, idAt, crcAt } = this.#grammar;
    let local = this.#window.at(at, Math.min(left, headerBytes));
    // A frame that begins with a zero byte may be one of a run up to the end, which says nothing about frames.
    if (this.#window.bytes[local] === 0 && !this.#zerosAreRecords) {
      if (this.#zeroRun(at) === limit) return this.#stopAt("zeros");
      local = this.#window.at(at, Math.min(left, headerBytes));
    }
    if (left < headerBytes) return this.#stopAt("short-header");
    const payloadBytes = this.#windowView().getUint32(local, true) - countedBytes;
    if (payloadBytes < 0) return this.#stopAt("bad-length");
    const endOffset = at + headerBytes + payloadBytes;
    if (payloadBytes > this.#maxPayloadBytes) {
      return this.#stopAt(endOffset <= limit && this.#holdsAcross(at, endOffset) ? "too-large" : "bad-length");
    }
    if (endOffset > limit) return this.#stopAt("short-payload");
    local = this.#window.at(at, endOffset - at);
    const { bytes } = this.#window;
    const view = this.#windowView();
    const localEnd = local + endOffset - at;
    if (frameChecksum(this.#grammar, bytes, local, localEnd) !== view.getUint32(local + crcAt, true)) {
      return this.#stopAt("bad-checksum");
    }
    this.endOffset = endOffset;
    this.entryId = idAt === undefined ? 0 : peekUint64(view, local + idAt);
    this.payload = bytes.subarray(local + headerBytes, localEnd);
    return true;
  }

  #stopAt(stop: DurabilityStop): false {
    this.stop = stop;
    this.payload = new Uint8Array(0);
    return false;
  }

  /** Over the window's bytes, which are another array once a frame was larger. */
  #windowView(): DataView {
    const { bytes } = this.#window;
    if (this.#viewed !== bytes) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#view;
  }

  /** Where the zeros from `at` on end. Runs over each of them once, however many empty records they make. */
  #zeroRun(at: number): number {
    if (at < this.#zerosUntil) return this.#zerosUntil;
    const { limit } = this.#window;
    let until = at;
    while (until < limit) {
      const local = this.#window.at(until, 1);
      const { bytes, start, end } = this.#window;
      let index = local;
      while (index < end - start && bytes[index] === 0) index++;
      until = start + index;
      if (index < end - start) break;
    }
    this.#zerosUntil = until;
    return until;
  }

  /** Whether the checksum of a frame holds that is too large for the window. */
  #holdsAcross(at: number, endOffset: number): boolean {
    const { headerBytes, crcAt } = this.#grammar;
    const local = this.#window.at(at, headerBytes);
    const expected = this.#windowView().getUint32(local + crcAt, true);
    let crc = checksumSeed(this.#grammar, this.#window.bytes, local);
    for (let from = at + headerBytes; from < endOffset;) {
      const size = Math.min(WINDOW_BYTES, endOffset - from);
      const begin = this.#window.at(from, size);
      crc = crc32(this.#window.bytes, begin, begin + size, crc);
      from += size;
    }
    return crc === expected;
  }
}
