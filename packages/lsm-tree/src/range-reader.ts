import type { EngineCursor } from "./engine-contract.js";
import { ownedBytes } from "./encoded-data.js";
import type { Encoded } from "./encoded-data.js";
import type { ItemColumn } from "./item-column.js";
import { LevelError, levelErrorOf } from "./level-error.js";

/** An entry, a key or a value. Entries are the caller's too: the base class decodes them where they are. */
export type Item = Encoded | [key: Encoded | undefined, value: Encoded | undefined];

export interface RangeReaderOptions {
  /** Taken over. */
  readonly cursor: EngineCursor;
  /** Left out where keys are not wanted. */
  readonly keys: ItemColumn | undefined;
  readonly values: ItemColumn | undefined;
  readonly shape: "entries" | "keys" | "values";
  readonly signal: AbortSignal | undefined;
  /** One turn of the event loop. */
  readonly turn: () => Promise<void>;
}

/** So much is read in one go; then timers and sockets have their turn. */
const ENTRIES_A_TURN = 1000;
const BYTES_A_TURN = 0x8_0000;
/** How reading ahead grows: most who want more than one entry want many. */
const GROWTH = 8;

const nothing: Item[] = [];

/**
 * Entries are copies of this. V8 may come to think that what an array literal makes lives long, and then makes it where only a full collection finds it
 * dead: with all it holds, which made scans take twice the time in one process of three.
 */
const noEntry: readonly (Encoded | undefined)[] = [undefined, undefined];

/**
 * What the three kinds of iterators have in common: reads entries from a cursor of the engine in batches, ahead of `next` too, and lets the
 * event loop turn after as many as it may be held up for. What can be answered at once is not made a promise.
 */
export class RangeReader {
  readonly #cursor: EngineCursor;
  readonly #keys: ItemColumn | undefined;
  readonly #values: ItemColumn | undefined;
  readonly #shape: RangeReaderOptions["shape"];
  readonly #signal: AbortSignal | undefined;
  readonly #turn: () => Promise<void>;
  #isPlaced = false;
  #ahead: Item[] = nothing;
  #at = 0;
  #aheadCount = 1;
  #entriesThisTurn = 0;
  #bytesThisTurn = 0;
  /** What ended the reading, after the entries before it were given out. */
  #failure: { readonly error: unknown } | undefined;

  constructor({ cursor, keys, values, shape, signal, turn }: RangeReaderOptions) {
    this.#cursor = cursor;
    this.#keys = keys;
    this.#values = values;
    this.#shape = shape;
    this.#signal = signal;
    this.#turn = turn;
  }

  /** @param left - how many more may be given out, at least 1. */
  next(left: number): Item | undefined | Promise<Item | undefined> {
    if (this.#signal !== undefined) return this.#nextLater(left);
    if (this.#at < this.#ahead.length) return this.#ahead[this.#at++];
    if (this.#isTurnDue) return this.#nextLater(left);
    return this.#nextOfBatch(left);
  }

  /** Up to `size` items; fewer, perhaps none, only at the end of the range or before a failure. */
  nextMany(size: number): Item[] | Promise<Item[]> {
    if (this.#signal !== undefined || this.#isTurnDue || size > ENTRIES_A_TURN) return this.#manyInTurns(size);
    const items = this.#completed(this.#takeAhead(size), size);
    return items.length < size && this.#isTurnDue ? this.#manyInTurns(size, items) : items;
  }

  /** To the first item in this direction from `target` on; what was read ahead is dropped. */
  seek(target: Encoded): void {
    this.#ahead = nothing;
    this.#at = 0;
    this.#aheadCount = 1;
    this.#failure = undefined;
    this.#isPlaced = true;
    try {
      this.#cursor.seek(ownedBytes(target));
    } catch (error) {
      this.#failure = { error };
    }
  }

  close(): void {
    this.#ahead = nothing;
    this.#cursor.close();
  }

  get #isTurnDue(): boolean {
    return this.#entriesThisTurn >= ENTRIES_A_TURN || this.#bytesThisTurn >= BYTES_A_TURN;
  }

  async #nextLater(left: number): Promise<Item | undefined> {
    await this.#pause();
    return this.#at < this.#ahead.length ? this.#ahead[this.#at++] : this.#nextOfBatch(left);
  }

  #nextOfBatch(left: number): Item | undefined {
    this.#ahead = this.#read(Math.min(this.#aheadCount, left));
    this.#at = 1;
    this.#aheadCount = Math.min(this.#aheadCount * GROWTH, ENTRIES_A_TURN);
    return this.#ahead[0];
  }

  async #manyInTurns(size: number, found?: Item[]): Promise<Item[]> {
    await this.#pause();
    let items = found ?? this.#takeAhead(size);
    for (;;) {
      items = this.#completed(items, size);
      if (items.length >= size || !this.#isTurnDue) return items;
      await this.#pause();
    }
  }

  /** Reads until there are `size` items, the turn is up, or there is no more. A failure is put off where there is something to give out. */
  #completed(items: Item[], size: number): Item[] {
    if (items.length === 0) return this.#read(size);
    if (items.length >= size || this.#failure !== undefined) return items;
    for (const item of this.#read(size - items.length)) items.push(item);
    return items;
  }

  #takeAhead(size: number): Item[] {
    if (this.#at === this.#ahead.length) return [];
    const items = this.#ahead.slice(this.#at, this.#at + size);
    this.#at += items.length;
    return items;
  }

  /** Lets the caller abort after its call, and the event loop turn when it is due. */
  async #pause(): Promise<void> {
    if (this.#isTurnDue) {
      this.#entriesThisTurn = 0;
      this.#bytesThisTurn = 0;
      await this.#turn();
    } else {
      await Promise.resolve();
    }
    if (this.#signal?.aborted === true) {
      throw new LevelError("LEVEL_ABORTED", undefined, { cause: this.#signal.reason });
    }
  }

  /** Up to `size` items without a pause, fewer when the turn is up. Throws only where there is nothing to give out before the failure. */
  #read(size: number): Item[] {
    if (this.#failure !== undefined) throw levelErrorOf(this.#failure.error);
    const cursor = this.#cursor;
    const keys = this.#keys;
    const values = this.#values;
    const most = Math.min(size, ENTRIES_A_TURN - this.#entriesThisTurn);
    let count = 0;
    let bytes = this.#bytesThisTurn;
    try {
      if (!this.#isPlaced) {
        this.#isPlaced = true;
        cursor.start();
      }
      while (count < most && bytes < BYTES_A_TURN && cursor.valid) {
        if (keys !== undefined) keys.add(cursor.keyBytes, cursor.keyStart, cursor.keyEnd);
        if (values !== undefined) values.add(cursor.valueBytes, cursor.valueStart, cursor.valueEnd);
        bytes += cursor.keyEnd - cursor.keyStart + cursor.valueEnd - cursor.valueStart;
        count++;
        cursor.next();
      }
    } catch (error) {
      if (count === 0) {
        this.#failure = { error };
        throw levelErrorOf(error);
      }
      this.#failure = { error };
    }
    this.#entriesThisTurn += count;
    this.#bytesThisTurn = bytes;
    return this.#itemsOf(count);
  }

  #itemsOf(count: number): Item[] {
    const keys = this.#keys?.take();
    const values = this.#values?.take();
    if (this.#shape === "keys") return keys ?? [];
    if (this.#shape === "values") return values ?? [];
    const items = new Array<Item>(count);
    for (let at = 0; at < count; at++) {
      const entry = noEntry.slice() as [Encoded | undefined, Encoded | undefined];
      entry[0] = keys?.[at];
      entry[1] = values?.[at];
      items[at] = entry;
    }
    return items;
  }
}
