/** Events of a chunk. */
const CHUNK_BITS = 10;
const CHUNK_EVENTS: number = 2 ** CHUNK_BITS;
const IN_CHUNK: number = CHUNK_EVENTS - 1;

/** Frames begin at multiples of this. */
export const FRAME_ALIGNMENT = 8;

/** Frames lie below this offset of their segment. */
export const MAX_FRAME_OFFSET: number = 2 ** 32 * FRAME_ALIGNMENT;

/** Columns of events that follow one another: how they come from a footer or another file, and go to one. */
export class EventRows {
  readonly count: number;
  /** Where the frame begins in its segment, in units of 8 bytes. */
  readonly frames: Uint32Array;
  readonly streams: Uint32Array;
  readonly scopes: Uint32Array;
  readonly kinds: Uint16Array;
  /** Microseconds since 1970. */
  readonly times: Float64Array;

  constructor(count: number) {
    this.count = count;
    // One piece of memory for all columns, the widest first, because a million events are a thousand of these.
    const memory = new ArrayBuffer(count * EVENT_BYTES);
    this.times = new Float64Array(memory, 0, count);
    this.frames = new Uint32Array(memory, count * 8, count);
    this.streams = new Uint32Array(memory, count * 12, count);
    this.scopes = new Uint32Array(memory, count * 16, count);
    this.kinds = new Uint16Array(memory, count * 20, count);
  }
}

const EVENT_BYTES = 4 + 4 + 4 + 2 + 8;

/**
 * What is known of every event without reading it, by ordinal: a value an event in each column, so that whoever looks for a kind reads kinds
 * alone. Growing copies nothing.
 */
export class EventColumns {
  readonly #chunks: EventRows[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of all columns. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_EVENTS * EVENT_BYTES;
  }

  add(frameOffset: number, stream: number, scope: number, kind: number, timeUs: number): void {
    const index = this.#count & IN_CHUNK;
    if (index === 0) this.#chunks.push(new EventRows(CHUNK_EVENTS));
    const chunk = this.#chunkOf(this.#count);
    chunk.frames[index] = frameOffset / FRAME_ALIGNMENT;
    chunk.streams[index] = stream;
    chunk.scopes[index] = scope;
    chunk.kinds[index] = kind;
    chunk.times[index] = timeUs;
    this.#count += 1;
  }

  /** Adds all of them, in the order that they have. */
  addAll(rows: EventRows): void {
    for (let from = 0; from < rows.count;) {
      const index = this.#count & IN_CHUNK;
      if (index === 0) this.#chunks.push(new EventRows(CHUNK_EVENTS));
      const to = Math.min(rows.count, from + CHUNK_EVENTS - index);
      const chunk = this.#chunkOf(this.#count);
      chunk.frames.set(rows.frames.subarray(from, to), index);
      chunk.streams.set(rows.streams.subarray(from, to), index);
      chunk.scopes.set(rows.scopes.subarray(from, to), index);
      chunk.kinds.set(rows.kinds.subarray(from, to), index);
      chunk.times.set(rows.times.subarray(from, to), index);
      this.#count += to - from;
      from = to;
    }
  }

  /**
   * Adds so many events behind a whole number of chunks. `fill` writes the columns of each chunk, of which it is told how many of the events
   * come before; what it writes behind the last one does not count.
   */
  addChunks(count: number, fill: (chunk: EventRows, from: number) => void): void {
    for (let from = 0; from < count; from += CHUNK_EVENTS) {
      const chunk = new EventRows(CHUNK_EVENTS);
      fill(chunk, from);
      this.#chunks.push(chunk);
    }
    this.#count += count;
  }

  /** A copy of so many rows, from an ordinal on that begins a chunk. */
  rowsFrom(first: number, count: number): EventRows {
    const rows = new EventRows(count);
    for (let from = 0; from < count; from += CHUNK_EVENTS) {
      const chunk = this.#chunkOf(first + from);
      const size = Math.min(CHUNK_EVENTS, count - from);
      rows.frames.set(chunk.frames.subarray(0, size), from);
      rows.streams.set(chunk.streams.subarray(0, size), from);
      rows.scopes.set(chunk.scopes.subarray(0, size), from);
      rows.kinds.set(chunk.kinds.subarray(0, size), from);
      rows.times.set(chunk.times.subarray(0, size), from);
    }
    return rows;
  }

  /** The column of streams from an ordinal on, lent, chunk by chunk. */
  *streamsFrom(first: number): Generator<Uint32Array, void, undefined> {
    for (let from = first; from < this.#count;) {
      const index = from & IN_CHUNK;
      const to = Math.min(this.#count, from - index + CHUNK_EVENTS);
      yield this.#chunkOf(from).streams.subarray(index, index + to - from);
      from = to;
    }
  }

  /** Where the frame of the event begins in its segment, in bytes. */
  frameOffsetOf(ordinal: number): number {
    return this.#chunkOf(ordinal).frames[ordinal & IN_CHUNK]! * FRAME_ALIGNMENT; // the mask keeps it inside, here and below
  }

  /** The event has been written again elsewhere. */
  moveFrame(ordinal: number, frameOffset: number): void {
    this.#chunkOf(ordinal).frames[ordinal & IN_CHUNK] = frameOffset / FRAME_ALIGNMENT;
  }

  streamOf(ordinal: number): number {
    return this.#chunkOf(ordinal).streams[ordinal & IN_CHUNK]!;
  }

  scopeOf(ordinal: number): number {
    return this.#chunkOf(ordinal).scopes[ordinal & IN_CHUNK]!;
  }

  kindOf(ordinal: number): number {
    return this.#chunkOf(ordinal).kinds[ordinal & IN_CHUNK]!;
  }

  /** Microseconds since 1970. */
  timeOf(ordinal: number): number {
    return this.#chunkOf(ordinal).times[ordinal & IN_CHUNK]!;
  }

  /** The first ordinal from which on events are of this time or later; {@link count} when none is. Times never descend. */
  firstAt(timeUs: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.timeOf(middle) < timeUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #chunkOf(ordinal: number): EventRows {
    return this.#chunks[ordinal >>> CHUNK_BITS]!; // ordinals are below the count
  }
}
