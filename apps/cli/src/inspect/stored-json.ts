import { PayloadCodec } from "@holdfast/segment-codec/payload";

/**
 * Bytes that hold a value, MessagePack or JSON, as JSON for whoever looks. Decoded when it is printed and not before: who only verifies
 * does not pay for it. Lent as the bytes are.
 */
export class StoredJson {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** JSON on one line, or `null` where the bytes are neither. */
  text(): string {
    const value = this.#decode();
    return value === undefined ? "null" : (JSON.stringify(value, plain) ?? "null");
  }

  /** Undefined where the bytes are neither. */
  #decode(): unknown {
    try {
      return codec.decode(this.bytes);
    } catch {
      // A payload that is no MessagePack: the program has a codec of its own.
    }
    try {
      return JSON.parse(decoder.decode(this.bytes));
    } catch {
      return undefined;
    }
  }
}

const codec = new PayloadCodec({ maxDepth: 512 });
const decoder = new TextDecoder("utf-8", { fatal: true });

/** What JSON has no word for: bytes as hex, integers of more than 53 bits in decimal digits, numbers that are none by their names. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value instanceof Uint8Array) {
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex");
  }
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as unknown as Iterable<unknown>)];
  return value;
}
