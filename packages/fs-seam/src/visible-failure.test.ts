import { describe, expect, test } from "vitest";
import { crashingAt } from "../test/support/crashing-fs.js";
import { bytesOf, rejectionOf } from "../test/support/real-scene.js";
import { atomicReplace } from "./atomic-replace.js";
import { copyFile } from "./copy-file.js";
import { Directory } from "./directory.js";
import { acquireDirectoryLock } from "./directory-lock.js";
import { FsError } from "./fs-error.js";
import { MemoryFs } from "./memory-fs.js";
import { stageFile } from "./publish.js";
import { removeDurably } from "./remove-durably.js";
import { visibleFailure } from "./visible-failure.js";

test("keeps code, errno and paths, adds what is known, and has the failure as cause", () => {
  const cause = new FsError("FS_IO", "failed", {
    operation: "syncNames",
    path: "/dir",
    errno: "EIO",
    injected: true,
  });
  expect(visibleFailure(cause, "publish file")).toMatchObject({
    code: "FS_IO",
    errno: "EIO",
    operation: "syncNames",
    path: "/dir",
    visible: true,
    injected: true,
    cause,
  });
});

test("what is not ours stays as it is", () => {
  const mine = new Error("mine");
  expect(visibleFailure(mine, "publish")).toBe(mine);
});

/** A dead program neither tidies up nor knows what became visible: the disk is as the crash found it. */
describe("a simulated crash", () => {
  function scene(): MemoryFs {
    const fs = new MemoryFs();
    new Directory(fs).writeFile("file", bytesOf("old"));
    return fs;
  }
  const namesIn = (fs: MemoryFs): string[] => fs.list("/").map(({ name }) => name.replace(/\.[^.]+$/, ".N"));

  test("in the rename leaves the temporary file", async () => {
    const fs = scene();
    const directory = new Directory(crashingAt(fs, "rename"));
    const failure = await rejectionOf(atomicReplace(directory, "file", bytesOf("new"), { rung: "data" }));
    expect(failure).toMatchObject({ code: "FS_CRASHED", visible: undefined });
    const copied = await rejectionOf(copyFile(directory, "file", "copy", { method: "link" }));
    expect(copied.code).toBe("FS_CRASHED");
    expect(fs.list("/")).toHaveLength(3);
    expect(new Directory(fs).readFile("file")).toEqual(bytesOf("old"));
  });

  test("in the names barrier is not called visible", async () => {
    const fs = scene();
    const directory = new Directory(crashingAt(fs, "syncNames"));
    for (const attempt of [
      atomicReplace(directory, "file", bytesOf("new"), { rung: "data" }),
      copyFile(directory, "file", "copy", { method: "copy", rung: "data" }),
      removeDurably(directory, "file"),
    ]) {
      expect(await rejectionOf(attempt)).toMatchObject({ code: "FS_CRASHED", visible: undefined });
    }
  });

  test("in an acquisition leaves what it finds", () => {
    for (const method of ["link", "remove"] as const) {
      const fs = scene();
      expect(() => acquireDirectoryLock(new Directory(crashingAt(fs, method)))).toThrow(FsError);
      expect(fs.list("/").length, method).toBeGreaterThan(1);
    }
  });

  test("between staging and discarding leaves the staged file", () => {
    const fs = scene();
    const staged = stageFile(new Directory(fs), "file");
    fs.epoch += 1; // what a crash does to every handle
    staged.discard();
    expect(namesIn(fs)).toEqual([".~file.N", "file"]);
  });
});
