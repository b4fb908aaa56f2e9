import type { Bug, CorpusProgram } from "./bug.js";

/** The corpus as a table in Markdown, made from its data. */
export function corpusTable(corpus: readonly CorpusProgram[]): string {
  const header = ["| program | bug | class | seen | breaks | needs | personalities |", "|---|---|---|---|---|---|---|"];
  return [...header, ...corpus.flatMap(({ bugs }) => bugs.map(rowOf))].join("\n");
}

function rowOf(bug: Bug): string {
  const silent = bug.silent.length === 0 ? "" : `, not ${bug.silent.join(", ")}`;
  const cells = [
    bug.program.name,
    `\`${bug.id}\`: ${bug.does}`,
    bug.class,
    bug.origin,
    bug.breaks.join(" or "),
    bug.needs.join(", "),
    `${bug.shows.join(", ")}${silent}`,
  ];
  return `| ${cells.join(" | ")} |`;
}
