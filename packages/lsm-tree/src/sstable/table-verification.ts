import { compareBytes, compareUserKeys, entryKinds } from "../internal-key.js";
import { hashKey } from "../key-hash.js";
import { BlockBuilder } from "./block-builder.js";
import { BlockCursor } from "./block-cursor.js";
import { BlockShape } from "./block-shape.js";
import { TRAILER_FRAME_BYTES, tableFrameKinds } from "./table-layout.js";
import type { TableReader } from "./table-reader.js";

/**
 * Goes through a whole table and holds everything that is derived against what it is derived from: the chain from the first byte to the
 * last, every block against its own encoding once more, the order of all entries, separators, counts and seqnos of the index, the
 * properties, and the filter.
 *
 * Time: about that of building the table. Memory: a block.
 *
 * @throws LsmError with what is wrong first: `LSM_CORRUPT`, or `LSM_UNSUPPORTED_CODEC`.
 */
export function verifyTable(table: TableReader): void {
  const steps = verifyTableInSteps(table);
  while (steps.next().done !== true);
}

/** The same block by block, for whoever has other work to do: each step says how many bytes it went through. */
export function* verifyTableInSteps(table: TableReader): Generator<number, void, undefined> {
  const { index, file } = table;
  const walk = new TableWalk(table);
  if (file.filter !== undefined) {
    table.mayContain(new Uint8Array(), 0); // reads it
    if (table.filterError !== undefined) throw table.filterError;
    yield file.filter.bytes;
  }
  for (let ordinal = 0; ordinal < index.blockCount; ordinal++) {
    walk.block(ordinal);
    yield index.frameBytes[ordinal]!; // below the count
  }
  yield* checkSections(table);
  walk.finish();
}

/**
 * The chain behind the data blocks. Of these each was held against the chains that the index has, and they follow one another without a gap; what the
 * trailer states of the chain before each section has to go on from there, to the last frame of the file.
 */
function* checkSections({ index, file, header }: TableReader): Generator<number, void, undefined> {
  let chain = index.blockCount === 0 ? header.crc : index.chains[index.blockCount - 1]!; // not empty
  const offset = file.sizeBytes - TRAILER_FRAME_BYTES;
  const sections = [
    [file.filter, tableFrameKinds.filter],
    [file.index, tableFrameKinds.index],
    [file.properties, tableFrameKinds.properties],
    [{ offset, bytes: TRAILER_FRAME_BYTES }, tableFrameKinds.trailer],
  ] as const;
  for (const [place, kind] of sections) {
    if (place === undefined) continue;
    const frame = file.viewFrame(file.read(place.offset, place.bytes), { ...place, chainBefore: chain }, kind);
    if (frame === undefined) throw file.corrupt("has a damaged frame", place.offset);
    ({ chain } = frame);
    yield place.bytes;
  }
}

/** What holds from block to block. */
class TableWalk {
  readonly #table: TableReader;
  readonly #cursor = new BlockCursor();
  readonly #shape = new BlockShape();
  #key = new Uint8Array();
  #seqno = 0;
  #entries = 0;
  #deletes = 0;
  #keyBytes = 0;
  #valueBytes = 0;
  #rawBytes = 0;

  constructor(table: TableReader) {
    this.#table = table;
  }

  block(ordinal: number): void {
    const { index } = this.#table;
    const cursor = this.#cursor;
    const block = this.#table.readBlock(ordinal);
    this.#shape.load(block);
    const builder = new BlockBuilder(this.#shape.restartInterval);
    cursor.load(block);
    for (cursor.first(); cursor.valid; cursor.next()) {
      if (builder.entryCount === this.#shape.entryCount) {
        throw this.#table.damagedBlock(ordinal, "has too many entries");
      }
      this.#entry(cursor, ordinal, builder.entryCount === 0);
      builder.add(cursor);
    }
    // There is one encoding of the same entries: whatever else decodes to them was not written by a builder.
    const size = builder.finish();
    if (compareBytes(builder.bytes, 0, size, block, 0, block.length) !== 0) {
      throw this.#table.damagedBlock(ordinal, "is not spelled as a writer spells it");
    }
    if (builder.minSeqno !== index.minSeqnos[ordinal] || builder.maxSeqno !== index.maxSeqnos[ordinal]) {
      throw this.#table.damagedBlock(ordinal, "has other seqnos than the index says");
    }
    if (index.compareEnd(ordinal, this.#key) < 0) throw this.#table.damagedBlock(ordinal, "ends behind its separator");
    this.#rawBytes += block.length;
  }

  finish(): void {
    const { file, properties } = this.#table;
    const counted: Readonly<Record<string, readonly [number, number]>> = {
      entryCount: [this.#entries, properties.entryCount],
      deleteCount: [this.#deletes, properties.deleteCount],
      keyBytes: [this.#keyBytes, properties.keyBytes],
      valueBytes: [this.#valueBytes, properties.valueBytes],
      rawDataBytes: [this.#rawBytes, properties.rawDataBytes],
      largest: [compareUserKeys(this.#key, properties.largest), 0],
    };
    for (const [field, [actual, stated]] of Object.entries(counted)) {
      if (actual === stated) continue;
      throw file.corrupt(`states another ${field} than it has`, file.properties.offset, {
        field,
        expected: actual,
        actual: stated,
      });
    }
  }

  #entry(cursor: BlockCursor, ordinal: number, isFirst: boolean): void {
    const table = this.#table;
    const key = this.#key;
    const order = this.#entries === 0 ? -1 : compareBytes(key, 0, key.length, cursor.keyBytes, 0, cursor.keyEnd);
    if (order > 0 || (order === 0 && cursor.seqno >= this.#seqno)) {
      throw table.damagedBlock(ordinal, "has entries out of order");
    }
    if (order !== 0) {
      this.#key = new Uint8Array(cursor.keyBytes.subarray(0, cursor.keyEnd));
      this.#newKey(ordinal, isFirst);
    }
    this.#seqno = cursor.seqno;
    this.#entries += 1;
    if (cursor.kind === entryKinds.delete) this.#deletes += 1;
    this.#keyBytes += cursor.keyEnd;
    this.#valueBytes += cursor.valueEnd - cursor.valueStart;
  }

  #newKey(ordinal: number, isFirst: boolean): void {
    const table = this.#table;
    const key = this.#key;
    if (this.#entries === 0 && compareUserKeys(key, table.properties.smallest) !== 0) {
      throw table.damagedBlock(ordinal, "begins with another key than the properties say");
    }
    if (isFirst && ordinal > 0 && table.index.compareEnd(ordinal - 1, key) >= 0) {
      throw table.damagedBlock(ordinal, "begins before the separator of the block before");
    }
    if (!table.mayContain(key, hashKey(key, 0, key.length, table.hashKey))) {
      throw table.damagedBlock(ordinal, "has a key that the filter denies");
    }
  }
}
