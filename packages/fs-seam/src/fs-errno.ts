import { FsError, fsErrorCodeOf, type FsErrorCode, type FsErrorContext, type FsOperation } from "./fs-error.js";

/** From what the platform threw to an {@link FsError}: built only on the path that throws. */

/** POSIX name of a platform error, for example `ENOSPC`; undefined for anything else, Node's own `ERR_*` included. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  const { code } = error;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/** What is known about a failure besides its operation, path and errno. */
export type FailureDetail = Omit<FsErrorContext, "operation" | "path" | "errno"> & { readonly code?: FsErrorCode };

/**
 * The platform error as an {@link FsError} that keeps it as its cause. The code follows from the errno unless `detail`
 * names another: some errnos mean different things to different calls.
 */
export function fsErrorFrom(error: unknown, operation: FsOperation, path: string, detail: FailureDetail = {}): FsError {
  const errno = errnoOf(error);
  const { code, ...context } = detail;
  const what = context.destination === undefined ? path : `${path} to ${context.destination}`;
  return new FsError(
    code ?? fsErrorCodeOf(errno),
    `${operation} ${what}: failed with ${errno ?? "an unknown error"}`,
    { operation, path, errno, ...context },
    { cause: error },
  );
}
