import { hash } from "node:crypto";
import type { ContentHash } from "@holdfast/segment-codec";

const DIGEST_BYTES = 32;

/** SHA-256 of `node:crypto`, for logs whose header names it. */
export const sha256: ContentHash = {
  algorithm: "sha256",
  hash(bytes: Uint8Array): Uint8Array {
    // As text, a character a byte: a Buffer over memory of its own costs more than the hash.
    const text = hash("sha256", bytes, "binary");
    const digest = new Uint8Array(DIGEST_BYTES);
    for (let at = 0; at < DIGEST_BYTES; at++) digest[at] = text.charCodeAt(at);
    return digest;
  },
};
