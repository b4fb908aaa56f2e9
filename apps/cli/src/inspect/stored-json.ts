import { PayloadCodec } from "@holdfast/segment-codec/payload";

/** Larger ones are not shown as values: one of nothing but empty arrays takes a hundred bytes of memory for each of its own. */
const maxBytes = 0x40_0000;

/** Objects and arrays in one another; JSON that is nested deeper breaks its readers, and whoever writes it. */
const maxDepth = 512;

const unknown = "null";

/**
 * Bytes that hold a value, MessagePack or JSON, as JSON for whoever looks. Decoded when it is printed and not before: who only verifies
 * does not pay for it. Lent as the bytes are.
 */
export class StoredJson {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** JSON on one line, or `null` where the bytes are neither, more than 4 MiB, or nested deeper than 512. */
  text(): string {
    if (this.bytes.length > maxBytes) return unknown;
    let value: unknown;
    try {
      value = codec.decode(this.bytes);
    } catch {
      return jsonOf(this.bytes); // a payload that is no MessagePack: the program has a codec of its own
    }
    return JSON.stringify(value, plain) ?? unknown;
  }
}

const codec = new PayloadCodec({ maxDepth });
const decoder = new TextDecoder("utf-8", { fatal: true });

/** JSON as it is stored, since its numbers may have more digits than a number of ours, on one line. */
function jsonOf(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    JSON.parse(text);
    return isShallow(text) ? text.replace(/[\t\n\r]/g, " ") : unknown; // strings have none of these, only their escapes
  } catch {
    return unknown;
  }
}

/** @param text - JSON. */
function isShallow(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === "[" || character === "{") depth++;
    else if (character === "]" || character === "}") depth--;
    if (depth > maxDepth) return false;
  }
  return true;
}

/** Where the string that begins at `at` has its closing quote. */
function endOfString(text: string, at: number): number {
  let end = at + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  return end;
}

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
