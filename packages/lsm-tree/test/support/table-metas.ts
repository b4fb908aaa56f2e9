// Tables that are nothing but their entry in the manifest, for whoever only looks at those.
import type { TableMeta } from "../../src/format-entry.js";
import { Version } from "../../src/format-entry.js";
import { bytesOf } from "./entries.js";

export interface MetaSketch {
  readonly n: number;
  /** Least and greatest key. */
  readonly keys: readonly [string, string];
  readonly bytes?: number;
  readonly entries?: number;
  readonly deletes?: number;
  readonly seqnos?: readonly [number, number];
}

export function metaOf(
  level: number,
  { n, keys, bytes = 100, entries = 10, deletes = 0, seqnos }: MetaSketch,
): TableMeta {
  const [minSeqno, maxSeqno] = seqnos ?? [n * 10, n * 10 + 9];
  const [smallest, largest] = [bytesOf(keys[0]), bytesOf(keys[1])];
  const counts = { bytes, chain: 1, entryCount: entries, deleteCount: deletes };
  return { level, tableNumber: n, ...counts, minSeqno, maxSeqno, smallest, largest, createdMs: 0 };
}

/** A version with these tables by level. */
export function versionOf(levels: Readonly<Record<number, readonly MetaSketch[]>>, levelCount = 7): Version {
  const tables = Object.entries(levels).flatMap(([level, sketches]) =>
    sketches.map((sketch) => metaOf(Number(level), sketch)),
  );
  return Version.empty(levelCount).apply(tables.map((table) => ({ kind: "addTable", table })));
}
