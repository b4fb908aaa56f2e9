import type { WalRecord } from "@holdfast/wal";
import { applyBatch } from "./batch-application.js";
import { RANGE_DELETE } from "./internal-key.js";
import { LogRecordCursor } from "./log-record.js";
import type { LiveTree } from "./live-tree.js";
import { corrupt, LsmError } from "./lsm-error.js";
import { LOG_DIRECTORY } from "./write-path.js";

/** Puts records of the log into memtables, as they were when they were written. */
export class LogReplay {
  records = 0;
  operations = 0;
  readonly #tree: LiveTree;
  readonly #cursor = new LogRecordCursor();

  constructor(tree: LiveTree) {
    this.#tree = tree;
  }

  /**
   * Applies the next record; a clear is for the caller, who gets its seqno and has to act on it before the next record.
   *
   * @throws {@link LsmError} `LSM_CORRUPT`, `LSM_UNSUPPORTED`; nothing of the record is applied then.
   */
  add({ lsn, payload }: WalRecord): { readonly kind: "batch" } | { readonly kind: "clear"; readonly seqno: number } {
    const tree = this.#tree;
    const cursor = this.#cursor;
    this.#load(lsn, payload);
    this.records += 1;
    const { baseSeqno, operationCount } = cursor; // it has been gone through, up to its end
    // Seqnos that were given to records which did not reach the log are never given again.
    tree.skipTo(baseSeqno - 1);
    if (cursor.recordKind === "clear") return { kind: "clear", seqno: baseSeqno };
    applyBatch(payload, baseSeqno, operationCount, tree.active, tree.hashKey);
    this.operations += operationCount;
    tree.publish(lsn, payload.length, operationCount);
    return { kind: "batch" };
  }

  /** All of a record is looked at before any of it is applied. */
  #load(lsn: number, payload: Uint8Array): void {
    const cursor = this.#cursor;
    try {
      cursor.load(payload);
      if (cursor.baseSeqno <= this.#tree.visibleSeqno) {
        throw corrupt("the seqnos of a record do not follow those before it", {
          field: "base seqno",
          expected: this.#tree.visibleSeqno + 1,
          actual: cursor.baseSeqno,
        });
      }
      if (cursor.hasRangeDeletes) {
        throw new LsmError("LSM_UNSUPPORTED", "range deletes are of a later version", {
          field: "kind",
          actual: RANGE_DELETE,
        });
      }
    } catch (cause) {
      if (!(cause instanceof LsmError)) throw cause;
      const context = { ...cause.context, file: LOG_DIRECTORY };
      throw new LsmError(cause.code, `record ${lsn} of the log: ${cause.message}`, context, { cause });
    }
  }
}
