import { parseArgs } from "node:util";
import { CliError, messageOf } from "../cli-error.js";

/** Seeds are whole numbers below this. */
export const seedBound: number = 2 ** 32;

export interface TourOptions {
  /** The user's own file, to work on a copy of; undefined for the tour's sample. */
  readonly file: string | undefined;
  readonly json: boolean;
  /** Undefined: choose one. */
  readonly seed: number | undefined;
  readonly keep: boolean;
  /** A module of the user's, to crash-test instead of taking the tour. */
  readonly module: string | undefined;
  /** Where the page about that module is written. */
  readonly html: string | undefined;
  /** Milliseconds until that module is given up; undefined: the default. */
  readonly deadlineMs: number | undefined;
  readonly help: boolean;
}

/** A day, which a timer of Node can wait for. */
const mostDeadlineSeconds = 86_400;

export const tourHelp: string = `holdfast tour: what a crash does to files, on your own disk, in a few seconds

Usage: holdfast tour [--file PATH] [--json] [--seed N] [--keep]
       holdfast tour --module PATH [--html FILE] [--deadline-seconds N] [--json]

  --file PATH   work on a copy of this file, of at most 64 MiB; the file itself is only read. The rows of a .csv are recorded as
                orders
  --json        print one JSON object on stdout and everything else on stderr
  --seed N      repeat a run: a whole number from 0 to ${seedBound - 1} that chooses when the writer is killed
  --keep        leave the temporary directory in place
  --module PATH crash-test this module instead: a .js, .mjs or .cjs file that exports save(path, bytes) and load(path),
                written against node:fs
  --html FILE   where the page about that module is written; default beside it, as NAME.crash.html
  --deadline-seconds N
                give the module up and kill its process after so long: from 1 to ${mostDeadlineSeconds}; default 120

Exit code: 0 every claim held, or the module survives; 1 a claim failed, or there is a finding; 2 wrong usage, or a file
or module that does not serve; 130 interrupted.
`;

/** Reads the arguments behind `tour`. Throws `CLI_USAGE`. */
export function parseTourOptions(args: readonly string[]): TourOptions {
  const { file, json, seed, keep, module, html, help, "deadline-seconds": deadline } = parse(args);
  for (const [name, value] of Object.entries({ file, module, html })) {
    if (value === "") throw new CliError("CLI_USAGE", `--${name} needs a path`);
  }
  if (module === undefined && html !== undefined) throw new CliError("CLI_USAGE", "--html goes with --module");
  if (module === undefined && deadline !== undefined) {
    throw new CliError("CLI_USAGE", "--deadline-seconds goes with --module");
  }
  if (module !== undefined && (file !== undefined || seed !== undefined || keep)) {
    throw new CliError("CLI_USAGE", "--module goes with --html, --deadline-seconds and --json alone");
  }
  return {
    file,
    json,
    seed: seed === undefined ? undefined : parseSeed(seed),
    keep,
    module,
    html,
    deadlineMs: deadline === undefined ? undefined : parseDeadline(deadline),
    help,
  };
}

interface RawOptions {
  readonly file?: string;
  readonly seed?: string;
  readonly module?: string;
  readonly html?: string;
  readonly "deadline-seconds"?: string;
  readonly json: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

function parse(args: readonly string[]): RawOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowPositionals: false,
      options: {
        file: { type: "string" },
        json: { type: "boolean", default: false },
        seed: { type: "string" },
        keep: { type: "boolean", default: false },
        module: { type: "string" },
        html: { type: "string" },
        "deadline-seconds": { type: "string" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return values;
  } catch (cause) {
    throw new CliError("CLI_USAGE", messageOf(cause), { cause });
  }
}

function parseSeed(text: string): number {
  const seed = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (seed < seedBound) return seed;
  throw new CliError("CLI_USAGE", `--seed must be a whole number from 0 to ${seedBound - 1}, not "${text}"`);
}

function parseDeadline(text: string): number {
  const seconds = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= 1 && seconds <= mostDeadlineSeconds) return seconds * 1000;
  const bounds = `a whole number from 1 to ${mostDeadlineSeconds}`;
  throw new CliError("CLI_USAGE", `--deadline-seconds must be ${bounds}, not "${text}"`);
}
