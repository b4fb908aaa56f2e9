import { compareUserKeys } from "../internal-key.js";
import type { TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";

/** What a compaction is to do: a picker makes it, a job carries it out. */
export interface CompactionPlan {
  /** `move`: the tables change their level and nothing else, by an edit alone. */
  readonly kind: "merge" | "move";
  /** Why, for people: the note of the edit. */
  readonly reason: "level 0" | "size" | "range" | "level 0 blocked";
  /** The tables that are replaced, of any levels down to the output's; those of level 0 newest first. */
  readonly inputs: readonly TableMeta[];
  readonly outputLevel: number;
  /** Where the next compaction of a level begins. */
  readonly pointer?: { readonly level: number; readonly key: Uint8Array };
}

export interface KeyRange {
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/** From the least to the greatest key of the tables, of which there has to be one. */
export function rangeOf(tables: readonly TableMeta[]): KeyRange {
  const [first] = tables;
  if (first === undefined) throw new RangeError("there must be a table");
  let { smallest, largest } = first;
  for (const table of tables) {
    if (compareUserKeys(table.smallest, smallest) < 0) ({ smallest } = table);
    if (compareUserKeys(table.largest, largest) > 0) ({ largest } = table);
  }
  return { smallest, largest };
}

export function bytesOf(tables: readonly TableMeta[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * `tables` of one level with everything below them that has to go along to `outputLevel`: on each level what lies in the range of all that was gathered
 * above it. Nothing that is older than an output is left above it then.
 */
export function withOverlaps(version: Version, tables: readonly TableMeta[], outputLevel: number): TableMeta[] {
  const inputs = [...tables];
  const from = tables[0]?.level ?? outputLevel;
  for (let level = from + 1; level <= outputLevel; level++) {
    const { smallest, largest } = rangeOf(inputs);
    inputs.push(...version.overlapping(level, smallest, largest));
  }
  return inputs;
}

/** Whether two of the tables may hold the same user key. */
export function doOverlap(tables: readonly TableMeta[]): boolean {
  const sorted = tables.toSorted((a, b) => compareUserKeys(a.smallest, b.smallest));
  return sorted.some((table, at) => at > 0 && compareUserKeys(sorted[at - 1]!.largest, table.smallest) >= 0); // inside
}
