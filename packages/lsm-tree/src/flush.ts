import type { NewTable } from "./engine-contract.js";
import type { EntryView } from "./entry-cursor.js";
import { DropRules } from "./drop-rules.js";
import type { LiveTree, SealedMemtable } from "./live-tree.js";
import { ofSpace } from "./log-failure.js";
import type { TableMeta } from "./version-edit.js";
import type { Version } from "./version.js";

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
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Lets everybody else have a turn; what it throws ends the flush. */
  readonly pause: () => Promise<void>;
}

/** A slice of work ends after so many milliseconds, or bytes of entries. */
const SLICE_MS = 2;
const SLICE_BYTES = 0x4_0000;
/** The clock is asked after so many entries. */
const ENTRIES_A_LOOK = 32;

/**
 * Writes the table, durable with its name when the promise resolves. Versions that no snapshot sees are left out, and deletes of what no table
 * has; undefined when that leaves nothing.
 *
 * @throws {@link LsmError} `LSM_NO_SPACE`, and whatever the files throw; the table is gone then.
 */
export async function writeFlushedTable(
  { memtable, firstLsn, lastLsn }: SealedMemtable,
  { tree, tableNumber, now, pause }: FlushOptions,
): Promise<TableMeta | undefined> {
  const { version } = tree; // what is older than the memtable is in here, whatever is compacted meanwhile
  // Everything in it is visible, so whoever takes a snapshot from here on sees the newest version of each key.
  const rules = new DropRules({
    snapshots: tree.snapshots.seqnos(),
    mayHaveOlder: (entry) => mayHold(version, entry),
  });
  let table: NewTable | undefined;
  try {
    const entries = memtable.sortedCursor();
    await pause();
    let began = now();
    let sliceBytes = 0;
    let look = 0;
    for (entries.first(); entries.valid; entries.next()) {
      if (rules.judge(entries) === "drop") continue;
      table ??= tree.tables.create(tableNumber, { level: 0, firstLsn, lastLsn });
      table.builder.add(entries);
      sliceBytes += entries.valueEnd - entries.keyStart;
      look += 1;
      if (sliceBytes < SLICE_BYTES && (look % ENTRIES_A_LOOK !== 0 || now() - began < SLICE_MS)) continue;
      await pause();
      began = now();
      sliceBytes = 0;
    }
    const meta = await table?.finish();
    if (meta !== undefined) await tree.tables.syncNames();
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
