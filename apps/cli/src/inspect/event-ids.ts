/**
 * Which ids were there before, by 64 bits of each: two of the events of one store agree in those by chance once in some hundred thousand
 * stores. Memory: 16 to 32 bytes for
 * each of the first 4,194,304 ids; later ones are only looked up.
 */
export class EventIds {
  #slots: BigUint64Array = new BigUint64Array(1024);
  #count = 0;

  /** Whether the id, 16 bytes, was added before; adds it as long as there is room. */
  addOrFind(id: Uint8Array): boolean {
    const view = new DataView(id.buffer, id.byteOffset, id.byteLength);
    // A UUID of version 7 begins with its time and ends in random bits; the id of a key is random all over. 0 stands for no id.
    const mark = BigInt.asUintN(64, (view.getBigUint64(0) * multiplier) ^ view.getBigUint64(8)) || 1n;
    const slot = this.#find(mark);
    if (this.#slots[slot] !== 0n) return true;
    if (this.#count === mostIds) return false;
    this.#slots[slot] = mark;
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#grow();
    return false;
  }

  /** The slot of a mark, or the empty one where it would be. */
  #find(mark: bigint): number {
    const mask = this.#slots.length - 1;
    let at = Number(BigInt.asUintN(30, mark ^ (mark >> 31n))) & mask;
    while (this.#slots[at] !== 0n && this.#slots[at] !== mark) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new BigUint64Array(old.length * 2);
    for (const mark of old) if (mark !== 0n) this.#slots[this.#find(mark)] = mark;
  }
}

const mostIds = 2 ** 22;

/** Odd, so that two beginnings never give one product. */
const multiplier = 0x9e37_79b9_7f4a_7c15n;
