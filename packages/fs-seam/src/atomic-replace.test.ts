import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import { bytesOf, descriptorCount, rejectionOf, scratchDirectory } from "../test/support/real-scene.js";
import { atomicReplace, atomicReplaceBlocking, type ReplaceOptions } from "./atomic-replace.js";
import { cleanupFailureOf } from "./cleanup-failure.js";
import { Directory } from "./directory.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

type Content = Uint8Array | Iterable<Uint8Array>;

/** Both kinds, so that every test holds for both. */
const kinds = [
  ["promise", atomicReplace],
  [
    "blocking",
    async (directory: Directory, path: string, content: Content, options: ReplaceOptions) =>
      atomicReplaceBlocking(directory, path, content, options),
  ],
] as const satisfies readonly (readonly [
  string,
  (...values: [Directory, string, Content, ReplaceOptions]) => Promise<void>,
])[];

function scene(calls: Partial<RealCalls> = {}): { root: string; directory: Directory } {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "old");
  mkdirSync(`${root}/sub`);
  return { root, directory: new Directory(new RealFs({ root, calls })) };
}

/** Calls that write down what they do, barriers and names by their path. */
function journal(root: () => string): { calls: Partial<RealCalls>; lines: string[] } {
  const lines: string[] = [];
  const paths = new Map<number, string>();
  const short = (path: string): string => path.replace(root(), "").replace(/\.[0-9a-f]{16}/, ".N") || "/";
  const note = (what: string, fd: number): void => void lines.push(`${what} ${paths.get(fd)}`);
  return {
    lines,
    calls: {
      open: (path, flags, mode) => {
        const fd = nodeCalls.open(path, flags, mode);
        paths.set(fd, short(path));
        lines.push(`open ${short(path)}`);
        return fd;
      },
      write: (fd, bytes, at, length, offset) => {
        note("write", fd);
        return nodeCalls.write(fd, bytes, at, length, offset);
      },
      fdatasync: (fd) => note("fdatasync", fd),
      fsync: (fd) => note("fsync", fd),
      fdatasyncAsync: (fd, done) => {
        note("fdatasync", fd);
        setImmediate(done, null);
      },
      fsyncAsync: (fd, done) => {
        note("fsync", fd);
        setImmediate(done, null);
      },
      close: (fd) => {
        note("close", fd);
        nodeCalls.close(fd);
      },
      rename: (from, to) => {
        lines.push(`rename ${short(from)} ${short(to)}`);
        nodeCalls.rename(from, to);
      },
    },
  };
}

describe.each(kinds)("%s", (kind, replace) => {
  test("replaces a file, and creates one", async () => {
    const { root, directory } = scene();
    const before = descriptorCount();
    for (const rung of ["os", "data", "full"] as const) {
      await replace(directory, "file", bytesOf(`new ${rung}`), { rung });
      expect(readFileSync(`${root}/file`, "latin1")).toBe(`new ${rung}`);
      await replace(directory, `sub/${rung}`, bytesOf("made"), { rung });
      expect(readFileSync(`${root}/sub/${rung}`, "latin1")).toBe("made");
    }
    await replace(directory, "empty", new Uint8Array(0), { rung: "os" });
    expect(readFileSync(`${root}/empty`, "latin1")).toBe("");
    expect(readdirSync(root).toSorted()).toEqual(["empty", "file", "sub"]);
    expect(descriptorCount()).toBe(before);
  });

  test("takes chunks, each only until the next is asked for", async () => {
    const { root, directory } = scene();
    const chunk = new Uint8Array(1);
    await replace(
      directory,
      "file",
      (function* () {
        for (const letter of "chunks") {
          chunk[0] = letter.charCodeAt(0);
          yield chunk;
        }
      })(),
      { rung: "data" },
    );
    expect(readFileSync(`${root}/file`, "latin1")).toBe("chunks");
    await replace(directory, "file", [], { rung: "data" });
    expect(readFileSync(`${root}/file`, "latin1")).toBe("");
  });

  test.each([
    ["os", []],
    ["data", ["fdatasync"]],
    ["full", ["fsync"]],
  ] as const)("rung %s: the order of the steps is the promise", async (rung, barrier) => {
    let root = "";
    const { calls, lines } = journal(() => root);
    const made = scene(calls);
    ({ root } = made);
    await replace(made.directory, "sub/file", bytesOf("new"), { rung });
    expect(lines).toEqual([
      "open /sub/.~file.N",
      "write /sub/.~file.N",
      ...barrier.map((name) => `${name} /sub/.~file.N`),
      "close /sub/.~file.N",
      "rename /sub/.~file.N /sub/file",
      ...(rung === "os" ? [] : ["open /sub", "fsync /sub", "close /sub"]),
    ]);
  });

  test("a name of 255 bytes can be replaced", async () => {
    const { root, directory } = scene();
    const long = `${"ä".repeat(127)}x`;
    await replace(directory, long, bytesOf("new"), { rung: "os" });
    await replace(directory, long, bytesOf("newer"), { rung: "os" });
    expect(readFileSync(`${root}/${long}`, "latin1")).toBe("newer");
  });

  test("directories, symlinks and devices are not replaced, and nothing is left behind", async () => {
    const { root, directory } = scene();
    symlinkSync("file", `${root}/link`);
    symlinkSync("sub", `${root}/linked`);
    const options = { rung: "data" } as const;
    expect((await rejectionOf(replace(directory, "sub", bytesOf("x"), options))).code).toBe("FS_IS_A_DIRECTORY");
    expect((await rejectionOf(replace(directory, "link", bytesOf("x"), options))).code).toBe("FS_SYMLINK_REFUSED");
    expect((await rejectionOf(replace(directory, "linked/x", bytesOf("x"), options))).code).toBe("FS_SYMLINK_REFUSED");
    expect((await rejectionOf(replace(directory, "none/x", bytesOf("x"), options))).code).toBe("FS_NOT_FOUND");
    expect((await rejectionOf(replace(directory, "file/x", bytesOf("x"), options))).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(replace(directory, "../x", bytesOf("x"), options))).code).toBe("FS_INVALID_PATH");
    expect((await rejectionOf(replace(directory, "", bytesOf("x"), options))).code).toBe("FS_INVALID_PATH");
    const devices = new Directory(new RealFs({ root: "/dev" }));
    expect((await rejectionOf(replace(devices, "null", bytesOf("x"), options))).code).toBe("FS_UNSUPPORTED");
    expect(readdirSync(root).toSorted()).toEqual(["file", "link", "linked", "sub"]);
    expect(readdirSync(`${root}/sub`)).toEqual([]);
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
  });

  test("a symlink that appears meanwhile is not replaced either", async () => {
    const { root, directory } = scene();
    const content = (function* () {
      symlinkSync("file", `${root}/late`);
      yield bytesOf("x");
    })();
    expect((await rejectionOf(replace(directory, "late", content, { rung: "os" }))).code).toBe("FS_SYMLINK_REFUSED");
    expect(readdirSync(root).toSorted()).toEqual(["file", "late", "sub"]);
  });

  test("bad arguments are refused before anything is made", async () => {
    const { root, directory } = scene();
    const good = { rung: "data" } as const;
    for (const [content, options] of [
      ["text", good],
      [5, good],
      [undefined, good],
      [{}, good],
      [new Uint8Array(1), { rung: "memory" }],
      [new Uint8Array(1), {}],
      [new Uint8Array(1), undefined],
      [new Uint8Array(1), { rung: "data", rng: 1 }],
      [["text"], good],
      [[1, 2], good],
    ] as unknown as [Uint8Array, ReplaceOptions][]) {
      expect((await rejectionOf(replace(directory, "file", content, options))).code).toBe("FS_INVALID_ARGUMENT");
    }
    expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
  });

  test("what the content throws is thrown as it is, and leaves no trace", async () => {
    const { root, directory } = scene();
    const before = descriptorCount();
    const mine = new Error("mine");
    const content = (function* () {
      yield bytesOf("half");
      throw mine;
    })();
    await expect(replace(directory, "file", content, { rung: "full" })).rejects.toBe(mine);
    expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
    expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
    expect(descriptorCount()).toBe(before);
  });

  test("on a read-only file system nothing is made", async () => {
    const { root } = scene();
    const directory = new Directory(new RealFs({ root, readOnly: true }));
    expect((await rejectionOf(replace(directory, "file", bytesOf("x"), { rung: "data" }))).code).toBe("FS_READ_ONLY");
    expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
  });

  test("other names of the old file keep the old content", async () => {
    const { root, directory } = scene();
    linkSync(`${root}/file`, `${root}/other`);
    await replace(directory, "file", bytesOf("new"), { rung: "os" });
    expect(readFileSync(`${root}/other`, "latin1")).toBe("old");
  });

  describe.each(sweptErrnos)("%s at every call", (errno) => {
    test.each(["os", "data", "full"] as const)(
      "once, rung %s: the old content, or the new one and `visible`",
      async (rung) => {
        const failed = await sweepFaults(
          errno,
          "once",
          (directory) => replace(directory, "file", bytesOf("new"), { rung }),
          ({ root, error, failedCall }) => {
            const content = readFileSync(`${root}/file`, "latin1");
            if (error === undefined) {
              expect(content, failedCall).toBe("new");
              expect(["", "fileStat"]).toContain(failedCall);
            } else {
              expect(content, failedCall).toBe(error.visible === true ? "new" : "old");
              expect(error.errno).toBe(errno);
              expect(cleanupFailureOf(error)).toBeUndefined();
              if (error.visible === true) expect(error.cause).toMatchObject({ code: error.code });
            }
            expect(readdirSync(root), failedCall).toEqual(["file"]);
          },
        );
        expect(failed).toBeGreaterThanOrEqual(rung === "os" ? 6 : 11);
      },
    );

    test("for ever, rung data: the same, and what could not be tidied up is told", async () => {
      await sweepFaults(
        errno,
        "for-ever",
        (directory) => replace(directory, "file", bytesOf("new"), { rung: "data" }),
        ({ root, error, failedCall }) => {
          expect(readFileSync(`${root}/file`, "latin1")).toBe(
            error === undefined || error.visible === true ? "new" : "old",
          );
          const left = readdirSync(root).filter((name) => name !== "file");
          expect(left.length, failedCall).toBeLessThanOrEqual(1);
          if (left.length > 0) expect(cleanupFailureOf(error)).toMatchObject({ errno });
          expect(new Directory(new RealFs({ root })).sweepTemps()).toBe(left.length);
        },
      );
    });
  });

  test("two at a time: one of them wins, whole", async () => {
    const { root, directory } = scene();
    const contents = ["a", "b", "c", "d"].map((letter) => letter.repeat(10_000));
    await Promise.all(contents.map((content) => replace(directory, "file", bytesOf(content), { rung: "data" })));
    expect(contents).toContain(readFileSync(`${root}/file`, "latin1"));
    expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
    expect(kind).toBeTypeOf("string");
  });
});

test("content may come from anywhere, as it comes", async () => {
  const { root, directory } = scene();
  const content = (async function* () {
    for (const word of ["from ", "far ", "away"]) {
      await new Promise(setImmediate);
      yield bytesOf(word);
    }
  })();
  await atomicReplace(directory, "file", content, { rung: "data" });
  expect(readFileSync(`${root}/file`, "latin1")).toBe("from far away");
});

test("content that ends in a rejection leaves no trace", async () => {
  const { root, directory } = scene();
  const mine = new Error("mine");
  let returned = false;
  const content = (async function* () {
    try {
      yield bytesOf("half");
      throw mine;
    } finally {
      returned = true;
    }
  })();
  await expect(atomicReplace(directory, "file", content, { rung: "data" })).rejects.toBe(mine);
  expect(returned).toBe(true);
  expect(readdirSync(root).toSorted()).toEqual(["file", "sub"]);
});

test("an error that takes no property is thrown all the same", async () => {
  const { root, directory } = scene({ unlink: nodeCalls.openEntries as never }); // so that tidying up fails too
  const frozen: Error = Object.freeze(new Error("mine"));
  const content: Iterable<Uint8Array> = { [Symbol.iterator]: () => ({ next: () => throwing(frozen) }) };
  await expect(atomicReplace(directory, "file", content, { rung: "os" })).rejects.toBe(frozen);
  expect(cleanupFailureOf(frozen)).toBeUndefined();
  expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
});

function throwing(error: Error): never {
  throw error;
}
