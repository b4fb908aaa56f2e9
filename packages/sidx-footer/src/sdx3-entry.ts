export { SidxError, sidxErrorCodes } from "./sidx-error.js";
export type { SidxErrorCode, SidxErrorContext } from "./sidx-error.js";
