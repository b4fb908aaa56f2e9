import { ByteWindow, RangeChecksums, peekUint64, type ByteSource } from "@holdfast/segment-codec";
import { checksumSeed } from "./durability-frame.js";
import type { FrameGrammar } from "./durability-layout.js";

/**
 * The search for a frame at or behind damage, at every byte. Whatever it finds was appended, so what comes before it was not
 * the end: that is how damage is told from the tail of a crash as far as these formats allow.
 */

export interface LaterFrameSearch {
  /** Offset of the damage. */
  readonly from: number;
  readonly endOffset: number;
  /** Frames of any of these count; their headers are equally long. */
  readonly grammars: readonly FrameGrammar[];
  readonly maxPayloadBytes: number;
  /** Id of the entry that is due at the damage; undefined where nobody knows, and in a record log. */
  readonly nextEntryId?: number | undefined;
}

export interface LaterFrame {
  readonly offset: number;
  readonly grammar: FrameGrammar;
}

const WINDOW_BYTES = 0x4_0000;

/**
 * The first sound frame in the range, or undefined. Time is linear in the bytes, memory as {@link RangeChecksums} says: at most
 * 1/64 of the longest payload, and three windows.
 *
 * A frame without a payload whose checksum covers the payload alone has nothing that could be wrong: such a record does not
 * count, and such an entry does only with an id that can stand there.
 */
export function findLaterFrame(source: ByteSource | Uint8Array, search: LaterFrameSearch): LaterFrame | undefined {
  const { from, endOffset: end, grammars, maxPayloadBytes, nextEntryId } = search;
  const { headerBytes } = grammars[0] as FrameGrammar; // there is one at least
  const last = end - headerBytes;
  if (from > last) return undefined;
  const here = new ByteWindow(source, WINDOW_BYTES, end);
  const sums = new RangeChecksums(source, here, { from, end, longestBytes: headerBytes + maxPayloadBytes });
  for (let at = from; at <= last;) {
    here.at(at, headerBytes);
    const { bytes, start } = here;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const lastHere = Math.min(last, here.end - headerBytes);
    for (; at <= lastHere; at++) {
      const local = at - start;
      const length = view.getUint32(local, true);
      if (length === 0) continue; // an empty record, or no entry
      for (const grammar of grammars) {
        const payloadBytes = length - grammar.countedBytes;
        if (payloadBytes < 0 || payloadBytes > maxPayloadBytes) continue;
        const payloadStart = at + headerBytes;
        const payloadEnd = payloadStart + payloadBytes;
        if (payloadEnd > end) continue;
        if (payloadBytes === 0 && !grammar.coversHeader && grammar.idAt !== undefined) {
          const entryId = peekUint64(view, local + grammar.idAt);
          if (!mayStandThere(entryId, nextEntryId, at - from)) continue;
        }
        const crc = sums.crc(payloadStart, payloadEnd, checksumSeed(grammar, bytes, local));
        if (crc === view.getUint32(local + grammar.crcAt, true)) return { offset: at, grammar };
      }
    }
  }
  return undefined;
}

/** No entry is shorter than its header of 16 bytes, so that many can lie between the damage and this one. */
function mayStandThere(entryId: number, nextEntryId: number | undefined, distance: number): boolean {
  return nextEntryId !== undefined && entryId >= nextEntryId && entryId - nextEntryId <= distance / 16;
}
