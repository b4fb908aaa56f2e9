import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { committedText, resultComplaints, type CommittedResults } from "./committed-results.js";
import { readmeComplaints, writeReadmeTables } from "./readme-tables.js";

/** Committed results and the READMEs that show them, as files of this repository: paths are the same from `src` and from `dist`. */

const results = new URL("../results/", import.meta.url);
const root = new URL("../../../", import.meta.url);

/** Undefined where none are committed. */
export function readResults(suite: string): CommittedResults | undefined {
  const file = new URL(`${suite}.json`, results);
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8")) as CommittedResults; // written by writeResults, reviewed as code
}

/** @returns the path, for people. */
export function writeResults(committed: CommittedResults): string {
  const file = new URL(`${committed.suite}.json`, results);
  writeFileSync(file, committedText(committed));
  return fileURLToPath(file);
}

/** Writes the tables of every README, and returns the paths of those that changed. Throws before it writes any when a marker is wrong. */
export function writeReadmes(): string[] {
  const committed = allResults();
  const written = readmes().map((path) => {
    const before = readFileSync(new URL(path, root), "utf8");
    return { path, before, ...writeReadmeTables(before, committed) };
  });
  const complaints = written.flatMap(({ path, complaints: found }) => found.map((each) => `${path}: ${each}`));
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  const changed = written.filter(({ before, text }) => before !== text);
  for (const { path, text } of changed) writeFileSync(new URL(path, root), text);
  return changed.map(({ path }) => path);
}

/** What is wrong with the tables of all READMEs, a sentence each. */
export function staleReadmes(): string[] {
  const committed = allResults();
  return readmes().flatMap((path) => readmeComplaints(path, readFileSync(new URL(path, root), "utf8"), committed));
}

/** What is wrong with the committed results, a sentence each. */
export function improperResults(): string[] {
  return [...allResults().values()].flatMap(resultComplaints);
}

function allResults(): Map<string, CommittedResults> {
  const names = existsSync(results) ? readdirSync(results) : []; // none before the first committed run
  const found = names.map((name) => readResults(name.replace(/\.json$/, "")));
  return new Map(found.flatMap((each) => (each === undefined ? [] : [[each.suite, each] as const])));
}

/** Pages that may have tables: the root's, those of the packages, and the guides. */
function readmes(): string[] {
  const packages = readdirSync(new URL("packages/", root)).map((name) => `packages/${name}/README.md`);
  const guides = readdirSync(new URL("docs/", root)).map((name) => `docs/${name}`);
  return ["README.md", ...packages, ...guides].filter(
    (path) => path.endsWith(".md") && existsSync(new URL(path, root)),
  );
}
