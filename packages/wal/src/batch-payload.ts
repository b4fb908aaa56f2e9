/**
 * How several records lie in the payload of one batch frame: for each its length, 32 bits little-endian, and its bytes, one
 * behind the other and nothing after the last. The number of records is the frame's span. One frame is one checksum, so a
 * batch is there as a whole or not at all.
 */

const LENGTH_BYTES = 4;

/** Bytes of the payload that holds these records. */
export function batchPayloadBytes(records: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const record of records) bytes += LENGTH_BYTES + record.length;
  return bytes;
}

/** Writes the records into `target` from `offset` on, which has room for {@link batchPayloadBytes}. */
export function encodeBatchPayload(records: readonly Uint8Array[], target: Uint8Array, offset: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  let at = offset;
  for (const record of records) {
    view.setUint32(at, record.length, true);
    target.set(record, at + LENGTH_BYTES);
    at += LENGTH_BYTES + record.length;
  }
}

/**
 * Offset behind the record that begins at `at`, in a payload that ends at `end`; -1 when its length runs past the payload, which
 * sound checksums over bytes of another encoder may say.
 */
export function batchRecordEnd(bytes: Uint8Array, at: number, end: number): number {
  const room = end - at - LENGTH_BYTES;
  if (room < 0) return -1;
  const length = readLength(bytes, at);
  return length > room ? -1 : at + LENGTH_BYTES + length;
}

/** Where the bytes of the record that begins at `at` begin. */
export function batchRecordStart(at: number): number {
  return at + LENGTH_BYTES;
}

function readLength(bytes: Uint8Array, at: number): number {
  // A record ends inside the payload, so these four are there: batchRecordEnd has looked.
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
