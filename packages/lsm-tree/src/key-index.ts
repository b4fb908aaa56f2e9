/**
 * Finds entries by the hash of their user key: open addressing, half full at most, a hash and an entry side by side so that a
 * look is one cache line. Hashes are keyed, so a stranger cannot fill one place with keys of his choice.
 *
 * The hash is a hint: whoever asks compares the key of what it gets.
 */

const FIRST_SLOTS = 64;

export class KeyIndex {
  /** Hash and entry plus one, by turns; 0 in the second is a free slot. */
  #slots: Int32Array;
  #mask: number;
  #used = 0;

  /** @param expectedKeys - how many there will be: room is made for them at once. */
  constructor(expectedKeys: number) {
    let slots = FIRST_SLOTS;
    while (slots < expectedKeys * 2) slots *= 2;
    this.#slots = new Int32Array(slots * 2);
    this.#mask = slots - 1;
  }

  /** Bytes in memory. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** The first place to look for a hash. */
  start(hash: number): number {
    return hash & this.#mask;
  }

  /** The place to look after `slot`. */
  after(slot: number): number {
    return (slot + 1) & this.#mask;
  }

  /** The entry in a slot, or -1 where the search ends. An entry with another hash is passed by as -2. */
  entryAt(slot: number, hash: number): number {
    const slots = this.#slots;
    const entry = slots[2 * slot + 1]!; // the mask keeps it inside
    if (entry === 0) return -1;
    return slots[2 * slot] === hash ? entry - 1 : -2;
  }

  /** Puts another entry into the slot of one with the same key. */
  replace(slot: number, entry: number): void {
    this.#slots[2 * slot + 1] = entry + 1;
  }

  /** Puts an entry into the free slot where the search for its key has ended. */
  add(slot: number, hash: number, entry: number): void {
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = entry + 1;
    this.#used += 1;
    if (this.#used * 2 > this.#mask + 1) this.#grow();
  }

  /** Forgets all entries, and keeps the memory. */
  reset(): void {
    this.#slots.fill(0);
    this.#used = 0;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < old.length; at += 2) {
      const entry = old[at + 1]!; // at is below the length, which is even
      if (entry === 0) continue;
      const hash = old[at]!;
      let slot = this.start(hash);
      while (this.#slots[2 * slot + 1] !== 0) slot = this.after(slot);
      this.#slots[2 * slot] = hash;
      this.#slots[2 * slot + 1] = entry;
    }
  }
}
