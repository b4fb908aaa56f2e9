/** What becomes of one save over another when the power fails, under one personality. */
export interface Verdict {
  /** Programs that may leave a file that is neither the old nor the new version: what the model finds. */
  readonly found: readonly string[];
  /** Those that kernels were seen to do it to, with the same package or the same calls. A model that lacks one is none. */
  readonly seen: readonly string[];
  /** Programs that may lose a save which has reported success. */
  readonly forgets: readonly string[];
}

const all: readonly string[] = ["write-file-atomic", "steno", "node-json-db", "conf"];
/** They rename a file that they never synced. */
const unsynced: readonly string[] = ["steno", "node-json-db"];
const forgets = all; // none of them syncs the directory

/** By personality. */
export const verdicts: Readonly<Record<string, Verdict>> = {
  posix: { found: unsynced, seen: [], forgets }, // no kernel of that name
  "ext4-ordered": { found: unsynced, seen: unsynced, forgets }, // zeros: litmus program H-replace-nofsync
  xfs: { found: unsynced, seen: unsynced, forgets }, // a file of zero bytes
  btrfs: { found: unsynced, seen: unsynced, forgets }, // the same, when another file is synced (litmus program L2)
};
