/** Entry `@holdfast/wal/record-log`: the log in one file, for programs that keep everything. @packageDocumentation */
export { openRecordLog, RecordLog } from "./record-log.js";
export type { RecordLogStats } from "./record-log.js";
export { openRecordLogReader, RecordLogReader } from "./record-log-reader.js";
export type { RecordLogOptions, RecordLogReaderOptions } from "./record-log-options.js";
export type { CloseOptions, DurableOptions, WaitOptions } from "./call-arguments.js";
export type { FollowOptions } from "./wal-reader.js";
export type { BatchOptions, ReadOptions, WalRecord } from "./record-stream.js";
export type { RecoveryReport } from "./recovery-report.js";
export type { DroppedBytes } from "./tail-scan.js";
export type { BarrierStats } from "./group-commit.js";
export { walChannelName } from "./observation.js";
export type { LogEvent, LogEventDetail, LogObserver } from "./observation.js";
export { WalError, walErrorCodes } from "./wal-error.js";
export type { WalErrorCode, WalErrorContext } from "./wal-error.js";
export type { RecoveryMode, SyncPolicy } from "./wal-options.js";
