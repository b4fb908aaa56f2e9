import { FsError, type FsErrorCode, type FsErrorContext, type FsOperation } from "./fs-error.js";

/** What a refusal may say besides its operation and path. */
export type RefusalDetail = Omit<FsErrorContext, "operation" | "path"> & { readonly cause?: unknown };

/** An {@link FsError} of our own making, in the words all of them use: `<operation> <path>: <why>`. */
export function refusal(
  code: FsErrorCode,
  operation: FsOperation,
  path: string,
  why: string,
  detail: RefusalDetail = {},
): FsError {
  const { cause, ...context } = detail;
  const options = cause === undefined ? undefined : { cause };
  return new FsError(code, `${operation} ${path}: ${why}`, { operation, path, ...context }, options);
}

const codeOfKind = {
  directory: "FS_IS_A_DIRECTORY",
  symlink: "FS_SYMLINK_REFUSED",
  other: "FS_UNSUPPORTED", // a pipe, a socket, a device
} as const;

/** The refusal of something that had to be a regular file. */
export function notAFile(
  kind: keyof typeof codeOfKind,
  operation: FsOperation,
  path: string,
  detail: RefusalDetail = {},
): FsError {
  return refusal(codeOfKind[kind], operation, path, `is no regular file but of kind ${kind}`, detail);
}

/** The refusal of everything behind a failed barrier, which is its cause. */
export function poisoned(operation: FsOperation, path: string, cause: FsError): FsError {
  const why = "a barrier has failed here; reopen and recover";
  return refusal("FS_POISONED", operation, path, why, { cause });
}
