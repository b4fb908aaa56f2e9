import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages, crashPoints, replayCrash, type CrashImagesOptions } from "../src/crash-images.js";
import { countIdeals, extremes, Ideals, pairs, prefixes, samples, singles, tears } from "../src/crash-strategy.js";
import type { Unit } from "../src/crash-units.js";
import { DataEffect } from "../src/effects.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsState, rootIno } from "../src/fs-state.js";
import { imageHash } from "../src/image-hash.js";
import { checkLedger, checkState, demandSame } from "../src/invariants.js";
import { Ledger } from "../src/ledger.js";
import type { MediaHandle } from "../src/media-faults.js";
import { MemoryFs } from "../src/memory-fs.js";
import { SlabAllocator } from "../src/slab-allocator.js";
import { posix } from "../src/personality.js";

// Which images are made, when two of them are one, and what is asserted on the way: one test for each line that
// `npm run mutants` could remove without another test noticing.

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function memory(files: Readonly<Record<string, string>>): MemoryFs {
  const fs = new MemoryFs();
  for (const [path, content] of Object.entries(files)) {
    if (content === "directory") fs.makeDirectory(path);
    else if (content.startsWith("-> ")) fs.link(content.slice(3), path);
    else fs.open(path, { mode: "write", create: "exclusive" }).writeAt(bytes(content), 0);
  }
  return fs;
}

// --- the rungs of the ladder ------------------------------------------------------------------------------------

/** 1 needs 0; 3 needs 1 and 2. */
const units: readonly Unit[] = [[], [0], [], [1, 2]].map((needs) => ({
  effects: [],
  pieces: undefined,
  needs,
  enters: "never",
}));
const shapes = (sets: Iterable<Iterable<number>>): string[] =>
  [...new Set([...sets].map((set) => [...set].sort((a, b) => a - b).join("")))].sort();

test("each rung makes the legal subsets it names", () => {
  expect(shapes(extremes(units))).toEqual(["", "0123"]);
  expect(shapes(prefixes(units))).toEqual(["0", "01", "012"]);
  expect(shapes(singles(units))).toEqual(["", "0", "01", "0123", "02", "2"]);
  expect(shapes(pairs(units))).toEqual(["", "0", "01", "012", "0123", "02", "2"]);
  expect(shapes(new Ideals(units))).toEqual(["", "0", "01", "012", "0123", "02", "2"]);
  expect(countIdeals(units, 100)).toBe(7);
  expect(countIdeals(units, 7)).toBe(7);
  expect(countIdeals(units, 3)).toBe(3);
  const all = shapes(new Ideals(units));
  for (const shape of shapes(samples(units, 1, 200))) expect(all).toContain(shape);
});

test("torn writes lose their first piece, their last, all but the middle, or all, with and without what follows", () => {
  const write = (seq: number): DataEffect => new DataEffect(seq, 2, seq, 0, 1536, undefined, 0, undefined);
  const torn: Unit[] = [write(0), write(1)].flatMap((effect) =>
    [0, 1, 2].map((piece) => ({ effects: [effect], pieces: [piece], needs: [], enters: "never" as const })),
  );
  const cut = (pieces: readonly number[]): string[] => {
    const [first, , last] = pieces;
    return [`${first}`, `${last}`, `${first}${last}`, ""];
  };
  const wanted = [
    ...cut([0, 1, 2]),
    ...cut([0, 1, 2]).map((kept) => `${kept}345`),
    ...cut([3, 4, 5]).map((kept) => `012${kept}`),
  ];
  expect(shapes(tears(torn))).toEqual([...new Set(wanted)].sort());
});

function sixWrites(): CrashFs {
  const fs = new CrashFs({ image: memory({ "/a": "-".repeat(6 * 4096) }).snapshot() });
  const handle = fs.open("/a", { mode: "write" });
  for (let page = 0; page < 6; page += 1) handle.writeAt(new Uint8Array(1024).fill(page + 1), page * 4096);
  return fs;
}

function count(fs: CrashFs, options: CrashImagesOptions): number {
  return [...crashImages(fs.trace(), { ...options, at: fs.trace().records.length })].length;
}

test("a level holds the ones below it, and each adds what it names", () => {
  const levels = ([0, 1, 2, 3, 4] as const).map((level) => count(sixWrites(), { strategy: { kind: "levels", level } }));
  // 2 extremes; 5 prefixes; 5 alone and 14 prefixes without one; 22 torn, since behind the last write there is no rest to
  // keep; 12 pairs, and 10 that lack two.
  expect(levels).toEqual([2, 7, 26, 48, 70]);
});

test("above its limit an exhaustive strategy says so, and makes what it can", () => {
  const limits: number[] = [];
  const within = (limit: number): number =>
    count(sixWrites(), { strategy: { kind: "exhaustive", limit }, onLimit: (at) => limits.push(at) });
  expect(within(4096)).toBe(4096);
  expect(limits).toEqual([]);
  expect(within(4095)).toBe(64 + 22); // every subset of whole writes, and the torn ones of level 3
  expect(within(63)).toBe(70); // level 4
  expect(limits).toEqual([6, 6]);
  const skipped = { strategy: { kind: "exhaustive", limit: 63 }, skipBeyondLimit: true } as const;
  expect(count(sixWrites(), skipped)).toBe(0);
});

test("a crash comes before every record that is no effect, and at the end", () => {
  const fs = new CrashFs();
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  handle.writeAt(bytes("x"), 0);
  fs.mark("written");
  handle.syncBlocking("full");
  fs.media.flipBit("/a", 0, 0);
  fs.writeback([0]);
  handle.writeAt(bytes("y"), 0);
  const { records } = fs.trace();
  const wanted = records.flatMap(({ kind, seq }) =>
    ["mark", "barrier", "media", "writeback"].includes(kind) ? [seq] : [],
  );
  expect(wanted).toHaveLength(4);
  const points = [...crashPoints(fs.trace(), posix, new SlabAllocator())].map(({ at }) => at);
  expect(points).toEqual([...wanted, records.length]);
});

test("a bit that rots is in the images behind it, and not in those before", () => {
  const fs = new CrashFs({ image: memory({ "/a": "a" }).snapshot() });
  fs.media.flipBit("/a", 0, 0);
  expect([...crashImages(fs.trace())]).toHaveLength(2);
});

test("an image is made once, however many moments and subsets lead to it, unless all are asked for", () => {
  const fs = new CrashFs();
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  for (const text of ["x", "y"]) {
    handle.writeAt(bytes(text), 0);
    handle.syncBlocking("full");
    fs.syncNamesBlocking("/");
  }
  const made = [...crashImages(fs.trace())].map(({ hash }) => hash);
  expect(new Set(made).size).toBe(made.length);
  expect([...crashImages(fs.trace(), { deduplicate: false })].length).toBeGreaterThan(made.length);
});

test("a law with one outcome is not explored", () => {
  const { base, records } = new CrashFs().trace();
  for (const personality of ["seed-crashfs", "seed-simfs"]) {
    expect(() => [...crashImages({ base, records }, { personality })]).toThrow(
      expect.objectContaining({ code: "FS_UNSUPPORTED" }),
    );
  }
});

test("half a rename is no choice, though nothing else is needed", () => {
  const fs = new CrashFs({ image: memory({ "/a": "x" }).snapshot() });
  fs.rename("/a", "/b");
  const choice = { version: 1, personality: "posix", at: 2, apply: [0, 1], torn: {}, unwritten: "zeros" } as const;
  expect(replayCrash(fs.trace(), choice)).toBeDefined();
  for (const apply of [[0], [1]]) {
    expect(() => replayCrash(fs.trace(), { ...choice, apply })).toThrow(
      expect.objectContaining({ code: "FS_BAD_IMAGE" }),
    );
  }
});

test("a misdirected write beyond the end of its victim does not show when the victim grows", () => {
  const fs = new CrashFs({ image: memory({ "/a": "a", "/v": "v" }).snapshot() });
  const handle = fs.open("/a", { mode: "write" }) as FileHandle & MediaHandle;
  handle.armMediaFault({ kind: "misdirectedWrite", path: "/v", offset: 8192 });
  handle.writeAt(bytes("stray"), 0);
  fs.crash("best");
  const victim = fs.open("/v", { mode: "write" });
  victim.truncate(9000);
  const target = new Uint8Array(9000);
  victim.readAt(target, 0);
  expect(Buffer.from(target).toString("latin1")).toBe(`v${"\0".repeat(8999)}`);
});

// --- when two images are one ------------------------------------------------------------------------------------

const hashOf = (files: Readonly<Record<string, string>>): number => imageHash(memory(files).snapshot());

test.each([
  ["names", { "/a": "x" }, { "/b": "x" }],
  ["kinds", { "/a": "" }, { "/a": "directory" }],
  [
    "places of names",
    { "/d": "directory", "/e": "directory", "/d/a": "x" },
    { "/d": "directory", "/e": "directory", "/e/a": "x" },
  ],
  ["what a directory holds", { "/d": "directory", "/d/a": "x" }, { "/d": "directory", "/a": "x" }],
  ["copies and hard links", { "/a": "x", "/b": "-> /a" }, { "/a": "x", "/b": "x" }],
  [
    "which file a hard link names",
    { "/d": "directory", "/d/a": "x", "/e": "directory", "/e/a": "x", "/z": "-> /d/a" },
    { "/d": "directory", "/d/a": "x", "/e": "directory", "/e/a": "x", "/z": "-> /e/a" },
  ],
  ["lengths", { "/a": "" }, { "/a": "\0" }],
  ["places of bytes", { "/a": "xy" }, { "/a": "yx" }],
  ["places of pages", { "/a": `x${"\0".repeat(8191)}` }, { "/a": `${"\0".repeat(4096)}x${"\0".repeat(4095)}` }],
] as const)("images that differ by %s have different hashes", (_what, one, other) => {
  expect(hashOf(one)).not.toBe(hashOf(other));
});

test.each([3, 8, 9, 40])("%i names have one hash, in whichever order they were made", (count) => {
  const names = Array.from({ length: count }, (_, index) => [`/${(index * 7) % count}-é`, `${index}`] as const);
  const hashes = [names, names.toReversed(), names.toSorted(([a], [b]) => (a < b ? -1 : 1))].map((some) =>
    hashOf(Object.fromEntries(some)),
  );
  expect(new Set(hashes).size).toBe(1);
  expect(hashOf(Object.fromEntries(names.slice(1)))).not.toBe(hashes[0]);
});

test("lengths count beyond 32 bits", () => {
  const sparse = (size: number): number => {
    const fs = memory({ "/a": "x" });
    fs.open("/a", { mode: "write" }).truncate(size);
    return imageHash(fs.snapshot());
  };
  expect(sparse(1 + 2 ** 32)).not.toBe(sparse(1));
  expect(sparse(1 + 2 ** 33)).not.toBe(sparse(1 + 2 ** 32));
});

test("both words of a page's hash count", () => {
  // Goal: two contents whose pages agree in one word only. Method: the birthday of 21 and of 32 bits, from a fixed start.
  const state = new FsState();
  const { ino } = state.create("file");
  state.link(rootIno, "a", ino);
  state.setSize(ino, 4);
  const content = new Uint8Array(4);
  const word = new DataView(content.buffer);
  const made = { low: new Map<number, number>(), high: new Map<number, number>() };
  const twins = { low: 0, high: 0 };
  for (let at = 1; (twins.low === 0 || twins.high === 0) && at < 1_000_000; at += 1) {
    word.setUint32(0, Math.imul(at, 0x9e3779b1));
    state.writeRange(ino, 0, 0, 4, content, 0);
    const hash = imageHash(state);
    const page = state.inode(ino)?.content?.page(0)?.hash ?? 0;
    for (const [part, value] of [
      ["low", page % 2 ** 32],
      ["high", Math.floor(page / 2 ** 32)],
    ] as const) {
      const known = made[part].get(value);
      if (known !== undefined) twins[part] += 1;
      if (known === hash) expect.fail(`${at} has the hash of another page, whose ${part} word it shares`);
      made[part].set(value, hash);
    }
  }
  expect(Math.min(twins.low, twins.high)).toBeGreaterThan(0);
});

// --- what is asserted in debug mode -----------------------------------------------------------------------------

function soundState(): { state: FsState; ino: number } {
  const state = new FsState();
  const { ino } = state.create("file");
  state.link(rootIno, "a", ino);
  state.writeRange(ino, 0, 0, 3, bytes("abc"), 0);
  state.setSize(ino, 3);
  return { state, ino };
}

test.each<[string, (state: FsState, ino: number) => void]>([
  [
    "pages of a file",
    (state, ino) => {
      state.ownContent(ino).pageCount += 1;
    },
  ],
  [
    "pages of all files",
    (state) => {
      state.usedPages += 1;
    },
  ],
  [
    "links",
    (state, ino) => {
      state.own(ino).links += 1;
    },
  ],
  [
    "names",
    (state) => {
      state.own(rootIno).ownNames().set("ghost", 99);
    },
  ],
  ["bytes behind the end", (state, ino) => state.writeRange(ino, 0, 3, 4, bytes("!"), 0)],
])("a state with wrong %s is a broken invariant", (_what, spoil) => {
  const { state, ino } = soundState();
  checkState(state, true);
  spoil(state, ino);
  expect(() => checkState(state, true)).toThrow(expect.objectContaining({ name: "InvariantBroken" }));
});

test.each<[string, (visible: FsState, ino: number) => void]>([
  ["bytes", (visible, ino) => visible.writeRange(ino, 0, 0, 1, bytes("!"), 0)],
  ["length", (visible, ino) => visible.setSize(ino, 4)],
])("a clean file whose %s differ from what is durable is a broken invariant", (_what, spoil) => {
  const { state, ino } = soundState();
  const image = state.freeze();
  const ledger = new Ledger(posix, image, []);
  const visible = new FsState(image);
  checkLedger(ledger, visible);
  spoil(visible, ino);
  expect(() => checkLedger(ledger, visible)).toThrow(expect.objectContaining({ name: "InvariantBroken" }));
});

test("an effect that claims another place in the log is a broken invariant", () => {
  const { state, ino } = soundState();
  const image = state.freeze();
  const ledger = new Ledger(posix, image, [new DataEffect(7, ino, 0, 0, 1, undefined, 0, undefined)]);
  ledger.advance();
  expect(() => checkLedger(ledger, new FsState(image))).toThrow(expect.objectContaining({ name: "InvariantBroken" }));
});

test("two images that must be one and are not are a broken invariant", () => {
  demandSame(1, 1, "same");
  expect(() => demandSame(1, 2, "I6: the worst image")).toThrow("I6: the worst image");
});
