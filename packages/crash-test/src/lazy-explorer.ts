import {
  isEffect,
  layerOf,
  runsOn,
  SlabAllocator,
  TooManyDisks,
  UndecidedSpace,
  type CrashChoice,
  type Personality,
  type Split,
  type Trace,
  type UndecidedDisk,
  type UndecidedLayer,
} from "@holdfast/fs-seam/crash";
import type { Ack } from "./crash-context.js";
import type { LazyStrategy, ResolvedOptions } from "./crash-matrix-options.js";
import type { End, Standing } from "./observation-tree.js";
import { byAcks, type MomentsOfAcks, type ObservedRecoveries } from "./observed-recoveries.js";

/** What a lazy exploration found. */
export interface LazyFinding {
  /** The power losses that lead to the failure. */
  readonly choices: readonly CrashChoice[];
}

/** Disks that recovery could not tell apart so far, and how far it got with them. */
interface Group {
  readonly standing: Standing;
  readonly disks: readonly UndecidedDisk[];
}

/** Counts of one exploration, added to as it goes. */
export interface LazyCounts {
  /** Called for each end of recovery that one of the workload's disks leads to, under one personality. */
  readonly ended: (end: End, disk: UndecidedDisk) => void;
  /** Moments at which more was undecided than one answer may depend on. */
  readonly limited: number[];
}

/**
 * Explores what recovery can see instead of what a disk can be. A recovery runs on one of the disks that are possible and
 * writes down what it asks; every disk that answers alike ends alike, and needs no run. Those that differ in an answer
 * form groups by it, and one of each group is run next. So recovery runs once for each thing it can observe.
 *
 * A crash inside recovery is explored over all disks that recovery could not tell apart: what it never read is still
 * undecided then, and may matter to the next recovery.
 */
export class LazyExplorer<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #strategy: LazyStrategy;
  readonly #recoveries: ObservedRecoveries<T>;
  readonly #slab = new SlabAllocator();
  /** False once something had to be left out. */
  complete = true;
  #ends = 0;

  constructor(options: ResolvedOptions<T>, strategy: LazyStrategy, recoveries: ObservedRecoveries<T>) {
    this.#options = options;
    this.#strategy = strategy;
    this.#recoveries = recoveries;
  }

  /** Explores the run of the workload under one personality, up to the first failure. */
  async explore(trace: Trace, personality: Personality, counts: LazyCounts): Promise<LazyFinding | undefined> {
    const layer = layerOf(trace, personality, this.#slab);
    for (const some of byAcks(trace, layer)) {
      const found = await this.exploreMoments(layer, some, counts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Explores some moments of a run, up to the first failure. */
  exploreMoments(
    layer: UndecidedLayer,
    { acks, moments }: MomentsOfAcks,
    counts: LazyCounts,
  ): Promise<LazyFinding | undefined> {
    const space = new UndecidedSpace([{ ...layer, moments }], this.#slab);
    return this.#exploreDisks(space, space.start(), acks, counts);
  }

  /** @param counts - absent inside recovery. */
  async #exploreDisks(
    space: UndecidedSpace,
    disks: readonly UndecidedDisk[],
    acks: readonly Ack[],
    counts?: LazyCounts,
  ): Promise<LazyFinding | undefined> {
    const tree = this.#recoveries.treeOf(acks.length);
    const open: Group[] = disks.length === 0 ? [] : [{ standing: tree.root, disks }];
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      this.#recoveries.budget.checkTime();
      const { standing } = group;
      if (!standing.isKnown) {
        const run = this.#recoveries.run(group.disks[0] as UndecidedDisk, space, acks); // a group has at least one
        if (run instanceof Promise) await run;
      }
      if (standing.question !== undefined) {
        const split = this.#split(space, group.disks, standing.question, counts);
        const groups = [...split].map(([answer, some]) => ({ standing: standing.after(answer), disks: some }));
        open.push(...groups.reverse()); // the first one is looked at next
        continue;
      }
      counts?.ended(standing.end as End, group.disks[0] as UndecidedDisk);
      await this.#recheck(group, space, acks);
      const found = await this.#end(standing.end as End, group.disks, space, acks); // known, and no question
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #split(
    space: UndecidedSpace,
    disks: readonly UndecidedDisk[],
    question: NonNullable<Standing["question"]>,
    counts: LazyCounts | undefined,
  ): Split {
    const { maxDisks } = this.#strategy;
    try {
      const split = space.split(disks, question, maxDisks);
      let made = 0;
      for (const some of split.values()) made += some.length;
      this.#recoveries.budget.spendEffects(made * effectsOf(space));
      return split;
    } catch (error) {
      if (!(error instanceof TooManyDisks)) throw error;
      this.complete = false;
      const moments = new Set(disks.map((disk) => disk.choices()[0]?.at ?? 0));
      for (const at of moments) if (counts?.limited.includes(at) === false) counts.limited.push(at);
      // Too much hangs on one answer: what is left of this group is looked at with nothing and with all of it.
      const ends = disks.slice(0, Math.ceil(maxDisks / 2)).flatMap((disk) => disk.ends());
      return space.split(ends, question, ends.length);
    }
  }

  async #end(
    end: End,
    disks: readonly UndecidedDisk[],
    space: UndecidedSpace,
    acks: readonly Ack[],
  ): Promise<LazyFinding | undefined> {
    if (end.verdict.kind === "failed") return { choices: (disks[0] as UndecidedDisk).choices() };
    const depth = space.layers.length - 1;
    if (depth >= this.#options.nested || !end.trace.records.some(isEffect)) return undefined;
    const { personality } = space.layers[0] as UndecidedLayer; // a space has at least one
    for (const run of runsOn(disks, end)) {
      const inside = space.under(run.disks, layerOf(run.trace, personality, this.#slab));
      const found = await this.#exploreDisks(inside.space, inside.disks, acks);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Now and then runs recovery on the other end of what is thought to be the same to it. */
  async #recheck({ disks }: Group, space: UndecidedSpace, acks: readonly Ack[]): Promise<void> {
    const turn = this.#ends % this.#strategy.recheckEvery;
    this.#ends += 1;
    if (turn !== 0) return;
    const [, most] = (disks.at(-1) as UndecidedDisk).ends();
    const run = this.#recoveries.run(most, space, acks);
    if (run instanceof Promise) await run;
  }
}

/** How many effects one disk of a space consists of, at most. */
export function effectsOf({ layers }: UndecidedSpace): number {
  let effects = 1;
  for (const { moments } of layers) effects += Math.max(0, ...moments.map(({ units }) => units.length));
  return effects;
}
