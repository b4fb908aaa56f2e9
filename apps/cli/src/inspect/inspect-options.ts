import { parseArgs } from "node:util";
import { CliError, messageOf } from "../cli-error.js";
import { eventFilterOptions, type EventFilter } from "./event-filter.js";

/** What `verify` is asked for, and `dump`. */
export interface InspectOptions {
  /** A file, or a directory with everything below it. */
  readonly path: string;
  readonly json: boolean;
}

export interface DumpOptions extends InspectOptions {
  /** Events of stores alone, and of those the ones that are meant; undefined: everything. */
  readonly filter: EventFilter | undefined;
}

const common = {
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Reads the arguments behind `verify`; undefined when help is asked for. Throws `CLI_USAGE`. */
export function parseInspectOptions(command: string, args: readonly string[]): InspectOptions | undefined {
  const { values, positionals } = usage(() => parseArgs({ args: [...args], allowPositionals: true, options: common }));
  return values.help ? undefined : { path: onePath(command, positionals, "a file or a directory"), json: values.json };
}

/** Reads the arguments behind `dump`; undefined when help is asked for. Throws `CLI_USAGE`. */
export function parseDumpOptions(args: readonly string[]): DumpOptions | undefined {
  const options = { ...common, ...eventFilterOptions };
  const { values, positionals } = usage(() => parseArgs({ args: [...args], allowPositionals: true, options }));
  if (values.help) return undefined;
  const path = onePath("dump", positionals, "a file or a directory");
  return { path, json: values.json, filter: eventFilterOf(values) };
}

/** The argument of a command that takes one path. Throws `CLI_USAGE`. */
export function onePath(command: string, positionals: readonly string[], what: string): string {
  const [path, surplus] = positionals;
  if (path === undefined) throw new CliError("CLI_USAGE", `${command} needs ${what}`);
  if (path === "") throw new CliError("CLI_USAGE", "the path is empty");
  if (surplus !== undefined) throw new CliError("CLI_USAGE", `one path at a time: "${surplus}" is another`);
  return path;
}

/** What the options of that name say; undefined where none was given. Throws `CLI_USAGE`. */
export function eventFilterOf(
  values: Partial<Record<keyof typeof eventFilterOptions, string>>,
): EventFilter | undefined {
  const { entity } = values;
  if (entity === "") throw new CliError("CLI_USAGE", "--entity needs a name");
  const filter: EventFilter = {
    from: wholeNumber("from", values.from, Number.MAX_SAFE_INTEGER),
    to: wholeNumber("to", values.to, Number.MAX_SAFE_INTEGER),
    entity,
    lane: wholeNumber("lane", values.lane, 0xffff_ffff),
    kind: wholeNumber("kind", values.kind, 0xffff),
  };
  return Object.values(filter).every((value) => value === undefined) ? undefined : filter;
}

/** A whole number from 0 to `most`, decimal or hexadecimal. Throws `CLI_USAGE`. */
export function wholeNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^([0-9]{1,16}|0x[0-9a-f]{1,13})$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  throw new CliError("CLI_USAGE", `--${name} must be a whole number from 0 to ${most}, not "${text}"`);
}

/** What `parse` gives; what `parseArgs` refuses is `CLI_USAGE`. */
export function usage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new CliError("CLI_USAGE", messageOf(cause), { cause });
  }
}
