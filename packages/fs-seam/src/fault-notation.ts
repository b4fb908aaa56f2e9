import { fsOperations } from "./fs-error.js";
import type { FsOperation } from "./fs-error.js";
import type { FaultAction, FaultRule, FaultTrigger } from "./fault-rule.js";

/**
 * The compact notation of fault plans, read and written.
 *
 * ```
 * plan    = item { ";" item }        item = "seed" N | rule
 * rule    = ( "*" | op { "," op } ) ":" path { word }
 * path    = glob | a glob in JSON quotes | ~ and a regular expression in JSON quotes, and its flags
 * word    = "on path" | "on destination" | "nN" | "every N" | "after N" | xwxW | "P%" | "seed N" | "times N"
 *         | "per-path" | "sticky" | action
 * action  = ERRNO [ "late" ] | "short" [ N ] | "torn" [ N ] ERRNO | "delay" N "ms" | "corrupt" bit-flip|zero|stale
 *         | "failedSync" ERRNO [ aftermath ] [ "lost" SEED ] | "droppedSync" | "lostWrite"
 *         | "misdirectedWrite" PATH OFFSET | "bitRot" OFFSET BIT | ( "latentError" | "staleRead" ) OFFSET LENGTH
 * ```
 *
 * Words come in any order, each once, one of them an action. Example:
 * `write:*.wal xxwxW EIO; sync:* n3 EIO; write:* short 50% seed 7; open:* EMFILE after 1000`.
 */
export interface FaultPlanText {
  readonly seed: number | undefined;
  readonly rules: FaultRule[];
}

const predicateMark = "<predicate>";
const callbackMark = "<callback>";
const plainGlob = /^[^\s;"~<][^\s;"]*$/;

/** The rule in the notation; a predicate becomes `<predicate>` and a callback `<callback>`, which cannot be read back. */
export function printRule(rule: FaultRule): string {
  const words = [printMatcher(rule)];
  if (rule.side !== undefined && rule.side !== "either") words.push(`on ${rule.side}`);
  if (rule.predicate !== undefined) words.push(predicateMark);
  if (rule.trigger !== undefined) words.push(printTrigger(rule.trigger));
  if (rule.percent !== undefined && rule.percent !== 100) words.push(`${rule.percent}%`);
  if (rule.seed !== undefined) words.push(`seed ${rule.seed}`);
  if (rule.times !== undefined) words.push(`times ${rule.times}`);
  if (rule.counting === "path") words.push("per-path");
  if (rule.sticky === true) words.push("sticky");
  words.push(printAction(rule.action));
  return words.join(" ");
}

/** Operations and path alone: what a rule looks at, whatever it then does. */
export function printMatcher(rule: FaultRule): string {
  const operations = rule.operations === "*" ? "*" : rule.operations.join(",");
  return `${operations}:${printPath(rule.path ?? "*")}`;
}

function printPath(path: string | RegExp): string {
  if (path instanceof RegExp) return `~${JSON.stringify(path.source)}${path.flags}`;
  return plainGlob.test(path) ? path : JSON.stringify(path);
}

function printTrigger(trigger: FaultTrigger): string {
  if (trigger.kind === "sequence") return trigger.letters;
  return trigger.kind === "nth" ? `n${trigger.n}` : `${trigger.kind} ${trigger.n}`;
}

function printAction(action: FaultAction): string {
  const bytes = "bytes" in action && action.bytes !== undefined ? ` ${action.bytes}` : "";
  switch (action.kind) {
    case "error":
      return action.late === true ? `${action.errno} late` : action.errno;
    case "short":
      return `short${bytes}`;
    case "torn":
      return `torn${bytes} ${action.errno}`;
    case "delay":
      return `delay ${action.milliseconds}ms`;
    case "callback":
      return callbackMark;
    case "corruptRead":
      return `corrupt ${action.how}`;
    case "failedSync": {
      const aftermath = action.aftermath === undefined ? "" : ` ${action.aftermath}`;
      return `failedSync ${action.errno}${aftermath}${action.lost === "all" ? "" : ` lost ${action.lost.seed}`}`;
    }
    case "misdirectedWrite":
      return `misdirectedWrite ${printPath(action.path)} ${action.offset}`;
    case "bitRot":
      return `bitRot ${action.offset} ${action.bit}`;
    case "latentError":
    case "staleRead":
      return `${action.kind} ${action.offset} ${action.length}`;
    case "droppedSync":
    case "lostWrite":
      return action.kind;
  }
}

/** Reads a plan. Throws a `TypeError` that quotes the item it cannot read. */
export function parsePlan(text: string): FaultPlanText {
  let seed: number | undefined;
  const rules: FaultRule[] = [];
  for (const words of splitItems(text)) {
    if (words[0] === "seed" && words.length === 2) {
      if (seed !== undefined) refuse(words, "gives the plan a second seed");
      seed = wholeNumber(words, words[1] ?? "", "seed", -Number.MAX_SAFE_INTEGER);
    } else {
      rules.push(new RuleParser(words).parse());
    }
  }
  return { seed, rules };
}

function refuse(words: readonly string[], why: string): never {
  throw new TypeError(`fault plan: ${JSON.stringify(words.join(" "))} ${why}`);
}

function splitItems(text: string): string[][] {
  const items: string[][] = [[]];
  let end = 0;
  for (const match of text.matchAll(/;|(?:"(?:[^"\\]|\\.)*"|[^\s;"])+|\s+/g)) {
    if (match.index !== end) break;
    end += match[0].length;
    if (match[0] === ";") items.push([]);
    else if (match[0].trim() !== "") items.at(-1)?.push(match[0]);
  }
  if (end !== text.length) {
    throw new TypeError(`fault plan: a quote is not closed in ${JSON.stringify(text.slice(end))}`);
  }
  return items.filter((words) => words.length > 0);
}

function wholeNumber(words: readonly string[], text: string, name: string, least = 0): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value) || value < least) refuse(words, `needs a whole number for ${name}, not ${text}`);
  return value;
}

function unquote(words: readonly string[], text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch (cause) {
    throw new TypeError(`fault plan: ${text} in ${JSON.stringify(words.join(" "))} is no JSON string`, { cause });
  }
}

type Draft = { -readonly [Key in keyof FaultRule]?: FaultRule[Key] };

class RuleParser {
  readonly #words: readonly string[];
  #next = 0;
  readonly #draft: Draft = {};

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  parse(): FaultRule {
    this.#matcher(this.#take("operations and path"));
    while (this.#next < this.#words.length) this.#word(this.#take("a word"));
    const { operations, action } = this.#draft;
    if (operations === undefined || action === undefined) refuse(this.#words, "has no action, such as EIO");
    return { ...this.#draft, operations, action };
  }

  #take(what: string): string {
    const word = this.#words[this.#next];
    if (word === undefined) refuse(this.#words, `ends where ${what} must follow`);
    this.#next += 1;
    return word;
  }

  /** The next word, when it looks like this; it is then used up. */
  #takeIf(pattern: RegExp): string | undefined {
    const word = this.#words[this.#next];
    if (word === undefined || !pattern.test(word)) return undefined;
    this.#next += 1;
    return word;
  }

  #number(name: string, least = 0): number {
    return wholeNumber(this.#words, this.#take(name), name, least);
  }

  #set<Key extends keyof FaultRule>(key: Key, value: FaultRule[Key]): void {
    if (this.#draft[key] !== undefined) refuse(this.#words, `gives ${key} twice`);
    Object.assign(this.#draft, { [key]: value });
  }

  #matcher(word: string): void {
    const colon = word.indexOf(":");
    if (colon <= 0) refuse(this.#words, "must begin with operations, a colon and a path, such as write:*.wal");
    const names = word.slice(0, colon);
    const path = word.slice(colon + 1);
    const known: readonly string[] = fsOperations;
    if (names !== "*") {
      for (const name of names.split(",")) if (!known.includes(name)) refuse(this.#words, `has no operation ${name}`);
    }
    this.#draft.operations = names === "*" ? "*" : (names.split(",") as FsOperation[]); // checked just above
    if (path === "") refuse(this.#words, "has no path; '*' matches all");
    const quoted = /^~("(?:[^"\\]|\\.)*")([a-z]*)$/.exec(path);
    if (quoted === null && path.startsWith("~")) refuse(this.#words, 'has a regular expression not in quotes, ~"..."');
    this.#draft.path = quoted === null ? unquote(this.#words, path) : this.#regExp(quoted[1] ?? "", quoted[2] ?? "");
  }

  #regExp(quotedSource: string, flags: string): RegExp {
    try {
      return new RegExp(unquote(this.#words, quotedSource), flags);
    } catch (cause) {
      throw new TypeError(`fault plan: ${JSON.stringify(this.#words.join(" "))} has a broken pattern`, { cause });
    }
  }

  #word(word: string): void {
    if (/^n\d+$/.test(word)) {
      return this.#set("trigger", { kind: "nth", n: wholeNumber(this.#words, word.slice(1), "n", 1) });
    }
    if (/^[xw]*[xwXW]$/.test(word)) return this.#set("trigger", { kind: "sequence", letters: word });
    if (/^\d[\d.e+-]*%$/.test(word)) return this.#set("percent", Number(word.slice(0, -1)));
    switch (word) {
      case "on":
        return this.#set("side", this.#choice("path", "destination"));
      case "every":
      case "after":
        return this.#set("trigger", { kind: word, n: this.#number(word, word === "every" ? 1 : 0) });
      case "seed":
        return this.#set("seed", this.#number("seed", -Number.MAX_SAFE_INTEGER));
      case "times":
        return this.#set("times", this.#number("times", 1));
      case "per-path":
        return this.#set("counting", "path");
      case "sticky":
        return this.#set("sticky", true);
      case predicateMark:
      case callbackMark:
        return refuse(this.#words, `has a ${word}, which text cannot carry: arm that rule in code`);
      default:
        return this.#set("action", this.#action(word));
    }
  }

  #choice<Choice extends string>(...choices: readonly Choice[]): Choice {
    const word = this.#take(choices.join(" or "));
    const found = choices.find((choice) => choice === word);
    return found ?? refuse(this.#words, `needs ${choices.join(" or ")}, not ${word}`);
  }

  #bytes(): { bytes?: number } {
    const word = this.#takeIf(/^\d+$/);
    return word === undefined ? {} : { bytes: wholeNumber(this.#words, word, "bytes") };
  }

  #errno(): string {
    return this.#takeIf(/^E[A-Z0-9]+$/) ?? refuse(this.#words, "needs an errno, such as EIO");
  }

  #action(word: string): FaultAction {
    switch (word) {
      case "short":
        return { kind: "short", ...this.#bytes() };
      case "torn":
        return { kind: "torn", ...this.#bytes(), errno: this.#errno() };
      case "delay":
        return { kind: "delay", milliseconds: this.#milliseconds() };
      case "corrupt":
        return { kind: "corruptRead", how: this.#choice("bit-flip", "zero", "stale") };
      case "failedSync":
        return this.#failedSync();
      case "droppedSync":
      case "lostWrite":
        return { kind: word };
      case "misdirectedWrite":
        return { kind: word, path: unquote(this.#words, this.#take("a path")), offset: this.#number("offset") };
      case "bitRot":
        return { kind: word, offset: this.#number("offset"), bit: this.#number("bit") };
      case "latentError":
      case "staleRead":
        return { kind: word, offset: this.#number("offset"), length: this.#number("length", 1) };
      default:
        if (!/^E[A-Z0-9]+$/.test(word)) refuse(this.#words, `has a word ${JSON.stringify(word)} that means nothing`);
        return this.#takeIf(/^late$/) === undefined
          ? { kind: "error", errno: word }
          : { kind: "error", errno: word, late: true };
    }
  }

  #milliseconds(): number {
    const word = this.#takeIf(/^\d[\d.e+-]*ms$/) ?? refuse(this.#words, "needs a time such as 5ms");
    return Number(word.slice(0, -2));
  }

  #failedSync(): FaultAction {
    const errno = this.#choice("EIO", "ENOSPC", "EDQUOT");
    const aftermath = (["clean-keep-new", "revert", "keep-dirty"] as const).find(
      (name) => this.#takeIf(new RegExp(`^${name}$`)) !== undefined,
    );
    const lost =
      this.#takeIf(/^lost$/) === undefined ? "all" : { seed: this.#number("lost", -Number.MAX_SAFE_INTEGER) };
    return { kind: "failedSync", errno, lost, ...(aftermath === undefined ? {} : { aftermath }) };
  }
}
