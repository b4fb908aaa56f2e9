import type { Suite } from "../suite.js";
import { lsmLevelGrowthPart } from "./lsm-level-growth.js";
import { lsmLevelMemoryPart } from "./lsm-level-memory.js";
import { lsmLevelOpenPart } from "./lsm-level-open.js";
import { lsmLevelReadPart } from "./lsm-level-read.js";
import { lsmLevelWritePart } from "./lsm-level-write.js";
import { lsmReferencePart } from "./lsm-reference.js";
import { lsmCompactionPart } from "./lsm-tree-compaction.js";
import { lsmFilesPart } from "./lsm-tree-files.js";
import { lsmMemtablePart } from "./lsm-tree-memtable.js";
import { lsmTablePart } from "./lsm-tree-table.js";

/**
 * What the byte layer and the memtable of `@holdfast/lsm-tree` cost, each against something that does less, and what its database costs against
 * classic-level, and for orientation memory-level, lmdb and better-sqlite3.
 */
export const lsmTreeSuite: Suite = {
  name: "lsm-tree",
  parts: [
    lsmMemtablePart,
    lsmTablePart,
    lsmFilesPart,
    lsmCompactionPart,
    lsmLevelWritePart,
    lsmLevelReadPart,
    lsmLevelOpenPart,
    lsmLevelGrowthPart,
    lsmLevelMemoryPart,
    lsmReferencePart,
  ],
};
