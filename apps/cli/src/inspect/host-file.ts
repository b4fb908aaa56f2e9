import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { ByteSource } from "@holdfast/segment-codec";
import { explainFileError, fileRefusal } from "../file-refusal.js";

/**
 * Files as they lie on the host, opened for reading only. Not through `RealFs`: it refuses names that a portable program must
 * not make, and what is to be inspected after an accident has the name that it has.
 */

/** A path on the host. Bytes, because nothing forces a name on a disk to be UTF-8. */
export type HostPath = Buffer;

/** An open file. Its size is that at the opening: what is appended later is not looked at. */
export interface OpenedFile extends ByteSource {
  close(): void;
}

/**
 * Opens a regular file and follows no symlink.
 *
 * @param shown - how errors name the file.
 * @throws {@link CliError} `CLI_FILE_NOT_FOUND`, `CLI_FILE_NOT_REGULAR`, `CLI_FILE_UNREADABLE`, and the last from `readAt` too.
 */
export function openHostFile(path: HostPath, shown: string): OpenedFile {
  const fd = attempt(shown, () => openSync(path, openFlags));
  try {
    const stats = attempt(shown, () => fstatSync(fd));
    if (!stats.isFile()) throw fileRefusal("CLI_FILE_NOT_REGULAR", shown, "is not a regular file");
    return {
      sizeBytes: stats.size,
      readAt: (target, offset) => attempt(shown, () => readFully(fd, target, offset)),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

// O_NONBLOCK: a named pipe must be refused, not waited for. Windows has neither flag.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Node takes lengths as int32. */
const maxReadBytes = 0x4000_0000;

function readFully(fd: number, target: Uint8Array, offset: number): number {
  let done = 0;
  while (done < target.length) {
    const count = readSync(fd, target, done, Math.min(target.length - done, maxReadBytes), offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

function attempt<T>(shown: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw explainFileError(error, shown);
  }
}
