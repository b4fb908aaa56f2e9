import {
  isEffect,
  layerOf,
  ObservedFs,
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
import type { Budget } from "./budget.js";
import { askingContext, type Ack } from "./crash-context.js";
import type { LazyStrategy, ResolvedOptions } from "./crash-matrix-options.js";
import { ObservationTree, type End, type ObservedRun, type Standing } from "./observation-tree.js";
import { andThen, recoverAndCheck } from "./recovery-run.js";

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
  /** Distinct observations of the workload's disks, for one personality. */
  images: number;
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
  readonly #budget: Budget;
  readonly #slab = new SlabAllocator();
  /** By number of acknowledgements. How deep a crash is, recovery only learns by asking. */
  readonly #trees = new Map<number, ObservationTree>();
  /** Distinct observations, over all personalities and depths. */
  distinct = 0;
  /** False once something had to be left out. */
  complete = true;
  #ends = 0;

  constructor(options: ResolvedOptions<T>, strategy: LazyStrategy, budget: Budget) {
    this.#options = options;
    this.#strategy = strategy;
    this.#budget = budget;
  }

  /** Explores the run of the workload under one personality, up to the first failure. */
  async explore(trace: Trace, personality: Personality, counts: LazyCounts): Promise<LazyFinding | undefined> {
    const layer = layerOf(trace, personality, this.#slab);
    for (const { acks, moments } of byAcks(trace, layer)) {
      const space = new UndecidedSpace([{ ...layer, moments }], this.#slab);
      const found = await this.#exploreDisks(space, space.start(), acks, counts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** @param counts - absent inside recovery. */
  async #exploreDisks(
    space: UndecidedSpace,
    disks: readonly UndecidedDisk[],
    acks: readonly Ack[],
    counts?: LazyCounts,
  ): Promise<LazyFinding | undefined> {
    const tree = this.#treeOf(acks.length);
    const open: Group[] = disks.length === 0 ? [] : [{ standing: tree.root, disks }];
    for (let group = open.pop(); group !== undefined; group = open.pop()) {
      this.#budget.checkTime();
      const { standing } = group;
      if (!standing.isKnown) {
        const run = this.#run(group.disks[0] as UndecidedDisk, space, acks); // a group has at least one
        tree.add(run instanceof Promise ? await run : run);
        this.distinct += 1;
      }
      if (standing.question !== undefined) {
        const split = this.#split(space, group.disks, standing.question, counts);
        const groups = [...split].map(([answer, some]) => ({ standing: standing.after(answer), disks: some }));
        open.push(...groups.reverse()); // the first one is looked at next
        continue;
      }
      if (counts !== undefined) counts.images += 1;
      await this.#recheck(group, tree, space, acks);
      const found = await this.#end(standing.end as End, group.disks, space, acks); // known, and no question
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #treeOf(acks: number): ObservationTree {
    const tree = this.#trees.get(acks) ?? new ObservationTree();
    this.#trees.set(acks, tree);
    return tree;
  }

  #split(
    space: UndecidedSpace,
    disks: readonly UndecidedDisk[],
    question: NonNullable<Standing["question"]>,
    counts: LazyCounts | undefined,
  ): Split {
    const { maxDisks } = this.#strategy;
    try {
      return space.split(disks, question, maxDisks);
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
    const inside = space.under(disks, layerOf(end.trace, personality, this.#slab));
    return this.#exploreDisks(inside.space, inside.disks, acks);
  }

  /** Now and then runs recovery on the other end of what is thought to be the same to it. */
  async #recheck({ disks }: Group, tree: ObservationTree, space: UndecidedSpace, acks: readonly Ack[]): Promise<void> {
    const turn = this.#ends % this.#strategy.recheckEvery;
    this.#ends += 1;
    if (turn !== 0) return;
    const [, most] = (disks.at(-1) as UndecidedDisk).ends();
    const run = this.#run(most, space, acks);
    tree.add(run instanceof Promise ? await run : run);
  }

  #run(disk: UndecidedDisk, space: UndecidedSpace, acks: readonly Ack[]): ObservedRun | Promise<ObservedRun> {
    this.#budget.spend();
    const { recover, check } = this.#options;
    const { personality } = space.layers[0] as UndecidedLayer; // a space has at least one
    const fs = new ObservedFs({ image: disk.image, personality });
    const context = askingContext(acks, space.layers.length - 1, fs);
    return andThen(recoverAndCheck(fs, context, recover, check), (verdict) => {
      return { verdict, trace: fs.trace(), observations: fs.observations };
    });
  }
}

/** The moments of a layer, together with those after the same acknowledgements. */
function byAcks(trace: Trace, layer: UndecidedLayer): { acks: Ack[]; moments: UndecidedLayer["moments"][number][] }[] {
  const classes: { acks: Ack[]; moments: UndecidedLayer["moments"][number][] }[] = [];
  let seen = 0;
  const acks: Ack[] = [];
  for (const moment of layer.moments) {
    for (; seen < moment.at; seen += 1) {
      const record = trace.records[seen];
      if (record?.kind === "mark") acks.push({ label: record.label, data: record.data });
    }
    const last = classes.at(-1);
    if (last?.acks.length === acks.length) last.moments.push(moment);
    else classes.push({ acks: [...acks], moments: [moment] });
  }
  return classes;
}
