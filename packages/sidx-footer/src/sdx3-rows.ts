import { peekUint64 } from "@holdfast/segment-codec";
import { SDX3_ROW_BYTES, rowAt } from "./sdx3-layout.js";
import { readRow, type Sdx3Row } from "./sdx3-row.js";

/** The rows of a footer, decoded one by one when they are asked for. The bytes are its own. */
export class Sdx3Rows implements Iterable<Sdx3Row> {
  /** Rows in the footer. */
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #names: readonly string[];

  /** @param bytes - whole rows whose numbers are checked; nobody else may change them. */
  constructor(bytes: Uint8Array, names: readonly string[]) {
    this.length = bytes.length / SDX3_ROW_BYTES;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#names = names;
  }

  /** The row at `index`, from 0. Throws a `RangeError` when there is none. */
  at(index: number): Sdx3Row {
    return readRow(this.#bytes, this.#view, this.#start(index), this.#names);
  }

  /** Where the frame of the row at `index` begins, without decoding the rest. */
  frameOffset(index: number): number {
    return peekUint64(this.#view, this.#start(index) + rowAt.frameOffset);
  }

  /** All of them, in the order of the footer. */
  *[Symbol.iterator](): IterableIterator<Sdx3Row> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  #start(index: number): number {
    if (Number.isInteger(index) && index >= 0 && index < this.length) return index * SDX3_ROW_BYTES;
    throw new RangeError(`there is no row ${index} of ${this.length}`);
  }
}

/**
 * A row that no checksum covers. What it says is a hypothesis, and only `claim` says it: it passes for no {@link Sdx3Row} and no
 * confirmed event until a checked frame has borne it out.
 */
export interface Sdx2Claim {
  /** What the row says. */
  readonly claim: Sdx3Row;
}

/** The rows of an SDX2 footer. */
export class Sdx2Claims implements Iterable<Sdx2Claim> {
  /** Rows in the footer. */
  readonly length: number;
  readonly #rows: Sdx3Rows;

  constructor(rows: Sdx3Rows) {
    this.length = rows.length;
    this.#rows = rows;
  }

  /** The claim at `index`, from 0. Throws a `RangeError` when there is none. */
  at(index: number): Sdx2Claim {
    return { claim: this.#rows.at(index) };
  }

  /** All of them, in the order of the footer. */
  *[Symbol.iterator](): IterableIterator<Sdx2Claim> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }
}
