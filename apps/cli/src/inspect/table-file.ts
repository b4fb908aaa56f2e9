import { FrameCursor, inspectSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "@holdfast/segment-codec";
import { LsmError } from "@holdfast/lsm-tree";
import {
  BlockCursor,
  parseTableFileName,
  TABLE_CONTENT,
  TableReader,
  walkTable,
  type TableMeta,
  type TablePart,
} from "@holdfast/lsm-tree/format";
import { DatabaseTables, keysOf, tablesDirectory, type TablePlace } from "./database-tables.js";
import type { FileFormat, InspectedFile } from "./file-format.js";
import { hexOf } from "./line-json.js";
import { damage, type KeyRange, type Line } from "./line.js";
import { lsmDamage } from "./lsm-damage.js";
import { frameLine, headerLine } from "./segment-file.js";

/** Tables of a database: docs/formats/table.md. Each is judged by what the manifest of its database says of it, where there is one. */
export const tableFormat: FileFormat = {
  recognise: (head, name, folder) =>
    tableHeader(head) !== undefined || (folder?.name === tablesDirectory && parseTableFileName(name) !== undefined),

  isHeader: (head) => tableHeader(head) !== undefined,

  *lines(file) {
    const tableNumber = parseTableFileName(file.name);
    const place = DatabaseTables.of(file.folder).placeOf(tableNumber);
    if (place.kind === "orphan") {
      const reason =
        "a table that no edit names: it is being written, or a crash has left it, and the next open removes it";
      yield { kind: "auxiliary", offset: 0, length: file.source.sizeBytes, fields: { reason } };
      return;
    }
    const header = tableHeader(file.head);
    const subject = subjectOf(tableNumber ?? header?.segmentId, place);
    const keys = place.kind === "named" ? keysOf(place.table) : {};
    const all = { offset: 0, endOffset: file.source.sizeBytes };
    const named = openNamed(file, place);
    // Whatever the manifest wants, what is there can be told of by itself.
    const alone = named instanceof TableReader ? named : openAlone(file, header, tableNumber);
    if (named instanceof LsmError) {
      const beginning = { offset: 0, endOffset: Math.min(SEGMENT_HEADER_BYTES, all.endOffset) };
      yield lsmDamage(named, alone instanceof TableReader ? beginning : all, subject, keys);
    } else if (alone instanceof LsmError) yield lsmDamage(alone, all, subject);
    if (!(alone instanceof TableReader)) {
      yield* framesOf(file, header);
      return;
    }
    if (place.kind === "unknown" && tableNumber !== undefined && tableNumber !== alone.tableNumber) {
      const reason = `the header is that of table ${alone.tableNumber}: the file was copied or renamed`;
      yield damage("corrupt", { offset: 0, endOffset: SEGMENT_HEADER_BYTES }, "INSPECT_MISNAMED", reason);
    }
    yield headerLine(alone.header);
    yield* tableLines(alone, subject, named instanceof TableReader && place.kind === "named" ? place.table : undefined);
  },
};

/** The header that a table begins with; undefined where the bytes are none's beginning. */
function tableHeader(head: Uint8Array): SegmentHeader | undefined {
  const outcome = inspectSegmentHeader(head);
  return outcome.kind === "segment" && outcome.header.content === TABLE_CONTENT ? outcome.header : undefined;
}

function subjectOf(tableNumber: number | undefined, place: TablePlace): string {
  const level = place.kind === "named" ? ` of level ${place.table.level}` : "";
  return tableNumber === undefined ? "a table" : `table ${tableNumber}${level}`;
}

/** The table that the manifest names; undefined where none does. */
function openNamed({ source }: InspectedFile, place: TablePlace): TableReader | LsmError | undefined {
  if (place.kind !== "named") return undefined;
  const { databaseId, hashKey } = place.state.database;
  const { tableNumber, bytes, chain } = place.table;
  return attempt(() => new TableReader(source, { databaseId, hashKey, tableNumber, bytes, chain }));
}

/** As whatever table the file says that it is. */
function openAlone(
  { source }: InspectedFile,
  header: SegmentHeader | undefined,
  tableNumber: number | undefined,
): TableReader | LsmError {
  const databaseId = header?.logId ?? new Uint8Array(16);
  const number = header?.segmentId ?? tableNumber ?? 1;
  // A filter that was made with another key says so itself.
  return attempt(() => new TableReader(source, { databaseId, tableNumber: number, hashKey: { low: 0, high: 0 } }));
}

function attempt(open: () => TableReader): TableReader | LsmError {
  try {
    return open();
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
  }
}

/** What can still be followed without an index, from the first frame on. */
function* framesOf({ source }: InspectedFile, header: SegmentHeader | undefined): Generator<Line, void, undefined> {
  if (header === undefined) return;
  yield headerLine(header);
  const cursor = new FrameCursor(source, header);
  while (cursor.next()) yield frameLine(cursor);
}

function* tableLines(
  table: TableReader,
  subject: string,
  expected: TableMeta | undefined,
): Generator<Line, void, undefined> {
  for (const part of walkTable(table)) {
    const range = { offset: part.offset, endOffset: part.offset + part.bytes };
    const { problem } = part;
    if (problem !== undefined) {
      const where = part.kind === "block" ? `block ${part.block} of ${subject}` : `the ${part.kind} of ${subject}`;
      yield lsmDamage(problem, range, where);
    } else if (part.kind === "properties" && expected !== undefined) {
      const field = mismatchOf(table, expected);
      const reason = `${subject}: it states another ${field} than the manifest`;
      if (field !== undefined) yield damage("corrupt", range, "LSM_CORRUPT", reason, keysOf(expected));
    }
    yield* partLines(table, part);
  }
}

/** In what a table contradicts the manifest; size and chain were compared when it was opened. */
function mismatchOf({ properties }: TableReader, expected: TableMeta): string | undefined {
  const numbers = ["entryCount", "deleteCount", "minSeqno", "maxSeqno"] as const;
  const keys = ["smallest", "largest"] as const;
  return (
    numbers.find((field) => properties[field] !== expected[field]) ??
    keys.find((field) => Buffer.compare(properties[field], expected[field]) !== 0)
  );
}

function* partLines(table: TableReader, part: TablePart): Generator<Line, void, undefined> {
  const { offset, bytes: length } = part;
  const place = { offset, length };
  const { index, properties } = table;
  switch (part.kind) {
    case "block":
      yield { kind: "table-block", ...place, fields: blockFields(table, part) };
      if (part.content !== undefined) yield* entryLines(part.content, place);
      return;
    case "filter":
      yield { kind: "table-filter", ...place, fields: { sound: part.problem === undefined } };
      return;
    case "index":
      yield { kind: "table-index", ...place, fields: { blocks: index.blockCount, entries: index.entryCount } };
      return;
    case "trailer":
      yield { kind: "table-trailer", ...place, fields: { chain: table.file.chain } };
      return;
    case "properties": {
      const { entryCount, deleteCount, keyBytes, valueBytes, rawDataBytes, level, createdMs } = properties;
      const numbers = {
        entries: entryCount,
        deletes: deleteCount,
        keyBytes,
        valueBytes,
        rawDataBytes,
        level,
        createdMs,
      };
      const { minSeqno, maxSeqno, firstLsn, lastLsn, smallest, largest } = properties;
      const seqnos = { minSeqno: BigInt(minSeqno), maxSeqno: BigInt(maxSeqno) };
      const lsns = { firstLsn: BigInt(firstLsn), lastLsn: BigInt(lastLsn) };
      yield { kind: "table-properties", ...place, fields: { ...numbers, ...seqnos, ...lsns, smallest, largest } };
    }
  }
}

/** Counts below are those of the index, and the assertions true of every block in it. */
function blockFields({ index }: TableReader, { block, content }: TablePart): Line["fields"] {
  return {
    block,
    entries: index.entryCounts[block]!,
    rawBytes: content?.length ?? null,
    minSeqno: BigInt(index.minSeqnos[block]!),
    maxSeqno: BigInt(index.maxSeqnos[block]!),
    chain: index.chains[block]!,
    ...keysOfBlock(index, block),
  };
}

function keysOfBlock(index: TableReader["index"], block: number): KeyRange {
  const keysUpTo = hexOf(index.separator(block));
  return block === 0 ? { keysUpTo } : { keysAfter: hexOf(index.separator(block - 1)), keysUpTo };
}

/** An entry has no bytes of its own in a block that is compressed: its place is that of the block. */
function* entryLines(
  block: Uint8Array,
  place: { readonly offset: number; readonly length: number },
): Generator<Line, void, undefined> {
  const cursor = new BlockCursor();
  cursor.load(block);
  for (cursor.first(); cursor.valid; cursor.next()) {
    const key = cursor.keyBytes.slice(0, cursor.keyEnd);
    const isPut = cursor.kind === 1;
    const value = isPut ? cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd) : null;
    const fields = { operation: isPut ? "put" : "delete", seqno: BigInt(cursor.seqno), key, value };
    yield { kind: "table-entry", ...place, fields };
  }
}
