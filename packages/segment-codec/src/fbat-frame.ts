import { crc32Unchecked } from "./checksum.js";
import { FBAT_FRAME_HEADER_BYTES, FBAT_MAX_PAYLOAD_BYTES } from "./fbat-layout.js";

/** What the bytes at a place are, taken for a frame: u32 length, u32 CRC of the payload, payload; all big-endian. */
export type FbatFrameOutcome =
  | { readonly kind: "frame"; readonly payloadStart: number; readonly endOffset: number }
  /** Fewer than 8 bytes are left. */
  | { readonly kind: "short-header" }
  /** The payload would run past the end; `endOffset` is where. */
  | { readonly kind: "short-payload"; readonly endOffset: number }
  /** Longer than 256 MiB, which no reader accepts. */
  | { readonly kind: "too-long"; readonly payloadBytes: number }
  | { readonly kind: "bad-checksum"; readonly expected: number; readonly actual: number };

/** Decodes the frame at `offset` of `bytes`, which end at `end`. Never throws on any content. */
export function decodeFbatFrame(bytes: Uint8Array, offset = 0, end: number = bytes.length): FbatFrameOutcome {
  if (end - offset < FBAT_FRAME_HEADER_BYTES) return { kind: "short-header" };
  const payloadBytes = uint32At(bytes, offset);
  if (payloadBytes > FBAT_MAX_PAYLOAD_BYTES) return { kind: "too-long", payloadBytes };
  const payloadStart = offset + FBAT_FRAME_HEADER_BYTES;
  const endOffset = payloadStart + payloadBytes;
  if (endOffset > end) return { kind: "short-payload", endOffset };
  const expected = uint32At(bytes, offset + 4);
  const actual = crc32Unchecked(bytes, payloadStart, endOffset, 0) >>> 0;
  return actual === expected ? { kind: "frame", payloadStart, endOffset } : { kind: "bad-checksum", expected, actual };
}

/** A big-endian u32. Four loads, because a view of its own for each frame costs more. */
export function uint32At(bytes: Uint8Array, offset: number): number {
  const word = (byteAt(bytes, offset) << 24) | (byteAt(bytes, offset + 1) << 16);
  return (word | (byteAt(bytes, offset + 2) << 8) | byteAt(bytes, offset + 3)) >>> 0;
}

function byteAt(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!; // the caller has seen that the bytes are there
}

/**
 * Puts a frame around `payload`, in memory of its own.
 *
 * @throws `RangeError` above 256 MiB.
 */
export function encodeFbatFrame(payload: Uint8Array): Uint8Array {
  if (payload.length > FBAT_MAX_PAYLOAD_BYTES) {
    throw new RangeError(`a frame holds at most ${FBAT_MAX_PAYLOAD_BYTES} bytes, not ${payload.length}`);
  }
  const frame = new Uint8Array(FBAT_FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, crc32Unchecked(payload, 0, payload.length, 0));
  frame.set(payload, FBAT_FRAME_HEADER_BYTES);
  return frame;
}
