/**
 * Where each field of an event record lies. The normative page is docs/formats/store.md.
 *
 * ```
 *   0  1  layout: 1                 24  8  time, microseconds since 1970
 *   1  1  flags                     32 16  event id
 *   2  2  kind                      48 32  hash of the event before it in the store
 *   4  2  payload version           80 32  hash of the event before it in its stream
 *   6  2  bytes of the entity      112 16  correlation id, if flagged
 *   8  2  bytes of the scope           16  causation id, if flagged
 *  10  2  bytes of the metadata            entity, scope, metadata
 *  12  4  lane                             payload, up to the end of the record
 *  16  8  revision                         or, if flagged, 4 bytes of its length and its hash
 * ```
 */

export const LAYOUT = 1;

export const layoutAt = {
  layout: 0,
  flags: 1,
  kind: 2,
  payloadVersion: 4,
  entityBytes: 6,
  scopeBytes: 8,
  metadataBytes: 10,
  lane: 12,
  revision: 16,
  time: 24,
  id: 32,
  previousHash: 48,
  previousInStream: 80,
} as const;

/** Bytes of an envelope without names, metadata, correlation and causation. */
export const FIXED_BYTES = 112;
export const ID_BYTES = 16;
export const HASH_BYTES = 32;
/** What stands in the place of a payload that was dropped: its length and its hash. */
export const DROPPED_BYTES: number = 4 + HASH_BYTES;

export const MAX_METADATA_BYTES = 0xffff;

export const eventFlags = { keyed: 1, dropped: 2, correlation: 4, causation: 8 } as const;
export const KNOWN_FLAGS = 15;

/** Whether `bytes[start, start + length)` is all zeros, as a link before which there is no event is. */
export function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let at = start; at < start + length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Whether two ranges hold the same `length` bytes. */
export function isSame(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (a[aStart + at] !== b[bStart + at]) return false;
  return true;
}
