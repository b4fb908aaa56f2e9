import type { ContentHash, HashAlgorithm } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import { sha256 } from "./sha256.js";

/** What hashes in a log whose header names this algorithm: the given provider where it is one of it. */
export function hashOf(algorithm: HashAlgorithm, given: ContentHash): ContentHash {
  if (algorithm === "none" || given.algorithm === algorithm) return given;
  return algorithm === "sha256" ? sha256 : blake3;
}
