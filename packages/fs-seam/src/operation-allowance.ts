import { FsError, type FsOperation } from "./fs-error.js";

/** How many operations a program may still make: for whoever runs one that may never end. */
export class OperationAllowance {
  /** -1 for any number. */
  left = -1;

  /** Takes one; throws `FS_CRASHED` when none is left. */
  take(operation: FsOperation, path: string): void {
    if (this.left === -1) return;
    if (this.left > 0) {
      this.left -= 1;
      return;
    }
    const why = `${operation} ${path}: the program has made all the operations it was allowed`;
    throw new FsError("FS_CRASHED", why, { operation, path, injected: true });
  }
}
