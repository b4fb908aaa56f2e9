import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { failureOf, platformError, scratchDirectory } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { acquireDirectoryLock } from "./directory-lock.js";
import { fsErrorCodes, fsErrorCodeOf, type FsErrorCode } from "./fs-error.js";
import type { RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

// Method: each code that can come from a real disk, or from a protocol on one, has a call here that provokes it. A new
// code must be added to one of the two lists, or the first test fails.

/** Codes of simulated crashes, of disk images, and one for formats that need a whole record. */
const neverFromADisk: readonly FsErrorCode[] = ["FS_CRASHED", "FS_BAD_IMAGE", "FS_SHORT_READ"];

type Provocation = (fs: RealFs, root: string) => unknown;

function platform(call: keyof RealCalls, errno: string): (root: string) => RealFs {
  const fail = (): never => {
    throw platformError(errno);
  };
  return (root) => new RealFs({ root, calls: { [call]: fail } });
}

const open = (fs: RealFs) => fs.open("/file", { mode: "write" });
const lock = (fs: RealFs) => acquireDirectoryLock(new Directory(fs));
const whole = (root: string) => new RealFs({ root });

const provocations: Partial<Record<FsErrorCode, readonly [(root: string) => RealFs, Provocation]>> = {
  FS_NOT_FOUND: [whole, (fs) => fs.stat("/none")],
  FS_ALREADY_EXISTS: [whole, (fs) => fs.makeDirectory("/dir")],
  FS_NOT_A_DIRECTORY: [whole, (fs) => fs.list("/file")],
  FS_IS_A_DIRECTORY: [whole, (fs) => fs.remove("/dir")],
  FS_DIRECTORY_NOT_EMPTY: [whole, (fs) => fs.removeDirectory("/dir")],
  FS_INVALID_ARGUMENT: [whole, (fs) => open(fs).truncate(-1)],
  FS_INVALID_PATH: [whole, (fs) => fs.stat("/../file")],
  FS_NAME_TOO_LONG: [whole, (fs) => fs.stat(`/${"n".repeat(256)}`)],
  FS_SYMLINK_REFUSED: [whole, (fs) => fs.open("/link", { mode: "read" })],
  FS_PERMISSION_DENIED: [platform("open", "EACCES"), open],
  FS_READ_ONLY: [(root) => new RealFs({ root, readOnly: true }), open],
  FS_NO_SPACE: [platform("write", "ENOSPC"), (fs) => open(fs).writeAt(new Uint8Array(1), 0)],
  FS_QUOTA_EXCEEDED: [platform("write", "EDQUOT"), (fs) => open(fs).writeAt(new Uint8Array(1), 0)],
  FS_FILE_TOO_LARGE: [whole, (fs) => open(fs).writeAt(new Uint8Array(2), Number.MAX_SAFE_INTEGER)],
  FS_TOO_MANY_LINKS: [platform("link", "EMLINK"), (fs) => fs.link("/file", "/new")],
  FS_TOO_MANY_OPEN_FILES: [platform("open", "EMFILE"), open],
  FS_CROSS_DEVICE: [platform("rename", "EXDEV"), (fs) => fs.rename("/file", "/dir/file")],
  FS_UNSUPPORTED: [whole, (fs) => open(fs).punch(0, 1)],
  FS_INTERRUPTED: [platform("open", "EINTR"), open],
  FS_BUSY: [platform("unlink", "EBUSY"), (fs) => fs.remove("/file")],
  FS_LOCKED: [whole, (fs) => [lock(fs), lock(fs)]],
  FS_CLOSED: [
    whole,
    (fs) => {
      const handle = open(fs);
      handle.close();
      handle.stat();
    },
  ],
  FS_POISONED: [
    platform("fsync", "EIO"),
    (fs) => {
      const handle = open(fs);
      failureOf(() => handle.syncBlocking("full"));
      handle.writeAt(new Uint8Array(1), 0);
    },
  ],
  FS_UNSUPPORTED_VERSION: [
    whole,
    (fs, root) => {
      writeFileSync(`${root}/LOCK`, '{"format":"holdfast-lock/9"}');
      lock(fs);
    },
  ],
  FS_IO: [platform("entryStat", "ENXIO"), (fs) => fs.stat("/file")],
};

test("every code is provoked here, or cannot come from a disk", () => {
  expect([...Object.keys(provocations), ...neverFromADisk].toSorted()).toEqual([...fsErrorCodes].toSorted());
});

test.each(Object.entries(provocations))("%s", (code, [make, provoke]) => {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "x");
  mkdirSync(`${root}/dir/below`, { recursive: true });
  symlinkSync("file", `${root}/link`);
  const fs = make(root);
  const failure = failureOf(() => provoke(fs, root));
  expect(failure.code).toBe(code);
  expect(failure.injected).toBe(false);
  expect(failure.message).not.toContain(root); // the cause has the host's path, the message ours
});

test("an errno that nobody knows is FS_IO and keeps its name", () => {
  expect(fsErrorCodeOf("EWEIRD")).toBe("FS_IO");
  expect(fsErrorCodeOf(undefined)).toBe("FS_IO");
  const fs = platform("entryStat", "EWEIRD")(scratchDirectory());
  expect(failureOf(() => fs.stat("/file"))).toMatchObject({ code: "FS_IO", errno: "EWEIRD", operation: "stat" });
});

test("what is no platform error at all is FS_IO with a cause", () => {
  const cause = new TypeError("broken");
  const fs = new RealFs({
    root: scratchDirectory(),
    calls: {
      entryStat: () => {
        throw cause;
      },
    },
  });
  expect(failureOf(() => fs.stat("/file"))).toMatchObject({ code: "FS_IO", errno: undefined, cause });
});
