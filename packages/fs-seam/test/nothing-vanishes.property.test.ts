import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { Directory } from "../src/directory.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsError } from "../src/fs-error.js";
import { imageHash } from "../src/image-hash.js";
import { listImage, maxListedFileBytes, encodeImage } from "../src/image-file.js";
import type { MediaHandle } from "../src/media-faults.js";
import { MemoryFs } from "../src/memory-fs.js";
import { RealFs } from "../src/real-fs.js";

// Laws that need no knowledge of the rules: they speak about calls, not about effects.

const names = ["/a", "/b", "/a/c", "/b/c", "/a/c/d", "/b/c/d"];
const path = fc.constantFrom(...names);
const step = fc.oneof(
  fc.record({ kind: fc.constant("makeDirectory" as const), path }),
  fc.record({ kind: fc.constant("move" as const), path, to: path }),
  fc.record({ kind: fc.constant("removeDirectory" as const), path }),
  fc.record({ kind: fc.constant("syncNames" as const), path: fc.constantFrom("/", ...names) }),
);

const runs = Number(process.env["FC_NUM_RUNS"] ?? 500);
const seed = process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) };

test("posix: a durable file that nobody removed or replaced is in every image", { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 3 }), fc.array(step, { minLength: 1, maxLength: 7 }), (before, steps) => {
      const base = new MemoryFs();
      base.open("/file", { mode: "write", create: "exclusive" }).writeAt(Uint8Array.of(1), 0);
      let home = "/file";
      const play = (fs: MemoryFs | CrashFs, one: (typeof steps)[number]): void => {
        try {
          if (one.kind === "makeDirectory") fs.makeDirectory(one.path);
          else if (one.kind === "removeDirectory") fs.removeDirectory(one.path);
          else if (one.kind === "syncNames") fs.syncNamesBlocking(one.path);
          else {
            // The file moves in every other step, and whatever holds it in the rest; it is never itself replaced.
            const from = one.path === "/a" ? home : one.path;
            if (one.to === home) return;
            fs.rename(from, one.to);
            if (home === from || home.startsWith(`${from}/`)) home = one.to + home.slice(from.length);
          }
        } catch (error) {
          if (!(error instanceof FsError)) throw error;
        }
      };
      for (const one of before) play(base, one);
      const fs = new CrashFs({ image: base.snapshot() });
      for (const one of steps) play(fs, one);
      for (const { image, choice } of crashImages(fs.trace())) {
        const files = listImage(image).filter((entry) => entry.kind === "file");
        expect(files.length, JSON.stringify(choice)).toBe(1);
      }
    }),
    { numRuns: runs, ...seed },
  );
});

test.each([
  ["two levels of new directories", ["/n", "/n/m"], "/n/m/x"],
  ["three levels", ["/n", "/n/m", "/n/m/k"], "/n/m/k/x"],
])("a move into %s takes their names along, in images and by a barrier", (_what, directories, to) => {
  const base = new MemoryFs();
  base.open("/x", { mode: "write", create: "exclusive" }).writeAt(Uint8Array.of(1), 0);
  const fs = new CrashFs({ image: base.snapshot() });
  for (const directory of directories) fs.makeDirectory(directory);
  fs.rename("/x", to);
  fs.syncNamesBlocking(to.slice(0, to.lastIndexOf("/")));
  expect(listImage(fs.durableImage()).some((entry) => `/${entry.path}` === to)).toBe(true);
});

test("what a rename replaces is only gone once what it held is", () => {
  const base = new MemoryFs();
  base.makeDirectory("/t");
  base.makeDirectory("/s");
  base.open("/t/f", { mode: "write", create: "exclusive" }).writeAt(Uint8Array.of(1), 0);
  const fs = new CrashFs({ image: base.snapshot() });
  fs.rename("/t/f", "/g");
  fs.rename("/s", "/t");
  const images = [...crashImages(fs.trace())].map(({ image }) =>
    listImage(image)
      .map((entry) => entry.path)
      .join(" "),
  );
  expect(new Set(images)).toEqual(new Set(["s t t/f", "g s t", "g t"]));
});

function created(fs: CrashFs, at: string): FileHandle & MediaHandle {
  return fs.open(at, { mode: "write", create: "exclusive" }) as FileHandle & MediaHandle;
}

function grown(fs: CrashFs, at: string, size: number): Uint8Array {
  const handle = fs.open(at, { mode: "write" });
  handle.truncate(size);
  const bytes = new Uint8Array(size);
  handle.readAt(bytes, 0);
  return bytes;
}

test("bytes behind the end of a file never come back when it grows after a crash", () => {
  const early = new CrashFs();
  created(early, "/a").writeAt(Uint8Array.from([7, 7, 7]), 0);
  early.syncNamesBlocking("/");
  const written = early.pending().find(({ kind }) => kind === "data");
  early.writeback([written?.seq ?? -1]);
  early.crash();
  expect([...grown(early, "/a", 6)]).toEqual([0, 0, 0, 0, 0, 0]);

  const flipped = new CrashFs();
  created(flipped, "/a").writeAt(Uint8Array.of(0), 0);
  flipped.syncNamesBlocking("/");
  flipped.media.flipBit("/a", 0, 0);
  flipped.crash();
  expect([...grown(flipped, "/a", 2)]).toEqual([0, 0]);

  const strayed = new CrashFs();
  const victim = created(strayed, "/v");
  victim.writeAt(Uint8Array.of(1), 0);
  victim.syncBlocking("full");
  const handle = created(strayed, "/a");
  handle.armMediaFault({ kind: "misdirectedWrite", path: "/v", offset: 4096 });
  handle.writeAt(Uint8Array.from([9, 9]), 0);
  handle.syncBlocking("full");
  strayed.syncNamesBlocking("/");
  strayed.crash();
  expect(strayed.stat("/v")).toMatchObject({ size: 1, allocatedBytes: 4096 });
  expect(grown(strayed, "/v", 8192).filter((byte) => byte !== 0)).toEqual(Uint8Array.of(1));
});

test("a base file above one gibibyte is cut, punched and shared like any other", () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-large-base-"));
  try {
    const gibibyte = 2 ** 30;
    const fd = openSync(join(root, "big"), "w");
    ftruncateSync(fd, gibibyte + 8192);
    writeSync(fd, "OLDBYTES", gibibyte + 4096);
    closeSync(fd);
    const fs = new CrashFs({ base: new RealFs({ root }) });
    const read = (handle: FileHandle): string => {
      const bytes = new Uint8Array(8);
      handle.readAt(bytes, gibibyte + 4096);
      return Buffer.from(bytes).toString("latin1");
    };
    const big = fs.open("/big", { mode: "write" });
    big.truncate(gibibyte);
    expect(big.stat().allocatedBytes).toBe(gibibyte);
    big.truncate(gibibyte + 8192);
    expect(read(big)).toBe("\0".repeat(8));
    const other = new CrashFs({ base: new RealFs({ root }) });
    const punched = other.open("/big", { mode: "write" });
    expect(read(punched)).toBe("OLDBYTES");
    punched.punch(gibibyte, 8192);
    expect(read(punched)).toBe("\0".repeat(8));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("a base file is not read in order to be dropped", () => {
  const base = new MemoryFs();
  base.open("/a", { mode: "write", create: "exclusive" }).writeAt(new Uint8Array(4 << 20).fill(1), 0);
  let loads = 0;
  const counted = new Proxy(base, {
    get: (target, key) => {
      if (key === "open") loads += 1;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const fs = new CrashFs({ base: counted });
  fs.open("/a", { mode: "write" }).truncate(300_000);
  expect(loads).toBe(1);
  expect(fs.stat("/a")).toMatchObject({ size: 300_000, allocatedBytes: 74 * 4096 });
});

test("names whose short hashes agree are still two names", () => {
  const one = new MemoryFs();
  one.makeDirectory("/f04mx5");
  const other = new MemoryFs();
  other.makeDirectory("/f07eta");
  expect(imageHash(one.snapshot())).not.toBe(imageHash(other.snapshot()));
});

test("an image does not carry files that only a handle kept alive", () => {
  const fs = new CrashFs();
  const handle = created(fs, "/a");
  handle.writeAt(new Uint8Array(40_960), 0);
  fs.remove("/a");
  const mounted = new MemoryFs({ image: fs.snapshot(), capacityBytes: 40_960 });
  expect(mounted.space().availableBytes).toBe(40_960);
});

test("sparse files stay small as text and on a disk, and are not listed beyond a bound", () => {
  const fs = new MemoryFs();
  fs.open("/a", { mode: "write", create: "exclusive" }).truncate(20 * 2 ** 30);
  const image = fs.snapshot();
  expect(encodeImage(image).length).toBeLessThan(200);
  expect(maxListedFileBytes).toBe(2 ** 30);
  expect(() => listImage(image)).toThrow(expect.objectContaining({ code: "FS_FILE_TOO_LARGE", path: "a" }));
});

test("crash refuses a choice of another moment, another personality, or with pieces that are not there", () => {
  const fs = new CrashFs();
  new Directory(fs).writeFile("a", new Uint8Array(1024).fill(1));
  const at = fs.logSize().records;
  const choice = { version: 1, personality: "posix", at, apply: [0], torn: {}, unwritten: "zeros" } as const;
  const refused = expect.objectContaining({ code: "FS_BAD_IMAGE" });
  expect(() => fs.crash({ ...choice, at: at + 1 })).toThrow(refused);
  expect(() => fs.crash({ ...choice, personality: "strict" })).toThrow(refused);
  expect(() => fs.crash({ ...choice, unwritten: "garbage" })).toThrow(refused);
  expect(() => fs.crash({ ...choice, torn: { "1": [99] } })).toThrow(refused);
  expect(fs.crash({ ...choice, torn: { "1": [0] } })).toMatchObject({ survived: 2 });
});
