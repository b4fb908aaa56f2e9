import { hash } from "blake3-wasm";
import type { ContentHash } from "./checksum.js";

/**
 * BLAKE3 with 256-bit digests (unkeyed), from the WebAssembly module blake3-wasm. An entry of its own, so that whoever hashes
 * with something else never loads it; anything with the same method may be passed instead.
 */
export const blake3: ContentHash = {
  algorithm: "blake3-256",
  hash(bytes: Uint8Array): Uint8Array {
    const digest = hash(bytes);
    if (typeof digest === "string") throw new TypeError("blake3-wasm gave text where bytes were asked for");
    return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
  },
};
