/**
 * One error class for every backend. Codes are API and change only in a major version; messages may improve any day.
 */

/** Every code an {@link FsError} may carry. The README table says what to do about each. */
export const fsErrorCodes = [
  "FS_NOT_FOUND",
  "FS_ALREADY_EXISTS",
  "FS_NOT_A_DIRECTORY",
  "FS_IS_A_DIRECTORY",
  "FS_DIRECTORY_NOT_EMPTY",
  "FS_INVALID_ARGUMENT",
  "FS_INVALID_PATH",
  "FS_NAME_TOO_LONG",
  "FS_SYMLINK_REFUSED",
  "FS_PERMISSION_DENIED",
  "FS_READ_ONLY",
  "FS_NO_SPACE",
  "FS_QUOTA_EXCEEDED",
  "FS_FILE_TOO_LARGE",
  "FS_TOO_MANY_LINKS",
  "FS_TOO_MANY_OPEN_FILES",
  "FS_CROSS_DEVICE",
  "FS_UNSUPPORTED",
  "FS_INTERRUPTED",
  "FS_BUSY",
  "FS_LOCKED",
  "FS_SHORT_READ",
  "FS_CLOSED",
  "FS_CRASHED",
  "FS_POISONED",
  "FS_BAD_IMAGE",
  "FS_UNSUPPORTED_VERSION",
  "FS_IO",
] as const;

/** One of `fsErrorCodes`. Codes change only in a major version; the README says for each what to do. */
export type FsErrorCode = (typeof fsErrorCodes)[number];

/** The operation that failed. Fault plans match on the same names. */
export const fsOperations = [
  "open",
  "close",
  "read",
  "write",
  "append",
  "truncate",
  "allocate",
  "punch",
  "sync",
  "stat",
  "list",
  "makeDirectory",
  "removeDirectory",
  "rename",
  "link",
  "remove",
  "copy",
  "syncNames",
  "space",
  "lock",
  "mount",
] as const;

/** A call at the seam, by the name that errors, fault rules and logs have for it. */
export type FsOperation = (typeof fsOperations)[number];

/** What an error is about: whichever fields apply. Plain data, safe to log. */
export interface FsErrorContext {
  /** What was called. */
  readonly operation: FsOperation;
  /** Path as the backend knows it, or the path at open time for a handle. */
  readonly path?: string | undefined;
  /** Second path of a rename, link or copy. */
  readonly destination?: string | undefined;
  /** POSIX name of the cause, for example `ENOSPC`, when one exists. */
  readonly errno?: string | undefined;
  /** Byte offset of a read, write, truncate or punch. */
  readonly offset?: number | undefined;
  /** Bytes obtained before a short read, or accepted before a write failed. */
  readonly transferred?: number | undefined;
  /** After a rename whose names barrier failed: the new content is visible, its durability unknown. */
  readonly visible?: boolean | undefined;
  /** True when a simulator or a fault plan made this error. */
  readonly injected?: boolean | undefined;
}

/** The only error class this package throws on purpose. */
export class FsError extends Error {
  override readonly name: string = "FsError";
  /** What happened; stable. */
  readonly code: FsErrorCode;
  /** What was called. */
  readonly operation: FsOperation;
  /** Path as the backend knows it, or the path at open time for a handle. */
  readonly path: string | undefined;
  /** Second path of a rename, link or copy. */
  readonly destination: string | undefined;
  /** POSIX name of the cause, as `ENOSPC`, where there is one. */
  readonly errno: string | undefined;
  /** Byte offset of a read, write, truncate or punch. */
  readonly offset: number | undefined;
  /** Bytes obtained before a short read, or accepted before a write failed. */
  readonly transferred: number | undefined;
  /** After a rename whose names barrier failed: the new content is visible, its durability unknown. */
  readonly visible: boolean | undefined;
  /** True when a simulator or a fault plan made this error. */
  readonly injected: boolean;

  constructor(code: FsErrorCode, message: string, context: FsErrorContext, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.operation = context.operation;
    this.path = context.path;
    this.destination = context.destination;
    this.errno = context.errno;
    this.offset = context.offset;
    this.transferred = context.transferred;
    this.visible = context.visible;
    this.injected = context.injected ?? false;
  }
}

/** POSIX error names and the code each becomes. Anything else is `FS_IO` and keeps its name in `errno`. */
const codeOfErrno: Readonly<Record<string, FsErrorCode>> = {
  ENOENT: "FS_NOT_FOUND",
  EEXIST: "FS_ALREADY_EXISTS",
  ENOTDIR: "FS_NOT_A_DIRECTORY",
  EISDIR: "FS_IS_A_DIRECTORY",
  ENOTEMPTY: "FS_DIRECTORY_NOT_EMPTY",
  EINVAL: "FS_INVALID_ARGUMENT",
  ENAMETOOLONG: "FS_NAME_TOO_LONG",
  ELOOP: "FS_SYMLINK_REFUSED",
  EACCES: "FS_PERMISSION_DENIED",
  EPERM: "FS_PERMISSION_DENIED",
  EROFS: "FS_READ_ONLY",
  ENOSPC: "FS_NO_SPACE",
  EDQUOT: "FS_QUOTA_EXCEEDED",
  EFBIG: "FS_FILE_TOO_LARGE",
  EMLINK: "FS_TOO_MANY_LINKS",
  EMFILE: "FS_TOO_MANY_OPEN_FILES",
  ENFILE: "FS_TOO_MANY_OPEN_FILES",
  EXDEV: "FS_CROSS_DEVICE",
  EOPNOTSUPP: "FS_UNSUPPORTED",
  ENOTSUP: "FS_UNSUPPORTED",
  ENOSYS: "FS_UNSUPPORTED",
  EINTR: "FS_INTERRUPTED",
  EAGAIN: "FS_BUSY",
  EBUSY: "FS_BUSY",
  EBADF: "FS_CLOSED",
};

/** Code for a POSIX error name. */
export function fsErrorCodeOf(errno: string | undefined): FsErrorCode {
  return (errno === undefined ? undefined : codeOfErrno[errno]) ?? "FS_IO";
}

/** True for an {@link FsError}, also one made by another copy of this package, with one of `codes` when given. */
export function isFsError(error: unknown, ...codes: readonly FsErrorCode[]): error is FsError {
  if (!(error instanceof Error) || error.name !== "FsError") return false;
  return codes.length === 0 || codes.includes((error as FsError).code); // the name says it is ours
}
