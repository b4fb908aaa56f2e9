import type { Suite } from "../suite.js";
import { lsmCompactionPart } from "./lsm-tree-compaction.js";
import { lsmFilesPart } from "./lsm-tree-files.js";
import { lsmMemtablePart } from "./lsm-tree-memtable.js";
import { lsmTablePart } from "./lsm-tree-table.js";

/** What the byte layer and the memtable of `@holdfast/lsm-tree` cost, each against something that does less. */
export const lsmTreeSuite: Suite = {
  name: "lsm-tree",
  parts: [lsmMemtablePart, lsmTablePart, lsmFilesPart, lsmCompactionPart],
};
