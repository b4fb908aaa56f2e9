import { crc32, writeUint64 } from "@holdfast/segment-codec";
import {
  RECORD_LOG_HEADER_BYTES,
  RECORD_LOG_MAGIC,
  RECORD_LOG_VERSION,
  SEGMENT_MAGIC,
  WAL_HEADER_BYTES,
  entryGrammars,
  recordGrammar,
  type DurabilityWalVersion,
  type FrameGrammar,
} from "./durability-layout.js";
import { checkBytes, checkId, checkVersion } from "./durability-options.js";
import { WalError } from "./wal-error.js";

/**
 * The encoders: bytes that the reference would have written, owned by the caller. What the reference writes and can never read
 * back, a payload above its limit, is refused with `WAL_RECORD_TOO_LARGE`. Wrong arguments are `WAL_INVALID_OPTION`.
 */

/** The 8 bytes that a record log begins with. */
export function encodeRecordLogHeader(): Uint8Array {
  const { bytes, view } = allocate(RECORD_LOG_HEADER_BYTES);
  view.setUint32(0, RECORD_LOG_MAGIC, true);
  view.setUint32(4, RECORD_LOG_VERSION, true);
  return bytes;
}

/**
 * One record of a record log.
 *
 * An empty payload makes eight zero bytes, which nothing tells from space that was never written as long as nothing follows.
 */
export function encodeLogRecord(payload: Uint8Array): Uint8Array {
  return encodeFrame(recordGrammar, 0, payload);
}

/** What a segment of durability says of itself. */
export interface DurabilitySegmentHeader {
  /** Of the frames in it. */
  readonly version: DurabilityWalVersion;
  /** Id of the first entry that is written to the segment. */
  readonly startEntryId: number;
  /** The number in the file's name. */
  readonly segmentId: number;
}

/** The 24 bytes that a WAL segment begins with. */
export function encodeDurabilitySegmentHeader(header: DurabilitySegmentHeader): Uint8Array {
  checkVersion(header.version, [2, 3]);
  checkId(header.startEntryId, "startEntryId", 1);
  checkId(header.segmentId, "segmentId", 1);
  const { bytes, view } = allocate(WAL_HEADER_BYTES);
  view.setUint32(0, SEGMENT_MAGIC, true);
  view.setUint32(4, header.version, true);
  writeUint64(view, 8, header.startEntryId);
  writeUint64(view, 16, header.segmentId);
  return bytes;
}

/** One entry of a WAL segment of that version. */
export function encodeDurabilityEntry(version: DurabilityWalVersion, entryId: number, payload: Uint8Array): Uint8Array {
  checkVersion(version, [2, 3]);
  checkId(entryId, "entryId", 1);
  return encodeFrame(entryGrammars[version], entryId, payload);
}

function encodeFrame(grammar: FrameGrammar, entryId: number, payload: Uint8Array): Uint8Array {
  checkPayload(payload, grammar);
  const { headerBytes, countedBytes, idAt, crcAt } = grammar;
  const { bytes, view } = allocate(headerBytes + payload.length);
  view.setUint32(0, countedBytes + payload.length, true);
  if (idAt !== undefined) writeUint64(view, idAt, entryId);
  bytes.set(payload, headerBytes);
  view.setUint32(crcAt, frameChecksum(grammar, bytes, 0, bytes.length), true);
  return bytes;
}

/** What the checksum of the frame at `[at, end)` must be; the caller has checked the range. */
export function frameChecksum(grammar: FrameGrammar, bytes: Uint8Array, at: number, end: number): number {
  return crc32(bytes, at + grammar.headerBytes, end, checksumSeed(grammar, bytes, at));
}

/** What the checksum of a frame's payload continues from. */
export function checksumSeed({ coversHeader, crcAt }: FrameGrammar, bytes: Uint8Array, at: number): number {
  return coversHeader ? crc32(bytes, at, at + crcAt) : 0;
}

function checkPayload(payload: Uint8Array, { noun, longestBytes }: FrameGrammar): void {
  checkBytes(payload, "payload");
  if (payload.length <= longestBytes) return;
  const message = `${payload.length} bytes for one ${noun}, which the reference reads up to ${longestBytes}`;
  throw new WalError("WAL_RECORD_TOO_LARGE", message, { expected: longestBytes, actual: payload.length });
}

export function allocate(size: number): { readonly bytes: Uint8Array; readonly view: DataView } {
  const bytes = new Uint8Array(size);
  return { bytes, view: new DataView(bytes.buffer) };
}
