import { describe, expect, test } from "vitest";
import type { CrashFs } from "../src/crash-fs.js";
import { btrfs } from "../src/kernel-personalities.js";
import { append, durable, each, found, opened, runs, type Contents } from "./kernel-trees.js";

// Goal: what the tree log of btrfs takes along with a barrier on one file or directory, what it may bring along later, and
// what it leaves. Method: as in journal-rules.test.ts. In most programs `z` is made before a rename: in the journal the
// rename waits for it, so that a tree with the new name and without `z` is found only where the log brings the rename.

interface Example {
  readonly says: string;
  readonly on: Contents;
  readonly run: (fs: CrashFs) => void | Promise<void>;
  readonly leaves: readonly string[];
}

/** A barrier with which the log brings along what it knows. */
function syncAnother(fs: CrashFs): void {
  opened(fs, "/c").syncBlocking("full");
}

const taken: readonly Example[] = [
  {
    says: "older changes of the same name",
    on: { a: "a1" },
    run: (fs) => {
      fs.remove("/a");
      opened(fs, "/a").syncBlocking("full");
    },
    leaves: ["a="],
  },
  {
    says: "no younger change of the same name",
    on: {},
    run: async (fs) => {
      const done = opened(fs, "/a").sync("full");
      fs.remove("/a");
      await done;
    },
    leaves: ["", "a="],
  },
  {
    says: "with the removal of a name the new name of what has moved",
    on: { "s/": "", "s/x": "X1", "t/": "" },
    run: (fs) => {
      fs.rename("/s/x", "/t/x");
      fs.syncNamesBlocking("/s");
    },
    leaves: ["s/ t/ t/x=X1"],
  },
  {
    says: "the whole of an older rename within a directory",
    on: { a: "a1" },
    run: (fs) => {
      fs.rename("/a", "/b");
      fs.remove("/b");
      opened(fs, "/b").syncBlocking("full");
    },
    leaves: ["b="],
  },
  {
    says: "of an older move into a directory not the removal it began with",
    on: { "s/": "", "s/x": "X1", "t/": "" },
    run: (fs) => {
      fs.rename("/s/x", "/t/x");
      fs.remove("/t/x");
      opened(fs, "/t/x").syncBlocking("full");
    },
    leaves: ["s/ s/x=X1 t/ t/x=", "s/ t/ t/x="],
  },
  {
    says: "nothing of other renames",
    on: { q: "q1" },
    run: (fs) => {
      fs.rename("/q", "/r");
      syncAnother(fs);
    },
    leaves: ["c= q=q1", "c= r=q1"],
  },
];

const brought: readonly Example[] = [
  {
    says: "names in the directory where a file got another name",
    on: { a: "a1", "d/": "", "d/q": "q1" },
    run: (fs) => {
      opened(fs, "/z");
      fs.rename("/d/q", "/d/r");
      fs.link("/a", "/d/b");
      opened(fs, "/a").syncBlocking("full");
    },
    leaves: each(["a=a1 d/ d/b=a1"], ["d/q=q1", "d/r=q1", "d/q=q1 z=", "d/r=q1 z="]),
  },
  {
    says: "a move into another directory, also without the removal it began with",
    on: { "s/": "", "s/x": "X1", "t/": "" },
    run: (fs) => {
      opened(fs, "/s/x").syncBlocking("full");
      fs.rename("/s/x", "/t/x");
      syncAnother(fs);
    },
    leaves: ["c= s/ s/x=X1 t/", "c= s/ s/x=X1 t/ t/x=X1", "c= s/ t/ t/x=X1"],
  },
  {
    says: "the rename of a file whose name was synced with its directory",
    on: { "d/": "" },
    run: (fs) => {
      opened(fs, "/d/a");
      fs.syncNamesBlocking("/d");
      opened(fs, "/z");
      fs.rename("/d/a", "/d/b");
      syncAnother(fs);
    },
    leaves: each(["c= d/"], ["d/a=", "d/a= z=", "d/b=", "d/b= z="]),
  },
  {
    says: "the rename of a directory into which a synced file has moved",
    on: { "s/": "", "s/x": "X1", "t/": "" },
    run: (fs) => {
      fs.rename("/s/x", "/t/x");
      opened(fs, "/t/x").syncBlocking("full");
      opened(fs, "/z");
      fs.rename("/t", "/u");
      syncAnother(fs);
    },
    leaves: each(["c= s/"], ["t/ t/x=X1", "t/ t/x=X1 z=", "u/ u/x=X1", "u/ u/x=X1 z="]),
  },
  {
    says: "the whole of a rename, with the removal of what it replaces",
    on: { a: "a1", b: "b1" },
    run: (fs) => {
      opened(fs, "/a").syncBlocking("full");
      opened(fs, "/z");
      fs.rename("/a", "/b");
      syncAnother(fs);
    },
    leaves: ["a=a1 b=b1 c=", "a=a1 b=b1 c= z=", "b=a1 c=", "b=a1 c= z="],
  },
];

const left: readonly Example[] = [
  {
    says: "names beside a directory that was synced under another name",
    on: { "d/": "", q: "q1" },
    run: (fs) => {
      opened(fs, "/z");
      fs.rename("/q", "/r");
      fs.rename("/d", "/e");
      fs.syncNamesBlocking("/e");
    },
    leaves: each(["e/"], ["q=q1", "q=q1 z=", "r=q1 z="]),
  },
  {
    says: "names beside a new directory with a synced file",
    on: { q: "q1" },
    run: (fs) => {
      opened(fs, "/z");
      fs.rename("/q", "/r");
      fs.makeDirectory("/d");
      opened(fs, "/d/f").syncBlocking("full");
    },
    leaves: each(["d/ d/f="], ["q=q1", "q=q1 z=", "r=q1 z="]),
  },
  {
    says: "names beside the first name of a new file",
    on: { q: "q1" },
    run: (fs) => {
      opened(fs, "/z");
      fs.rename("/q", "/r");
      syncAnother(fs);
    },
    leaves: each(["c="], ["q=q1", "q=q1 z=", "r=q1 z="]),
  },
  {
    says: "the rename of a directory within which a synced file has got another name",
    on: { "d/": "", "d/x": "X1" },
    run: (fs) => {
      fs.rename("/d/x", "/d/y");
      opened(fs, "/d/y").syncBlocking("full");
      opened(fs, "/z");
      fs.rename("/d", "/e");
      syncAnother(fs);
    },
    leaves: each(["c="], ["d/ d/y=X1", "d/ d/y=X1 z=", "e/ e/y=X1 z="]),
  },
  {
    says: "a rename that is younger than the issue of the barrier",
    on: { a: "a1" },
    run: async (fs) => {
      opened(fs, "/z");
      const done = opened(fs, "/a").sync("full");
      fs.rename("/a", "/b");
      await done;
    },
    leaves: ["a=a1", "a=a1 z=", "b=a1 z="],
  },
];

describe.each([
  ["a barrier takes along", taken],
  ["a barrier may bring along", brought],
  ["a barrier leaves", left],
])("%s", (_, examples) => {
  test.each(examples)("$says", async ({ on, run, leaves }) => {
    const fs = durable(on);
    await run(fs);
    expect(found(fs, btrfs)).toEqual([...leaves].sort());
  });
});

test("a length that a write grew needs earlier ones of its kind, past one that a call set", () => {
  const fs = durable({ f: "f4096" });
  append(fs, "/f", "b100");
  const handle = opened(fs, "/f");
  handle.truncate(8192);
  handle.writeAt(runs("c100"), 8192);
  expect(found(fs, btrfs)).toEqual(
    ["f=f4096", "f=f4096,.4096", "f=f4096,b100", "f=f4096,b100,.3996", "f=f4096,b100,.3996,c100"].sort(),
  );
});
