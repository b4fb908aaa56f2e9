/** Entry `@holdfast/sidx-footer`: SDX4, the index at the end of a sealed segment of ours. @packageDocumentation */
export { SidxError, sidxErrorCodes } from "./sidx-error.js";
export type { SidxErrorCode, SidxErrorContext } from "./sidx-error.js";
export { Sdx4Builder } from "./sdx4-builder.js";
export type { Sdx4BuilderOptions, Sdx4Coverage } from "./sdx4-builder.js";
export { openSdx4 } from "./sdx4-footer.js";
export type { Sdx4Filter, Sdx4Footer, Sdx4Options } from "./sdx4-footer.js";
export type { Sdx4Trailer } from "./sdx4-root.js";
export type { Sdx4ByteColumn, Sdx4Column, Sdx4Entry } from "./sdx4-row.js";
export type { Sdx4Rows } from "./sdx4-rows.js";
export type { Sdx4Selection } from "./sdx4-selection.js";
