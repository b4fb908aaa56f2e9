import { readdirSync } from "node:fs";
import { acquireDirectoryLock, type DirectoryLockOptions } from "../../src/directory-lock.js";
import { Directory } from "../../src/directory.js";
import { readLock, type LockOwner } from "../../src/lock-file.js";
import type { FsError } from "../../src/fs-error.js";
import type { RealCalls } from "../../src/real-calls.js";
import { RealFs } from "../../src/real-fs.js";
import type { ProcessIdentity } from "../../src/store-fs.js";
import { failureOf, scratchDirectory } from "./real-scene.js";

/** An empty directory of the host, and where its lock would be. */
export function scene(calls: Partial<RealCalls> = {}): { root: string; lock: string; directory: Directory } {
  const root = scratchDirectory();
  return { root, lock: `${root}/LOCK`, directory: new Directory(new RealFs({ root, calls })) };
}

/** This process, as a lock names it. */
export const self: ProcessIdentity = new RealFs({ root: "/" }).processIdentity();

/** An owner whose pid is ours and whose start time is not: the pid was reused. */
export const reused: LockOwner = { ...self, startTime: "1", nonce: "reused" };
/** An owner from before the last boot. */
export const rebooted: LockOwner = { ...self, bootId: "00000000-0000-0000-0000-000000000000", nonce: "rebooted" };
/** An owner on another host, who cannot be judged from here. */
export const elsewhere: LockOwner = { ...self, host: "elsewhere", nonce: "elsewhere" };
/** An owner that lives and is not us, as another thread of this process would be. */
export const aliveHere: LockOwner = { ...self, nonce: "another-thread" };

/** The error with which the lock is refused. */
export function refusalOf(directory: Directory, options?: DirectoryLockOptions): FsError {
  return failureOf(() => acquireDirectoryLock(directory, options));
}

/** Who the lock file says has the lock. */
export function ownerOf(directory: Directory): LockOwner | undefined {
  return readLock(directory, "LOCK")?.owner;
}

/** What the directory shows while we hold the lock, and afterwards. */
export interface Taking {
  /** Whether the lock file named us. */
  readonly ours: boolean;
  readonly during: readonly string[];
  readonly after: readonly string[];
}

/** Takes the lock and gives it up. */
export function takeOnce(directory: Directory, root: string): Taking {
  const lock = acquireDirectoryLock(directory);
  const ours = ownerOf(directory)?.nonce === lock.owner.nonce;
  const during = readdirSync(root);
  lock.release();
  return { ours, during, after: readdirSync(root) };
}

/** Ours, and nothing lies about. */
export const clean: Taking = { ours: true, during: ["LOCK"], after: [] };
