import { lowerBoundOf } from "./sdx4-index.js";
import type { IndexName, Sdx4Tables } from "./sdx4-tables.js";

/** The places that an index lists under one key, in ascending order. */
export class PlaceCursor {
  #tables: Sdx4Tables;
  #index: IndexName;
  #key: number;
  #block: number;
  #pair = -1;

  constructor(tables: Sdx4Tables, index: IndexName, key: number) {
    this.#tables = tables;
    this.#index = index;
    this.#key = key;
    const { directory } = tables.root;
    const section = directory.section(index);
    this.#block = lowerBoundOf(section.blockCount, key, (block) => directory.zone(section, block)[1]);
  }

  /** The next place, or -1 when there is no other. */
  next(): number {
    const { directory } = this.#tables.root;
    const section = directory.section(this.#index);
    for (; this.#block < section.blockCount; this.#block++) {
      if (directory.zone(section, this.#block)[0] > this.#key) return -1;
      const block = this.#tables.index(this.#index, this.#block);
      const { keys } = block;
      if (this.#pair === -1) this.#pair = lowerBoundOf(keys.length, this.#key, (at) => keys[at] ?? 0);
      const pair = this.#pair;
      if (pair < keys.length) {
        if (keys[pair] !== this.#key) return -1;
        this.#pair += 1;
        return block.places[pair] ?? -1;
      }
      this.#pair = -1;
    }
    return -1;
  }
}
