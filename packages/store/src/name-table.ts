import { OrdinalTable } from "./ordinal-table.js";
import { ChunkedWords } from "./chunked-words.js";

/** A name never lies across two of these, so that it is one range of bytes. */
const POOL_CHUNK_BYTES: number = 16 * 1024;

/** Words of a name: where it begins, and its length. */
const NAME_WORDS = 2;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Numbers for names, from 0 on in the order in which they came. Names are UTF-8 of at most 16 KiB; equal bytes are one name. */
export class NameTable {
  readonly #table = new OrdinalTable();
  readonly #names = new ChunkedWords();
  readonly #pool: Uint8Array[] = [];
  #chunkFilled: number = POOL_CHUNK_BYTES;
  #bytes: Uint8Array = new Uint8Array();
  #start = 0;
  #end = 0;
  readonly #isWanted = (name: number): boolean => this.#equals(name);

  get count(): number {
    return this.#table.count;
  }

  /** Bytes of everything the table holds. */
  get bytes(): number {
    return this.#table.bytes + this.#names.bytes + this.#pool.length * POOL_CHUNK_BYTES;
  }

  /** The number of the name `bytes[start, end)`, -1 when it never came. */
  find(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    return this.#find(hashOf(bytes, start, end), bytes, start, end);
  }

  /** The same for text. */
  findText(text: string): number {
    return this.find(encoder.encode(text));
  }

  /** The number of the name `bytes[start, end)`, which is copied when it comes for the first time. */
  intern(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
    const hash = hashOf(bytes, start, end);
    const found = this.#find(hash, bytes, start, end);
    if (found >= 0) return found;
    const name = this.#table.count;
    this.#names.set(name * NAME_WORDS, this.#keep(bytes, start, end));
    this.#names.set(name * NAME_WORDS + 1, end - start);
    this.#table.add(hash, name);
    return name;
  }

  /** The bytes of a name, lent. */
  view(name: number): Uint8Array {
    const address = this.#names.get(name * NAME_WORDS);
    const start = address % POOL_CHUNK_BYTES;
    const chunk = this.#pool[Math.floor(address / POOL_CHUNK_BYTES)]!; // every number that was given has its bytes
    return chunk.subarray(start, start + this.#names.get(name * NAME_WORDS + 1));
  }

  text(name: number): string {
    return decoder.decode(this.view(name));
  }

  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    return this.#table.find(hash, this.#isWanted);
  }

  #equals(name: number): boolean {
    const length = this.#end - this.#start;
    if (this.#names.get(name * NAME_WORDS + 1) !== length) return false;
    const address = this.#names.get(name * NAME_WORDS);
    const chunk = this.#pool[Math.floor(address / POOL_CHUNK_BYTES)]!; // as in view
    const at = address % POOL_CHUNK_BYTES;
    for (let index = 0; index < length; index += 1) {
      if (chunk[at + index] !== this.#bytes[this.#start + index]) return false;
    }
    return true;
  }

  /** Copies a name into the pool and returns its address there. */
  #keep(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > POOL_CHUNK_BYTES) throw new RangeError(`a name of ${end - start} bytes`);
    // An empty one takes no byte, and has an address inside a chunk all the same.
    if (this.#chunkFilled + Math.max(1, end - start) > POOL_CHUNK_BYTES) {
      this.#pool.push(new Uint8Array(POOL_CHUNK_BYTES));
      this.#chunkFilled = 0;
    }
    const chunk = this.#pool.length - 1;
    this.#pool[chunk]!.set(bytes.subarray(start, end), this.#chunkFilled); // there is one
    const address = chunk * POOL_CHUNK_BYTES + this.#chunkFilled;
    this.#chunkFilled += end - start;
    return address;
  }
}

/** FNV-1a with the final mix of MurmurHash3, so that the high bits depend on all of the name. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at += 1) hash = Math.imul(hash ^ bytes[at]!, 0x01000193); // below the end
  return mix(hash);
}

/** Spreads what differs in any bit of a word over all of them. The final mix of MurmurHash3. */
export function mix(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
