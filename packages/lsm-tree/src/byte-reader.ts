import { corrupt, type LsmError } from "./lsm-error.js";

const TWO_TO_32 = 0x1_0000_0000;

/**
 * Goes through the fields of one structure, and never past its end: whatever is missing, too large or spelled otherwise than an
 * encoder would is an {@link LsmError} `LSM_CORRUPT` with its offset.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  readonly #what: string;
  readonly #view: DataView;

  /** @param what - names the structure in errors, for example "a log record". */
  constructor(bytes: Uint8Array, what: string, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#what = what;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The number of bytes that are left. */
  get left(): number {
    return this.end - this.at;
  }

  uint8(field: string): number {
    return this.bytes[this.take(1, field)]!; // take has checked it
  }

  uint16(field: string): number {
    return this.#view.getUint16(this.take(2, field), true);
  }

  uint32(field: string): number {
    return this.#view.getUint32(this.take(4, field), true);
  }

  uint64(field: string): number {
    const at = this.take(8, field);
    const high = this.#view.getUint32(at + 4, true);
    if (high > 0x1f_ffff) throw this.error(field, "is above 2^53-1", at);
    return high * TWO_TO_32 + this.#view.getUint32(at, true);
  }

  varint(field: string, max: number = Number.MAX_SAFE_INTEGER): number {
    const start = this.at;
    const first = start < this.end ? this.bytes[start]! : 0xff; // below the end
    if (first <= max && first < 0x80) {
      this.at = start + 1;
      return first;
    }
    let value = 0;
    for (let scale = 1, count = 0; count < 8; count++, scale *= 128) {
      const byte = this.uint8(field);
      value += (byte & 0x7f) * scale;
      if (byte > 0x7f) continue;
      if (byte === 0 && count > 0) throw this.error(field, "is not spelled in as few bytes as will do", start);
      if (value > max) throw this.error(field, `is ${value}, at most ${max}`, start);
      return value;
    }
    throw this.error(field, "is longer than a number may be", start);
  }

  /** Passes `length` bytes and returns where they begin. */
  take(length: number, field: string): number {
    const { at } = this;
    if (length > this.end - at) throw this.error(field, `needs ${length} bytes of ${this.end - at} that are left`, at);
    this.at = at + length;
    return at;
  }

  /** A copy of bytes whose length stands before them as a varint. */
  block(field: string, max: number): Uint8Array {
    const length = this.varint(`length of ${field}`, max);
    const start = this.take(length, field);
    return new Uint8Array(this.bytes.subarray(start, start + length)); // not slice: a Buffer's lends its memory
  }

  /** Throws unless everything was read. */
  finish(): void {
    if (this.at !== this.end) throw this.error("end", `has ${this.end - this.at} bytes too many`, this.at);
  }

  error(field: string, problem: string, offset: number): LsmError {
    return corrupt(`${field} of ${this.#what} ${problem}`, { offset, field });
  }
}
