/**
 * Entry `@holdfast/store/format`: what a store writes as pure functions over bytes, for tools that open no store.
 * @packageDocumentation
 */
export { commonCount } from "./accelerated-segments.js";
export type { KnownSegment } from "./accelerated-segments.js";
export { ACCELERATOR_FILE } from "./accelerator-layout.js";
export type { AcceleratedSegment, AcceleratorCounts } from "./accelerator-layout.js";
export { walkAccelerator } from "./accelerator-walk.js";
export type { AcceleratorContent, AcceleratorPart } from "./accelerator-walk.js";
export { inspectCursorPosition } from "./cursor-position.js";
export type { CursorInspection, CursorPosition } from "./cursor-position.js";
export { ChainCheck } from "./event-chain.js";
export type { ChainFault, ChainPoint } from "./event-chain.js";
export { dropPayload, encodeEnvelope, encodeEventRecord, envelopeBytes } from "./event-encoder.js";
export type { EventEnvelope } from "./event-encoder.js";
export { EventHasher } from "./event-hash.js";
export { EventRecord } from "./event-record.js";
export { inspectRow } from "./projection-row.js";
export type { RowFacts, RowInspection } from "./projection-row.js";
export { sha256 } from "./sha256.js";
export { UNFINISHED_BACKUP } from "./unfinished-backup.js";
