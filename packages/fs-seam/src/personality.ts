import type { FailedSyncAftermath } from "./media-faults.js";
import { FsError } from "./fs-error.js";

/**
 * What a file system promises about a power loss, as data. A recorded run is a list of effects; a personality says
 * which subsets of the pending ones may be on the disk afterwards:
 *
 *   legal = every S that is closed under the edges, takes each group whole, and contains nothing a barrier settled
 *
 * together with how a write may tear and what unwritten bytes read as. The model is that of ALICE (OSDI 2014) with the
 * names of `docs/guarantees.md`; kernels that were measured get personalities of their own.
 */
export interface Personality {
  readonly name: string;
  /** One sentence for people. */
  readonly describes: string;
  /**
   * `effects`: the subset rule above. The other two are the simpler laws of older simulators, kept so that tests
   * written against them can be ported: `path-images` restores whole files as of their last sync, `path-lengths` cuts
   * files to the length of their last sync. Neither loses a name.
   */
  readonly law: "effects" | "path-images" | "path-lengths";
  /** Which effect needs which other one. Versions of one page, one length or one name always persist in order. */
  readonly edges: {
    /** Bytes written behind a cut need the cut. */
    readonly bytesNeedEarlierCut: boolean;
    /** A grown length needs the bytes that were written into the new range before it persists. */
    readonly lengthNeedsBytes: boolean;
    /** `free`: names and lengths persist in any order. `fifo`: in the order they happened, over the whole tree. */
    readonly metadataOrder: "free" | "fifo";
    /**
     * `ordered`: a directory move needs the directory moves before it, a move into another directory needs the name of
     * that directory, and the removal of a directory needs the removals in it: no subtree can come loose by itself.
     */
    readonly tree: "free" | "ordered";
  };
  /** The steps of one rename: all or none, or each for itself. */
  readonly rename: "atomic" | "split";
  /** What a barrier settles beside the bytes and length of its file, or the entries of its directory. */
  readonly closures: {
    /** `own-names`: also the names of the file. `all-metadata`: also all older names and lengths. */
    readonly fileSync: "bytes" | "own-names" | "all-metadata";
    readonly namesSync: "entries" | "all-metadata";
  };
  /** A write persists in units of so many bytes; `whole` writes never tear. */
  readonly tears: { readonly unitBytes: 512 | 4096; readonly kind: "whole" | "any-units" };
  /**
   * What bytes read as that lie inside a length that was not durable, where no write that survives put something: zeros,
   * or anything, also over bytes that were written back before their length.
   */
  readonly unwritten: "zeros" | "garbage";
  /** What the cache shows of the bytes a failed barrier lost. */
  readonly failedSync: FailedSyncAftermath;
  /** What becomes of open handles. `survive` is for the path laws alone: elsewhere a crash ends the process. */
  readonly handles: { readonly crash: "die" | "survive"; readonly failedBarrier: "poisoned" | "usable" };
}

/** What portable software must survive: nothing is ordered but by barriers. The default. */
export const posix: Personality = {
  name: "posix",
  describes: "Only barriers order anything; renames are atomic; new space reads as zeros.",
  law: "effects",
  edges: { bytesNeedEarlierCut: true, lengthNeedsBytes: false, metadataOrder: "free", tree: "ordered" },
  rename: "atomic",
  closures: { fileSync: "bytes", namesSync: "entries" },
  tears: { unitBytes: 512, kind: "any-units" },
  unwritten: "zeros",
  failedSync: "clean-keep-new",
  handles: { crash: "die", failedBarrier: "poisoned" },
};

/** Weaker than any file system known today: a hardening mode, whose findings may not be reachable anywhere. */
export const strict: Personality = {
  name: "strict",
  describes: "As posix, but a rename may come apart, cuts order nothing and new space may hold garbage.",
  law: "effects",
  edges: { bytesNeedEarlierCut: false, lengthNeedsBytes: false, metadataOrder: "free", tree: "free" },
  rename: "split",
  closures: { fileSync: "bytes", namesSync: "entries" },
  tears: { unitBytes: 512, kind: "any-units" },
  unwritten: "garbage",
  failedSync: "clean-keep-new",
  handles: { crash: "die", failedBarrier: "poisoned" },
};

/** The law of coordinode-lsm-tree 5.7.0's CrashFs, path by path. */
export const seedCrashFs: Personality = {
  ...posix,
  name: "seed-crashfs",
  describes: "Each path goes back to its content at its last sync; names are always durable.",
  law: "path-images",
  failedSync: "keep-dirty",
  handles: { crash: "survive", failedBarrier: "usable" },
};

/** The law of batpak 0.9.0's SimFs, path by path. */
export const seedSimFs: Personality = {
  ...posix,
  name: "seed-simfs",
  describes: "Each tracked path is cut or zero-extended to its length at its last sync; names are always durable.",
  law: "path-lengths",
  failedSync: "keep-dirty",
  handles: { crash: "survive", failedBarrier: "usable" },
};

/** Personalities by name, in the order reports use. */
export const personalities: readonly Personality[] = [posix, strict, seedCrashFs, seedSimFs];

/** The personality of that name, or the object itself. */
export function personalityOf(nameOrData: string | Personality): Personality {
  if (typeof nameOrData !== "string") return checked(nameOrData);
  const found = personalities.find(({ name }) => name === nameOrData);
  if (found !== undefined) return found;
  const known = personalities.map(({ name }) => name).join(", ");
  throw new FsError("FS_INVALID_ARGUMENT", `mount: no personality ${JSON.stringify(nameOrData)}; known: ${known}`, {
    operation: "mount",
  });
}

function checked(personality: Personality): Personality {
  if (personality.law !== "effects" || personality.handles.crash === "die") return personality;
  const why = "handles can survive a crash only under a path law";
  throw new FsError("FS_INVALID_ARGUMENT", `mount: personality ${personality.name}: ${why}`, { operation: "mount" });
}
