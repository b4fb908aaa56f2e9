import { globToRegExp, matchesEverything } from "./fault-path.js";
import { parsePlan, printMatcher, printRule } from "./fault-notation.js";
import { applicableOperations, checkRule } from "./fault-rule.js";
import type { FaultAction, FaultCall, FaultRule } from "./fault-rule.js";
import { FsError, fsErrorCodeOf } from "./fs-error.js";
import { Prng, streamSeed } from "./prng.js";

/** The JSON form of a plan: rules in the notation, so that there is one grammar. */
export interface FaultPlanJson {
  /** Of every draw of the plan. */
  readonly seed: number;
  /** In the notation, in order. */
  readonly rules: readonly string[];
}

/** A rule under a plan, with what it has seen and done. Every count only grows. */
export class ArmedRule {
  /** What it matches and does. */
  readonly rule: FaultRule;
  /** Position in the plan, from 0. */
  readonly index: number;
  readonly #operations: readonly string[];
  readonly #pattern: RegExp | undefined;
  readonly #seed: number;
  readonly #streamName: string;
  readonly #random: boolean;
  readonly #streams = new Map<string, Prng>();
  readonly #seenOfPath = new Map<string, number>();
  #seen = 0;
  #fired = 0;
  #shadowed = 0;
  #firstStruck: FaultCall | undefined = undefined;

  /** @param place - where it stands; `twin`: how many earlier rules have the same matcher, since each has draws of its own. */
  constructor(rule: FaultRule, place: { readonly index: number; readonly twin: number; readonly planSeed: number }) {
    const path = rule.path ?? "*";
    this.rule = rule;
    this.index = place.index;
    this.#operations = rule.operations === "*" ? applicableOperations[rule.action.kind] : rule.operations;
    this.#pattern = matchesEverything(path) ? undefined : path instanceof RegExp ? path : globToRegExp(path);
    this.#seed = rule.seed ?? place.planSeed;
    // The name leaves out rate and action, so that changing them moves no draw.
    this.#streamName = `${printMatcher(rule)} #${place.twin}`;
    this.#random = rule.percent !== undefined || usesRandomness(rule.action);
  }

  /** Calls that matched. */
  get seen(): number {
    return this.#seen;
  }

  /** Calls it struck. */
  get fired(): number {
    return this.#fired;
  }

  /** Calls it would have struck, had not an earlier rule struck them. */
  get shadowed(): number {
    return this.#shadowed;
  }

  /** The first call it struck. */
  get firstStruck(): FaultCall | undefined {
    return this.#firstStruck;
  }

  /** Whether the rule is about this call at all, by operation, path and predicate. Counts nothing. */
  matches(call: FaultCall): boolean {
    if (!this.#operations.includes(call.operation)) return false;
    if (this.#pattern !== undefined && !this.#matchesPath(this.#pattern, call)) return false;
    return this.rule.predicate === undefined || this.rule.predicate(call);
  }

  /** Whether this rule may read `path` as it was before its last write. */
  readsStale(path: string): boolean {
    const { action } = this.rule;
    if (action.kind !== "corruptRead" || action.how !== "stale") return false;
    return this.#pattern === undefined || this.#pattern.test(path);
  }

  #matchesPath(pattern: RegExp, call: FaultCall): boolean {
    const side = this.rule.side ?? "either";
    if (side !== "destination" && call.path !== undefined && pattern.test(call.path)) return true;
    return side !== "path" && call.destination !== undefined && pattern.test(call.destination);
  }

  /**
   * Counts a call that matched, draws once if anything here is random, and says whether the rule fires on it.
   *
   * @param taken - whether an earlier rule has this call already.
   */
  decide(call: FaultCall, taken: boolean): Fault | undefined {
    this.#seen += 1;
    const key = call.destination === undefined ? (call.path ?? "") : `${call.path}\0${call.destination}`;
    const draw = this.#random ? this.#stream(key).nextU64() : 0n;
    const { percent, times } = this.rule;
    if (!this.#triggers(this.#count(key))) return undefined;
    // The low half decides, the whole seeds whatever else this one fault has to draw.
    if (percent !== undefined && Number(draw & 0xffff_ffffn) >= (percent / 100) * 2 ** 32) return undefined;
    if (times !== undefined && this.#fired >= times) return undefined;
    if (taken) {
      this.#shadowed += 1;
      return undefined;
    }
    this.#fired += 1;
    this.#firstStruck ??= call;
    return new Fault(this, call, draw);
  }

  #count(key: string): number {
    if (this.rule.counting !== "path") return this.#seen;
    const count = (this.#seenOfPath.get(key) ?? 0) + 1;
    this.#seenOfPath.set(key, count);
    return count;
  }

  #triggers(count: number): boolean {
    const { trigger } = this.rule;
    if (trigger === undefined) return true;
    switch (trigger.kind) {
      case "nth":
        return count === trigger.n;
      case "every":
        return count % trigger.n === 0;
      case "after":
        return count > trigger.n;
      case "sequence": {
        const { letters } = trigger;
        const last = letters.at(-1) ?? "w";
        return (letters[count - 1] ?? (last === "X" ? "x" : "w")).toLowerCase() === "x";
      }
    }
  }

  #stream(key: string): Prng {
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new Prng(streamSeed(this.#seed, `${this.#streamName} ${key}`));
      this.#streams.set(key, stream);
    }
    return stream;
  }

  /** The rule in the notation. */
  toString(): string {
    return printRule(this.rule);
  }
}

function usesRandomness(action: FaultAction): boolean {
  if (action.kind === "short" || action.kind === "torn") return action.bytes === undefined;
  return action.kind === "corruptRead" && action.how === "bit-flip";
}

/** One rule striking one call. */
export class Fault {
  /** The rule that strikes. */
  readonly armed: ArmedRule;
  /** The call that is struck. */
  readonly call: FaultCall;
  readonly #draw: bigint;

  constructor(armed: ArmedRule, call: FaultCall, draw: bigint) {
    this.armed = armed;
    this.call = call;
    this.#draw = draw;
  }

  /** What the rule does to the call. */
  get action(): FaultAction {
    return this.armed.rule.action;
  }

  /** A generator for the further choices of this one fault. */
  prng(): Prng {
    return new Prng(this.#draw);
  }

  /** The error this fault reports; it names the rule and is marked as injected. */
  error(errno: string, transferred?: number): FsError {
    const { operation, path, destination, offset } = this.call;
    const subject = destination === undefined ? (path ?? "") : `${path} to ${destination}`;
    const message = `${operation} ${subject}: injected ${errno} by rule ${this.armed.index} "${this.armed.toString()}"`;
    const context = { operation, path, destination, offset, errno, transferred, injected: true };
    return new FsError(fsErrorCodeOf(errno), message, context);
  }
}

/** A test armed faults that never struck: it proved less than it seems to. */
export class UnfiredFaultsError extends Error {
  override readonly name: string = "UnfiredFaultsError";
  /** The rules, in the notation. */
  readonly rules: readonly string[];

  constructor(rules: readonly string[]) {
    super(`${rules.length} fault rule(s) never fired: ${rules.join("; ")}`);
    this.rules = rules;
  }
}

/**
 * An ordered list of rules that says, for each call, which fault strikes it. It prints itself, and what it prints reads
 * back as the same plan with the same draws (notation in `fault-notation.ts`).
 *
 * Rules work side by side: each counts and draws for every call it matches, whatever the others do, and the first in
 * order that fires has the call. A rule that is done stands in nobody's way, unless it is `sticky`. Delays and callbacks
 * let the call go on to later rules. Draws are keyed by rule and path, so that work on one file does not move those of
 * another.
 */
export class FaultPlan {
  /** Master seed of the rules that give none. */
  readonly seed: number;
  readonly #rules: ArmedRule[] = [];
  readonly #guards = new Set<(rule: FaultRule) => void>();

  /**
   * @param rules - rules as objects or in the notation.
   * @throws TypeError when a rule makes no sense or cannot be read.
   */
  constructor(rules: Iterable<FaultRule | string> = [], options: { readonly seed?: number } = {}) {
    this.seed = options.seed ?? 0;
    if (!Number.isSafeInteger(this.seed)) throw new TypeError(`seed must be a safe integer, not ${this.seed}`);
    for (const rule of rules) this.arm(rule);
  }

  /** Reads the notation: `seed 7; write:*.wal xxwxW EIO; sync:* n3 EIO`. */
  static parse(text: string): FaultPlan {
    const { seed = 0, rules } = parsePlan(text);
    return new FaultPlan(rules, { seed });
  }

  /** Reads the JSON form. */
  static fromJSON(json: FaultPlanJson): FaultPlan {
    return new FaultPlan(json.rules, { seed: json.seed });
  }

  /** Rules in order, with their counts. */
  get rules(): readonly ArmedRule[] {
    return this.#rules;
  }

  /** Adds a rule behind the others. Text may hold several; the last is returned. */
  arm(rule: FaultRule | string): ArmedRule {
    const rules = typeof rule === "string" ? parseRules(rule) : [rule];
    for (const one of rules) {
      checkRule(one);
      for (const guard of this.#guards) guard(one);
    }
    const armed = rules.map((one) => this.#add(one)).at(-1);
    if (armed === undefined) throw new TypeError("fault plan: there is no rule to arm");
    return armed;
  }

  #add(rule: FaultRule): ArmedRule {
    const matcher = printMatcher(rule);
    const twin = this.#rules.filter((earlier) => printMatcher(earlier.rule) === matcher).length;
    const armed = new ArmedRule(rule, { index: this.#rules.length, twin, planSeed: this.seed });
    this.#rules.push(armed);
    return armed;
  }

  /**
   * Runs `guard` on every rule, those armed already and those to come; what it throws refuses the rule. A file system
   * refuses in this way what it cannot carry out.
   */
  guard(guard: (rule: FaultRule) => void): void {
    for (const armed of this.#rules) guard(armed.rule);
    this.#guards.add(guard);
  }

  /** The faults that strike this call, in order: any number of delays and callbacks, then at most one of another kind. */
  decide(call: FaultCall): readonly Fault[] {
    const faults: Fault[] = [];
    let taken = false;
    for (const armed of this.#rules) {
      if (!armed.matches(call)) continue;
      const fault = armed.decide(call, taken);
      if (fault !== undefined) {
        faults.push(fault);
        taken = fault.action.kind !== "delay" && fault.action.kind !== "callback";
      }
      if (armed.rule.sticky === true) break;
    }
    return faults;
  }

  /** Faults struck, over all rules. */
  get fired(): number {
    return this.#rules.reduce((sum, armed) => sum + armed.fired, 0);
  }

  /** Rules that never fired. */
  unfired(): ArmedRule[] {
    return this.#rules.filter((armed) => armed.fired === 0);
  }

  /** Throws an {@link UnfiredFaultsError} when any rule never fired. */
  assertAllFired(): void {
    const unfired = this.unfired();
    if (unfired.length > 0) throw new UnfiredFaultsError(unfired.map(String));
  }

  /** The plan in the notation. Counts are not part of it. */
  toString(): string {
    const rules = this.#rules.map(String);
    return (this.seed === 0 ? rules : [`seed ${this.seed}`, ...rules]).join("; ");
  }

  /** The plan as plain data, for `JSON.stringify`. */
  toJSON(): FaultPlanJson {
    return { seed: this.seed, rules: this.#rules.map(String) };
  }
}

function parseRules(text: string): readonly FaultRule[] {
  const { seed, rules } = parsePlan(text);
  if (seed === undefined) return rules;
  throw new TypeError("fault plan: only a whole plan has a seed of its own; give the rule one");
}
