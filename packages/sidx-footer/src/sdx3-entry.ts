/**
 * Entry `@holdfast/sidx-footer/sdx3`: the footers of batpak 0.9.0 and 0.8, read and written byte for byte.
 * @packageDocumentation
 */
export { SidxError, sidxErrorCodes } from "./sidx-error.js";
export type { SidxErrorCode, SidxErrorContext } from "./sidx-error.js";
export { confirmFooter, sdx3RowDiffers, sdx3RowOf } from "./footer-confirmation.js";
export type { ConfirmedEvent, FooterConfirmation, ReadFooter } from "./footer-confirmation.js";
export { readSdx3Segment } from "./footer-segment.js";
export type { FooterReport, Sdx3Segment, Sdx3SegmentOptions, SegmentEnd, SegmentEvent } from "./footer-segment.js";
export { encodeSdx2, encodeSdx3 } from "./sdx3-encoder.js";
export type { Sdx3Format } from "./sdx3-layout.js";
export { readSdx3 } from "./sdx3-reader.js";
export type { Sdx3Outcome, Sdx3ReadOptions } from "./sdx3-reader.js";
export type { Sdx3Row } from "./sdx3-row.js";
export { Sdx2Claims, Sdx3Rows } from "./sdx3-rows.js";
export type { Sdx2Claim } from "./sdx3-rows.js";
