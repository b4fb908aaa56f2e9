import { describe, test } from "vitest";
import type { CrashFs } from "../src/crash-fs.js";
import type { FileHandle } from "../src/file-handle.js";
import { expectLeft, kernelNames, opened, runs, type Example } from "./kernel-trees.js";

// Goal: which names a barrier on one file or directory makes durable on real kernels. Method: a short program, and the trees
// that a power loss at its end may leave, reasoned by hand. Names such as L2 are those of the recorded programs that show
// the same rule. How trees are written is explained in kernel-trees.ts.

const replaceThen =
  (after: (fs: CrashFs, handle: FileHandle) => void) =>
  (fs: CrashFs): void => {
    const handle = opened(fs, "/t");
    handle.writeAt(runs("N100"), 0);
    fs.rename("/t", "/cfg");
    after(fs, handle);
  };

const examples: readonly Example[] = [
  {
    says: "L12: a file moves into another directory, which is synced",
    on: { "s/": "", "s/x": "X100", "t/": "" },
    run: (fs) => {
      fs.rename("/s/x", "/t/x");
      fs.syncNamesBlocking("/t");
    },
    leaves: {
      "ext4-ordered": ["s/ t/ t/x=X100"],
      "ext4-noauto": ["s/ t/ t/x=X100"],
      xfs: ["s/ t/ t/x=X100"],
      // The log of the sync holds the new name; the old one may be there as well.
      btrfs: ["s/ s/x=X100 t/ t/x=X100", "s/ t/ t/x=X100"],
    },
  },
  {
    says: "H-replace-fdatasync-after: fdatasync through the handle of a file that has replaced another one",
    on: { cfg: "O100" },
    run: replaceThen((_, handle) => handle.syncBlocking("data")),
    leaves: {
      // Bytes and length, and the creation that is older in the journal; the rename behind it is on its own.
      "ext4-ordered": ["cfg=N100", "cfg=O100 t=N100"],
      "ext4-noauto": ["cfg=N100", "cfg=O100 t=N100"],
      xfs: ["cfg=N100"],
      btrfs: ["cfg=N100"],
    },
  },
  {
    says: "fsync through the handle of a file that has replaced another one",
    on: { cfg: "O100" },
    run: replaceThen((_, handle) => handle.syncBlocking("full")),
    leaves: { "ext4-ordered": ["cfg=N100"], "ext4-noauto": ["cfg=N100"], xfs: ["cfg=N100"], btrfs: ["cfg=N100"] },
  },
  {
    says: "H-mkdir-self: a new directory is synced, not the one above it",
    on: {},
    run: (fs) => {
      fs.makeDirectory("/d");
      fs.syncNamesBlocking("/d");
    },
    leaves: { "ext4-ordered": ["d/"], "ext4-noauto": ["d/"], xfs: ["d/"], btrfs: ["d/"] },
  },
  {
    says: "a new directory with a new file is synced, not the one above it",
    on: {},
    run: (fs) => {
      fs.makeDirectory("/d");
      opened(fs, "/d/a");
      fs.syncNamesBlocking("/d");
    },
    leaves: { "ext4-ordered": ["d/ d/a="], "ext4-noauto": ["d/ d/a="], xfs: ["d/ d/a="], btrfs: ["d/ d/a="] },
  },
  {
    says: "a file in two new directories is synced, and an older file beside them is not",
    on: {},
    run: (fs) => {
      opened(fs, "/old");
      fs.makeDirectory("/d");
      fs.makeDirectory("/d/e");
      opened(fs, "/d/e/f").syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["d/ d/e/ d/e/f= old="],
      "ext4-noauto": ["d/ d/e/ d/e/f= old="],
      xfs: ["d/ d/e/ d/e/f= old="],
      // The log takes the directories above along, and nothing beside them.
      btrfs: ["d/ d/e/ d/e/f=", "d/ d/e/ d/e/f= old="],
    },
  },
  {
    says: "a file that was synced gets another name, behind an older change",
    on: { a: "a1" },
    run: (fs) => {
      const handle = opened(fs, "/a");
      opened(fs, "/z");
      handle.writeAt(runs("A1"), 0);
      handle.syncBlocking("data");
      fs.rename("/a", "/b");
      opened(fs, "/c").syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["b=A1 c= z="],
      "ext4-noauto": ["b=A1 c= z="],
      xfs: ["b=A1 c= z="],
      // The log knows the file, so its rename may come along with the sync of another one, before what is older.
      btrfs: ["a=A1 c=", "a=A1 c= z=", "b=A1 c=", "b=A1 c= z="],
    },
  },
  {
    says: "a file that was never synced gets another name, behind an older change",
    on: { a: "a1" },
    run: (fs) => {
      opened(fs, "/z");
      fs.rename("/a", "/b");
      opened(fs, "/c").syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["b=a1 c= z="],
      "ext4-noauto": ["b=a1 c= z="],
      xfs: ["b=a1 c= z="],
      // The log does not know the file, so its rename waits.
      btrfs: ["a=a1 c=", "a=a1 c= z=", "b=a1 c= z="],
    },
  },
  {
    says: "a file that sync made durable is not known to the log of single syncs",
    on: { a: "a1" },
    run: (fs) => {
      fs.rename("/a", "/a2");
      fs.syncAllBlocking();
      opened(fs, "/z");
      fs.rename("/a2", "/b");
      opened(fs, "/c").syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["b=a1 c= z="],
      "ext4-noauto": ["b=a1 c= z="],
      xfs: ["b=a1 c= z="],
      btrfs: ["a2=a1 c=", "a2=a1 c= z=", "b=a1 c= z="],
    },
  },
  {
    says: "a directory has moved, and a new file in it is synced",
    on: { "d/": "" },
    run: (fs) => {
      fs.rename("/d", "/d2");
      opened(fs, "/d2/f").syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["d2/ d2/f="],
      "ext4-noauto": ["d2/ d2/f="],
      xfs: ["d2/ d2/f="],
      // Only the creation of a directory comes along, not its move.
      btrfs: ["d/ d/f=", "d2/ d2/f="],
    },
  },
  {
    says: "a new file is removed, then its directory, and the file is synced through its handle",
    on: { "d/": "" },
    run: (fs) => {
      const handle = opened(fs, "/d/a");
      fs.remove("/d/a");
      fs.removeDirectory("/d");
      handle.syncBlocking("full");
    },
    // The removal of the directory is younger than all names of the file.
    leaves: { "ext4-ordered": ["", "d/"], "ext4-noauto": ["", "d/"], xfs: ["", "d/"], btrfs: ["", "d/"] },
  },
  {
    says: "fdatasync of a file that has nothing to write, and has replaced another one",
    on: { cfg: "O100", t: "N100" },
    run: (fs) => {
      const handle = opened(fs, "/t");
      opened(fs, "/z");
      fs.rename("/t", "/cfg");
      handle.syncBlocking("data");
    },
    leaves: {
      // The length was durable before the rename, so there is nothing to commit.
      "ext4-ordered": ["cfg=N100 z=", "cfg=O100 t=N100", "cfg=O100 t=N100 z="],
      "ext4-noauto": ["cfg=N100 z=", "cfg=O100 t=N100", "cfg=O100 t=N100 z="],
      xfs: ["cfg=N100 z="],
      btrfs: ["cfg=N100", "cfg=N100 z="],
    },
  },
];

describe.each(examples)("$says", (example) => {
  test.each(kernelNames)("%s", (kernel) => expectLeft(example, kernel));
});
