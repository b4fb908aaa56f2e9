import { compareBytes, copyBytes, entryKinds, MAX_SEQNO } from "./internal-key.js";
import type { EntryView } from "./entry-cursor.js";
import type { Direction, MergeIterator } from "./merge-iterator.js";

/** Which user keys are meant; a bound that is left out is none, and an empty key is a bound like any other. */
export interface KeyBounds {
  /** Keys above this one. */
  readonly gt?: Uint8Array | undefined;
  /** Keys from this one on. */
  readonly gte?: Uint8Array | undefined;
  /** Keys below this one. */
  readonly lt?: Uint8Array | undefined;
  /** Keys up to this one, it included. */
  readonly lte?: Uint8Array | undefined;
}

/** After so many versions of one key that do not count, the rest of them is passed with a search instead of step by step. */
const PATIENCE = 16;

/**
 * What one snapshot sees: of each user key inside the bounds the newest version up to the snapshot's seqno, unless that is a delete. Goes in
 * the direction of the merge below it, and can be placed anew as often as one likes.
 */
export class VisibleEntries implements EntryView {
  /** Whether it stands on an entry; the fields below mean nothing otherwise. */
  valid = false;
  keyBytes: Uint8Array = new Uint8Array();
  keyStart = 0;
  keyEnd = 0;
  seqno = 0;
  readonly kind: number = entryKinds.put;
  valueBytes: Uint8Array = this.keyBytes;
  valueStart = 0;
  valueEnd = 0;
  readonly #merge: MergeIterator;
  readonly #isForward: boolean;
  readonly #snapshot: number;
  readonly #lower: Uint8Array | undefined;
  readonly #upper: Uint8Array | undefined;
  readonly #hasLower: boolean;
  readonly #hasUpper: boolean;
  /** For keys on the way back. */
  #scratch: Uint8Array = this.keyBytes;

  /** @param merge - taken over. @param bounds - kept; `gte` counts before `gt`, `lte` before `lt`. */
  constructor(merge: MergeIterator, direction: Direction, snapshot: number, bounds: KeyBounds = {}) {
    this.#merge = merge;
    this.#isForward = direction === "forward";
    this.#snapshot = snapshot;
    this.#lower = bounds.gte ?? bounds.gt;
    this.#upper = bounds.lte ?? bounds.lt;
    this.#hasLower = bounds.gte !== undefined;
    this.#hasUpper = bounds.lte !== undefined;
  }

  /** To the first entry in this direction. */
  start(): void {
    const bound = this.#isForward ? this.#lower : this.#upper;
    const includes = this.#isForward ? this.#hasLower : this.#hasUpper;
    // Behind all versions of the bound's key is seqno -1, before all of them the highest: the first place in this direction that counts.
    if (bound === undefined) this.#merge.start();
    else this.#merge.seek(bound, this.#isForward === includes ? MAX_SEQNO : -1);
    this.#find();
  }

  /** Forward: to the first key that is at least `key`; reverse: to the last that is at most `key`. Nowhere when `key` is out of bounds. */
  seek(key: Uint8Array): void {
    this.valid = false;
    if (!this.#isInBounds(key, 0, key.length)) return;
    this.#merge.seek(key, this.#isForward ? MAX_SEQNO : -1);
    this.#find();
  }

  /** To the next entry in this direction. Only from an entry. */
  next(): void {
    if (this.#isForward) this.#pass(-1);
    this.#find();
  }

  #find(): void {
    this.valid = false;
    if (this.#isForward) this.#findForward();
    else this.#findReverse();
  }

  /** The newest version comes first: the first that the snapshot sees decides, and the merge stays on it. */
  #findForward(): void {
    const merge = this.#merge;
    for (let entry = merge.current; entry !== undefined; entry = merge.current) {
      if (!this.#isBelowUpper(entry.keyBytes, entry.keyStart, entry.keyEnd)) return;
      if (entry.seqno > this.#snapshot) this.#pass(this.#snapshot);
      else if (entry.kind === entryKinds.delete) this.#pass(-1);
      else {
        this.keyBytes = entry.keyBytes;
        this.keyStart = entry.keyStart;
        this.keyEnd = entry.keyEnd;
        this.#showValue(entry);
        this.valid = true;
        return;
      }
    }
  }

  /** The newest version comes last: the last that the snapshot sees decides, and the merge stands on another key by then. */
  #findReverse(): void {
    const merge = this.#merge;
    while (merge.current !== undefined && !this.valid) {
      let entry: EntryView | undefined = merge.current;
      if (!this.#isAboveLower(entry.keyBytes, entry.keyStart, entry.keyEnd)) return;
      this.#keepKey(entry);
      let kind = 0;
      while (entry !== undefined) {
        if (entry.seqno <= this.#snapshot) {
          kind = entry.kind;
          this.#showValue(entry);
        }
        merge.next();
        entry = merge.repeatsKey ? merge.current : undefined;
      }
      this.valid = kind === entryKinds.put;
    }
  }

  /** Forward, from a version of a key to the next that is not above `seqno`, or behind them all. */
  #pass(seqno: number): void {
    const merge = this.#merge;
    for (let left = PATIENCE; left > 0; left--) {
      merge.next();
      if (!merge.repeatsKey || merge.current === undefined || merge.current.seqno <= seqno) return;
    }
    const { keyBytes, keyStart, keyEnd } = merge.current!; // or it had returned
    merge.seek(keyBytes.slice(keyStart, keyEnd), seqno);
  }

  #keepKey({ keyBytes, keyStart, keyEnd }: EntryView): void {
    const length = keyEnd - keyStart;
    if (length > this.#scratch.length) this.#scratch = new Uint8Array(Math.max(64, 2 * length));
    copyBytes(this.#scratch, 0, keyBytes, keyStart, keyEnd);
    this.keyBytes = this.#scratch;
    this.keyEnd = length;
  }

  /** Values are not copied: blocks and chunks of a memtable never change. */
  #showValue({ seqno, valueBytes, valueStart, valueEnd }: EntryView): void {
    this.seqno = seqno;
    this.valueBytes = valueBytes;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
  }

  #isInBounds(key: Uint8Array, start: number, end: number): boolean {
    return this.#isAboveLower(key, start, end) && this.#isBelowUpper(key, start, end);
  }

  #isAboveLower(key: Uint8Array, start: number, end: number): boolean {
    if (this.#lower === undefined) return true;
    const order = compareBytes(key, start, end, this.#lower, 0, this.#lower.length);
    return order > 0 || (order === 0 && this.#hasLower);
  }

  #isBelowUpper(key: Uint8Array, start: number, end: number): boolean {
    if (this.#upper === undefined) return true;
    const order = compareBytes(key, start, end, this.#upper, 0, this.#upper.length);
    return order < 0 || (order === 0 && this.#hasUpper);
  }
}
