import { corrupt } from "./lsm-error.js";

/**
 * The LZ4 block format, read: see `lz4-encoder.ts` for its source. Nothing is read outside the source or written outside the target,
 * whatever the bytes say, and the time is linear in both.
 */

/** A block of `n` bytes never decodes to more than this many times `n`: every byte of a length stands for at most 255. */
export const LZ4_MAX_RATIO = 255;

/**
 * Decodes `source[start, end)` and fills `target` with it, exactly.
 *
 * @throws LsmError `LSM_CORRUPT` with the offset in `source` when it is no such block; `target` may have been written to.
 */
export function decodeLz4(source: Uint8Array, start: number, end: number, target: Uint8Array): void {
  const size = target.length;
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
    if (literals < 32) {
      for (const stop = from + literals; from < stop;) target[to++] = source[from++]!; // both were checked
    } else {
      target.set(source.subarray(from, from + literals), to);
      from += literals;
      to += literals;
    }
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
    if (offset >= length && length >= 64) {
      target.copyWithin(to, to - offset, to - offset + length);
      to += length;
    } else {
      for (const stop = to + length; to < stop; to++) target[to] = target[to - offset]!; // may overlap: byte by byte is the meaning
    }
  }
  if (to !== size) throw damaged(`decodes to ${to} bytes, not ${size}`, end);
}

function damaged(problem: string, offset: number): Error {
  return corrupt(`an LZ4 block ${problem}`, { offset, field: "lz4" });
}
