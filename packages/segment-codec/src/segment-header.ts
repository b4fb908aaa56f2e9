import { readExactly, type ByteSource } from "./byte-source.js";
import { checksumAlgorithms, hashAlgorithms, type HashAlgorithm } from "./checksum.js";
import { CodecError } from "./codec-error.js";
import { viewCrc32 } from "./crc32-tables.js";
import * as at from "./frame-layout.js";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import { peekUint64, readUint64, writeUint64 } from "./uint64.js";

/** What a segment says about itself in its first 64 bytes. */
export interface SegmentIdentity {
  /** 16 random bytes, the same in all segments of one log: no segment of another log is ever taken for one of this. */
  readonly logId: Uint8Array;
  /** Number of the segment, counting from 1 and never used twice in a log. */
  readonly segmentId: number;
  /**
   * 32 random bits, drawn for every segment that is created. A number whose file did not survive a crash is used again; the
   * nonce keeps frames of the first attempt out of the second.
   */
  readonly nonce: number;
  /** Counts the opens of the log. Where two segments continue from the same place, the higher epoch is the later decision. */
  readonly epoch: number;
  /** What the frames are, decided by the owner: 1 to 255. */
  readonly content: number;
  /** LSN of the first record in this segment, from 1. */
  readonly baseLsn: number;
  /** Highest LSN known durable when the header was encoded; below `baseLsn`. */
  readonly durableLsn: number;
  /** Chain at the frame boundary that this segment continues from; 0 in the first segment of a log. */
  readonly previousChain: number;
  /** Which hash the payloads carry; `none` where they carry none. */
  readonly hash: HashAlgorithm;
}

/** An encoded or decoded segment header, with what the frames behind it are checked against. */
export interface SegmentHeader extends SegmentIdentity {
  /** CRC of the header; the chain of the frames begins with it. */
  readonly crc: number;
  /** CRC of nonce, log id and segment id; the CRC of every frame header continues it. */
  readonly frameSeed: number;
}

/** What the first 64 bytes of a file turned out to be. All but `segment` are what a crash, a stranger or damage leaves. */
export type SegmentHeaderOutcome =
  | { readonly kind: "segment"; readonly header: SegmentHeader }
  /** Fewer than 64 bytes. */
  | { readonly kind: "short"; readonly availableBytes: number }
  /** 64 zeros: the file was created or preallocated, and its header never written. */
  | { readonly kind: "zeros" }
  /** Another magic: not one of ours. */
  | { readonly kind: "foreign"; readonly magic: number }
  /** Our magic, but the checksum fails. */
  | { readonly kind: "damaged"; readonly expected: number; readonly actual: number }
  /** Sound, but of a version or with an algorithm that this code does not know. */
  | { readonly kind: "unsupported"; readonly field: "version" | "checksum" | "hash"; readonly value: number }
  /** Sound, but with a value that no encoder writes. */
  | { readonly kind: "malformed"; readonly field: keyof SegmentIdentity };

const identityKeys: readonly (keyof SegmentIdentity)[] = [
  "logId",
  "segmentId",
  "nonce",
  "epoch",
  "content",
  "baseLsn",
  "durableLsn",
  "previousChain",
  "hash",
];

/**
 * Encodes a segment header into `target[offset, offset + 64)` and returns what the frames behind it need.
 *
 * @param identity - copied, the log id included.
 * @throws `TypeError` or `RangeError` that names the field when one is wrong or unknown; nothing is written then.
 */
export function encodeSegmentHeader(identity: SegmentIdentity, target: Uint8Array, offset = 0): SegmentHeader {
  checkBytes(target, "target");
  checkIdentity(identity);
  checkWhole(offset, "offset", 0, target.length - at.SEGMENT_HEADER_BYTES);
  const view = new DataView(target.buffer, target.byteOffset + offset, at.SEGMENT_HEADER_BYTES);
  view.setUint32(0, at.SEGMENT_MAGIC, true);
  view.setUint8(at.SEGMENT_VERSION, at.FORMAT_VERSION);
  view.setUint8(at.SEGMENT_CHECKSUM, checksumAlgorithms.crc32);
  view.setUint8(at.SEGMENT_HASH, hashAlgorithms[identity.hash]);
  view.setUint8(at.SEGMENT_CONTENT, identity.content);
  view.setUint32(at.SEGMENT_EPOCH, identity.epoch, true);
  view.setUint32(at.SEGMENT_NONCE, identity.nonce, true);
  target.set(identity.logId, offset + at.SEGMENT_LOG_ID);
  writeUint64(view, at.SEGMENT_ID, identity.segmentId);
  writeUint64(view, at.SEGMENT_BASE_LSN, identity.baseLsn);
  writeUint64(view, at.SEGMENT_DURABLE_LSN, identity.durableLsn);
  view.setUint32(at.SEGMENT_PREVIOUS_CHAIN, identity.previousChain, true);
  view.setUint32(at.SEGMENT_CRC, viewCrc32.slice(view, 0, at.SEGMENT_CRC, 0), true);
  return headerOf(target, offset, view);
}

function checkIdentity(identity: SegmentIdentity): void {
  checkKeys(identity, identityKeys, "segment header");
  checkLogId(identity.logId);
  checkWhole(identity.segmentId, "segmentId", 1, Number.MAX_SAFE_INTEGER);
  checkWhole(identity.nonce, "nonce", 0, at.MAX_UINT32);
  checkWhole(identity.epoch, "epoch", 0, at.MAX_UINT32);
  checkWhole(identity.content, "content", 1, 255);
  checkWhole(identity.baseLsn, "baseLsn", 1, Number.MAX_SAFE_INTEGER);
  checkWhole(identity.durableLsn, "durableLsn", 0, identity.baseLsn - 1);
  checkWhole(identity.previousChain, "previousChain", 0, at.MAX_UINT32);
  if (!Object.hasOwn(hashAlgorithms, identity.hash)) {
    throw new RangeError(`hash must be one of ${Object.keys(hashAlgorithms).join(", ")}, not ${String(identity.hash)}`);
  }
}

/**
 * What the CRC of every frame header of a segment continues: for a segment whose header is lost, when its nonce and number are
 * known from elsewhere. {@link findLaterFrames} takes it in place of a header.
 *
 * @throws `TypeError` or `RangeError` that names the field when one is wrong.
 */
export function frameSeedOf(identity: Pick<SegmentIdentity, "logId" | "segmentId" | "nonce">): number {
  const { logId, segmentId, nonce } = identity;
  checkLogId(logId);
  checkWhole(segmentId, "segmentId", 1, Number.MAX_SAFE_INTEGER);
  checkWhole(nonce, "nonce", 0, at.MAX_UINT32);
  const bytes = new Uint8Array(at.IDENTITY_END);
  const view = new DataView(bytes.buffer);
  view.setUint32(at.SEGMENT_NONCE, nonce, true);
  bytes.set(logId, at.SEGMENT_LOG_ID);
  writeUint64(view, at.SEGMENT_ID, segmentId);
  return viewCrc32.slice(view, at.IDENTITY_START, at.IDENTITY_END, 0) >>> 0;
}

function checkLogId(logId: Uint8Array): void {
  checkBytes(logId, "logId");
  if (logId.length !== at.LOG_ID_BYTES) throw new RangeError(`logId must have ${at.LOG_ID_BYTES} bytes`);
}

/**
 * Says what the bytes at `offset` are. Never throws on any content.
 *
 * The magic, the version at byte 4 and the checksum of the first 60 bytes at byte 60 stay where they are in every later
 * version, so an unknown version is told from a damaged header.
 */
export function inspectSegmentHeader(bytes: Uint8Array, offset = 0): SegmentHeaderOutcome {
  const availableBytes = Math.max(0, bytes.length - offset);
  if (availableBytes < at.SEGMENT_HEADER_BYTES) return { kind: "short", availableBytes };
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, at.SEGMENT_HEADER_BYTES);
  const magic = view.getUint32(0, true);
  if (magic !== at.SEGMENT_MAGIC) return isZero(view) ? { kind: "zeros" } : { kind: "foreign", magic };
  const expected = viewCrc32.slice(view, 0, at.SEGMENT_CRC, 0) >>> 0;
  const actual = view.getUint32(at.SEGMENT_CRC, true);
  if (actual !== expected) return { kind: "damaged", expected, actual };
  const version = view.getUint8(at.SEGMENT_VERSION);
  if (version !== at.FORMAT_VERSION) return { kind: "unsupported", field: "version", value: version };
  const checksum = view.getUint8(at.SEGMENT_CHECKSUM);
  if (checksum !== checksumAlgorithms.crc32) return { kind: "unsupported", field: "checksum", value: checksum };
  const hash = view.getUint8(at.SEGMENT_HASH);
  if (hashNamed(hash) === undefined) return { kind: "unsupported", field: "hash", value: hash };
  const field = impossibleField(view);
  return field === undefined
    ? { kind: "segment", header: headerOf(bytes, offset, view) }
    : { kind: "malformed", field };
}

/**
 * Decodes the segment header at the beginning of `source`.
 *
 * @throws {@link CodecError} `CODEC_TRUNCATED`, `CODEC_NOT_A_SEGMENT`, `CODEC_CHECKSUM_MISMATCH`,
 * `CODEC_UNSUPPORTED_VERSION`, `CODEC_UNSUPPORTED_ALGORITHM`, `CODEC_MALFORMED_HEADER`. To tell them apart without errors use
 * {@link inspectSegmentHeader}.
 */
export function readSegmentHeader(source: ByteSource): SegmentHeader {
  const bytes = new Uint8Array(Math.min(source.sizeBytes, at.SEGMENT_HEADER_BYTES));
  readExactly(source, bytes, 0);
  const outcome = inspectSegmentHeader(bytes);
  if (outcome.kind === "segment") return outcome.header;
  throw headerError(outcome);
}

function headerError(outcome: Exclude<SegmentHeaderOutcome, { kind: "segment" }>): CodecError {
  switch (outcome.kind) {
    case "short":
      return new CodecError("CODEC_TRUNCATED", `a segment header has 64 bytes, not ${outcome.availableBytes}`, {
        offset: outcome.availableBytes,
      });
    case "zeros":
      return new CodecError("CODEC_NOT_A_SEGMENT", "the segment header is all zeros, never written", {
        offset: 0,
      });
    case "foreign":
      return new CodecError("CODEC_NOT_A_SEGMENT", "the file does not begin with the magic", {
        offset: 0,
        expected: at.SEGMENT_MAGIC,
        actual: outcome.magic,
      });
    case "damaged":
      return new CodecError("CODEC_CHECKSUM_MISMATCH", "the segment header is damaged", {
        offset: 0,
        expected: outcome.expected,
        actual: outcome.actual,
      });
    case "unsupported":
      return outcome.field === "version"
        ? new CodecError("CODEC_UNSUPPORTED_VERSION", `segment format version ${outcome.value} is not known`, {
            offset: at.SEGMENT_VERSION,
            expected: at.FORMAT_VERSION,
            actual: outcome.value,
          })
        : new CodecError("CODEC_UNSUPPORTED_ALGORITHM", `${outcome.field} algorithm ${outcome.value} is not known`, {
            field: outcome.field,
            actual: outcome.value,
          });
    case "malformed":
      return new CodecError("CODEC_MALFORMED_HEADER", `the segment header has an impossible ${outcome.field}`, {
        field: outcome.field,
      });
  }
}

function isZero(view: DataView): boolean {
  for (let offset = 0; offset < at.SEGMENT_HEADER_BYTES; offset += 4) if (view.getUint32(offset) !== 0) return false;
  return true;
}

function hashNamed(id: number): HashAlgorithm | undefined {
  const names = Object.keys(hashAlgorithms) as HashAlgorithm[]; // the keys of a constant object are its type
  return names.find((name) => hashAlgorithms[name] === id);
}

function impossibleField(view: DataView): keyof SegmentIdentity | undefined {
  if (view.getUint8(at.SEGMENT_CONTENT) === 0) return "content";
  if (peekUint64(view, at.SEGMENT_ID) < 1) return "segmentId";
  const baseLsn = peekUint64(view, at.SEGMENT_BASE_LSN);
  if (baseLsn < 1) return "baseLsn";
  const durableLsn = peekUint64(view, at.SEGMENT_DURABLE_LSN);
  return durableLsn < 0 || durableLsn >= baseLsn ? "durableLsn" : undefined;
}

function headerOf(bytes: Uint8Array, offset: number, view: DataView): SegmentHeader {
  const from = offset + at.SEGMENT_LOG_ID;
  return Object.freeze({
    logId: Uint8Array.from(bytes.subarray(from, from + at.LOG_ID_BYTES)), // not slice: a Buffer would lend its memory
    segmentId: readUint64(view, at.SEGMENT_ID),
    nonce: view.getUint32(at.SEGMENT_NONCE, true),
    epoch: view.getUint32(at.SEGMENT_EPOCH, true),
    content: view.getUint8(at.SEGMENT_CONTENT),
    baseLsn: readUint64(view, at.SEGMENT_BASE_LSN),
    durableLsn: readUint64(view, at.SEGMENT_DURABLE_LSN),
    previousChain: view.getUint32(at.SEGMENT_PREVIOUS_CHAIN, true),
    hash: hashNamed(view.getUint8(at.SEGMENT_HASH)) ?? "none", // checked before: every caller has a known number here
    crc: view.getUint32(at.SEGMENT_CRC, true),
    frameSeed: viewCrc32.slice(view, at.IDENTITY_START, at.IDENTITY_END, 0) >>> 0,
  });
}
