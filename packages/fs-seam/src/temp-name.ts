import { tempPrefix, type Directory } from "./directory.js";
import { isFsError } from "./fs-error.js";
import type { FileHandle } from "./file-handle.js";
import { maxNameBytes } from "./fs-path.js";

/** Temporary files: where they live and how they are named. `Directory.list` hides them, `sweepTemps` removes leftovers. */

const encoder = new TextEncoder();

/**
 * `.~<base>.<ending>`, with `base` cut between two characters where the name would pass 255 bytes. The ending is never
 * cut, because it is what makes the name unique.
 */
export function tempName(base: string, ending: string): string {
  const room = maxNameBytes - tempPrefix.length - 1 - ending.length; // endings are ASCII
  const { read } = encoder.encodeInto(base, new Uint8Array(Math.max(room, 0)));
  return `${tempPrefix}${base.slice(0, read)}.${ending}`;
}

/** A leftover of another run may have the name; with random nonces even one repetition is next to impossible. */
const maxNameAttempts = 64;

/**
 * Lets `make` create something under a fresh temporary name beside `path`, so that a rename from one to the other stays in
 * one directory, and returns that name. `make` must be exclusive: told that the name exists, we try another.
 */
export function makeTemp(directory: Directory, path: string, make: (temp: string, nonce: string) => void): string {
  const cut = path.lastIndexOf("/") + 1;
  for (let attempt = 1; ; attempt += 1) {
    const nonce = directory.fs.nonce();
    const temp = path.slice(0, cut) + tempName(path.slice(cut), nonce);
    try {
      make(temp, nonce);
      return temp;
    } catch (error) {
      if (attempt === maxNameAttempts || !isFsError(error, "FS_ALREADY_EXISTS")) throw error;
    }
  }
}

/** Creates an empty temporary file beside `path`, open for append; the caller owns both. */
export function createTemp(directory: Directory, path: string): { readonly temp: string; readonly handle: FileHandle } {
  let handle: FileHandle | undefined;
  const temp = makeTemp(directory, path, (name) => {
    handle = directory.open(name, { mode: "append", create: "exclusive" });
  });
  return { temp, handle: handle as FileHandle }; // makeTemp returns only after a call that did not throw
}
