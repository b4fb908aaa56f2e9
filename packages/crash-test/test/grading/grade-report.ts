import { complaints, criterionBudget, detection, percent, wasJudged, type Grade } from "./grade.js";

/** The grade as Markdown: a row for each strategy and budget, what the default search misses, a row for each class. */
export function gradeMarkdown(graded: Grade): string {
  const { bugs, mutants, correct } = graded;
  const scores = graded.scores.map((score) => [
    score.strategy,
    score.budget.toLocaleString("en"),
    `${score.bugs} of ${bugs}`,
    `${score.mutants} of ${mutants}`,
    percent(detection(graded, score)),
    `${score.alarms.length} of ${correct}`,
    `${score.unfinished.length} of ${correct}`,
  ]);
  const strategies = [...new Set(graded.scores.map(({ strategy }) => strategy))];
  const classes = graded.classes.map((each) => [
    each.class,
    String(each.of),
    ...strategies.map((strategy) => String(each.found[strategy] ?? 0)),
  ]);
  return [
    ...markdownTable(["strategy", "budget", "bugs", "mutants", "found", "false alarms", "unfinished"], scores),
    "",
    ...missedLines(graded),
    "",
    `Found within ${graded.listedBudget.toLocaleString("en")} recoveries, by class:`,
    "",
    ...markdownTable(["class", "bugs", ...strategies], classes),
  ].join("\n");
}

function missedLines(graded: Grade): string[] {
  const scores = graded.scores.filter(({ budget }) => budget === graded.listedBudget);
  const few = scores.filter(({ missed }) => missed.length > 0 && missed.length <= 8);
  const list = few.map(({ strategy, missed }) => `- ${strategy}: ${missed.map((name) => `\`${name}\``).join(", ")}`);
  return [
    `Missed within ${graded.listedBudget.toLocaleString("en")} recoveries, where that is at most eight:`,
    "",
    ...list,
  ];
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), `|${header.map(() => "---").join("|")}|`, ...rows.map(line)];
}

/** The grade for a terminal: the Markdown, whose columns a person can read, and the verdict. */
export function gradeText(graded: Grade): string {
  const wrong = complaints(graded);
  const judged = wasJudged(graded)
    ? "The grade is good."
    : `No grade: it is given for the default search at ${criterionBudget.toLocaleString("en")} recoveries, which did not run.`;
  const verdict = wrong.length === 0 ? [judged] : ["The grade is not good:", ...wrong.map((why) => `- ${why}`)];
  return [gradeMarkdown(graded), "", ...verdict, ""].join("\n");
}
