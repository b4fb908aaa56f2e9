// Every field of the personalities of real kernels: kernel-personalities.ts.
import { area, tests } from "./area.mjs";

/** One field of one personality; `put` is left out where the text just goes. */
const kernel = (what, block, find, put) => ({
  what,
  file: "kernel-personalities.ts",
  in: `export const ${block}: Personality = {`,
  find,
  ...(put === undefined ? {} : { put }),
});

export const kernelMutations = area(
  "kernels",
  [tests.journal, tests.syncedNames, tests.litmusRules, tests.litmus],
  [
    kernel("ext4 keeps names in no order", "ext4Ordered", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel(
      "ext4 journals every length at once",
      "ext4Ordered",
      'grownLength: "past-tail-block",',
      'grownLength: "at-write",',
    ),
    kernel(
      "ext4 journals no grown length at once",
      "ext4Ordered",
      'grownLength: "past-tail-block",',
      'grownLength: "at-write-back",',
    ),
    kernel("ext4 lets a rewrite wait", "ext4Ordered", '["close-after-cut", "rename-over"]', '["rename-over"]'),
    kernel(
      "ext4 lets a replaced file wait",
      "ext4Ordered",
      '["close-after-cut", "rename-over"]',
      '["close-after-cut"]',
    ),
    kernel("fsync of ext4 forgets the names", "ext4Ordered", 'fileSync: "own-names", namesSync', "namesSync"),
    kernel(
      "fsync of an ext4 directory forgets its own name",
      "ext4Ordered",
      'fileSync: "own-names", namesSync: "own-names"',
      'fileSync: "own-names"',
    ),
    kernel(
      "ext4 without its heuristics still has them",
      "ext4NoAuto",
      "lengthEntersAt: []",
      "lengthEntersAt: ext4Ordered.edges.lengthEntersAt",
    ),
    kernel("XFS keeps names in no order", "xfs", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel("XFS logs a grown length at once", "xfs", 'grownLength: "at-write-back",', 'grownLength: "at-write",'),
    kernel("XFS shows zeros in grown files", "xfs", "lengthNeedsBytes: true,"),
    kernel("fsync of XFS forgets the names", "xfs", 'fileSync: "own-names",'),
    kernel("fdatasync of XFS forgets the names", "xfs", 'dataSync: "own-names",'),
    kernel("fsync of an XFS directory forgets its own name", "xfs", 'namesSync: "own-names",'),
    kernel("sync of XFS flushes everything", "xfs", 'everything: "journal",'),
    kernel("btrfs keeps names in no order", "btrfs", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel(
      "btrfs commits a grown length at once",
      "btrfs",
      'grownLength: "at-write-back",',
      'grownLength: "at-write",',
    ),
    kernel("btrfs shows zeros in grown files", "btrfs", "lengthNeedsBytes: true,"),
    kernel("btrfs writes in place", "btrfs", "bytesNeedJournal: true,"),
    kernel("btrfs sets lengths behind grown ones", "btrfs", "setLengthNeedsGrown: false,"),
    kernel("btrfs zeroes the tail of a cut file at once", "btrfs", 'cutTail: "by-write",'),
    kernel("fsync of btrfs forgets the names", "btrfs", 'fileSync: "own-names",'),
    kernel("fdatasync of btrfs forgets the names", "btrfs", 'dataSync: "own-names",'),
    kernel("fsync of a btrfs directory forgets its own name", "btrfs", 'namesSync: "own-names",'),
    kernel("btrfs has no tree log", "btrfs", 'reach: "tree-log",'),
  ],
);
