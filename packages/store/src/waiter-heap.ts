/** Something with a rank that knows where in the heap it is. */
export interface Ranked {
  /** Place in the heap, kept by it; -1 outside. */
  at: number;
}

/**
 * A binary heap of which any item can be taken out. Adding and taking out n items costs n log n looks, whatever their order: ten
 * thousand who wait for different sequences cost an append that concerns one of them a look or two.
 */
export class WaiterHeap<Item extends Ranked> {
  readonly #isBefore: (a: Item, b: Item) => boolean;
  readonly #items: Item[] = [];

  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#put(item, this.#items.length);
    this.#rise(item);
  }

  /** Does nothing when it is not in the heap. */
  remove(item: Item): void {
    const { at } = item;
    if (at < 0) return;
    item.at = -1;
    const last = this.#items.pop() as Item; // the item itself, if no other
    if (last === item) return;
    this.#put(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #put(item: Item, at: number): void {
    item.at = at;
    this.#items[at] = item;
  }

  #rise(item: Item): void {
    while (item.at > 0) {
      const above = this.#items[(item.at - 1) >> 1] as Item; // lies inside
      if (!this.#isBefore(item, above)) return;
      this.#swap(item, above);
    }
  }

  #sink(item: Item): void {
    for (;;) {
      const left = this.#items[2 * item.at + 1];
      const right = this.#items[2 * item.at + 2];
      if (left === undefined) return;
      const below = right !== undefined && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(below, item)) return;
      this.#swap(below, item);
    }
  }

  #swap(a: Item, b: Item): void {
    const { at } = a;
    this.#put(a, b.at);
    this.#put(b, at);
  }
}
