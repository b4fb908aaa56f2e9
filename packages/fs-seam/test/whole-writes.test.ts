import { expect, test } from "vitest";
import type { CrashFs } from "../src/crash-fs.js";
import { posix } from "../src/personality.js";
import { durable, each, found, opened, runs, type Contents } from "./kernel-trees.js";

// Goal: where the pages of one write leave for the disk together, they persist together, and nothing else does. Method: a
// few pages on posix, which orders nothing else; trees are written as in journal-rules.test.ts.

function left(on: Contents, run: (fs: CrashFs) => void, kind: "writes" | "whole" = "writes"): string[] {
  const fs = durable(on);
  run(fs);
  return found(fs, posix, fs.logSize().records, { unitBytes: 4096, kind });
}

const write = (fs: CrashFs, path: string, content: string, offset: number): void => {
  opened(fs, path).writeAt(runs(content), offset);
};

test("the pages of one write come together, and one by one where only pages are whole", () => {
  const run = (fs: CrashFs): void => write(fs, "/f", "x8192", 0);
  expect(left({ f: "f8192" }, run)).toEqual(["f=f8192", "f=x8192"]);
  expect(left({ f: "f8192" }, run, "whole")).toEqual(["f=f4096,x4096", "f=f8192", "f=x4096,f4096", "f=x8192"]);
});

test("the pages of two writes do not", () => {
  const trees = left({ f: "f8192" }, (fs) => {
    write(fs, "/f", "x4096", 0);
    fs.mark("between");
    write(fs, "/f", "x4096", 4096);
  });
  expect(trees).toEqual(["f=f4096,x4096", "f=f8192", "f=x4096,f4096", "f=x8192"]);
});

test("the pages of two files do not", () => {
  const trees = left({ f: "f4096", g: "g8192" }, (fs) => {
    write(fs, "/f", "x4096", 0);
    write(fs, "/g", "y4096", 4096);
  });
  expect(trees).toEqual(each(["f=f4096", "f=x4096"], ["g=g4096,y4096", "g=g8192"]));
});

test("pages that do not follow each other do not", () => {
  const trees = left({ f: "f12288" }, (fs) => {
    write(fs, "/f", "x4096", 0);
    write(fs, "/f", "x4096", 8192);
  });
  expect(trees).toEqual(["f=f12288", "f=f8192,x4096", "f=x4096,f4096,x4096", "f=x4096,f8192"]);
});

test("a first page that the write begins in the middle of persists for itself", () => {
  const trees = left({ f: "f12288" }, (fs) => write(fs, "/f", "x12188", 100));
  expect(trees).toEqual(["f=f100,x12188", "f=f100,x3996,f8192", "f=f12288", "f=f4096,x8192"]);
});

test("freed pages persist one by one", () => {
  const trees = left({ f: "f8192" }, (fs) => opened(fs, "/f").punch(0, 8192));
  expect(trees).toEqual(["f=.4096,f4096", "f=.8192", "f=f4096,.4096", "f=f8192"]);
});

test("a whole write needs what its last page needs", () => {
  const trees = left({ f: "f8192" }, (fs) => {
    opened(fs, "/f").truncate(4096);
    write(fs, "/f", "x8000", 0);
  });
  expect(trees).toEqual(["f=f4096", "f=f4096,.3904", "f=f8192", "f=x4096", "f=x8000"]);
});

test("what comes behind a whole write is needed where it stands", () => {
  const trees = left({ f: "f8192", g: "g8192" }, (fs) => {
    write(fs, "/f", "x8192", 0);
    opened(fs, "/g").truncate(4096);
    write(fs, "/g", "y4096", 4096);
  });
  expect(trees).toEqual(each(["f=f8192", "f=x8192"], ["g=g4096", "g=g4096,.4096", "g=g4096,y4096", "g=g8192"]));
});
