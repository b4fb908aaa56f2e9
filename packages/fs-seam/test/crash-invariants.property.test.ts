import fc from "fast-check";
import { expect, test } from "vitest";
import { buildImage, choiceOf } from "../src/crash-choice.js";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages, crashPoints, pendingAt, replayCrash } from "../src/crash-images.js";
import { Ideals } from "../src/crash-strategy.js";
import { unitsOf } from "../src/crash-units.js";
import { FsError } from "../src/fs-error.js";
import { imageHash } from "../src/image-hash.js";
import { decodeImage, encodeImage, listImage } from "../src/image-file.js";
import { MemoryFs } from "../src/memory-fs.js";
import { SlabAllocator } from "../src/slab-allocator.js";
import { posix, strict } from "../src/personality.js";
import { describeImage } from "./naive-model.js";

// The laws of DECISIONS 11 that speak about whole sets of images. I1 and I5-I7 are asserted inside the engine while
// these tests run, because the package's tests set HOLDFAST_ASSERT.

const files = ["/a", "/b", "/d/a", "/d/e/a"];
const step = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    path: fc.constantFrom(...files),
    offset: fc.nat(9000),
    length: fc.nat(6000),
  }),
  fc.record({ kind: fc.constant("append" as const), path: fc.constantFrom(...files), length: fc.nat(700) }),
  fc.record({ kind: fc.constant("truncate" as const), path: fc.constantFrom(...files), size: fc.nat(9000) }),
  fc.record({
    kind: fc.constant("punch" as const),
    path: fc.constantFrom(...files),
    offset: fc.nat(9000),
    length: fc.nat(6000),
  }),
  fc.record({
    kind: fc.constant("sync" as const),
    path: fc.constantFrom(...files),
    rung: fc.constantFrom("data" as const, "full" as const),
  }),
  fc.record({ kind: fc.constant("syncNames" as const), path: fc.constantFrom("/", "/d", "/d/e") }),
  fc.record({ kind: fc.constant("rename" as const), path: fc.constantFrom(...files), to: fc.constantFrom(...files) }),
  fc.record({ kind: fc.constant("reflink" as const), path: fc.constantFrom(...files), to: fc.constantFrom(...files) }),
  fc.record({ kind: fc.constant("link" as const), path: fc.constantFrom(...files), to: fc.constantFrom(...files) }),
  fc.record({ kind: fc.constant("remove" as const), path: fc.constantFrom(...files) }),
  fc.record({ kind: fc.constant("writeback" as const) }),
  fc.record({ kind: fc.constant("evict" as const), path: fc.constantFrom(...files) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const program = fc.array(step, { minLength: 1, maxLength: 25 });

function tree(personality: string): CrashFs {
  const base = new MemoryFs();
  base.makeDirectory("/d");
  base.makeDirectory("/d/e");
  return new CrashFs({ image: base.snapshot(), personality });
}

function play(fs: CrashFs, one: Step, fill: number): void {
  const on = (path: string, mode: "write" | "append", use: (handle: ReturnType<CrashFs["open"]>) => void): void => {
    const handle = fs.open(path, { mode, create: "if-missing" });
    use(handle);
    handle.close();
  };
  try {
    switch (one.kind) {
      case "write":
        return on(one.path, "write", (handle) => handle.writeAt(new Uint8Array(one.length).fill(fill), one.offset));
      case "append":
        return on(one.path, "append", (handle) => handle.append(new Uint8Array(one.length).fill(fill)));
      case "truncate":
        return on(one.path, "write", (handle) => handle.truncate(one.size));
      case "punch":
        return on(one.path, "write", (handle) => handle.punch(one.offset, one.length));
      case "sync":
        return on(one.path, "write", (handle) => handle.syncBlocking(one.rung));
      case "syncNames":
        return fs.syncNamesBlocking(one.path);
      case "rename":
        return fs.rename(one.path, one.to);
      case "reflink":
        return fs.reflink(one.path, one.to);
      case "link":
        return fs.link(one.path, one.to);
      case "remove":
        return fs.remove(one.path);
      case "writeback":
        return fs.writeback();
      case "evict":
        return fs.evict(one.path);
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
  }
}

const runs = Number(process.env["FC_NUM_RUNS"] ?? 150);
const options = {
  numRuns: runs,
  ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
};
const sample = { kind: "random", seed: 7, count: 12 } as const;

test("I1: an image holds only bytes that were written at that place, or zeros", () => {
  fc.assert(
    fc.property(program, (steps) => {
      const fs = tree("posix");
      steps.forEach((one, index) => play(fs, one, index + 1));
      for (const { image } of crashImages(fs.trace(), { strategy: sample })) {
        for (const entry of listImage(image)) {
          if (entry.kind === "file") expect(entry.bytes.every((byte) => byte <= steps.length)).toBe(true);
        }
      }
    }),
    options,
  );
});

test("I2, I3: what posix allows, strict allows", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      const fs = tree("posix");
      steps.forEach((one, index) => play(fs, one, index + 1));
      const { base, records } = fs.trace();
      for (const point of crashPoints({ base, records }, posix, new SlabAllocator())) {
        const units = unitsOf(point.pending, posix, true);
        // What posix has settled and strict has not, for example the other half of a rename, is kept as well.
        const open = new Set(point.pending);
        const settled = pendingAt({ base, records }, strict, point.at).filter((effect) => !open.has(effect));
        let tried = 0;
        for (const chosen of new Ideals(units)) {
          tried += 1;
          if (tried > 40) break;
          const { apply, ...rest } = choiceOf(posix, point.at, units, chosen);
          const both = [...apply, ...settled.map(({ seq }) => seq)].sort((a, b) => a - b);
          const choice = { ...rest, apply: both, personality: "strict" };
          const strictly = replayCrash({ base, records }, choice, strict); // throws when strict forbids it
          const state = buildImage(point.durable, units, chosen, posix, "zeros", new SlabAllocator());
          expect(describeImage(strictly)).toBe(describeImage(state.freeze()));
        }
      }
    }),
    options,
  );
});

test("I4: after a full sync and names barriers up to the root, a file is the same in every image", () => {
  fc.assert(
    fc.property(program, fc.constantFrom(...files), fc.constantFrom("posix", "strict"), (steps, path, personality) => {
      const fs = tree(personality);
      steps.forEach((one, index) => play(fs, one, index + 1));
      play(fs, { kind: "append", path, length: 3 }, 99);
      play(fs, { kind: "sync", path, rung: "full" }, 0);
      for (const directory of ["/d/e", "/d", "/"]) fs.syncNamesBlocking(directory);
      const wanted = listImage(fs.snapshot()).find((entry) => `/${entry.path}` === path);
      expect(fs.durability(path)).toMatchObject({ name: "durable", pending: [], lost: [] });
      const at = fs.trace().records.length;
      for (const { image } of crashImages(fs.trace(), { personality, strategy: sample, at })) {
        const found = listImage(image).find((entry) => `/${entry.path}` === path);
        expect(found?.kind === "file" && wanted?.kind === "file" && Buffer.compare(found.bytes, wanted.bytes)).toBe(0);
      }
    }),
    options,
  );
});

test("I5, I6: the worst crash leaves the durable image, and a second crash changes nothing", () => {
  fc.assert(
    fc.property(program, fc.constantFrom("posix", "strict"), (steps, personality) => {
      const fs = tree(personality);
      steps.forEach((one, index) => play(fs, one, index + 1));
      const durable = describeImage(fs.durableImage());
      fs.crash();
      expect(describeImage(fs.snapshot())).toBe(durable);
      fs.crash();
      expect(describeImage(fs.snapshot())).toBe(durable);
    }),
    options,
  );
});

test("everything pending kept is what the program saw", () => {
  fc.assert(
    fc.property(program, (steps) => {
      const fs = tree("posix");
      steps.forEach((one, index) => play(fs, one, index + 1));
      const seen = describeImage(fs.snapshot());
      fs.crash("best");
      expect(describeImage(fs.snapshot())).toBe(seen);
    }),
    options,
  );
});

test("a choice replays to the same image, and an image survives its own text", () => {
  fc.assert(
    fc.property(program, fc.constantFrom("posix", "strict"), (steps, personality) => {
      const fs = tree(personality);
      steps.forEach((one, index) => play(fs, one, index + 1));
      const trace = fs.trace();
      for (const { image, choice, hash } of crashImages(trace, { personality, strategy: { ...sample, count: 3 } })) {
        expect(imageHash(replayCrash(trace, JSON.parse(JSON.stringify(choice))))).toBe(hash);
        const again = decodeImage(encodeImage(image));
        expect(describeImage(again)).toBe(describeImage(image));
        expect(imageHash(again)).toBe(hash);
      }
    }),
    options,
  );
});

test("equal hashes mean equal trees, and equal trees have equal hashes", () => {
  fc.assert(
    fc.property(program, (steps) => {
      const fs = tree("strict");
      steps.forEach((one, index) => play(fs, one, index + 1));
      const byText = new Map<string, number>();
      const strategy = { kind: "levels", level: 2 } as const;
      for (const { image, hash } of crashImages(fs.trace(), { personality: "strict", strategy, deduplicate: false })) {
        const text = describeImage(image);
        expect(byText.get(text) ?? hash).toBe(hash);
        byText.set(text, hash);
      }
      expect(new Set(byText.values()).size).toBe(byText.size);
    }),
    { ...options, numRuns: Math.ceil(runs / 5) },
  );
});

test("I8: no handle of an earlier epoch can change anything", async () => {
  const fs = tree("posix");
  const handle = fs.open("/a", { mode: "write", create: "exclusive" });
  const inFlight = handle.sync("full");
  fs.crash("best");
  await expect(inFlight).rejects.toMatchObject({ code: "FS_CRASHED" });
  const before = describeImage(fs.snapshot());
  const dead = { code: "FS_CRASHED", injected: true };
  expect(() => handle.writeAt(new Uint8Array(1), 0)).toThrow(expect.objectContaining(dead));
  expect(() => handle.truncate(0)).toThrow(expect.objectContaining(dead));
  expect(() => handle.allocate(0, 1)).toThrow(expect.objectContaining(dead));
  expect(() => handle.punch(0, 1)).toThrow(expect.objectContaining(dead));
  expect(() => handle.readAt(new Uint8Array(1), 0)).toThrow(expect.objectContaining(dead));
  expect(() => handle.stat()).toThrow(expect.objectContaining(dead));
  expect(() => handle.syncBlocking("data")).toThrow(expect.objectContaining(dead));
  handle.close();
  expect(describeImage(fs.snapshot())).toBe(before);
});
