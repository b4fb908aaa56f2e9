import { checkWhole } from "./option-check.js";
import { CodecError } from "./codec-error.js";

/**
 * Where a decoder gets its bytes when they are not all in memory. A file handle of `@holdfast/fs-seam` has such a `readAt`;
 * so has anything else that can copy a range.
 */
export interface ByteSource {
  /** Size in bytes when the source was opened; a decoder never asks for more. */
  readonly sizeBytes: number;
  /** Fills `target` from `offset` on and returns how many bytes it got; fewer than asked only where the source ends. */
  readAt(target: Uint8Array, offset: number): number;
}

/** A source over bytes in memory. They are borrowed: whoever changes them changes what is read. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    readAt(target, offset) {
      const part = bytes.subarray(offset, offset + target.length);
      target.set(part);
      return part.length;
    },
  };
}

/**
 * Fills `target` from `offset` on.
 *
 * @throws {@link CodecError} `CODEC_SHORT_SOURCE` when the source gives fewer bytes than its size promises: it shrank, or it
 * breaks the contract of {@link ByteSource}. What it throws itself is passed on.
 */
export function readExactly(source: ByteSource, target: Uint8Array, offset: number): void {
  const got = source.readAt(target, offset);
  if (got === target.length) return;
  throw new CodecError("CODEC_SHORT_SOURCE", `the source gave ${got} of ${target.length} bytes at ${offset}`, {
    offset,
    expected: target.length,
    actual: got,
  });
}

/** Size of a source in bytes. Throws a `RangeError` when that is no whole number. */
export function sizeOf(source: ByteSource | Uint8Array): number {
  if (source instanceof Uint8Array) return source.length;
  const { sizeBytes } = source;
  checkWhole(sizeBytes, "sizeBytes", 0, Number.MAX_SAFE_INTEGER);
  return sizeBytes;
}
