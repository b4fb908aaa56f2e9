/**
 * Entry `@holdfast/lsm-tree`: the database, as `LsmLevel` for users of `abstract-level` and as an engine over plain
 * bytes.
 * @packageDocumentation
 */
export { LsmError, lsmErrorCodes } from "./lsm-error.js";
export type { LsmErrorCode, LsmErrorContext } from "./lsm-error.js";
export { MAX_KEY_BYTES, MAX_VALUE_BYTES } from "./internal-key.js";
export type { EntryView } from "./entry-cursor.js";
export type { KeyBounds } from "./visible-entries.js";
export { WriteBatch } from "./write-batch.js";
export type { WriteBatchOptions } from "./write-batch.js";
export { BlockCodecs, brotliCodec, deflateCodec, lz4Codec, zstdCodec } from "./block-codec.js";
export type { BlockCodec } from "./block-codec.js";
export type {
  ClearOptions,
  EngineCursor,
  EngineSnapshot,
  KeyValueEngine,
  RangeOptions,
  ReadOptions,
  WriteOptions,
  WriteRung,
} from "./engine-contract.js";
export { openEngine } from "./engine.js";
export type { Engine } from "./engine.js";
export type { BackupOptions, BackupProgress, BackupReport } from "./backup.js";
export type { DatabaseVerification, VerifyOptions } from "./database-verification.js";
export type { VersionVerification } from "./engine-verification.js";
export type { EngineStats, LevelStats, WriterStats } from "./engine-stats.js";
export type { CompactionStats } from "./compaction/compactor.js";
export type { JobKind, JobStats } from "./job-scheduler.js";
export type { StallStats } from "./write-stalls.js";
export { lsmChannelName } from "./engine-observation.js";
export type { EngineEvent, EngineEventDetail, EngineObserver } from "./engine-observation.js";
export type { EngineReader } from "./engine-reader.js";
export type { EngineComponents, EngineOptions, EngineSettings } from "./engine-options.js";
export type { OpenReport } from "./recovery.js";
export { LsmLevel } from "./lsm-level.js";
export { LevelError, levelErrorCodes } from "./level-error.js";
export type { LevelErrorCode } from "./level-error.js";
export type { ClassicLevelNames, LevelMethods, LsmLevelOptions, LsmOpenOptions } from "./level-methods.js";
export type {
  CacheOptions,
  CompactRangeOptions,
  DurabilityOptions,
  LsmBatchOptions,
  LsmBatchWriteOptions,
  LsmClearOptions,
  LsmDelOptions,
  LsmGetManyOptions,
  LsmGetOptions,
  LsmHasManyOptions,
  LsmHasOptions,
  LsmIteratorOptions,
  LsmKeyIteratorOptions,
  LsmPutOptions,
  LsmRangeOptions,
  LsmValueIteratorOptions,
} from "./level-options.js";
export { LsmChainedBatch } from "./lsm-chained-batch.js";
export { LsmIterator, LsmKeyIterator, LsmValueIterator } from "./lsm-iterator.js";
export { LsmSnapshot } from "./lsm-snapshot.js";
