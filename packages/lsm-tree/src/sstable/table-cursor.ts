import type { LsmError } from "../lsm-error.js";
import { BlockCursor } from "./block-cursor.js";
import type { TableIndex } from "./table-index.js";

/** What a cursor needs of the table it goes through. */
export interface TableBlocks {
  readonly index: TableIndex;
  /** A data block, uncompressed and of sound shape; lent for good, nobody changes it. */
  block(ordinal: number, fillCache: boolean): Uint8Array;
  /** An error about a block, with the keys that it holds. */
  damagedBlock(ordinal: number, problem: string, offset?: number): LsmError;
}

/**
 * Goes through a table, block by block, in both directions. It holds the block it stands in; a table may be closed only when nobody
 * moves its cursors any more.
 */
export class TableCursor extends BlockCursor {
  readonly #table: TableBlocks;
  readonly #fillCache: boolean;
  #ordinal = -1;

  /** @param fillCache - whether the blocks it reads go into the cache. */
  constructor(table: TableBlocks, fillCache: boolean) {
    super();
    this.#table = table;
    this.#fillCache = fillCache;
  }

  override first(): void {
    if (this.#to(0)) super.first();
  }

  override last(): void {
    if (this.#to(this.#table.index.blockCount - 1)) super.last();
  }

  override next(): void {
    super.next();
    if (!this.valid && this.#to(this.#ordinal + 1)) super.first();
  }

  override prev(): void {
    super.prev();
    if (!this.valid && this.#to(this.#ordinal - 1)) super.last();
  }

  override seek(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, false);
  }

  override seekBefore(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, false);
    if (this.valid) this.prev();
    else this.last();
  }

  /** To the newest version of `key` up to `seqno`, or nowhere in particular: blocks in which it cannot be are not read. */
  seekVersion(key: Uint8Array, seqno: number): void {
    this.#seek(key, seqno, true);
  }

  protected override damaged(problem: string, offset: number): LsmError {
    return this.#table.damagedBlock(this.#ordinal, problem, offset);
  }

  #seek(key: Uint8Array, seqno: number, keyOnly: boolean): void {
    const { index } = this.#table;
    this.valid = false;
    // Versions of one key may fill several blocks. One that ends with the key and has nothing as old as is wanted is passed unread.
    for (let block = index.blockOf(key); block < index.blockCount; block++) {
      const endsWithKey = index.compareEnd(block, key) === 0;
      if (endsWithKey && index.minSeqnos[block]! > seqno) continue; // below the count
      this.#to(block);
      super.seek(key, seqno);
      if (this.valid || (keyOnly && !endsWithKey)) return;
    }
  }

  #to(ordinal: number): boolean {
    if (ordinal < 0 || ordinal >= this.#table.index.blockCount) {
      this.valid = false;
      return false;
    }
    if (ordinal !== this.#ordinal) {
      // Only once it is there: a read that fails leaves the cursor on the block it had, and nowhere in it.
      this.valid = false;
      const block = this.#table.block(ordinal, this.#fillCache);
      this.#ordinal = ordinal;
      this.load(block);
    }
    return true;
  }
}
