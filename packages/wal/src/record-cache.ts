import { batchRecordEnd, batchRecordStart } from "./batch-payload.js";

/** Bytes that are allocated at once; no frame lies across two chunks, and a larger one is not kept. */
const CHUNK_BYTES: number = 64 * 1024;

/** One slot for so many bytes, which is about what a small record takes. */
const BYTES_PER_SLOT = 256;
const FIRST_SLOTS = 256;

/** Words of a slot: LSN (two words), segment, chunk, where the record begins in the chunk, and where it ends. */
const SLOT_WORDS = 6;
const TWO_TO_32 = 0x1_0000_0000;

/** Where the payload of a frame lies, and what is in it: see `FrameSearch`. */
export interface VerifiedFrame {
  readonly frameLsn: number;
  readonly span: number;
  readonly isBatch: boolean;
  readonly payloadStart: number;
  readonly payloadEnd: number;
}

/**
 * Records that were read and verified, by segment and LSN, in a ring of chunks: the oldest chunk is written over when the bytes are
 * used up. What is found needs no read and no checksum. Records share a slot by the low bits of their LSNs, and the later one takes
 * it: whoever misses reads the file.
 */
export class RecordCache {
  /** What {@link find} has found lies in `bytes[start, end)`, lent until the next call of {@link add}. */
  bytes: Uint8Array = new Uint8Array();
  start = 0;
  end = 0;
  readonly #maxChunks: number;
  readonly #maxSlots: number;
  readonly #chunks: Uint8Array[] = [];
  /** Number of the chunk that is filled, from 0 on for as long as the cache lives; chunk n lies in place n modulo their count. */
  #chunk = -1;
  #filled = 0;
  #slots: Uint32Array = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  #used = 0;

  /** @param maxBytes - of all chunks; below the size of one chunk nothing is kept. */
  constructor(maxBytes: number) {
    this.#maxChunks = Math.floor(maxBytes / CHUNK_BYTES);
    this.#maxSlots = 2 ** Math.ceil(Math.log2(Math.max(FIRST_SLOTS, maxBytes / BYTES_PER_SLOT)));
  }

  /** Bytes of chunks and slots that are allocated. */
  get allocatedBytes(): number {
    return this.#chunks.length * CHUNK_BYTES + this.#slots.byteLength;
  }

  /** Whether the record is there. */
  find(segmentId: number, lsn: number): boolean {
    const slots = this.#slots;
    const at = this.#slotOf(lsn);
    if (slots[at + 1] !== lsn >>> 0 || slots[at] !== Math.floor(lsn / TWO_TO_32)) return false;
    if (slots[at + 2] !== segmentId) return false;
    const chunk = slots[at + 3]! - 1; // every slot has all of its words
    if (chunk <= this.#chunk - this.#maxChunks) return false;
    this.bytes = this.#chunks[chunk % this.#maxChunks]!;
    this.start = slots[at + 4]!;
    this.end = slots[at + 5]!;
    return true;
  }

  /** Keeps the records of a frame that was verified, and lies in `bytes`. */
  add(segmentId: number, frame: VerifiedFrame, bytes: Uint8Array): void {
    const { payloadStart: start, payloadEnd: end, frameLsn } = frame;
    if (end - start > CHUNK_BYTES || this.#maxChunks === 0) return;
    if (this.#chunk < 0 || this.#filled + end - start > CHUNK_BYTES) this.#nextChunk();
    const chunk = this.#chunks[this.#chunk % this.#maxChunks]!; // there is one by now
    const moved = this.#filled - start;
    chunk.set(bytes.subarray(start, end), this.#filled);
    this.#filled += end - start;
    if (!frame.isBatch) {
      this.#put(segmentId, frameLsn, start + moved, end + moved);
      return;
    }
    let at = start;
    for (let lsn = frameLsn; lsn < frameLsn + frame.span; lsn += 1) {
      const recordEnd = batchRecordEnd(bytes, at, end);
      if (recordEnd < 0) return; // whoever asks for it is told by the frame itself
      this.#put(segmentId, lsn, batchRecordStart(at) + moved, recordEnd + moved);
      at = recordEnd;
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#slots = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
    this.#used = 0;
  }

  #put(segmentId: number, lsn: number, start: number, end: number): void {
    const count = this.#slots.length / SLOT_WORDS;
    if (this.#used >= count / 2 && count < this.#maxSlots) this.#grow();
    const slots = this.#slots;
    const at = this.#slotOf(lsn);
    if (slots[at + 3] === 0) this.#used += 1;
    slots[at] = Math.floor(lsn / TWO_TO_32);
    slots[at + 1] = lsn;
    slots[at + 2] = segmentId;
    slots[at + 3] = this.#chunk + 1; // 0 stands for a slot that was never used
    slots[at + 4] = start;
    slots[at + 5] = end;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += SLOT_WORDS) {
      if (old[at + 3] === 0) continue;
      this.#slots.set(old.subarray(at, at + SLOT_WORDS), this.#slotOf(old[at]! * TWO_TO_32 + old[at + 1]!));
    }
  }

  #nextChunk(): void {
    this.#chunk += 1;
    this.#filled = 0;
    if (this.#chunk < this.#maxChunks) this.#chunks.push(new Uint8Array(CHUNK_BYTES));
  }

  /** Index of the first word of the slot that a record with this LSN has. */
  #slotOf(lsn: number): number {
    return ((lsn >>> 0) & (this.#slots.length / SLOT_WORDS - 1)) * SLOT_WORDS;
  }
}
