import { compareUserKeys } from "../internal-key.js";
import type { TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";
import { baseLevel } from "./level-targets.js";
import { planOfRange } from "./picker.js";
import { bytesOf, withOverlaps, type CompactionPlan } from "./plan.js";

export interface RangeWalkOptions {
  /** Least and greatest user key, both inclusive, open where they are left out. */
  readonly start?: Uint8Array | undefined;
  readonly end?: Uint8Array | undefined;
  /** Bytes at which an output is full. */
  readonly targetTableBytes: number;
}

/** A plan takes so many tables' worth of bytes, so that a large range is rewritten piece by piece. */
const MOST_TARGETS = 10;

/**
 * The plans that bring all keys of a range down to the last level that has any data, one after another: level 0, then level by level, piece by piece,
 * and in the end what lay in the last level before and may still hold deletes or old versions.
 *
 * Each plan has to be carried out before the next is asked for. What is flushed meanwhile is not waited for, so the walk ends.
 */
export class RangeWalk {
  readonly #options: RangeWalkOptions;
  #level = 0;
  /** The last key of the level that was dealt with. */
  #after: Uint8Array | undefined;
  /** Tables with greater numbers were written during the walk, and so from all that there was. */
  #newestBefore = -1;

  constructor(options: RangeWalkOptions) {
    this.#options = options;
  }

  /** The next plan for the version as it is; undefined when everything is done. */
  next(version: Version): CompactionPlan | undefined {
    if (this.#newestBefore < 0) {
      this.#newestBefore = 0;
      for (const { tableNumber } of version.tables()) this.#newestBefore = Math.max(this.#newestBefore, tableNumber);
    }
    const last = version.levels.findLastIndex((tables) => tables.length > 0);
    while (this.#level <= last) {
      const plan =
        this.#level === 0 ? this.#ofLevel0(version) : this.#level < last ? this.#down(version) : this.#inPlace(version);
      if (plan !== undefined) return plan;
      this.#level += 1;
      this.#after = undefined;
    }
    return undefined;
  }

  #ofLevel0(version: Version): CompactionPlan | undefined {
    const { start, end, targetTableBytes } = this.#options;
    if (this.#after !== undefined || version.overlapping(0, start, end).length === 0) return undefined;
    const tables = version.tablesOf(0);
    this.#after = new Uint8Array(); // once
    const outputLevel = baseLevel(version, bytesOf(tables));
    const inputs = withOverlaps(version, tables, outputLevel);
    return planOfRange(version, { inputs, outputLevel, targetTableBytes });
  }

  /** A piece of this level, with what it meets in the next that has any data. */
  #down(version: Version): CompactionPlan | undefined {
    const { targetTableBytes } = this.#options;
    const outputLevel = version.levels.findIndex((tables, level) => level > this.#level && tables.length > 0);
    const piece: TableMeta[] = [];
    let inputs: TableMeta[] = [];
    for (const table of this.#left(version)) {
      const more = withOverlaps(version, [...piece, table], outputLevel);
      if (piece.length > 0 && bytesOf(more) > MOST_TARGETS * targetTableBytes) break;
      piece.push(table);
      inputs = more;
    }
    if (!this.#passTo(piece)) return undefined;
    return planOfRange(version, { inputs, outputLevel, targetTableBytes });
  }

  /**
   * A piece of the last level that nothing was merged into: tables side by side. One in which all seqnos are 0 has neither deletes nor versions that somebody
   * could do without.
   */
  #inPlace(version: Version): CompactionPlan | undefined {
    const piece: TableMeta[] = [];
    for (const table of this.#left(version)) {
      const isDone = table.tableNumber > this.#newestBefore || table.maxSeqno === 0;
      if (isDone && piece.length === 0) continue;
      const isTooMuch = bytesOf([...piece, table]) > MOST_TARGETS * this.#options.targetTableBytes;
      if (isDone || (isTooMuch && piece.length > 0)) break;
      piece.push(table);
    }
    if (!this.#passTo(piece)) return undefined;
    return { kind: "merge", reason: "range", inputs: piece, outputLevel: this.#level };
  }

  #passTo(piece: readonly TableMeta[]): boolean {
    this.#after = piece.at(-1)?.largest;
    return piece.length > 0;
  }

  /** The tables of this level inside the range that were not dealt with yet. */
  #left(version: Version): TableMeta[] {
    const { start, end } = this.#options;
    const after = this.#after;
    const tables = version.overlapping(this.#level, start, end);
    return after === undefined ? tables : tables.filter(({ smallest }) => compareUserKeys(smallest, after) > 0);
  }
}
