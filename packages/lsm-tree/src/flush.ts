import type { NewTable } from "./engine-contract.js";
import type { EntryView } from "./entry-cursor.js";
import { DropRules } from "./drop-rules.js";
import type { LiveTree, SealedMemtable } from "./live-tree.js";
import { ofSpace } from "./log-failure.js";
import type { TableMeta } from "./version-edit.js";
import type { Version } from "./version.js";
import type { WorkSlices } from "./work-slices.js";

/**
 * How a sealed memtable becomes a table of level 0. The caller appends the edit; what a crash leaves before it:
 *
 * - While the table is written, and up to its barrier (C3): no file, or any part of it. An orphan; the log has everything.
 * - Behind its barrier, before that of the names (C4): the file, or none. The same.
 *
 * The caller's steps behind it are the log's barrier up to the memtable's last record, the edit with its barrier (C5, C6), and pruning the log (C7).
 */

export interface FlushOptions {
  readonly tree: LiveTree;
  readonly tableNumber: number;
  readonly slices: WorkSlices;
  /** Whether the memtable is of no account any more, as behind a clear. */
  readonly isOver: () => boolean;
}

/**
 * Writes the table, durable with its name when the promise resolves. Versions that no snapshot sees are left out, and deletes of what no table
 * has; undefined when that leaves nothing.
 *
 * @throws {@link LsmError} `LSM_NO_SPACE`, and whatever the files throw; the table is gone then.
 */
export async function writeFlushedTable(
  { memtable, firstLsn, lastLsn }: SealedMemtable,
  { tree, tableNumber, slices, isOver }: FlushOptions,
): Promise<TableMeta | undefined> {
  const { version } = tree; // what is older than the memtable is in here, whatever is compacted meanwhile
  // Everything in it is visible, so whoever takes a snapshot from here on sees the newest version of each key.
  const rules = new DropRules({
    snapshots: tree.snapshots.seqnos(),
    mayHaveOlder: (entry) => mayHold(version, entry),
  });
  let table: NewTable | undefined;
  try {
    const sorting = memtable.sortedInSteps();
    let sorted = sorting.next();
    for (; sorted.done !== true; sorted = sorting.next()) await slices.pause();
    const entries = sorted.value;
    await slices.pause();
    for (entries.first(); entries.valid && !isOver(); entries.next()) {
      if (rules.judge(entries) !== "drop") {
        table ??= tree.tables.create(tableNumber, { level: 0, firstLsn, lastLsn });
        table.builder.add(entries);
      }
      if (slices.spend(entries.valueEnd - entries.keyStart)) await slices.pause();
    }
    if (isOver()) {
      table?.abandon();
      return undefined;
    }
    if (table === undefined) return undefined;
    const meta = await slices.wait(table.finish());
    await slices.wait(tree.tables.syncNames());
    return meta;
  } catch (error) {
    table?.abandon();
    throw ofSpace(error);
  }
}

function mayHold(version: Version, { keyBytes, keyStart, keyEnd }: EntryView): boolean {
  const key = keyBytes.subarray(keyStart, keyEnd);
  if (version.overlapping(0, key, key).length > 0) return true;
  for (let level = 1; level < version.levels.length; level++) {
    if (version.tableFor(level, key) !== undefined) return true;
  }
  return false;
}
