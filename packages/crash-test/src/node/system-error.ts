import { getSystemErrorMap } from "node:util";
import { isFsError, type FsErrorCode } from "@holdfast/fs-seam";
import { NodeFsError } from "./node-fs-error.js";

/** Errors in the shape Node gives them: `code`, negative `errno`, `syscall`, `path`, `dest`, and the usual message. */

interface Known {
  readonly errno: number;
  readonly text: string;
}

const known = new Map<string, Known>();
for (const [errno, [code, text]] of getSystemErrorMap()) known.set(code, { errno, text });

/** Where a failed call was: what Node puts into the error. */
export interface CallPlace {
  readonly syscall: string;
  readonly path?: string | undefined;
  readonly dest?: string | undefined;
}

const systemErrors = new WeakSet<object>();

/** An error as libuv words it. */
export function systemError(code: string, place: CallPlace, cause?: unknown): Error {
  const { errno, text } = known.get(code) ?? { errno: -1, text: "unknown error" };
  const to = place.dest === undefined ? "" : ` -> '${place.dest}'`;
  const where = place.path === undefined ? "" : ` '${place.path}'${to}`;
  const message = `${code}: ${text}, ${place.syscall}${where}`;
  const error = cause === undefined ? new Error(message) : new Error(message, { cause });
  const fields: Record<string, unknown> = { errno, code, syscall: place.syscall };
  if (place.path !== undefined) fields["path"] = place.path;
  if (place.dest !== undefined) fields["dest"] = place.dest;
  systemErrors.add(error);
  return Object.assign(error, fields);
}

/** The errors of `rm` and `cp` that Node words itself. */
export function nodeSystemError(
  code: string,
  prefix: string,
  detail: { readonly errno: string; readonly message: string; readonly path: string; readonly syscall: string },
): Error {
  const errno = -(known.get(detail.errno)?.errno ?? -1);
  const error = new Error(`${prefix}: ${detail.syscall} returned ${detail.errno} (${detail.message}) ${detail.path}`);
  error.name = "SystemError";
  systemErrors.add(error);
  const { message, path, syscall } = detail;
  return Object.assign(error, {
    code,
    info: { code: detail.errno, message, path, syscall, errno },
    errno,
    syscall,
    path,
  });
}

/** True for what a call reports when it completes; every other error is thrown by the call itself. */
export function isOutcome(error: unknown): boolean {
  return isFsError(error) || (typeof error === "object" && error !== null && systemErrors.has(error));
}

/** Codes of the seam that come without a POSIX name of their own. */
const errnoOfCode: Partial<Record<FsErrorCode, string>> = {
  FS_CLOSED: "EBADF",
  FS_POISONED: "EIO",
  FS_IO: "EIO",
  FS_UNSUPPORTED: "ENOTSUP",
  FS_BUSY: "EBUSY",
  FS_INVALID_ARGUMENT: "EINVAL",
  FS_SYMLINK_REFUSED: "ELOOP",
};

/**
 * What the program under test is told of an error of the seam. A crash stays what it is: no program handles the end of its
 * own process. Anything that is no error of the seam stays, too.
 */
export function fromSeam(error: unknown, place: CallPlace): unknown {
  if (!isFsError(error) || error.code === "FS_CRASHED") return error;
  if (error.code === "FS_INVALID_PATH") {
    const why = `${place.path ?? "the path"} has a name that the file seam refuses on every system`;
    return new NodeFsError("NODE_FS_NAME_REFUSED", place.syscall, why, { cause: error });
  }
  return systemError(error.errno ?? errnoOfCode[error.code] ?? "EIO", place, error);
}
