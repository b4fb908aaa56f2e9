import { CodecError } from "./codec-error.js";
import { EnvelopeReader, malformed } from "./envelope-reader.js";
import { EnvelopeWriter } from "./envelope-writer.js";
import { FBAT_MAGIC, FBAT_MAX_HEADER_BYTES, FBAT_PREAMBLE_BYTES, FBAT_VERSION } from "./fbat-layout.js";
import { Spelling } from "./spelling.js";

/** First bytes of a batpak segment. */
export interface FbatHeader {
  /** Nanoseconds since 1970, 64 bits with sign. */
  readonly createdNs: bigint;
  /** Should equal the number in the file's name, which is the one that counts. */
  readonly segmentId: bigint;
}

const keys = {
  version: new Spelling("version"),
  flags: new Spelling("flags"),
  createdNs: new Spelling("created_ns"),
  segmentId: new Spelling("segment_id"),
};

/**
 * Decodes the header at the beginning of a segment; `framesStart` is where its first frame begins.
 *
 * @throws {@link CodecError} `CODEC_TRUNCATED`, `CODEC_NOT_A_SEGMENT`, `CODEC_LENGTH_OUT_OF_RANGE`, `CODEC_UNSUPPORTED_VERSION`,
 * `CODEC_MALFORMED_ENVELOPE`.
 */
export function decodeFbatHeader(bytes: Uint8Array): FbatHeader & { readonly framesStart: number } {
  if (bytes.length < FBAT_PREAMBLE_BYTES) throw truncated(bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, FBAT_PREAMBLE_BYTES);
  const magic = view.getUint32(0);
  if (magic !== FBAT_MAGIC) {
    throw new CodecError("CODEC_NOT_A_SEGMENT", "the file does not begin with FBAT", {
      offset: 0,
      expected: FBAT_MAGIC,
      actual: magic,
    });
  }
  const headerBytes = view.getUint32(4);
  if (headerBytes > FBAT_MAX_HEADER_BYTES) {
    throw new CodecError("CODEC_LENGTH_OUT_OF_RANGE", `a header of ${headerBytes} bytes`, {
      offset: 4,
      expected: FBAT_MAX_HEADER_BYTES,
      actual: headerBytes,
    });
  }
  const framesStart = FBAT_PREAMBLE_BYTES + headerBytes;
  if (framesStart > bytes.length) throw truncated(bytes.length);
  const reader = new EnvelopeReader(bytes, FBAT_PREAMBLE_BYTES, framesStart);
  reader.map(4, 4, "header");
  reader.constant(keys.version);
  const at = reader.at;
  const version = reader.uint(0xffff, "version");
  if (version !== FBAT_VERSION) {
    throw new CodecError("CODEC_UNSUPPORTED_VERSION", `FBAT version ${version} is not known`, {
      offset: at,
      expected: FBAT_VERSION,
      actual: version,
    });
  }
  reader.constant(keys.flags);
  reader.uint(0, "flags");
  reader.constant(keys.createdNs);
  const createdNs = reader.long(true, "created_ns");
  reader.constant(keys.segmentId);
  const segmentId = reader.long(false, "segment_id");
  if (!reader.done) throw malformed("header", reader.at);
  return { createdNs, segmentId, framesStart };
}

/** Encodes a segment header, magic and length included. Throws a `RangeError` when a number does not fit its 64 bits. */
export function encodeFbatHeader(header: FbatHeader): Uint8Array {
  const { createdNs, segmentId } = header;
  if (BigInt.asIntN(64, createdNs) !== createdNs) throw new RangeError("createdNs must fit 64 bits with sign");
  if (BigInt.asUintN(64, segmentId) !== segmentId) throw new RangeError("segmentId must fit 64 bits");
  const writer = new EnvelopeWriter(128);
  writer.raw(new Uint8Array(FBAT_PREAMBLE_BYTES));
  writer.map(4);
  writer.raw(keys.version.bytes);
  writer.uint(FBAT_VERSION);
  writer.raw(keys.flags.bytes);
  writer.uint(0);
  writer.raw(keys.createdNs.bytes);
  writer.long(createdNs);
  writer.raw(keys.segmentId.bytes);
  writer.long(segmentId);
  const bytes = writer.take();
  const view = new DataView(bytes.buffer);
  view.setUint32(0, FBAT_MAGIC);
  view.setUint32(4, bytes.length - FBAT_PREAMBLE_BYTES);
  return bytes;
}

function truncated(offset: number): CodecError {
  return new CodecError("CODEC_TRUNCATED", `the file ends at ${offset}, inside its header`, { offset });
}
