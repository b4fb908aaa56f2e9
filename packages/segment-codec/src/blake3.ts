/**
 * Entry `@holdfast/segment-codec/blake3`: BLAKE3 as a `ContentHash`, apart because it carries WebAssembly.
 * @packageDocumentation
 */
import { hash } from "blake3-wasm/dist/wasm/nodejs/blake3_js.js";
import type { ContentHash } from "./checksum.js";

const DIGEST_BYTES = 32;

/**
 * BLAKE3 with 256-bit digests (unkeyed), from the WebAssembly module blake3-wasm. An entry of its own, so that whoever hashes
 * with something else never loads it; anything with the same method may be passed instead.
 *
 * The function that the package wraps is called itself: for 200 bytes the wrapper, which takes streams and text as well, costs as much
 * as the hash does. The package has no other version that can be installed, and the published vectors are tested.
 */
export const blake3: ContentHash = {
  algorithm: "blake3-256",
  hash(bytes: Uint8Array): Uint8Array {
    const digest = new Uint8Array(DIGEST_BYTES);
    hash(bytes, digest);
    return digest;
  },
};
