import { ChunkedWords } from "./chunked-words.js";
import { mix } from "./name-table.js";
import { OrdinalTable } from "./ordinal-table.js";

/**
 * Which events make up a stream, by revision. The ordinals of a stream lie in blocks, each twice as long as the one before:
 *
 * ```
 * block 0: 1 link, 3 ordinals    block 1: 1 link, 6 ordinals    block 2: 1 link, 12 ordinals ...
 * ```
 *
 * A link is the address of the block before. So a revision is found in as many steps as there are blocks behind it, which is the
 * logarithm of the stream's length; nothing is ever moved; and a stream takes 4 to 8 bytes an event, 16 bytes at least.
 */

const FIRST_BLOCK = 3;

/** Words of a stream: its entity, its lane, how many events it has, and where its last block begins. */
const STREAM_WORDS = 4;

/** Blocks lie below this address. */
const MAX_ADDRESS: number = 2 ** 32;

export class StreamLists {
  readonly #table = new OrdinalTable();
  readonly #streams = new ChunkedWords();
  readonly #blocks = new ChunkedWords();
  #blocksEnd = 0;
  #hasLanes = false;
  #entity = 0;
  #lane = 0;
  readonly #isWanted = (stream: number): boolean =>
    this.entityOf(stream) === this.#entity && this.laneOf(stream) === this.#lane;

  get count(): number {
    return this.#table.count;
  }

  /** Bytes of everything the lists hold. */
  get bytes(): number {
    return this.#table.bytes + this.#streams.bytes + this.#blocks.bytes;
  }

  /** Whether any stream is in another lane than 0. */
  get hasLanes(): boolean {
    return this.#hasLanes;
  }

  /** The number of the stream of this entity in this lane, -1 when it has none. */
  find(entity: number, lane: number): number {
    this.#entity = entity;
    this.#lane = lane;
    return this.#table.find(hashOf(entity, lane), this.#isWanted);
  }

  /** The same, after giving it one. */
  open(entity: number, lane: number): number {
    const found = this.find(entity, lane);
    if (found >= 0) return found;
    const stream = this.#table.count;
    this.#streams.set(stream * STREAM_WORDS, entity);
    this.#streams.set(stream * STREAM_WORDS + 1, lane);
    this.#table.add(hashOf(entity, lane), stream);
    if (lane !== 0) this.#hasLanes = true;
    return stream;
  }

  entityOf(stream: number): number {
    return this.#streams.get(stream * STREAM_WORDS);
  }

  laneOf(stream: number): number {
    return this.#streams.get(stream * STREAM_WORDS + 1);
  }

  /** How many events the stream has: the revision of its next one. */
  lengthOf(stream: number): number {
    return this.#streams.get(stream * STREAM_WORDS + 2);
  }

  /** The event with the ordinal is the next one of the stream. */
  add(stream: number, ordinal: number): void {
    const revision = this.lengthOf(stream);
    const block = blockOf(revision);
    const inBlock = revision - firstRevisionOf(block);
    if (inBlock === 0) this.#beginBlock(stream, block);
    this.#blocks.set(this.#lastBlockOf(stream) + 1 + inBlock, ordinal);
    this.#streams.set(stream * STREAM_WORDS + 2, revision + 1);
  }

  /**
   * The events with the ordinals from `first` on are the next ones of streams that are open.
   *
   * @param streams - one array behind the other.
   */
  addAll(streams: Iterable<Uint32Array>, first: number): void {
    // Of each stream: the address of its next ordinal, how many more the block has room for, and how many it got.
    const [next, room] = [new Uint32Array(this.count), new Uint32Array(this.count)];
    const added = new Uint32Array(this.count);
    for (let stream = 0; stream < this.count; stream += 1) {
      const revision = this.lengthOf(stream);
      if (revision === 0) continue;
      const last = blockOf(revision - 1);
      const used = revision - firstRevisionOf(last);
      next[stream] = this.#lastBlockOf(stream) + 1 + used;
      room[stream] = FIRST_BLOCK * 2 ** last - used;
    }
    let ordinal = first;
    for (const some of streams) {
      for (let at = 0; at < some.length; at += 1) {
        const stream = some[at]!; // below its length, and all of the other arrays have one for each stream
        if (room[stream] === 0) {
          const block = blockOf(this.lengthOf(stream) + added[stream]!);
          this.#beginBlock(stream, block);
          next[stream] = this.#lastBlockOf(stream) + 1;
          room[stream] = FIRST_BLOCK * 2 ** block;
        }
        this.#blocks.set(next[stream]!, ordinal);
        next[stream] = next[stream]! + 1;
        room[stream] = room[stream]! - 1;
        added[stream] = added[stream]! + 1;
        ordinal += 1;
      }
    }
    for (let stream = 0; stream < added.length; stream += 1) {
      if (added[stream] !== 0) this.#streams.set(stream * STREAM_WORDS + 2, this.lengthOf(stream) + added[stream]!);
    }
  }

  /** Ordinal of the event with this revision, which has to be below {@link lengthOf}. */
  at(stream: number, revision: number): number {
    const block = blockOf(revision);
    let address = this.#lastBlockOf(stream);
    for (let last = blockOf(this.lengthOf(stream) - 1); last > block; last -= 1) address = this.#blocks.get(address);
    return this.#blocks.get(address + 1 + revision - firstRevisionOf(block));
  }

  /** The first revision of a stream whose event has this ordinal or a later one; {@link lengthOf} when none has. */
  firstFrom(stream: number, ordinal: number): number {
    let [low, high] = [0, this.lengthOf(stream)];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.at(stream, middle) < ordinal) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #lastBlockOf(stream: number): number {
    return this.#streams.get(stream * STREAM_WORDS + 3);
  }

  #beginBlock(stream: number, block: number): void {
    const address = this.#blocksEnd;
    const end = address + 1 + FIRST_BLOCK * 2 ** block;
    if (end > MAX_ADDRESS) throw new RangeError("more events than the lists of streams have room for");
    this.#blocksEnd = end;
    this.#blocks.set(address, this.#lastBlockOf(stream));
    this.#streams.set(stream * STREAM_WORDS + 3, address);
  }
}

/** The block in which a revision lies. */
function blockOf(revision: number): number {
  return 31 - Math.clz32(revision / FIRST_BLOCK + 1);
}

function firstRevisionOf(block: number): number {
  return FIRST_BLOCK * (2 ** block - 1);
}

function hashOf(entity: number, lane: number): number {
  return mix(mix(entity) ^ Math.imul(lane, 0x9e3779b1));
}
