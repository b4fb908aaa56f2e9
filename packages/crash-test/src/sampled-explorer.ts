import { Prng, streamSeed } from "@holdfast/fs-seam/sim";
import {
  isEffect,
  layerOf,
  runsOn,
  SlabAllocator,
  UndecidedSpace,
  type Effect,
  type Personality,
  type RunOnDisks,
  type Trace,
  type UndecidedDisk,
  type UndecidedLayer,
  type Unit,
} from "@holdfast/fs-seam/crash";
import { siteOf } from "./call-site.js";
import type { Ack } from "./crash-context.js";
import type { ResolvedOptions, SampledStrategy } from "./crash-matrix-options.js";
import { effectsOf, type LazyCounts, type LazyFinding } from "./lazy-explorer.js";
import type { End } from "./observation-tree.js";
import { byAcks, type MomentsOfAcks, type ObservedRecoveries } from "./observed-recoveries.js";

type SampledCounts = Pick<LazyCounts, "ended">;

/** Disks of more effects are decided whole, since a disk is made for each answer that is decided for itself. */
const wideEffects = 1024;
/** What such a disk costs, beside one that is asked a single thing: recovery has much to read there. */
const wideCost = 16;

/** Walks inside one recovery are so many times fewer than those over the disks of the workload. */
const nestedShare = 8;

/**
 * Level 6: random disks, decided only where recovery looks. A walk asks what recovery would ask, and decides by chance what
 * the answer depends on; where nobody knows what recovery does next, it runs. So chance is never spent on what recovery does
 * not read. Effects of a kind that was seldom lost, or seldom kept, are tried that way first.
 */
export class SampledExplorer<T> {
  readonly #options: ResolvedOptions<T>;
  readonly #strategy: SampledStrategy;
  readonly #recoveries: ObservedRecoveries<T>;
  readonly #slab = new SlabAllocator();
  readonly #prng: Prng;
  readonly #clusters = new Clusters();

  constructor(options: ResolvedOptions<T>, strategy: SampledStrategy, recoveries: ObservedRecoveries<T>) {
    this.#options = options;
    this.#strategy = strategy;
    this.#recoveries = recoveries;
    this.#prng = new Prng(streamSeed(strategy.seed, "crashSamples"));
  }

  /**
   * Walks over the disks of a recorded run until `patience` walks in a row showed recovery nothing new.
   *
   * @param counts - told of each thing that recovery of the workload's disks was shown.
   */
  async explore(trace: Trace, personality: Personality, counts: SampledCounts): Promise<LazyFinding | undefined> {
    const layer = layerOf(trace, personality, this.#slab);
    for (const some of byAcks(trace, layer)) {
      const found = await this.exploreMoments(layer, some, counts);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Walks over the disks of some moments of a run, likewise. */
  exploreMoments(
    layer: UndecidedLayer,
    { acks, moments }: MomentsOfAcks,
    counts: SampledCounts,
  ): Promise<LazyFinding | undefined> {
    const space = new UndecidedSpace([{ ...layer, moments }], this.#slab);
    return this.#sample(space, space.start(), acks, this.#strategy.patience, counts);
  }

  async #sample(
    space: UndecidedSpace,
    disks: readonly UndecidedDisk[],
    acks: readonly Ack[],
    patience: number,
    counts?: SampledCounts,
  ): Promise<LazyFinding | undefined> {
    const seen = new Set<End>();
    for (let quiet = 0; quiet < patience && disks.length > 0; quiet += 1) {
      this.#recoveries.budget.checkTime();
      const { end, disk } = await this.#walk(space, disks[this.#prng.below(disks.length)] as UndecidedDisk, acks);
      if (end.verdict.kind === "failed") return { choices: disk.choices() };
      if (seen.has(end)) continue;
      seen.add(end);
      counts?.ended(end, disk);
      quiet = -1; // something new: patience starts afresh
      const found = await this.#inside(space, disk, end, acks, patience);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #inside(
    space: UndecidedSpace,
    disk: UndecidedDisk,
    end: End,
    acks: readonly Ack[],
    patience: number,
  ): Promise<LazyFinding | undefined> {
    if (space.layers.length > this.#options.nested || !end.trace.records.some(isEffect)) return undefined;
    const { personality } = space.layers[0] as UndecidedLayer; // a space has at least one
    const [run] = runsOn([disk], end) as [RunOnDisks]; // one for one disk
    const inside = space.under(run.disks, layerOf(run.trace, personality, this.#slab));
    const walks = Math.max(1, Math.ceil(patience / nestedShare));
    return this.#sample(inside.space, inside.disks, acks, walks);
  }

  /** Follows what recovery asks to its end, on one disk of all that `start` stands for. */
  async #walk(
    space: UndecidedSpace,
    start: UndecidedDisk,
    acks: readonly Ack[],
  ): Promise<{ readonly end: End; readonly disk: UndecidedDisk }> {
    let standing = this.#recoveries.treeOf(acks.length).root;
    const bias = this.#prng.below(101); // reaches nearly empty and nearly full disks as well
    const keep = (unit: Unit): boolean => this.#keeps(unit, bias);
    const effects = effectsOf(space);
    const isWide = effects > wideEffects;
    if (isWide) this.#recoveries.budget.spendEffects(effects * wideCost);
    let disk = isWide ? space.complete(start, keep) : start;
    while (true) {
      if (!standing.isKnown) {
        disk = space.complete(disk, keep); // nothing is left to chance behind this: the run goes to its end
        const run = this.#recoveries.run(disk, space, acks);
        if (run instanceof Promise) await run;
      }
      if (standing.question === undefined) return { end: standing.end as End, disk }; // known, and no question
      if (!isWide) this.#recoveries.budget.spendEffects(effects);
      const decided = space.decide(disk, standing.question, keep);
      disk = decided.disk;
      standing = standing.after(decided.answer);
    }
  }

  #keeps(unit: Unit, bias: number): boolean {
    const rare = this.#clusters.rareFate(unit);
    const keep = rare !== undefined && this.#prng.below(2) === 0 ? rare : this.#prng.below(100) < bias;
    this.#clusters.count(unit, keep);
    return keep;
  }
}

/** How often effects of one kind were kept and lost: one call of the program, doing one thing, to one kind of file. */
class Clusters {
  readonly #keys = new WeakMap<Effect, string>();
  readonly #counts = new Map<string, { kept: number; lost: number }>();

  /** The fate that units of this kind met less often so far; undefined when both were as frequent. */
  rareFate(unit: Unit): boolean | undefined {
    const { kept, lost } = this.#of(unit);
    return kept === lost ? undefined : kept < lost;
  }

  count(unit: Unit, keep: boolean): void {
    const counts = this.#of(unit);
    if (keep) counts.kept += 1;
    else counts.lost += 1;
  }

  #of({ effects }: Unit): { kept: number; lost: number } {
    const key = effects[0] === undefined ? "" : this.#keyOf(effects[0]);
    const counts = this.#counts.get(key) ?? { kept: 0, lost: 0 };
    this.#counts.set(key, counts);
    return counts;
  }

  #keyOf(effect: Effect): string {
    const known = this.#keys.get(effect);
    if (known !== undefined) return known;
    const role = (effect.call?.path ?? "").replace(/\d+/g, "#");
    const key = `${effect.kind} ${role} ${siteOf(effect.call)}`;
    this.#keys.set(effect, key);
    return key;
  }
}
