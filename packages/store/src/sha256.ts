import { hash } from "node:crypto";
import type { ContentHash } from "@holdfast/segment-codec";

/** SHA-256 of `node:crypto`, for logs whose header names it. */
export const sha256: ContentHash = {
  algorithm: "sha256",
  hash(bytes: Uint8Array): Uint8Array {
    return hash("sha256", bytes, "buffer");
  },
};
