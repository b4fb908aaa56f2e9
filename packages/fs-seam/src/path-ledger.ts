import { FsError, type FsErrorCode } from "./fs-error.js";
import { FsState, type Image } from "./fs-state.js";
import type { OpenFileOptions } from "./file-handle.js";

/** What a crash under a path-keyed law did, in paths. */
export interface PathCrashReport {
  /** Tracked files that still exist, with the bytes the law gives them. */
  readonly survived: number;
  /** Tracked names that the crash removed, or that were gone already. */
  readonly lost: number;
}

/** What a law may ask of the file system besides its tree. */
export interface RollbackHost {
  /** The file has lost its last name; free it unless a handle holds it. */
  unlinked(ino: number): void;
}

/**
 * The book that a path-keyed law keeps: which paths were touched, and what is durable under each. It is told of every
 * operation that such a law can see, and of nothing else: writes do not concern it.
 *
 * Paths are keys here, not files: renaming, reusing or respelling a path moves what is booked, rightly or wrongly. That
 * is how the simulators worked that these laws come from, and why no new law should be built this way.
 */
export abstract class PathLedger {
  readonly #state: () => FsState;
  readonly #names = new Map<string, string>();
  #watching = true;

  /** @param state - the tree that the file system shows now. */
  constructor(state: () => FsState) {
    this.#state = state;
  }

  protected get state(): FsState {
    return this.#state();
  }

  /** False while somebody works behind the back of the law. */
  protected get watching(): boolean {
    return this.#watching;
  }

  /** Runs `work` behind the back of the law, as a program would that knows the file system underneath. */
  unobserved<T>(work: () => T): T {
    const before = this.#watching;
    this.#watching = false;
    try {
      return work();
    } finally {
      this.#watching = before;
    }
  }

  /**
   * While `work` runs, what happens to `path` is booked under `name`: for a file that is known by two spellings, and for
   * callers that name another path than the handle they sync.
   */
  underName<T>(path: string, name: string, work: () => T): T {
    const before = this.#names.get(path);
    this.#names.set(path, name);
    try {
      return work();
    } finally {
      if (before === undefined) this.#names.delete(path);
      else this.#names.set(path, before);
    }
  }

  /** The name `path` is booked under. */
  protected nameOf(path: string): string {
    return this.#names.get(path) ?? path;
  }

  // --- what CrashFs tells ------------------------------------------------------------------------------------------

  /** Before an open that may write or create, which may still fail. True when {@link created} wants to hear of it. */
  abstract opening(path: string, options: OpenFileOptions): boolean;
  /** After an open that made a new file. */
  abstract created(path: string): void;
  abstract renamed(from: string, to: string): void;
  abstract removed(path: string): void;
  abstract removedDirectory(path: string): void;
  /** After a link or a clone. */
  abstract copied(from: string, to: string): void;
  /** After a barrier that worked, through a handle that was opened at `path`. May still refuse it. */
  abstract synced(path: string, ino: number): void;

  // --- crashing ----------------------------------------------------------------------------------------------------

  /** What a power loss now would leave; the tree and the book stay as they are. */
  imageAfterCrash(): Image {
    const copy = new FsState(this.state.freeze(), this.state.slab);
    this.rollBack(copy, { unlinked: () => {} });
    copy.dropUnreachable();
    return copy.freeze();
  }

  /** Makes `state` what a power loss leaves. The book stays as it is, so that a copy of the tree can be tried. */
  abstract rollBack(state: FsState, host: RollbackHost): PathCrashReport;
  /** The power came back: what the book says of the run before is forgotten. */
  abstract restart(): void;
  /** Forgets everything, as if the file system had just been mounted. */
  abstract forget(): void;
}

/** Every failed rollback says so first. */
export const rollbackPrefix = "crash(): ";

/** A rollback that cannot be carried out, in the words of the simulators this law comes from. */
export function rollbackFailed(code: FsErrorCode, why: string, path: string): FsError {
  return new FsError(code, `${rollbackPrefix}${why}`, { operation: "mount", path, injected: true });
}
