import type { StoreFs } from "@holdfast/fs-seam";
import { crc32 } from "@holdfast/segment-codec";
import { createHash } from "node:crypto";

/** Identities come from the backend's own source of fresh text, so a simulated run repeats and a real one never does. */

const encoder = new TextEncoder();

/** 16 bytes for a new log. */
export function freshLogId(fs: StoreFs): Uint8Array {
  const digest = createHash("sha256").update(`${fs.nonce()} ${fs.nonce()}`).digest();
  return Uint8Array.from(digest.subarray(0, 16));
}

/** 32 bits for a new segment. */
export function freshNonce(fs: StoreFs): number {
  return crc32(encoder.encode(fs.nonce()));
}
