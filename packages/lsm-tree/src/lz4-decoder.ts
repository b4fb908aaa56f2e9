import { corrupt } from "./lsm-error.js";

/**
 * The LZ4 block format, read: see `lz4-encoder.ts` for its source. Nothing is read outside the source or written outside the target,
 * whatever the bytes say, and the time is linear in both.
 */

/** A block of `n` bytes never decodes to more than this many times `n`: every byte of a length stands for at most 255. */
export const LZ4_MAX_RATIO = 255;

/** From so many bytes on, a call that copies takes less time than a loop. */
const CALL_FROM_BYTES = 512;

/**
 * Decodes `source[start, end)` and fills `target` with it, exactly.
 *
 * @throws LsmError `LSM_CORRUPT` with the offset in `source` when it is no such block; `target` may have been written to.
 */
export function decodeLz4(source: Uint8Array, start: number, end: number, target: Uint8Array): void {
  const size = target.length;
  // Four bytes at once where there are as many.
  const view = new DataView(source.buffer, source.byteOffset, source.length);
  const targetView = new DataView(target.buffer, target.byteOffset, size);
  let from = start;
  let to = 0;
  for (;;) {
    if (from >= end) throw damaged("ends before its last literals", from);
    const token = source[from++]!; // below the end
    let literals = token >>> 4;
    if (literals === 15) {
      for (let byte = 255; byte === 255; literals += byte) {
        if (from >= end || literals > size) throw damaged("has literals beyond its end", from);
        byte = source[from++]!; // below the end
      }
    }
    if (literals > end - from || literals > size - to) throw damaged("has literals beyond its end", from);
    const stop = from + literals; // inside, as everything up to it
    if (literals >= CALL_FROM_BYTES) {
      target.set(source.subarray(from, stop), to);
      from = stop;
      to += literals;
    }
    for (; from <= stop - 4; from += 4, to += 4) targetView.setInt32(to, view.getInt32(from, true), true);
    while (from < stop) target[to++] = source[from++]!;
    if (from === end) break;

    if (end - from < 2) throw damaged("ends inside an offset", from);
    const offset = source[from]! | (source[from + 1]! << 8); // two bytes are left
    if (offset === 0 || offset > to) throw damaged("has a match that begins before it", from);
    from += 2;
    let length = token & 15;
    if (length === 15) {
      for (let byte = 255; byte === 255; length += byte) {
        if (from >= end || length > size) throw damaged("has a match beyond its end", from);
        byte = source[from++]!; // below the end
      }
    }
    length += 4;
    if (length > size - to) throw damaged("has a match beyond its end", from);
    const matchEnd = to + length;
    if (length >= CALL_FROM_BYTES && offset >= length) {
      target.copyWithin(to, to - offset, matchEnd - offset);
      to = matchEnd;
    } else if (offset >= 4) {
      for (; to <= matchEnd - 4; to += 4) targetView.setInt32(to, targetView.getInt32(to - offset, true), true);
    }
    for (; to < matchEnd; to++) target[to] = target[to - offset]!; // may overlap: byte by byte is the meaning
  }
  if (to !== size) throw damaged(`decodes to ${to} bytes, not ${size}`, end);
}

function damaged(problem: string, offset: number): Error {
  return corrupt(`an LZ4 block ${problem}`, { offset, field: "lz4" });
}
