import { copyBytes } from "./internal-key.js";

/** Keys and values as `abstract-level` hands them to a database and wants them back. */
export type Encoded = string | Uint8Array;

/** The encodings that {@link LsmLevel} speaks itself. All others are made of these by the base class. */
export type EncodedFormat = "utf8" | "buffer" | "view";

type BytesOver<Bytes> = new (buffer: ArrayBufferLike, offset: number, length: number) => Bytes;

/** The class of which every Buffer is made. Its constructor takes a quarter of the time of `Buffer.from` and `subarray` (measured: 20-35 ns). */
export const BufferOver: BytesOver<Buffer> = (Buffer as unknown as { readonly [Symbol.species]: BytesOver<Buffer> })[
  Symbol.species
];

/** Longer text is not written to the scratch: what it takes is little beside what is done with it. */
const SCRATCH_BYTES = 16_384;
const CACHED_VIEWS = 512;
const LOOP_UP_TO = 24;

/**
 * Makes bytes of keys and values for an engine that borrows them until its call returns, so that text is written to one place again and
 * again. What it returns is good until the next call, for text; bytes are returned as they are.
 */
export class TextScratch {
  readonly #bytes = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Views of the scratch by their length. */
  readonly #views: Buffer[] = [];

  bytesOf(data: Encoded): Uint8Array {
    if (typeof data !== "string") return data;
    if (data.length * 3 > SCRATCH_BYTES) return Buffer.from(data); // UTF-8 takes at most three bytes a code unit
    return this.#view(this.#writeShort(data) ? data.length : this.#bytes.write(data));
  }

  /** Writes a short text of ASCII in less time than a call takes; false where it is another. */
  #writeShort(text: string): boolean {
    if (text.length > LOOP_UP_TO) return false;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return false;
      this.#bytes[at] = unit;
    }
    return true;
  }

  #view(length: number): Uint8Array {
    if (length >= CACHED_VIEWS) return this.#bytes.subarray(0, length);
    return (this.#views[length] ??= this.#bytes.subarray(0, length));
  }
}

/** A copy of key, value or bound that nobody else has. */
export function ownedBytes(data: Encoded): Uint8Array {
  return typeof data === "string" ? Buffer.from(data) : Buffer.from(data);
}

/** A copy of `bytes[start, end)` in the format that was asked for. */
export function formatted(bytes: Uint8Array, start: number, end: number, format: EncodedFormat | undefined): Encoded {
  if (format === "utf8") return textOf(bytes, start, end);
  const copy = format === "view" ? new Uint8Array(end - start) : Buffer.allocUnsafe(end - start);
  copyBytes(copy, 0, bytes, start, end);
  return copy;
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return new BufferOver(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}
