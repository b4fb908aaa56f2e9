/**
 * Entry `@holdfast/segment-codec/fbat`: the segments of batpak 0.9.0, read and written byte for byte.
 * @packageDocumentation
 */
export { encodeFbatEventFrame, FbatStreams } from "./fbat-streams.js";
export type { FbatAppend, FbatBatchMarkers, FbatEncoded } from "./fbat-streams.js";
export type { FbatFrame } from "./fbat-batch.js";
export { fbatEncryptionCover, fbatReceiptCover, verifyFbatChain } from "./fbat-chain.js";
export type { FbatChainFinding } from "./fbat-chain.js";
export { FbatEventView, decodeFbatEvent } from "./fbat-event-view.js";
export type { FbatChain, FbatEncryption, FbatEvent } from "./fbat-event.js";
export { decodeFbatFrame, encodeFbatFrame } from "./fbat-frame.js";
export type { FbatFrameOutcome } from "./fbat-frame.js";
export { decodeFbatHeader, encodeFbatHeader } from "./fbat-header.js";
export type { FbatHeader } from "./fbat-header.js";
export { fbatKinds, fbatPlaces } from "./fbat-layout.js";
export { decodeFbatNameTable, encodeFbatNameTable } from "./fbat-name-table.js";
export { isFbatName } from "./fbat-names.js";
export { findFbatFrame } from "./fbat-probe.js";
export { scanFbatSegment } from "./fbat-scan.js";
export type { FbatScan } from "./fbat-scan.js";
export { walkFbatSegment } from "./fbat-walk.js";
export type { FbatScanEnd, FbatScanOptions, FbatTornReason, FbatWalk, FbatWalkOptions } from "./fbat-walk.js";
