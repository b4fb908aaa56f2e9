import { readExactly, peekUint64, type ByteSource } from "@holdfast/segment-codec";
import type { CorruptEnd } from "./durability-end.js";

/**
 * The header of a record log or of a WAL segment, field by field. The reference writes each field by a write of its own, so a
 * crash may leave any number of them, with zeros or nothing behind; no field of a whole header is zero. They have no checksum.
 */
export class HeaderFields {
  /** Every field is there and none is zero. */
  readonly written: boolean;
  /** A field is missing or zero, and something else stands behind it. */
  readonly #broken: boolean;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** @param sizes - bytes of the fields, in order; together `headerBytes`. */
  constructor(source: ByteSource, headerBytes: number, sizes: readonly number[]) {
    this.#bytes = new Uint8Array(Math.min(headerBytes, source.sizeBytes));
    readExactly(source, this.#bytes, 0);
    this.#view = new DataView(this.#bytes.buffer);
    let at = 0;
    let missing = false;
    let broken = false;
    for (const size of sizes) {
      const field = this.#bytes.subarray(at, at + size);
      const zero = field.every((byte) => byte === 0);
      if (missing && !zero) broken = true;
      if (zero || field.length < size) missing = true;
      at += size;
    }
    this.written = !missing;
    this.#broken = broken;
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** -1 above 2^53-1. */
  u64(at: number): number {
    return peekUint64(this.#view, at);
  }

  /** Why these bytes are no header that begins with that magic and one of those versions, whole or on its way there. */
  refusal(name: string, magic: number, versions: readonly number[]): CorruptEnd | undefined {
    const begun = this.#bytes.subarray(0, 4);
    const matches = begun.every((byte, index) => byte === ((magic >>> (8 * index)) & 0xff));
    if (!matches && begun.some((byte) => byte !== 0)) {
      const actual = [...begun].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return corrupt("WAL_CORRUPT", `the file does not begin with ${name}`, name, actual);
    }
    if (this.#broken) {
      return corrupt("WAL_CORRUPT", "a field of the header is missing, and others behind it are not");
    }
    if (this.#bytes.length < 8) return undefined;
    const version = this.u32(4);
    if (version === 0 || versions.includes(version)) return undefined;
    const message = `the file is of version ${version}, and only ${versions.join(" and ")} can be read`;
    return corrupt("WAL_UNSUPPORTED", message, versions.join(" or "), version);
  }
}

function corrupt(
  code: "WAL_CORRUPT" | "WAL_UNSUPPORTED",
  message: string,
  expected?: string,
  actual?: number | string,
): CorruptEnd {
  return { kind: "corrupt", endOffset: 0, code, message, expected, actual };
}
