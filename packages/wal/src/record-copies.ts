import type { RecordCursor } from "./record-cursor.js";

/** Where a cursor has its current record. */
export type LentRecord = Pick<RecordCursor, "bytes" | "start" | "end" | "bytesOffset">;

/** What a copy of records begins with, and what it doubles up to. */
const FIRST_BYTES = 1024;
const MOST_BYTES = 32 * 1024;

/**
 * Copies of the records that a cursor lends, several in one piece of memory: one for each would cost more than to verify them.
 * A piece begins with the record that is asked for and takes along the bytes behind it, whatever they are. Records
 * that the cursor accepts later lie in it already, as long as it has read nothing into the same memory meanwhile.
 */
export class RecordCopies {
  /** What was copied: the cursor's memory, the offset in the file of its beginning, and the range in it. */
  #source: Uint8Array | undefined = undefined;
  #sourceOffset = 0;
  #start = 0;
  #end = 0;
  #copy: Uint8Array = new Uint8Array();
  #nextBytes = FIRST_BYTES;

  /** The current record, owned by the caller. */
  take({ bytes, bytesOffset, start, end }: LentRecord): Uint8Array {
    // A cursor that reads on into the same memory does so for a frame further on, and puts that at the beginning.
    const isThere = bytes === this.#source && bytesOffset === this.#sourceOffset && end <= this.#end;
    if (!isThere) {
      this.#copy = bytes.slice(start, Math.max(end, start + this.#nextBytes));
      this.#source = bytes;
      this.#sourceOffset = bytesOffset;
      this.#start = start;
      this.#end = start + this.#copy.length;
      this.#nextBytes = Math.min(MOST_BYTES, this.#nextBytes * 2);
    }
    return new Uint8Array(this.#copy.buffer, start - this.#start, end - start); // half the price of a subarray
  }
}
