/**
 * Text that begins with U+FEFF, the byte order mark. msgpackr decodes long text with a decoder that takes the mark for a
 * signature and drops it, so that a value comes back shorter and two keys become one. Such text is handed to it as an
 * extension, which carries its bytes to a decoder that keeps the mark. No payload contains the extension: it is put in
 * between the check and the decoder, and the check refuses it from outside.
 */
export const MARKED_TEXT = 0x75;

const FIXED = 0xa0;
/** From str 8 to ext 8, from str 16 to ext 16, from str 32 to ext 32: the length that follows is the same. */
const STRING_TO_EXTENSION = 0xd9 - 0xc7;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes, a leading mark included. Throws a `TypeError` on any other bytes. */
export function decodeText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/** True when `bytes` has U+FEFF at `offset`, as UTF-8. */
export function beginsWithMark(bytes: Uint8Array, offset: number, length: number): boolean {
  return length >= 3 && bytes[offset] === 0xef && bytes[offset + 1] === 0xbb && bytes[offset + 2] === 0xbf;
}

/** A copy of `bytes` in which the strings whose heads are at `heads`, in rising order, are extensions of `MARKED_TEXT`. */
export function withMarkedText(bytes: Uint8Array, heads: readonly number[]): Uint8Array {
  const copy = new Uint8Array(bytes.length + 2 * heads.length);
  let from = 0;
  let to = 0;
  for (const head of heads) {
    copy.set(bytes.subarray(from, head), to);
    to += head - from;
    from = head + 1;
    const tag = bytes[head] ?? 0;
    if (tag < 0xd9) {
      copy[to++] = 0xc7;
      copy[to++] = tag - FIXED;
    } else {
      const width = 1 << (tag - 0xd9);
      copy[to++] = tag - STRING_TO_EXTENSION;
      copy.set(bytes.subarray(from, from + width), to);
      to += width;
      from += width;
    }
    copy[to++] = MARKED_TEXT;
  }
  copy.set(bytes.subarray(from), to);
  return copy.subarray(0, to + bytes.length - from);
}
