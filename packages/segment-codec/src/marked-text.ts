/**
 * Text that begins with U+FEFF, the byte order mark. msgpackr decodes long text with a decoder that takes the mark for a
 * signature and drops it, so that a value comes back shorter and two keys become one. Such text is handed to it as an
 * extension, which carries its bytes to a decoder that keeps the mark. No payload contains the extension: it is put in
 * between the check and the decoder, and the check refuses it from outside.
 */
export const MARKED_TEXT = 0x75;

/** From str 8 to ext 8, from str 16 to ext 16, from str 32 to ext 32: the length that follows is the same. */
const STRING_TO_EXTENSION = 0xd9 - 0xc7;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of UTF-8 bytes, a leading mark included. Throws a `TypeError` on any other bytes. */
export function decodeText(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

/**
 * A copy of `bytes` in which the strings whose heads are at `heads`, in rising order, are extensions of `MARKED_TEXT`. None of
 * them is spelled with its length inside the head: the text is too long for that.
 */
export function withMarkedText(bytes: Uint8Array, heads: readonly number[]): Uint8Array {
  const copy = new Uint8Array(bytes.length + heads.length);
  let from = 0;
  let to = 0;
  for (const head of heads) {
    copy.set(bytes.subarray(from, head), to);
    to += head - from;
    const tag = bytes[head] ?? 0;
    from = head + 1 + (1 << (tag - 0xd9));
    copy[to] = tag - STRING_TO_EXTENSION;
    copy.set(bytes.subarray(head + 1, from), to + 1);
    to += from - head;
    copy[to++] = MARKED_TEXT;
  }
  copy.set(bytes.subarray(from), to);
  return copy;
}
