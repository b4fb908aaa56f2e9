import type { EntryView } from "./entry-cursor.js";
import { compareBytes, copyBytes, entryKinds } from "./internal-key.js";
import { LsmError } from "./lsm-error.js";

/** What a flush or a compaction does with an entry: writes it, writes it with seqno 0, or leaves it out. */
export type Verdict = "keep" | "keepAtZero" | "drop";

/** What has to be known to drop an entry. */
export interface DropRulesOptions {
  /**
   * Seqnos of all snapshots, ascending. The seqno that readers see now belongs to them unless every entry of the job is at or below it: otherwise
   * an entry that nobody may see yet would drop the one that everybody sees.
   */
  readonly snapshots: ArrayLike<number>;
  /**
   * Whether anything outside the job, table or memtable, may hold an older version of this entry's key. Asked only when the answer
   * matters.
   */
  readonly mayHaveOlder: (entry: EntryView) => boolean;
  /** Whether entries that no snapshot can tell from older ones get seqno 0, which compresses better: for the bottom level, and only where no range delete covers the key. */
  readonly zeroSeqnos?: boolean;
}

/**
 * Decides which versions live on. Snapshots part the seqnos into stripes: a snapshot sees the newest version of a key up to itself, so the
 * newest of each stripe is kept and everything else of it is seen by nobody.
 *
 * A delete is left out when it is in the oldest stripe, so that no snapshot is from before it, and nothing outside the job is older.
 *
 * Entries have to come in internal order, each once. Pure: it looks at nothing but what it is given.
 */
export class DropRules {
  readonly #snapshots: Float64Array;
  readonly #mayHaveOlder: (entry: EntryView) => boolean;
  readonly #zeroSeqnos: boolean;
  #key = new Uint8Array(256);
  #keyBytes = 0;
  #seqno = 0;
  #stripe = 0;
  #isFirst = true;

  /** @throws `RangeError` when the snapshots do not ascend. */
  constructor({ snapshots, mayHaveOlder, zeroSeqnos = false }: DropRulesOptions) {
    this.#snapshots = Float64Array.from(snapshots);
    for (let at = 1; at < this.#snapshots.length; at++) {
      if (!(this.#snapshots[at - 1]! <= this.#snapshots[at]!)) throw new RangeError("snapshots must ascend"); // both inside
    }
    this.#mayHaveOlder = mayHaveOlder;
    this.#zeroSeqnos = zeroSeqnos;
  }

  /** @throws {@link LsmError} `LSM_OUT_OF_ORDER` when the entry is not behind the one before. */
  judge(entry: EntryView): Verdict {
    const { keyBytes, keyStart, keyEnd, seqno, kind } = entry;
    const order = this.#isFirst ? -1 : compareBytes(this.#key, 0, this.#keyBytes, keyBytes, keyStart, keyEnd);
    if (order > 0 || (order === 0 && seqno >= this.#seqno)) {
      throw new LsmError("LSM_OUT_OF_ORDER", "an entry is not behind the one before it", { field: "key" });
    }
    this.#isFirst = false;
    this.#seqno = seqno;
    const stripe = this.#stripeOf(seqno);
    if (order === 0 && stripe === this.#stripe) return "drop"; // a newer version of the same stripe hides it from everybody
    this.#stripe = stripe;
    if (order !== 0) this.#remember(keyBytes, keyStart, keyEnd);
    if (stripe > 0) return "keep"; // a snapshot from before it sees what is older
    if (kind === entryKinds.delete) return this.#mayHaveOlder(entry) ? "keep" : "drop";
    // An older version outside the job would outrank a zero.
    return this.#zeroSeqnos && seqno > 0 && !this.#mayHaveOlder(entry) ? "keepAtZero" : "keep";
  }

  /** How many snapshots are from before `seqno`. */
  #stripeOf(seqno: number): number {
    const snapshots = this.#snapshots;
    let low = 0;
    for (let high = snapshots.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (snapshots[middle]! < seqno) low = middle + 1; // below the length
      else high = middle;
    }
    return low;
  }

  #remember(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > this.#key.length) this.#key = new Uint8Array(2 * (end - start));
    copyBytes(this.#key, 0, bytes, start, end);
    this.#keyBytes = end - start;
  }
}
