import { checkLitmus, uncheckedIn, type LitmusResult } from "./litmus-check.js";
import { parseLitmusSet, type LitmusSet } from "./litmus-data.js";
import { LitmusError } from "./litmus-error.js";
import { litmusJson, litmusText, rulesText } from "./litmus-report.js";

/** What the command needs of the machine it runs on. */
export interface LitmusHost {
  /** The sets that ship. */
  readonly defaults: readonly string[];
  /** Paths of the sets under a directory, or undefined when the path is none. Throws when there is nothing. */
  readonly listJson: (path: string) => readonly string[] | undefined;
  readonly readText: (path: string) => string;
  readonly out: (text: string) => void;
  readonly say: (text: string) => void;
}

const litmusUsage = `Usage: npm run litmus -- [--data DIR|FILE]... [--every N] [--rules] [--json]

Compares recorded outcomes of power losses on real file systems with what the personalities predict.

  --data DIR|FILE  recorded sets; default: those of this repository
  --every N        each N-th program only
  --rules          tightness rule by rule as well
  --json           one JSON object instead of text, the rules included

Exits 0 when everything that was seen is predicted, 1 when something is not, 2 when a set cannot be read or nothing was
checked.
`;

/** Runs the command and returns its exit code. Never throws. */
export function litmus(args: readonly string[], host: LitmusHost): number {
  try {
    const options = parseArguments(args);
    if (options === "help") {
      host.out(litmusUsage);
      return 0;
    }
    const files = options.data.length === 0 ? host.defaults : options.data.flatMap((path) => filesOf(path, host));
    const sets = files.map((file) => parseLitmusSet(read(file, host), file));
    const results = checkLitmus(sets, { every: options.every });
    if (results.every(({ states }) => states === 0)) refuseUnchecked(sets);
    const rules = options.rules ? `\n${rulesText(sets)}` : "";
    host.out(options.json ? `${litmusJson(sets, results)}\n` : `${litmusText(sets, results)}${rules}`);
    return results.every(isSound) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof LitmusError)) throw error;
    host.say(`litmus: ${error.message}\n`);
    return 2;
  }
}

/** Sets without one state of a file system that a personality stands for agree with every prediction there could be. */
function refuseUnchecked(sets: readonly LitmusSet[]): never {
  const files = sets.map(({ file }) => file).join(", ");
  const others = uncheckedIn(sets);
  const only = others.length === 0 ? "" : `; no personality stands for ${others.join(", ")}`;
  throw new LitmusError("LITMUS_NOTHING_CHECKED", `${files}: nothing was checked, for no state is recorded${only}`);
}

/** Everything seen is predicted, and the weakest personality predicts it as well. */
function isSound({ unpredicted, outside, incomplete }: LitmusResult): boolean {
  return unpredicted.length === 0 && outside["strict"]?.length === 0 && incomplete.length === 0;
}

interface LitmusArguments {
  readonly data: readonly string[];
  readonly every: number;
  readonly json: boolean;
  readonly rules: boolean;
}

function parseArguments(args: readonly string[]): LitmusArguments | "help" {
  const data: string[] = [];
  let every = 1;
  let json = false;
  let rules = false;
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at];
    if (argument === "--help") return "help";
    if (argument === "--json") json = true;
    else if (argument === "--rules") rules = true;
    else if (argument === "--data" || argument === "--every") {
      at += 1;
      const value = args[at] ?? usage(`${argument} needs a value`);
      if (argument === "--data") data.push(value);
      else every = /^[1-9]\d{0,8}$/.test(value) ? Number(value) : usage("--every needs a whole number from 1 on");
    } else usage(`unknown argument ${JSON.stringify(argument)}`);
  }
  return { data, every, json, rules };
}

function usage(why: string): never {
  throw new LitmusError("LITMUS_USAGE", `${why}\n\n${litmusUsage}`);
}

function filesOf(path: string, host: LitmusHost): readonly string[] {
  let files: readonly string[] | undefined;
  try {
    files = host.listJson(path);
  } catch (cause) {
    throw new LitmusError("LITMUS_UNREADABLE", `${path} cannot be read`, { file: path }, cause);
  }
  if (files?.length === 0) throw new LitmusError("LITMUS_UNREADABLE", `${path} holds no .json file`, { file: path });
  return files ?? [path];
}

function read(file: string, host: LitmusHost): string {
  try {
    return host.readText(file);
  } catch (cause) {
    throw new LitmusError("LITMUS_UNREADABLE", `${file} cannot be read`, { file }, cause);
  }
}
