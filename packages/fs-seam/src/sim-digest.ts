const twoTo32 = 0x1_0000_0000;
const utf8 = new TextEncoder();

/**
 * FNV-1a over 64 bits, fed piece by piece: a digest that tells two runs apart, not two adversaries. The state is two
 * unsigned 32-bit halves, because bigints would allocate for every byte.
 */
export class Digest {
  #high = 0xcbf29ce4;
  #low = 0x84222325;

  #byte(byte: number): void {
    const low = (this.#low ^ byte) >>> 0;
    // The prime is 2^40 + 0x1b3, so the product is two small multiplications and a shift.
    const product = low * 0x1b3;
    this.#high = (this.#high * 0x1b3 + Math.floor(product / twoTo32) + ((low << 8) >>> 0)) % twoTo32;
    this.#low = product >>> 0;
  }

  /** The bytes themselves. Put their length in front when something follows that could be taken for more of them. */
  bytes(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    for (let at = start; at < end; at += 1) this.#byte(bytes[at] ?? 0);
    return this;
  }

  /** A whole number from 0 to 2^53-1 as 8 bytes, little-endian. */
  count(value: number): this {
    this.#word(value % twoTo32);
    this.#word(Math.floor(value / twoTo32));
    return this;
  }

  /** The low 64 bits as 8 bytes, little-endian. */
  u64(value: bigint): this {
    this.#word(Number(value & 0xffff_ffffn));
    this.#word(Number((value >> 32n) & 0xffff_ffffn));
    return this;
  }

  #word(value: number): void {
    this.#byte(value & 0xff);
    this.#byte((value >>> 8) & 0xff);
    this.#byte((value >>> 16) & 0xff);
    this.#byte(value >>> 24);
  }

  /** The UTF-8 form, behind its length. */
  text(text: string): this {
    const bytes = utf8.encode(text);
    return this.count(bytes.length).bytes(bytes);
  }

  /** What has been fed so far. */
  value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** The value as 16 hexadecimal digits. */
  hex(): string {
    return this.value().toString(16).padStart(16, "0");
  }
}
