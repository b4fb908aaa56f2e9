import { ByteReader } from "./byte-reader.js";
import { MAX_KEY_BYTES } from "./internal-key.js";
import type { HashKey } from "./key-hash.js";
import { LsmError } from "./lsm-error.js";
import { checkBytes, checkWhole } from "./option-check.js";
import { EditWriter } from "./edit-writer.js";

/**
 * One record of the manifest: changes of the set of tables that count together or not at all. Each is a tag, the bytes of its fields as a
 * varint, and the fields; the normative page is docs/formats/lsm-log.md.
 */

/** A table as the manifest knows it: enough to find a key's table without opening any, and to know the file when it is opened. */
export interface TableMeta {
  /** Level that it is in. */
  readonly level: number;
  /** Number of the table. */
  readonly tableNumber: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Chain of the table's last frame, a CRC over all of it. */
  readonly chain: number;
  /** Entries, deletes and older versions included. */
  readonly entryCount: number;
  /** Those that are deletes. */
  readonly deleteCount: number;
  /** Lowest seqno in it. */
  readonly minSeqno: number;
  /** Highest seqno in it. */
  readonly maxSeqno: number;
  /** Least user key. */
  readonly smallest: Uint8Array;
  /** Greatest user key. */
  readonly largest: Uint8Array;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
}

/** What a database is. Stated when it is created, and in every snapshot of the manifest. */
export interface DatabaseIdentity {
  /** Of tables, records and edits. */
  readonly formatVersion: number;
  /** 16 random bytes. */
  readonly databaseId: Uint8Array;
  /** 1 = bytewise. */
  readonly comparator: number;
  /** Of the hashes of filters and memtables. */
  readonly hashKey: HashKey;
  /** How many levels there are. */
  readonly levelCount: number;
}

/** One statement of an edit. */
export type EditChange =
  /** The records from here to `snapshotEnd` are all there is; they replace what was before only once the end is there. */
  | { readonly kind: "snapshotBegin"; readonly recordCount: number }
  | { readonly kind: "database"; readonly database: DatabaseIdentity }
  | { readonly kind: "addTable"; readonly table: TableMeta }
  | { readonly kind: "deleteTable"; readonly level: number; readonly tableNumber: number }
  | {
      readonly kind: "watermarks";
      readonly nextFileNumber: number;
      readonly lastSeqno: number;
      readonly flushedLsn: number;
    }
  /** Where the next compaction of a level begins. */
  | { readonly kind: "compactPointer"; readonly level: number; readonly key: Uint8Array }
  /** Why this edit was made, for people. */
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "snapshotEnd"; readonly tableCount: number };

/** Tags by name. Those from 128 on have to be understood; others are passed by where they are not known. */
const editTags = {
  compactPointer: 10,
  note: 11,
  snapshotBegin: 129,
  database: 130,
  addTable: 131,
  deleteTable: 132,
  watermarks: 133,
  snapshotEnd: 137,
} as const;

const MANDATORY = 128;
const MAX_LEVEL = 63;
const MAX_NOTE_BYTES = 1024;
const MAX_NUMBER: number = Number.MAX_SAFE_INTEGER;

/**
 * Encodes a record of the manifest, owned by the caller.
 *
 * @throws `TypeError` or `RangeError` that names a field outside its bounds, and for an edit without changes.
 */
export function encodeVersionEdit(changes: readonly EditChange[]): Uint8Array {
  checkWhole(changes.length, "changes", 1, MAX_NUMBER);
  const writer = new EditWriter();
  for (const change of changes) {
    writer.begin(editTags[change.kind]);
    encodeFields(change, writer);
    writer.end();
  }
  return writer.finish();
}

function encodeFields(change: EditChange, to: EditWriter): void {
  switch (change.kind) {
    case "snapshotBegin":
      return to.number(change.recordCount, "recordCount", 1, MAX_NUMBER);
    case "snapshotEnd":
      return to.number(change.tableCount, "tableCount", 0, MAX_NUMBER);
    case "database":
      return encodeDatabase(change.database, to);
    case "addTable":
      return encodeTable(change.table, to);
    case "deleteTable":
      to.number(change.level, "level", 0, MAX_LEVEL);
      return to.number(change.tableNumber, "tableNumber", 1, MAX_NUMBER);
    case "watermarks":
      to.number(change.nextFileNumber, "nextFileNumber", 1, MAX_NUMBER);
      to.number(change.lastSeqno, "lastSeqno", 0, MAX_NUMBER);
      return to.number(change.flushedLsn, "flushedLsn", 0, MAX_NUMBER);
    case "compactPointer":
      to.number(change.level, "level", 0, MAX_LEVEL);
      return to.block(change.key, "key", MAX_KEY_BYTES);
    case "note":
      return to.rest(new TextEncoder().encode(change.text), "text", MAX_NOTE_BYTES);
  }
}

function encodeDatabase(database: DatabaseIdentity, to: EditWriter): void {
  checkBytes(database.databaseId, "databaseId", 16);
  to.number(database.formatVersion, "formatVersion", 1, 0xffff);
  to.bytes(database.databaseId);
  to.number(database.comparator, "comparator", 1, 255);
  to.word(database.hashKey.low, "hashKey.low");
  to.word(database.hashKey.high, "hashKey.high");
  to.number(database.levelCount, "levelCount", 1, MAX_LEVEL + 1);
}

function encodeTable(table: TableMeta, to: EditWriter): void {
  to.number(table.level, "level", 0, MAX_LEVEL);
  to.number(table.tableNumber, "tableNumber", 1, MAX_NUMBER);
  to.number(table.bytes, "bytes", 1, MAX_NUMBER);
  to.word(table.chain, "chain");
  to.number(table.entryCount, "entryCount", 0, MAX_NUMBER);
  to.number(table.deleteCount, "deleteCount", 0, table.entryCount);
  to.number(table.minSeqno, "minSeqno", 0, MAX_NUMBER);
  to.number(table.maxSeqno, "maxSeqno", table.minSeqno, MAX_NUMBER);
  to.block(table.smallest, "smallest", MAX_KEY_BYTES);
  to.block(table.largest, "largest", MAX_KEY_BYTES);
  to.number(table.createdMs, "createdMs", 0, MAX_NUMBER);
}

/**
 * Decodes a record of the manifest. Keys and ids are copies.
 *
 * @throws {@link LsmError} `LSM_CORRUPT` with the offset in the record, `LSM_UNSUPPORTED` for a tag that has to be known and is not.
 */
export function decodeVersionEdit(bytes: Uint8Array): EditChange[] {
  const reader = new ByteReader(bytes, "a manifest edit");
  const changes: EditChange[] = [];
  if (reader.left === 0) throw reader.error("edit", "is empty", 0);
  while (reader.left > 0) {
    const from = reader.at;
    const tag = reader.uint8("tag");
    const length = reader.varint("length", reader.left);
    const start = reader.take(length, "fields");
    const fields = new ByteReader(bytes, "a manifest edit", start, start + length);
    const change = decodeFields(tag, fields, from);
    if (change === undefined) continue;
    fields.finish();
    changes.push(change);
  }
  return changes;
}

/** Undefined for a tag that may be passed by. */
function decodeFields(tag: number, from: ByteReader, offset: number): EditChange | undefined {
  switch (tag) {
    case editTags.snapshotBegin:
      return { kind: "snapshotBegin", recordCount: atLeast(from, "recordCount", 1) };
    case editTags.snapshotEnd:
      return { kind: "snapshotEnd", tableCount: from.varint("tableCount") };
    case editTags.database:
      return { kind: "database", database: decodeDatabase(from) };
    case editTags.addTable:
      return { kind: "addTable", table: decodeTable(from) };
    case editTags.deleteTable: {
      const level = from.varint("level", MAX_LEVEL);
      return { kind: "deleteTable", level, tableNumber: atLeast(from, "tableNumber", 1) };
    }
    case editTags.watermarks: {
      const nextFileNumber = atLeast(from, "nextFileNumber", 1);
      return {
        kind: "watermarks",
        nextFileNumber,
        lastSeqno: from.varint("lastSeqno"),
        flushedLsn: from.varint("flushedLsn"),
      };
    }
    case editTags.compactPointer: {
      const level = from.varint("level", MAX_LEVEL);
      return { kind: "compactPointer", level, key: from.block("key", MAX_KEY_BYTES) };
    }
    case editTags.note:
      return { kind: "note", text: decodeText(from) };
    case 0:
      throw from.error("tag", "is 0", offset);
    default:
      if (tag < MANDATORY) return undefined;
      throw new LsmError("LSM_UNSUPPORTED", `a manifest edit has a tag ${tag} that has to be known`, {
        offset,
        field: "tag",
        actual: tag,
      });
  }
}

function decodeDatabase(from: ByteReader): DatabaseIdentity {
  const formatVersion = atLeast(from, "formatVersion", 1, 0xffff);
  const start = from.take(16, "databaseId");
  const databaseId = new Uint8Array(from.bytes.subarray(start, start + 16));
  const comparator = atLeast(from, "comparator", 1, 255);
  const hashKey = { low: from.uint32("hashKey"), high: from.uint32("hashKey") };
  return { formatVersion, databaseId, comparator, hashKey, levelCount: atLeast(from, "levelCount", 1, MAX_LEVEL + 1) };
}

function decodeTable(from: ByteReader): TableMeta {
  const level = from.varint("level", MAX_LEVEL);
  const tableNumber = atLeast(from, "tableNumber", 1);
  const bytes = atLeast(from, "bytes", 1);
  const chain = from.uint32("chain");
  const entryCount = from.varint("entryCount");
  const deleteCount = from.varint("deleteCount", entryCount);
  const minSeqno = from.varint("minSeqno");
  const maxSeqno = atLeast(from, "maxSeqno", minSeqno);
  const smallest = from.block("smallest", MAX_KEY_BYTES);
  const largest = from.block("largest", MAX_KEY_BYTES);
  const createdMs = from.varint("createdMs");
  return {
    level,
    tableNumber,
    bytes,
    chain,
    entryCount,
    deleteCount,
    minSeqno,
    maxSeqno,
    smallest,
    largest,
    createdMs,
  };
}

function atLeast(from: ByteReader, field: string, min: number, max: number = MAX_NUMBER): number {
  const offset = from.at;
  const value = from.varint(field, max);
  if (value < min) throw from.error(field, `is ${value}, at least ${min}`, offset);
  return value;
}

function decodeText(from: ByteReader): string {
  const length = from.left;
  if (length > MAX_NOTE_BYTES) throw from.error("text", `has ${length} bytes`, from.at);
  const start = from.take(length, "text");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
      from.bytes.subarray(start, start + length),
    );
  } catch {
    throw from.error("text", "is not UTF-8", start);
  }
}
