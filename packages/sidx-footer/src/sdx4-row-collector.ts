import { encodeColumns } from "./sdx4-columns.js";
import type { EncodedBlock } from "./sdx4-encoder.js";
import * as at from "./sdx4-layout.js";
import type { Sdx4Entry } from "./sdx4-row.js";

const capacity = at.ROWS_PER_BLOCK;
/** Not a power of two: the cells of an entry would all compete for the same few lines of the processor's cache. */
const stride = capacity + 8;

/** Gathers the entries of one block as columns, in memory that is used again for the next block. */
export class RowCollector {
  count = 0;
  readonly #numbers = new Float64Array(at.NUMERIC_COLUMNS.length * stride);
  readonly eventIds: Uint8Array = new Uint8Array(at.ID_BYTES * capacity);
  readonly #hashes = new Uint8Array(at.HASH_BYTES * capacity);
  readonly #correlations = new Uint8Array(at.ID_BYTES * capacity);
  readonly #causations = new Uint8Array(at.ID_BYTES * capacity);
  #hashed = false;
  #correlated = false;
  #caused = false;

  get isFull(): boolean {
    return this.count === capacity;
  }

  /** Copies an entry whose values have been checked; there is room for it. */
  add(entry: Sdx4Entry, entity: number, scope: number): void {
    const row = this.count;
    const numbers = this.#numbers;
    let cell = row; // one line for each of NUMERIC_COLUMNS, in their order
    numbers[cell] = entry.sequence;
    numbers[(cell += stride)] = scope;
    numbers[(cell += stride)] = entry.lane;
    numbers[(cell += stride)] = entry.kind;
    numbers[(cell += stride)] = entry.timestampUs;
    numbers[(cell += stride)] = entity;
    numbers[(cell += stride)] = entry.revision;
    numbers[(cell += stride)] = entry.depth;
    numbers[(cell += stride)] = entry.flags;
    numbers[(cell += stride)] = entry.frameOffset;
    numbers[(cell += stride)] = entry.frameLength;
    numbers[(cell += stride)] = entry.batchIndex;
    const { eventId, hash, correlationId = eventId, causationId } = entry;
    copy(this.eventIds, row, eventId);
    if (!this.#correlated && correlationId !== eventId && differ(correlationId, eventId)) {
      this.#correlated = true;
      this.#correlations.set(this.eventIds.subarray(0, row * at.ID_BYTES)); // until here they were the same
    }
    if (this.#correlated) copy(this.#correlations, row, correlationId);
    if (hash !== undefined) {
      this.#hashes.set(hash, row * at.HASH_BYTES);
      this.#hashed ||= differ(hash, zeros);
    }
    if (causationId !== undefined) {
      copy(this.#causations, row, causationId);
      this.#caused ||= differ(causationId, zeros);
    }
    this.count = row + 1;
  }

  /** Encodes what is gathered, at least one entry; the collector stays as it is. */
  encode(): EncodedBlock {
    const { count } = this;
    const columns = at.NUMERIC_COLUMNS.map((_, column) =>
      this.#numbers.subarray(column * stride, column * stride + count),
    );
    const part = (bytes: Uint8Array, width: number, isThere: boolean): Uint8Array =>
      bytes.subarray(0, isThere ? count * width : 0);
    const parts = [
      part(this.eventIds, at.ID_BYTES, true),
      part(this.#hashes, at.HASH_BYTES, this.#hashed),
      part(this.#correlations, at.ID_BYTES, this.#correlated),
      part(this.#causations, at.ID_BYTES, this.#caused),
    ];
    const { bytes, zones } = encodeColumns(columns, parts, count);
    return { bytes, zones: zones.slice(0, at.ZONE_COLUMNS) };
  }

  clear(): void {
    this.count = 0;
    this.#hashed = false;
    this.#correlated = false;
    this.#caused = false;
    this.#hashes.fill(0); // entries without a hash or a cause are rows of zeros
    this.#causations.fill(0);
  }
}

const zeros = new Uint8Array(at.HASH_BYTES);

/** 16 bytes, one by one: for so few it is faster than `set`. */
function copy(target: Uint8Array, row: number, id: Uint8Array): void {
  const start = row * at.ID_BYTES;
  for (let at = 0; at < id.length; at++) target[start + at] = id[at]!; // below its length
}

function differ(bytes: Uint8Array, others: Uint8Array): boolean {
  return bytes.some((byte, index) => byte !== others[index]);
}
