/**
 * Entry `@holdfast/segment-codec`: the grammar of segments as pure functions over bytes: headers, frames, checksums,
 * scans.
 * @packageDocumentation
 */
export { CodecError, codecErrorCodes } from "./codec-error.js";
export type { CodecErrorCode, CodecErrorContext } from "./codec-error.js";
export { checksumAlgorithms, crc32, crc32Backend, hashAlgorithms } from "./checksum.js";
export type { ContentHash, HashAlgorithm } from "./checksum.js";
export { peekUint64, readUint64, uint64ToNumber, writeUint64 } from "./uint64.js";
export { readExactly, sourceOf } from "./byte-source.js";
export type { ByteSource } from "./byte-source.js";
export { ByteWindow } from "./byte-window.js";
export { RangeChecksums } from "./range-checksums.js";
export type { RangeChecksumsOptions } from "./range-checksums.js";
export { FRAME_HEADER_BYTES, MAX_PAYLOAD_BYTES, SEGMENT_HEADER_BYTES, frameBytes, frameKinds } from "./frame-layout.js";
export { encodeSegmentHeader, frameSeedOf, inspectSegmentHeader, readSegmentHeader } from "./segment-header.js";
export type { SegmentHeader, SegmentHeaderOutcome, SegmentIdentity } from "./segment-header.js";
export { continuesFrom, laterDecision, successorAt } from "./segment-succession.js";
export type { FrameBoundary } from "./segment-succession.js";
export { FrameEncoder } from "./frame-encoder.js";
export type { FrameEncoderOptions, FrameMeta } from "./frame-encoder.js";
export { FrameCursor } from "./frame-cursor.js";
export type { FrameCursorOptions, FramePosition, FrameStop } from "./frame-cursor.js";
export { findLaterFrames } from "./later-frames.js";
export type { LaterFrames } from "./later-frames.js";
export { scanSegment } from "./frame-scan.js";
export type { ScanEnd, SegmentScan, SegmentScanOptions, TornReason } from "./frame-scan.js";
