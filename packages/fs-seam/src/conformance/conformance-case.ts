import { claim, ConformanceViolation } from "./claims.js";
import { treeOf } from "./sample-files.js";
import type { StoreFs } from "../store-fs.js";

/** What a crash state may look like beyond what every backend must keep. Each default is the common case. */
export interface CrashLaw {
  /** Bytes inside the length that were never written or synced. Default `zeros`. */
  readonly unwritten?: "zeros" | "anything";
  /** Whether one sector of 512 bytes may hold parts of two writes. Default false. */
  readonly tornSectors?: boolean;
  /** `split`: an unsynced rename may survive by half. Default `atomic`. */
  readonly rename?: "atomic" | "split";
  /** `durable`: names survive without a barrier, and the cases that demand otherwise are qualified. Default `losable`. */
  readonly names?: "losable" | "durable";
}

/** A backend, and what the suite may do to it besides calling the seam. Every control that is left out qualifies cases. */
export interface ConformanceBackend {
  /** Stands in reports. */
  readonly name: string;
  /** A fresh, empty, writable file system. */
  make(): StoreFs | Promise<StoreFs>;
  /** Called once for each that was made. */
  dispose?(fs: StoreFs): void | Promise<void>;

  /**
   * The states that a power loss at this moment may leave, each mounted by itself: all, or a sample that holds the worst
   * (nothing unsynced survives) and the best (everything does). `fs` stays as it is. It is also called with such states.
   */
  crashStates?(fs: StoreFs): Iterable<StoreFs>;
  /** Power loss in place: handles die, and `fs` becomes any one of its crash states. */
  crash?(fs: StoreFs): void;
  /** End of the process in place: handles die, what was written stays. */
  processCrash?(fs: StoreFs): void;
  /** What its power losses may do. What is left out: zeros in new space, whole sectors, atomic renames, names that can be lost. */
  readonly crashLaw?: CrashLaw;

  /** As `make`, with room for about so many bytes of files. */
  makeSmall?(capacityBytes: number): StoreFs | Promise<StoreFs>;
  /** The same tree, refusing every change. */
  readOnlyView?(fs: StoreFs): StoreFs;
  /** Puts a symlink where the seam can make none. To be left out where `symlinkRefusal` is `no-symlinks`. */
  plantSymlink?(fs: StoreFs, path: string, target: string): void;
}

/** What a case may need that a backend may not have: a control, a capability, or room. */
export type ConformanceNeed =
  | "crashStates"
  | "crash"
  | "processCrash"
  | "losableNames"
  | "makeSmall"
  | "readOnlyView"
  | "plantSymlink"
  | "media"
  | "hardLinks"
  | "punch"
  | "reflink"
  | "sparse";

/** What a case is about; for choosing and for reading reports. */
export type ConformanceFamily =
  | "handles"
  | "open"
  | "names"
  | "refusals"
  | "publish"
  | "locks"
  | "directory"
  | "crash"
  | "media"
  | "space";

/** One obligation of a backend. */
export interface ConformanceCase {
  /** Stable: reports and issues refer to it. */
  readonly id: string;
  /** What it is about. */
  readonly family: ConformanceFamily;
  /** What must hold, as a sentence. */
  readonly obligation: string;
  /** What must be there for the case to mean anything; otherwise it is qualified. */
  readonly needs?: readonly ConformanceNeed[];
  /**
   * Throws a `ConformanceViolation` when the obligation is broken, a {@link Qualification} when nothing can be said.
   */
  readonly run: (trial: Trial) => void | Promise<void>;
}

/** Thrown inside a case that cannot be decided on this backend: a typed skip, never a pass. */
export class Qualification extends Error {
  override readonly name: string = "Qualification";
  /** What the backend lacks. */
  readonly need: ConformanceNeed;

  constructor(need: ConformanceNeed, reason: string) {
    super(reason);
    this.need = need;
  }
}

/** One case on one fresh file system. */
export class Trial {
  /** The backend under test. */
  readonly backend: ConformanceBackend;
  /** The file system that was made for this case. */
  readonly fs: StoreFs;
  readonly #made: StoreFs[];

  private constructor(backend: ConformanceBackend, fs: StoreFs) {
    this.backend = backend;
    this.fs = fs;
    this.#made = [fs];
  }

  /** Makes a fresh file system of the backend. */
  static async begin(backend: ConformanceBackend): Promise<Trial> {
    return new Trial(backend, await backend.make());
  }

  /** Disposes of every file system of this trial, also when one of them cannot be. */
  async end(): Promise<void> {
    const made = this.#made.splice(0);
    const ends = await Promise.allSettled(made.map(async (fs) => this.backend.dispose?.(fs)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** A second fresh file system. */
  async makeAnother(): Promise<StoreFs> {
    const fs = await this.backend.make();
    this.#made.push(fs);
    return fs;
  }

  /** A fresh file system with room for about so many bytes. */
  async makeSmall(capacityBytes: number): Promise<StoreFs> {
    const fs = await this.backend.makeSmall?.(capacityBytes);
    if (fs === undefined) this.qualify("makeSmall", "the backend has no bound on its room");
    this.#made.push(fs);
    return fs;
  }

  /** What a crash state may hold, with the defaults filled in. */
  get law(): Required<CrashLaw> {
    return { unwritten: "zeros", tornSectors: false, rename: "atomic", names: "losable", ...this.backend.crashLaw };
  }

  /** Ends the case as qualified. */
  qualify(need: ConformanceNeed, reason: string): never {
    throw new Qualification(need, reason);
  }

  #crashStates(fs: StoreFs): Iterable<StoreFs> {
    return this.backend.crashStates?.(fs) ?? this.qualify("crashStates", "the backend has no crash states");
  }

  /** Demands something of every state a power loss now may leave, and that each is a sound tree to begin with. */
  everyCrashState(check: (state: StoreFs) => void, fs: StoreFs = this.fs): void {
    let count = 0;
    for (const state of this.#crashStates(fs)) {
      count += 1;
      try {
        treeOf(state);
        check(state);
      } catch (error) {
        if (error instanceof Qualification) throw error;
        const tree = describeTree(state);
        throw new ConformanceViolation(`crash state ${count} ${tree}: ${String(error)}`, { cause: error });
      }
    }
    claim(count > 0, "there is no crash state at all");
  }

  /** Demands that at least one state a power loss now may leave is like this. */
  someCrashState(what: string, holds: (state: StoreFs) => boolean, fs: StoreFs = this.fs): void {
    for (const state of this.#crashStates(fs)) if (holds(state)) return;
    throw new ConformanceViolation(`no crash state in which ${what}`);
  }

  /** Cuts the power in place; qualifies the case where the backend cannot. */
  crash(): void {
    if (this.backend.crash === undefined) this.qualify("crash", "the backend cannot crash in place");
    this.backend.crash(this.fs);
  }

  /** Ends the process in place; qualifies the case where the backend cannot. */
  processCrash(): void {
    if (this.backend.processCrash === undefined) this.qualify("processCrash", "the backend cannot end its process");
    this.backend.processCrash(this.fs);
  }
}

function describeTree(state: StoreFs): string {
  try {
    const text = JSON.stringify(treeOf(state));
    return text.length > 400 ? `${text.slice(0, 400)}...` : text;
  } catch (error) {
    return `(unreadable: ${String(error)})`;
  }
}
