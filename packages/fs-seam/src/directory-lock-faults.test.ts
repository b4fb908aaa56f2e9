import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import { aliveHere, clean, ownerOf, rebooted, refusalOf, reused, scene, takeOnce } from "../test/support/lock-scene.js";
import { platformError } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { acquireDirectoryLock, type DirectoryLock } from "./directory-lock.js";
import { lockText } from "./lock-file.js";
import { nodeCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";

describe.each(["EPERM", "ENOTSUP"])("a file system that answers a link with %s", (errno) => {
  const calls = {
    link: () => {
      throw platformError(errno);
    },
  };

  test("has locks all the same", () => {
    const { root, lock: path, directory } = scene(calls);
    const lock = acquireDirectoryLock(directory);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    lock.release();
    for (const owner of [reused, rebooted]) {
      writeFileSync(path, lockText(owner));
      expect(takeOnce(directory, root)).toEqual(clean);
    }
  });

  test("never takes over a file that its owner may still be writing, unless asked", () => {
    const { root, lock, directory } = scene(calls);
    writeFileSync(lock, "");
    expect(refusalOf(directory).message).toContain("unreadable");
    expect(readdirSync(root)).toEqual(["LOCK"]);
    acquireDirectoryLock(directory, { takeOverUnknown: true }).release();
  });

  test("leaves no lock behind when its content cannot be written", () => {
    let broken = true;
    const { root, directory } = scene({
      ...calls,
      write: (fd, bytes, at, length, offset) => {
        if (broken && readdirSync(root).includes("LOCK")) throw platformError("ENOSPC");
        return nodeCalls.write(fd, bytes, at, length, offset);
      },
    });
    expect(refusalOf(directory).code).toBe("FS_NO_SPACE");
    expect(readdirSync(root)).toEqual([]);
    broken = false;
    expect(takeOnce(directory, root)).toEqual(clean);
  });
});

describe("disturbances", () => {
  test("a claim swept by another holder is written again", () => {
    let sweeps = 3;
    const { root, directory } = scene({
      link: (from, to) => {
        sweeps -= 1;
        if (sweeps >= 0) nodeCalls.unlink(from);
        nodeCalls.link(from, to);
      },
    });
    expect(takeOnce(directory, root)).toEqual(clean);
    expect(sweeps).toBeLessThan(0);
  });

  test("a claim swept in the middle of a takeover is written again", () => {
    let sweeps = 3;
    const { root, lock, directory } = scene({
      rename: (from, to) => {
        sweeps -= 1;
        if (sweeps >= 0) nodeCalls.unlink(from);
        nodeCalls.rename(from, to);
      },
    });
    writeFileSync(lock, lockText(reused));
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test.each(["rename", "link", "open"] as const)("a %s that always fails is told as what it is", (name) => {
    const fail = (): never => {
      throw platformError("EIO");
    };
    const { root, lock, directory } = scene({ [name]: fail });
    writeFileSync(lock, lockText(reused));
    expect(refusalOf(directory)).toMatchObject({ code: "FS_IO", errno: "EIO", operation: name });
    expect(readdirSync(root)).toEqual(["LOCK"]);
    expect(readFileSync(lock, "latin1")).toBe(lockText(reused));
  });

  test("a link that worked and says it failed is believed by its content", () => {
    const { root, directory } = scene({
      link: (from, to) => {
        nodeCalls.link(from, to);
        throw platformError("EEXIST");
      },
    });
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("a lock replaced by hand as we take it is not ours", () => {
    const { directory } = scene({
      link: (from, to) => {
        nodeCalls.link(from, to);
        unlinkSync(to);
        writeFileSync(to, lockText(aliveHere));
      },
    });
    expect(refusalOf(directory).message).toContain("by hand");
    expect(ownerOf(directory)).toEqual(aliveHere);
  });

  test("a lock that comes and goes for ever ends in FS_LOCKED", () => {
    const { root, directory } = scene({
      link: () => {
        throw platformError("EEXIST");
      },
    });
    expect(refusalOf(directory).message).toContain("in a row");
    expect(readdirSync(root)).toEqual([]);
  });
});

describe.each(sweptErrnos)("%s at every call", (errno) => {
  const starts = {
    "of a free lock": undefined,
    "of a stale lock": lockText(reused),
    "of a torn lock": "{",
  };

  test.each(Object.entries(starts))("%s: typed, and as before", async (_what, content) => {
    for (const extent of ["once", "for-ever"] as const) {
      await sweepFaults<DirectoryLock>(
        errno,
        extent,
        (directory) => {
          if (content !== undefined && !directory.exists("LOCK")) throw new Error("the scene is not set");
          return acquireDirectoryLock(directory);
        },
        ({ root, error, result, failedCall }) => {
          result?.release();
          if (error !== undefined) expect(error.errno, failedCall).toBe(errno);
          // Whatever happened, the lock is there for the next one.
          const directory = new Directory(new RealFs({ root }));
          const next = acquireDirectoryLock(directory);
          expect(refusalOf(directory).code).toBe("FS_LOCKED");
          directory.sweepTemps();
          expect(readdirSync(root).toSorted()).toEqual(["LOCK", "file"]);
          next.release();
          expect(readdirSync(root)).toEqual(["file"]);
        },
        (root) => {
          if (content !== undefined) writeFileSync(`${root}/LOCK`, content);
        },
      );
    }
  });
});
