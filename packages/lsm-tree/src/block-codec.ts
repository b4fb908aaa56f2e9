import * as zlib from "node:zlib";
import { corrupt, LsmError } from "./lsm-error.js";
import { checkWhole } from "./option-check.js";
import { decodeLz4, LZ4_MAX_RATIO } from "./lz4-decoder.js";
import { Lz4Encoder } from "./lz4-encoder.js";
import { plainBytes } from "./plain-bytes.js";

/** How blocks are compressed, as a frame names it: what a table's reader and writer are given. */
export interface BlockCodec {
  /** 1 to 31 are taken; 32 to 63 are for users. 0 stands for blocks that are stored as they are. */
  readonly id: number;
  /** For errors and statistics. */
  readonly name: string;
  /**
   * Encodes `source[start, end)` into `target[at, limit)` and returns the offset behind it, or -1 when it does not fit. All bytes are borrowed
   * until the call returns.
   */
  encode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number, limit: number): number;
  /** Decodes `source[start, end)` and fills `target`, exactly; throws whatever it likes when it is something else. */
  decode(source: Uint8Array, start: number, end: number, target: Uint8Array): void;
}

/** LZ4 in TypeScript, the default: a table in it can be read wherever this package runs. */
export const lz4Codec: BlockCodec = lz4();

/** Raw deflate at level 1 through node:zlib. */
export const deflateCodec: BlockCodec = ofZlib(2, "deflate", {
  encode: (bytes) => zlib.deflateRawSync(bytes, { level: 1 }),
  decode: (bytes, rawBytes) => zlib.inflateRawSync(bytes, withInfo(rawBytes)),
});

/** Brotli at quality 1 through node:zlib. */
export const brotliCodec: BlockCodec = ofZlib(3, "brotli", {
  encode: (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
  decode: (bytes, rawBytes) => zlib.brotliDecompressSync(bytes, withInfo(rawBytes)),
});

/** Zstandard through node:zlib where it has it, in Node from 22.15 and 23.8; otherwise undefined. */
export const zstdCodec: BlockCodec | undefined = zstd();

/** Ids of codecs of this format, whether this runtime has them or not. */
const codecNames = new Map([
  [1, "lz4"],
  [2, "deflate"],
  [3, "brotli"],
  [4, "zstd"],
]);

const firstUserId = 32;
const lastUserId = 63;

/** The codecs that a reader knows: those of the format that this runtime has, and those of the user. */
export class BlockCodecs {
  readonly #byId = new Map<number, BlockCodec>();

  /** @throws `RangeError` when a user's codec has an id outside 32 to 63, or one that another one has. */
  constructor(users: readonly BlockCodec[] = []) {
    for (const codec of [lz4Codec, deflateCodec, brotliCodec, zstdCodec]) if (codec) this.#byId.set(codec.id, codec);
    for (const codec of users) {
      checkWhole(codec.id, `id of the codec ${codec.name}`, firstUserId, lastUserId);
      if (this.#byId.has(codec.id)) throw new RangeError(`two codecs have the id ${codec.id}`);
      this.#byId.set(codec.id, codec);
    }
  }

  /**
   * These, and the one that blocks are written with: whoever writes with it reads what it has written. A user's codec among these that has its id reads in its place.
   *
   * @throws `RangeError` when its id is that of a codec of the format, or none that users may have.
   */
  including(codec: BlockCodec): BlockCodecs {
    const known = this.#byId.get(codec.id);
    if (known === codec || (known !== undefined && codec.id >= firstUserId)) return this;
    return new BlockCodecs([...[...this.#byId.values()].filter(({ id }) => id >= firstUserId), codec]);
  }

  /**
   * Decodes `source[start, end)` to `rawBytes` bytes, owned by the caller.
   *
   * @throws {@link LsmError} `LSM_UNSUPPORTED_CODEC` when nobody here knows the id, and `LSM_CORRUPT` when the codec refuses the bytes.
   */
  decode(id: number, source: Uint8Array, start: number, end: number, rawBytes: number): Uint8Array {
    const codec = this.#byId.get(id);
    if (codec === undefined) {
      const name = codecNames.get(id);
      const known = name === undefined ? `codec ${id} is not known` : `this runtime has no ${name}`;
      throw new LsmError("LSM_UNSUPPORTED_CODEC", `a block cannot be read: ${known}`, { actual: name ?? id });
    }
    // Before anything is allocated: what a length of 64 MiB in front of twenty bytes would claim.
    if (id === lz4Codec.id && rawBytes > (end - start) * LZ4_MAX_RATIO) {
      throw corrupt(`${end - start} bytes of LZ4 are never ${rawBytes}`, { actual: rawBytes, field: "raw bytes" });
    }
    // Ours fill it or throw; what somebody else's may leave out is zeros then, not what lay there before.
    const target = id < firstUserId ? plainBytes(rawBytes) : new Uint8Array(rawBytes);
    try {
      codec.decode(source, start, end, target);
    } catch (cause) {
      throw cause instanceof LsmError ? cause : corrupt(`a block is no ${codec.name}`, { field: codec.name }, cause);
    }
    return target;
  }
}

/**
 * What reads the blocks of whoever has these options; undefined for the codecs of the format.
 *
 * @throws `TypeError` that names the option, unless these are codecs or left out, and `RangeError` for an id that is taken.
 */
export function readingCodecs({
  codec,
  codecs,
}: {
  readonly codec?: BlockCodec | null | undefined;
  readonly codecs?: BlockCodecs | undefined;
}): BlockCodecs | undefined {
  if (codecs !== undefined && !(codecs instanceof BlockCodecs)) {
    throw new TypeError("codecs must be made with new BlockCodecs([...])");
  }
  if (codec === undefined || codec === null) return codecs;
  const { id, encode, decode } = Object(codec) as Partial<BlockCodec>;
  const isCodec = Number.isInteger(id) && typeof encode === "function" && typeof decode === "function";
  if (!isCodec) throw new TypeError("codec must be a BlockCodec, such as lz4Codec, or null");
  return (codecs ?? new BlockCodecs()).including(codec);
}

function lz4(): BlockCodec {
  const encoder = new Lz4Encoder();
  return {
    id: 1,
    name: "lz4",
    encode: (source, start, end, target, at, limit) => encoder.encode(source, start, end, target, at, limit),
    decode: decodeLz4,
  };
}

/** What the functions of zlib return with the option `info`. */
interface Inflated {
  readonly buffer: Uint8Array;
  /** How much of the input was used. */
  readonly engine: { readonly bytesWritten: number };
}

/** Bounds the output, and asks how much of the input was used. Types know of `info` for some functions only. */
function withInfo(rawBytes: number): { maxOutputLength: number } {
  const options = { maxOutputLength: rawBytes, info: true };
  return options;
}

interface ZlibPair {
  encode(bytes: Uint8Array): Uint8Array;
  decode(bytes: Uint8Array, rawBytes: number): unknown;
}

function ofZlib(id: number, name: string, pair: ZlibPair): BlockCodec {
  return {
    id,
    name,
    encode(source, start, end, target, at, limit) {
      const encoded = pair.encode(source.subarray(start, end));
      if (encoded.length > limit - at) return -1;
      target.set(encoded, at);
      return at + encoded.length;
    },
    decode(source, start, end, target) {
      const { buffer, engine } = pair.decode(source.subarray(start, end), target.length) as Inflated; // asked for by `info`
      const problem =
        buffer.length !== target.length
          ? `decodes to ${buffer.length} bytes, not ${target.length}`
          : engine.bytesWritten !== end - start
            ? "ends before its bytes do"
            : undefined;
      if (problem !== undefined) throw corrupt(`a block of ${name} ${problem}`, { field: name });
      target.set(buffer);
    },
  };
}

function zstd(): BlockCodec | undefined {
  const found = zlib as {
    zstdCompressSync?: (bytes: Uint8Array) => Uint8Array;
    zstdDecompressSync?: (bytes: Uint8Array, options: object) => unknown;
  }; // probed in the next line
  const { zstdCompressSync, zstdDecompressSync } = found;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  return ofZlib(4, "zstd", {
    encode: (bytes) => zstdCompressSync(bytes),
    decode: (bytes, rawBytes) => zstdDecompressSync(bytes, withInfo(rawBytes)),
  });
}
