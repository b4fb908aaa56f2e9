import { compareBytes, compareUserKeys, entryKinds } from "../internal-key.js";
import { hashKey } from "../key-hash.js";
import { LsmError } from "../lsm-error.js";
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
  const { filter } = table.file;
  if (filter !== undefined) {
    table.mayContain(new Uint8Array(), 0); // reads it, which is a step of its own
    yield filter.bytes;
  }
  for (const { bytes, problem } of walkTable(table)) {
    if (problem !== undefined) throw problem;
    yield bytes;
  }
}

/** A frame of a table, and what is wrong with it. */
export interface TablePart {
  /** Which part of the file it is. */
  readonly kind: "block" | "filter" | "index" | "properties" | "trailer";
  /** Of a block its ordinal; 0 of anything else. */
  readonly block: number;
  /** Where its frame begins in the file. */
  readonly offset: number;
  /** Size of the frame. */
  readonly bytes: number;
  /** Entries of a block that is sound, uncompressed; lent until the next part. */
  readonly content: Uint8Array | undefined;
  /** The first thing that is; the properties speak for the totals of all blocks. */
  readonly problem: LsmError | undefined;
}

/**
 * The same for tools that tell of everything: goes on behind what is damaged, and holds what follows against what can still be known.
 *
 * @throws what the source throws.
 */
export function* walkTable(table: TableReader): Generator<TablePart, void, undefined> {
  const { index, file } = table;
  const walk = new TableWalk(table);
  if (file.filter !== undefined) table.mayContain(new Uint8Array(), 0); // reads it, so that keys are held against it
  for (let block = 0; block < index.blockCount; block++) {
    let content: Uint8Array | undefined;
    const problem = problemOf(() => (content = walk.block(block)));
    if (problem !== undefined) walk.passDamage();
    // The ordinal is below the count.
    yield { kind: "block", block, offset: index.offsets[block]!, bytes: index.frameBytes[block]!, content, problem };
  }
  const finish = problemOf(() => walk.finish());
  let chain: number | undefined = index.blockCount === 0 ? table.header.crc : index.chains[index.blockCount - 1]!; // not empty
  for (const { kind, offset, bytes } of sectionsOf(table)) {
    let problem = kind === "filter" ? table.filterError : undefined;
    if (problem === undefined && chain !== undefined) {
      // Each has a right checksum behind the chain that the trailer states; here it has to be that of what lies before it.
      const place = { offset, bytes, chainBefore: chain };
      const frame = file.viewFrame(file.read(offset, bytes), place, tableFrameKinds[kind]);
      if (frame === undefined) problem = file.corrupt("has a damaged frame", offset);
      chain = frame?.chain;
    } else chain = undefined; // what follows has nothing to go on from
    if (kind === "properties") problem ??= finish;
    yield { kind, block: 0, offset, bytes, content: undefined, problem };
  }
}

/** What lies behind the data blocks, one behind the other to the end of the file. */
function* sectionsOf({
  file,
}: TableReader): Generator<Pick<TablePart, "offset" | "bytes"> & { readonly kind: Section }> {
  if (file.filter !== undefined) yield { kind: "filter", ...file.filter };
  yield { kind: "index", ...file.index };
  yield { kind: "properties", ...file.properties };
  yield { kind: "trailer", offset: file.sizeBytes - TRAILER_FRAME_BYTES, bytes: TRAILER_FRAME_BYTES };
}

type Section = Exclude<TablePart["kind"], "block">;

function problemOf(check: () => unknown): LsmError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof LsmError) return error;
    throw error;
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
  /** The next entry follows none that was looked at. */
  #isFirst = true;
  /** Entries were passed over, so that nobody can count them. */
  #hasGap = false;

  constructor(table: TableReader) {
    this.#table = table;
  }

  /** Returns the block. */
  block(ordinal: number): Uint8Array {
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
    return block;
  }

  /** Goes on behind a block that is damaged. */
  passDamage(): void {
    this.#isFirst = true;
    this.#hasGap = true;
  }

  finish(): void {
    if (this.#hasGap) return;
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
    const order = this.#isFirst ? -1 : compareBytes(key, 0, key.length, cursor.keyBytes, 0, cursor.keyEnd);
    if (order > 0 || (order === 0 && cursor.seqno >= this.#seqno)) {
      throw table.damagedBlock(ordinal, "has entries out of order");
    }
    if (order !== 0) {
      this.#key = new Uint8Array(cursor.keyBytes.subarray(0, cursor.keyEnd));
      this.#newKey(ordinal, isFirst);
    }
    this.#isFirst = false;
    this.#seqno = cursor.seqno;
    this.#entries += 1;
    if (cursor.kind === entryKinds.delete) this.#deletes += 1;
    this.#keyBytes += cursor.keyEnd;
    this.#valueBytes += cursor.valueEnd - cursor.valueStart;
  }

  #newKey(ordinal: number, isFirst: boolean): void {
    const table = this.#table;
    const key = this.#key;
    if (ordinal === 0 && isFirst && compareUserKeys(key, table.properties.smallest) !== 0) {
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
