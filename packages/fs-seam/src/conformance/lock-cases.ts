import { claimEqual, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { namesIn } from "./sample-files.js";
import { Directory } from "../directory.js";
import { acquireDirectoryLock } from "../directory-lock.js";

const busy = { code: "FS_LOCKED", operation: "lock" } as const;

/** One writer per directory, on top of what the backend offers for it. */
export const lockCases: readonly ConformanceCase[] = [
  {
    id: "lock-excludes-second-owner",
    family: "locks",
    obligation: "While one has the lock of a directory, a second attempt is FS_LOCKED, and other directories are free.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/b");
      using first = acquireDirectoryLock(new Directory(fs, "/a"));
      claimThrows("a second lock", busy, () => acquireDirectoryLock(new Directory(fs, "/a")));
      claimThrows("and again", busy, () => acquireDirectoryLock(new Directory(fs, "/a")));
      using other = acquireDirectoryLock(new Directory(fs, "/b"));
      first.release();
      other.release();
    },
  },
  {
    id: "lock-releases-on-drop",
    family: "locks",
    obligation: "A released lock can be taken again, releasing twice does nothing, and nothing is left behind.",
    run({ fs }) {
      fs.makeDirectory("/a");
      for (let round = 0; round < 3; round += 1) {
        const lock = acquireDirectoryLock(new Directory(fs, "/a"));
        lock.release();
        lock.release();
      }
      claimEqual(namesIn(fs, "/a"), [], "names");
    },
  },
  {
    id: "lock-cleared-by-crash",
    family: "locks",
    obligation: "A power loss ends every lock: whatever is left of its file, the next owner takes over.",
    needs: ["crash"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      fs.syncNamesBlocking("/");
      acquireDirectoryLock(new Directory(fs, "/a"));
      fs.syncNamesBlocking("/a");
      trial.crash();
      using lock = acquireDirectoryLock(new Directory(fs, "/a"));
      claimThrows("a second lock", busy, () => acquireDirectoryLock(new Directory(fs, "/a")));
      lock.release();
    },
  },
  {
    id: "lock-cleared-in-every-crash-state",
    family: "locks",
    obligation: "In every state a power loss may leave, the directory can be locked anew.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      fs.syncNamesBlocking("/");
      acquireDirectoryLock(new Directory(fs, "/a"));
      fs.syncNamesBlocking("/a");
      trial.everyCrashState((state) => acquireDirectoryLock(new Directory(state, "/a")).release());
    },
  },
  {
    id: "lock-cleared-by-process-crash",
    family: "locks",
    obligation: "The end of the owning process ends its lock, though the file of the lock stays.",
    needs: ["processCrash"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      acquireDirectoryLock(new Directory(fs, "/a"));
      trial.processCrash();
      acquireDirectoryLock(new Directory(fs, "/a")).release();
    },
  },
  {
    id: "stale-guard-does-not-release-new-owner",
    family: "locks",
    obligation: "A lock from before a crash, released later, leaves the lock of its successor alone.",
    needs: ["processCrash"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      const old = acquireDirectoryLock(new Directory(fs, "/a"));
      trial.processCrash();
      using successor = acquireDirectoryLock(new Directory(fs, "/a"));
      old.release();
      claimThrows("a third lock", busy, () => acquireDirectoryLock(new Directory(fs, "/a")));
      successor.release();
    },
  },
];
