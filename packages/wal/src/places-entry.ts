/**
 * Entry `@holdfast/wal/places`: records by the places of their frames, and footers, for whoever keeps an index of a
 * log.
 * @packageDocumentation
 */
export { PlaceReader } from "./place-reader.js";
export type { PlacedLog, PlaceReaderOptions } from "./place-reader.js";
export { openRecordWalk } from "./record-walk.js";
export type { RecordWalk, RecordWalkOptions, WalkPlace } from "./record-walk.js";
export { SegmentFooters } from "./segment-footers.js";
export type { FooterOf, FooterWriter, SealedSegment } from "./segment-footers.js";
export type { LogSegment } from "./segment-list.js";
export { WalError, walErrorCodes } from "./wal-error.js";
export type { WalErrorCode, WalErrorContext } from "./wal-error.js";
