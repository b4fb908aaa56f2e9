// Tables as files of a directory, made the way flushes and compactions make them.
import { Directory, type StoreFs } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { TableFiles, type TableFilesOptions } from "../../src/table-files.js";
import type { TableMeta } from "../../src/format-entry.js";
import { viewOf, type Entry } from "./entries.js";
import { databaseId, hashKeyOfTests } from "./tables.js";

export function tableFiles(
  options: Partial<TableFilesOptions> & { readonly fs?: StoreFs } = {},
): TableFiles & Disposable {
  const { fs = new MemoryFs(), ...rest } = options;
  let nonce = 0;
  const files = new TableFiles({
    ...{ directory: rest.directory ?? new Directory(fs), databaseId, hashKey: hashKeyOfTests },
    ...{ nonce: () => ++nonce, ...rest },
  });
  return Object.assign(files, { [Symbol.dispose]: () => files.close() });
}

/** Writes a finished table, with its name. */
export async function writeTable(
  files: TableFiles,
  tableNumber: number,
  entries: readonly Entry[],
  level = 0,
): Promise<TableMeta> {
  const table = files.create(tableNumber, { level });
  try {
    for (const entry of entries) table.builder.add(viewOf(entry));
    const meta = await table.finish();
    await files.syncNames();
    return meta;
  } catch (error) {
    table.abandon();
    throw error;
  }
}
