import { btrfs, ext4Ordered, posix, strict, xfs, type Personality } from "@holdfast/fs-seam/crash";

/** Between them, these use every value that a personality may have where recovery can tell. */
export const judges: readonly Personality[] = [
  posix,
  strict,
  ext4Ordered,
  xfs,
  btrfs,
  { ...ext4Ordered, name: "ext4 without write-back", writeBack: "none" },
  { ...btrfs, name: "btrfs without write-back", writeBack: "none" },
];

const { FC_SEED: seed, FC_NUM_RUNS: runs } = process.env;

/** How many cases a property about lazy decisions tries: 60 of them, or as many as the environment asks for. */
export const cases: { readonly numRuns: number; readonly seed?: number } = {
  numRuns: Number(runs ?? 60),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
};
/** Against what hangs; a long run is not cut off. */
export const timeout: number = runs === undefined ? 120_000 : 3_600_000;
