import { readdirSync, readFileSync } from "node:fs";
import { parseLitmusSet, type LitmusSet } from "../src/litmus/litmus-data.js";

/** The recorded sets of this package. */
export function recordedSets(): LitmusSet[] {
  const directory = new URL("golden/litmus/", import.meta.url);
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => parseLitmusSet(readFileSync(new URL(name, directory), "utf8"), name));
}

/** The sets with only the programs of these ids. */
export function onlyPrograms(sets: readonly LitmusSet[], ids: readonly string[]): LitmusSet[] {
  return sets.map((set) => ({ ...set, programs: set.programs.filter(({ id }) => ids.includes(id)) }));
}
