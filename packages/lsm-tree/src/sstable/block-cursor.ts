import { EntryCursor } from "../entry-cursor.js";
import { compareBytes, entryKinds, equalBytes, MAX_KEY_BYTES, sharedPrefix } from "../internal-key.js";
import { corrupt, LsmError } from "../lsm-error.js";
import { BlockShape } from "./block-shape.js";
import { entryTag } from "./table-layout.js";

/** A restart interval has at most this many entries: it is stored in one byte. */
const MOST_IN_INTERVAL = 255;

/**
 * Goes through the entries of one data block, in both directions, and leaves no garbage. Keys are put together in a scratch buffer:
 * the key of the restart stays, and only what an entry does not share with it is written over.
 *
 * The block's shape was checked when it was read. Entries are checked as they are met: a malformed one is an error, and nothing outside the
 * block is ever looked at, although order and smallest spelling are for `verifyTable` to judge.
 */
export class BlockCursor extends EntryCursor {
  #block: Uint8Array;
  readonly #shape = new BlockShape();
  /** The interval this stands in, where it begins, and its end. */
  #restart = 0;
  #intervalEnd = 0;
  #headStart = 0;
  #headBytes = 0;
  /** How many bytes of the scratch are those of the restart's key. */
  #intact = 0;
  /** Of the entry that was parsed last: its fields, and where its key's rest, the entry itself and the next one begin. */
  #entry = 0;
  #shared = 0;
  #unshared = 0;
  #suffix = 0;
  #end = 0;
  #tag = 0;
  #distance = 0;
  /** Where the bytes go on behind a varint of several bytes. */
  #behind = 0;
  /** Entries of one interval, for going back. */
  readonly #places = new Int32Array(MOST_IN_INTERVAL);
  #placesOf = -1;
  #placeCount = 0;
  /** Which of these it came to last on its way back. */
  #place = 0;

  constructor() {
    super();
    this.#block = this.keyBytes;
    this.keyBytes = new Uint8Array(256);
  }

  /** Turns to a block, which is borrowed, and stands nowhere in it. */
  load(block: Uint8Array): void {
    this.valid = false;
    this.#placesOf = -1;
    if (block === this.#block) return;
    this.#shape.load(block);
    this.#block = block;
    this.valueBytes = block;
  }

  first(): void {
    this.#toRestart(0);
  }

  last(): void {
    this.#toLastOf(this.#shape.restartCount - 1);
  }

  next(): void {
    if (this.#end === this.#intervalEnd) {
      if (this.#restart + 1 < this.#shape.restartCount) this.#toRestart(this.#restart + 1);
      else this.valid = false;
      return;
    }
    this.#parse(this.#end);
    this.#take();
  }

  prev(): void {
    if (this.#entry === this.#shape.restartAt(this.#block, this.#restart)) {
      if (this.#restart === 0) {
        this.valid = false;
        return;
      }
      this.#toLastOf(this.#restart - 1);
      return;
    }
    const entry = this.#entry;
    if (this.#placesOf !== this.#restart || this.#places[this.#place] !== entry) this.#place = this.#placeOf(entry);
    this.#parse(this.#places[--this.#place]!); // not the restart, so there is one before
    this.#take();
  }

  seek(key: Uint8Array, seqno: number): void {
    // The last restart before the target; where none is, the target is the first entry or before it. Restarts have whole keys, which are compared where they lie.
    let low = 0;
    for (let high = this.#shape.restartCount - 1; low < high;) {
      const middle = (low + high + 1) >>> 1;
      this.#enter(middle);
      if (this.#isBefore(key, seqno)) low = middle;
      else high = middle - 1;
    }
    if (low === 0 || this.#restart !== low) this.#enter(low);
    if (low === 0 && !this.#isBefore(key, seqno)) this.#takeRestart();
    else this.#scanTo(key, seqno);
  }

  seekBefore(key: Uint8Array, seqno: number): void {
    this.seek(key, seqno);
    if (this.valid) this.prev();
    else this.last();
  }

  /** An error about this block; whoever knows the table says more. */
  protected damaged(problem: string, offset: number): LsmError {
    return corrupt(`a data block ${problem}`, { offset });
  }

  /**
   * From a restart that is before the target to the first entry of its interval that is not, or to the next restart. Entries share with the
   * restart as much as they can, and less and less along the interval: so one that shares more than the target does is before
   * it, one that shares less is behind it, and bytes have to be compared only where both share the same.
   */
  #scanTo(key: Uint8Array, seqno: number): void {
    const block = this.#block;
    const head = this.#headStart;
    const common = sharedPrefix(block, head, head + this.#headBytes, key, 0, key.length);
    while (this.#end < this.#intervalEnd) {
      this.#parse(this.#end);
      if (this.#shared > common) continue;
      if (this.#shared === common) {
        const suffix = this.#suffix;
        const order = compareBytes(block, suffix, suffix + this.#unshared, key, common, key.length);
        if (order < 0 || (order === 0 && this.#seqnoParsed() > seqno)) continue;
      }
      this.#take();
      return;
    }
    if (this.#restart + 1 < this.#shape.restartCount) this.#toRestart(this.#restart + 1);
    else this.valid = false;
  }

  /** Whether the restart that was entered is before the target. */
  #isBefore(key: Uint8Array, seqno: number): boolean {
    const head = this.#headStart;
    const order = compareBytes(this.#block, head, head + this.#headBytes, key, 0, key.length);
    return order < 0 || (order === 0 && this.#seqnoParsed() > seqno);
  }

  #toRestart(index: number): void {
    this.#enter(index);
    this.#takeRestart();
  }

  #takeRestart(): void {
    this.#take();
    this.#intact = this.#unshared;
  }

  /** Parses a restart, and stands nowhere in its interval yet: the scratch has the key of the entry it stood on. */
  #enter(index: number): void {
    const block = this.#block;
    const shape = this.#shape;
    const start = shape.restartAt(block, index);
    this.#restart = index;
    this.#intervalEnd = index + 1 < shape.restartCount ? shape.restartAt(block, index + 1) : shape.entriesEnd;
    this.#headBytes = 0;
    this.#intact = 0;
    this.#parse(start);
    if (this.#shared !== 0) throw this.damaged("has a restart that shares bytes", start);
    this.#headStart = this.#suffix;
    this.#headBytes = this.#unshared;
  }

  #toLastOf(interval: number): void {
    this.#enter(interval);
    this.#listPlaces();
    this.#place = this.#placeCount - 1;
    this.#parse(this.#places[this.#place]!); // an interval has at least its restart
    this.#take();
  }

  /** Notes where the entries of this interval begin. */
  #listPlaces(): void {
    if (this.#placesOf === this.#restart) return;
    let at = this.#shape.restartAt(this.#block, this.#restart);
    let count = 0;
    while (at < this.#intervalEnd) {
      if (count >= this.#shape.restartInterval) throw this.damaged("has more entries than its end says", at);
      this.#places[count++] = at; // an interval is at most 255
      this.#parse(at);
      at = this.#end;
    }
    this.#placesOf = this.#restart;
    this.#placeCount = count;
  }

  #placeOf(entry: number): number {
    this.#listPlaces();
    let low = 0;
    for (let high = this.#placeCount - 1; low < high;) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]! < entry) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Reads the numbers of the entry at `at`, and checks that it ends inside its interval. */
  #parse(at: number): void {
    const block = this.#block;
    let to = at;
    // A byte outside the block reads as undefined, which no comparison accepts: the check of the end below refuses it.
    let shared = block[to++]!;
    if (shared > 127) {
      shared = this.#varint(to - 1);
      to = this.#behind;
    }
    let unshared = block[to++]!;
    if (unshared > 127) {
      unshared = this.#varint(to - 1);
      to = this.#behind;
    }
    const tag = block[to++]!;
    let distance = 0;
    if ((tag & entryTag.equalsBase) === 0) {
      distance = block[to++]!;
      if (distance > 127) {
        distance = this.#varint(to - 1);
        to = this.#behind;
      }
    }
    let valueBytes = 0;
    const kind = tag & entryTag.kindMask;
    if (kind === entryKinds.put) {
      valueBytes = block[to++]!;
      if (valueBytes > 127) {
        valueBytes = this.#varint(to - 1);
        to = this.#behind;
      }
    } else if (kind !== entryKinds.delete) {
      throw this.#refuseKind(kind, at);
    }
    const end = to + unshared + valueBytes;
    if (!(end <= this.#intervalEnd)) throw this.damaged("has an entry beyond its end", at);
    this.#entry = at;
    this.#shared = shared;
    this.#unshared = unshared;
    this.#tag = tag;
    this.#distance = distance;
    this.#suffix = to;
    this.#end = end;
  }

  #varint(at: number): number {
    const block = this.#block;
    let value = 0;
    for (let scale = 1, count = 0; count < 8; count++, scale *= 128) {
      const byte = block[at + count];
      if (byte === undefined) break;
      value += (byte & 0x7f) * scale;
      if (byte > 127) continue;
      this.#behind = at + count + 1;
      return value;
    }
    throw this.damaged("has a number that does not end", at);
  }

  #seqnoParsed(): number {
    const { baseSeqno } = this.#shape;
    return (this.#tag & entryTag.belowBase) === 0 ? baseSeqno + this.#distance : baseSeqno - this.#distance;
  }

  /** Makes the parsed entry the one this stands on. */
  #take(): void {
    const tag = this.#tag;
    if ((tag & entryTag.reserved) !== 0) throw this.damaged("has an entry with bits that are not known", this.#entry);
    const seqno = this.#seqnoParsed();
    if (!(seqno >= 0 && seqno <= Number.MAX_SAFE_INTEGER)) throw this.damaged("has an impossible seqno", this.#entry);
    const block = this.#block;
    const shared = this.#shared;
    const suffix = this.#suffix;
    const suffixEnd = suffix + this.#unshared;
    const keyEnd = shared + this.#unshared;
    // Before anything is allocated: what is shared is bounded by nothing else.
    if (shared > this.#intact && shared > this.#headBytes) {
      throw this.damaged("has an entry that shares more than there is", this.#entry);
    }
    if (keyEnd > MAX_KEY_BYTES) throw this.damaged("has a key that is too long", this.#entry);
    if (keyEnd > this.keyBytes.length) this.#enlarge(keyEnd);
    const scratch = this.keyBytes;
    // What is written over is the key of the entry it comes from, whole: so both are compared on the way.
    let difference = keyEnd ^ this.keyEnd;
    for (let at = this.#intact; at < shared; at++) {
      const byte = block[this.#headStart + at]!; // below headBytes
      difference |= scratch[at]! ^ byte;
      scratch[at] = byte;
    }
    this.#intact = shared;
    if (suffixEnd - suffix < 48) {
      for (let from = suffix, to = shared; from < suffixEnd; from++, to++) {
        const byte = block[from]!; // parse checked it
        difference |= scratch[to]! ^ byte;
        scratch[to] = byte;
      }
    } else {
      if (difference === 0 && !equalBytes(scratch, shared, keyEnd, block, suffix, suffixEnd)) difference = 1;
      scratch.set(block.subarray(suffix, suffixEnd), shared);
    }
    this.repeatsKey = difference === 0;
    this.keyEnd = keyEnd;
    this.seqno = seqno;
    this.kind = tag & entryTag.kindMask;
    this.valueStart = suffixEnd;
    this.valueEnd = this.#end;
    this.valid = true;
  }

  #enlarge(keyBytes: number): void {
    const larger = new Uint8Array(Math.max(keyBytes, this.keyBytes.length * 2));
    larger.set(this.keyBytes.subarray(0, this.#intact));
    this.keyBytes = larger;
  }

  #refuseKind(kind: number, at: number): LsmError {
    if (kind === 0) return this.damaged("has an entry of kind 0", at);
    const error = this.damaged(`has an entry of kind ${kind}, which this version does not know`, at);
    return new LsmError("LSM_UNSUPPORTED", error.message, { ...error.context, field: "kind", actual: kind });
  }
}
