import { crc32, readExactly, writeUint64, peekUint64, sourceOf, type ByteSource } from "@holdfast/segment-codec";
import { allocate } from "./durability-frame.js";
import {
  CHECKPOINT_HEADER_BYTES,
  CHECKPOINT_MAGIC,
  durabilityLimits,
  type DurabilityCheckpointVersion,
} from "./durability-layout.js";
import { checkBytes, checkId, checkVersion } from "./durability-options.js";
import { WalError } from "./wal-error.js";

/** Checkpoint files of durability: one payload and the id of the last entry that it holds the effect of. */

export interface DurabilityCheckpoint {
  /**
   * Version 1 leaves everything but the payload out of its checksum: a flipped bit in `lastAppliedId` reads as another id, and
   * whoever replays from there skips entries or applies them twice. Compare it with what the log holds before you trust it.
   */
  readonly version: DurabilityCheckpointVersion;
  /** The payload is the state after all entries up to this id. */
  readonly lastAppliedId: number;
  /** Owned by the caller. */
  readonly payload: Uint8Array;
}

/**
 * A whole checkpoint file.
 *
 * @throws {@link WalError} `WAL_CHECKPOINT_TOO_LARGE` above 256 MiB, `WAL_INVALID_OPTION`.
 */
export function encodeDurabilityCheckpoint({ version, lastAppliedId, payload }: DurabilityCheckpoint): Uint8Array {
  checkVersion(version, [1, 2]);
  checkId(lastAppliedId, "lastAppliedId", 0);
  checkBytes(payload, "payload");
  if (payload.length > durabilityLimits.checkpoint) {
    const context = { expected: durabilityLimits.checkpoint, actual: payload.length };
    throw new WalError("WAL_CHECKPOINT_TOO_LARGE", `${payload.length} bytes, more than the reference reads`, context);
  }
  const { bytes, view } = allocate(CHECKPOINT_HEADER_BYTES + payload.length);
  view.setUint32(0, CHECKPOINT_MAGIC, true);
  view.setUint32(4, version, true);
  writeUint64(view, 8, lastAppliedId);
  writeUint64(view, 16, payload.length);
  bytes.set(payload, CHECKPOINT_HEADER_BYTES);
  view.setUint32(24, crc32(payload, 0, payload.length, seedOf(version, bytes)), true);
  return bytes;
}

/**
 * Reads a whole checkpoint file. A length is compared with what the file has before anything of that size is allocated, and a
 * byte behind the payload is an error: no writer leaves one.
 *
 * A checkpoint is written beside its name and renamed, so no crash leaves a part of one: whatever is wrong with it is damage.
 *
 * @throws {@link WalError} `WAL_CORRUPT`; `WAL_UNSUPPORTED` for another version; `WAL_LSN_OUT_OF_RANGE` for an id above 2^53-1.
 */
export function decodeDurabilityCheckpoint(source: ByteSource | Uint8Array): DurabilityCheckpoint {
  const from = source instanceof Uint8Array ? sourceOf(source) : source;
  const { bytes: header, view } = allocate(CHECKPOINT_HEADER_BYTES);
  if (from.sizeBytes < header.length) {
    throw corrupt(`${from.sizeBytes} bytes are less than a header`, from.sizeBytes, header.length, from.sizeBytes);
  }
  readExactly(from, header, 0);
  if (view.getUint32(0, true) !== CHECKPOINT_MAGIC) {
    throw corrupt("it does not begin with VCKP", 0, CHECKPOINT_MAGIC, view.getUint32(0, true));
  }
  const version = view.getUint32(4, true);
  if (version !== 1 && version !== 2) {
    const message = `a checkpoint of version ${version}, and only 1 and 2 are known`;
    throw new WalError("WAL_UNSUPPORTED", message, { offset: 4, actual: version });
  }
  const payloadBytes = peekUint64(view, 16);
  if (payloadBytes < 0 || payloadBytes > durabilityLimits.checkpoint) {
    throw corrupt("its payload is longer than any", 16, durabilityLimits.checkpoint, view.getBigUint64(16, true));
  }
  const sizeBytes = CHECKPOINT_HEADER_BYTES + payloadBytes;
  if (sizeBytes !== from.sizeBytes) {
    const fault = sizeBytes < from.sizeBytes ? "bytes follow its payload" : "its payload is cut";
    throw corrupt(fault, Math.min(sizeBytes, from.sizeBytes), sizeBytes, from.sizeBytes);
  }
  const payload = new Uint8Array(payloadBytes);
  readExactly(from, payload, CHECKPOINT_HEADER_BYTES);
  const expected = view.getUint32(24, true);
  const actual = crc32(payload, 0, payloadBytes, seedOf(version, header));
  if (actual !== expected) throw corrupt("its checksum does not hold", 24, expected, actual);
  const lastAppliedId = peekUint64(view, 8);
  if (lastAppliedId < 0) {
    const message = `the last applied id ${view.getBigUint64(8, true)} is above 2^53-1`;
    throw new WalError("WAL_LSN_OUT_OF_RANGE", message, { offset: 8, actual: String(view.getBigUint64(8, true)) });
  }
  return { version, lastAppliedId, payload };
}

function seedOf(version: DurabilityCheckpointVersion, header: Uint8Array): number {
  return version === 1 ? 0 : crc32(header, 0, 24);
}

function corrupt(fault: string, offset: number, expected: number, actual: number | bigint): WalError {
  const context = { offset, expected, actual: typeof actual === "bigint" ? String(actual) : actual };
  return new WalError("WAL_CORRUPT", `this is no whole checkpoint: ${fault}`, context);
}
