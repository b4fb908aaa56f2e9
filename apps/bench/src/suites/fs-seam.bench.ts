import type { Suite } from "../suite.js";
import { crashPart } from "./fs-seam-crash.js";
import { explorationPart } from "./fs-seam-exploration.js";
import { imagesPart } from "./fs-seam-images.js";
import { memoryPart } from "./fs-seam-memory.js";
import { realPart } from "./fs-seam-real.js";
import { retentionPart } from "./fs-seam-retention.js";
import { sizePart } from "./fs-seam-size.js";
import { syncPart } from "./fs-seam-sync.js";

/** Every number that the README of `@holdfast/fs-seam` states. */
export const fsSeamSuite: Suite = {
  name: "fs-seam",
  parts: [memoryPart, crashPart, syncPart, imagesPart, explorationPart, retentionPart, realPart, sizePart],
};
