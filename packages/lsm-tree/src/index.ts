export { LsmError, lsmErrorCodes } from "./lsm-error.js";
export type { LsmErrorCode, LsmErrorContext } from "./lsm-error.js";
export { compareUserKeys, entryKinds, MAX_KEY_BYTES, MAX_SEQNO, MAX_VALUE_BYTES } from "./internal-key.js";
export { EntryCursor } from "./entry-cursor.js";
export type { EntryView } from "./entry-cursor.js";
export { hashKey } from "./key-hash.js";
export type { HashKey } from "./key-hash.js";
export { Memtable, MemtableCursor } from "./memtable.js";
export type { MemtableOptions } from "./memtable.js";
export { MergeIterator } from "./merge-iterator.js";
export type { Direction } from "./merge-iterator.js";
export { VisibleEntries } from "./visible-entries.js";
export type { KeyBounds } from "./visible-entries.js";
export { DropRules } from "./drop-rules.js";
export type { DropRulesOptions, Verdict } from "./drop-rules.js";
export { Version } from "./version.js";
export type {
  EngineCursor,
  EngineSnapshot,
  KeyValueEngine,
  NewTable,
  RangeOptions,
  ReadOptions,
  TableStore,
  WriteOptions,
  WriteRung,
} from "./engine-contract.js";
export { Engine, openEngine } from "./engine.js";
export { EngineReader } from "./engine-reader.js";
export type { EngineComponents, EngineOptions, EngineSettings } from "./engine-options.js";
export type { OpenReport } from "./recovery.js";
export { LsmLevel } from "./lsm-level.js";
export { LevelError, levelErrorCodes } from "./level-error.js";
export type { LevelErrorCode } from "./level-error.js";
export type { LevelMethods, LsmLevelOptions, LsmOpenOptions } from "./level-methods.js";
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
