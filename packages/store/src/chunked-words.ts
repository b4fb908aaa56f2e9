/** Words in chunks of so many. */
const CHUNK_BITS = 10;
const CHUNK_WORDS: number = 2 ** CHUNK_BITS;
const IN_CHUNK: number = CHUNK_WORDS - 1;

/**
 * 32-bit words at any address below 2^32, in chunks that exist from the first write on. Growing copies nothing, so that the ten
 * millionth word costs what the first did; a chunk that nobody writes to costs nothing.
 */
export class ChunkedWords {
  readonly #chunks: (Uint32Array | undefined)[] = [];
  #allocated = 0;

  /** Bytes of all chunks. */
  get bytes(): number {
    return this.#allocated * CHUNK_WORDS * 4;
  }

  /** The word at an address, 0 unless it was written. */
  get(address: number): number {
    const chunk = this.#chunks[address >>> CHUNK_BITS];
    return chunk === undefined ? 0 : chunk[address & IN_CHUNK]!; // the mask keeps it inside
  }

  set(address: number, word: number): void {
    const chunk = this.#chunks[address >>> CHUNK_BITS] ?? this.#allocate(address >>> CHUNK_BITS);
    chunk[address & IN_CHUNK] = word;
  }

  #allocate(index: number): Uint32Array {
    // Filled up to there, because an array with holes is slower.
    while (this.#chunks.length <= index) this.#chunks.push(undefined);
    const chunk = new Uint32Array(CHUNK_WORDS);
    this.#chunks[index] = chunk;
    this.#allocated += 1;
    return chunk;
  }
}
