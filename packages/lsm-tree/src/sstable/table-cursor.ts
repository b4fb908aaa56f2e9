import type { LsmError } from "../lsm-error.js";
import { BlockCursor } from "./block-cursor.js";
import { ReadAhead } from "./read-ahead.js";
import type { TableIndex } from "./table-index.js";

/** What a cursor needs of the table it goes through. */
export interface TableBlocks {
  readonly index: TableIndex;
  /** A data block, uncompressed and of sound shape; lent for good, nobody changes it. `ahead`: where to look for its frame, of a cursor on its way forward. */
  block(ordinal: number, fillCache: boolean, ahead?: ReadAhead): Uint8Array;
  /** An error about a block, with the keys that it holds. */
  damagedBlock(ordinal: number, problem: string, offset?: number): LsmError;
}

/**
 * Goes through a table, block by block, in both directions. It holds the block it stands in; a table may be closed only when nobody
 * moves its cursors any more.
 */
export class TableCursor extends BlockCursor {
  #table: TableBlocks | undefined;
  readonly #fillCache: boolean;
  /** Of the block it has; -1 or the count of blocks while it is before or behind all of them. */
  #ordinal = -1;
  #ahead: ReadAhead | undefined;

  /**
   * @param table - none for a cursor that is turned to one later.
   * @param fillCache - whether the blocks it reads go into the cache.
   */
  constructor(table: TableBlocks | undefined, fillCache: boolean) {
    super();
    this.#table = table;
    this.#fillCache = fillCache;
  }

  override first(): void {
    if (this.#to(0, (this.#ahead ??= new ReadAhead()))) super.first();
  }

  override last(): void {
    this.#toLast();
  }

  override next(): void {
    super.next();
    if (!this.valid && this.#to(this.#ordinal + 1, (this.#ahead ??= new ReadAhead()))) super.first();
  }

  override prev(): void {
    this.#toPrevious();
  }

  override seek(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, false);
  }

  override seekBefore(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, false);
    // Inside this table, whatever those who extend this make of its ends.
    if (this.valid) this.#toPrevious();
    else this.#toLast();
  }

  /** To the newest version of `key` up to `seqno`, or nowhere in particular: blocks in which it cannot be are not read. */
  seekVersion(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, true);
  }

  protected override damaged(problem: string, offset: number): LsmError {
    return this.#table?.damagedBlock(this.#ordinal, problem, offset) ?? super.damaged(problem, offset);
  }

  /** Turns to a table: before its first block, or behind its last. It stands nowhere then. */
  protected turnTo(table: TableBlocks, place: "before" | "behind"): void {
    this.valid = false;
    this.#table = table;
    this.#ordinal = place === "before" ? -1 : table.index.blockCount;
  }

  /** Lets go of what was read ahead. */
  protected forgetAhead(): void {
    this.#ahead = undefined;
  }

  #toLast(): void {
    if (this.#to((this.#table?.index.blockCount ?? 0) - 1)) super.last();
  }

  #toPrevious(): void {
    super.prev();
    if (!this.valid && this.#to(this.#ordinal - 1)) super.last();
  }

  #seek(key: Uint8Array, seqno: number, keyOnly: boolean): void {
    this.valid = false;
    this.#ahead?.restart();
    if (this.#table === undefined) return;
    const { index } = this.#table;
    // Versions of one key may fill several blocks. One that ends with the key and has nothing as old as is wanted is passed unread.
    for (let block = index.blockOf(key); block < index.blockCount; block++) {
      if (index.minSeqnos[block]! > seqno && index.compareEnd(block, key) === 0) continue; // below the count
      this.#to(block);
      super.seek(key, seqno);
      if (this.valid || (keyOnly && index.compareEnd(block, key) !== 0)) return;
    }
  }

  #to(ordinal: number, ahead?: ReadAhead): boolean {
    const table = this.#table;
    if (table === undefined || ordinal < 0 || ordinal >= table.index.blockCount) {
      this.valid = false;
      return false;
    }
    if (ordinal !== this.#ordinal) {
      // Only once it is there: a read that fails leaves the cursor on the block it had, and nowhere in it.
      this.valid = false;
      const block = table.block(ordinal, this.#fillCache, ahead);
      this.#ordinal = ordinal;
      this.load(block);
    }
    return true;
  }
}
