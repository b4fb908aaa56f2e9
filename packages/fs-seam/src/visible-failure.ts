import { FsError, isFsError } from "./fs-error.js";

/**
 * The failure of a step behind the point where others already see the result. Same code and errno, `visible: true`, the
 * step's own error as cause. What happens next is not the caller's old state: the change may or may not survive a power
 * loss. After a simulated crash there is no one left to tell, so that error stays as it is.
 */
export function visibleFailure(error: unknown, what: string): unknown {
  if (!isFsError(error) || error.code === "FS_CRASHED") return error;
  const { code, operation, path, destination, errno, injected } = error;
  return new FsError(
    code,
    `${what}: the change is visible, its durability unknown`,
    { operation, path, destination, errno, injected, visible: true },
    { cause: error },
  );
}
