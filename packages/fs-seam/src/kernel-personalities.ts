import { posix, type Personality } from "./personality.js";

/**
 * Real file systems, as far as they were seen: Linux 6.18.44 on small fresh disks, half a million images after a power
 * loss, 1,698 programs. Each rule names programs whose recorded outcomes show it; `npm run litmus` checks all of them.
 */

const kernel = "Linux 6.18.44";

/** ext4 with its defaults: one journal, delayed allocation, and the two heuristics that end the delay. */
export const ext4Ordered: Personality = {
  ...posix,
  name: "ext4-ordered",
  describes: "ext4, data=ordered: names and lengths in one journal, zeros where an append stays within its last block.",
  edges: {
    ...posix.edges,
    metadataOrder: "journal",
    grownLength: "past-tail-block",
    lengthEntersAt: ["close-after-cut", "rename-over"],
  },
  closures: { ...posix.closures, fileSync: "own-names", namesSync: "own-names" },
  evidence: { kernel, mount: "defaults (data=ordered, auto_da_alloc, commit=5)", rules: [] },
};

/** ext4 without the heuristics. */
export const ext4NoAuto: Personality = {
  ...ext4Ordered,
  name: "ext4-noauto",
  describes: "ext4, noauto_da_alloc: as ext4-ordered, and a rename or a rewrite may show an empty file.",
  edges: { ...ext4Ordered.edges, lengthEntersAt: [] },
  evidence: { kernel, mount: "noauto_da_alloc", rules: [] },
};

export const xfs: Personality = {
  ...posix,
  name: "xfs",
  describes: "XFS: names and set lengths in one log, grown lengths only with their bytes.",
  edges: {
    ...posix.edges,
    metadataOrder: "journal",
    grownLength: "at-write-back",
    lengthNeedsBytes: true,
  },
  closures: { ...posix.closures, fileSync: "own-names", namesSync: "own-names", everything: "journal" },
  evidence: { kernel, mount: "nouuid", rules: [] },
};

export const btrfs: Personality = {
  ...posix,
  name: "btrfs",
  describes:
    "btrfs: everything in transactions, and beside them a log of single files and directories that were synced.",
  edges: {
    ...posix.edges,
    metadataOrder: "journal",
    grownLength: "at-write-back",
    lengthNeedsBytes: true,
    bytesNeedJournal: true,
    setLengthNeedsGrown: false,
  },
  cutTail: "by-write",
  closures: {
    ...posix.closures,
    fileSync: "own-names",
    dataSync: "own-names",
    namesSync: "own-names",
    reach: "tree-log",
  },
  evidence: { kernel, mount: "defaults", rules: [] },
};
