import type { Finding } from "../bug-corpus/search.js";
import { defaultStrategy, type GradedStrategy } from "./strategies.js";
import type { Subject } from "./subjects.js";

/** What one strategy made of all subjects within one budget. */
export interface Score {
  readonly strategy: string;
  /** Recoveries for each subject at most. */
  readonly budget: number;
  readonly bugs: number;
  readonly mutants: number;
  /** Correct programs in which something was found. */
  readonly alarms: readonly string[];
  /** Correct programs in which nothing was found, with the budget spent before every disk was judged. */
  readonly unfinished: readonly string[];
  /** Bugs and mutants that were not found. */
  readonly missed: readonly string[];
  /** Findings in a buggy program that were not its bug. */
  readonly accidents: readonly string[];
  /** Recoveries spent on the bugs and mutants that were found. */
  readonly recoveries: number;
}

export interface ClassScore {
  readonly class: string;
  readonly of: number;
  /** How many were found within the listed budget, by strategy. */
  readonly found: Readonly<Record<string, number>>;
}

export interface Grade {
  readonly seed: number;
  /** That of the lists and of the table by class: {@link criterionBudget}, or the largest when that did not run. */
  readonly listedBudget: number;
  readonly bugs: number;
  readonly mutants: number;
  readonly correct: number;
  readonly scores: readonly Score[];
  readonly classes: readonly ClassScore[];
}

export interface GradeOptions {
  readonly subjects: readonly Subject[];
  readonly strategies: readonly GradedStrategy[];
  /** Recoveries for each subject, ascending. */
  readonly budgets: readonly number[];
  readonly seed: number;
  readonly say: (line: string) => void;
}

/** Recoveries for each subject within which the default search is judged; other budgets tell, and decide nothing. */
export const criterionBudget = 10_000;
/** The share of bugs and mutants that the default search must find within that budget. */
const demanded = 0.98;

/** What one subject came to within one budget. */
interface Result {
  readonly subject: Subject;
  /** `spent`: nothing within the budget, which ended before the search did. */
  readonly outcome: "found" | "accident" | "nothing" | "spent";
  readonly recoveries: number;
}

export async function grade(options: GradeOptions): Promise<Grade> {
  const { subjects, strategies, budgets, seed, say } = options;
  const listedBudget = budgets.includes(criterionBudget) ? criterionBudget : Math.max(...budgets);
  const count = (kind: Subject["kind"]): number => subjects.filter((subject) => subject.kind === kind).length;
  const scores: Score[] = [];
  const found = new Map<string, Map<string, number>>();
  for (const strategy of strategies) {
    const byBudget = await runStrategy(strategy, options);
    for (const [index, budget] of budgets.entries()) {
      const results = byBudget.map((each) => each[index] as Result); // one for each budget
      scores.push(scoreOf(strategy.name, budget, results));
      if (budget === listedBudget) found.set(strategy.name, foundByClass(results));
    }
    const last = scores.at(-1) as Score; // there is a budget
    const counts = `${last.bugs} bugs, ${last.mutants} mutants, ${last.alarms.length} false alarms`;
    say(`${strategy.name}: ${counts}, ${last.unfinished.length} unfinished`);
  }
  const names = [...new Set(subjects.filter(({ kind }) => kind !== "correct").map((subject) => subject.class))];
  const classes = names.map((name) => ({
    class: name,
    of: subjects.filter((subject) => subject.class === name).length,
    found: Object.fromEntries(strategies.map((each) => [each.name, found.get(each.name)?.get(name) ?? 0])),
  }));
  return {
    seed,
    listedBudget,
    bugs: count("bug"),
    mutants: count("mutant"),
    correct: count("correct"),
    scores,
    classes,
  };
}

/** Lines at most that tell how far a strategy has come; all of them together take minutes. */
const progressLines = 10;

/** For every subject its results, one for each budget. */
async function runStrategy(strategy: GradedStrategy, options: GradeOptions): Promise<Result[][]> {
  const { subjects, budgets, seed, say } = options;
  const all: Result[][] = [];
  const sayEvery = Math.ceil(subjects.length / progressLines);
  for (const subject of subjects) {
    if (all.length > 0 && all.length % sayEvery === 0) {
      say(`${strategy.name}: ${all.length} of ${subjects.length} programs`);
    }
    const points = await subject.points();
    const run = async (budget: number): Promise<Result> => {
      const finding = await subject.search({ ...strategy.how(budget, seed, points), maxRecoveries: budget });
      return { subject, outcome: outcomeOf(subject, finding), recoveries: finding.recoveries };
    };
    if (strategy.budgets === "apart") {
      const results: Result[] = [];
      for (const budget of budgets) results.push(await run(budget));
      all.push(results);
    } else {
      const widest = await run(Math.max(...budgets));
      const within = (budget: number): Result =>
        widest.recoveries <= budget ? widest : { subject, outcome: "spent", recoveries: budget };
      all.push(budgets.map(within));
    }
  }
  return all;
}

function outcomeOf(subject: Subject, finding: Finding): Result["outcome"] {
  if (subject.isDetection(finding)) return "found";
  if (finding.kind !== "nothing") return "accident";
  return finding.report.stopped === "budget" ? "spent" : "nothing";
}

function scoreOf(strategy: string, budget: number, results: readonly Result[]): Score {
  const found = results.filter(({ outcome }) => outcome === "found");
  const of = (kind: Subject["kind"]): Result[] => found.filter(({ subject }) => subject.kind === kind);
  const buggy = results.filter(({ subject }) => subject.kind !== "correct");
  const names = (list: readonly Result[]): string[] => list.map(({ subject }) => subject.name);
  return {
    strategy,
    budget,
    bugs: of("bug").length,
    mutants: of("mutant").length,
    alarms: names(of("correct")),
    unfinished: names(results.filter(({ subject, outcome }) => subject.kind === "correct" && outcome === "spent")),
    missed: names(buggy.filter(({ outcome }) => outcome !== "found")),
    accidents: names(buggy.filter(({ outcome }) => outcome === "accident")),
    recoveries: [...of("bug"), ...of("mutant")].reduce((sum, { recoveries }) => sum + recoveries, 0),
  };
}

function foundByClass(results: readonly Result[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { subject, outcome } of results) {
    if (outcome === "found") counts.set(subject.class, (counts.get(subject.class) ?? 0) + 1);
  }
  return counts;
}

/** Share of bugs and mutants that a score has found. */
export function detection({ bugs, mutants }: Pick<Grade, "bugs" | "mutants">, score: Score): number {
  return (score.bugs + score.mutants) / (bugs + mutants);
}

/** Why the grade is not good enough, one line each; none when it is. */
export function complaints(graded: Grade): string[] {
  const found: string[] = [];
  for (const { strategy, budget, alarms, accidents } of graded.scores) {
    const where = `${strategy}, ${budget} recoveries`;
    found.push(...alarms.map((name) => `${where}: false alarm in ${name}`));
    found.push(...accidents.map((name) => `${where}: ${name} broke another promise than its own`));
  }
  const decides = decisive(graded);
  if (decides === undefined) return found;
  const share = detection(graded, decides);
  if (share < demanded) {
    const within = `within ${criterionBudget.toLocaleString("en")} recoveries`;
    found.push(`the default search finds ${percent(share)} ${within}, less than ${percent(demanded)}`);
  }
  return found;
}

/** Whether the search that the grade is given for was among those that ran. */
export function wasJudged(graded: Grade): boolean {
  return decisive(graded) !== undefined;
}

function decisive({ scores }: Grade): Score | undefined {
  return scores.find(({ strategy, budget }) => strategy === defaultStrategy && budget === criterionBudget);
}

export function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
}
