import type { TablePin, TableStore } from "./engine-contract.js";
import { compareUserKeys, entryKinds } from "./internal-key.js";
import { LsmError } from "./lsm-error.js";
import { TableCursor } from "./sstable/table-cursor.js";
import type { TableMeta } from "./version-edit.js";
import { firstEndingAtOrAfter } from "./version.js";

/**
 * Goes through tables that ascend and do not overlap as if they were one. A table is opened when the cursor comes to it, and pinned while it stands
 * there; so whoever reads a part of a level opens the tables of that part.
 *
 * A step that fails leaves it nowhere, but where it was: the same step may be tried again, and any place may be sought.
 *
 * One that is patient comes to a table that cannot be opened without failing: it stands before all that may be in there, as on a version of its first key in
 * this direction that nobody sees, and what is wrong with the table is thrown by the step into it. So whoever merges it with others is given what they have
 * before that place.
 */
export class LevelCursor extends TableCursor {
  readonly #tables: readonly TableMeta[];
  readonly #store: Pick<TableStore, "pin">;
  /** Ordinal of the table it was turned to last. */
  #at = -1;
  /** Ordinal of the table that it stands before because it cannot be opened; -1 when there is none. */
  #hole = -1;
  readonly #isPatient: boolean;
  #pin: TablePin | undefined;

  /**
   * @param tables - by ascending keys, no user key in two of them; kept.
   * @param fillCache - whether the blocks it reads go into the cache.
   * @param isPatient - whether a table that cannot be opened is told of by the step into it, and not by the one that comes to it.
   */
  constructor(store: Pick<TableStore, "pin">, tables: readonly TableMeta[], fillCache: boolean, isPatient = false) {
    super(undefined, fillCache);
    this.#isPatient = isPatient;
    this.#store = store;
    this.#tables = tables;
  }

  override first(): void {
    this.#leave();
    this.#toFirstFrom(0);
  }

  override last(): void {
    this.#leave();
    this.#toLastFrom(this.#tables.length - 1);
  }

  override next(): void {
    if (this.#hole < 0) super.next();
    else this.#step("before");
    if (!this.valid) this.#toFirstFrom(this.#at + 1);
  }

  override prev(): void {
    if (this.#hole < 0) super.prev();
    else this.#step("behind");
    if (!this.valid) this.#toLastFrom(this.#at - 1);
  }

  override seek(key: Uint8Array, seqno: number): void {
    this.#leave();
    const at = firstEndingAtOrAfter(this.#tables, key);
    const table = this.#tables[at];
    if (table !== undefined) {
      if (compareUserKeys(table.smallest, key) <= 0) this.#turn(at, "before");
      else if (!this.#enter(at, "before")) return;
      super.seek(key, seqno);
    }
    // Of the versions of the largest key none may be as old as is wanted.
    if (!this.valid) this.#toFirstFrom(at + 1);
  }

  override seekBefore(key: Uint8Array, seqno: number): void {
    this.#leave();
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
    this.#leave();
    this.#at = -1;
    this.forgetAhead();
    this.#pin?.release();
    this.#pin = undefined;
  }

  #leave(): void {
    this.valid = false;
    this.#hole = -1;
  }

  #toFirstFrom(from: number): void {
    for (let at = from; at < this.#tables.length && !this.valid; at++) {
      if (!this.#enter(at, "before")) return;
      super.first();
    }
  }

  #toLastFrom(from: number): void {
    for (let at = from; at >= 0 && !this.valid; at--) {
      if (!this.#enter(at, "behind")) return;
      super.last();
    }
  }

  /** Turns to a table. False when it cannot be opened and this stands before it. */
  #enter(at: number, place: "before" | "behind"): boolean {
    try {
      this.#turn(at, place);
      return true;
    } catch (error) {
      if (!this.#isPatient || !(error instanceof LsmError)) throw error;
    }
    const { smallest, largest } = this.#tables[at]!; // all callers stay below the length
    const key = place === "before" ? smallest : largest;
    this.keyBytes = key.slice(); // blocks put their keys together in it
    this.keyStart = 0;
    this.keyEnd = key.length;
    // The first of all versions of the key in this direction, and one that no snapshot shows in either.
    this.seqno = place === "before" ? Infinity : -Infinity;
    this.kind = entryKinds.delete;
    this.valueStart = 0;
    this.valueEnd = 0;
    this.repeatsKey = false;
    this.#hole = at;
    this.valid = true;
    return false;
  }

  /** Into the table that it stands before. What keeps it out is thrown here, as often as this is tried. */
  #step(place: "before" | "behind"): void {
    this.valid = false;
    this.#turn(this.#hole, place);
    if (place === "before") super.first();
    else super.last();
    this.repeatsKey = false;
    this.#hole = -1;
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
