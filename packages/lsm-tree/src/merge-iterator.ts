import type { EntryCursor } from "./entry-cursor.js";
import { compareBytes } from "./internal-key.js";
import { LsmError } from "./lsm-error.js";

/** Which way keys are gone through. */
export type Direction = "forward" | "reverse";

/**
 * Goes through several cursors as if they were one, in internal order or against it. The direction is fixed: that is what spares it the
 * hardest part of such iterators. A loser tree, so that a step costs one comparison for each level of it.
 */
export class MergeIterator {
  /** The cursor that stands on the next entry; undefined when there is none. Lent until the next move. */
  current: EntryCursor | undefined;
  /** Whether `next` came here from another version of the same key. Means nothing after other moves. */
  repeatsKey = false;
  readonly #cursors: readonly EntryCursor[];
  readonly #isForward: boolean;
  /** Node n has the children 2n and 2n+1; leaves are `count` to `2 count - 1`. Each keeps the loser of its match, 0 the winner of all. */
  readonly #losers: Int32Array;
  /**
   * Of each node, whether winner and loser of its match have the same key. All matches on the way of the winner of all were against the entry on which it
   * stands, so whoever wins next is known to repeat that key or not.
   */
  readonly #ties: Uint8Array;
  /** Whether the two that were compared last have the same key. */
  #isTie = false;

  /** @param cursors - taken over: nobody else may move them. */
  constructor(cursors: readonly EntryCursor[], direction: Direction) {
    this.#cursors = cursors;
    this.#isForward = direction === "forward";
    this.#losers = new Int32Array(Math.max(1, cursors.length));
    this.#ties = new Uint8Array(this.#losers.length);
  }

  /** To the first entry in this direction. */
  start(): void {
    for (const cursor of this.#cursors) {
      if (this.#isForward) cursor.first();
      else cursor.last();
    }
    this.#play();
  }

  /** Forward: to the least entry that is not before (`key`, `seqno`). Reverse: to the greatest entry before it. */
  seek(key: Uint8Array, seqno: number): void {
    for (const cursor of this.#cursors) {
      if (this.#isForward) cursor.seek(key, seqno);
      else cursor.seekBefore(key, seqno);
    }
    this.#play();
  }

  /** To the next entry in this direction. Only from an entry. */
  next(): void {
    const losers = this.#losers;
    const ties = this.#ties;
    let winner = losers[0]!; // has at least one place, like every node below
    const cursor = this.#cursors[winner];
    if (cursor === undefined) return;
    if (this.#isForward) cursor.next();
    else cursor.prev();
    let repeatsKey = cursor.repeatsKey;
    for (let node = (winner + losers.length) >>> 1; node > 0; node >>>= 1) {
      const other = losers[node]!;
      const wasTie = ties[node] === 1;
      const isOther = this.#isBefore(other, winner);
      ties[node] = this.#isTie ? 1 : 0;
      if (!isOther) continue;
      losers[node] = winner;
      winner = other;
      repeatsKey = wasTie;
    }
    this.repeatsKey = repeatsKey;
    losers[0] = winner;
    this.#setCurrent(winner);
  }

  /** All matches, from the leaves up. */
  #play(): void {
    const count = this.#cursors.length;
    if (count === 0) return;
    const winners = new Int32Array(2 * count);
    for (let leaf = 0; leaf < count; leaf++) winners[count + leaf] = leaf;
    for (let node = count - 1; node > 0; node--) {
      const left = winners[2 * node]!; // children of an inner node exist
      const right = winners[2 * node + 1]!;
      const isRight = this.#isBefore(right, left);
      winners[node] = isRight ? right : left;
      this.#losers[node] = isRight ? left : right;
      this.#ties[node] = this.#isTie ? 1 : 0;
    }
    const winner = count === 1 ? 0 : winners[1]!;
    this.#losers[0] = winner;
    this.#setCurrent(winner);
  }

  #setCurrent(winner: number): void {
    const cursor = this.#cursors[winner];
    this.current = cursor?.valid === true ? cursor : undefined;
  }

  /** Whether the entry of cursor `a` comes before that of `b` in this direction; one without an entry comes last. */
  #isBefore(a: number, b: number): boolean {
    const one = this.#cursors[a]!; // numbers of cursors
    const other = this.#cursors[b]!;
    this.#isTie = false;
    if (!one.valid) return false;
    if (!other.valid) return true;
    const keys = compareBytes(one.keyBytes, one.keyStart, one.keyEnd, other.keyBytes, other.keyStart, other.keyEnd);
    this.#isTie = keys === 0;
    const order = keys !== 0 ? keys : other.seqno - one.seqno;
    // A seqno stands for one operation. Two entries with one mean that tables or logs do not belong together.
    if (order === 0) {
      throw new LsmError("LSM_OUT_OF_ORDER", "two entries have the same key and seqno", {
        actual: one.seqno,
        field: "seqno",
      });
    }
    return this.#isForward ? order < 0 : order > 0;
  }
}
