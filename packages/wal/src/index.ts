/**
 * Entry `@holdfast/wal`: a log of records in segments, appended in groups, recovered with a report, read beside its
 * writer.
 * @packageDocumentation
 */
export { openWal, Wal } from "./wal.js";
export type { WalStats } from "./wal.js";
export type { CloseOptions, DurableOptions, WaitOptions } from "./call-arguments.js";
export type { FooterWriter } from "./segment-footers.js";
export type { LogSegment } from "./segment-list.js";
export { openWalReader, WalReader } from "./wal-reader.js";
export type { FollowOptions } from "./wal-reader.js";
export type { BatchOptions, ReadOptions, WalRecord } from "./record-stream.js";
export type { Checkpoint, FoundCheckpoint, SkippedCheckpoint } from "./checkpoint-files.js";
export type { RecoveryReport } from "./recovery-report.js";
export type { DroppedBytes } from "./tail-scan.js";
export type { BarrierStats } from "./group-commit.js";
export { walChannelName } from "./observation.js";
export type { LogEvent, LogEventDetail, LogObserver } from "./observation.js";
export { WalError, walErrorCodes } from "./wal-error.js";
export type { WalErrorCode, WalErrorContext } from "./wal-error.js";
export type {
  PrunableSegment,
  ReaderOptions,
  RecoveryMode,
  SyncPolicy,
  WalOptions,
  WalSettings,
} from "./wal-options.js";
