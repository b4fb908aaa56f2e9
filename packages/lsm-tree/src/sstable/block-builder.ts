import type { EntryView } from "../entry-cursor.js";
import { copyBytes, entryKinds, sharedPrefix } from "../internal-key.js";
import { MAX_VARINT_BYTES, writeVarint } from "../varint.js";
import { blockFooter, entryTag, WIDE_RESTARTS } from "./table-layout.js";

/** Numbers of an entry take at most this much: four varints and the tag. */
const MOST_NUMBERS = 4 * MAX_VARINT_BYTES + 1;

/**
 * Encodes one data block after another into a buffer of its own. Every `restartInterval` entries one keeps its whole key, a restart; the others
 * say how many bytes they share with that one, not with the entry before: so each is decoded alone, in both directions.
 *
 * Entries have to come in internal order; whoever builds a table checks that.
 */
export class BlockBuilder {
  /** What {@link finish} has encoded, from 0 on; lent until the next call. */
  bytes: Uint8Array;
  /** Entries since the last reset. */
  entryCount = 0;
  /** Lowest seqno among them. */
  minSeqno = 0;
  /** Highest seqno among them. */
  maxSeqno = 0;
  readonly #restartInterval: number;
  #restarts: number[] = [];
  #at = 0;
  #baseSeqno = 0;
  #headStart = 0;
  #headEnd = 0;

  constructor(restartInterval: number) {
    this.#restartInterval = restartInterval;
    this.bytes = new Uint8Array(8192);
  }

  /** Bytes that the block has so far, its end included. */
  get rawBytes(): number {
    return this.#at + this.#restarts.length * 4 + blockFooter.bytes;
  }

  /** Adds an entry, which is copied. */
  add(entry: EntryView): void {
    const { keyBytes, keyStart, keyEnd, seqno, kind } = entry;
    const valueBytes = entry.valueEnd - entry.valueStart;
    this.#reserve(MOST_NUMBERS + keyEnd - keyStart + valueBytes);
    const { bytes } = this;
    const isRestart = this.entryCount % this.#restartInterval === 0;
    if (this.entryCount === 0) this.#baseSeqno = this.minSeqno = this.maxSeqno = seqno;
    let shared = 0;
    if (isRestart) this.#restarts.push(this.#at);
    else shared = sharedPrefix(bytes, this.#headStart, this.#headEnd, keyBytes, keyStart, keyEnd);

    let at = writeVarint(bytes, this.#at, shared);
    at = writeVarint(bytes, at, keyEnd - keyStart - shared);
    const distance = seqno - this.#baseSeqno;
    bytes[at++] = kind | (distance === 0 ? entryTag.equalsBase : distance < 0 ? entryTag.belowBase : 0);
    if (distance !== 0) at = writeVarint(bytes, at, Math.abs(distance));
    if (kind === entryKinds.put) at = writeVarint(bytes, at, valueBytes);
    copyBytes(bytes, at, keyBytes, keyStart + shared, keyEnd);
    if (isRestart) {
      this.#headStart = at;
      this.#headEnd = at + keyEnd - keyStart;
    }
    at += keyEnd - keyStart - shared;
    copyBytes(bytes, at, entry.valueBytes, entry.valueStart, entry.valueEnd);
    this.#at = at + valueBytes;
    this.entryCount += 1;
    if (seqno < this.minSeqno) this.minSeqno = seqno;
    if (seqno > this.maxSeqno) this.maxSeqno = seqno;
  }

  /** Completes the block of at least one entry and returns its size; then {@link reset} begins the next one. */
  finish(): number {
    const restarts = this.#restarts;
    this.#reserve(restarts.length * 4 + blockFooter.bytes);
    const isWide = this.#at > 0xffff;
    const view = new DataView(this.bytes.buffer);
    let at = this.#at;
    for (const restart of restarts) {
      if (isWide) view.setUint32(at, restart, true);
      else view.setUint16(at, restart, true);
      at += isWide ? 4 : 2;
    }
    view.setUint32(at + blockFooter.baseSeqno, this.#baseSeqno, true); // takes the value modulo 2^32 by itself
    view.setUint32(at + blockFooter.baseSeqno + 4, this.#baseSeqno / 0x1_0000_0000, true);
    view.setUint32(at + blockFooter.entryCount, this.entryCount, true);
    view.setUint8(at + blockFooter.restartInterval, this.#restartInterval);
    view.setUint8(at + blockFooter.flags, isWide ? WIDE_RESTARTS : 0);
    view.setUint16(at + blockFooter.zero, 0, true);
    return at + blockFooter.bytes;
  }

  /** Forgets the entries, and keeps the memory. */
  reset(): void {
    this.entryCount = 0;
    this.#restarts = [];
    this.#at = 0;
  }

  #reserve(more: number): void {
    const needed = this.#at + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.#at));
    this.bytes = larger;
  }
}
