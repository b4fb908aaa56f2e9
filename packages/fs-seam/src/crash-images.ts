import { buildImage, checkChoiceFits, choiceOf, unitsOfChoice, type CrashChoice, type Trace } from "./crash-choice.js";
import {
  countIdeals,
  extremes,
  Ideals,
  pairs,
  prefixes,
  samples,
  singles,
  tears,
  type Chosen,
  type CrashLevel,
} from "./crash-strategy.js";
import { unitsOf, type Unit } from "./crash-units.js";
import { isEffect, type Effect } from "./effects.js";
import { FsError } from "./fs-error.js";
import type { FsState, Image } from "./fs-state.js";
import { imageHash } from "./image-hash.js";
import { ImageMaker } from "./image-maker.js";
import { Ledger } from "./ledger.js";
import { SlabAllocator } from "./slab-allocator.js";
import { personalityOf } from "./known-personalities.js";
import { posix, unwrittenUnder, type Personality, type Unwritten } from "./personality.js";
import { SubsetDigest } from "./subset-digest.js";

/**
 * Every disk a power loss may leave behind, from one recorded run. Only the moments before a record that is no effect (a
 * barrier, write-back, a mark, a fault of the disk) and the end are visited: between two of them the pending effects only
 * grow, so what an earlier moment may leave, a later one may leave as well.
 */

/** Which of the legal images to make at each crash point. */
export type CrashStrategy =
  /** Levels 0 to `level` of the ladder: 0 nothing or all, 1 prefixes, 2 one effect, 3 torn writes, 4 pairs. */
  | { readonly kind: "levels"; readonly level: CrashLevel }
  /** Every legal image, if a point has at most `limit` subsets; otherwise level 4 and a note in `onLimit`. */
  | { readonly kind: "exhaustive"; readonly limit: number }
  /** So many seeded random images at each point. */
  | { readonly kind: "random"; readonly seed: number; readonly count: number };

/** Which images of a run are made. */
export interface CrashImagesOptions {
  /** Default `posix`. */
  readonly personality?: string | Personality;
  /** Default: exhaustive up to 2^14 subsets a point. */
  readonly strategy?: CrashStrategy;
  /** Only the crash point at this record number; default all. */
  readonly at?: number;
  /** Only crash points at this record number and later; default 0. */
  readonly from?: number;
  /** Called for every point at which an exhaustive strategy found more than its limit. */
  readonly onLimit?: (at: number) => void;
  /** Make nothing at such a point instead of level 4, for those who look at it in another way. Default false. */
  readonly skipBeyondLimit?: boolean;
  /**
   * Leave out images that were made before in this iteration. Default true. `within-moments` leaves out what is seen to
   * repeat an image of the same moment before it is made: for those who compare images of different moments themselves.
   */
  readonly deduplicate?: boolean | "within-moments";
}

/** A moment of the run at which the power may fail. */
export interface CrashPoint {
  /** The power fails before the log record of this number. */
  readonly at: number;
  /** Effects that may or may not survive, in log order. */
  readonly pending: readonly Effect[];
  /** What survives for certain. */
  readonly durable: Image;
}

/** A tree that a power loss may leave. Mount it with `new CrashFs({ image })`; nothing ever changes it. */
export interface CrashImage {
  /** The tree. */
  readonly image: Image;
  /** Makes it again from the same trace. */
  readonly choice: CrashChoice;
  /** Where the power failed. */
  readonly point: CrashPoint;
  /** Hash by content; equal trees have equal hashes. */
  readonly hash: number;
}

const defaultStrategy: CrashStrategy = { kind: "exhaustive", limit: 1 << 14 };
/** Above this many units a point is never enumerated in pieces: the count alone would not end. */
const maxExhaustiveUnits = 4096;

/** The crash points of a run, in order. Points are lent: each is valid until the next one is asked for. */
export function* crashPoints(trace: Trace, personality: Personality, slab: SlabAllocator): Generator<CrashPoint> {
  if (personality.law !== "effects") {
    throw new FsError("FS_UNSUPPORTED", `crash images: ${personality.name} has one outcome, use CrashFs.crash()`, {
      operation: "mount",
    });
  }
  const ledger = new Ledger(personality, trace.base, trace.records, slab);
  const { records } = trace;
  for (let at = 0; at <= records.length; at += 1) {
    const next = records[at];
    if (next !== undefined && isEffect(next)) continue;
    ledger.advance(at);
    yield { at, pending: ledger.exposed(), durable: ledger.state.freeze() };
  }
}

/** Number of legal images of a run before duplicates are removed, points above `limit` counted as `limit`. */
export function countImages(trace: Trace, personality: Personality, limit: number): number {
  let count = 0;
  for (const point of crashPoints(trace, personality, new SlabAllocator())) {
    count += countIdeals(unitsOf(point.pending, personality, true), limit);
  }
  return count;
}

/**
 * Iterates over the legal images of a recorded run. Deterministic; nothing of the trace is changed, and every image is
 * independent of the others.
 */
export function* crashImages(trace: Trace, options: CrashImagesOptions = {}): Generator<CrashImage> {
  const personality = personalityOf(options.personality ?? posix);
  const slab = new SlabAllocator();
  const seen = new Set<number>();
  for (const point of crashPoints(trace, personality, slab)) {
    if (options.at !== undefined && options.at !== point.at) continue;
    if (point.at < (options.from ?? 0)) continue;
    for (const subset of subsets(point, personality, slab, options)) {
      const state = subset.maker.make(subset.chosen);
      const hash = imageHash(state);
      if (options.deduplicate !== false && options.deduplicate !== "within-moments") {
        if (seen.has(hash)) continue;
        seen.add(hash);
      }
      yield new MadeImage(state, subset, personality, point, hash);
    }
  }
}

/** An image that most often turns out to be known by its hash: what else it consists of is made on demand. */
class MadeImage implements CrashImage {
  readonly point: CrashPoint;
  readonly hash: number;
  readonly #state: FsState;
  readonly #subset: Subset;
  readonly #personality: Personality;
  #image: Image | undefined = undefined;

  constructor(state: FsState, subset: Subset, personality: Personality, point: CrashPoint, hash: number) {
    this.point = point;
    this.hash = hash;
    this.#state = state;
    this.#subset = subset;
    this.#personality = personality;
  }

  get image(): Image {
    this.#image ??= this.#state.freeze();
    return this.#image;
  }

  get choice(): CrashChoice {
    const { units, chosen, unwritten } = this.#subset;
    return choiceOf(this.#personality, this.point.at, units, chosen, unwritten);
  }
}

interface Subset {
  readonly units: readonly Unit[];
  readonly chosen: Chosen;
  readonly unwritten: Unwritten;
  readonly maker: ImageMaker;
}

function* subsets(
  point: CrashPoint,
  personality: Personality,
  slab: SlabAllocator,
  options: CrashImagesOptions,
): Generator<Subset> {
  const strategy = options.strategy ?? defaultStrategy;
  for (const unwritten of unwrittenUnder(personality)) {
    for (const { units, sets } of setsOf(point, personality, strategy, options)) {
      const maker = new ImageMaker(point.durable, units, personality, unwritten, slab);
      const wanted = options.deduplicate === false ? sets : differing(sets, units, point, personality);
      for (const chosen of wanted) yield { units, chosen, unwritten, maker };
    }
  }
}

/** Leaves out subsets that cannot make another image than one before them. */
function* differing(
  sets: Iterable<Chosen>,
  units: readonly Unit[],
  { durable }: CrashPoint,
  personality: Personality,
): Generator<Chosen> {
  const digest = new SubsetDigest(units, durable, personality);
  const seen = new Set<number | string>();
  const isNew = (chosen: Chosen): boolean => {
    const before = seen.size;
    return seen.add(digest.of(chosen)).size > before;
  };
  if (sets instanceof Ideals) yield* sets.where(isNew);
  else for (const chosen of sets) if (isNew(chosen)) yield chosen;
}

interface Sets {
  readonly units: readonly Unit[];
  readonly sets: Iterable<Chosen>;
}

function* setsOf(
  { pending, at }: CrashPoint,
  personality: Personality,
  strategy: CrashStrategy,
  { onLimit, skipBeyondLimit = false }: CrashImagesOptions,
): Generator<Sets> {
  if (strategy.kind === "random") {
    const units = unitsOf(pending, personality, true);
    yield { units, sets: samples(units, strategy.seed + at, strategy.count) };
    return;
  }
  if (strategy.kind === "exhaustive") {
    const whole = unitsOf(pending, personality, false);
    const torn = pending.length > maxExhaustiveUnits ? whole : unitsOf(pending, personality, true);
    if (torn.length <= maxExhaustiveUnits && countIdeals(torn, strategy.limit + 1) <= strategy.limit) {
      yield { units: torn, sets: new Ideals(torn) };
      return;
    }
    onLimit?.(at);
    if (skipBeyondLimit) return;
    if (countIdeals(whole, strategy.limit + 1) <= strategy.limit) yield { units: whole, sets: new Ideals(whole) };
    yield* levels(whole, torn, 4);
    return;
  }
  yield* levels(unitsOf(pending, personality, false), unitsOf(pending, personality, true), strategy.level);
}

function* levels(whole: readonly Unit[], torn: readonly Unit[], level: CrashLevel): Generator<Sets> {
  yield { units: whole, sets: extremes(whole) };
  if (level >= 1) yield { units: whole, sets: prefixes(whole) };
  if (level >= 2) yield { units: whole, sets: singles(whole) };
  if (level >= 3) yield { units: torn, sets: tears(torn) };
  if (level >= 4) yield { units: whole, sets: pairs(whole) };
}

/** Makes one image again. Throws `FS_BAD_IMAGE` when the choice does not fit the trace or the personality. */
export function replayCrash(trace: Trace, choice: CrashChoice, personality?: Personality): Image {
  const judge = personality ?? personalityOf(choice.personality);
  const slab = new SlabAllocator();
  const ledger = new Ledger(judge, trace.base, trace.records, slab);
  if (choice.at > trace.records.length) {
    const why = `crash choice: the run has only ${trace.records.length} records, not ${choice.at}`;
    throw new FsError("FS_BAD_IMAGE", why, { operation: "mount" });
  }
  checkChoiceFits(choice, judge);
  ledger.advance(choice.at);
  const pending = ledger.exposed();
  const units = unitsOf(pending, judge, true);
  const chosen = unitsOfChoice(choice, units, pending);
  return buildImage(ledger.state.freeze(), units, chosen, judge, choice.unwritten, slab).freeze();
}

/** Effects that may or may not survive a power loss before the record `at`, in log order. */
export function pendingAt(trace: Trace, personality: Personality, at: number): readonly Effect[] {
  const ledger = new Ledger(personality, trace.base, trace.records);
  ledger.advance(Math.min(at, trace.records.length));
  return ledger.exposed();
}
