import { sourceOf } from "@holdfast/segment-codec";
import {
  hashKey,
  type HashKey,
  TableBuilder,
  type TableBuilderOptions,
  TableReader,
  type TableReaderOptions,
  type TableSummary,
} from "../../src/format-entry.js";
import { viewOf, type Entry } from "./entries.js";

export const hashKeyOfTests: HashKey = { low: 0x0302_0100, high: 0x0706_0504 };
export const databaseId: Uint8Array = Uint8Array.from({ length: 16 }, (_, at) => at + 1);
export const identity: Pick<TableReaderOptions, "databaseId" | "tableNumber" | "hashKey"> = {
  databaseId: databaseId,
  tableNumber: 7,
  hashKey: hashKeyOfTests,
};

export function hashOf(key: Uint8Array): number {
  return hashKey(key, 0, key.length, hashKeyOfTests);
}

export interface BuiltTable {
  readonly bytes: Uint8Array;
  readonly summary: TableSummary;
}

export function buildTable(entries: readonly Entry[], options: Partial<TableBuilderOptions> = {}): BuiltTable {
  const parts: Uint8Array[] = [];
  const write = (bytes: Uint8Array): void => void parts.push(Uint8Array.from(bytes));
  const builder = new TableBuilder({ ...identity, nonce: 4711, write, ...options });
  for (const entry of entries) builder.add(viewOf(entry));
  const summary = builder.finish();
  return { bytes: Uint8Array.from(Buffer.concat(parts)), summary };
}

export function openTable(bytes: Uint8Array, options: Partial<TableReaderOptions> = {}): TableReader {
  return new TableReader(sourceOf(bytes), { ...identity, ...options });
}
