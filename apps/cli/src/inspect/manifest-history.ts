import { FRAME_HEADER_BYTES, type FrameCursor, type SegmentHeader } from "@holdfast/segment-codec";
import { LsmError } from "@holdfast/lsm-tree";
import { decodeVersionEdit, ManifestFold, type EditChange, type TableMeta } from "@holdfast/lsm-tree/format";
import type { Folder } from "./file-format.js";
import type { Damage, Line } from "./line.js";
import { recordRanges } from "./log-records.js";
import { lsmDamage } from "./lsm-damage.js";
import type { RecordLines } from "./segment-file.js";

/**
 * The edits of one manifest, followed from segment to segment: what each says, whether it fits those before it, and what all of them lead to. Behind the
 * first that does not fit nothing more is followed. Memory: that of the set of tables.
 */
export class ManifestHistory implements RecordLines {
  static readonly #known = new WeakMap<Folder, ManifestHistory>();

  #fold: ManifestFold;
  /** LSN of the edit that is due; 0 before the first. */
  #next = 0;
  #isBroken = false;

  /** That of a directory, for its segments in their order. */
  static of(folder: Folder, header: SegmentHeader): ManifestHistory {
    const known = ManifestHistory.#known.get(folder) ?? new ManifestHistory(header);
    ManifestHistory.#known.set(folder, known);
    return known;
  }

  constructor({ baseLsn }: SegmentHeader) {
    this.#fold = new ManifestFold({ isCut: baseLsn > 1 });
  }

  damageOf(cursor: FrameCursor): Damage | undefined {
    const { offset, endOffset } = cursor;
    const payload = cursor.viewPayload();
    let lsn = cursor.lsn;
    for (const { start, end } of recordRanges(cursor)) {
      try {
        this.#add(lsn, decodeVersionEdit(payload.subarray(start, end)));
      } catch (error) {
        if (!(error instanceof LsmError)) throw error;
        this.#isBroken = true;
        const where = `edit ${lsn}, at ${offset + FRAME_HEADER_BYTES + start}`;
        return lsmDamage(error, { offset, endOffset }, where);
      }
      lsn += 1;
    }
    return undefined;
  }

  *lines(cursor: FrameCursor): Generator<Line, void, undefined> {
    const payload = cursor.viewPayload();
    let lsn = cursor.lsn;
    for (const { start, end } of recordRanges(cursor)) {
      const place = { offset: cursor.offset + FRAME_HEADER_BYTES + start, length: end - start };
      yield* editLines(payload.subarray(start, end), BigInt(lsn), place);
      lsn += 1;
    }
  }

  *ending(offset: number): Generator<Line, void, undefined> {
    const { state } = this.#fold;
    if (state === undefined || this.#isBroken) return;
    const place = { offset, length: 0 };
    const { database, version, nextFileNumber, lastSeqno, flushedLsn } = state;
    const marks = { nextFileNumber, lastSeqno: BigInt(lastSeqno), flushedLsn: BigInt(flushedLsn) };
    const totals = totalsOf([...version.tables()]);
    yield { kind: "manifest-state", ...place, fields: { ...identityOf(database), ...marks, ...totals } };
    for (const [level, tables] of version.levels.entries()) {
      if (tables.length === 0) continue;
      yield { kind: "manifest-level", ...place, fields: { level, ...totalsOf(tables) } };
      for (const table of tables) yield { kind: "live-table", ...place, fields: tableFields(table) };
    }
  }

  #add(lsn: number, changes: readonly EditChange[]): void {
    // Behind a gap, which is told of otherwise, it begins anew.
    if (this.#next !== 0 && lsn !== this.#next) this.#fold = new ManifestFold({ isCut: true });
    this.#next = lsn + 1;
    if (!this.#isBroken) this.#fold.add(changes);
  }
}

interface Totals extends Readonly<Record<string, number>> {
  readonly tables: number;
  readonly fileBytes: number;
  readonly entries: number;
  readonly deletes: number;
}

/** Of some tables, as the manifest has them. */
export function totalsOf(tables: readonly TableMeta[]): Totals {
  const sum = (of: (table: TableMeta) => number): number => tables.reduce((total, table) => total + of(table), 0);
  return {
    tables: tables.length,
    fileBytes: sum(({ bytes }) => bytes),
    entries: sum(({ entryCount }) => entryCount),
    deletes: sum(({ deleteCount }) => deleteCount),
  };
}

/** A line for an edit and one for each of its changes, at the same place; the record alone where it is no edit. */
function* editLines(
  bytes: Uint8Array,
  id: bigint,
  place: { readonly offset: number; readonly length: number },
): Generator<Line, void, undefined> {
  let changes: readonly EditChange[];
  try {
    changes = decodeVersionEdit(bytes);
  } catch (error) {
    if (!(error instanceof LsmError)) throw error;
    yield { kind: "record", ...place, fields: { id, payload: bytes } };
    return;
  }
  yield { kind: "manifest-edit", ...place, fields: { id, changes: changes.length } };
  for (const change of changes) yield { kind: "manifest-change", ...place, fields: { id, ...changeFields(change) } };
}

function changeFields(change: EditChange): Line["fields"] {
  switch (change.kind) {
    case "snapshotBegin":
      return { change: "snapshot-begin", records: change.recordCount };
    case "snapshotEnd":
      return { change: "snapshot-end", tables: change.tableCount };
    case "database":
      return { change: "database", ...identityOf(change.database) };
    case "addTable":
      return { change: "add-table", ...tableFields(change.table) };
    case "deleteTable":
      return { change: "delete-table", level: change.level, table: change.tableNumber };
    case "watermarks": {
      const { nextFileNumber, lastSeqno, flushedLsn } = change;
      return { change: "watermarks", nextFileNumber, lastSeqno: BigInt(lastSeqno), flushedLsn: BigInt(flushedLsn) };
    }
    case "compactPointer":
      return { change: "compact-pointer", level: change.level, key: change.key };
    case "note":
      return { change: "note", text: change.text };
  }
}

function identityOf(database: Extract<EditChange, { readonly kind: "database" }>["database"]): Line["fields"] {
  const { databaseId, formatVersion, comparator, levelCount } = database;
  return { databaseId, formatVersion, comparator, levels: levelCount };
}

function tableFields(table: TableMeta): Line["fields"] {
  const { level, tableNumber, bytes, chain, entryCount, deleteCount, minSeqno, maxSeqno } = table;
  const { smallest, largest, createdMs } = table;
  const numbers = { level, table: tableNumber, fileBytes: bytes, chain, entries: entryCount, deletes: deleteCount };
  return { ...numbers, minSeqno: BigInt(minSeqno), maxSeqno: BigInt(maxSeqno), smallest, largest, createdMs };
}
