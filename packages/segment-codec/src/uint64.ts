import { checkWhole } from "./option-check.js";
import { CodecError } from "./codec-error.js";

/**
 * Unsigned 64-bit integers as safe numbers, through two 32-bit halves: `getBigUint64` allocates a bigint and costs over ten
 * times as much. Whatever lies above 2^53-1 cannot be held exactly and is refused, never rounded.
 */

/** What the upper half of a u64 counts in. */
export const TWO_TO_32 = 0x1_0000_0000;

/** The largest high half of a safe integer. */
const MAX_HIGH = 0x1f_ffff;

/**
 * Reads a little-endian u64 as a number.
 *
 * @throws {@link CodecError} `CODEC_UINT64_OUT_OF_RANGE` with the offset when the value is above 2^53-1.
 */
export function readUint64(view: DataView, offset: number): number {
  const low = view.getUint32(offset, true);
  const high = view.getUint32(offset + 4, true);
  if (high > MAX_HIGH) throw outOfRange(view.getBigUint64(offset, true), offset);
  return high * TWO_TO_32 + low;
}

/** Like {@link readUint64}, but returns -1 for a value above 2^53-1: for scans that expect damage and must not throw. */
export function peekUint64(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  return high > MAX_HIGH ? -1 : high * TWO_TO_32 + view.getUint32(offset, true);
}

/**
 * Writes a whole number from 0 to 2^53-1 as a little-endian u64.
 *
 * @throws `RangeError` for any other number; nothing is written then.
 */
export function writeUint64(view: DataView, offset: number, value: number): void {
  checkWhole(value, "a u64", 0, Number.MAX_SAFE_INTEGER);
  view.setUint32(offset, value, true); // takes the whole part modulo 2^32 by itself
  view.setUint32(offset + 4, value / TWO_TO_32, true);
}

/**
 * Turns a u64 that was decoded as a bigint into a number.
 *
 * @throws {@link CodecError} `CODEC_UINT64_OUT_OF_RANGE` when it is negative or above 2^53-1.
 */
export function uint64ToNumber(value: bigint, offset?: number): number {
  if (value < 0n || value > 0x1f_ffff_ffff_ffffn) throw outOfRange(value, offset);
  return Number(value);
}

function outOfRange(value: bigint, offset: number | undefined): CodecError {
  const message = `the integer ${value} does not fit 0 to 2^53-1`;
  return new CodecError("CODEC_UINT64_OUT_OF_RANGE", message, { offset, actual: value.toString() });
}
