import { readExactly, sourceOf, type ByteSource } from "./byte-source.js";
import { viewCrc32 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import type { SegmentHeader } from "./segment-header.js";
import { peekUint64 } from "./uint64.js";

/**
 * The search for frame headers beyond damage. A header that checks was encoded by this very segment, wherever it is found,
 * so what it states as durable was durable: that is how damage to synced data is told from a tail that never was synced.
 */
export interface LaterFrames {
  /** Sound frame headers of this segment from the damage on, the damaged frame's own included. */
  readonly headerCount: number;
  /** Highest LSN that any of them states as durable; 0 without one. */
  readonly durableLsn: number;
  /** Highest LSN that any of them carries; 0 without one. */
  readonly lastLsn: number;
  /** True when every byte from the damage to the end is zero. */
  readonly zeros: boolean;
}

const WINDOW_BYTES = 0x1_0000;

/**
 * A sound header with an LSN this far above the one that is due, which is more than 2^32 above the last accepted one, is not
 * believed. Garbage passes the checksum once in 2^32 places; with the LSN bound to a window of 2^32 of 2^53 it has to be
 * lucky twice.
 */
const LSN_WINDOW = 0x1_0000_0000;

/**
 * Looks at every eighth byte of `[offset, endOffset)` for a frame header of `segment` with an LSN from `nextLsn` on. Time is
 * linear in the bytes, memory one window of 64 KiB.
 */
export function findLaterFrames(
  source: ByteSource | Uint8Array,
  segment: Pick<SegmentHeader, "frameSeed">,
  range: { readonly offset: number; readonly endOffset: number; readonly nextLsn: number },
): LaterFrames {
  const from = source instanceof Uint8Array ? sourceOf(source) : source;
  const { endOffset, nextLsn } = range;
  let headerCount = 0;
  let durableLsn = 0;
  let lastLsn = 0;
  let zeros = true;
  const window = new Uint8Array(Math.min(WINDOW_BYTES, Math.max(0, endOffset - range.offset)));
  const view = new DataView(window.buffer);
  let base = range.offset;
  while (base < endOffset) {
    const filled = Math.min(window.length, endOffset - base);
    readExactly(from, window.subarray(0, filled), base);
    zeros = zeros && allZero(window, filled);
    const last = filled - at.FRAME_HEADER_BYTES;
    let local = 0;
    for (; local <= last; local += at.FRAME_ALIGNMENT) {
      const lag = view.getUint32(local + at.FRAME_DURABLE_LAG, true);
      if (lag === 0 || view.getUint16(local + at.FRAME_KIND, true) === 0) continue;
      const lsn = peekUint64(view, local + at.FRAME_LSN); // -1 for one that is none, and lags
      if (lag > lsn || lsn < nextLsn || lsn - nextLsn >= LSN_WINDOW) continue;
      const crcAt = local + at.FRAME_CRC;
      const crc = viewCrc32.slice(view, local + at.FRAME_PAYLOAD_BYTES, crcAt, segment.frameSeed);
      if (crc !== view.getInt32(crcAt, true)) continue;
      headerCount++;
      durableLsn = Math.max(durableLsn, lsn - lag);
      lastLsn = Math.max(lastLsn, lsn);
    }
    // The next window begins where this one stopped looking, so a header across the seam is seen whole.
    if (base + filled >= endOffset) break;
    base += local;
  }
  return { headerCount, durableLsn, lastLsn, zeros };
}

function allZero(bytes: Uint8Array, end: number): boolean {
  for (let index = 0; index < end; index++) if (bytes[index] !== 0) return false;
  return true;
}
