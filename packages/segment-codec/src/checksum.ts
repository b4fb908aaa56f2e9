import { createRequire } from "node:module";
import * as zlib from "node:zlib";
import { sliceBy16, viewCrc32, type RangeCrc32 } from "./crc32-tables.js";

/**
 * CRC-32 (IEEE 802.3, the one of zlib: reflected, initial value and final inversion all ones) over ranges of bytes, and the
 * numbers by which files name their checksums and hashes.
 *
 * Three implementations, one result. The native module is fastest once a range outweighs the price of the call and of the
 * view that the call needs; below that JavaScript is. Where the native module does not load (no binary for the platform,
 * native code forbidden), `zlib.crc32` stands in, and JavaScript where an older Node lacks that too.
 */

/** Checksum algorithms by the number that stands for them in a segment header. 0 is never stored. */
export const checksumAlgorithms = { crc32: 1 } as const;

/** Hash algorithms by the number that stands for them in a segment header; `none` where payloads are not hashed. */
export const hashAlgorithms = { none: 0, "blake3-256": 1, sha256: 2 } as const;

/** Name of an algorithm whose id a segment header can state. */
export type HashAlgorithm = keyof typeof hashAlgorithms;

/** A hash behind one method, so that a faster provider can be passed in: same `algorithm`, same digests. */
export interface ContentHash {
  /** What the digest is, as segment headers name it. */
  readonly algorithm: HashAlgorithm;
  /** Returns the digest of `bytes`, 32 bytes owned by the caller; `bytes` is borrowed until the call returns. */
  hash(bytes: Uint8Array): Uint8Array;
}

/** Continues `seed` over all of `bytes`; the shape that the native module and zlib share. */
type WholeCrc32 = (bytes: Uint8Array, seed: number) => number;

/**
 * From this many bytes on the native module is faster, the view it needs included. The suite `segment-codec` of apps/bench
 * measures both around this length.
 */
const NATIVE_FROM_BYTES = 224;

/** The same where JavaScript has a view, and is faster. */
const NATIVE_FROM_VIEW_BYTES = 288;

/** `zlib.crc32` pays more for a call than the native module does. */
const ZLIB_FROM_BYTES = 320;

function loadNative(): WholeCrc32 | undefined {
  try {
    // A synchronous require, because a top-level await would keep CommonJS from requiring this package.
    const require = createRequire(import.meta.url);
    const loaded = require("@node-rs/crc32") as { crc32?: WholeCrc32 }; // probed in the next line
    return loaded.crc32?.(Uint8Array.of(0xc0), 0) === 0x49_66_2d_3d ? loaded.crc32 : undefined;
  } catch {
    return undefined; // no binary for this platform: the others give the same values, only slower
  }
}

function above(fromBytes: number, whole: WholeCrc32): RangeCrc32 {
  return (bytes, start, end, seed) =>
    end - start < fromBytes ? sliceBy16(bytes, start, end, seed) : whole(bytes.subarray(start, end), seed >>> 0) | 0;
}

/** Every implementation this machine can run, by name; all of them return the same numbers. */
export function crc32Implementations(): ReadonlyMap<"native" | "zlib" | "javascript", RangeCrc32> {
  const found = new Map<"native" | "zlib" | "javascript", RangeCrc32>();
  const native = loadNative();
  if (native !== undefined) found.set("native", above(NATIVE_FROM_BYTES, native));
  const { crc32: fromZlib } = zlib as { crc32?: WholeCrc32 }; // in Node from 20.15 and 22.2
  if (fromZlib !== undefined) found.set("zlib", above(ZLIB_FROM_BYTES, fromZlib));
  return found.set("javascript", sliceBy16);
}

const fastest = [...crc32Implementations()][0]!; // JavaScript runs everywhere

/** Which implementation {@link crc32} uses for long ranges on this machine. */
export const crc32Backend: "native" | "zlib" | "javascript" = fastest[0];

/**
 * CRC-32, signed, of a range that the caller has already checked against `bytes`: for hot loops of this package only, because a
 * range outside `bytes` gives a wrong value instead of an error.
 */
export const crc32Unchecked: RangeCrc32 = fastest[1];

/** {@link crc32Unchecked} for who has a view of the same bytes. */
export function crc32Viewed(bytes: Uint8Array, view: DataView, start: number, end: number, seed: number): number {
  return end - start < NATIVE_FROM_VIEW_BYTES
    ? viewCrc32.slice(view, start, end, seed)
    : crc32Unchecked(bytes, start, end, seed);
}

/**
 * CRC-32 of `bytes[start, end)` as an unsigned 32-bit integer. Pass the result of one call as `seed` of the next to
 * continue over bytes that lie elsewhere.
 *
 * @throws `RangeError` when the range is not inside `bytes`.
 */
export function crc32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > bytes.length) {
    throw new RangeError(`the range ${start} to ${end} is not inside ${bytes.length} bytes`);
  }
  return crc32Unchecked(bytes, start, end, seed) >>> 0;
}
