import { describe, expect, test } from "vitest";
import { pendingAt } from "../src/crash-images.js";
import type { FileHandle } from "../src/file-handle.js";
import { btrfs, ext4NoAuto, ext4Ordered, xfs } from "../src/kernel-personalities.js";
import type { MediaHandle } from "../src/media-faults.js";
import { posix, type Personality } from "../src/personality.js";
import { append, durable, found, kernels, opened, runs } from "./kernel-trees.js";

// Goal: a kernel that writes nothing back by itself leaves only what somebody has asked for, or what goes along with it.
// Method: as in journal-rules.test.ts.

/** A kernel that writes nothing before somebody asks. */
const quiet = (personality: Personality): Personality => ({ ...personality, writeBack: "none" });

describe("without write-back of its own", () => {
  test("bytes that nobody asked for are never there", () => {
    const fs = durable({ f: "f100" });
    opened(fs, "/f").writeAt(runs("x100"), 0);
    for (const kernel of Object.values(kernels)) expect(found(fs, quiet(kernel))).toEqual(["f=f100"]);
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
    const handle = opened(fs, "/f") as FileHandle & MediaHandle;
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

  test("a length that waits elsewhere commits nothing", () => {
    const fs = durable({ f: "", g: "g100" });
    append(fs, "/f", "a100");
    opened(fs, "/z");
    const handle = opened(fs, "/g");
    handle.writeAt(runs("y100"), 0);
    handle.syncBlocking("data");
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f= g=y100", "f= g=y100 z="]);
  });

  test("a length that waited brings no bytes of other files, and nothing that came after the issue", async () => {
    const fs = durable({ f: "", g: "g100" });
    opened(fs, "/g").writeAt(runs("y100"), 0);
    append(fs, "/f", "a100");
    const done = opened(fs, "/f").sync("data");
    opened(fs, "/z");
    await done;
    expect(found(fs, quiet(ext4Ordered))).toEqual(["f=a100 g=g100"]);
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

test("write-back of one name brings everything that is older in the journal", () => {
  const fs = durable({ f: "f100" });
  opened(fs, "/a");
  opened(fs, "/f").writeAt(runs("x100"), 0);
  opened(fs, "/b");
  opened(fs, "/c");
  const link = fs.pending().find((effect) => effect.kind === "link" && effect.name === "b");
  fs.writeback([link?.seq ?? -1]);
  expect(found(fs, ext4Ordered)).toEqual(["a= b= c= f=f100", "a= b= c= f=x100", "a= b= f=f100", "a= b= f=x100"]);
});

test("bytes that the kernel writes back above a cut bring the cut, and all that is older", () => {
  const fs = durable({ w: "a5000", v: "v1000" });
  opened(fs, "/z");
  opened(fs, "/v").truncate(10);
  opened(fs, "/w").truncate(100);
  opened(fs, "/w").writeAt(runs("b200"), 0);
  const bytes = fs.pending().find((effect) => effect.kind === "data" && effect.bytes !== undefined);
  fs.writeback([bytes?.seq ?? -1]);
  // The cut of the other file is older in the journal; only the length that the write grew may be missing.
  const trees = ["v=v10 w=b100 z=", "v=v10 w=b200 z="];
  for (const kernel of [ext4Ordered, xfs]) expect(found(fs, kernel)).toEqual(trees);
});

test("bytes that the kernel writes back below a cut, or of another file, leave the cut pending", () => {
  const below = durable({ w: "a9000" });
  const handle = opened(below, "/w");
  handle.truncate(8192);
  handle.writeAt(runs("b100"), 0);
  const [, bytes] = below.pending();
  below.writeback([bytes?.seq ?? -1]);
  expect(found(below, ext4Ordered)).toEqual(["w=b100,a8092", "w=b100,a8900"]);
  const other = durable({ v: "v1000", w: "a1000" });
  opened(other, "/w").truncate(0);
  opened(other, "/v").writeAt(runs("x1000"), 0);
  const data = other.pending().find(({ kind }) => kind === "data");
  other.writeback([data?.seq ?? -1]);
  expect(found(other, ext4Ordered)).toEqual(["v=x1000 w=", "v=x1000 w=a1000"]);
});

test("a length that the kernel writes back brings the bytes below it, and leaves those behind it", () => {
  const fs = durable({ log: "a4000" });
  append(fs, "/log", "b196");
  // The bytes of both pages, the length up to the end of the first one, and the rest.
  const [below, behind, first, second] = fs.pending().map(({ seq }) => seq);
  fs.writeback([first ?? -1]);
  const pending = pendingAt(fs.trace(), xfs, fs.logSize().records).map(({ seq }) => seq);
  expect(pending).toEqual([behind, second]);
  expect(pending).not.toContain(below);
});
