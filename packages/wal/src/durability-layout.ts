/**
 * The files of the crate durability, 0.6 to 0.10, as bytes (docs/formats/durability.md). Every number is little-endian, every
 * checksum the CRC-32 of IEEE 802.3. Offsets of fields, sizes and limits stand here alone.
 *
 * ```
 * record log 1:   "VRLG" | version u32 | records:  L u32 | CRC u32 | L bytes
 * WAL 2 and 3:    "VWAL" | version u32 | first entry id u64 | segment id u64
 *                        | frames:  16+P u32 | entry id u64 | CRC u32 | P bytes
 * checkpoint 1, 2: "VCKP" | version u32 | last applied id u64 | P u64 | CRC u32 | P bytes
 * ```
 */

/** The magics, as the number that their four letters make. */
export const RECORD_LOG_MAGIC = 0x47_4c_52_56;
export const SEGMENT_MAGIC = 0x4c_41_57_56;
export const CHECKPOINT_MAGIC = 0x50_4b_43_56;

export const RECORD_LOG_VERSION = 1;
export const RECORD_LOG_HEADER_BYTES = 8;
export const WAL_HEADER_BYTES = 24;
export const CHECKPOINT_HEADER_BYTES = 28;

/** A version of the WAL. 2 covers the payload by its checksum, 3 the length and the entry id too. */
export type DurabilityWalVersion = 2 | 3;

/** A version of the checkpoint. 1 covers the payload by its checksum, 2 the header too. */
export type DurabilityCheckpointVersion = 1 | 2;

/** The longest payloads that the reference reads back, in bytes. */
export const durabilityLimits: Readonly<Record<"record" | "entry" | "checkpoint", number>> = {
  record: 2 ** 26,
  entry: 2 ** 24,
  checkpoint: 2 ** 28,
};

/** Where the parts of a frame lie, and what its checksum covers. */
export interface FrameGrammar {
  /** What a frame is called in messages. */
  readonly noun: string;
  readonly headerBytes: number;
  /** What the length counts besides the payload. */
  readonly countedBytes: number;
  /** Offset of the entry id; a record has none. */
  readonly idAt: number | undefined;
  readonly crcAt: number;
  /** The checksum begins with the header's bytes before it. */
  readonly coversHeader: boolean;
  /** The longest payload that the reference reads back. */
  readonly longestBytes: number;
}

/** A record of the record log. It has no id, and without a payload it is eight zeros. */
export const recordGrammar: FrameGrammar = {
  noun: "record",
  headerBytes: 8,
  countedBytes: 0,
  idAt: undefined,
  crcAt: 4,
  coversHeader: false,
  longestBytes: durabilityLimits.record,
};

const entryFrame = { headerBytes: 16, countedBytes: 16, idAt: 4, crcAt: 12, longestBytes: durabilityLimits.entry };

/** Frames of the WAL, by version. */
export const entryGrammars: Readonly<Record<DurabilityWalVersion, FrameGrammar>> = {
  2: { ...entryFrame, noun: "entry of version 2", coversHeader: false },
  3: { ...entryFrame, noun: "entry of version 3", coversHeader: true },
};
