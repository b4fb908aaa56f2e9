import { LEAST_FRAME_BYTES, LEAST_FRAME_OFFSET, MARKER_KINDS, MOST_FRAME_BYTES } from "./sdx3-layout.js";

/** The numbers of one row that its place among the others decides about. */
export interface RowPlace {
  readonly entity: number;
  readonly scope: number;
  readonly kind: number;
  /** -1 for what no file can hold. */
  readonly frameOffset: number;
  readonly frameLength: number;
}

/**
 * The laws that rows keep from first to last, the same for whoever writes them and whoever reads them: frames ascend and do not
 * overlap, none runs past the end of the frames, none is a batch marker, and names are numbered in the order in which rows need
 * them, the entity of a row before its scope. They leave one spelling to a list of rows.
 */
export class RowOrder {
  /** How many names the rows so far have needed. */
  nameCount = 0;
  #end = LEAST_FRAME_OFFSET;
  readonly #framesEnd: number;

  /** @param framesEnd - where the frames end, exclusive. */
  constructor(framesEnd: number) {
    this.#framesEnd = framesEnd;
  }

  /** Takes the next row. Returns the name of the field that breaks a law, or undefined. */
  take({ entity, scope, kind, frameOffset, frameLength }: RowPlace): string | undefined {
    if (!this.#name(entity)) return "entity";
    if (!this.#name(scope)) return "scope";
    if (MARKER_KINDS.has(kind)) return "kind";
    if (frameOffset < this.#end) return "frameOffset";
    if (frameLength < LEAST_FRAME_BYTES || frameLength > MOST_FRAME_BYTES) return "frameLength";
    this.#end = frameOffset + frameLength;
    return this.#end > this.#framesEnd ? "frameLength" : undefined;
  }

  #name(number: number): boolean {
    if (number > this.nameCount) return false;
    if (number === this.nameCount) this.nameCount++;
    return true;
  }
}
