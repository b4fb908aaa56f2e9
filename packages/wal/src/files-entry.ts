/**
 * Entry `@holdfast/wal/files`: names and grammars of a log's files, for tools that look into them. What opens and reads
 * a whole log is in the main entry and in `record-log`, and what judges it in `verify`.
 * @packageDocumentation
 */
export { batchRecordEnd, batchRecordStart } from "./batch-payload.js";
export { decodeCheckpoint, encodeCheckpoint } from "./checkpoint-codec.js";
export type { CheckpointIdentity, CheckpointOutcome } from "./checkpoint-codec.js";
export { formatCheckpointFileName, parseCheckpointFileName } from "./checkpoint-file-name.js";
export { asidePattern } from "./record-log-aside.js";
export { encodeSection, sectionFrameKind } from "./record-log-section.js";
export type { Section, SectionBoundary } from "./record-log-section.js";
export { scanSections } from "./record-log-scan.js";
export type { RecordLogScan } from "./record-log-scan.js";
export { SectionWalk } from "./record-log-walk.js";
export type { SectionStart } from "./record-log-walk.js";
export { formatSegmentFileName, parseSegmentFileName } from "./segment-file-name.js";
export type { SegmentFileName } from "./segment-file-name.js";
export { liveSegments } from "./segment-survey.js";
export type { SegmentSource, SoundSegment } from "./segment-survey.js";
export { finish } from "./sliced-work.js";
export type { Steps } from "./sliced-work.js";
