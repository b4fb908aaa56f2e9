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
