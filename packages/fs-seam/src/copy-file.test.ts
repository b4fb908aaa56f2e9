import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import { bytesOf, descriptorCount, platformError, rejectionOf, scratchDirectory } from "../test/support/real-scene.js";
import { copyFile, linkOrCopy, type CopyLadder, type CopyOptions } from "./copy-file.js";
import { Directory } from "./directory.js";
import { MemoryFs } from "./memory-fs.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

function scene(calls: Partial<RealCalls> = {}): { root: string; directory: Directory } {
  const root = scratchDirectory();
  writeFileSync(`${root}/from`, "content");
  writeFileSync(`${root}/there`, "old");
  mkdirSync(`${root}/sub`);
  return { root, directory: new Directory(new RealFs({ root, calls })) };
}

/** A platform with reflinks, as a copy that counts as one. */
const cloning: Partial<RealCalls> = { clone: (from, to) => writeFileSync(to, readFileSync(from), { flag: "wx" }) };

function failing(errno: string): () => never {
  return () => {
    throw platformError(errno);
  };
}

const all = ["reflink", "link", "copy", "reflink-or-copy", "link-or-copy", "reflink-or-link-or-copy"] as const;

describe("the ladder", () => {
  test.each([
    ["reflink", "reflink"],
    ["link", "link"],
    ["copy", "copy"],
    ["reflink-or-copy", "reflink"],
    ["link-or-copy", "link"],
    ["reflink-or-link-or-copy", "reflink"],
  ] as const)("%s, where everything is possible, is %s", async (method, used) => {
    const { root, directory } = scene(cloning);
    const before = descriptorCount();
    expect(await copyFile(directory, "from", "sub/to", { method })).toEqual({ method: used, bytes: 7 });
    expect(readFileSync(`${root}/sub/to`, "latin1")).toBe("content");
    expect(statSync(`${root}/sub/to`).ino === statSync(`${root}/from`).ino).toBe(used === "link");
    expect(readdirSync(`${root}/sub`)).toEqual(["to"]);
    expect(await copyFile(directory, "from", "there", { method })).toMatchObject({ method: used });
    expect(readFileSync(`${root}/there`, "latin1")).toBe("content");
    expect(descriptorCount()).toBe(before);
  });

  test.each([
    ["reflink-or-copy", { clone: failing("ENOTSUP") }, "copy"],
    ["reflink-or-link-or-copy", { clone: failing("ENOTSUP") }, "link"],
    ["reflink-or-link-or-copy", { clone: failing("EXDEV"), link: failing("EMLINK") }, "copy"],
    ["link-or-copy", { link: failing("EPERM") }, "copy"],
    ["link-or-copy", { link: failing("ENOSYS") }, "copy"],
  ] as const)("%s falls through what is impossible (%#)", async (method, calls, used) => {
    const { directory } = scene(calls);
    expect(await copyFile(directory, "from", "there", { method })).toEqual({ method: used, bytes: 7 });
    expect(directory.readFile("there")).toEqual(bytesOf("content"));
  });

  test.each([
    ["reflink-or-copy", { clone: failing("EIO") }, "FS_IO"],
    ["reflink-or-link-or-copy", { clone: failing("ENOSPC") }, "FS_NO_SPACE"],
    ["link-or-copy", { link: failing("EACCES") }, "FS_PERMISSION_DENIED"],
  ] as const)("%s does not fall through a failure (%#)", async (method, calls, code) => {
    const { root, directory } = scene(calls);
    expect((await rejectionOf(copyFile(directory, "from", "there", { method }))).code).toBe(code);
    expect(readFileSync(`${root}/there`, "latin1")).toBe("old");
    expect(readdirSync(root).toSorted()).toEqual(["from", "sub", "there"]);
  });

  test("without a last resort it says what was refused", async () => {
    const { root, directory } = scene({ clone: failing("ENOTSUP") });
    const failure = await rejectionOf(copyFile(directory, "from", "there", { method: "reflink" }));
    expect(failure).toMatchObject({ code: "FS_UNSUPPORTED", path: "/from", destination: "/there" });
    expect(failure.cause).toMatchObject({ errno: "ENOTSUP" });
    expect(readFileSync(`${root}/there`, "latin1")).toBe("old");
  });
});

describe.each(all)("method %s", (method) => {
  test("a file onto itself is left alone", async () => {
    const { root, directory } = scene(cloning);
    const { ino } = statSync(`${root}/from`);
    expect(await copyFile(directory, "from", "from", { method })).toEqual({ method: "same-file", bytes: 7 });
    expect(statSync(`${root}/from`).ino).toBe(ino);
    expect(readFileSync(`${root}/from`, "latin1")).toBe("content");
  });

  test("a file onto another name of itself loses nothing", async () => {
    const { root, directory } = scene(cloning);
    linkSync(`${root}/from`, `${root}/alias`);
    await copyFile(directory, "from", "alias", { method });
    expect(readFileSync(`${root}/from`, "latin1")).toBe("content");
    expect(readFileSync(`${root}/alias`, "latin1")).toBe("content");
    expect(readdirSync(root).toSorted()).toEqual(["alias", "from", "sub", "there"]);
  });

  test("sources and destinations that are no files are refused, and nothing changes", async () => {
    const { root, directory } = scene(cloning);
    symlinkSync("from", `${root}/link`);
    for (const [from, to, code] of [
      ["none", "there", "FS_NOT_FOUND"],
      ["sub", "there", "FS_IS_A_DIRECTORY"],
      ["link", "there", "FS_SYMLINK_REFUSED"],
      ["from", "sub", "FS_IS_A_DIRECTORY"],
      ["from", "link", "FS_SYMLINK_REFUSED"],
      ["from", "none/below", "FS_NOT_FOUND"],
      ["../from", "there", "FS_INVALID_PATH"],
      ["from", "", "FS_INVALID_PATH"],
    ] as const) {
      expect((await rejectionOf(copyFile(directory, from, to, { method }))).code, `${from} ${to}`).toBe(code);
    }
    expect(readFileSync(`${root}/there`, "latin1")).toBe("old");
    expect(readdirSync(root).toSorted()).toEqual(["from", "link", "sub", "there"]);
  });

  test.each(sweptErrnos)("%s at every call: the old destination, or the copy", async (errno) => {
    await sweepFaults(
      errno,
      "once",
      (directory) => copyFile(directory, "file", "file2", { method, rung: "data" }).catch(unlessUnsupported),
      ({ root, error, failedCall }) => {
        const names = readdirSync(root).toSorted();
        expect(readFileSync(`${root}/file`, "latin1")).toBe("old");
        if (error?.visible === true) {
          expect(readFileSync(`${root}/file2`, "latin1")).toBe("old");
          new Directory(new RealFs({ root })).sweepTemps();
        } else if (error !== undefined) expect(names, failedCall).toEqual(["file"]);
      },
    );
  });
});

/** This disk may have no reflinks, which is no failure of the sweep. */
function unlessUnsupported(error: unknown): void {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "FS_UNSUPPORTED") throw error;
}

test("nothing is synced unless a rung asks for it", async () => {
  const barriers: string[] = [];
  const { directory } = scene({
    ...cloning,
    fdatasyncAsync: (_fd, done) => {
      barriers.push("data");
      setImmediate(done, null);
    },
    fsyncAsync: (_fd, done) => {
      barriers.push("full");
      setImmediate(done, null);
    },
  });
  for (const method of ["reflink", "link", "copy"] as const) {
    await copyFile(directory, "from", "there", { method });
    await copyFile(directory, "from", "there", { method, rung: "os" });
    expect(barriers).toEqual([]);
    await copyFile(directory, "from", "there", { method, rung: "data" });
    expect(barriers.splice(0)).toEqual(["data", "full"]); // the file, then the names
    await copyFile(directory, "from", "there", { method, rung: "full" });
    expect(barriers.splice(0)).toEqual(["full", "full"]);
  }
});

test("a long file is copied whole, and its holes read as zeros", async () => {
  const { root, directory } = scene();
  const bytes = Uint8Array.from({ length: 700_001 }, (_, index) => index % 251);
  directory.writeFile("long", bytes);
  expect(await copyFile(directory, "long", "sub/long", { method: "copy" })).toEqual({ method: "copy", bytes: 700_001 });
  expect(readFileSync(`${root}/sub/long`).equals(bytes)).toBe(true);
  const exact = bytes.subarray(0, 0x8_0000);
  directory.writeFile("exact", exact);
  expect(await copyFile(directory, "exact", "sub/exact", { method: "copy" })).toMatchObject({ bytes: 0x8_0000 });
  expect(directory.readFile("sub/exact")).toEqual(exact);
});

test.each([undefined, {}, { method: "clone" }, { method: "copy", rung: "memory" }, { method: "copy", force: true }])(
  "bad options: %j",
  async (options) => {
    const { directory } = scene();
    const copied = copyFile(directory, "from", "there", options as unknown as CopyOptions);
    expect((await rejectionOf(copied)).code).toBe("FS_INVALID_ARGUMENT");
  },
);

describe("between two directories", () => {
  test("of one file system it is a link", async () => {
    const { root, directory } = scene();
    const source = { directory, path: "from" };
    const destination = { directory: directory.directory("sub"), path: "to" };
    expect(await linkOrCopy(source, destination)).toEqual({ method: "link", bytes: 7 });
    expect(statSync(`${root}/sub/to`).nlink).toBe(2);
    const twin = { directory: new Directory(new RealFs({ root })), path: "from" };
    expect(await linkOrCopy(source, twin)).toMatchObject({ method: "same-file" });
  });

  test("of two it is a copy, in either direction, and never a hidden one", async () => {
    const { directory } = scene();
    const memory = new Directory(new MemoryFs());
    const real = { directory, path: "from" };
    const virtual = { directory: memory, path: "file" };
    expect(await linkOrCopy(real, virtual, { rung: "full" })).toEqual({ method: "copy", bytes: 7 });
    expect(memory.readFile("file")).toEqual(bytesOf("content"));
    expect(await linkOrCopy(virtual, { directory, path: "back" })).toEqual({ method: "copy", bytes: 7 });
    expect(directory.readFile("back")).toEqual(bytesOf("content"));
    const other = { directory: scene().directory, path: "from" };
    expect(await linkOrCopy(real, other)).toMatchObject({ method: "copy" });
    for (const method of ["link", "reflink"] as const satisfies CopyLadder[]) {
      expect((await rejectionOf(linkOrCopy(real, other, { method }))).code).toBe("FS_UNSUPPORTED");
    }
  });

  test("where the platform has no links it is a copy", async () => {
    const { directory } = scene({ link: failing("EPERM"), clone: nodeCalls.clone });
    const destination = { directory: directory.directory("sub"), path: "to" };
    expect(await linkOrCopy({ directory, path: "from" }, destination)).toMatchObject({ method: "copy" });
  });
});
