import type { Suite } from "../suite.js";
import { checksumPart } from "./segment-codec-checksum.js";
import { fbatPart } from "./segment-codec-fbat.js";
import { framesPart } from "./segment-codec-frames.js";

/** Every number that the README of `@holdfast/segment-codec` states. */
export const segmentCodecSuite: Suite = {
  name: "segment-codec",
  parts: [framesPart, checksumPart, fbatPart],
};
