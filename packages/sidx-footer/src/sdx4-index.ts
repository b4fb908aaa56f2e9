import { ColumnBlock, encodeColumns, type Zone } from "./sdx4-columns.js";
import type { EncodedBlock } from "./sdx4-encoder.js";
import { orderOf } from "./sdx4-key-order.js";
import * as at from "./sdx4-layout.js";
import { malformed } from "./sidx-error.js";

/**
 * An index: pairs of a 32-bit key and the place it stands for, ordered by key and then by place. Three indexes have this shape:
 * CRC-32 of event ids to entries, entities to entries, CRC-32 of strings to strings.
 */

/** Encodes the index that leads from each of `keys[0, count)` to its place. */
export function encodeIndex(keys: Uint32Array, count: number): readonly EncodedBlock[] {
  const order = orderOf(keys, count);
  const blocks: EncodedBlock[] = [];
  const [keyNumbers, placeNumbers] = [new Float64Array(at.PAIRS_PER_BLOCK), new Float64Array(at.PAIRS_PER_BLOCK)];
  for (let first = 0; first < count; first += at.PAIRS_PER_BLOCK) {
    const size = Math.min(count - first, at.PAIRS_PER_BLOCK);
    keyNumbers.set(order.keys.subarray(first, first + size));
    placeNumbers.set(order.places.subarray(first, first + size));
    const columns = [keyNumbers.subarray(0, size), placeNumbers.subarray(0, size)];
    const { bytes, zones } = encodeColumns(columns, [], size);
    blocks.push({ bytes, zones: zones.slice(at.INDEX_KEYS, at.INDEX_PLACES) });
  }
  return blocks;
}

/** What trailer and directory say about a block of an index. */
export interface IndexBounds {
  /** Offset of the block in the file, for errors. */
  readonly offset: number;
  readonly count: number;
  /** First and last key. */
  readonly zone: Zone;
  /** Places are below it. */
  readonly placeCount: number;
}

export interface IndexBlock {
  readonly keys: Float64Array;
  readonly places: Float64Array;
}

/** @throws {@link SidxError} `SIDX_MALFORMED` when these are not exactly the bytes of such a block. */
export function decodeIndexBlock(bytes: Uint8Array, { offset, count, zone, placeCount }: IndexBounds): IndexBlock {
  const block = new ColumnBlock(bytes, { what: "index", offset, count, numericCount: 2, byteWidths: [] });
  const keys = block.readNumbers(at.INDEX_KEYS, at.MAX_UINT32, "key", zone);
  const places = block.readNumbers(at.INDEX_PLACES, placeCount - 1, "place");
  for (let pair = 1; pair < count; pair++) {
    const step = keys[pair]! - keys[pair - 1]!; // pair is below count, here and below
    if (step < 0 || (step === 0 && places[pair]! <= places[pair - 1]!)) throw malformed("index", offset, "key");
  }
  return { keys, places };
}

/** The first of `count` whose value is not below `wanted`, given that values ascend; `count` when there is none. */
export function lowerBoundOf(count: number, wanted: number, valueAt: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
