import type { TablePin, TableStore } from "./engine-contract.js";
import { compareUserKeys } from "./internal-key.js";
import { TableCursor } from "./sstable/table-cursor.js";
import type { TableMeta } from "./version-edit.js";
import { firstEndingAtOrAfter } from "./version.js";

/**
 * Goes through tables that ascend and do not overlap as if they were one. A table is opened when the cursor comes to it, and pinned while it stands
 * there; so whoever reads a part of a level opens the tables of that part.
 *
 * A step that fails leaves it nowhere, but where it was: the same step may be tried again, and any place may be sought.
 */
export class LevelCursor extends TableCursor {
  readonly #tables: readonly TableMeta[];
  readonly #store: Pick<TableStore, "pin">;
  /** Ordinal of the table it was turned to last. */
  #at = -1;
  #pin: TablePin | undefined;

  /**
   * @param tables - by ascending keys, no user key in two of them; kept.
   * @param fillCache - whether the blocks it reads go into the cache.
   */
  constructor(store: Pick<TableStore, "pin">, tables: readonly TableMeta[], fillCache: boolean) {
    super(undefined, fillCache);
    this.#store = store;
    this.#tables = tables;
  }

  override first(): void {
    this.valid = false;
    this.#toFirstFrom(0);
  }

  override last(): void {
    this.valid = false;
    this.#toLastFrom(this.#tables.length - 1);
  }

  override next(): void {
    super.next();
    if (!this.valid) this.#toFirstFrom(this.#at + 1);
  }

  override prev(): void {
    super.prev();
    if (!this.valid) this.#toLastFrom(this.#at - 1);
  }

  override seek(key: Uint8Array, seqno: number): void {
    this.valid = false;
    const at = firstEndingAtOrAfter(this.#tables, key);
    if (at < this.#tables.length) {
      this.#turn(at, "before");
      super.seek(key, seqno);
    }
    // Of the versions of the largest key none may be as old as is wanted.
    if (!this.valid) this.#toFirstFrom(at + 1);
  }

  override seekBefore(key: Uint8Array, seqno: number): void {
    this.valid = false;
    const at = firstEndingAtOrAfter(this.#tables, key);
    const table = this.#tables[at];
    if (table !== undefined && compareUserKeys(table.smallest, key) <= 0) {
      this.#turn(at, "behind");
      super.seekBefore(key, seqno);
    }
    if (!this.valid) this.#toLastFrom(at - 1);
  }

  /** Lets go of the table. Idempotent; afterwards it stands nowhere, and may be placed anew. */
  close(): void {
    this.valid = false;
    this.#at = -1;
    this.forgetAhead();
    this.#pin?.release();
    this.#pin = undefined;
  }

  #toFirstFrom(from: number): void {
    for (let at = from; at < this.#tables.length && !this.valid; at++) {
      this.#turn(at, "before");
      super.first();
    }
  }

  #toLastFrom(from: number): void {
    for (let at = from; at >= 0 && !this.valid; at--) {
      this.#turn(at, "behind");
      super.last();
    }
  }

  #turn(at: number, place: "before" | "behind"): void {
    if (at === this.#at) return;
    const pin = this.#store.pin(this.#tables[at]!); // all callers stay below the length
    this.#pin?.release();
    this.#pin = pin;
    this.#at = at;
    this.turnTo(pin.reader, place);
  }
}
