import { ByteReader } from "./byte-reader.js";
import { entryKinds, MAX_KEY_BYTES, MAX_SEQNO, MAX_VALUE_BYTES, RANGE_DELETE } from "./internal-key.js";
import { LsmError } from "./lsm-error.js";

/**
 * One record of the log: a batch, which is all there or not at all, or the end of everything before it. The normative page is
 * docs/formats/lsm-log.md.
 *
 * ```
 *  0  1  kind: 1 = batch, 2 = clear     4  4  operations
 *  1  1  flags: 1 = has range deletes   8  8  base seqno: operation i has base + i
 *  2  2  keyspace: 0                   16     operations
 * ```
 */

export const logRecordKinds = { batch: 1, clear: 2 } as const;
export const LOG_RECORD_HEADER_BYTES = 16;
export const HAS_RANGE_DELETES = 1;

/**
 * Goes through the operations of a record. All of it is checked when it is loaded, so that nobody applies the first half of a batch and meets an
 * error in the second.
 */
export class LogRecordCursor {
  /** `batch` or `clear`; a clear has no operations and takes one seqno. */
  recordKind: "batch" | "clear" = "batch";
  /** Operations of the record. */
  operationCount = 0;
  /** Seqno of the first of them. */
  baseSeqno = 0;
  /** Of the operation this stands on. Ranges lie in {@link bytes}. */
  kind = 0;
  /** Of the operation this stands on. */
  seqno = 0;
  /** Where its key begins. */
  keyStart = 0;
  /** Where its key ends, exclusive. */
  keyEnd = 0;
  /** Where its value begins. */
  valueStart = 0;
  /** Where its value ends, exclusive. */
  valueEnd = 0;
  /** End of a range delete, exclusive, in `valueStart` to `valueEnd`; false when it has none. */
  hasEnd = false;
  /** Of the whole record: whether an operation deletes a range of keys. */
  hasRangeDeletes = false;
  /** The record; borrowed. */
  bytes: Uint8Array = new Uint8Array();
  #reader = new ByteReader(this.bytes, "a log record");
  #index = 0;

  /** Highest seqno of the record. */
  get lastSeqno(): number {
    return this.baseSeqno + this.operationCount - 1;
  }

  /**
   * Turns to a record, which is borrowed, and stands before its first operation.
   *
   * @throws {@link LsmError} `LSM_CORRUPT` with the offset in the record, `LSM_UNSUPPORTED` for kinds and flags of later versions; the cursor
   * has no operations then.
   */
  load(bytes: Uint8Array): void {
    this.operationCount = 0;
    this.hasRangeDeletes = false;
    this.#index = 0;
    this.bytes = bytes;
    this.#reader = new ByteReader(bytes, "a log record");
    const count = this.#readHeader();
    if (this.recordKind === "batch") {
      for (let index = 0; index < count; index++) {
        this.#read();
        this.hasRangeDeletes ||= this.kind === RANGE_DELETE;
      }
    }
    this.#reader.finish();
    if (this.hasRangeDeletes !== ((bytes[1]! & HAS_RANGE_DELETES) !== 0)) {
      throw this.#reader.error("flags", "do not fit the operations", 1);
    } // it has a header
    this.operationCount = count;
    this.#reader = new ByteReader(bytes, "a log record", LOG_RECORD_HEADER_BYTES);
  }

  /** To the next operation; false when there is none. */
  next(): boolean {
    if (this.recordKind !== "batch" || this.#index >= this.operationCount) return false;
    this.seqno = this.baseSeqno + this.#index;
    this.#index += 1;
    this.#read();
    return true;
  }

  /** Returns the number of operations. */
  #readHeader(): number {
    const reader = this.#reader;
    const kind = reader.uint8("kind");
    if (kind === 0) throw reader.error("kind", "is 0", 0);
    if (kind !== logRecordKinds.batch && kind !== logRecordKinds.clear) throw unsupported("kind", kind, 0);
    const flags = reader.uint8("flags");
    if (flags > HAS_RANGE_DELETES) throw unsupported("flags", flags, 1);
    const keyspace = reader.uint16("keyspace");
    if (keyspace !== 0) throw unsupported("keyspace", keyspace, 2);
    const count = reader.uint32("operations");
    this.recordKind = kind === logRecordKinds.batch ? "batch" : "clear";
    // An operation has two bytes at least, so what is left bounds how many there may be.
    const most = this.recordKind === "clear" ? 1 : Math.floor((reader.end - LOG_RECORD_HEADER_BYTES) / 2);
    if (count < 1 || count > most) throw reader.error("operations", `are ${count}`, 4);
    this.baseSeqno = reader.uint64("base seqno");
    if (this.baseSeqno < 1 || this.baseSeqno + count - 1 > MAX_SEQNO) {
      throw reader.error("base seqno", `is ${this.baseSeqno}`, 8);
    }
    return count;
  }

  #read(): void {
    const reader = this.#reader;
    const at = reader.at;
    this.kind = reader.uint8("kind of an operation");
    if (this.kind === 0) throw reader.error("kind of an operation", "is 0", at);
    const keyBytes = reader.varint("bytes of a key", MAX_KEY_BYTES);
    this.keyStart = reader.take(keyBytes, "key");
    this.keyEnd = reader.at;
    this.hasEnd = false;
    this.valueStart = this.valueEnd = this.keyEnd;
    switch (this.kind) {
      case entryKinds.put: {
        const valueBytes = reader.varint("bytes of a value", MAX_VALUE_BYTES);
        this.valueStart = reader.take(valueBytes, "value");
        break;
      }
      case entryKinds.delete:
        break;
      case RANGE_DELETE: {
        const endBytes = reader.varint("bytes of an end", MAX_KEY_BYTES + 1);
        this.hasEnd = endBytes > 0;
        this.valueStart = reader.take(Math.max(0, endBytes - 1), "end");
        break;
      }
      default:
        throw unsupported("kind of an operation", this.kind, at);
    }
    this.valueEnd = reader.at;
  }
}

function unsupported(field: string, actual: number, offset: number): LsmError {
  return new LsmError("LSM_UNSUPPORTED", `${field} ${actual} of a log record is not known`, { offset, field, actual });
}
