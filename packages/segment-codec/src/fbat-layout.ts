/**
 * Constants of the segments that batpak 0.9.0 writes: "FBAT" version 1. Integers of the file are big-endian; the envelope of a
 * frame is MessagePack in the one encoding that its writer produces. Source: docs/formats/fbat.md.
 */

/** "FBAT" as the big-endian word at offset 0. */
export const FBAT_MAGIC = 0x46_42_41_54;
export const FBAT_VERSION = 1;
/** Magic and header length, before the header itself. */
export const FBAT_PREAMBLE_BYTES = 8;
export const FBAT_MAX_HEADER_BYTES = 65_536;
/** Length and CRC, before the payload of a frame. */
export const FBAT_FRAME_HEADER_BYTES = 8;
/** 256 MiB, inclusive: no reader of the format accepts more. */
export const FBAT_MAX_PAYLOAD_BYTES = 268_435_456;
export const FBAT_MAX_BATCH_ITEMS = 1_000_000;
/** Receipt extensions of one event. The reference bounds their bytes alone; a map of more would take gigabytes. */
export const FBAT_MAX_EXTENSIONS = 0x10_0000;

/** Event kinds that mean something to the format itself. */
export const fbatKinds = {
  batchBegin: 0x0006,
  batchCommit: 0x0007,
  openCompleted: 0x0008,
  closeCompleted: 0x0009,
  denial: 0x000f,
  tombstone: 0x0ffe,
  data: 0x1000,
} as const;

/** Where the reference files its own events. */
export const fbatPlaces = {
  lifecycle: { entity: "batpak:store", scope: "batpak:lifecycle" },
  batch: { entity: "_batch", scope: "_system" },
} as const;

export const FBAT_ID_BYTES = 16;
export const FBAT_HASH_BYTES = 32;
export const FBAT_NONCE_BYTES = 24;
