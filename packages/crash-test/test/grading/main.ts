import { parseArgs } from "node:util";
import { corpus } from "../bug-corpus/all.js";
import { protocols } from "../protocols/all.js";
import { gradeMarkdown, gradeText } from "./grade-report.js";
import { complaints, criterionBudget, grade } from "./grade.js";
import { strategies } from "./strategies.js";
import { subjectsOf, type Subject } from "./subjects.js";

/** What the command needs of the machine. */
export interface GradeIo {
  readonly out: (text: string) => void;
  readonly say: (line: string) => void;
  /** The text in which `--update` puts the tables, between its two marks. */
  readonly readReadme: () => string;
  readonly writeReadme: (text: string) => void;
}

const usage = `usage: npm run grade -- [options]

  --strategy NAME   only this strategy; may be given again. ${strategies.map(({ name }) => name).join(", ")}
  --budgets N,N     recoveries for each program, default 1000,${criterionBudget}
  --seed N          seed of the random strategies, default 1
  --json            print the grade as JSON instead of tables
  --update          also write the tables to packages/crash-test/test/bug-corpus/README.md
  --help            this text

Exits with 1 when the default search finds less than 98 % within ${criterionBudget} recoveries, or any strategy finds
something in a correct program, or a bug breaks another promise than its own. Without the default search at
${criterionBudget} recoveries there is no verdict on what it finds. Progress goes to stderr.
`;

const marks = ["<!-- grade: npm run grade -- --update rewrites it -->\n", "\n<!-- end of grade -->"] as const;

/** Runs the command; returns its exit code: 0 good, 1 not good, 2 wrong arguments. */
export async function main(
  args: readonly string[],
  io: GradeIo,
  subjects: readonly Subject[] = subjectsOf(corpus, protocols),
): Promise<number> {
  let chosen: Chosen | undefined;
  try {
    chosen = readArguments(args);
  } catch (error) {
    io.say(error instanceof Error ? error.message : String(error));
    io.say(usage);
    return 2;
  }
  if (chosen === undefined) {
    io.out(usage);
    return 0;
  }
  const graded = await grade({ ...chosen, subjects, say: io.say });
  io.out(
    chosen.json
      ? `${JSON.stringify({ ...graded, complaints: complaints(graded) }, undefined, 2)}\n`
      : gradeText(graded),
  );
  if (chosen.update) io.writeReadme(withTables(io.readReadme(), gradeMarkdown(graded)));
  return complaints(graded).length === 0 ? 0 : 1;
}

interface Chosen {
  readonly strategies: typeof strategies;
  readonly budgets: readonly number[];
  readonly seed: number;
  readonly json: boolean;
  readonly update: boolean;
}

/** Undefined asks for help. */
function readArguments(args: readonly string[]): Chosen | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      strategy: { type: "string", multiple: true },
      budgets: { type: "string", default: `1000,${criterionBudget}` },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  for (const name of values.strategy ?? []) {
    if (!strategies.some((each) => each.name === name)) throw new Error(`there is no strategy ${name}`);
  }
  const budgets = values.budgets.split(",").map((text) => wholeNumber("--budgets", text));
  if (budgets.some((budget, index) => budget < 1 || budget <= (budgets[index - 1] ?? 0))) {
    throw new Error("--budgets must ascend from 1 on");
  }
  const { json, update } = values;
  const wanted = strategies.filter(({ name }) => values.strategy?.includes(name) ?? true);
  return { strategies: wanted, budgets, seed: wholeNumber("--seed", values.seed), json, update };
}

function wholeNumber(option: string, text: string): number {
  const number = Number(text);
  const whole = text.trim() !== "" && Number.isSafeInteger(number) && number >= 0;
  if (!whole) throw new Error(`${option}: ${text} is no whole number`);
  return number;
}

function withTables(text: string, tables: string): string {
  const from = text.indexOf(marks[0]);
  const to = text.indexOf(marks[1], from);
  if (from === -1 || to === -1) throw new Error("the README has lost the marks of the grade");
  return text.slice(0, from + marks[0].length) + tables + text.slice(to);
}
