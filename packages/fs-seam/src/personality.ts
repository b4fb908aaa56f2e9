import type { FailedSyncAftermath } from "./media-faults.js";

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
  /** By which options and choices ask for it. */
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
    /** A length that a write grew needs the bytes that were written into the new range. */
    readonly lengthNeedsBytes: boolean;
    /**
     * `free`: names and lengths persist in any order. `journal`: in the order in which they entered the journal of the
     * file system, over the whole tree. Names, lengths that a call set, and pages that were freed whole enter at once.
     * Whatever enters later needs them all.
     */
    readonly metadataOrder: "free" | "journal";
    /**
     * When a length that a write grew enters the journal. `at-write-back`: whenever its bytes are written back, so that
     * nothing later needs it. `past-tail-block`: so, unless it stays within the last page of the file, and that page is
     * on the disk; then at once. Means nothing where `metadataOrder` is `free`.
     */
    readonly grownLength: "at-write" | "past-tail-block" | "at-write-back";
    /** Calls after which such a length has entered the journal all the same. */
    readonly lengthEntersAt: readonly ("close-after-cut" | "rename-over")[];
    /** Bytes need what entered the journal before them: a file system that never writes in place. */
    readonly bytesNeedJournal: boolean;
    /**
     * `ordered`: a directory move needs the directory moves before it, a move into another directory needs the name of
     * that directory, and the removal of a directory needs the removals in it: no subtree can come loose by itself.
     */
    readonly tree: "free" | "ordered";
    /** A length that a call sets needs the lengths that writes grew before. */
    readonly setLengthNeedsGrown: boolean;
  };
  /**
   * What becomes of the rest of the last page when a file is cut. `with-cut`: it reads as zeros once the cut persists.
   * `by-write`: only once the zeros that the cut writes there persist as well; until then a file that grows again shows
   * the old bytes. `either`: one or the other, for all files alike.
   */
  readonly cutTail: "with-cut" | "by-write" | "either";
  /** The steps of one rename: all or none, or each for itself. */
  readonly rename: "atomic" | "split";
  /** What a barrier settles beside the bytes and length of its file, or the entries of its directory. */
  readonly closures: {
    /** A barrier of rung `full`. `own-names`: also the names of the file. */
    readonly fileSync: "bytes" | "own-names";
    /** A barrier of rung `data`. */
    readonly dataSync: "bytes" | "own-names";
    /** `own-names`: also the names of the directory itself. */
    readonly namesSync: "entries" | "own-names";
    /**
     * What comes with it. `needs`: everything the settled effects need, which in a journal is everything older. `tree-log`:
     * the journal is passed by, and only what keeps the settled effects in the tree comes along: older changes of the same
     * name, the creation of the directories above, and of a move into the synced directory not the removal it began with.
     * Names beside them may come as well: those of files and directories that such a barrier has been about, and those in
     * a directory where the synced file has got a name.
     */
    readonly reach: "needs" | "tree-log";
    /** A barrier over everything. `journal`: names and lengths with all they need, and no other bytes. */
    readonly everything: "all" | "journal";
  };
  /** `spontaneous`: what is pending may persist at any time. `none`: only while a barrier that covers it is under way. */
  readonly writeBack: "spontaneous" | "none";
  /** Where the rules were seen, for those of real file systems. */
  readonly evidence?: PersonalityEvidence;
  /**
   * A write persists in units of so many bytes; `whole` pages never tear; `writes` neither, but for a first page that
   * begins in its middle, which persists for itself.
   */
  readonly tears: { readonly unitBytes: 512 | 4096; readonly kind: "any-units" | "whole" | "writes" };
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

/** What space reads as that no write which survives has filled: see `unwritten` and `cutTail` of a personality. */
export type Unwritten = "zeros" | "garbage" | "old";

/** Every way in which such space may read under a personality. */
export function unwrittenUnder({ unwritten, cutTail }: Personality): readonly Unwritten[] {
  const ways: Unwritten[] = ["zeros"];
  if (unwritten === "garbage") ways.push("garbage");
  if (cutTail === "either") ways.push("old");
  return ways;
}

/** Which kernel a personality describes, and the recorded programs that show each of its rules. */
export interface PersonalityEvidence {
  /** Its version, as Linux 6.18.44. */
  readonly kernel: string;
  /** The options it was mounted with. */
  readonly mount: string;
  /** Each with its value and the programs that witness it. */
  readonly rules: readonly PersonalityRule[];
}

/** One rule of a real file system. */
export interface PersonalityRule {
  /** Path of the field, for example `edges.lengthNeedsBytes`. */
  readonly field: string;
  /** What it says, for people. */
  readonly says: string;
  /** Programs of the recorded set whose outcomes only this value explains. */
  readonly witnesses: readonly string[];
}

/** What portable software must survive: nothing is ordered but by barriers. The default. */
export const posix: Personality = {
  name: "posix",
  describes: "Only barriers order anything; renames are atomic; new space reads as zeros.",
  law: "effects",
  edges: {
    bytesNeedEarlierCut: true,
    lengthNeedsBytes: false,
    metadataOrder: "free",
    grownLength: "at-write",
    lengthEntersAt: [],
    bytesNeedJournal: false,
    tree: "ordered",
    setLengthNeedsGrown: true,
  },
  cutTail: "with-cut",
  rename: "atomic",
  closures: { fileSync: "bytes", dataSync: "bytes", namesSync: "entries", reach: "needs", everything: "all" },
  writeBack: "spontaneous",
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
  edges: { ...posix.edges, bytesNeedEarlierCut: false, tree: "free" },
  cutTail: "either",
  rename: "split",
  closures: { ...posix.closures, everything: "journal" },
  writeBack: "spontaneous",
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
