import type { Part, PartOptions, Suite } from "./suite.js";

/** Suites and parts by the names that a command line gives. What is not there, or not meant by one name alone, throws a sentence for the user. */

/** In the order given; all where none is. */
export function suitesNamed(among: readonly Suite[], names: readonly string[]): readonly Suite[] {
  if (names.length === 0) return among;
  return names.map((name) => {
    const found = among.find((suite) => suite.name === name);
    if (found !== undefined) return found;
    throw new Error(`no suite "${name}"; there is ${among.map((suite) => suite.name).join(", ")}`);
  });
}

export function partNamed(among: readonly Suite[], names: readonly string[], name: string): Part {
  const chosen = suitesNamed(among, names);
  const having = chosen.filter((suite) => suite.parts.some((part) => part.name === name));
  if (having.length > 1) {
    throw new Error(`${having.map((suite) => suite.name).join(" and ")} have a part "${name}": name the suite, too`);
  }
  const part = having[0]?.parts.find((each) => each.name === name);
  if (part !== undefined) return part;
  const parts = chosen.flatMap((suite) => suite.parts);
  throw new Error(`no part "${name}"; there is ${parts.map((each) => each.name).join(", ")}`);
}

/** Those that a run with these options measures. */
export function partsOf({ parts }: Suite, { reference }: PartOptions): readonly Part[] {
  return reference ? parts : parts.filter((part) => part.isReference !== true);
}

/** Refuses `--reference` where nothing that was chosen has a reference. */
export function requireReference(chosen: readonly Suite[]): void {
  if (chosen.some(({ parts }) => parts.some(({ isReference }) => isReference))) return;
  throw new Error(`--reference: no crate stands beside ${chosen.map(({ name }) => name).join(", ")}`);
}
