const firstSlabBytes = 1 << 13;
const lastSlabBytes = 1 << 18;

/** Where the bytes of a logged write can be found, for as long as the log lives. */
export interface Payload {
  /** `undefined` stands for zeros. */
  bytes: Uint8Array | undefined;
  /** Index in `bytes` of the first byte of the range. */
  shift: number;
}

/** One for all: an array for each mounted image that is never written would cost a good part of the mount. */
const noBytes = new Uint8Array(0);

/** Hands out space for pages and payloads from slabs, because a small typed array of its own costs a microsecond. */
export class SlabAllocator {
  /** The slab that the last `take` was from. */
  slab: Uint8Array = noBytes;
  #used = 0;
  #nextBytes = firstSlabBytes;

  /** Slabs start small, because most mounted images write next to nothing, and double up to 256 KiB. */
  #refill(): void {
    // Not zeroed: whoever takes space without asking for zeros overwrites all of it.
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(this.#nextBytes);
    this.slab = new Uint8Array(buffer, byteOffset, this.#nextBytes);
    this.#used = 0;
    this.#nextBytes = Math.min(this.#nextBytes * 2, lastSlabBytes);
  }

  /** Index in `slab` of so many bytes that hold anything: overwrite all of them. */
  take(length: number): number {
    if (this.#used + length > this.slab.length) this.#refill();
    const at = this.#used;
    this.#used = at + length;
    return at;
  }

  /** As `take`, filled with zeros. */
  takeZeroed(length: number): number {
    const at = this.take(length);
    this.slab.fill(0, at, at + length);
    return at;
  }

  /** Copies `source[from, to)` into the slab and points `payload` at the copy. */
  copy(source: Uint8Array, from: number, to: number, payload: Payload): void {
    const length = to - from;
    const at = this.take(length);
    this.slab.set(length === source.length ? source : source.subarray(from, to), at);
    payload.bytes = this.slab;
    payload.shift = at;
  }
}
