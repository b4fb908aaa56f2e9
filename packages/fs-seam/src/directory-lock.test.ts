import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, test } from "vitest";
import { sweepFaults, sweptErrnos } from "../test/support/fault-sweep.js";
import { bytesOf, descriptorCount, failureOf, platformError, scratchDirectory } from "../test/support/real-scene.js";
import { Directory } from "./directory.js";
import { acquireDirectoryLock, type DirectoryLock, type DirectoryLockOptions } from "./directory-lock.js";
import { lockText, readLock, type LockOwner } from "./lock-file.js";
import { MemoryFs } from "./memory-fs.js";
import { nodeCalls, type RealCalls } from "./real-calls.js";
import { RealFs } from "./real-fs.js";
import { tempName } from "./temp-name.js";

function scene(calls: Partial<RealCalls> = {}): { root: string; lock: string; directory: Directory } {
  const root = scratchDirectory();
  return { root, lock: `${root}/LOCK`, directory: new Directory(new RealFs({ root, calls })) };
}

const self = new RealFs({ root: "/" }).processIdentity();

/** An owner whose pid is ours and whose start time is not: the pid was reused. */
const reused: LockOwner = { ...self, startTime: "1", nonce: "reused" };
const rebooted: LockOwner = { ...self, bootId: "00000000-0000-0000-0000-000000000000", nonce: "rebooted" };
const elsewhere: LockOwner = { ...self, host: "elsewhere", nonce: "elsewhere" };
const aliveHere: LockOwner = { ...self, nonce: "another-thread" };

function refusalOf(directory: Directory, options?: DirectoryLockOptions) {
  return failureOf(() => acquireDirectoryLock(directory, options));
}

function ownerOf(directory: Directory): LockOwner | undefined {
  return readLock(directory, "LOCK")?.owner;
}

/** What the directory shows while we hold the lock, and afterwards. */
function takeOnce(directory: Directory, root: string) {
  const lock = acquireDirectoryLock(directory);
  const ours = ownerOf(directory)?.nonce === lock.owner.nonce;
  const during = readdirSync(root);
  lock.release();
  return { ours, during, after: readdirSync(root) };
}

/** Ours, and nothing lies about. */
const clean = { ours: true, during: ["LOCK"], after: [] };

describe("one owner", () => {
  test("has the lock until it gives it up", () => {
    const { root, lock: path, directory } = scene();
    const before = descriptorCount();
    const lock = acquireDirectoryLock(directory);
    expect(JSON.parse(readFileSync(path, "latin1"))).toEqual({
      format: "holdfast-lock/1",
      nonce: lock.owner.nonce,
      ...self,
    });
    expect(readdirSync(root)).toEqual(["LOCK"]);
    const refusal = refusalOf(directory);
    expect(refusal).toMatchObject({ code: "FS_LOCKED", operation: "lock", path: "/LOCK" });
    expect(refusal.message).toContain(`process ${process.pid} `);
    lock.release();
    lock.release();
    expect(readdirSync(root)).toEqual([]);
    acquireDirectoryLock(directory)[Symbol.dispose]();
    expect(readdirSync(root)).toEqual([]);
    expect(descriptorCount()).toBe(before);
  });

  test("is refused a second time through any view of the directory", () => {
    const { root, directory } = scene();
    mkdirSync(`${root}/store`);
    const lock = acquireDirectoryLock(directory.directory("store"));
    for (const view of [
      directory.directory("store"),
      new Directory(new RealFs({ root }), "/store"),
      new Directory(new RealFs({ root: `${root}/store` })),
    ]) {
      expect(refusalOf(view).code).toBe("FS_LOCKED");
    }
    const other = acquireDirectoryLock(directory, { name: "OTHER" });
    other.release();
    lock.release();
  });

  test("keeps it although someone removes the file", () => {
    const { lock: path, directory } = scene();
    const lock = acquireDirectoryLock(directory);
    unlinkSync(path);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    lock.release();
    acquireDirectoryLock(directory).release();
  });

  test("releases nobody else's lock", () => {
    const { lock: path, directory } = scene();
    const lock = acquireDirectoryLock(directory);
    writeFileSync(path, lockText(aliveHere));
    lock.release();
    expect(ownerOf(directory)).toEqual(aliveHere);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    unlinkSync(path);
    const next = acquireDirectoryLock(directory);
    lock.release();
    expect(ownerOf(directory)).toEqual(next.owner);
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    next.release();
  });

  test("still has it when the release fails, and may try again", () => {
    let broken = true;
    const { directory } = scene({
      unlink: (path) => {
        if (broken && path.endsWith("/LOCK")) throw platformError("EIO");
        nodeCalls.unlink(path);
      },
    });
    const lock = acquireDirectoryLock(directory);
    expect(failureOf(() => lock.release()).code).toBe("FS_IO");
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    broken = false;
    lock.release();
    acquireDirectoryLock(directory).release();
  });

  test("lets readers in, and readers take no lock", () => {
    const { root, directory } = scene();
    directory.writeFile("data", bytesOf("x"));
    using lock = acquireDirectoryLock(directory);
    const reader = new Directory(new RealFs({ root, readOnly: true }));
    expect(reader.readFile("data")).toEqual(bytesOf("x"));
    expect(refusalOf(reader).code).toBe("FS_LOCKED");
    lock.release();
    expect(refusalOf(reader).code).toBe("FS_READ_ONLY");
  });
});

describe("a lock that was left behind", () => {
  test.each([
    ["whose pid belongs to another process now", reused],
    ["from before the last boot", rebooted],
    ["of a process that is gone", { ...self, pid: 0x7fff_fffe, nonce: "gone" }],
  ])("%s is taken over", (_what, owner) => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(owner));
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("of a living owner is not, whatever its nonce", () => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(aliveHere));
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    expect(refusalOf(directory, { takeOverUnknown: true }).code).toBe("FS_LOCKED");
    expect(readFileSync(lock, "latin1")).toBe(lockText(aliveHere));
    expect(readdirSync(root)).toEqual(["LOCK"]);
  });

  test("by one who cannot be judged is taken over only when asked", () => {
    const { lock, directory } = scene();
    writeFileSync(lock, lockText(elsewhere));
    const refusal = refusalOf(directory);
    expect(refusal.code).toBe("FS_LOCKED");
    expect(refusal.message).toContain("cannot be judged");
    expect(ownerOf(directory)).toEqual(elsewhere);
    const taken = acquireDirectoryLock(directory, { takeOverUnknown: true });
    expect(ownerOf(directory)).toEqual(taken.owner);
    taken.release();
  });

  const whole = lockText(reused);
  test.each(Array.from({ length: whole.length }, (_, length) => length))("cut to %d bytes is taken over", (length) => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, whole.slice(0, length));
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test.each([
    ["zeros", "\0".repeat(100)],
    ["garbage", "\xff\xfe{not json"],
    ["a number", "12"],
    ["null", "null"],
    ["an empty object", "{}"],
    ["another program's", '{"format":"other/1","pid":1}'],
    ["a nonce that is a path", lockText({ ...aliveHere, nonce: "../../x" })],
    ["an empty nonce", lockText({ ...aliveHere, nonce: "" })],
    ["a pid of 0", lockText({ ...aliveHere, pid: 0 })],
    ["a negative pid", lockText({ ...aliveHere, pid: -1 })],
    ["half a pid", lockText({ ...aliveHere, pid: 0.5 })],
    ["a huge pid", lockText({ ...aliveHere, pid: 2 ** 40 })],
    ["no host", whole.replace('"host"', '"hosts"')],
    ["a million bytes", "x".repeat(1_000_000)],
  ])("that reads as %s is taken over", (_what, text) => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, text, "latin1");
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("by a later version of us is not touched", () => {
    const { lock, directory } = scene();
    writeFileSync(lock, whole.replace("holdfast-lock/1", "holdfast-lock/2"));
    expect(refusalOf(directory).code).toBe("FS_UNSUPPORTED_VERSION");
    expect(refusalOf(directory, { takeOverUnknown: true }).code).toBe("FS_UNSUPPORTED_VERSION");
    expect(existsSync(lock)).toBe(true);
  });

  test("as something else than a file is refused as what it is", () => {
    const { root, lock, directory } = scene();
    mkdirSync(lock);
    expect(refusalOf(directory).code).toBe("FS_IS_A_DIRECTORY");
    renameSync(lock, `${root}/moved`);
    symlinkSync("moved", lock);
    expect(refusalOf(directory).code).toBe("FS_SYMLINK_REFUSED");
    expect(readdirSync(root).toSorted()).toEqual(["LOCK", "moved"]);
  });
});

describe("a takeover that was left behind", () => {
  /** The guard of a lock that is held by `stale`, itself held by `holder`; level 1 guards the lock itself. */
  function leaveGuard(root: string, level: number, stale: string, holder: string): void {
    writeFileSync(`${root}/${tempName("LOCK", `${stale}.guard${level}`)}`, holder);
  }

  test("by a dead process is taken over in turn", () => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(reused));
    leaveGuard(root, 1, "reused", lockText(rebooted));
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("by a dead process with the same nonce is taken over in turn", () => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(reused));
    leaveGuard(root, 1, "reused", lockText(reused));
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("torn by a power loss is taken over in turn", () => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, "");
    const { key } = readLock(directory, "LOCK") ?? { key: "" };
    leaveGuard(root, 1, key, "");
    expect(takeOnce(directory, root)).toEqual(clean);
  });

  test("by a living process is waited for by nobody: it is locked", () => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(reused));
    leaveGuard(root, 1, "reused", lockText(aliveHere));
    expect(refusalOf(directory).code).toBe("FS_LOCKED");
    expect(ownerOf(directory)).toEqual(reused);
  });

  test.each([
    [15, true],
    [16, false],
  ])("by %d processes in a row: %s", (depth, works) => {
    const { root, lock, directory } = scene();
    writeFileSync(lock, lockText(reused));
    let stale = "reused";
    for (let level = 1; level <= depth; level += 1) {
      const holder = `dead-${level}`;
      leaveGuard(root, level, stale, lockText({ ...rebooted, nonce: holder }));
      stale = holder;
    }
    if (works) expect(takeOnce(directory, root)).toEqual(clean);
    else expect(refusalOf(directory).message).toContain("by hand");
  });
});

describe("bad options", () => {
  test.each([
    { name: "" },
    { name: "a/b" },
    { name: "../LOCK" },
    { name: "x".repeat(300) },
    { name: 5 },
    { nam: "LOCK" },
    null,
  ])("%j", (options) => {
    const { root, directory } = scene();
    const { code } = refusalOf(directory, options as unknown as DirectoryLockOptions);
    expect(["FS_INVALID_ARGUMENT", "FS_INVALID_PATH", "FS_NAME_TOO_LONG"]).toContain(code);
    expect(readdirSync(root)).toEqual([]);
  });

  test("a long name is no bad one", () => {
    const { root, directory } = scene();
    const name = "L".repeat(255);
    const lock = acquireDirectoryLock(directory, { name });
    expect(readdirSync(root)).toEqual([name]);
    lock.release();
    writeFileSync(`${root}/${name}`, lockText(reused));
    acquireDirectoryLock(directory, { name }).release();
    expect(readdirSync(root)).toEqual([]);
  });
});

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

test("whoever tidies up bears it that another takes its own claim away meanwhile", () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const lock = acquireDirectoryLock(directory);
  for (const name of [".~LOCK.1", ".~LOCK.2", ".~LOCK.3"]) directory.writeFile(name, bytesOf("a claim"));
  fs.list = (path) => {
    const entries = MemoryFs.prototype.list.call(fs, path);
    fs.remove("/.~LOCK.2"); // behind the look, and before the first removal
    return entries;
  };
  expect(directory.sweepTemps()).toBe(2);
  expect(MemoryFs.prototype.list.call(fs, "/").map(({ name }) => name)).toEqual(["LOCK"]);
  lock.release();
});

test("in memory there are locks too", () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const lock = acquireDirectoryLock(directory);
  expect(refusalOf(directory).code).toBe("FS_LOCKED");
  acquireDirectoryLock(new Directory(new MemoryFs())).release();
  lock.release();
  acquireDirectoryLock(directory).release();
  expect(directory.fs.list("/")).toEqual([]);
});

test("the file of an owner is ASCII, whatever its host is called", () => {
  const { lock, directory } = scene();
  const owner = { ...self, host: 'höst\n"名"', nonce: "n" };
  const text = lockText(owner);
  expect(text).toMatch(/^[ -~]+\n$/);
  writeFileSync(lock, text);
  expect(readLock(directory, "LOCK")).toMatchObject({ owner, text, key: "n" });
});
