import fc from "fast-check";
import { expect, test } from "vitest";
import { buildImage } from "./crash-choice.js";
import { CrashFs } from "./crash-fs.js";
import { crashPoints } from "./crash-images.js";
import { Ideals, samples, type Chosen } from "./crash-strategy.js";
import { unitsOf } from "./crash-units.js";
import { FsError } from "./fs-error.js";
import type { Image } from "./fs-state.js";
import { encodeImage } from "./image-file.js";
import { imageHash } from "./image-hash.js";
import { ImageMaker } from "./image-maker.js";
import { personalityOf } from "./known-personalities.js";
import type { MediaHandle } from "./media-faults.js";
import { MemoryFs } from "./memory-fs.js";
import { unwrittenUnder } from "./personality.js";
import { SlabAllocator } from "./slab-allocator.js";

const paths = ["/a", "/b", "/c"];
const path = fc.constantFrom(...paths);
const step = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    path,
    offset: fc.nat(5000),
    length: fc.integer({ min: 1, max: 5000 }),
  }),
  fc.record({ kind: fc.constant("stray" as const), path, to: path, page: fc.nat(1) }),
  fc.record({ kind: fc.constant("append" as const), path, length: fc.integer({ min: 1, max: 700 }) }),
  fc.record({ kind: fc.constant("truncate" as const), path, size: fc.nat(5000) }),
  fc.record({ kind: fc.constant("rename" as const), path, to: path }),
  fc.record({ kind: fc.constant("reflink" as const), path, to: path }),
  fc.record({ kind: fc.constant("remove" as const), path }),
  fc.record({ kind: fc.constant("sync" as const), path }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function play(fs: CrashFs, one: Step, fill: number): void {
  const on = (use: (handle: ReturnType<CrashFs["open"]>) => void): void => {
    const handle = fs.open(one.path, { mode: "write", create: "if-missing" });
    use(handle);
    handle.close();
  };
  const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(fill);
  try {
    switch (one.kind) {
      case "write":
        return on((handle) => handle.writeAt(bytes(one.length), one.offset));
      case "stray":
        return on((handle) => {
          const fault = { kind: "misdirectedWrite", path: one.to, offset: one.page * 4096 } as const;
          (handle as unknown as MediaHandle).armMediaFault(fault); // every handle of the engine is one
          handle.writeAt(bytes(100), 0);
        });
      case "append":
        return on((handle) => handle.writeAt(bytes(one.length), handle.stat().size));
      case "truncate":
        return on((handle) => handle.truncate(one.size));
      case "rename":
        return fs.rename(one.path, one.to);
      case "reflink":
        return fs.reflink(one.path, one.to);
      case "remove":
        return fs.remove(one.path);
      case "sync":
        return on((handle) => handle.syncBlocking("full"));
    }
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
  }
}

function described(image: Image): readonly unknown[] {
  const { usedPages, nextIno, loose } = image;
  return [encodeImage(image), imageHash(image, "counted"), usedPages, nextIno, [...loose]];
}

const property = {
  numRuns: Number(process.env["FC_NUM_RUNS"] ?? 150),
  ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
};

test("images that share what their files have in common are those made one by one", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.constantFrom("posix", "strict", "ext4-ordered", "xfs", "btrfs"),
      (steps, name) => {
        const personality = personalityOf(name);
        const base = new MemoryFs();
        base.open("/a", { mode: "write", create: "exclusive" }).writeAt(new Uint8Array(4500).fill(200), 0);
        const fs = new CrashFs({ image: base.snapshot(), personality });
        steps.forEach((one, index) => play(fs, one, index + 1));
        const slab = new SlabAllocator();
        for (const { durable, pending } of crashPoints(fs.trace(), personality, slab)) {
          const units = unitsOf(pending, personality, true);
          for (const unwritten of unwrittenUnder(personality)) {
            const maker = new ImageMaker(durable, units, personality, unwritten, slab);
            const some = [...take(new Ideals(units), 24), ...samples(units, 1, 8)];
            const made = [...some, ...some].map((chosen) => maker.make(chosen).freeze());
            // Looked at when all are made, so that one which changes another shows.
            made.forEach((image, index) => {
              const chosen = some[index % some.length] as Chosen;
              const alone = buildImage(durable, units, chosen, personality, unwritten, new SlabAllocator());
              expect(described(image)).toEqual(described(alone.freeze()));
            });
          }
        }
      },
    ),
    property,
  );
});

function* take<T>(values: Iterable<T>, most: number): Generator<T> {
  let left = most;
  for (const value of values) {
    if (left === 0) return;
    left -= 1;
    yield value;
  }
}

test("what a file holds is made once, for all images that agree on it", () => {
  const fs = new CrashFs();
  const [one, other] = ["/a", "/b"].map((each) => fs.open(each, { mode: "write", create: "exclusive" }));
  one?.writeAt(new Uint8Array(100).fill(1), 0);
  other?.writeAt(new Uint8Array(100).fill(2), 0);
  const [point] = [...crashPoints(fs.trace(), fs.personality, new SlabAllocator())];
  const units = unitsOf(point?.pending ?? [], fs.personality, true);
  const maker = new ImageMaker(point?.durable as Image, units, fs.personality, "zeros", new SlabAllocator());
  const images = [...new Ideals(units)].map((chosen) => maker.make(chosen).freeze());
  const pages = images.flatMap((image) => {
    const ino = image.inode(1)?.names?.get("a");
    return ino === undefined ? [] : [image.inode(ino)?.content?.page(0)];
  });
  const whole = pages.filter((page) => page !== undefined);
  expect(whole.length).toBeGreaterThan(4);
  expect(new Set(whole).size).toBe(1);
});
