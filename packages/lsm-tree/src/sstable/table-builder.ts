import {
  encodeSegmentHeader,
  FrameEncoder,
  FRAME_HEADER_BYTES,
  frameBytes,
  SEGMENT_HEADER_BYTES,
} from "@holdfast/segment-codec";
import { lz4Codec, type BlockCodec } from "../block-codec.js";
import { encodeBloomFilter } from "../bloom-filter.js";
import type { EntryView } from "../entry-cursor.js";
import {
  compareBytes,
  copyBytes,
  entryKinds,
  MAX_KEY_BYTES,
  MAX_SEQNO,
  MAX_VALUE_BYTES,
  separatorOf,
} from "../internal-key.js";
import { hashKey, type HashKey } from "../key-hash.js";
import { LsmError } from "../lsm-error.js";
import { checkKeys, checkWhole } from "../option-check.js";
import { BlockBuilder } from "./block-builder.js";
import {
  MAX_SEPARATOR_BYTES,
  MAX_TABLE_BYTES,
  MAX_TARGET_BYTES,
  RAW_BYTES_FIELD,
  TABLE_CONTENT,
  TABLE_VERSION,
  tableFrameKinds,
  trailerAt,
} from "./table-layout.js";
import { TableIndexBuilder, type IndexedBlock } from "./table-index.js";
import { encodeTableProperties, type TableProperties } from "./table-properties.js";

/** Which table is built, and how. */
export interface TableBuilderOptions {
  /** 16 bytes, the same in all tables of a database. */
  readonly databaseId: Uint8Array;
  /** Number of the table, from 1 and never used twice. */
  readonly tableNumber: number;
  /** 32 random bits. They keep frames of an earlier file under this number out of this one. */
  readonly nonce: number;
  /** Takes the bytes of the file, in order. They are lent until the call returns; what it throws is passed on, and the table is void then. */
  readonly write: (bytes: Uint8Array) => void;
  /** The key of the filter's hash: that of the database, so that a get hashes once. */
  readonly hashKey: HashKey;
  /** A block is full with this many bytes before compression. Default 4096. */
  readonly blockBytes?: number;
  /** Entries from one restart to the next, 1 to 255. Default 16. */
  readonly restartInterval?: number;
  /** How blocks are compressed; `null` stores them as they are. Default LZ4. */
  readonly codec?: BlockCodec | null;
  /** Bits of the filter for each user key, up to 100; 0 writes no filter. Default 10. */
  readonly filterBitsPerKey?: number;
  /** How much is given to `write` at once, at least. Bytes, default 256 KiB. */
  readonly bufferBytes?: number;
  /** See {@link TableProperties}; each 0 by default. */
  readonly firstLsn?: number;
  /** See {@link TableProperties}. */
  readonly lastLsn?: number;
  /** See {@link TableProperties}. */
  readonly level?: number;
  /** See {@link TableProperties}. */
  readonly createdMs?: number;
}

/** What a manifest has to keep of a finished table. */
export interface TableSummary {
  /** Number of the table. */
  readonly tableNumber: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Chain of the last frame: a CRC over the whole file. */
  readonly chain: number;
  /** What the table says of itself. */
  readonly properties: TableProperties;
}

const optionKeys: readonly string[] = [
  ...[
    "databaseId",
    "tableNumber",
    "nonce",
    "write",
    "hashKey",
    "blockBytes",
    "restartInterval",
    "codec",
    "filterBitsPerKey",
  ],
  ...["bufferBytes", "firstLsn", "lastLsn", "level", "createdMs"],
];

/** Entries of a block; more would not fit the count of restarts that readers expect. */
const MOST_ENTRIES = 0xffff;

/**
 * Builds a table from entries in internal order, in one pass, block by block. Memory: the output buffer, one block, the index, and four bytes for
 * each user key of the filter.
 *
 * Nothing of it counts before an edit of the manifest names it, so a crash at any point leaves a file that is no part of the database.
 */
export class TableBuilder {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #tableNumber: number;
  readonly #blockBytes: number;
  readonly #bufferBytes: number;
  readonly #filterBitsPerKey: number;
  readonly #hashKey: HashKey;
  readonly #codec: BlockCodec | null;
  readonly #encoder: FrameEncoder;
  /** Chain at the end of what is encoded: of the header, and then of the last frame. */
  #chain: number;
  readonly #block: BlockBuilder;
  readonly #index = new TableIndexBuilder();
  readonly #stats = new TableStats();
  #output: Uint8Array;
  #used = SEGMENT_HEADER_BYTES;
  #flushedBytes = 0;
  /** The block that is written, but whose separator needs the key that follows. */
  #pending: IndexedBlock | undefined;
  #lastKey = new Uint8Array(256);
  #lastKeyBytes = 0;
  #lastSeqno = 0;
  #smallest: Uint8Array = new Uint8Array();
  #hashes = new Int32Array(1024);
  #hashCount = 0;
  readonly #origin: Pick<TableProperties, "firstLsn" | "lastLsn" | "level" | "createdMs">;

  /** @throws `TypeError` or `RangeError` that names the option. */
  constructor(options: TableBuilderOptions) {
    checkKeys(options, optionKeys, "TableBuilder");
    const {
      blockBytes = 4096,
      restartInterval = 16,
      codec = lz4Codec,
      filterBitsPerKey = 10,
      bufferBytes = 0x4_0000,
    } = options;
    const { firstLsn = 0, lastLsn = 0, level = 0, createdMs = 0 } = options;
    checkWhole(blockBytes, "blockBytes", 1, MAX_TARGET_BYTES);
    checkWhole(restartInterval, "restartInterval", 1, 255);
    checkWhole(bufferBytes, "bufferBytes", 1, MAX_TABLE_BYTES);
    checkWhole(firstLsn, "firstLsn", 0, MAX_SEQNO);
    checkWhole(lastLsn, "lastLsn", firstLsn, MAX_SEQNO);
    checkWhole(level, "level", 0, 255);
    checkWhole(createdMs, "createdMs", 0, MAX_SEQNO);
    if (!(filterBitsPerKey >= 0 && filterBitsPerKey <= 100)) {
      throw new RangeError(`filterBitsPerKey must be from 0 to 100, not ${String(filterBitsPerKey)}`);
    }
    if (typeof options.write !== "function") throw new TypeError("write must be a function");
    if (codec !== null) checkWhole(codec.id, "id of the codec", 1, 63);
    this.#write = options.write;
    this.#tableNumber = options.tableNumber;
    this.#blockBytes = blockBytes;
    this.#bufferBytes = bufferBytes;
    this.#filterBitsPerKey = filterBitsPerKey;
    this.#hashKey = options.hashKey;
    this.#codec = codec;
    this.#origin = { firstLsn, lastLsn, level, createdMs };
    this.#block = new BlockBuilder(restartInterval);
    this.#output = new Uint8Array(bufferBytes + SEGMENT_HEADER_BYTES + frameBytes(2 * blockBytes));
    const { databaseId, tableNumber, nonce } = options;
    const identity = { logId: databaseId, segmentId: tableNumber, nonce, epoch: 0, content: TABLE_CONTENT };
    const start = { baseLsn: 1, durableLsn: 0, previousChain: 0, hash: "none" } as const;
    const header = encodeSegmentHeader({ ...identity, ...start }, this.#output);
    this.#encoder = new FrameEncoder(header);
    this.#chain = header.crc;
  }

  /** Entries that were added. */
  get entryCount(): number {
    return this.#stats.entryCount;
  }

  /**
   * For whoever decides where tables end: bytes of the file so far, with what the open block would take uncompressed, and of the keys that a
   * reader keeps in memory, which long keys that compress well make the larger part.
   */
  get estimatedBytes(): number {
    const open = this.#block.entryCount === 0 ? 0 : frameBytes(this.#block.rawBytes);
    return this.#flushedBytes + this.#used + open + this.#index.separatorBytes;
  }

  /** Whether the last entry had this user key: tables may only end between user keys. */
  endsWith(key: Uint8Array, start: number, end: number): boolean {
    return this.entryCount > 0 && compareBytes(this.#lastKey, 0, this.#lastKeyBytes, key, start, end) === 0;
  }

  /**
   * Adds an entry, which is copied.
   *
   * @throws {@link LsmError} `LSM_OUT_OF_ORDER` unless it is behind the one before, and `RangeError` for a key, value, seqno or kind outside
   * the format's bounds. The builder is as it was then.
   */
  add(entry: EntryView): void {
    const { keyBytes, keyStart, keyEnd, seqno } = entry;
    const bytes = this.#check(entry);
    const order =
      this.entryCount === 0 ? -1 : compareBytes(this.#lastKey, 0, this.#lastKeyBytes, keyBytes, keyStart, keyEnd);
    if (order > 0 || (order === 0 && seqno >= this.#lastSeqno)) {
      throw new LsmError("LSM_OUT_OF_ORDER", "an entry is not behind the one before it", {
        tableNumber: this.#tableNumber,
        field: order === 0 ? "seqno" : "key",
      });
    }
    const block = this.#block;
    // A large entry gets a block of its own, so that its neighbours do not have to be read with it.
    const isCut = block.rawBytes >= this.#blockBytes || bytes > this.#blockBytes || block.entryCount >= MOST_ENTRIES;
    if (block.entryCount > 0 && isCut) this.#endBlock();
    if (this.#pending !== undefined) {
      const key = new Uint8Array(keyBytes.subarray(keyStart, keyEnd));
      this.#index.add(separatorOf(this.#lastKey.subarray(0, this.#lastKeyBytes), key), this.#pending);
      this.#pending = undefined;
    }
    if (order !== 0) this.#remember(entry);
    this.#lastSeqno = seqno;
    block.add(entry);
    this.#stats.add(entry);
  }

  /**
   * Writes what is left, the index and the trailer. Nothing may be added afterwards.
   *
   * A table without entries is legal.
   */
  finish(): TableSummary {
    if (this.#block.entryCount > 0) this.#endBlock();
    const largest = new Uint8Array(this.#lastKey.subarray(0, this.#lastKeyBytes));
    if (this.#pending !== undefined) this.#index.add(largest, this.#pending);
    const properties = this.#stats.finish(this.#smallest, largest, this.#origin);
    const trailer = new Uint8Array(trailerAt.bytes);
    const view = new DataView(trailer.buffer);
    if (this.#filterBitsPerKey > 0 && this.#hashCount > 0) {
      const policy = { bitsPerKey: this.#filterBitsPerKey, hashKey: this.#hashKey };
      this.#section(
        view,
        trailerAt.filter,
        tableFrameKinds.filter,
        encodeBloomFilter(this.#hashes, this.#hashCount, policy),
      );
    }
    this.#section(view, trailerAt.index, tableFrameKinds.index, this.#index.finish());
    this.#section(view, trailerAt.properties, tableFrameKinds.properties, encodeTableProperties(properties));
    view.setUint32(trailerAt.chainBefore, this.#chain, true);
    view.setUint16(trailerAt.version, TABLE_VERSION, true);
    this.#frame(trailer, tableFrameKinds.trailer);
    const bytes = this.#flushedBytes + this.#used;
    this.#writeOut();
    return Object.freeze({ tableNumber: this.#tableNumber, bytes, chain: this.#chain, properties });
  }

  /** Returns the bytes of key and value. */
  #check(entry: EntryView): number {
    const keyBytes = entry.keyEnd - entry.keyStart;
    const valueBytes = entry.valueEnd - entry.valueStart;
    checkWhole(keyBytes, "bytes of the key", 0, MAX_KEY_BYTES);
    checkWhole(valueBytes, "bytes of the value", 0, MAX_VALUE_BYTES);
    checkWhole(entry.seqno, "seqno", 0, MAX_SEQNO);
    const isKnown = entry.kind === entryKinds.put || (entry.kind === entryKinds.delete && valueBytes === 0);
    if (!isKnown) throw new RangeError(`kind must be 1, or 2 without a value, not ${String(entry.kind)}`);
    // Filter and index come on top, and take less than the other half.
    if (this.estimatedBytes + keyBytes + valueBytes > MAX_TABLE_BYTES / 2) {
      throw new RangeError(`a table may have 1 GiB of blocks and keys, and has ${this.estimatedBytes} bytes`);
    }
    if (this.#index.separatorBytes > MAX_SEPARATOR_BYTES - MAX_KEY_BYTES) {
      throw new RangeError(`the keys in an index may have ${MAX_SEPARATOR_BYTES} bytes`);
    }
    return keyBytes + valueBytes;
  }

  /** Keeps what is known of user keys once for each: the last key, the smallest, and its hash. */
  #remember({ keyBytes, keyStart, keyEnd }: EntryView): void {
    const length = keyEnd - keyStart;
    if (length > this.#lastKey.length) this.#lastKey = new Uint8Array(2 * length);
    copyBytes(this.#lastKey, 0, keyBytes, keyStart, keyEnd);
    this.#lastKeyBytes = length;
    if (this.entryCount === 0) this.#smallest = new Uint8Array(this.#lastKey.subarray(0, length));
    if (this.#filterBitsPerKey === 0) return;
    if (this.#hashCount === this.#hashes.length) {
      const larger = new Int32Array(2 * this.#hashCount);
      larger.set(this.#hashes);
      this.#hashes = larger;
    }
    this.#hashes[this.#hashCount++] = hashKey(keyBytes, keyStart, keyEnd, this.#hashKey);
  }

  #endBlock(): void {
    const block = this.#block;
    const rawBytes = block.finish();
    this.#stats.rawDataBytes += rawBytes;
    const frame = this.#dataFrame(block.bytes, rawBytes, block.entryCount);
    const { entryCount, minSeqno, maxSeqno } = block;
    this.#pending = { frameBytes: frame, chain: this.#chain, entryCount, minSeqno, maxSeqno };
    block.reset();
  }

  /** Writes a data block, compressed where that saves an eighth, and returns the size of its frame. */
  #dataFrame(raw: Uint8Array, rawBytes: number, span: number): number {
    this.#makeRoom(rawBytes);
    const start = this.#used;
    const payload = start + FRAME_HEADER_BYTES;
    const codec = this.#codec;
    const limit = payload + rawBytes - (rawBytes >>> 3);
    const end =
      codec === null || limit < payload + RAW_BYTES_FIELD
        ? -1
        : codec.encode(raw, 0, rawBytes, this.#output, payload + RAW_BYTES_FIELD, limit);
    const kind = tableFrameKinds.data;
    if (codec === null || end < 0) {
      this.#used = this.#encoder.append(this.#output, start, raw.subarray(0, rawBytes), { kind, flags: 0, span });
    } else {
      new DataView(this.#output.buffer).setUint32(payload, rawBytes, true);
      this.#used = this.#encoder.seal(this.#output, start, end - payload, { kind, flags: codec.id, span });
    }
    this.#chain = this.#encoder.chain;
    return this.#used - start;
  }

  #section(trailer: DataView, at: number, kind: number, payload: Uint8Array): void {
    const chainBefore = this.#chain;
    const offset = this.#flushedBytes + this.#used;
    this.#frame(payload, kind);
    trailer.setUint32(at, offset, true); // the high half stays 0: a table ends below 2^31
    trailer.setUint32(at + 8, frameBytes(payload.length), true);
    trailer.setUint32(at + 12, chainBefore, true);
  }

  #frame(payload: Uint8Array, kind: number): void {
    this.#makeRoom(payload.length);
    this.#used = this.#encoder.append(this.#output, this.#used, payload, { kind, flags: 0, span: 0 });
    this.#chain = this.#encoder.chain;
  }

  #makeRoom(payloadBytes: number): void {
    if (this.#used >= this.#bufferBytes) this.#writeOut();
    const needed = this.#used + frameBytes(payloadBytes);
    if (needed <= this.#output.length) return;
    this.#writeOut();
    const bytes = frameBytes(payloadBytes);
    if (bytes > this.#output.length) this.#output = new Uint8Array(bytes);
  }

  #writeOut(): void {
    if (this.#used === 0) return;
    this.#write(this.#output.subarray(0, this.#used));
    this.#flushedBytes += this.#used;
    this.#used = 0;
  }
}

/** What is counted while entries pass. */
class TableStats {
  entryCount = 0;
  deleteCount = 0;
  keyBytes = 0;
  valueBytes = 0;
  rawDataBytes = 0;
  minSeqno = 0;
  maxSeqno = 0;

  add({ keyStart, keyEnd, valueStart, valueEnd, seqno, kind }: EntryView): void {
    if (this.entryCount === 0) this.minSeqno = this.maxSeqno = seqno;
    else if (seqno < this.minSeqno) this.minSeqno = seqno;
    else if (seqno > this.maxSeqno) this.maxSeqno = seqno;
    this.entryCount += 1;
    if (kind === entryKinds.delete) this.deleteCount += 1;
    this.keyBytes += keyEnd - keyStart;
    this.valueBytes += valueEnd - valueStart;
  }

  finish(
    smallest: Uint8Array,
    largest: Uint8Array,
    origin: Pick<TableProperties, "firstLsn" | "lastLsn" | "level" | "createdMs">,
  ): TableProperties {
    const { entryCount, deleteCount, keyBytes, valueBytes, rawDataBytes, minSeqno, maxSeqno } = this;
    const counts = { entryCount, deleteCount, keyBytes, valueBytes, rawDataBytes, minSeqno, maxSeqno };
    return Object.freeze({ ...counts, smallest, largest, ...origin });
  }
}
