/**
 * Entry `@holdfast/wal/rewrite`: segments written once more, in place of the old ones or elsewhere, for retention and
 * backups.
 * @packageDocumentation
 */
export { copyFault, copySegment } from "./segment-copy.js";
export type { CopyFooter, ReplaceRecord, SegmentCopy, SegmentCopyOptions } from "./segment-copy.js";
export { beginSegment, readSealed, rewriteSegment } from "./segment-rewrite.js";
export type { RewrittenSegment, SealedReading, SegmentRewriteOptions } from "./segment-rewrite.js";
export type { FramedRecord } from "./sealed-frames.js";
