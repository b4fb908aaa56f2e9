import fc from "fast-check";
import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsError } from "../src/fs-error.js";
import { btrfs, ext4NoAuto, ext4Ordered, xfs } from "../src/kernel-personalities.js";
import { posix, strict, type Personality } from "../src/personality.js";
import { describeImage, naiveImages } from "./naive-model.js";

// Goal: the engine makes exactly the legal images. Method: short random programs; enumerate every subset of what is
// pending at every moment by the naive model; both sets of trees must be equal, not only equal in size.

const path = fc.constantFrom("/a", "/b", "/d", "/d/a", "/e", "/e/a");
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      path,
      offset: fc.constantFrom(0, 3, 510, 4094),
      length: fc.constantFrom(1, 4, 600),
      fill: fc.integer({ min: 1, max: 255 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("truncate" as const), path, size: fc.constantFrom(0, 2, 512, 4100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("punch" as const),
      path,
      offset: fc.constantFrom(0, 2),
      length: fc.constantFrom(1, 600),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rename" as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("link" as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("makeDirectory" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("removeDirectory" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("writeback" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("syncAll" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("sync" as const),
      path,
      rung: fc.constantFrom("full" as const, "data" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("syncNames" as const), path: fc.constantFrom("/", "/d", "/e") }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function withFile(fs: CrashFs, at: string, use: (handle: FileHandle) => void): void {
  const handle = fs.open(at, { mode: "write", create: "if-missing" });
  try {
    use(handle);
  } finally {
    handle.close();
  }
}

function play(fs: CrashFs, one: Step): void {
  try {
    switch (one.kind) {
      case "write":
        return withFile(fs, one.path, (handle) =>
          handle.writeAt(new Uint8Array(one.length).fill(one.fill), one.offset),
        );
      case "truncate":
        return withFile(fs, one.path, (handle) => handle.truncate(one.size));
      case "punch":
        return withFile(fs, one.path, (handle) => handle.punch(one.offset, one.length));
      case "writeback":
        return fs.writeback(
          fs
            .pending()
            .slice(0, 2)
            .map(({ seq }) => seq),
        );
      case "syncAll":
        return fs.syncAllBlocking();
      case "sync":
        return withFile(fs, one.path, (handle) => handle.syncBlocking(one.rung));
      case "rename":
        return fs.rename(one.path, one.to);
      case "link":
        return fs.link(one.path, one.to);
      case "remove":
        return fs.remove(one.path);
      case "makeDirectory":
        return fs.makeDirectory(one.path);
      case "removeDirectory":
        return fs.removeDirectory(one.path);
      case "syncNames":
        return fs.syncNamesBlocking(one.path);
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error; // steps that make no sense are part of the game
  }
}

/** Between them, these use every value that a personality of the law `effects` may have. */
const judged: readonly Personality[] = [
  posix,
  strict,
  ext4Ordered,
  ext4NoAuto,
  xfs,
  btrfs,
  { ...ext4Ordered, name: "ext4 without write-back", writeBack: "none" },
  { ...xfs, name: "xfs without write-back", writeBack: "none" },
  { ...btrfs, name: "btrfs without write-back", writeBack: "none" },
  {
    ...posix,
    name: "one journal for all",
    edges: { ...posix.edges, metadataOrder: "journal", tree: "free" },
    closures: { ...posix.closures, everything: "journal" },
  },
  { ...posix, name: "own names", closures: { ...posix.closures, fileSync: "own-names" } },
  { ...strict, name: "delayed", edges: { ...strict.edges, lengthNeedsBytes: true }, unwritten: "zeros" },
  { ...posix, name: "whole writes", tears: { unitBytes: 4096, kind: "any-units" } },
];

function engineImages(fs: CrashFs, personality: Personality): Set<string> {
  const images = new Set<string>();
  const limited: number[] = [];
  const options = {
    personality,
    strategy: { kind: "exhaustive", limit: 1 << 20 },
    onLimit: (at: number) => limited.push(at),
  } as const;
  for (const { image } of crashImages(fs.trace(), options)) images.add(describeImage(image));
  expect(limited).toEqual([]);
  return images;
}

function pieces(fs: CrashFs): number {
  let most = 0;
  let now = 0;
  for (const record of fs.trace().records) {
    if (record.kind === "data") now += Math.ceil(record.end / 512) - Math.floor(record.start / 512);
    else if (record.kind !== "barrier") now += 1;
    most = Math.max(most, now);
  }
  return most;
}

const runs = Number(process.env["FC_NUM_RUNS"] ?? 150);
const seed = process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) };

test.each(judged)("$name: the images are exactly those of the naive model", { timeout: 300_000 }, (personality) => {
  let compared = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3 }), fc.array(step, { minLength: 1, maxLength: 5 }), (before, steps) => {
      const setup = new CrashFs();
      setup.makeDirectory("/d");
      for (const one of before) play(setup, one);
      const fs = new CrashFs({ image: setup.snapshot(), personality });
      for (const one of steps) play(fs, one);
      fc.pre(pieces(fs) <= 11);
      compared += 1;
      const { base, records } = fs.trace();
      expect([...engineImages(fs, personality)].sort()).toEqual([...naiveImages(base, records, personality)].sort());
    }),
    { numRuns: runs, ...seed },
  );
  expect(compared).toBeGreaterThanOrEqual(runs);
});
