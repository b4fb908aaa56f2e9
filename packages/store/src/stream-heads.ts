import { HASH_BYTES } from "./event-layout.js";

/**
 * Hashes of the last events of streams, for the next event of each to link to. A cache of fixed size, and a slot for each number of a
 * stream: another stream of the same slot takes its place, and whoever misses a hash computes it from the event.
 */
export class StreamHeads {
  /** Number of the stream plus one; 0 is free. */
  readonly #streams: Uint32Array;
  readonly #hashes: Uint8Array;

  /** @param slots - a power of two; 36 bytes each. */
  constructor(slots: number) {
    this.#streams = new Uint32Array(slots);
    this.#hashes = new Uint8Array(slots * HASH_BYTES);
  }

  /** The hash of the stream's last event, lent until the next call of {@link set}; undefined when it is not known. */
  get(stream: number): Uint8Array | undefined {
    const slot = this.#slotOf(stream);
    if (this.#streams[slot] !== stream + 1) return undefined;
    return this.#hashes.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
  }

  /** @param hash - copied. */
  set(stream: number, hash: Uint8Array): void {
    const slot = this.#slotOf(stream);
    this.#streams[slot] = stream + 1;
    this.#hashes.set(hash, slot * HASH_BYTES);
  }

  #slotOf(stream: number): number {
    return stream & (this.#streams.length - 1);
  }
}
