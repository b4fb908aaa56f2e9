import { checkKeys, checkWhole } from "./option-check.js";
import type { BlockCache } from "./sstable/table-reader.js";

/** How much a cache keeps. */
export interface S3FifoCacheOptions {
  /** Bytes of all blocks it keeps, with what an array takes beside its bytes. 0 keeps none. */
  readonly maxBytes: number;
}

/** A cache that can let go of a table. */
export interface TableBlockCache extends BlockCache {
  /** Drops whatever is kept of a table. */
  forget(tableNumber: number): void;
}

/** About what a Uint8Array and its buffer take on the heap beside their bytes. */
const ARRAY_BYTES = 160;

/** A hit is counted up to this; what was hit more often than once leaves the small queue for the main one. */
const MOST_HITS = 3;

/** The queues, each a ring of slots through the slot that has its number. 0 stands for no slot where there could be one. */
const SMALL = 0;
const MAIN = 1;
const GHOST = 2;
const QUEUE_COUNT = 3;

/**
 * Blocks in memory, so many bytes at most. What is found under a table's number is that table's: numbers are never used twice.
 *
 * S3-FIFO, after Yang, Zhang, Qiu, Yue and Vigfusson, "FIFO queues are all you need for cache eviction", SOSP 2023. A block comes into a small queue, a
 * tenth of the bytes, and most leave from there; a scan so passes by. Those that were hit more than once by then go on to the main
 * queue, where each hit is good for one more round. Of those that left the small queue the keys are remembered, as a ghost queue, and one that is back while it is remembered
 * comes into the main queue at once. So a hit costs a look-up and a counter, and moves nothing.
 */
export class S3FifoCache implements TableBlockCache {
  /** Bytes that it keeps at most. */
  readonly maxBytes: number;
  /** Blocks that were there when they were asked for. */
  hits = 0;
  /** Blocks that were not. */
  misses = 0;
  /** By table number: its slots by block, 0 for none, and how many there are. */
  readonly #tables = new Map<number, TableSlots>();
  /** The table that was asked for last, since one is mostly asked for many times over. */
  #lastNumber = 0;
  #lastTable: TableSlots | undefined;
  /** Columns by slot. A ghost has no bytes. */
  readonly #bytes: (Uint8Array | undefined)[] = [];
  readonly #numbers: number[] = [];
  readonly #blocks: number[] = [];
  readonly #sizes: number[] = [];
  readonly #hitCounts: number[] = [];
  readonly #queues: number[] = [];
  /** Towards the newest of the queue, and towards the oldest; the queue's own slot is behind both ends. */
  readonly #newer: number[] = [];
  readonly #older: number[] = [];
  readonly #queueBytes: number[] = [];
  readonly #free: number[] = [];

  /** @throws `TypeError` or `RangeError` that names the option. */
  constructor(options: S3FifoCacheOptions) {
    checkKeys(options, ["maxBytes"], "S3FifoCache");
    checkWhole(options.maxBytes, "maxBytes", 0, Number.MAX_SAFE_INTEGER);
    this.maxBytes = options.maxBytes;
    for (let queue = 0; queue < QUEUE_COUNT; queue++) {
      this.#setSlot(queue, 0, 0, 0);
      this.#newer[queue] = queue;
      this.#older[queue] = queue;
      this.#queueBytes.push(0);
    }
  }

  /** Bytes of what it keeps: at most `maxBytes`. */
  get bytes(): number {
    return this.#bytesOf(SMALL) + this.#bytesOf(MAIN);
  }

  /** The block, lent; undefined where it is not kept. */
  get(tableNumber: number, block: number): Uint8Array | undefined {
    const slot = this.#slotOf(tableNumber, block);
    const bytes = this.#bytes[slot]; // no queue has bytes, nor has a ghost
    if (bytes === undefined) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    const count = this.#hitCounts[slot]!; // every slot has one
    if (count < MOST_HITS) this.#hitCounts[slot] = count + 1;
    return bytes;
  }

  /** Keeps a block, unless it would take more than a quarter of everything. @param bytes - kept: nobody may change them. */
  put(tableNumber: number, block: number, bytes: Uint8Array): void {
    const size = bytes.length + ARRAY_BYTES;
    if (size * 4 > this.maxBytes) return;
    const known = this.#slotOf(tableNumber, block);
    if (this.#bytes[known] !== undefined) return;
    if (known !== 0) this.#release(known);
    while (this.bytes + size > this.maxBytes) this.#evict();
    const slot = this.#free.pop() ?? this.#bytes.length;
    this.#setSlot(slot, tableNumber, block, size);
    this.#bytes[slot] = bytes;
    this.#push(slot, known === 0 ? SMALL : MAIN);
    this.#tableOf(tableNumber).set(block, slot);
  }

  forget(tableNumber: number): void {
    for (const slot of this.#tables.get(tableNumber)?.slots ?? []) if (slot !== 0) this.#release(slot);
  }

  #slotOf(tableNumber: number, block: number): number {
    if (tableNumber !== this.#lastNumber) {
      this.#lastNumber = tableNumber;
      this.#lastTable = this.#tables.get(tableNumber);
    }
    return this.#lastTable?.slots[block] ?? 0;
  }

  #tableOf(tableNumber: number): TableSlots {
    let table = this.#tables.get(tableNumber);
    if (table === undefined) {
      table = new TableSlots();
      this.#tables.set(tableNumber, table);
    }
    this.#lastNumber = tableNumber;
    this.#lastTable = table;
    return table;
  }

  /** One step towards room: the oldest of a queue leaves it or goes on. */
  #evict(): void {
    // While the small queue is below its share there is something in the main one: a block that comes in takes a quarter at most.
    const fromSmall = this.#bytesOf(SMALL) * 10 > this.maxBytes;
    const slot = this.#newer[fromSmall ? SMALL : MAIN]!; // the ring's oldest: one of the queues has bytes
    const hits = this.#hitCounts[slot]!;
    this.#unlink(slot);
    if (fromSmall && hits > 1) {
      this.#hitCounts[slot] = 0;
      this.#push(slot, MAIN);
    } else if (fromSmall) {
      this.#bytes[slot] = undefined;
      this.#push(slot, GHOST);
      // As many are remembered as the main queue would hold.
      while (this.#bytesOf(GHOST) > this.maxBytes * 0.9) this.#release(this.#newer[GHOST]!);
    } else if (hits > 0) {
      this.#hitCounts[slot] = hits - 1;
      this.#push(slot, MAIN);
    } else {
      this.#freeSlot(slot);
    }
  }

  #release(slot: number): void {
    this.#unlink(slot);
    this.#freeSlot(slot);
  }

  /** Of a slot that is in no queue. */
  #freeSlot(slot: number): void {
    const tableNumber = this.#numbers[slot]!; // columns have a place for each slot, here and below
    const table = this.#tableOf(tableNumber);
    table.remove(this.#blocks[slot]!);
    if (table.count === 0) this.#tables.delete(tableNumber);
    this.#bytes[slot] = undefined;
    this.#free.push(slot);
  }

  #push(slot: number, queue: number): void {
    const newest = this.#older[queue]!;
    this.#older[slot] = newest;
    this.#newer[slot] = queue;
    this.#newer[newest] = slot;
    this.#older[queue] = slot;
    this.#queues[slot] = queue;
    this.#queueBytes[queue] = this.#bytesOf(queue) + this.#sizes[slot]!;
  }

  #unlink(slot: number): void {
    const queue = this.#queues[slot]!;
    const newer = this.#newer[slot]!;
    const older = this.#older[slot]!;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#queueBytes[queue] = this.#bytesOf(queue) - this.#sizes[slot]!;
  }

  #bytesOf(queue: number): number {
    return this.#queueBytes[queue]!; // there are three
  }

  #setSlot(slot: number, tableNumber: number, block: number, size: number): void {
    this.#bytes[slot] = undefined;
    this.#numbers[slot] = tableNumber;
    this.#blocks[slot] = block;
    this.#sizes[slot] = size;
    this.#hitCounts[slot] = 0;
    this.#queues[slot] = 0;
    this.#newer[slot] = 0;
    this.#older[slot] = 0;
  }
}

/** The slots of a table's blocks. */
class TableSlots {
  slots = new Int32Array(16);
  count = 0;

  set(block: number, slot: number): void {
    if (block >= this.slots.length) {
      const larger = new Int32Array(Math.max(block + 1, 2 * this.slots.length));
      larger.set(this.slots);
      this.slots = larger;
    }
    this.slots[block] = slot;
    this.count += 1;
  }

  remove(block: number): void {
    this.slots[block] = 0;
    this.count -= 1;
  }
}
