import { FRAME_HEADER_BYTES } from "@holdfast/segment-codec";
import type { PayloadCodec } from "@holdfast/segment-codec/payload";

/** Bytes that are allocated at once: room for some hundred payloads. */
const ROOM_BYTES: number = 64 * 1024;

/**
 * Where payloads are encoded, one behind the other: memory for each would cost as much as its encoding. A payload pins the room it
 * lies in for as long as somebody has it, which is until its event is written.
 */
export class PayloadRoom {
  readonly #codec: PayloadCodec;
  #bytes: Uint8Array = new Uint8Array();
  #filled = 0;

  constructor(codec: PayloadCodec) {
    this.#codec = codec;
  }

  /** The bytes of a value, which nobody else writes to. Throws what the codec does. */
  encode(value: unknown): Uint8Array {
    const here = this.#encodeHere(value);
    if (here !== undefined) return here;
    this.#bytes = new Uint8Array(ROOM_BYTES);
    this.#filled = 0;
    return this.#encodeHere(value) ?? this.#codec.encode(value);
  }

  /** Undefined when there is no room. */
  #encodeHere(value: unknown): Uint8Array | undefined {
    const start = this.#filled + FRAME_HEADER_BYTES;
    if (start >= this.#bytes.length) return undefined;
    const length = this.#codec.encodeBehindHeader(value, this.#bytes, this.#filled);
    if (length < 0) return undefined;
    this.#filled = start + length;
    return this.#bytes.subarray(start, start + length);
  }
}
