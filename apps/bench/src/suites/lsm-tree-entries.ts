import type { EntryView } from "@holdfast/lsm-tree";
import { hashKey, TableBuilder, TableReader, type HashKey, type TableBuilderOptions } from "@holdfast/lsm-tree/format";
import { sourceOf } from "@holdfast/segment-codec";

/** Keys of 16 decimal digits and values of 100 bytes, half of which compress: the sizes of the specification's cost table. */

export const hashKeyOfBench: HashKey = { low: 0x9e37_79b9, high: 0x7f4a_7c15 };
const databaseId = new Uint8Array(16).fill(1);

export function keyOf(index: number): Uint8Array {
  return new TextEncoder().encode(String(index).padStart(16, "0"));
}

/** `count` values in one array each: 50 pseudo-random bytes, then 50 equal ones. */
export function valuesOf(count: number): Uint8Array[] {
  let state = 0x1234_5678;
  return Array.from({ length: count }, () => {
    const value = new Uint8Array(100);
    for (let at = 0; at < 50; at++) {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x9e37_79b9;
      value[at] = state >>> 24;
    }
    return value;
  });
}

/** Entries with ascending keys, as builders take them. */
export function entriesOf(count: number): EntryView[] {
  const values = valuesOf(count);
  return values.map((valueBytes, index) => {
    const keyBytes = keyOf(index * 2);
    return { keyBytes, keyStart: 0, keyEnd: 16, seqno: index + 1, kind: 1, valueBytes, valueStart: 0, valueEnd: 100 };
  });
}

export function hashOf(key: Uint8Array): number {
  return hashKey(key, 0, key.length, hashKeyOfBench);
}

export function tableOf(entries: readonly EntryView[], options: Partial<TableBuilderOptions> = {}): TableReader {
  const parts: Uint8Array[] = [];
  const identity = { databaseId, tableNumber: 1, hashKey: hashKeyOfBench };
  const write = (bytes: Uint8Array): void => void parts.push(Uint8Array.from(bytes));
  const builder = new TableBuilder({ ...identity, nonce: 1, write, ...options });
  for (const entry of entries) builder.add(entry);
  builder.finish();
  const kept = new Map<number, Uint8Array>();
  const cache = {
    get: (_: number, block: number) => kept.get(block),
    put: (_: number, block: number, bytes: Uint8Array) => void kept.set(block, bytes),
  };
  return new TableReader(sourceOf(Uint8Array.from(Buffer.concat(parts))), { ...identity, cache });
}
