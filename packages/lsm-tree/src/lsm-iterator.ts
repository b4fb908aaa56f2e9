import { AbstractIterator, AbstractKeyIterator, AbstractValueIterator } from "abstract-level";
import type { Encoded } from "./encoded-data.js";
import type { Item, RangeReader } from "./range-reader.js";

// Three classes, since each has a base class of its own. The underscored methods are for those alone, and may return what is not a promise.

/** What `iterator()` returns. */
export class LsmIterator<TDatabase, K, V> extends AbstractIterator<TDatabase, K, V> {
  readonly #reader: RangeReader;

  /** @param reader - taken over. @param options - those that the base class made. */
  constructor(db: TDatabase, options: object, reader: RangeReader) {
    super(db, options);
    this.#reader = reader;
  }

  _next(): Item | undefined | Promise<Item | undefined> {
    return this.#reader.next(this.limit - this.count);
  }

  _nextv(size: number): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(size);
  }

  _all(): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(this.limit - this.count);
  }

  _seek(target: Encoded): void {
    this.#reader.seek(target);
  }

  async _close(): Promise<void> {
    this.#reader.close();
  }
}

/** What `keys()` returns. */
export class LsmKeyIterator<TDatabase, K> extends AbstractKeyIterator<TDatabase, K> {
  readonly #reader: RangeReader;

  constructor(db: TDatabase, options: object, reader: RangeReader) {
    super(db, options);
    this.#reader = reader;
  }

  _next(): Item | undefined | Promise<Item | undefined> {
    return this.#reader.next(this.limit - this.count);
  }

  _nextv(size: number): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(size);
  }

  _all(): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(this.limit - this.count);
  }

  _seek(target: Encoded): void {
    this.#reader.seek(target);
  }

  async _close(): Promise<void> {
    this.#reader.close();
  }
}

/** What `values()` returns. */
export class LsmValueIterator<TDatabase, K, V> extends AbstractValueIterator<TDatabase, K, V> {
  readonly #reader: RangeReader;

  constructor(db: TDatabase, options: object, reader: RangeReader) {
    super(db, options);
    this.#reader = reader;
  }

  _next(): Item | undefined | Promise<Item | undefined> {
    return this.#reader.next(this.limit - this.count);
  }

  _nextv(size: number): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(size);
  }

  _all(): Item[] | Promise<Item[]> {
    return this.#reader.nextMany(this.limit - this.count);
  }

  _seek(target: Encoded): void {
    this.#reader.seek(target);
  }

  async _close(): Promise<void> {
    this.#reader.close();
  }
}
