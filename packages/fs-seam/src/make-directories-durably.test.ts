import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults } from "../test/support/fault-sweep.js";
import { rejectionOf, scratchDirectory } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { makeDirectoriesDurably, makeDirectoriesDurablyBlocking } from "./make-directories-durably.js";
import { nodeCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

const kinds = [
  ["makeDirectoriesDurably", makeDirectoriesDurably],
  [
    "makeDirectoriesDurablyBlocking",
    async (directory: Directory, path: string) => makeDirectoriesDurablyBlocking(directory, path),
  ],
] as const;

function scene(): { root: string; directory: Directory; synced: string[] } {
  const root = scratchDirectory();
  const synced: string[] = [];
  let opened = "";
  const fs = new RealFs({
    root,
    calls: {
      open: (path, flags, mode) => {
        opened = path;
        return nodeCalls.open(path, flags, mode);
      },
      fsync: () => void synced.push(opened.slice(root.length)),
      fsyncAsync: (_fd, done) => {
        synced.push(opened.slice(root.length));
        setImmediate(done, null);
      },
    },
  });
  return { root, directory: new Directory(fs), synced };
}

describe.each(kinds)("%s", (_kind, make) => {
  test("syncs the parent of every level, outermost first, also of levels that existed", async () => {
    const { root, directory, synced } = scene();
    mkdirSync(`${root}/a`);
    await make(directory, "a/b/c");
    expect(statSync(`${root}/a/b/c`).isDirectory()).toBe(true);
    expect(synced).toEqual(["", "/a", "/a/b"]);
    await make(directory, "a/b/c");
    expect(synced).toHaveLength(6);
    await make(directory, "z");
    expect(synced.slice(6)).toEqual([""]);
  });

  test("works in a directory below the root", async () => {
    const { directory, synced } = scene();
    directory.makeDirectory("below");
    await make(directory.directory("below"), "a/b");
    expect(synced).toEqual(["/below", "/below/a"]);
  });

  test("refuses files and symlinks on the way", async () => {
    const { root, directory } = scene();
    writeFileSync(`${root}/file`, "");
    mkdirSync(`${root}/real`);
    symlinkSync("real", `${root}/link`);
    expect((await rejectionOf(make(directory, "file"))).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(make(directory, "file/below"))).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(make(directory, "link/below"))).code).toBe("FS_NOT_A_DIRECTORY");
    expect((await rejectionOf(make(directory, "a/../b"))).code).toBe("FS_INVALID_PATH");
    expect((await rejectionOf(make(directory, ""))).code).toBe("FS_INVALID_PATH");
    expect(readdirSync(`${root}/real`)).toEqual([]);
  });

  test("EIO at every call: typed, and calling again is right", async () => {
    await sweepFaults(
      "EIO",
      "once",
      (directory) => make(directory, "a/b"),
      ({ root }) => {
        makeDirectoriesDurablyBlocking(new Directory(new RealFs({ root })), "a/b");
        expect(statSync(`${root}/a/b`).isDirectory()).toBe(true);
      },
    );
  });
});
