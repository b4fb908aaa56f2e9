export { openWal, Wal } from "./wal.js";
export type { DurableOptions, WaitOptions, WalRecord, WalStats } from "./wal.js";
export type { RecoveryReport } from "./recovery-report.js";
export type { DroppedBytes } from "./tail-scan.js";
export type { BarrierStats } from "./group-commit.js";
export { WalError, walErrorCodes } from "./wal-error.js";
export type { WalErrorCode, WalErrorContext } from "./wal-error.js";
export type { RecoveryMode, WalOptions, WalSettings } from "./wal-options.js";
