import { imageHash, layerOf, SlabAllocator, type Trace, type UndecidedDisk } from "@holdfast/fs-seam/crash";
import type { Share } from "./budget.js";
import type { LadderStrategy, ResolvedOptions } from "./crash-matrix-options.js";
import { LazyExplorer, type LazyCounts, type LazyFinding } from "./lazy-explorer.js";
import type { End } from "./observation-tree.js";
import { byAcks, type ObservedRecoveries } from "./observed-recoveries.js";
import { SampledExplorer } from "./sampled-explorer.js";

/** What moments with too many disks may cost together, in recoveries. */
export const ladderRestRecoveries = 8192;
/** That, and effects put on disks to ask them; both are shared evenly. */
const total = { recoveries: ladderRestRecoveries, effects: 16_000_000 };
/** What the moments after one acknowledgement may cost at most: lazy decisions that are not done by then will hardly be. */
const mostLazy = { recoveries: 2048, effects: 1_000_000 };
/** Random disks likewise: chance that shows something new for so long will go on to. */
const mostSampled = { recoveries: 512, effects: 2_000_000 };
/** One answer that depends on more disks than this is left to chance. */
const maxDisks = 4096;

/** Which moments of the workload an exploration left over, under one personality, and what it counted. */
export interface LeftMoments {
  readonly isLeft: (at: number) => boolean;
  readonly tally: ImageTally;
}

/** Counts the distinct disks of the workload under one personality, in whichever way recovery came to see them. */
export class ImageTally {
  readonly #hashes = new Set<number>();
  readonly #ends = new Set<End>();

  get images(): number {
    return this.#hashes.size;
  }

  addImage(hash: number): void {
    this.#hashes.add(hash);
  }

  /** Of all disks that recovery cannot tell apart two count: with all that is undecided lost, and with all of it kept. */
  addEnd(end: End, disk: UndecidedDisk): void {
    if (this.#ends.has(end)) return;
    this.#ends.add(end);
    for (const { image } of disk.isDecided ? [disk] : disk.ends()) this.#hashes.add(imageHash(image));
  }
}

/**
 * What is above making every disk of a moment: lazy decisions, which see all that recovery can see where that is little, and
 * chance where it is not. The moments after one acknowledgement share what is left of the budget with those behind them, so
 * that none is left out because of an earlier one.
 */
export class LadderRest<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #strategy: LadderStrategy;
  readonly #recoveries: ObservedRecoveries<T>;
  readonly #slab = new SlabAllocator();
  /** By personality: moments that were left to chance. */
  readonly sampled: number[][];
  /** Whether chance showed nothing new in the end, everywhere. */
  isPlateau = true;

  constructor(options: ResolvedOptions<T>, strategy: LadderStrategy, recoveries: ObservedRecoveries<T>) {
    this.#options = options;
    this.#strategy = strategy;
    this.#recoveries = recoveries;
    this.sampled = options.personalities.map(() => []);
  }

  /** Explores what was left over, under every personality, up to the first failure. */
  async explore(trace: Trace, left: readonly LeftMoments[]): Promise<LazyFinding | undefined> {
    const jobs = this.#options.personalities.flatMap((personality, index) => {
      const { isLeft, tally } = left[index] as LeftMoments; // one for each personality
      const layer = layerOf(trace, personality, this.#slab, isLeft);
      const counts = { ended: (end, disk) => tally.addEnd(end, disk), limited: [] } satisfies LazyCounts;
      return byAcks(trace, layer).map((some) => ({ index, layer, some, counts }));
    });
    const { budget } = this.#recoveries;
    const { seed, patience } = this.#strategy;
    const sampler = new SampledExplorer(this.#options, { kind: "sampled", seed, patience }, this.#recoveries);
    const fair = fairShare(Math.min(total.recoveries, budget.left), jobs.length);
    for (const { index, layer, some, counts } of jobs) {
      let found: LazyFinding | undefined;
      const widest = Math.max(1, ...some.moments.map(({ units }) => units.length));
      const disks = Math.max(1, Math.min(maxDisks, Math.floor(fair.effects / widest)));
      const lazy = new LazyExplorer(
        this.#options,
        { kind: "lazy", maxDisks: disks, recheckEvery: 100 },
        this.#recoveries,
      );
      const isEnough = await budget.within(
        { recoveries: Math.ceil(fair.recoveries / 2), effects: fair.effects },
        async () => void (found = await lazy.exploreMoments(layer, some, counts)),
      );
      if (found !== undefined) return found;
      if (isEnough && lazy.complete) continue;
      this.sampled[index]?.push(...some.moments.map(({ at }) => at));
      const isQuiet = await budget.within(
        // Fewer disks than patience is long would end without having looked: rather the budget is spent, and says so.
        {
          recoveries: Math.max(patience, Math.min(mostSampled.recoveries, fair.recoveries)),
          effects: mostSampled.effects,
        },
        async () => void (found = await sampler.exploreMoments(layer, some, counts)),
      );
      if (found !== undefined) return found;
      if (!isQuiet) this.isPlateau = false;
    }
    return undefined;
  }
}

function fairShare(recoveries: number, jobs: number): Required<Share> {
  return {
    recoveries: Math.min(2 * mostLazy.recoveries, Math.ceil(recoveries / jobs)),
    effects: Math.min(mostLazy.effects, Math.ceil(total.effects / jobs)),
  };
}
