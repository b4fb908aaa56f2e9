import { cleanUpAfter } from "./cleanup-failure.js";
import type { Directory } from "./directory.js";
import { refusal } from "./fs-refusal.js";
import { answerOf } from "./expected-failure.js";
import { joinPath } from "./fs-path.js";
import type { ProcessIdentity } from "./store-fs.js";
import { makeTemp } from "./temp-name.js";

/**
 * The file that names the owner of a lock: one line of JSON in ASCII, so that an operator can read it.
 *
 * `{"format":"holdfast-lock/1","nonce":"...","pid":1,"startTime":"...","bootId":"...","host":"..."}`
 */

export interface LockOwner extends ProcessIdentity {
  /** Tells this lock from every other that the same process takes. */
  readonly nonce: string;
}

export interface LockContent {
  /** Undefined when the file is empty, torn or foreign. */
  readonly owner: LockOwner | undefined;
  /** The bytes, one character each: two contents are one and the same lock exactly when these are equal. */
  readonly text: string;
  /** Short and fit for a file name: the owner's nonce, or a hash of the file's name and its bytes. */
  readonly key: string;
}

const formatPrefix = "holdfast-lock/";
const format = `${formatPrefix}1`;

/** What we write is far shorter; of anything longer the beginning is enough to see that it is not ours. */
const maxLockBytes = 4096;

/** Exactly what the file of this owner holds. */
export function lockText(owner: LockOwner): string {
  const { nonce, pid, startTime, bootId, host } = owner;
  const json = JSON.stringify({ format, nonce, pid, startTime, bootId, host });
  return `${json.replaceAll(/[^\u0020-\u007e]/g, escapeUnit)}\n`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** The beginning of the file, one character for each byte; undefined when there is none. */
function readLockText(directory: Directory, name: string): string | undefined {
  const handle = answerOf(() => directory.open(name, { mode: "read" }), "FS_NOT_FOUND");
  if (handle === undefined) return undefined;
  try {
    const bytes = new Uint8Array(maxLockBytes);
    return String.fromCharCode(...bytes.subarray(0, handle.readAt(bytes, 0)));
  } finally {
    handle.close();
  }
}

/** Whom the lock file names; undefined when there is none. */
export function readLock(directory: Directory, name: string): LockContent | undefined {
  const text = readLockText(directory, name);
  if (text === undefined) return undefined;
  const owner = parseOwner(text, joinPath(directory.path, name));
  return { owner, text, key: owner?.nonce ?? `x${hashOf(`${name}\n${text}`)}` };
}

function parseOwner(text: string, path: string): LockOwner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>; // any JSON object is one; every field is checked before use
  if (typeof fields.format !== "string" || !fields.format.startsWith(formatPrefix)) return undefined;
  // Whoever wrote another version may well be alive, and we cannot know by what rules it judges us.
  if (fields.format !== format) {
    throw refusal("FS_UNSUPPORTED_VERSION", "lock", path, `has the format ${JSON.stringify(fields.format)}`);
  }
  const { nonce, pid, startTime, bootId, host } = fields;
  if (typeof nonce !== "string" || !/^[A-Za-z0-9-]{1,64}$/.test(nonce)) return undefined; // it becomes part of a name
  if (typeof pid !== "number" || !Number.isInteger(pid) || pid <= 0 || pid > 0x7fff_ffff) return undefined;
  if (typeof startTime !== "string" || typeof bootId !== "string" || typeof host !== "string") return undefined;
  return { pid, startTime, bootId, host, nonce };
}

/** FNV-1a: names a content and proves nothing. Two contents with one hash would only share a guard. */
function hashOf(text: string): string {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193);
  return (hash >>> 0).toString(16);
}

export interface LockClaim {
  readonly path: string;
  readonly owner: LockOwner;
}

/** Writes who we are, with a fresh nonce, into a new temporary file beside the lock. */
export function writeClaim(directory: Directory, name: string): LockClaim {
  let owner: LockOwner | undefined;
  const path = makeTemp(directory, name, (temp, nonce) => {
    owner = { ...directory.fs.processIdentity(), nonce };
    writeNew(directory, temp, owner);
  });
  return { path, owner: owner as LockOwner }; // makeTemp returns only after a call that did not throw
}

/** Creates the lock file itself, for file systems without hard links. False when it exists. */
export function createLock(directory: Directory, name: string, owner: LockOwner): boolean {
  return answerOf(() => writeNew(directory, name, owner), "FS_ALREADY_EXISTS") === true;
}

function writeNew(directory: Directory, path: string, owner: LockOwner): true {
  const handle = directory.open(path, { mode: "append", create: "exclusive" });
  try {
    handle.append(new TextEncoder().encode(lockText(owner)));
    handle.close();
    return true;
  } catch (error) {
    cleanUpAfter(error, () => {
      handle.close();
      directory.removeIfPresent(path);
    });
    throw error;
  }
}

/** Removes the lock file if it still names this owner. */
export function removeIfOurs(directory: Directory, name: string, owner: LockOwner): void {
  if (readLockText(directory, name) === lockText(owner)) directory.removeIfPresent(name);
}
