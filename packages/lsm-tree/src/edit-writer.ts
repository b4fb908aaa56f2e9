import { checkWhole } from "./option-check.js";
import { MAX_VARINT_BYTES, varintBytes, writeVarint } from "./varint.js";

/** Puts together a record of the manifest, field by field, each checked by its name. */
export class EditWriter {
  #bytes = new Uint8Array(256);
  #at = 0;
  /** Where the fields of the change that is open begin, behind the most that their length may take. */
  #start = 0;

  begin(tag: number): void {
    this.#reserve(1 + MAX_VARINT_BYTES);
    this.#bytes[this.#at] = tag;
    this.#start = this.#at + 1 + MAX_VARINT_BYTES;
    this.#at = this.#start;
  }

  /** Puts the length in front of the fields, and moves them up to it. */
  end(): void {
    const length = this.#at - this.#start;
    const to = this.#start - MAX_VARINT_BYTES + varintBytes(length);
    this.#bytes.copyWithin(to, this.#start, this.#at);
    writeVarint(this.#bytes, this.#start - MAX_VARINT_BYTES, length);
    this.#at = to + length;
  }

  number(value: number, field: string, min: number, max: number): void {
    checkWhole(value, field, min, max);
    this.#reserve(MAX_VARINT_BYTES);
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  /** A u32. */
  word(value: number, field: string): void {
    checkWhole(value, field, 0, 0xffff_ffff);
    this.#reserve(4);
    new DataView(this.#bytes.buffer).setUint32(this.#at, value, true);
    this.#at += 4;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Bytes with their length in front. */
  block(bytes: Uint8Array, field: string, max: number): void {
    this.number(bytes.length, `bytes of ${field}`, 0, max);
    this.bytes(bytes);
  }

  /** Bytes that end where the change does. */
  rest(bytes: Uint8Array, field: string, max: number): void {
    checkWhole(bytes.length, `bytes of ${field}`, 0, max);
    this.bytes(bytes);
  }

  /** The record, owned by the caller. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#at + more, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}
