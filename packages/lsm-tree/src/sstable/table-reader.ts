import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, type ByteSource, type SegmentHeader } from "@holdfast/segment-codec";
import { BlockCodecs } from "../block-codec.js";
import { BloomFilter } from "../bloom-filter.js";
import type { EntryView } from "../entry-cursor.js";
import { compareBytes } from "../internal-key.js";
import { hashKey, type HashKey } from "../key-hash.js";
import { LsmError, type LsmErrorContext } from "../lsm-error.js";
import { checkBytes, checkKeys, checkWhole } from "../option-check.js";
import { BlockShape, checkBlockShape } from "./block-shape.js";
import type { ReadAhead } from "./read-ahead.js";
import { TableCursor, type TableBlocks } from "./table-cursor.js";
import { hex, TableFile, type TableIdentity } from "./table-file.js";
import { TableIndex } from "./table-index.js";
import { CODEC_MASK, MAX_BLOCK_BYTES, RAW_BYTES_FIELD, tableFrameKinds } from "./table-layout.js";
import { decodeTableProperties, type TableProperties } from "./table-properties.js";

/** Keeps uncompressed blocks. Table numbers are never used twice, so what is found under one is that table's for good. */
export interface BlockCache {
  /** The block, lent; undefined where it is not kept. */
  get(tableNumber: number, block: number): Uint8Array | undefined;
  /** May keep the block, which nobody changes from here on. */
  put(tableNumber: number, block: number, bytes: Uint8Array): void;
}

export interface TableReaderOptions extends TableIdentity {
  /** The key with which the hashes given to `find` are made: that of the database. */
  readonly hashKey: HashKey;
  /** Codecs beside those of the format. */
  readonly codecs?: BlockCodecs;
  /** Keeps blocks that were read. Default none. */
  readonly cache?: BlockCache;
}

const optionKeys: readonly string[] = [
  "databaseId",
  "tableNumber",
  "bytes",
  "chain",
  "file",
  "hashKey",
  "codecs",
  "cache",
];
const formatCodecs = new BlockCodecs();

/** The state of the filter, which is read when it is first asked. */
type FilterState =
  | { readonly kind: "unread" }
  | { readonly kind: "none" }
  | { readonly kind: "damaged"; readonly error: LsmError }
  | { readonly kind: "ready"; readonly filter: BloomFilter; readonly hasOwnKey: boolean };

/**
 * Reads a finished table. Opening takes four small reads: header, trailer, index and properties; the filter follows when it is first
 * needed, and every block when somebody wants it, alone, checked by the chain that the index has of it and of the block before.
 *
 * Memory: the index, the filter, and whatever blocks the cache keeps.
 */
export class TableReader implements TableBlocks {
  /** Where its blocks are. */
  readonly index: TableIndex;
  /** What it says of itself. */
  readonly properties: TableProperties;
  /** Its frames. */
  readonly file: TableFile;
  readonly #tableNumber: number;
  readonly #hashKey: HashKey;
  readonly #codecs: BlockCodecs;
  readonly #cache: BlockCache | undefined;
  readonly #finder: TableCursor;
  /** For reads that leave the cache as it is. */
  #quietFinder: TableCursor | undefined;
  readonly #shape = new BlockShape();
  #filter: FilterState = { kind: "unread" };
  /** For frames whose block is compressed and so is copied out of them. */
  #scratch = new Uint8Array();

  /**
   * Opens a table.
   *
   * @param source - borrowed for as long as the reader is used. Whatever its `readAt` throws is passed on.
   * @throws {@link LsmError} `LSM_NOT_A_TABLE`, `LSM_WRONG_TABLE`, `LSM_CORRUPT`, `LSM_UNSUPPORTED`; `TypeError` or `RangeError` for options.
   */
  constructor(source: ByteSource, options: TableReaderOptions) {
    checkKeys(options, optionKeys, "TableReader");
    checkBytes(options.databaseId, "databaseId", 16);
    checkWhole(options.tableNumber, "tableNumber", 1, Number.MAX_SAFE_INTEGER);
    this.#tableNumber = options.tableNumber;
    this.#hashKey = options.hashKey;
    this.#codecs = options.codecs ?? formatCodecs;
    this.#cache = options.cache;
    this.file = new TableFile(source, options);
    this.properties = this.#decode("properties", () =>
      decodeTableProperties(this.file.readSection(this.file.properties, tableFrameKinds.properties)),
    );
    this.index = this.#decode(
      "index",
      () => new TableIndex(this.file.readSection(this.file.index, tableFrameKinds.index), SEGMENT_HEADER_BYTES),
    );
    this.#checkTotals();
    this.#finder = new TableCursor(this, true);
  }

  /** Number of the table. */
  get tableNumber(): number {
    return this.#tableNumber;
  }

  /** Who the file is. */
  get header(): SegmentHeader {
    return this.file.header;
  }

  /** The key of the hashes that `find` takes. */
  get hashKey(): HashKey {
    return this.#hashKey;
  }

  /** Bytes of index and filter in memory. */
  get residentBytes(): number {
    return this.index.bytes + (this.#filter.kind === "ready" ? this.#filter.filter.bytes : 0);
  }

  /** Why the filter is not used although there is one: reads go on without it. */
  get filterError(): LsmError | undefined {
    return this.#filter.kind === "damaged" ? this.#filter.error : undefined;
  }

  /**
   * The newest version of `key` up to `seqno`, a delete too; undefined when there is none here.
   *
   * @param hash - of the key, with the hash key of the options.
   * @param fillCache - whether a block that is read goes into the cache.
   * @returns lent until the next call, its value as long as the caller likes.
   * @throws {@link LsmError} `LSM_CORRUPT`, `LSM_UNSUPPORTED_CODEC` for the one block that is concerned.
   */
  find(key: Uint8Array, hash: number, seqno: number, fillCache: boolean = true): EntryView | undefined {
    if (!this.mayContain(key, hash)) return undefined;
    const finder = fillCache ? this.#finder : (this.#quietFinder ??= new TableCursor(this, false));
    finder.seekVersion(key, seqno);
    if (!finder.valid || compareBytes(finder.keyBytes, 0, finder.keyEnd, key, 0, key.length) !== 0) return undefined;
    return finder;
  }

  /** What the filter says of a key: false only when it is not here. True without a filter, or when that is damaged. */
  mayContain(key: Uint8Array, hash: number): boolean {
    if (this.#filter.kind === "unread") this.#filter = this.#readFilter();
    if (this.#filter.kind !== "ready") return true;
    const { filter, hasOwnKey } = this.#filter;
    return filter.mayContain(hasOwnKey ? hashKey(key, 0, key.length, filter.hashKey) : hash);
  }

  /** A cursor over all entries. `fillCache: false` for scans that would push everything else out of the cache. */
  cursor({ fillCache = true }: { readonly fillCache?: boolean } = {}): TableCursor {
    return new TableCursor(this, fillCache);
  }

  block(ordinal: number, fillCache: boolean, ahead?: ReadAhead): Uint8Array {
    const cached = this.#cache?.get(this.#tableNumber, ordinal);
    if (cached !== undefined) return cached;
    const block = this.readBlock(ordinal, ahead);
    if (fillCache) this.#cache?.put(this.#tableNumber, ordinal, block);
    return block;
  }

  damagedBlock(ordinal: number, problem: string, offset?: number): LsmError {
    const context = this.#contextOf(ordinal);
    const place = offset === undefined ? "" : ` at ${offset} of the block`;
    return this.file.corrupt(`has a damaged block: it ${problem}${place}`, context.offset ?? 0, context);
  }

  /** Reads a block from the file, or from what was read of it ahead, whatever the cache has. */
  readBlock(ordinal: number, ahead?: ReadAhead): Uint8Array {
    const { index } = this;
    // TableCursor and verifyTable ask only for ordinals below the count, which is what makes these assertions true.
    const offset = index.offsets[ordinal]!;
    const bytes = index.frameBytes[ordinal]!;
    const chainBefore = ordinal === 0 ? this.header.crc : index.chains[ordinal - 1]!;
    const frame = ahead?.frame(this.file, index, ordinal) ?? this.#readFrame(ordinal, offset, bytes);
    const view = this.file.viewFrame(frame, { offset, bytes, chainBefore }, tableFrameKinds.data);
    if (view === undefined) throw this.damagedBlock(ordinal, "fails its checksum");
    if (view.chain !== index.chains[ordinal]) throw this.damagedBlock(ordinal, "is not the one of the index");
    const codec = view.flags & CODEC_MASK;
    if (view.flags !== codec) throw this.#unsupported(ordinal, "flags", view.flags);
    const start = FRAME_HEADER_BYTES;
    const block =
      codec === 0
        ? frame.slice(start, start + view.payloadBytes)
        : this.#decompress(ordinal, codec, frame, start, view.payloadBytes);
    try {
      checkBlockShape(block, this.#shape);
    } catch (cause) {
      throw this.#withPlace(ordinal, cause);
    }
    if (this.#shape.entryCount !== index.entryCounts[ordinal] || view.span !== this.#shape.entryCount) {
      throw this.damagedBlock(ordinal, "has another number of entries than the index says");
    }
    return block;
  }

  #readFrame(ordinal: number, offset: number, bytes: number): Uint8Array {
    if (bytes > this.#scratch.length) this.#scratch = new Uint8Array(bytes + (bytes >>> 1));
    try {
      return this.file.read(offset, bytes, this.#scratch.subarray(0, bytes));
    } catch (error) {
      throw this.#withPlace(ordinal, error);
    }
  }

  #decompress(ordinal: number, codec: number, frame: Uint8Array, start: number, payloadBytes: number): Uint8Array {
    if (payloadBytes < RAW_BYTES_FIELD) throw this.damagedBlock(ordinal, "is too short to be compressed");
    const rawBytes = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(start, true);
    if (rawBytes > MAX_BLOCK_BYTES) throw this.damagedBlock(ordinal, `claims ${rawBytes} bytes`);
    try {
      return this.#codecs.decode(codec, frame, start + RAW_BYTES_FIELD, start + payloadBytes, rawBytes);
    } catch (cause) {
      throw this.#withPlace(ordinal, cause);
    }
  }

  #readFilter(): FilterState {
    const place = this.file.filter;
    if (place === undefined) return { kind: "none" };
    try {
      const filter = new BloomFilter(this.file.readSection(place, tableFrameKinds.filter));
      const { low, high } = filter.hashKey;
      return {
        kind: "ready",
        filter,
        hasOwnKey: low >>> 0 !== this.#hashKey.low >>> 0 || high >>> 0 !== this.#hashKey.high >>> 0,
      };
    } catch (error) {
      // A filter only saves reads. Whatever is wrong with its bytes, the table is read without it.
      if (error instanceof LsmError) return { kind: "damaged", error };
      throw error;
    }
  }

  /** Index, properties and sections have to tell the same story. */
  #checkTotals(): void {
    const { index, properties, file } = this;
    const { blockCount } = index;
    const { smallest, largest, minSeqno, maxSeqno, entryCount, deleteCount } = properties;
    let least = blockCount === 0 ? 0 : Infinity;
    let most = 0;
    for (let block = 0; block < blockCount; block++) {
      least = Math.min(least, index.minSeqnos[block]!); // below the count
      most = Math.max(most, index.maxSeqnos[block]!);
    }
    const end = blockCount === 0 ? new Uint8Array() : index.separator(blockCount - 1);
    const problem =
      index.endOffset !== file.dataEnd
        ? "blocks that do not end where the next section begins"
        : index.entryCount !== entryCount || deleteCount > entryCount
          ? "another number of entries in its index than in its properties"
          : least !== minSeqno || most !== maxSeqno
            ? "other seqnos in its index than in its properties"
            : Buffer.compare(end, largest) !== 0 || Buffer.compare(smallest, largest) > 0
              ? "other keys in its index than in its properties"
              : undefined;
    if (problem !== undefined) throw file.corrupt(`has ${problem}`, file.index.offset);
  }

  /** Errors of a section's decoder know offsets in its payload only. */
  #decode<Value>(section: "index" | "properties", run: () => Value): Value {
    try {
      return run();
    } catch (cause) {
      if (!(cause instanceof LsmError) || cause.context.tableNumber !== undefined) throw cause;
      const offset = this.file[section].offset;
      throw new LsmError(
        cause.code,
        cause.message,
        { ...cause.context, ...this.file.name, offset, field: section },
        { cause },
      );
    }
  }

  #withPlace(ordinal: number, cause: unknown): unknown {
    if (!(cause instanceof LsmError)) return cause;
    return new LsmError(cause.code, cause.message, { ...cause.context, ...this.#contextOf(ordinal) }, { cause });
  }

  #unsupported(ordinal: number, field: string, actual: number): LsmError {
    return new LsmError("LSM_UNSUPPORTED", `${field} ${actual} of a block are not known`, {
      ...this.#contextOf(ordinal),
      field,
      actual,
    });
  }

  /** File, place and keys of a block, for errors. */
  #contextOf(ordinal: number): LsmErrorContext {
    const { index, properties } = this;
    return {
      ...this.file.name,
      offset: index.offsets[ordinal],
      block: ordinal,
      keysAfter: ordinal === 0 ? undefined : hex(index.separator(ordinal - 1)),
      keysUpTo: ordinal + 1 < index.blockCount ? hex(index.separator(ordinal)) : hex(properties.largest),
    };
  }
}
