/**
 * MessagePack as rmp-serde writes it in named mode: the smallest form of every integer, maps with their field names, and byte
 * strings as arrays of integers, each byte from 128 on behind a `cc`.
 */
export class EnvelopeWriter {
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(capacityBytes = 1024) {
    this.bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** What was written, in memory of its own. */
  take(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  map(count: number): void {
    this.#head(0x80, 15, 0xde, count);
  }

  array(count: number): void {
    this.#head(0x90, 15, 0xdc, count);
  }

  nil(): void {
    this.#room(1);
    this.bytes[this.length++] = 0xc0;
  }

  text(value: string): void {
    const encoded = utf8.encode(value);
    const size = encoded.length;
    this.#room(5 + size);
    if (size < 32) this.bytes[this.length++] = 0xa0 | size;
    else if (size < 0x100) this.#tagged(0xd9, 1, size);
    else if (size < 0x1_0000) this.#tagged(0xda, 2, size);
    else this.#tagged(0xdb, 4, size);
    this.bytes.set(encoded, this.length);
    this.length += size;
  }

  /** An integer from 0 to 2^32-1. */
  uint(value: number): void {
    this.#room(5);
    if (value < 0x80) this.bytes[this.length++] = value;
    else if (value < 0x100) this.#tagged(0xcc, 1, value);
    else if (value < 0x1_0000) this.#tagged(0xcd, 2, value);
    else this.#tagged(0xce, 4, value);
  }

  /** An integer from -2^63 to 2^64-1. */
  long(value: bigint): void {
    if (value >= 0n && value < 0x1_0000_0000n) return this.uint(Number(value));
    this.#room(9);
    if (value >= 0n) {
      this.bytes[this.length++] = 0xcf;
      this.#view.setBigUint64(this.length, value);
      this.length += 8;
    } else if (value >= -32n) this.bytes[this.length++] = Number(value) & 0xff;
    else if (value >= -0x80n) this.#tagged(0xd0, 1, Number(value) & 0xff);
    else if (value >= -0x8000n) this.#tagged(0xd1, 2, Number(value) & 0xffff);
    else if (value >= -0x8000_0000n) this.#tagged(0xd2, 4, Number(value) >>> 0);
    else {
      this.bytes[this.length++] = 0xd3;
      this.#view.setBigInt64(this.length, value);
      this.length += 8;
    }
  }

  /** 16 bytes as `bin8`: how ids are stored, and nothing else. */
  id(value: Uint8Array): void {
    this.#room(2 + value.length);
    this.#tagged(0xc4, 1, value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** Bytes as an array of integers. */
  byteArray(value: Uint8Array): void {
    this.array(value.length);
    this.#room(2 * value.length);
    const target = this.bytes;
    let at = this.length;
    for (let index = 0; index < value.length; index++) {
      const byte = value[index]!; // index is below the length
      if (byte >= 0x80) target[at++] = 0xcc;
      target[at++] = byte;
    }
    this.length = at;
  }

  /** Bytes that are MessagePack already, or a place to be filled in later. */
  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  #head(fix: number, most: number, tag: number, count: number): void {
    this.#room(5);
    if (count <= most) this.bytes[this.length++] = fix | count;
    else if (count < 0x1_0000) this.#tagged(tag, 2, count);
    else this.#tagged(tag + 1, 4, count);
  }

  #tagged(tag: number, width: 1 | 2 | 4, value: number): void {
    this.bytes[this.length++] = tag;
    if (width === 1) this.#view.setUint8(this.length, value);
    else if (width === 2) this.#view.setUint16(this.length, value);
    else this.#view.setUint32(this.length, value);
    this.length += width;
  }

  #room(size: number): void {
    const needed = this.length + size;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}

const utf8 = new TextEncoder();
