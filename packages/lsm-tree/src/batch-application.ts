import { entryKinds } from "./internal-key.js";
import { hashKey, type HashKey } from "./key-hash.js";
import { LOG_RECORD_HEADER_BYTES } from "./log-record.js";
import type { Memtable } from "./memtable.js";

/**
 * Puts the operations of a record into a memtable, which copies it as a whole. Nothing of it is checked: either this process has encoded it, or `LogRecordCursor` has gone through
 * all of it and met no range deletes.
 */
export function applyBatch(
  record: Uint8Array,
  baseSeqno: number,
  operationCount: number,
  memtable: Memtable,
  key: HashKey,
): void {
  let at = LOG_RECORD_HEADER_BYTES;
  const shift = memtable.keep(record, at, record.length) - at;
  for (let seqno = baseSeqno; seqno < baseSeqno + operationCount; seqno++) {
    const kind = record[at++]!; // the encoder has put everything where it is looked for
    let length = 0;
    for (let byte = 0x80, scale = 1; byte > 0x7f; scale *= 128) {
      byte = record[at++]!;
      length += (byte & 0x7f) * scale;
    }
    const keyStart = at;
    const keyEnd = (at += length);
    if (kind === entryKinds.put) {
      length = 0;
      for (let byte = 0x80, scale = 1; byte > 0x7f; scale *= 128) {
        byte = record[at++]!;
        length += (byte & 0x7f) * scale;
      }
      at += length;
    }
    const hash = hashKey(record, keyStart, keyEnd, key);
    // A delete has no value: its range ends where it begins.
    const valueStart = kind === entryKinds.put ? at - length : keyEnd;
    memtable.addKept(kind, seqno, hash, keyStart + shift, keyEnd + shift, valueStart + shift, at + shift);
  }
}
