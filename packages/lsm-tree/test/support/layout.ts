// A database as it may lie: the writes of a history dealt to memtables, tables of level 0 and levels below it, so that whatever an earlier place has
// of a key is newer than what a later one has.
import fc from "fast-check";
import { Memtable, Version } from "../../src/format-entry.js";
import { ReadView } from "../../src/read-view.js";
import type { TableFiles } from "../../src/table-files.js";
import type { TableMeta } from "../../src/format-entry.js";
import { compareEntries, crowdedKeys, hexOf, keys, writes, type Entry } from "./entries.js";
import { writeTable } from "./table-directory.js";
import { hashKeyOfTests } from "./tables.js";

export interface Layout {
  /** By ascending seqno. */
  readonly entries: readonly Entry[];
  /** Shares of the history from the newest on: memtables, tables of level 0, levels from 1 on. */
  readonly memtables: readonly number[];
  readonly overlapping: readonly number[];
  readonly levels: readonly number[];
  /** By some bits of a key: how much deeper than its age says it lies. */
  readonly depths: readonly number[];
  /** After how many user keys a table of a level ends. */
  readonly tableKeys: number;
}

const shares = (least: number, most: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: least, maxLength: most });

export const layouts: fc.Arbitrary<Layout> = fc.record({
  entries: fc.oneof(writes(80, keys), writes(60, crowdedKeys)),
  memtables: shares(1, 3),
  overlapping: shares(0, 3),
  levels: shares(1, 3),
  depths: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 4 }),
  tableKeys: fc.integer({ min: 1, max: 8 }),
});

export interface LaidOut {
  readonly view: ReadView;
  readonly version: Version;
  readonly metas: readonly TableMeta[];
}

/** Writes the tables; their numbers begin at `firstNumber`. */
export async function layOut(layout: Layout, files: TableFiles, firstNumber = 1): Promise<LaidOut> {
  const places = deal(layout);
  const levelCount = layout.levels.length + 1;
  const metas: TableMeta[] = [];
  const write = async (entries: readonly Entry[], level: number): Promise<void> => {
    metas.push(await writeTable(files, firstNumber + metas.length, entries.toSorted(compareEntries), level));
  };
  for (const entries of places.overlapping) if (entries.length > 0) await write(entries, 0);
  for (const [at, entries] of places.levels.entries()) {
    for (const part of cut(entries.toSorted(compareEntries), layout.tableKeys)) await write(part, at + 1);
  }
  const version = Version.empty(levelCount).apply(metas.map((table) => ({ kind: "addTable", table })));
  const memtables = places.memtables.map((entries) => memtableOf(entries));
  return { view: new ReadView({ memtables, version, tables: files, hashKey: hashKeyOfTests }), version, metas };
}

export function memtableOf(entries: readonly Entry[]): Memtable {
  const memtable = new Memtable({ hashKey: hashKeyOfTests, expectedEntries: 0 });
  for (const { key, seqno, value } of entries) {
    if (value === undefined) memtable.delete(key, seqno);
    else memtable.put(key, value, seqno);
  }
  return memtable;
}

function deal({ entries, memtables, overlapping, levels, depths }: Layout): {
  memtables: Entry[][];
  overlapping: Entry[][];
  levels: Entry[][];
} {
  const weights = [...memtables, ...overlapping, ...levels].map((share) => share + 0.001);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const places: Entry[][] = weights.map(() => []);
  const firstLevel = memtables.length + overlapping.length;
  entries.forEach((entry, at) => {
    // The newest writes go to the first places.
    let left = ((entries.length - at - 0.5) / entries.length) * total;
    let place = 0;
    while (place < weights.length - 1 && left > weights[place]!) left -= weights[place++]!;
    const depth = depths[(entry.key.at(-1) ?? 0) % depths.length] ?? 0;
    if (place >= firstLevel) place = Math.max(place, Math.min(weights.length - 1, firstLevel + depth));
    places[place]!.push(entry);
  });
  return {
    memtables: places.slice(0, memtables.length),
    overlapping: places.slice(memtables.length, firstLevel),
    levels: places.slice(firstLevel),
  };
}

/** Parts of so many user keys each. */
function cut(entries: readonly Entry[], tableKeys: number): Entry[][] {
  const byKey = new Map<string, Entry[]>();
  for (const entry of entries) {
    const key = hexOf(entry.key);
    byKey.set(key, [...(byKey.get(key) ?? []), entry]);
  }
  const groups = [...byKey.values()];
  const parts: Entry[][] = [];
  for (let at = 0; at < groups.length; at += tableKeys) parts.push(groups.slice(at, at + tableKeys).flat());
  return parts;
}
