/** Bytes that an envelope always has in the same place: to be written, and to be compared with what is read. */
export class Spelling {
  /** What an error calls the place. */
  readonly field: string;
  readonly bytes: Uint8Array;
  /** How many bytes that are. */
  readonly size: number;
  /** The same by words of four bytes, little-endian, the last of which may overlap the one before. */
  readonly words: Int32Array;

  /** @param parts - keys of at most 31 bytes, and single bytes of MessagePack between and behind them. */
  constructor(field: string, parts: readonly (string | number)[] = [field]) {
    this.field = field;
    const spelled = parts.flatMap((part) => (typeof part === "number" ? [part] : spellKey(part)));
    const size = spelled.length;
    if (size < 4) throw new RangeError("a spelling has 4 bytes at least");
    this.bytes = Uint8Array.from(spelled);
    this.size = size;
    const view = new DataView(this.bytes.buffer);
    this.words = Int32Array.from({ length: Math.ceil(size / 4) }, (_, index) =>
      view.getInt32(Math.min(4 * index, size - 4), true),
    );
  }
}

function spellKey(key: string): readonly number[] {
  const text = new TextEncoder().encode(key);
  if (text.length > 31) throw new RangeError(`${key} is longer than 31 bytes`);
  return [0xa0 | text.length, ...text];
}
