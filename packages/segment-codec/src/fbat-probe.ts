import { ByteWindow } from "./byte-window.js";
import type { ByteSource } from "./byte-source.js";
import { FBAT_FRAME_HEADER_BYTES, FBAT_MAX_PAYLOAD_BYTES } from "./fbat-layout.js";
import { RangeChecksums } from "./range-checksums.js";

const WINDOW_BYTES = 0x4_0000;

/**
 * The search for a frame behind damage, at every byte, in linear time: see {@link RangeChecksums}.
 *
 * @returns the offset of the first sound, non-empty frame in `[from, end)` of a source, or -1.
 */
export function findFbatFrame(source: ByteSource | Uint8Array, from: number, end: number): number {
  const last = end - FBAT_FRAME_HEADER_BYTES - 1; // an empty frame is eight zeros, which say nothing
  if (from > last) return -1;
  const here = new ByteWindow(source, WINDOW_BYTES, end);
  const longestBytes = FBAT_FRAME_HEADER_BYTES + FBAT_MAX_PAYLOAD_BYTES;
  const tail = new RangeChecksums(source, here, { from, end, longestBytes });
  for (let at = from; at <= last;) {
    here.at(at, FBAT_FRAME_HEADER_BYTES);
    const { bytes, start } = here;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lastHere = Math.min(last, here.end - FBAT_FRAME_HEADER_BYTES);
    for (; at <= lastHere; at++) {
      const payloadBytes = view.getUint32(at - start);
      if (payloadBytes === 0 || payloadBytes > FBAT_MAX_PAYLOAD_BYTES) continue;
      const payloadStart = at + FBAT_FRAME_HEADER_BYTES;
      const payloadEnd = payloadStart + payloadBytes;
      if (payloadEnd > end) continue;
      if (tail.crc(payloadStart, payloadEnd) === view.getUint32(at - start + 4)) return at;
    }
  }
  return -1;
}
