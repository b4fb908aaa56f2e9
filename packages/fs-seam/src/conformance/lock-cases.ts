import { claim, claimEqual, claimThrows, ConformanceViolation } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { namesIn } from "./sample-files.js";
import { Directory } from "../directory.js";
import { acquireDirectoryLock } from "../directory-lock.js";
import type { DirectoryLock } from "../directory-lock.js";
import { FaultFs } from "../fault-fs.js";
import { isFsError } from "../fs-error.js";
import type { StoreFs } from "../store-fs.js";

const busy = { code: "FS_LOCKED", operation: "lock" } as const;

/** Takes a lock that must be free. */
function takeFree(fs: StoreFs, path: string): DirectoryLock {
  try {
    return acquireDirectoryLock(new Directory(fs, path));
  } catch (error) {
    if (!isFsError(error, "FS_LOCKED")) throw error;
    throw new ConformanceViolation(`the lock of ${path} must be free: ${error.message}`, { cause: error });
  }
}

/** Demands that a lock is held, also for who does not share this process's memory of it. */
function claimHeld(fs: StoreFs, path: string): void {
  claimThrows("a second lock", busy, () => acquireDirectoryLock(new Directory(fs, path)));
  claimThrows("a lock through another view", busy, () => acquireDirectoryLock(new Directory(new FaultFs(fs), path)));
}

/** One writer per directory, on top of what the backend offers for it. */
export const lockCases: readonly ConformanceCase[] = [
  {
    id: "lock-excludes-second-owner",
    family: "locks",
    obligation: "While one has the lock of a directory, a second attempt is FS_LOCKED, and other directories are free.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/b");
      using first = takeFree(fs, "/a");
      claimHeld(fs, "/a");
      claimHeld(fs, "/a");
      using other = takeFree(fs, "/b");
      claimHeld(fs, "/a");
      claim(first.owner.nonce !== other.owner.nonce, "two locks must not have one nonce");
    },
  },
  {
    id: "lock-releases-on-drop",
    family: "locks",
    obligation: "A released lock can be taken again, releasing twice does nothing, and nothing is left behind.",
    run({ fs }) {
      fs.makeDirectory("/a");
      for (let round = 0; round < 3; round += 1) {
        const lock = takeFree(fs, "/a");
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
      takeFree(fs, "/a");
      fs.syncNamesBlocking("/a");
      trial.crash();
      using lock = takeFree(fs, "/a");
      claimHeld(fs, "/a");
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
      takeFree(fs, "/a");
      fs.syncNamesBlocking("/a");
      trial.everyCrashState((state) => takeFree(state, "/a").release());
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
      takeFree(fs, "/a");
      trial.processCrash();
      takeFree(fs, "/a").release();
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
      const old = takeFree(fs, "/a");
      trial.processCrash();
      using successor = takeFree(fs, "/a");
      old.release();
      claimHeld(fs, "/a");
      successor.release();
    },
  },
];
