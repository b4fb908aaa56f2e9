import { describe, expect, test } from "vitest";
import { btrfs, ext4Ordered } from "../src/kernel-personalities.js";
import { posix, strict } from "../src/personality.js";
import {
  append,
  durable,
  each,
  expectLeft,
  found,
  kernels,
  kernelNames,
  opened,
  runs,
  syncOther,
  type Example,
} from "./kernel-trees.js";

// Goal: each rule about lengths and bytes of real kernels, small enough to follow. Method: a short program, and the trees
// that a power loss at its end may leave, reasoned by hand. Names such as L2 are those of the recorded programs that show
// the same rule. How trees are written is explained in kernel-trees.ts.

const overwritten = ["f=x100,f4900", "f=x100,f4900,b100"];

const examples: readonly Example[] = [
  {
    says: "L2: a file is replaced without a sync of its own, and something else is synced",
    on: { cfg: "O100" },
    run: (fs) => {
      append(fs, "/cfg.tmp", "N100");
      fs.rename("/cfg.tmp", "/cfg");
      syncOther(fs);
    },
    leaves: {
      // The rename has brought the length into the journal; its bytes may still be missing and read as zeros.
      "ext4-ordered": each(["cfg=N100", "cfg=.100"], ["o=x1"]),
      // The rename is durable, the length may wait for write-back: the famous empty file.
      "ext4-noauto": each(["cfg=", "cfg=N100", "cfg=.100"], ["o=x1"]),
      // As above, and no length without its bytes.
      xfs: each(["cfg=", "cfg=N100"], ["o=x1"]),
      // The sync has passed by everything older. The rename waits for the creation before it, the length for neither.
      btrfs: each(["cfg=O100", "cfg=O100 cfg.tmp=", "cfg=O100 cfg.tmp=N100", "cfg=", "cfg=N100"], ["o=x1"]),
    },
  },
  {
    says: "L6: two files are made, and then a third one is synced",
    on: {},
    run: (fs) => {
      append(fs, "/f1", "1100");
      append(fs, "/f2", "2100");
      syncOther(fs);
    },
    leaves: {
      // Both names come with the sync, neither length does: each file is empty, whole or zeros.
      "ext4-ordered": each(["f1=", "f1=1100", "f1=.100"], ["f2=", "f2=2100", "f2=.100"], ["o=x1"]),
      "ext4-noauto": each(["f1=", "f1=1100", "f1=.100"], ["f2=", "f2=2100", "f2=.100"], ["o=x1"]),
      xfs: each(["f1=", "f1=1100"], ["f2=", "f2=2100"], ["o=x1"]),
      // Neither name comes with the sync, and still the second one waits for the first.
      btrfs: ["o=x1", ...each(["f1=", "f1=1100"], ["o=x1"]), ...each(["f1=", "f1=1100"], ["f2=", "f2=2100"], ["o=x1"])],
    },
  },
  {
    says: "L8: a file is emptied, written again and closed, and something else is synced",
    on: { c: "O100" },
    run: (fs) => {
      const handle = fs.open("/c", { mode: "write", truncate: true });
      handle.writeAt(runs("N100"), 0);
      handle.close();
      syncOther(fs);
    },
    leaves: {
      // The close has brought the length into the journal, behind the cut.
      "ext4-ordered": each(["c=N100", "c=.100"], ["o=x1"]),
      "ext4-noauto": each(["c=", "c=N100", "c=.100"], ["o=x1"]),
      xfs: each(["c=", "c=N100"], ["o=x1"]),
      // Here even the cut may be missing.
      btrfs: each(["c=O100", "c=", "c=N100"], ["o=x1"]),
    },
  },
  {
    says: "L24: a file grows within its last block, and something else is synced",
    on: { log: "a1000" },
    run: (fs) => {
      append(fs, "/log", "b500");
      syncOther(fs);
    },
    leaves: {
      // The block has its place already, so the length is in the journal at once, whatever becomes of the bytes.
      "ext4-ordered": each(["log=a1000,b500", "log=a1000,.500"], ["o=x1"]),
      "ext4-noauto": each(["log=a1000,b500", "log=a1000,.500"], ["o=x1"]),
      xfs: each(["log=a1000", "log=a1000,b500"], ["o=x1"]),
      btrfs: each(["log=a1000", "log=a1000,b500"], ["o=x1"]),
    },
  },
  {
    says: "H-append-4096-100: a file grows behind a full block, and something else is synced",
    on: { log: "a4096" },
    run: (fs) => {
      append(fs, "/log", "b100");
      syncOther(fs);
    },
    leaves: {
      "ext4-ordered": each(["log=a4096", "log=a4096,b100", "log=a4096,.100"], ["o=x1"]),
      "ext4-noauto": each(["log=a4096", "log=a4096,b100", "log=a4096,.100"], ["o=x1"]),
      xfs: each(["log=a4096", "log=a4096,b100"], ["o=x1"]),
      btrfs: each(["log=a4096", "log=a4096,b100"], ["o=x1"]),
    },
  },
  {
    says: "one write fills the last block and goes on behind it: the length comes in two steps",
    on: { log: "a4000" },
    run: (fs) => {
      append(fs, "/log", "b196");
      syncOther(fs);
    },
    leaves: {
      // The end of the block is journaled at once, the rest waits.
      "ext4-ordered": each(
        [
          "log=a4000,b96",
          "log=a4000,.96",
          "log=a4000,b196",
          "log=a4000,b96,.100",
          "log=a4000,.96,b100",
          "log=a4000,.196",
        ],
        ["o=x1"],
      ),
      "ext4-noauto": each(
        [
          "log=a4000,b96",
          "log=a4000,.96",
          "log=a4000,b196",
          "log=a4000,b96,.100",
          "log=a4000,.96,b100",
          "log=a4000,.196",
        ],
        ["o=x1"],
      ),
      xfs: each(["log=a4000", "log=a4000,b96", "log=a4000,b196"], ["o=x1"]),
      btrfs: each(["log=a4000", "log=a4000,b96", "log=a4000,b196"], ["o=x1"]),
    },
  },
  {
    says: "a small file that is not on the disk yet grows once more: its block has no place, so all of it waits",
    on: {},
    run: (fs) => {
      append(fs, "/f", "a10");
      append(fs, "/f", "b10");
      syncOther(fs);
    },
    leaves: {
      // Two writes to one page persist in order, and so do two lengths.
      "ext4-ordered": each(["f=", "f=.10", "f=a10", "f=.20", "f=a10,.10", "f=a10,b10"], ["o=x1"]),
      "ext4-noauto": each(["f=", "f=.10", "f=a10", "f=.20", "f=a10,.10", "f=a10,b10"], ["o=x1"]),
      xfs: each(["f=", "f=a10", "f=a10,b10"], ["o=x1"]),
      btrfs: ["o=x1", ...each(["f=", "f=a10", "f=a10,b10"], ["o=x1"])],
    },
  },
  {
    says: "H-truncdownup: a file is cut and grows again, and nothing is synced",
    on: { w: "a9000" },
    run: (fs) => {
      const handle = opened(fs, "/w");
      handle.truncate(3000);
      handle.truncate(9000);
    },
    leaves: {
      // The zeros behind the cut are a write of their own and may be there before it.
      "ext4-ordered": ["w=a3000", "w=a3000,.1096,a4904", "w=a3000,.6000", "w=a9000"],
      "ext4-noauto": ["w=a3000", "w=a3000,.1096,a4904", "w=a3000,.6000", "w=a9000"],
      xfs: ["w=a3000", "w=a3000,.1096,a4904", "w=a3000,.6000", "w=a9000"],
      // They come with the cut or after it; until then the old bytes show when the file is long again.
      btrfs: ["w=a3000", "w=a3000,.6000", "w=a4096,.4904", "w=a9000"],
    },
  },
  {
    says: "H-truncdownup-fsync: the same, and the file is synced",
    on: { w: "a9000" },
    run: (fs) => {
      const handle = opened(fs, "/w");
      handle.truncate(3000);
      handle.truncate(9000);
      handle.syncBlocking("full");
    },
    leaves: {
      "ext4-ordered": ["w=a3000,.6000"],
      "ext4-noauto": ["w=a3000,.6000"],
      xfs: ["w=a3000,.6000"],
      btrfs: ["w=a3000,.6000"],
    },
  },
  {
    says: "S1-over-part+sync: bytes are overwritten in place, and everything is synced",
    on: { foo: "f1000" },
    run: (fs) => {
      opened(fs, "/foo").writeAt(runs("x700"), 100);
      fs.syncAllBlocking();
    },
    leaves: {
      "ext4-ordered": ["foo=f100,x700,f200"],
      "ext4-noauto": ["foo=f100,x700,f200"],
      // The log was clean, so nothing told the disk to empty its cache.
      xfs: ["foo=f100,x700,f200", "foo=f1000"],
      btrfs: ["foo=f100,x700,f200"],
    },
  },
  {
    says: "sync of a file that grew: names and lengths come, and with them the bytes they need",
    on: {},
    run: (fs) => {
      append(fs, "/f", "a100");
      fs.syncAllBlocking();
    },
    leaves: { "ext4-ordered": ["f=a100"], "ext4-noauto": ["f=a100"], xfs: ["f=a100"], btrfs: ["f=a100"] },
  },
  {
    says: "bytes are overwritten in place behind the creation of another file",
    on: { f: "f100" },
    run: (fs) => {
      opened(fs, "/z");
      opened(fs, "/f").writeAt(runs("x100"), 0);
    },
    leaves: {
      "ext4-ordered": ["f=f100", "f=f100 z=", "f=x100", "f=x100 z="],
      "ext4-noauto": ["f=f100", "f=f100 z=", "f=x100", "f=x100 z="],
      xfs: ["f=f100", "f=f100 z=", "f=x100", "f=x100 z="],
      // Nothing is written in place, so the bytes wait for what is older.
      btrfs: ["f=f100", "f=f100 z=", "f=x100 z="],
    },
  },
  {
    says: "H-zero: a whole page is freed behind the creation of another file: that is metadata everywhere",
    on: { f: "f4096" },
    run: (fs) => {
      opened(fs, "/z");
      opened(fs, "/f").punch(0, 4096);
    },
    leaves: {
      "ext4-ordered": ["f=.4096 z=", "f=f4096", "f=f4096 z="],
      "ext4-noauto": ["f=.4096 z=", "f=f4096", "f=f4096 z="],
      xfs: ["f=.4096 z=", "f=f4096", "f=f4096 z="],
      btrfs: ["f=.4096 z=", "f=f4096", "f=f4096 z="],
    },
  },
  {
    says: "S3-0257: a write grows a file, and then a call sets a greater length",
    on: { f: "" },
    run: (fs) => {
      const handle = opened(fs, "/f");
      handle.writeAt(runs("g100"), 0);
      handle.truncate(200);
    },
    leaves: {
      "ext4-ordered": ["f=", "f=.100", "f=.200", "f=g100", "f=g100,.100"],
      "ext4-noauto": ["f=", "f=.100", "f=.200", "f=g100", "f=g100,.100"],
      // The greater length waits for the smaller one, and that for its bytes.
      xfs: ["f=", "f=g100", "f=g100,.100"],
      // It does not, so the new space may be there without the bytes.
      btrfs: ["f=", "f=.200", "f=g100", "f=g100,.100"],
    },
  },
  {
    says: "H-truncdown-append: a file is cut at the end of a page and written again behind it",
    on: { w: "a5000" },
    run: (fs) => {
      const handle = opened(fs, "/w");
      handle.truncate(4096);
      handle.writeAt(runs("b904"), 4096);
    },
    leaves: {
      // The bytes need the cut, the length needs it too: the old length never shows the new bytes.
      "ext4-ordered": ["w=a4096", "w=a4096,.904", "w=a4096,b904", "w=a5000"],
      "ext4-noauto": ["w=a4096", "w=a4096,.904", "w=a4096,b904", "w=a5000"],
      xfs: ["w=a4096", "w=a4096,b904", "w=a5000"],
      btrfs: ["w=a4096", "w=a4096,b904", "w=a5000"],
    },
  },
  {
    says: "bytes are overwritten in one page, and the file grows in another",
    on: { f: "f5000" },
    run: (fs) => {
      const handle = opened(fs, "/f");
      handle.writeAt(runs("x100"), 0);
      handle.writeAt(runs("b100"), 5000);
    },
    leaves: {
      "ext4-ordered": ["f=f5000", "f=f5000,b100", "f=f5000,.100", ...overwritten, "f=x100,f4900,.100"],
      "ext4-noauto": ["f=f5000", "f=f5000,b100", "f=f5000,.100", ...overwritten, "f=x100,f4900,.100"],
      // The length needs the bytes in the range it grew by, and no others.
      xfs: ["f=f5000", "f=f5000,b100", ...overwritten],
      btrfs: ["f=f5000", "f=f5000,b100", ...overwritten],
    },
  },
  {
    says: "a whole page is overwritten in place behind the creation of another file: bytes, not metadata",
    on: { f: "f4096" },
    run: (fs) => {
      opened(fs, "/z");
      opened(fs, "/f").writeAt(runs("x4096"), 0);
    },
    leaves: {
      "ext4-ordered": ["f=f4096", "f=f4096 z=", "f=x4096", "f=x4096 z="],
      "ext4-noauto": ["f=f4096", "f=f4096 z=", "f=x4096", "f=x4096 z="],
      xfs: ["f=f4096", "f=f4096 z=", "f=x4096", "f=x4096 z="],
      btrfs: ["f=f4096", "f=f4096 z=", "f=x4096 z="],
    },
  },
  {
    says: "the start of a page is zeroed behind the creation of another file: a write of zeros",
    on: { f: "f4096" },
    run: (fs) => {
      opened(fs, "/z");
      opened(fs, "/f").punch(0, 96);
    },
    leaves: {
      "ext4-ordered": ["f=.96,f4000", "f=.96,f4000 z=", "f=f4096", "f=f4096 z="],
      "ext4-noauto": ["f=.96,f4000", "f=.96,f4000 z=", "f=f4096", "f=f4096 z="],
      xfs: ["f=.96,f4000", "f=.96,f4000 z=", "f=f4096", "f=f4096 z="],
      btrfs: ["f=.96,f4000 z=", "f=f4096", "f=f4096 z="],
    },
  },
  {
    says: "bytes that wait behind a sync lose what a durable cut has taken from them",
    on: { f: "f1000" },
    run: (fs) => {
      const handle = opened(fs, "/f");
      handle.writeAt(runs("x700"), 100);
      handle.truncate(500);
      fs.syncAllBlocking();
      handle.truncate(1000);
    },
    leaves: {
      "ext4-ordered": ["f=f100,x400", "f=f100,x400,.500"],
      "ext4-noauto": ["f=f100,x400", "f=f100,x400,.500"],
      // The cut is durable and the overwritten bytes are not: what comes of them ends at the cut.
      xfs: ["f=f100,x400", "f=f100,x400,.500", "f=f500", "f=f500,.500"],
      btrfs: ["f=f100,x400", "f=f100,x400,.500"],
    },
  },
];

describe.each(examples)("$says", (example) => {
  test.each(kernelNames)("%s", (kernel) => expectLeft(example, kernel));
});

test("a cut that the kernel has written back without its zeros shows the old bytes where they are a write of their own", () => {
  const fs = durable({ w: "a9000" });
  const handle = opened(fs, "/w");
  handle.truncate(3000);
  const [cut] = fs.pending();
  fs.writeback([cut?.seq ?? -1]);
  handle.truncate(9000);
  expect(found(fs, btrfs)).toEqual(["w=a3000", "w=a3000,.6000", "w=a4096,.4904"]);
  expect(found(fs, ext4Ordered)).toEqual(["w=a3000", "w=a3000,.6000"]);
});

test.each(kernelNames)(
  "%s: bytes on a page that was freed whole need that, whichever part of it they are on",
  (kernel) => {
    const fs = durable({ f: "f4096" });
    const handle = opened(fs, "/f");
    handle.punch(0, 4096);
    handle.writeAt(runs("y512"), 512);
    const left = ["f=.4096", "f=.512,y512,.3072", "f=f4096"];
    expect(found(fs, kernels[kernel])).toEqual(left);
    expect(found(fs, kernels[kernel], fs.logSize().records, kernels[kernel].tears)).toEqual(left);
  },
);

test("old bytes show where a personality leaves it open what becomes of them, and nowhere else", () => {
  const fs = durable({ w: "a9000" });
  const handle = opened(fs, "/w");
  handle.truncate(3000);
  handle.truncate(9000);
  expect(found(fs, strict)).toEqual(expect.arrayContaining(["w=a3000,.6000", "w=a4096,.4904"]));
  expect(found(fs, posix)).not.toContain("w=a4096,.4904");
});
