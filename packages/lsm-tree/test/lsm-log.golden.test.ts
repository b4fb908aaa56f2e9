// Log records and manifest edits byte for byte, against what another program made of docs/formats/lsm-log.md.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  decodeVersionEdit,
  encodeClear,
  encodeVersionEdit,
  LogRecordCursor,
  WriteBatch,
  type EditChange,
} from "../src/format-entry.js";

interface Operation {
  readonly kind: "put" | "delete" | "deleteRange";
  readonly key: string;
  readonly value?: string;
  readonly end?: string | null;
}
interface Golden {
  readonly records: readonly {
    readonly name: string;
    readonly baseSeqno: number;
    readonly operations: readonly Operation[];
    readonly record: string;
  }[];
  readonly clear: { readonly seqno: number; readonly record: string };
  readonly edits: readonly { readonly name: string; readonly changes: readonly unknown[]; readonly edit: string }[];
}

const golden = JSON.parse(readFileSync(new URL("golden/lsm-log.json", import.meta.url), "utf8")) as Golden; // recorded
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test.each(golden.records)("record: $name", ({ baseSeqno, operations, record }) => {
  const batch = new WriteBatch();
  for (const { kind, key, value, end } of operations) {
    if (kind === "put") batch.put(bytesOf(key), bytesOf(value ?? ""));
    else if (kind === "delete") batch.delete(bytesOf(key));
    else batch.deleteRange(bytesOf(key), typeof end === "string" ? bytesOf(end) : undefined);
  }
  expect(hexOf(batch.finish(baseSeqno))).toBe(record);
  const cursor = new LogRecordCursor();
  const bytes = bytesOf(record);
  cursor.load(bytes);
  for (const { kind, key, value, end } of operations) {
    expect(cursor.next()).toBe(true);
    expect(cursor.kind).toBe({ put: 1, delete: 2, deleteRange: 6 }[kind]);
    expect(hexOf(bytes.subarray(cursor.keyStart, cursor.keyEnd))).toBe(key);
    expect(hexOf(bytes.subarray(cursor.valueStart, cursor.valueEnd))).toBe(value ?? end ?? "");
    expect(cursor.hasEnd).toBe(typeof end === "string");
  }
  expect(cursor.next()).toBe(false);
  expect(cursor.lastSeqno).toBe(baseSeqno + operations.length - 1);
});

test("record: a clear", () => {
  expect(hexOf(encodeClear(golden.clear.seqno))).toBe(golden.clear.record);
});

/** Keys and ids are hex in the recording. */
function revived(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const hexed = new Set(["databaseId", "smallest", "largest", "key"]);
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, hexed.has(name) ? bytesOf(String(each)) : revived(each)]),
  );
}

test.each(golden.edits)("edit: $name", ({ changes, edit }) => {
  const listed = changes.map(revived) as EditChange[]; // recorded as such
  expect(hexOf(encodeVersionEdit(listed))).toBe(edit);
  expect(decodeVersionEdit(bytesOf(edit))).toEqual(listed);
});
