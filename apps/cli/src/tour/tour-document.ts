import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { CliError } from "../cli-error.js";
import { explainFileError, fileRefusal } from "../file-refusal.js";
import { countText } from "../terminal.js";
import { sampleText } from "./sample-text.js";

/** A larger file of the user's is refused: the tour holds two versions of it in memory and writes both several times. */
export const maxFileBytes: number = 64 * 2 ** 20;

/** Of a larger document, exploration takes so many leading bytes: page 17 fares as page 16 does, at more cost. */
export const maxExploredBytes: number = 64 * 2 ** 10;

/** Two versions of one document: what is on the disk, and what is to replace it. */
export interface Versions {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export interface TourDocument extends Versions {
  readonly source: "sample" | "file";
  /** Path as the user gave it; only for a file. */
  readonly path: string | undefined;
  /** The versions that exploration saves: the whole document, or as much of its beginning as the bound allows. */
  readonly explored: Versions;
}

const editLine = new TextEncoder().encode("Edited by the holdfast tour: this line is new, and moves all others.\n");

/** A document to save: `before` as given, `after` with one line more in front, so that no sector stays the same. */
export function makeDocument(before: Uint8Array, path?: string): TourDocument {
  const part = before.subarray(0, maxExploredBytes);
  return {
    source: path === undefined ? "sample" : "file",
    path,
    before,
    after: edit(before),
    explored: { before: part, after: edit(part) },
  };
}

function edit(before: Uint8Array): Uint8Array {
  const after = new Uint8Array(editLine.length + before.length);
  after.set(editLine);
  after.set(before, editLine.length);
  return after;
}

/** The tour's own document: small enough to look at every crash state of a save. */
export function sampleDocument(): TourDocument {
  return makeDocument(new TextEncoder().encode(sampleText));
}

/**
 * A copy, in memory, of the user's file, which is opened for reading and never touched.
 *
 * @param maxBytes - bound of its length; default {@link maxFileBytes}.
 * @throws {@link CliError} `CLI_FILE_NOT_FOUND`, `CLI_FILE_NOT_REGULAR`, `CLI_FILE_TOO_LARGE`, `CLI_FILE_UNREADABLE`
 */
export function readDocument(path: string, maxBytes: number = maxFileBytes): TourDocument {
  try {
    // O_NONBLOCK: a named pipe must be refused, not waited for. Windows has no such flag.
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!fstatSync(fd).isFile()) throw fileRefusal("CLI_FILE_NOT_REGULAR", path, "is not a regular file");
      return makeDocument(readUpTo(fd, path, maxBytes), path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw error instanceof CliError ? error : explainFileError(error, path);
  }
}

/** Reads to the end, whatever the length was said to be: files of /proc say 0, and others may grow meanwhile. */
function readUpTo(fd: number, path: string, maxBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = Math.min(fstatSync(fd).size, maxBytes + 1);
  if (total > maxBytes) throw tooLarge(path, maxBytes);
  for (let length = 0; ;) {
    const chunk = new Uint8Array(Math.max(total - length, 0) + 1); // one more than expected, to see the end
    const count = readSync(fd, chunk, 0, chunk.length, length);
    if (count === 0) return chunks.length === 1 ? (chunks[0] ?? chunk) : Buffer.concat(chunks);
    length += count;
    if (length > maxBytes) throw tooLarge(path, maxBytes);
    chunks.push(chunk.subarray(0, count));
    total = Math.max(total, length + 65_536);
  }
}

function tooLarge(path: string, maxBytes: number): CliError {
  return fileRefusal("CLI_FILE_TOO_LARGE", path, `is larger than ${countText(maxBytes)} bytes, which is the limit`);
}
