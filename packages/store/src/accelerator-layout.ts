import { crc32 } from "@holdfast/segment-codec";

/**
 * The accelerator: the index of all events in sealed segments, in one file beside them. docs/formats/store.md has the normative page.
 *
 * ```
 * header, 64 bytes               a block, as many as follow from the counts
 *  0  8  magic "HFINDEX1"          0  4  bytes of the content, a multiple of 8
 *  8 16  log id                    4  4  number of the block, from 0
 * 24  8  events                    8  4  CRC of the header
 * 32  4  segments                 12  4  CRC of these 12 bytes and the content
 * 36  4  streams                  16  .  content
 * 40  4  entities
 * 44  4  scopes
 * 60  4  CRC of the bytes before
 * ```
 *
 * Blocks: segments; entities; scopes; streams; events; ids. Each kind takes as many blocks as its items need.
 */

/** Its name in the directory of the store. */
export const ACCELERATOR_FILE = "index.accelerator";

export const HEADER_BYTES = 64;
export const BLOCK_HEADER_BYTES = 16;
export const MAGIC: Uint8Array = new TextEncoder().encode("HFINDEX1");

export const headerAt = { logId: 8, events: 24, segments: 32, streams: 36, entities: 40, scopes: 44, crc: 60 } as const;

/** Items of a block at most; of events a multiple of what a chunk of the index holds. */
export const EVENTS_PER_BLOCK = 65_536;
export const NAMES_PER_BLOCK = 4096;
export const STREAMS_PER_BLOCK = 65_536;
export const SEGMENTS_PER_BLOCK = 4096;

/** Of a segment: id, last sequence and size, 8 bytes each, CRC of its header and chain of its last frame, 4 bytes each. */
export const SEGMENT_BYTES = 32;
/** Of a stream: entity and lane, 4 bytes each. */
export const STREAM_BYTES = 8;

/** Of an id: its hash and the ordinal of its event, 4 bytes each. */
export const ID_ENTRY_BYTES = 8;
export const IDS_PER_BLOCK = 65_536;

/** Bytes of no content of a block are more: 4096 names of 1024 bytes take the most. */
export const MAX_BLOCK_BYTES: number = NAMES_PER_BLOCK * (2 + 1024);

/** Columns of a block of events, by how wide a distance may be: frames, streams, scopes, kinds, times. */
export const EVENT_COLUMNS = 5;
/** Widths of the columns, and their bases. */
export const EVENT_HEADER_BYTES: number = 8 + 8 * EVENT_COLUMNS;

/** Whether typed arrays lie in memory as they lie in the file. Where they do not, there is no accelerator. */
export const isLittleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** How many of what an accelerator holds. */
export interface AcceleratorCounts {
  /** Events of the segments it covers. */
  readonly events: number;
  /** Segments it covers. */
  readonly segments: number;
  /** Streams of these events. */
  readonly streams: number;
  /** Names of entities among them. */
  readonly entities: number;
  /** Names of scopes among them. */
  readonly scopes: number;
}

/** What an accelerator says of a segment. */
export interface AcceleratedSegment {
  /** Number of the segment in its log. */
  readonly segmentId: number;
  /** LSN of its last record. */
  readonly lastLsn: number;
  /** Length of its file. */
  readonly sizeBytes: number;
  /** CRC of its header. */
  readonly headerCrc: number;
  /** Chain of its last frame: with the length it tells the file from any other. */
  readonly endChain: number;
}

/** So many items as first and count of each block. */
export function* parts(count: number, perBlock: number): Generator<readonly [number, number], void, undefined> {
  for (let first = 0; first < count; first += perBlock) yield [first, Math.min(perBlock, count - first)];
}

/** The next multiple of 8. */
export function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** CRC of a block: of its header up to the CRC, and of its content. */
export function blockCrc(header: Uint8Array, content: Uint8Array): number {
  return crc32(content, 0, content.length, crc32(header, 0, 12));
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What a block of segments says of one of them. */
export function segmentAt(bytes: Uint8Array, place: number): AcceleratedSegment {
  const view = viewOf(bytes);
  const start = place * SEGMENT_BYTES;
  return {
    segmentId: Number(view.getBigUint64(start, true)),
    lastLsn: Number(view.getBigUint64(start + 8, true)),
    sizeBytes: Number(view.getBigUint64(start + 16, true)),
    headerCrc: view.getUint32(start + 24, true),
    endChain: view.getUint32(start + 28, true),
  };
}

/** Where so many names end in their block, padding included; beyond its end where it has not got so many. */
export function namesEnd(bytes: Uint8Array, count: number): number {
  const view = viewOf(bytes);
  let end = 2 * count;
  for (let place = 0; place < count && end <= bytes.length; place += 1) end += view.getUint16(2 * place, true);
  return padded(end);
}
