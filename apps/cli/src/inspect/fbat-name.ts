import type { Folder } from "./file-format.js";

/**
 * The number in the name of a batpak segment, as the reference reads it: decimal, with or without leading zeros, in 64 bits.
 * Undefined for every other name.
 */
export function fbatNumber(name: string): bigint | undefined {
  const digits = /^\+?([0-9]+)\.fbat$/.exec(name)?.[1];
  if (digits === undefined) return undefined;
  const number = BigInt(digits);
  return number < 2n ** 64n ? number : undefined;
}

/** The names of a directory by their number. */
const numbered = new WeakMap<Folder, ReadonlyMap<bigint, readonly string[]>>();

function namesOf(folder: Folder): ReadonlyMap<bigint, readonly string[]> {
  const kept = numbered.get(folder);
  if (kept !== undefined) return kept;
  const names = new Map<bigint, string[]>();
  for (const { name } of folder.siblings) {
    const number = fbatNumber(name);
    if (number === undefined) continue;
    const alike = names.get(number);
    if (alike === undefined) names.set(number, [name]);
    else alike.push(name);
  }
  numbered.set(folder, names);
  return names;
}

/** Another file with the number of this one, such as `1.fbat` beside `000001.fbat`: which of them counts, nobody can say. */
export function fbatRival(name: string, folder: Folder): string | undefined {
  const number = fbatNumber(name);
  return number === undefined
    ? undefined
    : namesOf(folder)
        .get(number)
        ?.find((other) => other !== name);
}

const newest = new WeakMap<Folder, bigint>();

/** True unless a segment with a higher number lies beside it: only the newest may end in a torn tail. */
export function isNewestFbat(name: string, folder: Folder): boolean {
  const number = fbatNumber(name);
  if (number === undefined) return true; // not one of a store: nothing can follow it
  let highest = newest.get(folder);
  if (highest === undefined) {
    const numbers = folder.siblings.map((sibling) => fbatNumber(sibling.name) ?? -1n);
    highest = numbers.reduce((most, each) => (each > most ? each : most), -1n);
    newest.set(folder, highest);
  }
  return number >= highest;
}
