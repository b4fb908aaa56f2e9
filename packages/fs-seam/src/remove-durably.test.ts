import { existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import { platformError, rejectionOf, scratchDirectory } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import { removeDurably, removeDurablyBlocking } from "./remove-durably.js";

function scene(calls: Partial<RealCalls> = {}): { root: string; directory: Directory } {
  const root = scratchDirectory();
  mkdirSync(`${root}/sub`);
  writeFileSync(`${root}/sub/file`, "x");
  return { root, directory: new Directory(new RealFs({ root, calls })) };
}

const kinds = [
  ["removeDurably", removeDurably],
  ["removeDurablyBlocking", async (directory: Directory, path: string) => removeDurablyBlocking(directory, path)],
] as const;

describe.each(kinds)("%s", (_kind, remove) => {
  test("removes, then syncs the names of the directory it was in, also when there was nothing", async () => {
    const steps: string[] = [];
    let opened = "";
    const { root, directory } = scene({
      open: (path, flags, mode) => {
        opened = path;
        return nodeCalls.open(path, flags, mode);
      },
      unlink: (path) => {
        nodeCalls.unlink(path);
        steps.push(`unlink ${path}`);
      },
      fsync: () => void steps.push(`fsync ${opened}`),
      fsyncAsync: (_fd, done) => {
        steps.push(`fsync ${opened}`);
        setImmediate(done, null);
      },
    });
    expect(await remove(directory, "sub/file")).toBe(true);
    expect(existsSync(`${root}/sub/file`)).toBe(false);
    expect(await remove(directory, "sub/file")).toBe(false);
    expect(await remove(directory, "none")).toBe(false);
    expect(steps).toEqual([`unlink ${root}/sub/file`, `fsync ${root}/sub`, `fsync ${root}/sub`, `fsync ${root}`]);
  });

  test("refuses what is no file, and surfaces everything but absence", async () => {
    const { root, directory } = scene();
    symlinkSync("sub", `${root}/linked`);
    expect((await rejectionOf(remove(directory, "sub"))).code).toBe("FS_IS_A_DIRECTORY");
    expect((await rejectionOf(remove(directory, "linked/file"))).code).toBe("FS_SYMLINK_REFUSED");
    expect((await rejectionOf(remove(directory, "none/file"))).code).toBe("FS_NOT_FOUND");
    expect((await rejectionOf(remove(directory, "../file"))).code).toBe("FS_INVALID_PATH");
    expect(existsSync(`${root}/sub/file`)).toBe(true);
  });

  test("a failed barrier says whether the file is gone for now", async () => {
    const { root, directory } = scene({
      fsync: () => {
        throw platformError("EIO");
      },
      fsyncAsync: (_fd, done) => setImmediate(done, platformError("EIO")),
    });
    expect(await rejectionOf(remove(directory, "sub/file"))).toMatchObject({ code: "FS_IO", visible: true });
    expect(existsSync(`${root}/sub/file`)).toBe(false);
    expect((await rejectionOf(remove(directory, "none"))).visible).toBeUndefined();
  });

  test.each(sweptErrnos)("%s at every call: still there, or gone and `visible`", async (errno) => {
    await sweepFaults(
      errno,
      "once",
      (directory) => remove(directory, "file"),
      ({ root, error, failedCall }) => {
        const gone = error === undefined || error.visible === true;
        expect(existsSync(`${root}/file`), failedCall).toBe(!gone);
      },
    );
  });
});
