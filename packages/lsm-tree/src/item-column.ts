import { isAscii } from "node:buffer";
import { BufferOver, textOf } from "./encoded-data.js";
import type { Encoded, EncodedFormat } from "./encoded-data.js";
import { copyBytes } from "./internal-key.js";

/**
 * Keys or values of the entries that an iterator reads at once. What it gives out is the caller's, bytes and all, but neighbours share their
 * memory: whoever keeps one item of a column keeps up to {@link SLAB_BYTES} of those around it.
 */
export interface ItemColumn {
  /** Copies `bytes[start, end)`. */
  add(bytes: Uint8Array, start: number, end: number): void;
  /** The items since the last call. */
  take(): Encoded[];
}

/** Large enough that allocating one costs each entry next to nothing, small enough to be kept for the sake of one entry. */
const SLAB_BYTES = 32_768;
const FIRST_SLAB_BYTES = 1024;
/** Longer items have memory of their own. */
const SHARED_UP_TO_BYTES = 4096;
/** The largest block that is copied whole. */
const BLOCK_UP_TO_BYTES = 8192;

/** @param areLasting - whether the bytes that are added stay as they are until the items are taken, as those of values do. */
export function itemColumn(format: EncodedFormat | undefined, areLasting: boolean): ItemColumn {
  return format === "utf8"
    ? new TextColumn()
    : new BytesColumn(format === "view" ? Uint8Array : BufferOver, areLasting);
}

type BytesClass = new (buffer: ArrayBuffer, offset: number, length: number) => Uint8Array;

/**
 * Cuts items from slabs that are never written again. The second item of one block has the block copied whole, which takes less than to copy each of the
 * thirty that mostly follow.
 */
class BytesColumn implements ItemColumn {
  readonly #itemClass: BytesClass;
  #items: Uint8Array[] = [];
  #slab = new ArrayBuffer(0);
  #bytes = new Uint8Array(this.#slab);
  #at = 0;
  #nextSlabBytes = FIRST_SLAB_BYTES;
  readonly #areLasting: boolean;
  /** The block of the last item, where it may be copied whole, and where in the slab its copy is, or -1. */
  #block: Uint8Array | undefined;
  #blockAt = -1;

  constructor(itemClass: BytesClass, areLasting: boolean) {
    this.#itemClass = itemClass;
    this.#areLasting = areLasting;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > SHARED_UP_TO_BYTES) {
      this.#addLong(bytes, start, end);
      return;
    }
    if (bytes === this.#block) {
      if (this.#blockAt < 0) this.#copyBlock(bytes);
      this.#items.push(new this.#itemClass(this.#slab, this.#blockAt + start, length));
      return;
    }
    this.#block = this.#areLasting && bytes.length <= BLOCK_UP_TO_BYTES ? bytes : undefined;
    this.#blockAt = -1;
    if (this.#at + length > this.#bytes.length) this.#renew(length);
    copyBytes(this.#bytes, this.#at, bytes, start, end);
    this.#items.push(new this.#itemClass(this.#slab, this.#at, length));
    this.#at += length;
  }

  take(): Encoded[] {
    const items = this.#items;
    this.#items = [];
    // Whoever goes back may come to an entry again, and what was given out for it is not ours.
    this.#block = undefined;
    return items;
  }

  #copyBlock(block: Uint8Array): void {
    if (this.#at + block.length > this.#bytes.length) this.#renew(block.length);
    this.#bytes.set(block, this.#at);
    this.#blockAt = this.#at;
    this.#at += block.length;
  }

  #addLong(bytes: Uint8Array, start: number, end: number): void {
    const item = new this.#itemClass(new ArrayBuffer(end - start), 0, end - start);
    copyBytes(item, 0, bytes, start, end);
    this.#items.push(item);
  }

  #renew(length: number): void {
    this.#slab = new ArrayBuffer(Math.max(this.#nextSlabBytes, length));
    this.#bytes = new Uint8Array(this.#slab);
    this.#at = 0;
    this.#nextSlabBytes = Math.min(SLAB_BYTES, this.#nextSlabBytes * 2);
  }
}

/** Where all is ASCII, decodes many items as one text and cuts it, which takes a quarter of the time of decoding each of them. */
class TextColumn implements ItemColumn {
  #items: string[] = [];
  #bytes = new Uint8Array(FIRST_SLAB_BYTES);
  #at = 0;
  /** Where the items end that are in `#bytes`. */
  readonly #ends: number[] = [];

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > SHARED_UP_TO_BYTES) {
      this.#decode();
      this.#items.push(textOf(bytes, start, end));
      return;
    }
    if (this.#at + length > this.#bytes.length) {
      this.#decode();
      if (this.#bytes.length < SLAB_BYTES) this.#bytes = new Uint8Array(Math.max(this.#bytes.length * 2, length));
    }
    copyBytes(this.#bytes, this.#at, bytes, start, end);
    this.#at += length;
    this.#ends.push(this.#at);
  }

  take(): Encoded[] {
    this.#decode();
    const items = this.#items;
    this.#items = [];
    return items;
  }

  #decode(): void {
    if (this.#ends.length === 0) return;
    const all = new BufferOver(this.#bytes.buffer, 0, this.#at);
    const text = isAscii(all) ? all.toString("latin1") : undefined; // the same as UTF-8 then, in less time
    let start = 0;
    for (const end of this.#ends) {
      this.#items.push(text === undefined ? textOf(all, start, end) : text.slice(start, end));
      start = end;
    }
    this.#ends.length = 0;
    this.#at = 0;
  }
}
