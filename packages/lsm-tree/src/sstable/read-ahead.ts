import type { TableFile } from "./table-file.js";
import type { TableIndex } from "./table-index.js";

/** So many blocks, and so many bytes, are read at once at most. */
const MOST_BLOCKS = 64;
const MOST_BYTES = 256 * 1024;

/**
 * Frames that are read ahead of a cursor on its way forward: two of them, then four, up to 64, each time with one read. So a scan reads at most about
 * twice as much as it goes through. What is read is bytes and no more: each frame is checked when the cursor comes to it, like any other.
 */
export class ReadAhead {
  #file: TableFile | undefined;
  #bytes = new Uint8Array();
  /** Blocks whose frames are here, the end exclusive, and where in the file the first begins. */
  #first = 0;
  #end = 0;
  #offset = 0;
  /** How many blocks the next read is of. One block does not make a scan. */
  #window = 1;

  /** The cursor was put somewhere: what follows is one block further on, and perhaps the last one wanted. */
  restart(): void {
    this.#window = 2;
  }

  /** The frame of the block that the cursor comes to, lent until the next call; undefined when it is to be read alone. */
  frame(file: TableFile, index: TableIndex, ordinal: number): Uint8Array | undefined {
    const isHere = file === this.#file && ordinal >= this.#first && ordinal < this.#end;
    if (!isHere && !this.#read(file, index, ordinal)) return undefined;
    const start = index.offsets[ordinal]! - this.#offset; // the caller has checked the ordinal
    return this.#bytes.subarray(start, start + index.frameBytes[ordinal]!);
  }

  #read(file: TableFile, { offsets, frameBytes, blockCount }: TableIndex, ordinal: number): boolean {
    const offset = offsets[ordinal]!; // as above
    const most = Math.min(blockCount, ordinal + this.#window);
    let end = ordinal;
    let bytes = 0;
    while (end < most && bytes + frameBytes[end]! <= MOST_BYTES) bytes += frameBytes[end++]!; // below the count
    this.#window = Math.min(MOST_BLOCKS, 2 * this.#window);
    if (end - ordinal < 2) return false;
    this.#file = undefined;
    if (bytes > this.#bytes.length) this.#bytes = new Uint8Array(Math.min(MOST_BYTES, 2 * bytes));
    try {
      file.read(offset, bytes, this.#bytes.subarray(0, bytes));
    } catch {
      // Whatever cannot be read of so much may be behind the block that is wanted: it is read alone, and if it is that one, it is told.
      this.#window = 1;
      return false;
    }
    this.#file = file;
    this.#first = ordinal;
    this.#end = end;
    this.#offset = offset;
    return true;
  }
}
