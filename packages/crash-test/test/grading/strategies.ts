import type { CrashLevel } from "@holdfast/fs-seam/crash";
import type { Search } from "../bug-corpus/search.js";

/** A way to search, with everything it needs to know of the program and of the grade. */
export interface GradedStrategy {
  readonly name: string;
  /** `grows`: what a small budget sees, a larger one sees first, so one run grades every budget. */
  readonly budgets: "grows" | "apart";
  /** @param points - moments of the workload at which the power may fail. */
  readonly how: (budget: number, seed: number, points: number) => Pick<Search, "strategy" | "nestedStrategy">;
}

function levels(level: CrashLevel): GradedStrategy {
  const strategy = { kind: "levels", level } as const;
  return { name: `level ${level}`, budgets: "grows", how: () => ({ strategy, nestedStrategy: strategy }) };
}

/** How many random images of each moment of a recovery; each of the workload spends about ten recoveries then. */
const nestedCount = 4;

/** The name of the strategy that decides the verdict. */
export const defaultStrategy = "default";

/** Every strategy that is graded, in the order of the table. One more is one more entry. */
export const strategies: readonly GradedStrategy[] = [
  { name: defaultStrategy, budgets: "grows", how: () => ({}) },
  levels(0),
  levels(1),
  levels(2),
  levels(3),
  levels(4),
  {
    name: "exhaustive",
    budgets: "grows",
    how: () => ({
      strategy: { kind: "exhaustive", limit: 1 << 14 },
      nestedStrategy: { kind: "exhaustive", limit: 1 << 14 },
    }),
  },
  {
    name: "random",
    budgets: "apart",
    how: (budget, seed, points) => ({
      strategy: { kind: "random", seed, count: Math.ceil(budget / points / 10) },
      nestedStrategy: { kind: "random", seed, count: nestedCount },
    }),
  },
  { name: "lazy", budgets: "grows", how: () => ({ strategy: { kind: "lazy" }, nestedStrategy: "follows" }) },
  {
    name: "level 6",
    budgets: "grows",
    how: (_budget, seed) => ({ strategy: { kind: "sampled", seed }, nestedStrategy: "follows" }),
  },
];
