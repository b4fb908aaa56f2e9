import { FRAME_HEADER_BYTES, type FrameCursor } from "@holdfast/segment-codec";
import { LsmError } from "@holdfast/lsm-tree";
import { LogRecordCursor, type ManifestState } from "@holdfast/lsm-tree/format";
import type { Folder } from "./file-format.js";
import { damage, type Damage, type Line } from "./line.js";
import { recordRanges } from "./log-records.js";
import { lsmDamage } from "./lsm-damage.js";
import { readManifestOf } from "./manifest-reading.js";
import type { RecordLines } from "./segment-file.js";

/** Content of the segments of a database's log: docs/formats/lsm-log.md. */
export const batchContent = 4;
/** Its directory in that of the database. */
export const batchDirectory = "wal";

/** The batches in the log of one database: what each says, and whether their seqnos follow one another. Memory: one record. */
export class BatchHistory implements RecordLines {
  static readonly #known = new WeakMap<Folder, BatchHistory>();

  readonly #cursor = new LogRecordCursor();
  readonly #state: ManifestState | undefined;
  #lastSeqno = 0;

  /** That of a directory, for its segments in their order. */
  static of(folder: Folder): BatchHistory {
    const known = BatchHistory.#known.get(folder) ?? new BatchHistory(folder);
    BatchHistory.#known.set(folder, known);
    return known;
  }

  /** @param folder - of the log, whose database may say what is in tables. */
  constructor(folder: Folder | undefined) {
    const home = folder?.name === batchDirectory ? folder.parent?.() : undefined;
    this.#state = home === undefined ? undefined : readManifestOf(home)?.state;
  }

  damageOf(cursor: FrameCursor): Damage | undefined {
    const { offset, endOffset } = cursor;
    const payload = cursor.viewPayload();
    let lsn = cursor.lsn;
    for (const { start, end } of recordRanges(cursor)) {
      const where = `record ${lsn}, at ${offset + FRAME_HEADER_BYTES + start}`;
      try {
        this.#cursor.load(payload.subarray(start, end));
      } catch (error) {
        if (!(error instanceof LsmError)) throw error;
        return lsmDamage(error, { offset, endOffset }, where);
      }
      const { baseSeqno, lastSeqno } = this.#cursor;
      const before = Math.max(this.#lastSeqno, this.#inTables(lsn) ? 0 : (this.#state?.lastSeqno ?? 0));
      this.#lastSeqno = Math.max(this.#lastSeqno, lastSeqno);
      if (baseSeqno <= before) {
        const reason = `${where}: it has seqno ${baseSeqno}, and what is before it goes up to ${before}`;
        return damage("corrupt", { offset, endOffset }, "LSM_CORRUPT", reason);
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
      yield* this.#recordLines(payload.subarray(start, end), lsn, place);
      lsn += 1;
    }
  }

  *#recordLines(
    bytes: Uint8Array,
    lsn: number,
    place: { readonly offset: number; readonly length: number },
  ): Generator<Line, void, undefined> {
    const record = this.#cursor;
    const id = BigInt(lsn);
    try {
      record.load(bytes);
    } catch (error) {
      if (!(error instanceof LsmError)) throw error;
      yield { kind: "record", ...place, fields: { id, payload: bytes } };
      return;
    }
    const inTables = this.#state === undefined ? null : this.#inTables(lsn);
    const common = { id, baseSeqno: BigInt(record.baseSeqno) };
    if (record.recordKind === "clear") {
      yield { kind: "log-clear", ...place, fields: { ...common, inTables } };
      return;
    }
    yield { kind: "log-batch", ...place, fields: { ...common, operations: record.operationCount, inTables } };
    while (record.next()) {
      const { kind, seqno, keyStart, keyEnd, valueStart, valueEnd } = record;
      const key = bytes.subarray(keyStart, keyEnd);
      const operation = kind === 1 ? "put" : kind === 2 ? "delete" : "delete-range";
      const hasValue = kind === 1 || record.hasEnd;
      const value = hasValue ? bytes.subarray(valueStart, valueEnd) : null;
      yield { kind: "log-operation", ...place, fields: { id, seqno: BigInt(seqno), operation, key, value } };
    }
  }

  #inTables(lsn: number): boolean {
    return lsn <= (this.#state?.flushedLsn ?? 0);
  }
}
