import type { CrashFs } from "@holdfast/fs-seam/crash";
import type { ResolvedOptions } from "./crash-matrix-options.js";

/**
 * Whether any recovery, or its check, made a call on the disk it was given. One that answers from memory, from what an
 * earlier part of the test left there, passes whatever is lost.
 */
export class DiskAccess {
  #happened = false;
  #last: { readonly operations: CrashFs["operations"]; readonly leftBefore: number } | undefined;

  /** The same options, with an ear on recovery. */
  listenTo<T>(options: ResolvedOptions<T>): ResolvedOptions<T> {
    const { recover } = options;
    return {
      ...options,
      recover: (directory, context) => {
        this.#look();
        const { operations } = directory.fs as CrashFs; // every recovery is given one
        this.#last = { operations, leftBefore: operations.left };
        return recover(directory, context);
      },
    };
  }

  /** What is wrong, when there were recoveries and none of them needed its disk. */
  complaint(): string | undefined {
    this.#look();
    if (this.#happened || this.#last === undefined) return undefined;
    return "no recovery made a call on its disk: what it returns is remembered, or read elsewhere. Load anew what remembers, and read through the directory that recover is given";
  }

  /** Looks back at the recovery before; it has come to an end, with its check. */
  #look(): void {
    if (this.#last !== undefined && this.#last.operations.left < this.#last.leftBefore) this.#happened = true;
  }
}
