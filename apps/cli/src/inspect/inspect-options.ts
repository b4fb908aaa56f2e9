import { parseArgs } from "node:util";
import { CliError, messageOf } from "../cli-error.js";

/** What `dump` and `verify` are asked for. */
export interface InspectOptions {
  /** A file, or a directory with everything below it. */
  readonly path: string;
  readonly json: boolean;
}

/** Reads the arguments behind `command`; undefined when help is asked for. Throws `CLI_USAGE`. */
export function parseInspectOptions(command: string, args: readonly string[]): InspectOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const [path, surplus] = positionals;
  if (path === undefined) throw new CliError("CLI_USAGE", `${command} needs a file or a directory`);
  if (path === "") throw new CliError("CLI_USAGE", "the path is empty");
  if (surplus !== undefined) throw new CliError("CLI_USAGE", `one path at a time: "${surplus}" is another`);
  return { path, json: values.json };
}

interface Parsed {
  readonly values: { readonly json: boolean; readonly help: boolean };
  readonly positionals: readonly string[];
}

function parse(args: readonly string[]): Parsed {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean", default: false }, help: { type: "boolean", short: "h", default: false } },
    });
  } catch (cause) {
    throw new CliError("CLI_USAGE", messageOf(cause), { cause });
  }
}
