import { writeUint64 } from "@holdfast/segment-codec";
import { copyBytes, entryKinds, MAX_KEY_BYTES, MAX_SEQNO, MAX_VALUE_BYTES, RANGE_DELETE } from "./internal-key.js";
import { HAS_RANGE_DELETES, LOG_RECORD_HEADER_BYTES, logRecordKinds } from "./log-record.js";
import { checkIsBytes, checkKeys, checkWhole } from "./option-check.js";
import { MAX_VARINT_BYTES, writeVarint } from "./varint.js";

/** How long a batch may become. */
export interface WriteBatchOptions {
  /** A batch whose record would be longer is refused. Bytes, default 64 MiB; the log's own limit may be less. */
  readonly maxRecordBytes?: number;
}

/**
 * Encodes operations into one log record, in a buffer that grows and is used again. Operations apply in their order, so the last one
 * on a key wins.
 */
export class WriteBatch {
  /** Operations of the batch. */
  operationCount = 0;
  readonly #maxRecordBytes: number;
  #bytes = new Uint8Array(4096);
  #at = LOG_RECORD_HEADER_BYTES;
  #flags = 0;

  /** @throws `TypeError` or `RangeError` that names the option. */
  constructor(options: WriteBatchOptions = {}) {
    checkKeys(options, ["maxRecordBytes"], "WriteBatch");
    const { maxRecordBytes = 0x400_0000 } = options;
    checkWhole(maxRecordBytes, "maxRecordBytes", LOG_RECORD_HEADER_BYTES, 0x1000_0000);
    this.#maxRecordBytes = maxRecordBytes;
  }

  /** Bytes of the record so far. */
  get recordBytes(): number {
    return this.#at;
  }

  /**
   * Adds a put; key and value are copied.
   *
   * @throws `TypeError` for what is no Uint8Array, `RangeError` when key, value or the record would be too long; the batch is as it was then.
   */
  put(key: Uint8Array, value: Uint8Array): void {
    checkIsBytes(value, "value");
    checkWhole(value.length, "bytes of the value", 0, MAX_VALUE_BYTES);
    this.#add(entryKinds.put, key, value, value.length);
  }

  /** Adds a delete; the key is copied. Throws as {@link put} does. */
  delete(key: Uint8Array): void {
    this.#add(entryKinds.delete, key, undefined, 0);
  }

  /** Adds the deletion of all keys from `start` up to `end`, exclusive; without `end` of all from `start` on. Throws as {@link put} does. */
  deleteRange(start: Uint8Array, end: Uint8Array | undefined): void {
    checkIsBytes(start, "start");
    if (end !== undefined) {
      checkIsBytes(end, "end");
      checkWhole(end.length, "bytes of the end", 0, MAX_KEY_BYTES);
    }
    this.#add(RANGE_DELETE, start, end, end === undefined ? 0 : end.length + 1);
    this.#flags |= HAS_RANGE_DELETES;
  }

  /** Whether an operation deletes a range of keys. */
  get hasRangeDeletes(): boolean {
    return this.#flags !== 0;
  }

  /** Adds all operations of another batch, behind those that are here. Throws as {@link put} does. */
  append(other: WriteBatch): void {
    const more = other.#at - LOG_RECORD_HEADER_BYTES;
    checkWhole(this.#at + more, "bytes of the batch", 0, this.#maxRecordBytes);
    if (this.#at + more > this.#bytes.length) this.#reserve(this.#at + more);
    this.#bytes.set(other.#bytes.subarray(LOG_RECORD_HEADER_BYTES, other.#at), this.#at);
    this.#at += more;
    this.operationCount += other.operationCount;
    this.#flags |= other.#flags;
  }

  /**
   * Completes the record and returns it, lent until the batch is changed or reset.
   *
   * @param baseSeqno - of the first operation; the others follow it.
   * @throws `RangeError` when there are no operations, or no seqnos are left.
   */
  finish(baseSeqno: number): Uint8Array {
    checkWhole(this.operationCount, "operations", 1, 0xffff_ffff);
    checkWhole(baseSeqno, "baseSeqno", 1, MAX_SEQNO - this.operationCount + 1);
    writeHeader(this.#bytes, logRecordKinds.batch, { flags: this.#flags, count: this.operationCount, baseSeqno });
    return this.#bytes.subarray(0, this.#at);
  }

  /** Empties the batch; the buffer stays. */
  reset(): void {
    this.operationCount = 0;
    this.#at = LOG_RECORD_HEADER_BYTES;
    this.#flags = 0;
  }

  /** @param length - what stands in front of `second`; nothing does where a delete has none. */
  #add(kind: number, key: Uint8Array, second: Uint8Array | undefined, length: number): void {
    checkIsBytes(key, "key");
    checkWhole(key.length, "bytes of the key", 0, MAX_KEY_BYTES);
    const secondBytes = second?.length ?? 0;
    const most = this.#at + 1 + 2 * MAX_VARINT_BYTES + key.length + secondBytes;
    if (most > this.#bytes.length) this.#reserve(most);
    const bytes = this.#bytes;
    bytes[this.#at] = kind;
    let at = writeVarint(bytes, this.#at + 1, key.length);
    copyBytes(bytes, at, key, 0, key.length);
    at += key.length;
    if (kind !== entryKinds.delete) at = writeVarint(bytes, at, length);
    if (second !== undefined) copyBytes(bytes, at, second, 0, secondBytes);
    at += secondBytes;
    checkWhole(at, "bytes of the batch", 0, this.#maxRecordBytes);
    this.#at = at;
    this.operationCount += 1;
  }

  #reserve(bytes: number): void {
    const larger = new Uint8Array(Math.max(bytes, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** The record that ends everything before it: it takes one seqno, below which nothing is seen any more. */
export function encodeClear(seqno: number): Uint8Array {
  checkWhole(seqno, "seqno", 1, MAX_SEQNO);
  const bytes = new Uint8Array(LOG_RECORD_HEADER_BYTES);
  writeHeader(bytes, logRecordKinds.clear, { flags: 0, count: 1, baseSeqno: seqno });
  return bytes;
}

function writeHeader(
  bytes: Uint8Array,
  kind: number,
  { flags, count, baseSeqno }: { readonly flags: number; readonly count: number; readonly baseSeqno: number },
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, LOG_RECORD_HEADER_BYTES);
  view.setUint8(0, kind);
  view.setUint8(1, flags);
  view.setUint16(2, 0, true);
  view.setUint32(4, count, true);
  writeUint64(view, 8, baseSeqno);
}
