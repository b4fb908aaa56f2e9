/**
 * Entry `@holdfast/wal/verify`: a whole log read to its last byte, closed or beside its writer, and everything said
 * that is wrong with it.
 * @packageDocumentation
 */
export { verifyLog } from "./log-verification.js";
export { verifyRecordLog } from "./record-log-verification.js";
export type { VerifyRecordLogOptions } from "./record-log-verification.js";
export type { DroppedBytes } from "./tail-scan.js";
export type { LogFinding, VerifyLogOptions, VerifyProgress, VerifyReport } from "./verification.js";
export { WalError, walErrorCodes } from "./wal-error.js";
export type { WalErrorCode, WalErrorContext } from "./wal-error.js";
