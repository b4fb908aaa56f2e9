import { engineOptionKeys } from "./engine-options.js";
import type { EngineOptions } from "./engine-options.js";

export interface SplitOptions {
  readonly engineOptions: Omit<EngineOptions, "directory" | "createIfMissing" | "errorIfExists">;
  readonly baseOptions: Readonly<Record<string, unknown>>;
}

/** What options of `classic-level` are called here; `compression` is `codec`. */
const names = new Map<string, string>([
  ["cacheSize", "cacheBytes"],
  ["writeBufferSize", "writeBufferBytes"],
  ["blockSize", "blockBytes"],
  ["maxFileSize", "tableBytes"],
  ["maxOpenFiles", "maxOpenTables"],
  ["compression", "codec"],
]);

/** Options of `classic-level` that there is nothing like. */
const foreign = ["blockRestartInterval", "multithreading"];

/** Of the base class; it reads them and hands the first two on. */
const baseKeys = ["createIfMissing", "errorIfExists", "keyEncoding", "valueEncoding", "passive"];

const engineKeys = new Set(engineOptionKeys.filter((key) => !baseKeys.includes(key)));
const ownKeys = [...engineKeys, ...baseKeys];

/**
 * Parts the engine's options from those of the base class, those of `classic-level` among them, by their names here. Options that neither knows are let through, since
 * hooks may have their own, but not those that look like a mistake: names that are nearly those of options, two names of one option, and what only `classic-level` has.
 *
 * @throws `TypeError` that names the option, and the one that was meant.
 */
export function splitOptions(options: object): SplitOptions {
  const entries = Object.entries(options).map(([key, value]) => {
    refuseMistake(key);
    const ours = names.get(key);
    if (ours === undefined) return [key, value] as const;
    if (ours in options) throw new TypeError(`${key} and ${ours} are one option`);
    return [ours, key === "compression" ? codecOf(value) : value] as const;
  });
  return {
    engineOptions: Object.fromEntries(entries.filter(([key]) => engineKeys.has(key))),
    baseOptions: Object.fromEntries(entries.filter(([key]) => !engineKeys.has(key))),
  };
}

function codecOf(compression: unknown): null | undefined {
  if (compression === false) return null;
  if (compression === true || compression === undefined) return undefined;
  throw new TypeError("compression must be a boolean");
}

function refuseMistake(key: string): void {
  if (ownKeys.includes(key) || names.has(key)) return;
  if (foreign.includes(key)) throw new TypeError(`${key} is an option of classic-level; here there is none`);
  refuseNearMiss(key, ownKeys);
}

/** @throws `TypeError` when `key` is nearly, but not quite, one of `ownNames`. */
export function refuseNearMiss(key: string, ownNames: readonly string[]): void {
  const meant = ownNames.find((own) => isNear(own.toLowerCase(), key.toLowerCase()));
  if (meant !== undefined) throw new TypeError(`unknown option ${key}; did you mean ${meant}?`);
}

/** Short names are like many others, so fewer letters may differ. */
function isNear(own: string, key: string): boolean {
  const most = Math.min(2, Math.floor(own.length / 4));
  return Math.abs(own.length - key.length) <= most && distance(own, key) <= most;
}

/** How many letters have to be added, removed, changed or swapped with the next one to make `b` of `a`. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let letter = 0; letter < a.length; letter++) {
    const next = [letter + 1];
    for (let at = 1; at < row.length; at++) {
      const changed = row[at - 1]! + (b[at - 1] === a[letter] ? 0 : 1); // every row has all of these
      const isSwap = letter > 0 && at > 1 && a[letter] === b[at - 2] && a[letter - 1] === b[at - 1];
      const swapped = isSwap ? before[at - 2]! + 1 : Infinity; // the row before the last has as many
      next.push(Math.min(changed, swapped, row[at]! + 1, next[at - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!; // it has one more than b has letters
}
