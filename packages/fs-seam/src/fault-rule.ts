import { fsOperations } from "./fs-error.js";
import type { FsOperation } from "./fs-error.js";
import type { HandleMediaFault } from "./media-faults.js";

/** One call at the seam, as a rule sees it. */
export interface FaultCall {
  /** What was called. */
  readonly operation: FsOperation;
  /** The path, or for a handle its path at open time; absent for `space`. */
  readonly path?: string | undefined;
  /** Second path of a rename, link or copy. */
  readonly destination?: string | undefined;
  /** Byte offset of a read, write, truncate, allocate or punch; absent for an append. */
  readonly offset?: number | undefined;
  /** Bytes asked for. */
  readonly length?: number | undefined;
  /** False for the promise form of a read or barrier, and for a streamed list. */
  readonly blocking: boolean;
}

/** Reports this errno instead of the result. `late`: the call is carried out first, and fails all the same. */
export interface ErrorAction {
  readonly kind: "error";
  /** POSIX name, as `ENOSPC`. */
  readonly errno: string;
  /** Default false: the call is not carried out. */
  readonly late?: boolean;
}

/**
 * `read`: only the first bytes arrive, as at an early end of file. `write` and `append`: the first system call accepts
 * only the first bytes, and the rest follow in a second one, so that a crash may come between.
 */
export interface ShortAction {
  readonly kind: "short";
  /** Bytes of the first part; default drawn from the seed. */
  readonly bytes?: number;
}

/** The first bytes land and the call fails, its error saying by `transferred` how many. */
export interface TornAction {
  readonly kind: "torn";
  /** POSIX name, as `EIO`. */
  readonly errno: string;
  /** Bytes that land; default drawn from the seed. */
  readonly bytes?: number;
}

/** Lets time pass on the injected timer, then goes on; later rules still have their say. */
export interface DelayAction {
  readonly kind: "delay";
  /** By the timer that the `FaultFs` was given. */
  readonly milliseconds: number;
}

/**
 * Calls back before the call goes on; later rules still have their say. What it throws, the call throws.
 */
export interface CallbackAction {
  readonly kind: "callback";
  /** Is given the call that it holds up. */
  readonly callback: (call: FaultCall) => void;
}

/**
 * The read succeeds with wrong bytes, the file stays as it is. `bit-flip`: one bit, drawn from the seed. `zero`: nothing
 * but zeros. `stale`: each byte as it was before the last write through this plan's file system; zeros where there was none.
 */
export interface CorruptReadAction {
  readonly kind: "corruptRead";
  /** Which wrong bytes. */
  readonly how: "bit-flip" | "zero" | "stale";
}

/** Faults by place, below the cache, struck just before the call goes on: see `MediaControls`. */
export type PlaceAction =
  | { readonly kind: "bitRot"; readonly offset: number; readonly bit: number }
  | { readonly kind: "latentError"; readonly offset: number; readonly length: number }
  | { readonly kind: "staleRead"; readonly offset: number; readonly length: number };

/** What a rule does to a call. The media kinds need an inner backend that models the disk. */
export type FaultAction =
  | ErrorAction
  | ShortAction
  | TornAction
  | DelayAction
  | CallbackAction
  | CorruptReadAction
  | HandleMediaFault
  | PlaceAction;

/** The name of an action, as it is in a rule. */
export type FaultActionKind = FaultAction["kind"];

/** Which of the calls that match a rule it fires on. Counts start at 1. */
export type FaultTrigger =
  /** The n-th, once. */
  | { readonly kind: "nth"; readonly n: number }
  /** The n-th, 2n-th, 3n-th, ... */
  | { readonly kind: "every"; readonly n: number }
  /** All behind the first n. */
  | { readonly kind: "after"; readonly n: number }
  /** One letter per call: `x` fires, `w` works; the last letter in upper case goes on for ever. `xxwxW` */
  | { readonly kind: "sequence"; readonly letters: string };

/** One rule of a fault plan. */
export interface FaultRule {
  /** `*` stands for every operation that the action can apply to. */
  readonly operations: "*" | readonly FsOperation[];
  /** A glob (`fault-path.ts`), or a regular expression over the whole path. Default `*`. */
  readonly path?: string | RegExp;
  /** Which path of a rename, link or copy must match. Default `either`. */
  readonly side?: "either" | "path" | "destination";
  /** A further condition; it cannot be printed. A call it refuses is not counted. */
  readonly predicate?: (call: FaultCall) => boolean;
  /** Default: every matching call. */
  readonly trigger?: FaultTrigger;
  /** A coin per matching call, 0 to 100, thrown also where the trigger says no. Default 100. */
  readonly percent?: number;
  /** Master seed of this rule's draws, a safe integer. Default: the seed of the plan. */
  readonly seed?: number;
  /** Fires at most so often. Default without limit. */
  readonly times?: number;
  /** Whether the trigger counts all calls of the rule or those of each path by itself. Default `rule`. */
  readonly counting?: "rule" | "path";
  /**
   * Default false: rules count and draw side by side, and the first in plan order that fires has the call. True: whatever
   * this rule matches, later rules never see, also once it has fired for the last time.
   */
  readonly sticky?: boolean;
  /** What it does to a call that it matches. */
  readonly action: FaultAction;
}

/** Calls that reach the seam: a directory lock and a mount are made of others. */
const seamOperations = fsOperations.filter((operation) => operation !== "lock" && operation !== "mount");
const withPath = seamOperations.filter((operation) => operation !== "space");

/** The operations an action can apply to. */
export const applicableOperations: Readonly<Record<FaultActionKind, readonly FsOperation[]>> = {
  error: seamOperations,
  delay: seamOperations,
  callback: seamOperations,
  short: ["read", "write", "append"],
  torn: ["write", "append"],
  corruptRead: ["read"],
  failedSync: ["sync", "syncNames"],
  droppedSync: ["sync", "syncNames"],
  lostWrite: ["write", "append"],
  misdirectedWrite: ["write", "append"],
  bitRot: withPath,
  latentError: withPath,
  staleRead: withPath,
};

const mediaKinds: readonly FaultActionKind[] = [
  "failedSync",
  "droppedSync",
  "lostWrite",
  "misdirectedWrite",
  "bitRot",
  "latentError",
  "staleRead",
];

/** True for the actions that only a backend that models the disk can carry out. */
export function needsMedia(action: FaultAction): boolean {
  return mediaKinds.includes(action.kind);
}

const ruleKeys: readonly string[] = [
  "operations",
  "path",
  "side",
  "predicate",
  "trigger",
  "percent",
  "seed",
  "times",
  "counting",
  "sticky",
  "action",
] satisfies readonly (keyof FaultRule)[];

const errnoName = /^E[A-Z0-9]+$/;
const letterSequence = /^[xw]*[xwXW]$/;

function demand(holds: boolean, message: string): void {
  if (!holds) throw new TypeError(`fault rule: ${message}`);
}

function whole(value: number, name: string, least: number): void {
  demand(Number.isSafeInteger(value) && value >= least, `${name} must be a whole number from ${least}, not ${value}`);
}

/** Throws a `TypeError` that says what is wrong with a rule. */
export function checkRule(rule: FaultRule): void {
  for (const key of Object.keys(rule)) demand(ruleKeys.includes(key), `unknown field ${JSON.stringify(key)}`);
  const { action, path, side, counting, trigger, percent, seed, times } = rule;
  demand(Object.hasOwn(applicableOperations, action.kind), `unknown action ${JSON.stringify(action.kind)}`);
  checkAction(action);
  const applicable = applicableOperations[action.kind];
  if (rule.operations !== "*") {
    demand(rule.operations.length > 0, "operations must not be empty");
    for (const operation of rule.operations) {
      demand(
        applicable.includes(operation),
        `${action.kind} cannot apply to ${operation}, only to ${applicable.join(", ")}`,
      );
    }
  }
  demand(path !== "", "path must not be empty; '*' matches all");
  demand(!(path instanceof RegExp) || !/[gy]/.test(path.flags), "a regular expression must have no g or y flag");
  demand(side === undefined || ["either", "path", "destination"].includes(side), `unknown side ${side}`);
  demand(counting === undefined || ["rule", "path"].includes(counting), `unknown counting ${counting}`);
  if (trigger !== undefined) checkTrigger(trigger);
  demand(percent === undefined || (percent >= 0 && percent <= 100), `percent must be from 0 to 100, not ${percent}`);
  demand(seed === undefined || Number.isSafeInteger(seed), `seed must be a safe integer, not ${seed}`);
  if (times !== undefined) whole(times, "times", 1);
}

function checkTrigger(trigger: FaultTrigger): void {
  if (trigger.kind !== "sequence") {
    whole(trigger.n, trigger.kind, trigger.kind === "after" ? 0 : 1);
    return;
  }
  demand(
    letterSequence.test(trigger.letters),
    `a sequence is made of x and w, only the last in upper case, not ${trigger.letters}`,
  );
}

function checkAction(action: FaultAction): void {
  if ("errno" in action) demand(errnoName.test(action.errno), `errno must look like EIO, not ${action.errno}`);
  if ("bytes" in action && action.bytes !== undefined) whole(action.bytes, "bytes", 0);
  if ("offset" in action) whole(action.offset, "offset", 0);
  if ("length" in action) whole(action.length, "length", 1);
  if (action.kind === "bitRot") demand([0, 1, 2, 3, 4, 5, 6, 7].includes(action.bit), "bit must be from 0 to 7");
  if (action.kind === "delay") {
    const { milliseconds } = action;
    demand(Number.isFinite(milliseconds) && milliseconds >= 0, `a delay must be 0 ms or more, not ${milliseconds}`);
  }
  if (action.kind === "failedSync") {
    demand(["EIO", "ENOSPC", "EDQUOT"].includes(action.errno), "failedSync must be EIO, ENOSPC or EDQUOT");
    if (action.lost !== "all") demand(Number.isSafeInteger(action.lost.seed), "lost must be all or a seed");
  }
}
