/**
 * Entry `@holdfast/lsm-tree/format`: tables, memtables, log records and edits as pure functions over bytes, for engines
 * and tools.
 * @packageDocumentation
 */
export { compareUserKeys, entryKinds, MAX_SEQNO } from "./internal-key.js";
export { EntryCursor } from "./entry-cursor.js";
export { hashKey } from "./key-hash.js";
export type { HashKey } from "./key-hash.js";
export { Memtable, MemtableCursor } from "./memtable.js";
export type { MemtableOptions } from "./memtable.js";
export { MergeIterator } from "./merge-iterator.js";
export type { Direction } from "./merge-iterator.js";
export { VisibleEntries } from "./visible-entries.js";
export { DropRules } from "./drop-rules.js";
export type { DropRulesOptions, Verdict } from "./drop-rules.js";
export { Version } from "./version.js";
export type { NewTable, TableStore } from "./engine-contract.js";
export { BlockCodecs, brotliCodec, deflateCodec, lz4Codec, zstdCodec } from "./block-codec.js";
export type { BlockCodec } from "./block-codec.js";
export { BloomFilter, encodeBloomFilter } from "./bloom-filter.js";
export { LogRecordCursor } from "./log-record.js";
export { encodeClear, WriteBatch } from "./write-batch.js";
export type { WriteBatchOptions } from "./write-batch.js";
export { ManifestFold } from "./manifest-fold.js";
export type { ManifestState } from "./manifest-fold.js";
export { formatTableFileName, parseTableFileName } from "./table-file-name.js";
export { decodeVersionEdit, encodeVersionEdit } from "./version-edit.js";
export type { DatabaseIdentity, EditChange, TableMeta } from "./version-edit.js";
export { BlockBuilder } from "./sstable/block-builder.js";
export { BlockCursor } from "./sstable/block-cursor.js";
export { TABLE_CONTENT, tableFrameKinds } from "./sstable/table-layout.js";
export { TableBuilder } from "./sstable/table-builder.js";
export type { TableBuilderOptions, TableSummary } from "./sstable/table-builder.js";
export { TableCursor } from "./sstable/table-cursor.js";
export { TableReader } from "./sstable/table-reader.js";
export type { BlockCache, TableReaderOptions } from "./sstable/table-reader.js";
export type { TableIdentity } from "./sstable/table-file.js";
export { TableIndex } from "./sstable/table-index.js";
export type { TableProperties } from "./sstable/table-properties.js";
export { verifyTable, walkTable } from "./sstable/table-verification.js";
export type { TablePart } from "./sstable/table-verification.js";
export { S3FifoCache } from "./block-cache.js";
export type { S3FifoCacheOptions, TableBlockCache } from "./block-cache.js";
export { LevelCursor } from "./level-cursor.js";
export { ReadView } from "./read-view.js";
export type { ReadableTables, ReadViewOptions, ViewRange } from "./read-view.js";
export { TableFiles } from "./table-files.js";
export type { TableFilesOptions, TableListing } from "./table-files.js";
export { ViewCursor } from "./view-cursor.js";
