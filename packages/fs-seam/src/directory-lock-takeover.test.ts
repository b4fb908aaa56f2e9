import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  aliveHere,
  clean,
  elsewhere,
  ownerOf,
  rebooted,
  refusalOf,
  reused,
  scene,
  self,
  takeOnce,
} from "../test/support/lock-scene.js";
import { acquireDirectoryLock } from "./directory-lock.js";
import { lockText, readLock } from "./lock-file.js";
import { tempName } from "./temp-name.js";

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
