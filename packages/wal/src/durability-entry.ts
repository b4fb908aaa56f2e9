/**
 * Entry `@holdfast/wal/durability`: the files of the crate durability, 0.6 to 0.10, read and written byte for byte.
 * @packageDocumentation
 */
export { appendToDurabilityLog } from "./durability-append.js";
export type { DurabilityAppended, DurabilityAppendOptions } from "./durability-append.js";
export { decodeDurabilityCheckpoint, encodeDurabilityCheckpoint } from "./durability-checkpoint.js";
export type { DurabilityCheckpoint } from "./durability-checkpoint.js";
export { DurabilityLogEncoder } from "./durability-encoder.js";
export type { DurabilityLogEncoderOptions, DurabilityPiece } from "./durability-encoder.js";
export { surveyDurabilityLog } from "./durability-directory.js";
export type { DurabilitySegmentFile, DurabilitySurvey } from "./durability-directory.js";
export type { DurabilityStop } from "./durability-cursor.js";
export type { DurabilityEnd, DurabilityTornReason } from "./durability-end.js";
export {
  encodeDurabilityEntry,
  encodeDurabilitySegmentHeader,
  encodeLogRecord,
  encodeRecordLogHeader,
} from "./durability-frame.js";
export type { DurabilitySegmentHeader } from "./durability-frame.js";
export { durabilityLimits } from "./durability-layout.js";
export type { DurabilityCheckpointVersion, DurabilityWalVersion } from "./durability-layout.js";
export { readDurabilityLog, verifyDurabilityLog } from "./durability-log.js";
export type { DurabilityReadOptions, DurabilityReport } from "./durability-log.js";
export { durabilityRecords, walkRecordLog } from "./durability-record-log.js";
export type { DurabilityRecord, RecordLogWalk, RecordLogWalkOptions } from "./durability-record-log.js";
export { durabilityEntries, walkDurabilitySegment } from "./durability-segment.js";
export type { DurabilityEntry, DurabilitySegmentWalk, DurabilitySegmentWalkOptions } from "./durability-segment.js";
