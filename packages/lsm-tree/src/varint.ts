/**
 * Whole numbers up to 2^53-1, seven bits a byte, the lowest first, every byte but the last with its high bit set. There is one
 * encoding of each number: the last byte is 0 only in that of 0.
 */

/** Bytes of the longest varint. */
export const MAX_VARINT_BYTES = 8;

/** Writes `value` at `target[at]` and returns the offset behind it. The caller has made room and checked the value. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7fff_ffff) {
    target[at++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 127) {
    target[at++] = rest | 0x80; // a byte keeps the low eight bits
    rest >>>= 7;
  }
  target[at++] = rest;
  return at;
}

/** Bytes that {@link writeVarint} takes for `value`. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
