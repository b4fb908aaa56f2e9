import type { Directory } from "@holdfast/fs-seam";
import { MAX_PAYLOAD_BYTES } from "@holdfast/segment-codec";
import { FrameSearch } from "./frame-search.js";
import { RecordCache } from "./record-cache.js";
import { SegmentHandles, type OpenedSegment } from "./segment-handles.js";
import type { LogSegment } from "./segment-list.js";
import { WalError } from "./wal-error.js";

/** What a log has to offer so that its records can be read by place: `Wal` does, and so does `WalReader`. */
export interface PlacedLog {
  /** Those of the log, in order. */
  segments(): readonly LogSegment[];
  /** LSN of the last record that was appended. */
  readonly lastLsn: number;
  /** Highest LSN that was handed to the system; absent where that is all there is. */
  readonly writtenLsn?: number;
  /** Hands to the system what waits in memory. */
  write?(): number;
}

/** Where records are read from, and how much is read at once. */
export interface PlaceReaderOptions {
  /** Not closed with the reader. */
  readonly log: PlacedLog;
  /** The log's own. */
  readonly directory: Directory;
  /** Longest record or batch. Bytes, default 16 MiB. */
  readonly maxRecordBytes?: number;
  /**
   * What one read takes, from 64 bytes: a record whose frame ends within so many bytes behind the place costs one read, any other
   * two. Where places follow one another closely, up to 16 times as much is read at once. Default 4096.
   */
  readonly readBytes?: number;
  /** Segments that are kept open at once. Default 16. */
  readonly maxHandles?: number;
  /** Records that were verified stay in memory, up to so many bytes, and are not read again. Bytes, default 0. */
  readonly cacheBytes?: number;
}

const keys: readonly string[] = ["log", "directory", "maxRecordBytes", "readBytes", "maxHandles", "cacheBytes"];

const MAX_CACHE_BYTES: number = 2 ** 36;

/** Places so far behind what was read are still close to it; further ones are not worth a longer read. */
const NEAR_BYTES: number = 8 * 1024;

/** What is read when places are close, in bytes and in times of `readBytes`; the lesser of the two. */
const AHEAD_BYTES: number = 64 * 1024;
const AHEAD_READS = 16;

/** Bytes up to which a buffer that had to grow is kept. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Reads single records of a log by their places, each verified against the frame before it.
 *
 * ```
 * places.load(segmentId, offsetOfTheFrameBefore, lsn);
 * use(places.bytes, places.start, places.end);
 * ```
 */
export class PlaceReader {
  /** What {@link load} has found lies in `bytes[start, end)`, lent until the next call of it. */
  bytes: Uint8Array;
  /** Where it begins in `bytes`. */
  start = 0;
  /** Where it ends in `bytes`, exclusive. */
  end = 0;
  readonly #log: PlacedLog;
  readonly #handles: SegmentHandles;
  readonly #maxRecordBytes: number;
  readonly #window: Uint8Array;
  /** Where is read when places follow one another closely; empty until they do. */
  #ahead: Uint8Array = new Uint8Array();
  readonly #search = new FrameSearch();
  readonly #cache: RecordCache;
  /** What was read last, where from, and how much; of no segment while there is nothing that may be looked at again. */
  #lastRead: Uint8Array = new Uint8Array();
  #lastOf: OpenedSegment | undefined = undefined;
  #lastOffset = 0;
  #lastFilled = 0;
  #isPlaced = false;
  /** How often something was forgotten: a read that has waited meanwhile keeps nothing. */
  #forgotten = 0;
  #large: Uint8Array = new Uint8Array();
  #isClosed = false;

  /** @throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */
  constructor(options: PlaceReaderOptions) {
    for (const key of Object.keys(options)) if (!keys.includes(key)) refuse(key, "is unknown");
    const { log, directory, maxRecordBytes = 16 * 1024 * 1024, readBytes = 4096, maxHandles = 16 } = options;
    const { cacheBytes = 0 } = options;
    if (typeof log?.segments !== "function") refuse("log", "must be a log that is open");
    if (typeof directory?.open !== "function") refuse("directory", "must be a Directory of @holdfast/fs-seam");
    whole("maxRecordBytes", maxRecordBytes, 0, MAX_PAYLOAD_BYTES);
    whole("readBytes", readBytes, 64, MAX_PAYLOAD_BYTES);
    whole("maxHandles", maxHandles, 1, 1_000_000);
    whole("cacheBytes", cacheBytes, 0, MAX_CACHE_BYTES);
    this.#log = log;
    this.#handles = new SegmentHandles(directory, () => log.segments(), maxHandles);
    this.#maxRecordBytes = maxRecordBytes;
    this.#window = new Uint8Array(readBytes);
    this.#cache = new RecordCache(cacheBytes);
    this.bytes = this.#window;
  }

  /** Bytes that the records in memory take, and what finds them. */
  get cachedBytes(): number {
    return this.#cache.allocatedBytes;
  }

  /** Whether the record that was found last was found in a frame, and not in memory: the fields below are about that frame. */
  get isPlaced(): boolean {
    return this.#isPlaced;
  }

  /** Offset of the frame that holds the record that was found last, and of what follows it. */
  get offset(): number {
    return this.#search.offset;
  }

  /** Offset behind the frame that was found last. */
  get endOffset(): number {
    return this.#search.endOffset;
  }

  /** LSN of the first record in that frame, and how many it holds: a batch has several. */
  get frameLsn(): number {
    return this.#search.frameLsn;
  }

  /** How many records that frame holds. */
  get span(): number {
    return this.#search.span;
  }

  /** Chain of that frame: with `endOffset`, what a walk over the records behind it begins with. */
  get chain(): number {
    return this.#search.chain;
  }

  /**
   * Finds the record and verifies it. One that waits in the log's buffer is written first. Without garbage, unless it is longer
   * than 1 MiB.
   *
   * @param fromOffset - of a frame that ends before the one with the record, best of all the frame right before it; or 64, where
   * the frames of a segment begin. Headers in between are walked over, and read.
   * @throws {@link WalError} `WAL_CORRUPT` with file and offset; `WAL_SEGMENT_GONE`; `WAL_LSN_OUT_OF_RANGE` for a record that is not
   * there, or not behind the frame at `fromOffset`; `WAL_RECORD_TOO_LARGE`; `WAL_CLOSED`; and what writing throws. Fields are as
   * they were then, or hold nothing of use.
   */
  load(segmentId: number, fromOffset: number, lsn: number): void {
    this.#prepare(lsn);
    const cache = this.#cache;
    this.#isPlaced = false;
    if (cache.find(segmentId, lsn)) {
      this.bytes = cache.bytes;
      this.start = cache.start;
      this.end = cache.end;
      return;
    }
    const opened = this.#handles.get(segmentId);
    if (!this.#isInLastRead(opened, fromOffset, lsn)) this.#readFrame(opened, fromOffset, lsn);
    const search = this.#search;
    this.start = search.start;
    this.end = search.end;
    this.#isPlaced = true;
    cache.add(segmentId, search, this.bytes);
  }

  #readFrame(opened: OpenedSegment, fromOffset: number, lsn: number): void {
    const { segment, handle } = opened;
    const search = this.#search;
    let bytes = this.#isNext(opened, fromOffset) ? this.#roomAhead() : this.#window;
    this.#lastOf = undefined;
    search.begin(segment, fromOffset, lsn, this.#maxRecordBytes);
    for (;;) {
      const offset = search.needOffset;
      const count = handle.readAt(bytes, offset);
      if (bytes === this.#window || bytes === this.#ahead) {
        this.#lastRead = bytes;
        this.#lastOf = opened;
        this.#lastOffset = offset;
        this.#lastFilled = count;
      }
      if (search.look(bytes, count)) break;
      if (search.needBytes > bytes.length) bytes = this.#room(search.needBytes);
    }
    this.bytes = bytes;
  }

  /** Whether the place lies a little behind what was read last: whoever reads on in such steps finds several with one longer read. */
  #isNext(opened: OpenedSegment, fromOffset: number): boolean {
    const step = fromOffset - (this.#lastOffset + this.#lastFilled);
    return opened === this.#lastOf && fromOffset > this.#lastOffset && step <= NEAR_BYTES;
  }

  /**
   * Whether what was read last holds the record, too: whoever reads on finds many with one read. What was read may be older than the
   * record, so that whatever is wrong with it is no verdict.
   */
  #isInLastRead(opened: OpenedSegment, fromOffset: number, lsn: number): boolean {
    const end = this.#lastOffset + this.#lastFilled;
    if (opened !== this.#lastOf || fromOffset < this.#lastOffset || fromOffset >= end) return false;
    const search = this.#search;
    try {
      search.begin(opened.segment, fromOffset, lsn, this.#maxRecordBytes);
      search.needOffset = this.#lastOffset;
      if (!search.look(this.#lastRead, this.#lastFilled)) return false;
    } catch (error) {
      if (error instanceof WalError) return false;
      throw error;
    }
    this.bytes = this.#lastRead;
    return true;
  }

  /** The record that was found last, lent until the next call of {@link load}. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /** {@link load} for a device that may have to be waited for: resolves with a copy that the caller owns. Any number may wait at once. */
  async read(segmentId: number, fromOffset: number, lsn: number): Promise<Uint8Array> {
    this.#prepare(lsn);
    const cache = this.#cache;
    if (cache.find(segmentId, lsn)) return cache.bytes.slice(cache.start, cache.end);
    const opened = this.#handles.get(segmentId);
    const search = new FrameSearch();
    search.begin(opened.segment, fromOffset, lsn, this.#maxRecordBytes);
    const forgotten = this.#forgotten;
    opened.pending += 1;
    try {
      let bytes = new Uint8Array(this.#window.length);
      while (!search.look(bytes, await opened.handle.readAtAsync(bytes, search.needOffset))) {
        if (search.needBytes > bytes.length) bytes = new Uint8Array(search.needBytes);
      }
      if (forgotten === this.#forgotten) cache.add(segmentId, search, bytes);
      return bytes.slice(search.start, search.end);
    } finally {
      this.#handles.release(opened);
    }
  }

  /** To be called when a segment has been rewritten: places and records before that are those of another file. */
  forget(segmentId: number): void {
    this.#handles.forget(segmentId);
    this.#forgetRecords();
  }

  /** The same for every segment that is open here and whose file has been replaced, by whomever: for a reader beside the writer. */
  forgetReplaced(): void {
    if (this.#handles.forgetReplaced()) this.#forgetRecords();
  }

  /** Closes its handles, and that of a read that waits once it has returned. */
  close(): void {
    this.#isClosed = true;
    this.#handles.closeAll();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #forgetRecords(): void {
    this.#cache.clear();
    this.#lastOf = undefined;
    this.#forgotten += 1;
  }

  #prepare(lsn: number): void {
    if (this.#isClosed) throw new WalError("WAL_CLOSED", "the reader of places is closed");
    const log = this.#log;
    if (!Number.isSafeInteger(lsn) || lsn < 1 || lsn > log.lastLsn) {
      const message = `lsn must be a whole number from 1 to ${log.lastLsn}, not ${String(lsn)}`;
      throw new WalError("WAL_LSN_OUT_OF_RANGE", message, { lsn, expected: log.lastLsn });
    }
    if (log.writtenLsn !== undefined && lsn > log.writtenLsn) log.write?.();
  }

  /** A buffer for a longer read. */
  #roomAhead(): Uint8Array {
    const bytes = Math.min(AHEAD_BYTES, AHEAD_READS * this.#window.length);
    if (this.#ahead.length === 0) this.#ahead = new Uint8Array(bytes);
    return this.#ahead;
  }

  /** A buffer of at least so many bytes. */
  #room(bytes: number): Uint8Array {
    if (bytes <= this.#window.length) return this.#window;
    if (bytes <= this.#large.length) return this.#large;
    const room = new Uint8Array(Math.max(bytes, 2 * this.#window.length));
    if (room.length <= KEPT_BYTES) this.#large = room;
    return room;
  }
}

function whole(option: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  refuse(option, `must be a whole number from ${min} to ${max}, not ${String(value)}`);
}

function refuse(option: string, why: string): never {
  throw new WalError("WAL_INVALID_OPTION", `option ${option} ${why}`, { option });
}
