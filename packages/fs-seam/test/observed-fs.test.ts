// Two disks that differ in one fact, and a program that does something else on each: ObservedFs has to tell them apart.
import { describe, expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import { Directory } from "../src/directory.js";
import type { LogRecord } from "../src/effects.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsError } from "../src/fs-error.js";
import type { Image } from "../src/fs-state.js";
import { btrfs } from "../src/kernel-personalities.js";
import { questionKey } from "../src/observation.js";
import { ObservedFs } from "../src/observed-fs.js";
import { posix, type Personality } from "../src/personality.js";

type Build = (directory: Directory) => void;
type Program = (directory: Directory, fs: ObservedFs) => unknown;

function imageOf(build: Build, mounts = 1): Image {
  const fs = new CrashFs();
  build(new Directory(fs));
  let image = fs.snapshot();
  for (let count = 1; count < mounts; count += 1) image = new CrashFs({ image }).snapshot();
  return image;
}

/** What a program was told, and what it did: its answer, its log, and what of the log is pending. */
function runOn(image: Image, program: Program, personality: Personality): { told: string[]; did: string } {
  const fs = new ObservedFs({ image, personality });
  let answer: unknown;
  try {
    answer = program(new Directory(fs), fs);
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    answer = error.code;
  }
  const told = fs.observations.map(({ question, answer: said }) => `${questionKey(question)} ${said}`);
  const records = fs.runForExplorer().trace.records.map(textOf);
  return { told, did: JSON.stringify([answer, records, fs.pending().map(textOf)]) };
}

function textOf(record: LogRecord): string {
  if (record.kind !== "data") return JSON.stringify(record);
  const { ino, page, start, end, bytes, shift } = record;
  const payload = bytes === undefined ? "zeros" : bytes.subarray(shift, shift + end - start).join();
  return `${ino} ${page} ${start}-${end} ${payload}`;
}

/** Where the two disks tell the program something else for the first time: it must have asked both the same. */
function difference([one, other]: readonly [Image, Image], program: Program, personality: Personality = posix): string {
  const [first, second] = [runOn(one, program, personality), runOn(other, program, personality)];
  if (first.did === second.did) return "none: the program does the same on both";
  const at = first.told.findIndex((said, index) => said !== second.told[index]);
  if (at === -1) return "none: the program was told the same of both";
  const [asked, askedOther] = [first, second].map(({ told }) => told[at]?.split(" ")[0]);
  return asked === askedOther ? "an answer" : `a question: ${asked} and ${askedOther}`;
}

const file =
  (name: string, length: number, byte = 1): Build =>
  (directory) =>
    directory.writeFile(name, new Uint8Array(length).fill(byte));
const all =
  (...builds: readonly Build[]): Build =>
  (directory) =>
    builds.forEach((build) => build(directory));
const make =
  (name: string): Build =>
  (directory) =>
    directory.makeDirectory(name);
const link =
  (from: string, to: string): Build =>
  (directory) =>
    directory.link(from, to);
/** A file of this length, of which nothing is stored but one byte at each of these offsets. */
const sparse =
  (name: string, length: number, ...offsets: readonly number[]): Build =>
  (directory) => {
    using handle = directory.open(name, { mode: "write", create: "exclusive" });
    for (const offset of offsets) handle.writeAt(Uint8Array.of(1), offset);
    handle.truncate(length);
  };
const nothing: Build = () => {};
const byte = Uint8Array.of(9);

/** Through one handle of mode `write` on "a". */
const onA =
  (use: (handle: FileHandle) => unknown): Program =>
  (directory) => {
    using handle = directory.open("a", { mode: "write" });
    return use(handle);
  };

describe("of names, it is asked for", () => {
  test.each<[string, Build, Build, Program]>([
    ["open", nothing, file("a", 0), (directory) => directory.open("a", { mode: "read" }).close()],
    ["stat", nothing, file("a", 0), (directory) => directory.stat("a").kind],
    ["stat, on the way", all(make("d"), file("d/a", 0)), nothing, (directory) => directory.exists("d/a")],
    ["stat, a file on the way", all(make("d")), file("d", 0), (directory) => directory.stat("d/a").kind],
    ["list", make("d"), all(make("d"), file("d/a", 0)), (directory) => directory.list("d")],
    ["list, of what kind", file("a", 0), make("a"), (directory) => directory.list()],
    ["makeDirectory", nothing, file("a", 0), (directory) => directory.makeDirectory("a")],
    ["removeDirectory", nothing, make("d"), (directory) => directory.removeDirectory("d")],
    [
      "removeDirectory of a full one",
      make("d"),
      all(make("d"), make("d/e")),
      (directory) => directory.removeDirectory("d"),
    ],
    ["rename from", nothing, file("a", 0), (directory) => directory.rename("a", "b")],
    ["rename to", file("a", 0), all(file("a", 0), file("b", 0)), (directory) => directory.rename("a", "b")],
    [
      "rename to a full directory",
      all(make("d"), make("e")),
      all(make("d"), make("e"), file("e/a", 0)),
      (directory) => directory.rename("d", "e"),
    ],
    [
      "rename to another name of the same file",
      all(file("a", 0), file("b", 0)),
      all(file("a", 0), link("a", "b")),
      (directory) => directory.rename("a", "b"),
    ],
    [
      "rename over a file, which logs a length",
      all(file("a", 1), file("b", 0)),
      all(file("a", 2), file("b", 0)),
      (directory) => directory.rename("a", "b"),
    ],
    ["link from", nothing, file("a", 0), (directory) => directory.link("a", "b")],
    ["link to", file("a", 0), all(file("a", 0), file("b", 0)), (directory) => directory.link("a", "b")],
    ["remove", nothing, file("a", 0), (directory) => directory.remove("a")],
    ["reflink from", nothing, file("a", 0), (directory) => directory.reflink("a", "b")],
    ["reflink to", file("a", 0), all(file("a", 0), file("b", 0)), (directory) => directory.reflink("a", "b")],
    ["syncNames", nothing, make("d"), (directory) => directory.syncNamesBlocking("d")],
  ])("%s", (_, one, other, program) => {
    expect(difference([imageOf(one), imageOf(other)], program)).toBe("an answer");
  });

  test("a promised names barrier, too", () => {
    const program: Program = (directory, fs) => void directory.syncNames("d").catch(() => fs.mark("refused"));
    const told = [nothing, make("d")].map((build) => runOn(imageOf(build), program, posix).told);
    expect(told).toEqual([["n0/d "], ["n0/d directory"]]);
  });

  test("an entry of a stream", async () => {
    const told = [nothing, file("a", 0)].map(async (build) => {
      const fs = new ObservedFs({ image: imageOf(build) });
      for await (const batch of new Directory(fs).listStream()) expect(batch.length).toBeLessThan(2);
      return fs.observations.map(({ answer }) => answer);
    });
    expect(await Promise.all(told)).toEqual([[""], ["a/file", ""]]);
  });
});

describe("of files, it is asked for", () => {
  const read = onA((handle) => {
    const target = new Uint8Array(4);
    return [handle.readAt(target, 1), ...target];
  });

  test.each<[string, Build, Build, Program]>([
    ["bytes", file("a", 9, 1), file("a", 9, 2), read],
    ["bytes, of which there are fewer", file("a", 9), file("a", 4), read],
    ["the size", file("a", 1), file("a", 2), (directory) => directory.stat("a").size],
    ["the size, by a handle", file("a", 1), file("a", 2), onA((handle) => handle.stat().size)],
    ["the number of names", file("a", 1), all(file("a", 1), link("a", "b")), (directory) => directory.stat("a").links],
    ["what is stored", sparse("a", 9), sparse("a", 9, 0), (directory) => directory.stat("a").allocatedBytes],
    [
      "what is stored, after a write of one's own",
      sparse("a", 12_288, 0, 4096),
      sparse("a", 12_288, 0, 8192),
      onA((handle) => {
        handle.writeAt(byte, 4096);
        return handle.stat().allocatedBytes;
      }),
    ],
    ["a write behind the end", file("a", 1), file("a", 2), onA((handle) => handle.writeAt(byte, 5))],
    [
      "an append",
      file("a", 1),
      file("a", 2),
      (directory) => {
        using handle = directory.open("a", { mode: "append" });
        handle.append(byte);
      },
    ],
    ["growth in a hole", sparse("a", 100), sparse("a", 100, 0), onA((handle) => handle.writeAt(byte, 100))],
    ["a cut", file("a", 4096), file("a", 8192), onA((handle) => handle.truncate(4096))],
    ["a cut within a page", file("a", 50), file("a", 60), onA((handle) => handle.truncate(40))],
    ["a cut in a hole", sparse("a", 100), sparse("a", 100, 0), onA((handle) => handle.truncate(40))],
    ["growth by a call", file("a", 50), file("a", 60), onA((handle) => handle.truncate(70))],
    [
      "an open that empties",
      file("a", 0),
      file("a", 1),
      (directory) => directory.open("a", { mode: "write", truncate: true }).close(),
    ],
    ["room behind the end", file("a", 100), file("a", 200), onA((handle) => handle.allocate(0, 150))],
    ["a hole, to the end", file("a", 100), file("a", 200), onA((handle) => handle.punch(0, 4096))],
    [
      "a hole where there is one",
      sparse("a", 8192, 0),
      sparse("a", 8192, 4096),
      onA((handle) => handle.punch(0, 4096)),
    ],
    [
      // The page of the first file is stored up to its byte 256 and goes, that of the second one is stored whole and stays.
      "a hole over as much of a page as is stored",
      sparse("a", 3000, 0),
      all(sparse("a", 3000, 0, 2999), (directory) =>
        directory.open("a", { mode: "write" }).writeAt(Uint8Array.of(0), 2999),
      ),
      onA((handle) => {
        handle.punch(0, 300);
        handle.writeAt(byte, 3000);
      }),
    ],
    ["a copy, its length", file("a", 10), file("a", 11), (directory) => directory.reflink("a", "b")],
    ["a copy, its bytes", file("a", 10, 1), file("a", 10, 2), (directory) => directory.reflink("a", "b")],
    [
      "a copy, its pages",
      sparse("a", 9),
      all(sparse("a", 9, 0), (directory) => {
        using handle = directory.open("a", { mode: "write" });
        handle.writeAt(Uint8Array.of(0), 0);
      }),
      (directory) => directory.reflink("a", "b"),
    ],
  ])("%s", (_, one, other, program) => {
    expect(difference([imageOf(one), imageOf(other)], program)).toBe("an answer");
  });

  describe("a name that is left, after one was taken", () => {
    const two = [all(make("d"), file("a", 1)), all(make("d"), file("a", 1), link("a", "c"))].map((build) =>
      imageOf(build),
    );
    // On a tree log: with no name left durable, the new one is the birth of the file, and brings nothing along.
    const syncing =
      (sync: (handle: FileHandle) => unknown): Program =>
      (directory) => {
        using handle = directory.open("a", { mode: "write" });
        directory.link("a", "d/b");
        directory.remove("a");
        directory.syncNamesBlocking();
        directory.makeDirectory("d/e");
        sync(handle);
      };

    test("by a barrier", () => {
      const program = syncing((handle) => handle.syncBlocking("full"));
      expect(difference(two as [Image, Image], program, btrfs)).toBe("an answer");
    });

    test("because another file took it", () => {
      const program: Program = (directory) => {
        using handle = directory.open("a", { mode: "write" });
        directory.link("a", "d/b");
        directory.writeFile("x", byte);
        directory.rename("x", "a");
        directory.syncNamesBlocking();
        directory.makeDirectory("d/e");
        handle.syncBlocking("full");
      };
      expect(difference(two as [Image, Image], program, btrfs)).toBe("an answer");
    });

    test("by a promised one", () => {
      const told = two.map((image) =>
        runOn(
          image,
          syncing((handle) => void handle.sync("data")),
          btrfs,
        ).told.at(-1),
      );
      expect(told).toEqual(["k1 1", "k1 2"]);
    });
  });
});

describe("it is not asked for", () => {
  const whole = onA((handle) => void handle.readAt(new Uint8Array(2000), 0));

  test.each<[string, Build, Build, Program]>([
    ["the length, by a write within the file", file("a", 30), file("a", 40), onA((handle) => handle.writeAt(byte, 20))],
    [
      "the length, by a read within the file",
      file("a", 30),
      file("a", 40),
      onA((handle) => handle.readAt(byte.slice(), 20)),
    ],
    [
      "names, by a barrier",
      file("a", 1),
      all(file("a", 1), link("a", "b")),
      onA((handle) => handle.syncBlocking("full")),
    ],
  ])("%s", (_, one, other, program) => {
    const told = [one, other].map((build) => runOn(imageOf(build), program, posix).told);
    expect(told[0]).toEqual(told[1]);
  });

  test("what is behind a short answer", () => {
    expect(runOn(imageOf(file("a", 3)), whole, posix).told).toEqual(["n0/a file", "b1:0-512 \u0001\u0001\u0001"]);
  });

  test("what a cut took away", () => {
    const program = onA((handle) => {
      handle.truncate(1);
      handle.truncate(9);
      handle.readAt(new Uint8Array(9), 0);
    });
    expect(runOn(imageOf(file("a", 3)), program, posix).told.at(-1)).toBe("b1:0-1 \u0001");
  });
});

describe("of the tree as a whole, it is asked for", () => {
  const [one, other] = [imageOf(file("a", 1, 1)), imageOf(file("a", 1, 2))];
  const arm: Program = (directory) => {
    using handle = directory.open("a", { mode: "write" });
    (handle as unknown as { armMediaFault(fault: object): void }).armMediaFault({ kind: "lostWrite" });
  };

  test.each<[string, Program]>([
    ["a snapshot", (_, fs) => void fs.snapshot()],
    ["the durable image", (_, fs) => void fs.durableImage()],
    ["the trace, which begins with the tree", (_, fs) => void fs.trace()],
    ["a crash in place", (_, fs) => void fs.crash()],
    ["what is durable of a file", (_, fs) => void fs.durability("/a")],
    ["a fault of the disk", (_, fs) => fs.media.flipBit("/a", 0, 0)],
    ["a fault of the disk, armed", arm],
  ])("%s", (_, program) => {
    const told = [one, other].map((image) => runOn(image, program, posix).told);
    expect(told[0]).toContain("b1:0-1 \u0001");
    expect(told[1]).toContain("b1:0-1 \u0002");
  });

  test("names and bytes that the program has taken away, which a crash brings back", () => {
    const program: Program = (directory, fs) => {
      directory.open("a", { mode: "write", truncate: true }).close();
      directory.remove("a");
      fs.crash();
      return [...directory.readFile("a")];
    };
    expect(difference([one, other], program)).toBe("an answer");
  });

  test.each<[string, Program]>([
    ["a nonce", (_, fs) => fs.nonce()],
    ["the process", (_, fs) => fs.processIdentity()],
    ["whether a process lives", (_, fs) => fs.processState({ pid: 1, startTime: "1", bootId: "2", host: "simulated" })],
    ["the name of the file system", (_, fs) => fs.namespaceId],
  ])("the number of mounts, by %s", (_, program) => {
    expect(difference([imageOf(nothing, 1), imageOf(nothing, 2)], program)).toBe("an answer");
  });
});
