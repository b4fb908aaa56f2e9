import { SeedCaseError } from "./seed-case-error.js";
import { parseSeedCaseFile } from "./seed-case-file.js";
import { describeReport, reportOn, sumUp } from "./seed-report.js";

/**
 * The command behind `npm run seed-cases`: replays recorded behaviour of the two reference simulators on our engine
 * under `seed-crashfs` and `seed-simfs`, and says where it differs.
 *
 *   seed-cases [--data FILE | --data DIRECTORY]... [--json]
 *
 * Exit codes: 0 everything as recorded, 1 something differs, 2 nothing could be judged.
 */

/** What the command needs of the machine it runs on. */
export interface SeedCasesHost {
  /** Files that are run when none is named. */
  readonly defaults: readonly string[];
  /** The JSON files of a directory, sorted; undefined when `path` is no directory. */
  listJson(path: string): readonly string[] | undefined;
  readText(path: string): string;
  /** Standard output: the report, and nothing else. */
  out(text: string): void;
  /** Standard error. */
  say(text: string): void;
}

const usage = "usage: seed-cases [--data FILE|DIRECTORY]... [--json]";

interface Arguments {
  readonly data: readonly string[];
  readonly json: boolean;
}

/** Runs the command and returns its exit code. */
export function seedCases(args: readonly string[], host: SeedCasesHost): 0 | 1 | 2 {
  const json = args.includes("--json");
  try {
    const { data } = readArguments(args);
    const files = data.length === 0 ? host.defaults : data.flatMap((path) => filesAt(path, host));
    const report = sumUp(files.map((file) => reportOn(file, parseSeedCaseFile(readText(file, host), file))));
    host.out(json ? `${JSON.stringify(report, null, 2)}\n` : describeReport(report));
    return report.failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SeedCaseError)) throw error;
    const { code, message, file } = error;
    if (json) host.out(`${JSON.stringify({ format: "seed-report/1", error: { code, message, file } }, null, 2)}\n`);
    host.say(`${code}: ${message}\n`);
    return 2;
  }
}

function readArguments(args: readonly string[]): Arguments {
  const data: string[] = [];
  const rest = [...args];
  for (let each = rest.shift(); each !== undefined; each = rest.shift()) {
    if (each === "--json" || each === "--") continue;
    const [name, inline] = each.startsWith("--data=") ? ["--data", each.slice("--data=".length)] : [each];
    const value = inline ?? rest.shift();
    if (name !== "--data") throw new SeedCaseError("SEED_CASES_USAGE", `unknown argument ${each}; ${usage}`);
    if (value === undefined || value === "") {
      throw new SeedCaseError("SEED_CASES_USAGE", `--data needs a path; ${usage}`);
    }
    data.push(value);
  }
  return { data, json: args.includes("--json") };
}

function filesAt(path: string, host: SeedCasesHost): readonly string[] {
  const files = guarded(path, () => host.listJson(path));
  if (files === undefined) return [path];
  if (files.length === 0) throw new SeedCaseError("SEED_CASES_UNREADABLE", "holds no .json file", path);
  return files;
}

function readText(path: string, host: SeedCasesHost): string {
  return guarded(path, () => host.readText(path));
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new SeedCaseError("SEED_CASES_UNREADABLE", "cannot be read", path, { cause: error });
  }
}
