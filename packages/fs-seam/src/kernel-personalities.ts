import { posix, type Personality, type PersonalityRule } from "./personality.js";

/**
 * Real file systems, as far as they were seen: Linux 6.18.44 on small fresh disks, half a million images after a power
 * loss, 1,698 programs. Each rule names programs of that set: a stronger promise makes their recorded outcomes impossible,
 * or a weaker one predicts more of them than anybody saw. `npm run litmus` of `@holdfast/crash-test` checks all of them.
 *
 * Existence was recorded, not absence: where nothing speaks for either value of a rule, it has the weaker one.
 */

const kernel = "Linux 6.18.44";

const journal: PersonalityRule = {
  field: "edges.metadataOrder",
  says: "names, set lengths and freed pages persist in the order in which they entered one journal",
  witnesses: ["L2", "L6", "L7", "L8"],
};
const ownNames: PersonalityRule = {
  field: "closures.fileSync",
  says: "fsync of a file makes its names durable, with all that is older in the journal",
  witnesses: ["L11", "L16", "L19"],
};
const ownDirectoryName: PersonalityRule = {
  field: "closures.namesSync",
  says: "fsync of a directory makes its own name durable as well",
  witnesses: ["H-dir-rename-dirsync-inner", "H-mkdir-self"],
};
const wholeRenames: PersonalityRule = {
  field: "rename",
  says: "the steps of a rename persist together",
  witnesses: ["L2", "L3", "L12", "L13"],
};
const cutsFirst: PersonalityRule = {
  field: "edges.bytesNeedEarlierCut",
  says: "pages written behind a cut appear only once the cut is durable",
  witnesses: ["H-trunc0-append-fsync", "H-truncdown-append-other"],
};
const spontaneous: PersonalityRule = {
  field: "writeBack",
  says: "the kernel commits and writes back by itself, at any time",
  witnesses: ["L2", "L6", "L32", "L33"],
};

const ext4Rules: readonly PersonalityRule[] = [
  journal,
  {
    field: "edges.grownLength",
    says: "a length grown into new blocks waits for write-back; within the last block it is journaled at once",
    witnesses: ["L6", "L26", "H-append-4096-100-other"],
  },
  {
    field: "edges.lengthNeedsBytes",
    says: "a grown length may persist before its bytes, and shows zeros",
    witnesses: ["L24", "L28", "H-append-4095-100-other"],
  },
  {
    field: "edges.bytesNeedJournal",
    says: "bytes written in place persist before older names and lengths do",
    witnesses: ["L18", "H-truncdown-fsync", "H-zero-other"],
  },
  {
    field: "edges.setLengthNeedsGrown",
    says: "a length that a call sets comes after those that writes grew",
    witnesses: ["S3-0111", "S3-0299"],
  },
  cutsFirst,
  {
    field: "cutTail",
    says: "the rest of the last page reads as zeros once a cut is durable",
    witnesses: ["H-truncdownup-fsync", "H-truncdown-append-other"],
  },
  wholeRenames,
  ownNames,
  {
    field: "closures.dataSync",
    says: "fdatasync need not commit a new name of the file",
    witnesses: ["H-replace-fdatasync-after", "S1-link+fdatasync", "S1-rename+fdatasync"],
  },
  ownDirectoryName,
  {
    field: "closures.everything",
    says: "sync flushes the cache of the disk, whatever the journal holds",
    witnesses: ["L28", "H-wal-db-sync"],
  },
  spontaneous,
];

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
  evidence: {
    kernel,
    mount: "defaults (data=ordered, auto_da_alloc, commit=5)",
    rules: [
      ...ext4Rules,
      {
        field: "edges.lengthEntersAt",
        says: "a rewritten file that is closed, and a file renamed over another one, have their length in the journal",
        witnesses: ["L2", "L8", "L32"],
      },
    ],
  },
};

/** ext4 without the heuristics. */
export const ext4NoAuto: Personality = {
  ...ext4Ordered,
  name: "ext4-noauto",
  describes: "ext4, noauto_da_alloc: as ext4-ordered, and a rename or a rewrite may show an empty file.",
  edges: { ...ext4Ordered.edges, lengthEntersAt: [] },
  evidence: {
    kernel,
    mount: "noauto_da_alloc",
    rules: [
      // Sequences of two and three operations were recorded on ext4 with its defaults alone.
      ...ext4Rules
        .filter(({ field }) => field !== "edges.setLengthNeedsGrown")
        .map((rule) => ({ ...rule, witnesses: rule.witnesses.filter((id) => !id.startsWith("S1")) })),
      {
        field: "edges.lengthEntersAt",
        says: "neither a close nor a rename brings the length of a file into the journal",
        witnesses: ["L2", "L8", "H-replace-nofsync"],
      },
    ],
  },
};

/** XFS: a grown length is logged when its bytes are on the disk, so that no zeros show. */
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
  closures: {
    ...posix.closures,
    fileSync: "own-names",
    dataSync: "own-names",
    namesSync: "own-names",
    everything: "journal",
  },
  evidence: {
    kernel,
    mount: "nouuid",
    rules: [
      journal,
      {
        field: "edges.grownLength",
        says: "every length that a write grew waits for write-back",
        witnesses: ["L6", "L24", "L28"],
      },
      {
        field: "edges.lengthNeedsBytes",
        says: "a grown length comes with its bytes",
        witnesses: ["L1", "L5", "L6"],
      },
      {
        field: "edges.lengthEntersAt",
        says: "a rename over another file may show an empty one",
        witnesses: ["L2", "L32", "H-replace-nofsync"],
      },
      {
        field: "edges.bytesNeedJournal",
        says: "bytes written in place persist before older names and lengths do",
        witnesses: ["H-rotate-reuse", "H-truncdown-fsync", "H-truncdown-append-fdatasync"],
      },
      {
        field: "edges.setLengthNeedsGrown",
        says: "a length that a call sets comes after those that writes grew",
        witnesses: ["S2-0458", "S2-1158"],
      },
      cutsFirst,
      {
        field: "cutTail",
        says: "the rest of the last page reads as zeros once a cut is durable",
        witnesses: ["H-truncdownup-fsync"],
      },
      wholeRenames,
      ownNames,
      {
        field: "closures.dataSync",
        says: "fdatasync makes the names of a file durable as well",
        witnesses: ["H-replace-fdatasync-after", "H-rotate-reuse"],
      },
      ownDirectoryName,
      {
        field: "closures.everything",
        says: "sync leaves bytes written in place in the cache of the disk when the log is clean",
        witnesses: ["S1-over-part+sync", "S1-punch+sync", "S2-0139"],
      },
      spontaneous,
    ],
  },
};

/** btrfs: transactions of everything, and a log of what single barriers were about. */
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
  evidence: {
    kernel,
    mount: "defaults",
    rules: [
      { ...journal, says: "a transaction holds everything that is older, and nothing half" },
      {
        field: "edges.grownLength",
        says: "every length that a write grew waits for write-back",
        witnesses: ["L6", "L24", "L28"],
      },
      {
        field: "edges.lengthNeedsBytes",
        says: "a grown length comes with its bytes",
        witnesses: ["L1", "L5", "L6"],
      },
      {
        field: "edges.bytesNeedJournal",
        says: "bytes are never written in place, so they come with all that is older",
        witnesses: ["H-zero-other", "H-punch-write", "H-truncdown-fsync"],
      },
      {
        field: "edges.setLengthNeedsGrown",
        says: "a length that a call sets may persist before one that a write grew",
        witnesses: ["S3-0257"],
      },
      {
        field: "cutTail",
        says: "a file that was cut and grows again may show the old bytes of its last page",
        witnesses: ["H-truncdownup-fsync", "H-truncdownup-fdatasync"],
      },
      {
        field: "edges.tree",
        says: "a move into a directory needs that directory",
        witnesses: ["S1-rename-d-in+dirsync-parent", "S2-0088"],
      },
      wholeRenames,
      {
        field: "closures.reach",
        says: "a barrier makes one file or directory durable past everything older; a move may leave both names",
        witnesses: ["L2", "L6", "L7", "L12", "H-dir-build-rename-nodirsync"],
      },
      { ...ownNames, says: "fsync of a file makes its names durable", witnesses: ["L1", "L2", "L6"] },
      {
        field: "closures.dataSync",
        says: "fdatasync makes the names of a file durable as well",
        witnesses: ["H-replace-fdatasync-after", "H-rotate-handle"],
      },
      ownDirectoryName,
      {
        field: "closures.everything",
        says: "sync flushes everything",
        witnesses: ["H-wal-db-sync", "S1-over-part+sync"],
      },
      spontaneous,
    ],
  },
};
