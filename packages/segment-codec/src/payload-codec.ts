import { addExtension, Packr } from "msgpackr/pack";
import { CodecError } from "./codec-error.js";
import { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES } from "./frame-layout.js";
import { decodeText, MARKED_TEXT, withMarkedText } from "./marked-text.js";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import { checkMessagePack } from "./payload-check.js";
import { checkEncodable } from "./payload-rules.js";

/** The one file that knows msgpackr, which is bundled: its registry of extensions is this package's own. */

addExtension({ type: MARKED_TEXT, unpack: decodeText });

/** How large and how deep a value may be. */
export interface PayloadCodecOptions {
  /** Longer payloads are refused in both directions. Bytes, default and limit 256 MiB. */
  readonly maxPayloadBytes?: number;
  /** Objects and arrays in one another. Levels, default 64, at most 512. */
  readonly maxDepth?: number;
}

/**
 * Values to payloads and back, as MessagePack: null, booleans, numbers, strings, bigints up to 8192 bits, Dates, typed
 * arrays, `undefined`, and arrays and plain objects of them. Each comes back equal, a number as a number and a bigint as a
 * bigint, except that -0 comes back as 0. Everything else is refused by name, save what is invisible without a search:
 * properties that are not enumerable, or that an array or a typed array has beside its elements, are not stored.
 *
 * Bytes of any origin may be decoded: depth and lengths are bounded before anything is built, keys can neither repeat nor
 * reach a prototype, and text is UTF-8. Memory stays below 64 times the bytes.
 */
export class PayloadCodec {
  readonly #packr: Packr;
  readonly #maxPayloadBytes: number;
  readonly #maxDepth: number;

  constructor(options: PayloadCodecOptions = {}) {
    checkKeys(options, ["maxPayloadBytes", "maxDepth"], "PayloadCodec");
    const { maxPayloadBytes = MAX_PAYLOAD_BYTES, maxDepth = 64 } = options;
    checkWhole(maxPayloadBytes, "maxPayloadBytes", 1, MAX_PAYLOAD_BYTES);
    checkWhole(maxDepth, "maxDepth", 1, 512);
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#maxDepth = maxDepth;
    this.#packr = new Packr({
      useRecords: false, // every payload explains itself
      variableMapSize: true,
      moreTypes: true, // without it a Uint16Array is stored as whatever lay in the buffer
      copyBuffers: true, // a decoded byte string must not pin the block it was read from
      int64AsType: "bigint",
      useToJSON: false, // a field of that name is data
    });
  }

  /**
   * Encodes `value` at `target[offset + FRAME_HEADER_BYTES]`, behind room for a frame header, and returns the length of the
   * payload in bytes, for `FrameEncoder.seal`. Returns -1 when it does not fit: nothing behind `offset` can be relied on then,
   * and a larger or emptier buffer is needed.
   *
   * @throws {@link CodecError} `CODEC_PAYLOAD_REFUSED` for a value that would not come back as it is, or is too long.
   */
  encodeBehindHeader(value: unknown, target: Uint8Array, offset: number): number {
    checkBytes(target, "target");
    checkWhole(offset, "offset", 0, target.length);
    const start = offset + FRAME_HEADER_BYTES;
    const packed = this.#pack(value, target, start);
    if (packed.length > target.length - start) return -1;
    if (packed.buffer !== target.buffer || packed.byteOffset !== target.byteOffset + start) target.set(packed, start);
    return packed.length;
  }

  /** Encodes `value` into bytes that the caller owns. Refusals are those of {@link PayloadCodec.encodeBehindHeader}. */
  encode(value: unknown): Uint8Array {
    return new Uint8Array(this.#pack(value, scratch, 0)); // half the price of Uint8Array.from
  }

  /**
   * Decodes one payload; everything in it belongs to the caller.
   *
   * @throws {@link CodecError} `CODEC_PAYLOAD_MALFORMED` with the offset.
   */
  decode(payload: Uint8Array): unknown {
    checkBytes(payload, "payload");
    if (payload.length > this.#maxPayloadBytes) {
      const message = `the payload has ${payload.length} bytes, maxPayloadBytes is ${this.#maxPayloadBytes}`;
      throw new CodecError("CODEC_PAYLOAD_MALFORMED", message, { offset: 0, expected: this.#maxPayloadBytes });
    }
    const marked = checkMessagePack(payload, this.#maxDepth);
    // msgpackr hangs a property on what it reads, so it gets a view of its own.
    const seen = marked.length === 0 ? payload.subarray() : withMarkedText(payload, marked);
    return this.#packr.unpack(seen);
  }

  /** Encodes into `room` from `start` on if msgpackr finds it large enough, and elsewhere if not; the result is lent. */
  #pack(value: unknown, room: Uint8Array, start: number): Uint8Array {
    checkEncodable(value, this.#maxDepth);
    // msgpackr allocates what it reserves as Buffers, so it is given one over the same memory.
    const from = Math.min(start, room.length);
    this.#packr.useBuffer(Buffer.from(room.buffer, room.byteOffset + from, room.byteLength - from));
    const packed: Uint8Array = this.#packr.pack(value);
    if (packed.length > this.#maxPayloadBytes) {
      const message = `the payload has ${packed.length} bytes, maxPayloadBytes is ${this.#maxPayloadBytes}`;
      throw new CodecError("CODEC_PAYLOAD_REFUSED", message, { field: "$", expected: this.#maxPayloadBytes });
    }
    return packed;
  }
}

/** Where payloads are encoded that go nowhere in particular; nothing of it is ever lent. */
const scratch = new Uint8Array(0x2000);
