import type { Directory } from "@holdfast/fs-seam";
import { personalityOf, posix, type CrashFs, type CrashStrategy, type Personality } from "@holdfast/fs-seam/crash";
import { CrashTestError } from "./crash-test-error.js";

/** What a workload can say about itself while it runs. */
export interface WorkloadRun {
  /** The file system under test; for reads of `durability(path)`, for marks, for faults. */
  readonly fs: CrashFs;
  /**
   * States that something is acknowledged from here on: `check` is told so for every crash after this call.
   *
   * @param label - not empty.
   * @param data - anything the check wants back; kept by reference.
   * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` without a label; `CRASH_TEST_UNSETTLED` once the promise of the
   * workload has settled, which fails the run as well.
   */
  ack(label: string, data?: unknown): void;
}

/** What a check knows about the crash it is judging. */
export interface CrashContext {
  /**
   * True when the workload called `ack(label)` before the power failed. Asking for a label that the workload never gives
   * fails a run that would have passed: the law behind the question never had to hold. Look through `acks` for one that it
   * may leave out.
   */
  readonly acked: (label: string) => boolean;
  /** Every acknowledgement before the power failed, in order. */
  readonly acks: readonly { readonly label: string; readonly data: unknown }[];
  /** 0: the crash was in the workload. n: in the nth recovery after it. */
  readonly depth: number;
}

/** Decides about what was pending only when recovery reads it, and judges disks once that it cannot tell apart. */
export interface LazyStrategy {
  readonly kind: "lazy";
  /** Disks that one answer may depend on at most; where it is more, the report is not complete. Default 65,536. */
  readonly maxDisks: number;
  /** One in so many observations is made again on another disk that should show the same. Default 100. */
  readonly recheckEvery: number;
}

/** Random disks, decided where recovery looks, until nothing new comes up: level 6. */
export interface SampledStrategy {
  readonly kind: "sampled";
  /** Safe integer; the same seed makes the same disks. */
  readonly seed: number;
  /** So many disks in a row that show recovery nothing new end the sampling. Default 256. */
  readonly patience: number;
}

/**
 * All legal disks of a moment; where there are too many, lazy decisions; and where those do not come to an end, random disks:
 * levels 5 and 6. No part may spend what the others need.
 */
export interface LadderStrategy {
  readonly kind: "ladder";
  /** Legal subsets of one moment at most that are all made. Default 16,384. */
  readonly limit: number;
  /** Of the random disks. Default 1. */
  readonly seed: number;
  /** As for `sampled`. Default 256. */
  readonly patience: number;
}

/** How to choose among the legal disks. */
export type ExplorationStrategy =
  | CrashStrategy
  | ({ readonly kind: "lazy" } & Partial<Omit<LazyStrategy, "kind">>)
  | ({ readonly kind: "sampled"; readonly seed: number } & Partial<Pick<SampledStrategy, "patience">>)
  | ({ readonly kind: "ladder" } & Partial<Omit<LadderStrategy, "kind">>);

/** {@link ExplorationStrategy} with every default filled in. */
export type ResolvedStrategy = CrashStrategy | LazyStrategy | SampledStrategy | LadderStrategy;

/** What {@link crashMatrix} runs, and how much of it is looked at. */
export interface CrashMatrixOptions<T> {
  /** Name for messages. Default "crash matrix". */
  readonly name?: string;
  /** Builds the state before the test; all of it counts as durable. */
  readonly setup?: (directory: Directory, fs: CrashFs) => void | Promise<void>;
  /**
   * The program under test. It runs once, must be deterministic, and is never interrupted: crashes come from its log. All it
   * does must be done when its promise settles.
   */
  readonly workload: (directory: Directory, run: WorkloadRun) => void | Promise<void>;
  /** Opens what a crash left and brings it back to order. Runs on a fresh file system for every image. */
  readonly recover: (directory: Directory, context: CrashContext) => T | Promise<T>;
  /** Throws or returns false when `recovered` breaks a promise. */
  readonly check: (recovered: T, context: CrashContext) => void | boolean | Promise<void | boolean>;
  /** Default {@link defaultPersonalities}. */
  readonly personalities?: readonly (string | Personality)[];
  /**
   * Which images of each crash point. Default `ladder`: all, where a point has at most 16,384 subsets, otherwise what lazy
   * decisions show, and random ones where those do not come to an end.
   */
  readonly strategy?: ExplorationStrategy;
  /** Crashes inside recovery, so many deep. Default 1. */
  readonly nested?: number;
  /** Which images of the crash points of a recovery. Default level 3; not for a lazy strategy, which goes on as it is. */
  readonly nestedStrategy?: CrashStrategy;
  /**
   * Does not recover from an image on which an earlier recovery would have read the same; one in a hundred is recovered from
   * all the same, and compared. Pays when recovery is slow. Not for a lazy strategy, which never does. Default false.
   */
  readonly rememberReads?: boolean;
  /** Recoveries at most; reaching it is an error, unless `allowIncomplete`. Default 100,000. */
  readonly maxRecoveries?: number;
  /** Operations on files at most that one recovery may make before it counts as one that never ends. Default 1,000,000. */
  readonly maxOperations?: number;
  /** Turns of the event loop at most that one recovery, `setup` or `workload` may take, likewise. Default 100,000. */
  readonly maxTurns?: number;
  /** One turn of the event loop. Default `setImmediate`. */
  readonly turn?: () => Promise<void>;
  /** Milliseconds by `now`; reaching it is an error, unless `allowIncomplete`. Default: no bound. */
  readonly maxMilliseconds?: number;
  /** Report a spent budget instead of failing. Default false. */
  readonly allowIncomplete?: boolean;
  /**
   * Fewer distinct images than this fail the run: a test that crashes nothing proves nothing. So does, unless this is below
   * 2, a recovery that never makes a call on its disk. Default 2.
   */
  readonly minImages?: number;
  /** Replays one failure: the choices of its `replay` line. */
  readonly replay?: string;
  /** Monotonic clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number;
}

/** {@link CrashMatrixOptions} with every default filled in. */
export interface ResolvedOptions<T> extends Omit<CrashMatrixOptions<T>, "setup" | "replay"> {
  readonly name: string;
  readonly setup: ((directory: Directory, fs: CrashFs) => void | Promise<void>) | undefined;
  readonly personalities: readonly Personality[];
  readonly strategy: ResolvedStrategy;
  readonly nested: number;
  readonly nestedStrategy: CrashStrategy;
  readonly rememberReads: boolean;
  readonly maxOperations: number;
  readonly maxTurns: number;
  readonly turn: () => Promise<void>;
  readonly maxRecoveries: number;
  readonly maxMilliseconds: number;
  readonly allowIncomplete: boolean;
  readonly minImages: number;
  readonly replay: string | undefined;
  readonly now: () => number;
}

/** What a matrix explores when nothing else is asked for. */
export const defaultPersonalities: readonly string[] = ["posix", "ext4-ordered", "xfs", "btrfs"];

const optionKeys: readonly string[] = [
  "name",
  "setup",
  "workload",
  "recover",
  "check",
  "personalities",
  "strategy",
  "nested",
  "nestedStrategy",
  "rememberReads",
  "maxOperations",
  "maxTurns",
  "turn",
  "maxRecoveries",
  "maxMilliseconds",
  "allowIncomplete",
  "minImages",
  "replay",
  "now",
];

const optionTypes = [
  ["name", "string"],
  ["setup", "function"],
  ["allowIncomplete", "boolean"],
  ["rememberReads", "boolean"],
  ["replay", "string"],
  ["now", "function"],
  ["turn", "function"],
] as const;

/** Checks options and fills in defaults. Throws `CRASH_TEST_INVALID_OPTION` naming the option. */
export function resolveOptions<T>(options: CrashMatrixOptions<T>): ResolvedOptions<T> {
  if (typeof options !== "object" || options === null) {
    throw new CrashTestError("CRASH_TEST_INVALID_OPTION", "options must be an object");
  }
  for (const key in options) if (!optionKeys.includes(key)) refuse(key, "is unknown");
  for (const key of ["workload", "recover", "check"] as const) {
    if (typeof options[key] !== "function") refuse(key, "must be a function");
  }
  for (const [key, type] of optionTypes) {
    if (options[key] !== undefined && typeof options[key] !== type) refuse(key, `must be a ${type}`);
  }
  checkStrategyKeys("strategy", options.strategy);
  checkStrategyKeys("nestedStrategy", options.nestedStrategy);
  const resolved = {
    ...options,
    name: options.name ?? "crash matrix",
    setup: options.setup,
    personalities: resolvePersonalities(options.personalities ?? defaultPersonalities),
    strategy: resolveStrategy(options.strategy),
    nested: options.nested ?? 1,
    nestedStrategy: options.nestedStrategy ?? { kind: "levels", level: 3 },
    rememberReads: options.rememberReads ?? false,
    maxOperations: options.maxOperations ?? 1_000_000,
    maxTurns: options.maxTurns ?? 100_000,
    turn: options.turn ?? ((): Promise<void> => new Promise((resolve) => setImmediate(resolve))),
    maxRecoveries: options.maxRecoveries ?? 100_000,
    maxMilliseconds: options.maxMilliseconds ?? Number.POSITIVE_INFINITY,
    allowIncomplete: options.allowIncomplete ?? false,
    minImages: options.minImages ?? 2,
    replay: options.replay,
    now: options.now ?? ((): number => performance.now()),
  } satisfies ResolvedOptions<T>;
  checkBounds(resolved);
  const { kind } = resolved.strategy;
  if ((kind === "lazy" || kind === "sampled") && options.nestedStrategy !== undefined) {
    refuse("nestedStrategy", `does not go with a ${kind} strategy, which is the same inside recovery`);
  }
  return resolved;
}

const defaultPatience = 256;

/** What each kind of strategy may say about itself. */
const strategyKeys: Readonly<Record<string, readonly string[]>> = {
  levels: ["level"],
  exhaustive: ["limit"],
  random: ["seed", "count"],
  lazy: ["maxDisks", "recheckEvery"],
  sampled: ["seed", "patience"],
  ladder: ["limit", "seed", "patience"],
};

function checkStrategyKeys(option: string, given: object | undefined | null): void {
  if (typeof given !== "object" || given === null || !("kind" in given)) return; // refused where values are checked
  const known = strategyKeys[String(given.kind)];
  const wrong = Object.keys(given).find((key) => key !== "kind" && known?.includes(key) === false);
  if (wrong !== undefined) refuse(option, `has no ${wrong}; ${String(given.kind)} takes ${known?.join(", ")}`);
}

function resolveStrategy(given: ExplorationStrategy = { kind: "ladder" }): ResolvedStrategy {
  switch (given?.kind) {
    case "lazy":
      return { kind: "lazy", maxDisks: given.maxDisks ?? 65_536, recheckEvery: given.recheckEvery ?? 100 };
    case "sampled":
      return { kind: "sampled", seed: given.seed, patience: given.patience ?? defaultPatience };
    case "ladder": {
      const { limit = 16_384, seed = 1, patience = defaultPatience } = given;
      return { kind: "ladder", limit, seed, patience };
    }
    default:
      return given;
  }
}

function resolvePersonalities(given: readonly (string | Personality)[]): Personality[] {
  if (!Array.isArray(given) || given.length === 0) refuse("personalities", "must be a list, and not empty");
  const resolved = given.map(resolvePersonality);
  const twice = resolved.find(({ name }, index) => resolved.findIndex((other) => other.name === name) < index);
  if (twice !== undefined) refuse("personalities", `has two of the name ${twice.name}`);
  return resolved;
}

function resolvePersonality(given: string | Personality): Personality {
  const personality = typeof given === "string" ? knownPersonality(given) : given;
  if (typeof personality?.name !== "string") refuse("personalities", "must hold names or personalities");
  if (personality.law === "effects") {
    const missing = missingOf(personality, posix);
    if (missing === undefined) return personality;
    refuse("personalities", `has ${personality.name}, which does not say ${missing}: begin with { ...posix, name }`);
  }
  return refuse("personalities", `has ${personality.name}, which leaves one outcome: use CrashFs.crash() for it`);
}

/** The first field, by path, that is absent or of another type than in a whole personality. */
function missingOf(given: object, whole: object, path = ""): string | undefined {
  for (const [key, wanted] of Object.entries(whole)) {
    const value: unknown = Reflect.get(given, key);
    const here = path + key;
    if (typeof value !== typeof wanted || value === null || Array.isArray(value) !== Array.isArray(wanted)) return here;
    if (typeof value !== "object" || Array.isArray(value)) continue;
    const below = missingOf(value, wanted as object, `${here}.`); // of the type of `value`
    if (below !== undefined) return below;
  }
  return undefined;
}

function knownPersonality(name: string): Personality {
  try {
    return personalityOf(name);
  } catch (cause) {
    return refuse("personalities", `names an unknown one: ${name}`, cause);
  }
}

function checkBounds<T>(options: ResolvedOptions<T>): void {
  for (const key of ["nested", "maxRecoveries", "minImages", "maxTurns"] as const) {
    if (!Number.isSafeInteger(options[key]) || options[key] < 0) refuse(key, "must be a whole number from 0 on");
  }
  const { maxOperations } = options;
  if (!Number.isSafeInteger(maxOperations) || maxOperations < 1) {
    refuse("maxOperations", "must be a whole number from 1 on");
  }
  if (!(options.maxMilliseconds > 0)) refuse("maxMilliseconds", "must be above 0");
  for (const key of ["strategy", "nestedStrategy"] as const) checkStrategy(key, options[key]);
}

const kinds = "must be of kind levels, exhaustive, random, lazy, sampled or ladder";

function checkStrategy(key: string, strategy: ResolvedStrategy): void {
  const count = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (typeof strategy !== "object" || strategy === null) refuse(key, kinds);
  switch (strategy.kind) {
    case "levels":
      if (![0, 1, 2, 3, 4].includes(strategy.level)) refuse(key, "level must be from 0 to 4");
      return;
    case "exhaustive":
      if (!count(strategy.limit) || strategy.limit < 1) refuse(key, "limit must be a whole number from 1 on");
      return;
    case "random":
      if (!count(strategy.count) || strategy.count < 1 || !Number.isSafeInteger(strategy.seed)) {
        refuse(key, "needs a whole seed and count");
      }
      return;
    case "lazy":
      if (key !== "strategy") refuse(key, "follows from strategy when that is lazy or sampled");
      for (const bound of ["maxDisks", "recheckEvery"] as const) {
        if (!count(strategy[bound]) || strategy[bound] < 1) refuse(key, `${bound} must be a whole number from 1 on`);
      }
      return;
    case "sampled":
    case "ladder":
      if (key !== "strategy") refuse(key, "must be of kind levels, exhaustive or random");
      if (strategy.kind === "ladder" && !(count(strategy.limit) && strategy.limit > 0)) {
        refuse(key, "limit must be a whole number from 1 on");
      }
      if (!Number.isSafeInteger(strategy.seed)) refuse(key, "seed must be a whole number");
      if (!count(strategy.patience) || strategy.patience < 1) refuse(key, "patience must be a whole number from 1 on");
      return;
    default:
      refuse(key, kinds);
  }
}

function refuse(option: string, why: string, cause?: unknown): never {
  const message = `option ${option} ${why}`;
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", message, undefined, cause === undefined ? {} : { cause });
}
