import type { TableStore } from "./engine-contract.js";
import { compareUserKeys } from "./internal-key.js";
import type { TableMeta } from "./version-edit.js";
import type { Version } from "./version.js";

/**
 * Bytes of table files that hold keys from `start` up to `end`, exclusive: exact but for the blocks in which the two lie. What is in memory only is
 * not counted, what is deleted or written over is as long as it is in a file. The sizes of ranges that follow one another add up.
 *
 * A table that is wholly inside is not opened.
 *
 * @throws LsmError of a table that has to be opened and cannot be.
 */
export function approximateSize(
  version: Version,
  tables: Pick<TableStore, "reader">,
  start: Uint8Array,
  end: Uint8Array,
): number {
  if (compareUserKeys(start, end) >= 0) return 0;
  let bytes = 0;
  for (let level = 0; level < version.levels.length; level++) {
    for (const table of version.overlapping(level, start, end)) {
      bytes += bytesBefore(table, end, tables) - bytesBefore(table, start, tables);
    }
  }
  return bytes;
}

/** How much of a table's file lies before a key: nothing or all of it for a key that is outside its range. */
function bytesBefore(table: TableMeta, key: Uint8Array, tables: Pick<TableStore, "reader">): number {
  if (compareUserKeys(key, table.smallest) <= 0) return 0;
  if (compareUserKeys(key, table.largest) > 0) return table.bytes;
  const { index } = tables.reader(table);
  return index.offsets[index.blockOf(key)] ?? index.endOffset;
}
