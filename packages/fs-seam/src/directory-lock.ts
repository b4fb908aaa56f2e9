import { cleanUpAfter } from "./cleanup-failure.js";
import type { Directory } from "./directory.js";
import { checkKeys } from "./fs-arguments.js";
import { answerOf } from "./expected-failure.js";
import { isFsError, type FsError } from "./fs-error.js";
import { refusal } from "./fs-refusal.js";
import { checkRelativePath, joinPath } from "./fs-path.js";
import {
  createLock,
  lockText,
  readLock,
  removeIfOurs,
  writeClaim,
  type LockClaim,
  type LockContent,
  type LockOwner,
} from "./lock-file.js";
import type { StoreFs } from "./store-fs.js";
import { tempName } from "./temp-name.js";

/**
 * One writer per directory. Node offers no lock that the kernel releases, so the lock is a file that names its owner, and
 * a dead owner's lock is taken over. Readers take no lock and may open beside a writer.
 *
 * 1. Claim: write who we are, with a fresh nonce, into `.~<name>.<nonce>`, and `link` it to `<name>`. A link is atomic,
 *    fails when the name exists, and never shows a file without its content. Then remove the claim.
 * 2. The name exists: read it. Owner alive, or not to be judged from here: `FS_LOCKED`.
 * 3. Owner dead, or no owner readable (a power loss tore the file): take over. Get the guard `.~<name>.<nonce of the dead
 *    owner>.guard1`, which is a lock by these same rules; holding it, read the lock again; only if it still is the dead
 *    owner's, rename our claim over it. Remove the guard, and read the lock once more to see ourselves in it.
 *
 * Why two can never both win. The lock changes hands in two ways: (a) from absent to X, by a link, which the kernel lets
 * one caller do; (b) from dead S to X, by a rename under the guard of S. Two renames over the same S exclude each other by
 * the guard, and the second finds that the lock is no longer S: the content of S holds a boot, a process and a nonce, so
 * it never comes back. A rename over S and a link exclude each other too, because the link needs the name to be absent,
 * and only S itself or a holder of its guard could have removed or replaced it. That the guard has one holder is this same
 * argument one level down, for the guard's own file. A holder that is stopped in the middle counts as alive, and keeps
 * its guard; a holder that is dead can make no call any more, `processState` answers for that.
 *
 * Why nobody who dies blocks anyone for ever. Dead before the link: a claim is left, which `Directory.sweepTemps` removes.
 * Dead while holding a guard: the guard's file names a dead owner, and is taken over by rule 3, one level deeper; each
 * level needs one more process to die in these few calls, so 16 levels are enough. Dead behind the rename: the lock names
 * a dead owner and is taken over in turn; the guard that is left guards a dead owner's content that never comes back, so
 * it stands in nobody's way, and the holder of the lock may sweep it.
 *
 * Power loss: nothing here is synced, and nothing needs to be. Whatever state of these files comes back, no owner of them
 * is alive, and an empty or torn file is a dead owner's.
 *
 * File systems without hard links (FAT): the claim becomes an exclusive create followed by a write, so for a moment a
 * living owner's file can be empty. There an unreadable lock counts as one whose owner cannot be judged: a power loss in
 * that moment leaves a lock that an operator must remove, which is better than two writers.
 */

export interface DirectoryLockOptions {
  /** Name of the lock file in the directory. Default `LOCK`. */
  readonly name?: string;
  /**
   * Take the lock from an owner that cannot be judged from here, because it ran on another machine, in another container
   * or where processes are hidden. Set it only when something else makes sure that such an owner is gone, for example
   * that the volume is attached here alone. Default false.
   */
  readonly takeOverUnknown?: boolean;
}

const maxGuardDepth = 16;
/** Every round means that another process finished a step in between. */
const maxRounds = 100;

/**
 * Locks held by this process, by absolute path: the second open of a directory is refused even if someone has removed the
 * file of the first. Keyed by file system object where nothing outlives it, so that a crash explorer may drop thousands.
 */
const heldOnDisk = new Map<string, LockOwner>();
const heldInMemory = new WeakMap<StoreFs, Map<string, LockOwner>>();

function heldOf(fs: StoreFs): { readonly held: Map<string, LockOwner>; readonly prefix: string } {
  if (fs.capabilities().persistent) return { held: heldOnDisk, prefix: `${fs.namespaceId} ` };
  let held = heldInMemory.get(fs);
  if (held === undefined) heldInMemory.set(fs, (held = new Map()));
  return { held, prefix: "" };
}

/**
 * Locks that this process got, could not use, and could not remove, because every call failed. They name a living process,
 * so only we can know that they are nobody's; whoever else finds one has to wait until this process ends.
 */
const abandoned = new Set<string>();

function lockKey(directory: Directory, name: string, owner: string): string {
  return `${directory.fs.namespaceId} ${joinPath(directory.path, name)} ${owner}`;
}

/** The right to write in a directory, until {@link DirectoryLock.release}, or until this process ends. */
export class DirectoryLock {
  /** Who holds it: this process, and the nonce that tells this lock from every other. */
  readonly owner: LockOwner;
  readonly #directory: Directory;
  readonly #name: string;
  #released = false;

  /** @internal Use {@link acquireDirectoryLock}. */
  constructor(directory: Directory, name: string, owner: LockOwner) {
    this.#directory = directory;
    this.#name = name;
    this.owner = owner;
  }

  /**
   * Gives the lock up. Removes the lock file only if it still names this owner: a lock from before a crash or a takeover
   * never releases its successor's. Idempotent; when the removal fails the lock stays held, and releasing again is right.
   */
  release(): void {
    if (this.#released) return;
    const dead = this.#directory.fs.processState(this.owner) === "dead"; // a simulated crash came between: not ours to touch
    if (!dead) removeIfOurs(this.#directory, this.#name, this.owner);
    this.#released = true;
    const { held, prefix } = heldOf(this.#directory.fs);
    const key = prefix + joinPath(this.#directory.path, this.#name);
    if (held.get(key) === this.owner) held.delete(key);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Takes the writer's lock of a directory; never waits.
 *
 * @throws {@link FsError} `FS_LOCKED` when another owner has it, or may have it, with its process id in the message;
 * `FS_READ_ONLY`; `FS_UNSUPPORTED_VERSION` when the lock file is of a later version; whatever the backend says. After a
 * failure the lock is as it was; if even the tidying up failed, this process may ask again and get it.
 */
export function acquireDirectoryLock(directory: Directory, options: DirectoryLockOptions = {}): DirectoryLock {
  checkKeys(options, ["name", "takeOverUnknown"], "lock", directory.path);
  const { name = "LOCK", takeOverUnknown = false } = options;
  checkRelativePath(name, "lock");
  if (name.includes("/")) {
    const why = "name must be a single name";
    throw refusal("FS_INVALID_ARGUMENT", "lock", directory.path, why, { errno: "EINVAL" });
  }
  const { held, prefix } = heldOf(directory.fs);
  const key = prefix + joinPath(directory.path, name);
  const holder = held.get(key);
  // A simulated crash ends the owner without a release, and the backend then says that it is dead.
  if (holder !== undefined && directory.fs.processState(holder) !== "dead") {
    throw lockedBy(directory, name, holder, "alive");
  }
  const owner = new Acquisition(directory, name, takeOverUnknown).take(name, 0);
  held.set(key, owner);
  return new DirectoryLock(directory, name, owner);
}

/** FAT answers a link with EPERM; where it means a lack of permission, the create that follows fails the same way. */
const noHardLinks = ["FS_UNSUPPORTED", "FS_PERMISSION_DENIED"] as const;

function lockedBy(directory: Directory, name: string, owner: LockOwner, state: "alive" | "unknown"): FsError {
  const path = joinPath(directory.path, name);
  const verdict = state === "alive" ? "alive" : "which cannot be judged from here";
  return refusal("FS_LOCKED", "lock", path, `held by process ${owner.pid} on ${owner.host}, ${verdict}`);
}

/** One attempt to get a lock, with the guards it may need. */
class Acquisition {
  readonly #directory: Directory;
  readonly #lockName: string;
  readonly #takeOverUnknown: boolean;

  constructor(directory: Directory, lockName: string, takeOverUnknown: boolean) {
    this.#directory = directory;
    this.#lockName = lockName;
    this.#takeOverUnknown = takeOverUnknown;
  }

  /** Makes this process the owner of the lock `name`, or throws. */
  take(name: string, depth: number): LockOwner {
    if (depth > maxGuardDepth) {
      throw this.#refusal(name, `${maxGuardDepth} takeovers were left unfinished; remove the .~ files by hand`);
    }
    for (let round = 0; round < maxRounds; round += 1) {
      const claim = writeClaim(this.#directory, name);
      let won: boolean;
      try {
        won = this.#tryOnce(name, claim, depth);
        if (won) this.#confirm(name, claim.owner);
      } catch (error) {
        cleanUpAfter(error, () => this.#directory.removeIfPresent(claim.path));
        throw error;
      }
      this.#removeQuietly(claim.path);
      if (won) return claim.owner;
    }
    throw this.#refusal(name, `came and went ${maxRounds} times in a row`);
  }

  /** False when the lock changed under our hands, and another round is due. */
  #tryOnce(name: string, claim: LockClaim, depth: number): boolean {
    if (this.#create(name, claim)) return true;
    const found = readLock(this.#directory, name);
    if (found === undefined) return false; // released meanwhile
    if (found.text === lockText(claim.owner)) return true; // NFS may do a link and report that it failed
    return this.#judge(found, name, claim) && this.#takeOver(name, claim, found, depth);
  }

  /** Creates the lock with our content; false when it exists. */
  #create(name: string, claim: LockClaim): boolean {
    try {
      this.#directory.link(claim.path, name);
      return true;
    } catch (error) {
      // Not found: the holder of the lock swept our claim. The next round writes another.
      if (isFsError(error, "FS_ALREADY_EXISTS", "FS_NOT_FOUND")) return false;
      if (!isFsError(error, ...noHardLinks)) throw error;
    }
    return createLock(this.#directory, name, claim.owner);
  }

  /** Throws `FS_LOCKED` unless the holder of this content is gone for certain; false when that cannot be found out now. */
  #judge(found: LockContent, name: string, claim: LockClaim): boolean {
    const { owner } = found;
    if (owner === undefined) {
      const hardLinks = this.#takeOverUnknown || this.#hasHardLinks(name, claim);
      if (hardLinks !== false) return hardLinks === true;
      throw this.#refusal(name, "is unreadable, and without hard links it may be half written");
    }
    if (abandoned.has(lockKey(this.#directory, name, found.text))) return true;
    const state = this.#directory.fs.processState(owner);
    if (state === "dead" || (state === "unknown" && this.#takeOverUnknown)) return true;
    throw lockedBy(this.#directory, name, owner, state);
  }

  /** Undefined when our claim, which we try to link, was swept. */
  #hasHardLinks(name: string, claim: LockClaim): boolean | undefined {
    const probe = tempName(name, `${claim.owner.nonce}.probe`);
    try {
      this.#directory.link(claim.path, probe);
    } catch (error) {
      if (isFsError(error, ...noHardLinks)) return false;
      if (isFsError(error, "FS_NOT_FOUND")) return undefined;
      if (!isFsError(error, "FS_ALREADY_EXISTS")) throw error; // exists: left by a link that worked
    }
    this.#removeQuietly(probe);
    return true;
  }

  #takeOver(name: string, claim: LockClaim, stale: LockContent, depth: number): boolean {
    // The level keeps apart the guard of a lock and the guard of that guard, should their dead owners' nonces be equal.
    const guardName = tempName(this.#lockName, `${stale.key}.guard${depth + 1}`);
    const guard = this.take(guardName, depth + 1);
    let won: boolean;
    try {
      won = readLock(this.#directory, name)?.text === stale.text && this.#replace(claim.path, name);
    } catch (error) {
      cleanUpAfter(error, () => this.#giveUp(guardName, guard));
      throw error;
    }
    if (won) {
      // The guard of a content that is gone stands in nobody's way, so failing to remove it must not cost us the lock.
      this.#removeQuietly(guardName);
    } else this.#giveUp(guardName, guard);
    return won;
  }

  #replace(claim: string, name: string): boolean {
    const replaced = answerOf(() => {
      this.#directory.rename(claim, name);
      return true;
    }, "FS_NOT_FOUND");
    return replaced === true; // not found: our claim was swept
  }

  /** Reads the lock that we have just won; gives it back when that fails, because nobody else could. */
  #confirm(name: string, owner: LockOwner): void {
    let seen: LockContent | undefined;
    try {
      seen = readLock(this.#directory, name);
    } catch (error) {
      cleanUpAfter(error, () => this.#giveUp(name, owner));
      throw error;
    }
    if (seen?.text === lockText(owner)) return;
    throw this.#refusal(name, "was removed or replaced by hand");
  }

  /** Removes a lock that we hold and have no use for, or else remembers that it is nobody's. */
  #giveUp(name: string, owner: LockOwner): void {
    const key = lockKey(this.#directory, name, lockText(owner));
    abandoned.add(key);
    removeIfOurs(this.#directory, name, owner);
    abandoned.delete(key);
  }

  #removeQuietly(path: string): void {
    try {
      this.#directory.removeIfPresent(path);
    } catch (error) {
      if (isFsError(error, "FS_CRASHED")) throw error;
      // A leftover that sweepTemps removes.
    }
  }

  #refusal(name: string, why: string): FsError {
    return refusal("FS_LOCKED", "lock", joinPath(this.#directory.path, name), why);
  }
}
