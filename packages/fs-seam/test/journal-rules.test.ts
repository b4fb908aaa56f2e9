import { describe, expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import { listImage, type ImageEntry } from "../src/image-file.js";
import { btrfs, ext4NoAuto, ext4Ordered, xfs } from "../src/kernel-personalities.js";
import { MemoryFs } from "../src/memory-fs.js";
import { posix, type Personality } from "../src/personality.js";

// Goal: each rule of the personalities of real kernels, once, small enough to follow by hand. Method: a short program, and
// the trees that a power loss at its end may leave. The names are those of the recorded programs that show the same rule.
//
// A tree is written as its entries: `d/` is a directory, `f=a100,.20` a file of a hundred `a` and twenty zeros, `f=` empty.

type Contents = Readonly<Record<string, string>>;

/** A file system on which `contents` are durable; a name that ends with a slash is a directory. */
function durable(contents: Contents): CrashFs {
  const base = new MemoryFs();
  for (const [name, content] of Object.entries(contents)) {
    if (name.endsWith("/")) base.makeDirectory(`/${name.slice(0, -1)}`);
    else new Directory(base).writeFile(name, runs(content));
  }
  return new CrashFs({ image: base.snapshot() });
}

/** The bytes of `a100,.20`. */
function runs(text: string): Uint8Array {
  const parts = text === "" ? [] : text.split(",");
  return Buffer.concat(parts.map((run) => Buffer.alloc(Number(run.slice(1)), run[0] === "." ? 0 : run[0])));
}

function textOf(entry: ImageEntry): string {
  if (entry.kind === "directory") return `${entry.path}/`;
  const parts =
    Buffer.from(entry.bytes)
      .toString("latin1")
      .match(/([^])\1*/g) ?? [];
  return `${entry.path}=${parts.map((run) => `${run[0] === "\0" ? "." : run[0]}${run.length}`).join(",")}`;
}

/** What a power loss at the end of the run, or before one record, may leave. Pages do not tear here. */
function found(fs: CrashFs, personality: Personality, at: number = fs.logSize().records): string[] {
  const whole: Personality = { ...personality, tears: { unitBytes: 4096, kind: "whole" } };
  const images = [...crashImages(fs.trace(), { personality: whole, at })];
  return images.map(({ image }) => listImage(image).map(textOf).join(" ")).sort();
}

function opened(fs: CrashFs, path: string): FileHandle {
  return fs.open(path, { mode: "write", create: "if-missing" });
}

/** Writes at the end of a file, which is made if it is missing, and closes it. */
function append(fs: CrashFs, path: string, content: string): void {
  const handle = opened(fs, path);
  handle.writeAt(runs(content), handle.stat().size);
  handle.close();
}

/** The sync of something else, with which a journal commits all that is older. */
function syncOther(fs: CrashFs): void {
  const handle = opened(fs, "/o");
  handle.writeAt(runs("x1"), 0);
  handle.syncBlocking("full");
  handle.close();
}

const all = { "ext4-ordered": ext4Ordered, "ext4-noauto": ext4NoAuto, xfs, btrfs };
type Kernel = keyof typeof all;

/** One program with what each kernel may leave behind it. */
interface Example {
  readonly says: string;
  readonly on: Contents;
  readonly run: (fs: CrashFs) => void;
  readonly leaves: Readonly<Record<Kernel, readonly string[]>>;
}

/** Every combination, one of each list, joined by spaces. */
function each(...parts: readonly (readonly string[])[]): string[] {
  return parts.reduce<string[]>(
    (heads, tails) => heads.flatMap((head) => tails.map((tail) => (head === "" ? tail : `${head} ${tail}`))),
    [""],
  );
}

const replaceThen =
  (after: (fs: CrashFs, handle: FileHandle) => void) =>
  (fs: CrashFs): void => {
    const handle = opened(fs, "/t");
    handle.writeAt(runs("N100"), 0);
    fs.rename("/t", "/cfg");
    after(fs, handle);
  };

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
    says: "H-mkdir-self: a new directory is synced, not the one above it",
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
];

describe.each(examples)("$says", ({ on, run, leaves }) => {
  test.each(Object.entries(leaves) as [Kernel, readonly string[]][])("%s", (kernel, trees) => {
    const fs = durable(on);
    run(fs);
    expect(found(fs, all[kernel])).toEqual([...trees].sort());
  });
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

// --- without write-back of its own ------------------------------------------------------------------------------------

/** A kernel that writes nothing before somebody asks. */
const quiet = (personality: Personality): Personality => ({ ...personality, writeBack: "none" });

describe("without write-back of its own", () => {
  test("bytes that nobody asked for are never there", () => {
    const fs = durable({ f: "f100" });
    opened(fs, "/f").writeAt(runs("x100"), 0);
    for (const kernel of Object.values(all)) expect(found(fs, quiet(kernel))).toEqual(["f=f100"]);
  });

  test("a rename over another file sends off the bytes where it hurries", () => {
    const fs = durable({ cfg: "O100", t: "" });
    append(fs, "/t", "N100");
    fs.rename("/t", "/cfg");
    expect(found(fs, quiet(ext4Ordered))).toEqual(["cfg=O100 t=", "cfg=O100 t=.100", "cfg=O100 t=N100"]);
    expect(found(fs, quiet(ext4NoAuto))).toEqual(["cfg=O100 t="]);
  });

  test("a close after a cut to nothing sends off the bytes of every kernel", () => {
    const fs = durable({ c: "O100" });
    const handle = fs.open("/c", { mode: "write", truncate: true });
    handle.writeAt(runs("N100"), 0);
    expect(found(fs, quiet(ext4Ordered))).toEqual(["c=O100"]);
    handle.close();
    expect(found(fs, quiet(ext4Ordered))).toEqual(["c=", "c=.100", "c=N100", "c=O100"]);
    expect(found(fs, quiet(ext4NoAuto))).toEqual(["c=", "c=.100", "c=N100", "c=O100"]);
    expect(found(fs, quiet(xfs))).toEqual(["c=", "c=N100", "c=O100"]);
  });

  test("zeros of a cut go with any commit", () => {
    const fs = durable({ w: "a9000" });
    opened(fs, "/w").truncate(3000);
    expect(found(fs, quiet(ext4Ordered))).toEqual(["w=a3000,.1096,a4904", "w=a9000"]);
  });

  test("a barrier on overwritten bytes may commit the names before it, and nothing else", () => {
    const fs = durable({ f: "f100", g: "g100" });
    opened(fs, "/z");
    opened(fs, "/g").writeAt(runs("y100"), 0);
    const handle = opened(fs, "/f");
    handle.writeAt(runs("x100"), 0);
    const issue = fs.logSize().records;
    handle.syncBlocking("data");
    // While it is under way.
    const both = ["f=f100 g=g100", "f=f100 g=g100 z=", "f=x100 g=g100", "f=x100 g=g100 z="];
    expect(found(fs, quiet(ext4Ordered), issue)).toEqual(both);
    expect(found(fs, quiet(btrfs), issue)).toEqual(["f=f100 g=g100", "f=x100 g=g100"]);
    // Behind it.
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f=x100 g=g100", "f=x100 g=g100 z="]);
    expect(found(fs, quiet(btrfs))).toEqual(["f=x100 g=g100"]);
    expect(found(fs, quiet(posix))).toEqual(["f=x100 g=g100"]);
  });

  test("a barrier commits nothing that came after its issue", async () => {
    const fs = durable({ f: "f100" });
    const handle = opened(fs, "/f");
    handle.writeAt(runs("x100"), 0);
    const done = handle.sync("data");
    opened(fs, "/z");
    await done;
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f=x100"]);
  });

  test("a barrier counts from its issue on", () => {
    const fs = durable({ f: "f100" });
    const handle = opened(fs, "/f");
    handle.writeAt(runs("x100"), 0);
    const early = fs.logSize().records;
    fs.mark("early");
    handle.syncBlocking("full");
    expect(found(fs, quiet(ext4Ordered), early)).toEqual(["f=f100"]);
    expect(found(fs, quiet(ext4Ordered), early + 1)).toEqual(["f=f100", "f=x100"]);
  });

  test("a barrier that the disk drops sends nothing off", () => {
    const fs = durable({ f: "f100" });
    const handle = opened(fs, "/f");
    handle.writeAt(runs("x100"), 0);
    handle.armMediaFault({ kind: "droppedSync" });
    const issue = fs.logSize().records;
    handle.syncBlocking("full");
    expect(found(fs, quiet(ext4Ordered), issue)).toEqual(["f=f100"]);
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f=f100"]);
  });

  test("a length that waited for its barrier comes behind everything that was in the journal", () => {
    const fs = durable({ f: "" });
    append(fs, "/f", "a100");
    opened(fs, "/z");
    const handle = opened(fs, "/f");
    handle.syncBlocking("data");
    // The length enters the journal only now, so the younger name is older there.
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f=a100 z="]);
    expect(found(fs, ext4Ordered)).toEqual(["f=a100", "f=a100 z="]);
    // What was journaled before it brings only what is older still.
    const within = durable({ f: "a10" });
    append(within, "/f", "b10");
    opened(within, "/z");
    opened(within, "/f").syncBlocking("data");
    expect(found(within, quiet(ext4Ordered))).toEqual(["f=a10,b10", "f=a10,b10 z="]);
  });

  test("what the log of single syncs may bring along arrives without a barrier of its own", () => {
    const fs = durable({ a: "a1" });
    opened(fs, "/a").syncBlocking("full");
    fs.rename("/a", "/b");
    opened(fs, "/z");
    opened(fs, "/c").syncBlocking("full");
    expect(found(fs, quiet(btrfs))).toEqual(["a=a1 c=", "b=a1 c="]);
  });
});
