import type { Protocol } from "./protocols/protocol.js";
import { seedVerdictOn } from "./seed-model.js";
import { verdictOn } from "./verdict.js";

/** The table of the README: which crash model sees which mutant. Worked out by running them, never written by hand. */

const header = [
  "| protocol | program | `posix` | `strict` | `seed-crashfs` model | `seed-simfs` model |",
  "|---|---|---|---|---|---|",
];

async function rowOf(protocol: Protocol, mutant: string | undefined): Promise<string> {
  const program = mutant === undefined ? "correct" : `\`${mutant}\`: ${protocol.mutants[mutant]}`;
  const posix = await exploredCell(protocol, mutant, "posix");
  const strict = await exploredCell(protocol, mutant, "strict");
  const seeds = [await seedCell(protocol, mutant, "seed-crashfs"), await seedCell(protocol, mutant, "seed-simfs")];
  return `| ${[protocol.name, program, posix, strict, ...seeds].join(" | ")} |`;
}

async function exploredCell(protocol: Protocol, mutant: string | undefined, personality: string): Promise<string> {
  const verdict = await verdictOn(protocol, mutant, personality);
  if (mutant === undefined) return verdict.kind === "passes" ? "passes" : "fails: a rename comes apart";
  if ((await verdictOn(protocol, undefined, personality)).kind === "caught") return "–"; // nothing to tell them apart by
  return verdict.kind === "caught" ? "caught" : "missed";
}

async function seedCell(
  protocol: Protocol,
  mutant: string | undefined,
  model: "seed-crashfs" | "seed-simfs",
): Promise<string> {
  const verdict = await seedVerdictOn(protocol.program(mutant), model);
  if (mutant === undefined) return verdict === "missed" ? "passes" : verdict;
  return verdict;
}

/** The rows in Markdown, the header first. */
export async function mutantTable(protocols: readonly Protocol[]): Promise<string> {
  const rows: string[] = [];
  for (const protocol of protocols) {
    for (const mutant of [undefined, ...Object.keys(protocol.mutants)]) rows.push(await rowOf(protocol, mutant));
  }
  return [...header, ...rows].join("\n");
}
