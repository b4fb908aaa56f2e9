// Where packages/*/src may touch real time, randomness or timers, and why. An entry that is no longer used fails the
// tidy test, so the list can only describe the code as it is.

export interface Allowance {
  /** Relative to the root. */
  readonly path: string;
  /** As the rule names it: "Date.now", "setTimeout", ... */
  readonly what: string;
  readonly reason: string;
}

export const allowances: readonly Allowance[] = [
  {
    path: "packages/fs-seam/src/real-fs.ts",
    what: "randomBytes",
    reason:
      "RealFs is the real world: the names it invents must differ between processes; simulators draw theirs from the seed",
  },
];
