/**
 * Where every field of format 2 lies. Integers are little-endian; docs/formats/segment.md explains each field, and the ADR
 * 0006 why it is there.
 *
 * ```
 * segment header, 64 bytes at offset 0
 *   0 magic "HFSG"   4 version   5 checksum   6 hash   7 content   8 epoch   12 nonce   16 log id (16 bytes)
 *   32 segment id    40 base LSN    48 durable LSN    56 previous chain    60 CRC of bytes 0 to 60
 *
 * frame, 32 bytes and the payload, padded with zeros to a multiple of 8
 *   0 chain   4 payload length   8 kind   10 flags   12 span   16 LSN   24 durable lag   28 header CRC   32 payload
 * ```
 */

/** "HFSG" as the little-endian word at offset 0. */
export const SEGMENT_MAGIC = 0x47_53_46_48;
export const FORMAT_VERSION = 2;
/** One sector holds it whole, so a crash leaves the header or not, never half of it, where sectors are atomic. */
export const SEGMENT_HEADER_BYTES = 64;

export const SEGMENT_VERSION = 4;
export const SEGMENT_CHECKSUM = 5;
export const SEGMENT_HASH = 6;
export const SEGMENT_CONTENT = 7;
export const SEGMENT_EPOCH = 8;
export const SEGMENT_NONCE = 12;
export const SEGMENT_LOG_ID = 16;
export const SEGMENT_ID = 32;
export const SEGMENT_BASE_LSN = 40;
export const SEGMENT_DURABLE_LSN = 48;
export const SEGMENT_PREVIOUS_CHAIN = 56;
export const SEGMENT_CRC = 60;

export const LOG_ID_BYTES = 16;

/** Nonce, log id and segment id lie side by side: the CRC of this range is what binds a frame header to its segment. */
export const IDENTITY_START = 12;
export const IDENTITY_END = 40;

/** Bytes before the payload of every frame. */
export const FRAME_HEADER_BYTES = 32;
/** Frames begin at multiples of this, so a search for frame headers looks at every eighth byte only. */
export const FRAME_ALIGNMENT = 8;

export const FRAME_CHAIN = 0;
export const FRAME_PAYLOAD_BYTES = 4;
export const FRAME_KIND = 8;
export const FRAME_FLAGS = 10;
export const FRAME_SPAN = 12;
export const FRAME_LSN = 16;
export const FRAME_DURABLE_LAG = 24;
export const FRAME_CRC = 28;

/** The longest payload of a frame, and what both directions enforce unless an option sets less: 256 MiB. */
export const MAX_PAYLOAD_BYTES = 0x1000_0000;

export const MAX_UINT16 = 0xffff;
export const MAX_UINT32 = 0xffff_ffff;

/**
 * Kinds of frames that every owner of a segment shares. From 16 on the owner decides. 0 is never written: preallocated space
 * reads as zeros, and zeros must never decode as a frame.
 */
export const frameKinds = {
  /** One record. */
  record: 1,
  /** Several records that become visible together, or none of them. */
  batch: 2,
  /** No record; carries what is known durable after a barrier that nothing followed. */
  watermark: 3,
  /** The footer of a sealed segment, its last frame. */
  footer: 4,
  /** The state after all records up to an LSN, the only frame of a file of its own. */
  checkpoint: 5,
} as const;

/** Bytes that a frame with such a payload takes, header and padding included. */
export function frameBytes(payloadBytes: number): number {
  return FRAME_HEADER_BYTES + payloadBytes + (-payloadBytes & (FRAME_ALIGNMENT - 1));
}
