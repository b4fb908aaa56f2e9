// Tables, log records, edits, memtable, merging and drop rules: every check of a reader, and every rule by which an entry is found, seen
// or left out.
import { area, lsmArea, tests } from "./area.mjs";

const blocks = [tests.lsmBlock, tests.lsmTable];
const damage = [tests.lsmDamage];

const keyMutations = lsmArea(
  "lsm keys",
  [tests.lsmKeys],
  [
    {
      what: "a longer key is not behind its prefix",
      file: "internal-key.ts",
      find: "return aBytes - bBytes;",
      put: "return 0;",
    },
    {
      what: "bytes behind the first 64 do not count",
      file: "internal-key.ts",
      find: "if (rest !== 0) return rest;",
    },
    {
      what: "a separator may be the first key of the next block",
      file: "internal-key.ts",
      find: "(raised === first[at] && at + 1 < first.length)",
      put: "raised === first[at]",
    },
    {
      what: "a byte of 255 is raised",
      file: "internal-key.ts",
      find: ": raised <= 0xff;",
      put: ": true;",
    },
    {
      what: "the hash leaves out the length",
      file: "key-hash.ts",
      find: "word = length << 24;",
      tests: [tests.lsmHash],
    },
    {
      what: "the hash is not finished",
      file: "key-hash.ts",
      find: "v2 ^= 0xff;",
      tests: [tests.lsmHash],
    },
    {
      what: "a number may be spelled longer than it has to be",
      file: "byte-reader.ts",
      find: "if (byte === 0 && count > 0)",
      put: "if (byte === 0 && count > 99)",
      tests: [tests.lsmEdits],
    },
    {
      what: "a number may be above its bound",
      file: "byte-reader.ts",
      find: "if (value > max) throw this.error(field, `is ${value}, at most ${max}`, start);",
      tests: [tests.lsmEdits, tests.lsmRecords],
    },
    {
      what: "bytes behind the end are passed by",
      file: "byte-reader.ts",
      find: 'if (this.at !== this.end) throw this.error("end", `has ${this.end - this.at} bytes too many`, this.at);',
      tests: [tests.lsmEdits, tests.lsmRecords],
    },
  ],
);

const codecMutations = lsmArea(
  "lsm codecs",
  [tests.lsmLz4],
  [
    {
      what: "LZ4: matches may be further back than an offset holds",
      file: "lz4-encoder.ts",
      find: "&& position - candidate <= MAX_OFFSET",
    },
    {
      what: "LZ4: matches run into the last five bytes",
      file: "lz4-encoder.ts",
      find: "const matchLimit = end - LAST_LITERALS;",
      put: "const matchLimit = end;",
    },
    {
      what: "LZ4: the room for an offset is not asked for",
      file: "lz4-encoder.ts",
      find: "to + 2 + (length >= 15 ? lengthBytes(length) : 0) > limit",
      put: "to > limit",
    },
    {
      what: "LZ4: the room for literals is not asked for",
      file: "lz4-encoder.ts",
      find: "if (to + (count >= 15 ? lengthBytes(count) : 0) + count > limit) return -1;",
    },
    {
      what: "LZ4: what an earlier block left in the table is taken for this one",
      file: "lz4-encoder.ts",
      find: "this.#table.fill(0)",
      put: "this.#table",
    },
    {
      what: "LZ4: an offset of 0 is followed",
      file: "lz4-decoder.ts",
      find: "offset === 0 || offset > to",
      put: "offset > to",
    },
    {
      what: "LZ4: a match may begin before the block",
      file: "lz4-decoder.ts",
      find: "offset === 0 || offset > to",
      put: "offset === 0",
    },
    {
      what: "LZ4: literals may lie behind the end of the source",
      file: "lz4-decoder.ts",
      find: "literals > end - from || literals > size - to",
      put: "literals > size - to",
    },
    {
      what: "LZ4: a block may be shorter than asked",
      file: "lz4-decoder.ts",
      find: "if (to !== size) throw damaged(`decodes to ${to} bytes, not ${size}`, end);",
    },
    {
      what: "what LZ4 cannot reach is allocated",
      file: "block-codec.ts",
      find: "if (id === lz4Codec.id && rawBytes > (end - start) * LZ4_MAX_RATIO)",
      put: "if (rawBytes < 0)",
      tests: [tests.lsmCodecs],
    },
    {
      what: "bytes behind a compressed block are passed by",
      file: "block-codec.ts",
      find: "engine.bytesWritten !== end - start",
      put: "engine.bytesWritten < 0",
      tests: [tests.lsmCodecs],
    },
    {
      what: "a compressed block may be shorter than asked",
      file: "block-codec.ts",
      find: "buffer.length !== target.length",
      put: "buffer.length > target.length",
      tests: [tests.lsmCodecs],
    },
    {
      what: "the filter is asked for one bit fewer than was set, and the line for another",
      file: "bloom-filter.ts",
      in: "mayContain(hash: number)",
      find: "let mixed = mix(hash);",
      put: "let mixed = mix(hash + 1);",
      tests: [tests.lsmFilter],
    },
    {
      what: "the filter says yes to everything",
      file: "bloom-filter.ts",
      find: "if ((payload[line + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return false;",
      tests: [tests.lsmFilter],
    },
    {
      what: "a filter of any type is read",
      file: "bloom-filter.ts",
      find: 'if (type !== TYPE_BLOCKED_BLOOM) throw reader.error("type", `is ${type}, which is not known`, 0);',
      tests: [tests.lsmFilter],
    },
  ],
);

const blockMutations = lsmArea("lsm blocks", blocks, [
  {
    what: "a seqno below the base is above it",
    file: "sstable/block-builder.ts",
    find: "distance < 0 ? entryTag.belowBase : 0",
    put: "0",
  },
  {
    what: "keys share with the first restart only",
    file: "sstable/block-builder.ts",
    find: "this.#headEnd = at + keyEnd - keyStart;",
    put: "this.#headEnd ||= at + keyEnd - keyStart;",
  },
  {
    what: "the least seqno is that of the first entry",
    file: "sstable/block-builder.ts",
    find: "if (seqno < this.minSeqno) this.minSeqno = seqno;",
    tests: [tests.lsmTable],
  },
  {
    what: "a block without entries is loaded",
    file: "sstable/block-shape.ts",
    find: 'if (entryCount === 0) throw malformed("has no entries", footer + blockFooter.entryCount);',
  },
  {
    what: "restarts need not ascend",
    file: "sstable/block-shape.ts",
    find: "restart === 0 : restart >= least;",
    put: "restart === 0 : true;",
  },
  {
    what: "the first restart may be anywhere",
    file: "sstable/block-shape.ts",
    find: "index === 0 ? restart === 0 : restart >= least",
    put: "restart >= least",
  },
  {
    what: "a restart may lie behind the entries",
    file: "sstable/block-shape.ts",
    find: "!isRight || restart >= shape.entriesEnd",
    put: "!isRight",
  },
  {
    what: "an entry may end behind its interval",
    file: "sstable/block-cursor.ts",
    find: 'if (!(end <= this.#intervalEnd)) throw this.damaged("has an entry beyond its end", at);',
  },
  {
    what: "an entry may share more than the restart has",
    file: "sstable/block-cursor.ts",
    find: "if (shared > this.#intact && shared > this.#headBytes) {",
    put: "if (shared < 0) {",
  },
  {
    what: "going back keeps what the entry before wrote over the restart's key",
    file: "sstable/block-cursor.ts",
    find: "this.#intact = shared;",
    put: "",
  },
  {
    what: "an entry that shares more than the key is taken for one behind it",
    file: "sstable/block-cursor.ts",
    find: "if (this.#shared > common) continue;",
  },
  {
    what: "versions that are too new are found",
    file: "sstable/block-cursor.ts",
    find: "order < 0 || (order === 0 && this.#seqnoParsed() > seqno)",
    put: "order < 0",
  },
  {
    what: "the restart of an interval counts as before the key whatever its seqno",
    file: "sstable/block-cursor.ts",
    in: "#isBefore(key",
    find: "order < 0 || (order === 0 && this.seqno > seqno)",
    put: "order <= 0",
  },
  {
    what: "bits that are not known are passed by",
    file: "sstable/block-cursor.ts",
    find: "if ((tag & entryTag.reserved) !== 0)",
    put: "if ((tag & 0) !== 0)",
  },
  {
    what: "entries of later kinds are passed by",
    file: "sstable/block-cursor.ts",
    find: "throw this.#refuseKind(kind, at);",
  },
  {
    what: "the places of an interval are those of the block before",
    file: "sstable/block-cursor.ts",
    in: "load(block: Uint8Array)",
    find: "this.#placesOf = -1;",
  },
]);

const tableMutations = lsmArea(
  "lsm tables",
  [tests.lsmTable, tests.lsmDamage],
  [
    {
      what: "entries may come in any order",
      file: "sstable/table-builder.ts",
      find: "if (order > 0 || (order === 0 && seqno >= this.#lastSeqno))",
      put: "if (order > 99)",
    },
    {
      what: "two versions may have one seqno",
      file: "sstable/table-builder.ts",
      find: "seqno >= this.#lastSeqno",
      put: "seqno > this.#lastSeqno",
    },
    {
      what: "a large value shares its block",
      file: "sstable/table-builder.ts",
      find: "|| bytes > this.#blockBytes ||",
      put: "||",
    },
    {
      what: "the filter has the last version of a key only",
      file: "sstable/table-builder.ts",
      find: "if (this.#filterBitsPerKey === 0) return;",
      put: "if (this.entryCount % 2 === 0) return;",
    },
    {
      what: "the first section is chained to nothing where there is no block",
      file: "sstable/table-builder.ts",
      find: "this.#chain = header.crc;",
      put: "this.#chain = 0;",
      tests: [tests.lsmTableGolden],
    },
    {
      what: "what saves less than an eighth is compressed",
      file: "sstable/table-builder.ts",
      find: "rawBytes - (rawBytes >>> 3)",
      put: "rawBytes + 4",
      tests: [tests.lsmTable],
    },
    {
      what: "a delete with a value is written",
      file: "sstable/table-builder.ts",
      find: "(entry.kind === entryKinds.delete && valueBytes === 0)",
      put: "entry.kind === entryKinds.delete",
      tests: damage,
    },
    {
      what: "the size that the manifest knows does not count",
      file: "sstable/table-file.ts",
      find: "if (expected.bytes !== undefined && this.sizeBytes !== expected.bytes)",
      put: "if (this.sizeBytes < 0)",
      tests: damage,
    },
    {
      what: "the chain that the manifest knows does not count",
      file: "sstable/table-file.ts",
      find: "if (expected.chain !== undefined && chain !== expected.chain)",
      put: "if (chain < 0)",
      tests: damage,
    },
    {
      what: "a table of any number is opened",
      file: "sstable/table-file.ts",
      find: "if (segmentId !== expected.tableNumber)",
      put: "if (segmentId < 0)",
      tests: damage,
    },
    {
      what: "a table of any database is opened",
      file: "sstable/table-file.ts",
      find: "if (Buffer.compare(logId, expected.databaseId) !== 0)",
      put: "if (logId.length === 0)",
      tests: damage,
    },
    {
      what: "a segment of any content is opened",
      file: "sstable/table-file.ts",
      find: "if (content !== TABLE_CONTENT)",
      put: "if (content === 0)",
      tests: damage,
    },
    {
      what: "a trailer of any version is read",
      file: "sstable/table-file.ts",
      find: "if (version !== TABLE_VERSION)",
      put: "if (version === 0xffff)",
      tests: damage,
    },
    {
      what: "sections may lie anywhere",
      file: "sstable/table-file.ts",
      find: 'if (!isWhole) throw this.corrupt("has sections that do not follow one another", offset);',
      tests: damage,
    },
    {
      what: "a frame is checked by its header alone",
      file: "sstable/table-file.ts",
      find: "return isExpected && view.isWhole(bytes, place.chainBefore) ? view : undefined;",
      put: "return isExpected ? view : undefined;",
      tests: damage,
    },
    {
      what: "a frame of any kind is read",
      file: "sstable/table-file.ts",
      find: "&& view.kind === kind",
      tests: damage,
    },
    {
      what: "a source may give too little",
      file: "sstable/table-file.ts",
      find: "if (got !== length)",
      put: "if (got < 0)",
      tests: damage,
    },
    {
      what: "a block may be another than the one of the index",
      file: "sstable/table-reader.ts",
      find: 'if (view.chain !== index.chains[ordinal]) throw this.damagedBlock(ordinal, "is not the one of the index");',
      tests: damage,
    },
    {
      what: "a block may claim any size",
      file: "sstable/table-reader.ts",
      find: "if (rawBytes > MAX_BLOCK_BYTES) throw this.damagedBlock(ordinal, `claims ${rawBytes} bytes`);",
      tests: damage,
    },
    {
      what: "a block may have another number of entries than the index says",
      file: "sstable/table-reader.ts",
      find: "this.#shape.entryCount !== index.entryCounts[ordinal] || view.span !== this.#shape.entryCount",
      put: "index.blockCount < 0",
      tests: damage,
    },
    {
      what: "a damaged filter ends the table",
      file: "sstable/table-reader.ts",
      find: 'if (error instanceof LsmError) return { kind: "damaged", error };',
      tests: damage,
    },
    {
      what: "a filter is asked with the hash of another key",
      file: "sstable/table-reader.ts",
      find: "hasOwnKey ? hashKey(key, 0, key.length, filter.hashKey) : hash",
      put: "hash",
    },
    {
      what: "index and properties may contradict each other",
      file: "sstable/table-reader.ts",
      find: "if (problem !== undefined) throw file.corrupt(`has ${problem}`, file.index.offset);",
      tests: damage,
    },
    {
      what: "blocks of one table are found under another's number",
      file: "sstable/table-reader.ts",
      in: "block(ordinal: number",
      find: "this.#cache?.get(this.#tableNumber, ordinal)",
      put: "this.#cache?.get(1, ordinal)",
    },
    {
      what: "scans fill the cache whatever they were told",
      file: "sstable/table-reader.ts",
      find: "if (fillCache) this.#cache?.put(",
      put: "this.#cache?.put(",
    },
    {
      what: "any key that follows is taken for the one that was asked for",
      file: "sstable/table-reader.ts",
      find: "if (!finder.valid || compareBytes(finder.keyBytes, 0, finder.keyEnd, key, 0, key.length) !== 0) return undefined;",
      put: "if (!finder.valid) return undefined;",
    },
    {
      what: "versions of a key are looked for in one block only",
      file: "sstable/table-cursor.ts",
      find: "if (this.valid || (keyOnly && !endsWithKey)) return;",
      put: "if (this.valid || keyOnly) return;",
    },
    {
      what: "blocks that hold nothing as old are read",
      file: "sstable/table-cursor.ts",
      find: "if (endsWithKey && index.minSeqnos[block]! > seqno) continue;",
    },
    {
      what: "a block in which the key cannot be is followed by the next one",
      file: "sstable/table-cursor.ts",
      find: "(keyOnly && !endsWithKey)",
      put: "false",
    },
    {
      what: "keys that begin otherwise than all of a table are before it",
      file: "sstable/table-index.ts",
      find: "if (order < 0) return count;",
      put: "if (order < 0) return 0;",
    },
    {
      what: "equal heads decide",
      file: "sstable/table-index.ts",
      find: "found < head || (found === head && this.compareEnd(middle, key) < 0)",
      put: "found < head",
    },
    {
      what: "separators may descend",
      file: "sstable/table-index.ts",
      find: 'if (!this.#isFirst && order > 0) throw reader.error("keys", "descend", from);',
      tests: damage,
    },
    {
      what: "a count of blocks is believed before its bytes are there",
      file: "sstable/table-index.ts",
      find: "if (count * LEAST_BYTES_PER_BLOCK > reader.left)",
      put: "if (count < 0)",
      tests: damage,
    },
    {
      what: "properties may come in any order, and twice",
      file: "sstable/table-properties.ts",
      find: 'if (tag <= last) throw reader.error("tag", `is ${tag} behind ${last}`, from);',
      tests: damage,
    },
    {
      what: "verification takes any spelling",
      file: "sstable/table-verification.ts",
      find: "if (compareBytes(builder.bytes, 0, size, block, 0, block.length) !== 0)",
      put: "if (size < 0)",
      tests: damage,
    },
    {
      what: "verification takes any order",
      file: "sstable/table-verification.ts",
      find: "if (order > 0 || (order === 0 && cursor.seqno >= this.#seqno))",
      put: "if (order > 999)",
      tests: damage,
    },
    {
      what: "verification does not ask the filter",
      file: "sstable/table-verification.ts",
      find: 'let problem = kind === "filter" ? table.filterError : undefined;',
      put: "let problem: LsmError | undefined;",
      tests: damage,
    },
    {
      what: "verification takes any chain behind the blocks",
      file: "sstable/table-verification.ts",
      find: 'if (frame === undefined) problem = file.corrupt("has a damaged frame", offset);',
      tests: damage,
    },
    {
      what: "verification counts what it could not read",
      file: "sstable/table-verification.ts",
      find: "if (this.#hasGap) return;",
      tests: damage,
    },
  ],
);

const logMutations = lsmArea(
  "lsm log",
  [tests.lsmRecords, tests.lsmLogGolden],
  [
    {
      what: "a record is applied before it is checked",
      file: "log-record.ts",
      find: "for (let index = 0; index < count; index++) {",
      put: "for (let index = 0; index < 0; index++) {",
    },
    {
      what: "flags may say anything",
      file: "log-record.ts",
      find: "if (hasRangeDeletes !== ((bytes[1]! & HAS_RANGE_DELETES) !== 0))",
      put: "if (count < 0)",
    },
    {
      what: "seqnos may run out",
      file: "log-record.ts",
      find: "|| this.baseSeqno + count - 1 > MAX_SEQNO",
    },
    {
      what: "a record may be of any keyspace",
      file: "log-record.ts",
      find: 'if (keyspace !== 0) throw unsupported("keyspace", keyspace, 2);',
    },
    {
      what: "operations have the seqno of the first",
      file: "log-record.ts",
      find: "this.seqno = this.baseSeqno + this.#index;",
      put: "this.seqno = this.baseSeqno;",
    },
    {
      what: "a batch may be as long as it likes",
      file: "write-batch.ts",
      find: 'checkWhole(at, "bytes of the batch", 0, this.#maxRecordBytes);',
    },
    {
      what: "a batch that is used again keeps its flags",
      file: "write-batch.ts",
      in: "reset(): void",
      find: "this.#flags = 0;",
    },
    {
      what: "tags that have to be known are passed by",
      file: "version-edit.ts",
      find: "if (tag < MANDATORY) return undefined;",
      put: "if (tag < 256) return undefined;",
      tests: [tests.lsmEdits],
    },
    {
      what: "tag 0 is passed by",
      file: "version-edit.ts",
      find: 'throw from.error("tag", "is 0", offset);',
      put: "return undefined;",
      tests: [tests.lsmEdits],
    },
    {
      what: "fields may be left over",
      file: "version-edit.ts",
      find: "fields.finish();",
      tests: [tests.lsmEdits],
    },
  ],
);

const memoryMutations = lsmArea(
  "lsm memory",
  [tests.lsmMemtable],
  [
    {
      what: "seqnos need not ascend",
      file: "memtable.ts",
      find: 'checkWhole(seqno, "seqno", this.#maxSeqno + 1, MAX_SEQNO);',
    },
    {
      what: "a write forgets the versions before",
      file: "memtable.ts",
      find: "entries.link(id, newest);",
    },
    {
      what: "a snapshot sees what is newer than it",
      file: "memtable.ts",
      find: "if (id >= 0) id = entries.versionUpTo(id, seqno);",
    },
    {
      what: "keys with one hash are one key",
      file: "memtable.ts",
      in: "find(key: Uint8Array",
      find: "(id === -2 || entries.compareKey(id, key, 0, key.length) !== 0)",
      put: "id === -2",
    },
    {
      what: "an index that grows loses what moved aside",
      file: "key-index.ts",
      find: "while (this.#slots[2 * slot + 1] !== 0) slot = this.after(slot);",
    },
    {
      what: "runs are taken for sorted where they are not",
      file: "memtable-runs.ts",
      find: "ascends = entries.compare(id - 1, id) < 0;",
      put: "ascends = true;",
    },
    {
      what: "versions of a key are sorted the oldest first",
      file: "memtable-runs.ts",
      find: "run[at] = end - 1 - at;",
      put: "run[at] = start + at;",
    },
    {
      what: "keys with equal heads are not looked at further",
      file: "memtable-runs.ts",
      find: "if (at > group) sortGroup(",
      put: "if (at < group) sortGroup(",
    },
    {
      what: "runs are never merged",
      file: "memtable-runs.ts",
      find: "older.length <= 2 * newest.length",
      put: "older.length < 0",
    },
    {
      what: "a cursor sees what is sorted later",
      file: "memtable-runs.ts",
      find: "return this.#runs.slice();",
      put: "return this.#runs;",
    },
    {
      what: "a merge takes two entries with one seqno",
      file: "merge-iterator.ts",
      find: "if (order === 0)",
      put: "if (order === 0.5)",
      tests: [tests.lsmMerge],
    },
    {
      what: "a merge forgets who lost",
      file: "merge-iterator.ts",
      find: "losers[node] = winner;",
      tests: [tests.lsmMerge],
    },
    {
      what: "a snapshot sees newer versions",
      file: "visible-entries.ts",
      find: "if (entry.seqno > this.#snapshot) {",
      put: "if (entry.seqno < 0) {",
      tests: [tests.lsmMerge],
    },
    {
      what: "many versions of a key are passed one by one",
      file: "visible-entries.ts",
      find: "for (let left = PATIENCE; left > 0; left--) {",
      put: "for (;;) {",
      tests: [tests.lsmMerge],
    },
    {
      what: "a search past many versions begins at the wrong one",
      file: "visible-entries.ts",
      find: "this.#merge.seek(this.keyBytes.subarray(0, this.keyEnd), seqno);",
      put: "this.#merge.seek(this.keyBytes.subarray(0, this.keyEnd), seqno - 1);",
      tests: [tests.lsmMerge],
    },
    {
      what: "a jump leads past the version that is wanted",
      file: "memtable-entries.ts",
      find: "jump >= 0 && this.#seqnos[jump]! > seqno ? jump",
      put: "jump >= 0 ? jump",
    },
    {
      what: "backward, a snapshot sees newer versions",
      file: "visible-entries.ts",
      find: "if (entry.seqno <= this.#snapshot) {",
      put: "if (entry.seqno >= 0) {",
      tests: [tests.lsmMerge],
    },
    {
      what: "a deleted key shows its older version",
      file: "visible-entries.ts",
      find: "if (entry.kind === entryKinds.delete) this.#pass(-1);",
      put: "if (entry.kind === entryKinds.delete) this.#merge.next();",
      tests: [tests.lsmMerge],
    },
    {
      what: "a key is seen once for each version",
      file: "visible-entries.ts",
      find: "if (this.#isForward) this.#pass(-1);",
      put: "if (this.#isForward) this.#merge.next();",
      tests: [tests.lsmMerge],
    },
    {
      what: "the iteration goes on behind its bounds",
      file: "visible-entries.ts",
      find: "if (!this.#isBeforeEnd(keyBytes, keyStart, keyEnd)) return;",
      tests: [tests.lsmMerge],
    },
    {
      what: "a seek out of bounds is moved into them",
      file: "visible-entries.ts",
      find: "if (!this.#isInBounds(key, 0, key.length)) return;",
      tests: [tests.lsmMerge],
    },
  ],
);

const dropMutations = lsmArea(
  "lsm drops",
  [tests.lsmDrops],
  [
    {
      what: "snapshots are not looked at",
      file: "drop-rules.ts",
      find: "if (order === 0 && stripe === this.#stripe)",
      put: "if (order === 0)",
    },
    {
      what: "nothing is ever dropped for a newer version",
      file: "drop-rules.ts",
      find: 'if (order === 0 && stripe === this.#stripe) return "drop";',
    },
    {
      what: "a delete goes although a snapshot is from before it",
      file: "drop-rules.ts",
      find: 'if (stripe > 0) return "keep";',
    },
    {
      what: "a delete goes although there is something older below",
      file: "drop-rules.ts",
      find: 'return this.#mayHaveOlder(entry) ? "keep" : "drop";',
      put: 'return "drop";',
    },
    {
      what: "deletes are never dropped",
      file: "drop-rules.ts",
      find: 'return this.#mayHaveOlder(entry) ? "keep" : "drop";',
      put: 'return "keep";',
    },
    {
      what: "seqnos become 0 above something older",
      file: "drop-rules.ts",
      find: "&& seqno > 0 && !this.#mayHaveOlder(entry)",
      put: "&& seqno > 0",
    },
    {
      what: "seqnos become 0 without being asked to",
      file: "drop-rules.ts",
      find: "this.#zeroSeqnos && seqno > 0",
      put: "seqno > 0",
    },
    {
      what: "a snapshot at the seqno itself is from before it",
      file: "drop-rules.ts",
      find: "if (snapshots[middle]! < seqno) low = middle + 1;",
      put: "if (snapshots[middle]! <= seqno) low = middle + 1;",
    },
    {
      what: "entries may come in any order",
      file: "drop-rules.ts",
      find: "if (order > 0 || (order === 0 && seqno >= this.#seqno))",
      put: "if (order > 999)",
    },
  ],
);

export const lsmMutations = [
  ...keyMutations,
  ...codecMutations,
  ...blockMutations,
  ...tableMutations,
  ...logMutations,
  ...memoryMutations,
  ...dropMutations,
];

/** Mutations of these files that no test can notice. */
export const lsmEquivalent = area(
  "lsm equivalent",
  [],
  [
    {
      what: "keys that end inside a head are looked at further",
      file: "memtable-runs.ts",
      find: "isLong = entries.keyBytes(run[at]!) >= next.depth;",
      put: "isLong = true;",
      reason: "equal heads are compared in full in the end: only time changes",
    },
    {
      what: "fields may lie beyond the end",
      file: "byte-reader.ts",
      find: "if (length > this.end - at)",
      put: "if (length > this.bytes.length - at)",
      tests: [tests.lsmEdits],
      reason: "whoever reads fields ends with a check that all of them ended where they should",
    },
    {
      what: "LZ4: a match may end behind the block",
      file: "lz4-decoder.ts",
      find: 'if (length > size - to) throw damaged("has a match beyond its end", from);',
      reason:
        "what lies behind a typed array is not written, and the size at the end is not the one that was asked for",
    },
  ],
  "packages/lsm-tree",
);
