import type { CliError } from "../cli-error.js";
import type { Command } from "../command.js";
import { paintFor, type CommandIo } from "../terminal.js";
import type { Inspected } from "./host-tree.js";
import { parseInspectOptions } from "./inspect-options.js";
import { runInspection, type Item, type Presentation } from "./inspection.js";
import { jsonParts } from "./line-json.js";
import { dumpText } from "./line-text.js";
import { damage, isDamage, isPassedOver, type Line } from "./line.js";
import { shown } from "./safe-text.js";

const help = `holdfast dump: every header, frame and footer of files that we write, or batpak, or durability

Usage: holdfast dump FILE|DIR [--json]

  FILE|DIR  a file, or a directory with everything below it; opened for reading only
  --json    one JSON object a line: docs/dump.md explains kinds and fields, which are stable

Exit code: 0 all that was printed is sound; 1 there is damage, or FILE is of no known format; 2 wrong usage, or something
that cannot be read.
`;

export const dumpCommand: Command = {
  name: "dump",
  summary: "prints every header, frame and footer of a file or directory",
  help,
  run: async (args, io) => {
    const options = parseInspectOptions("dump", args);
    if (options === undefined) {
      io.stdout.write(help);
      return 0;
    }
    return runInspection(options, io, dumpPresentation(options.json, io));
  },
};

function dumpPresentation(json: boolean, io: CommandIo): Presentation {
  const paint = paintFor(io.stdout, io.env);
  const parts = (file: string, line: Line): Iterable<string> =>
    json ? jsonParts(file, line) : [`${dumpText(line, paint)}\n`];
  return {
    endsUnread: true,
    *items({ file, lines }: Inspected): Generator<Item> {
      if (!json) yield { verdict: "sound", parts: [`${paint.bold(shown(file))}\n`] };
      for (const line of lines) yield { verdict: verdictOf(line), parts: parts(file, line) };
    },
    refusal: (file: string, { code, message }: CliError) =>
      json ? jsonParts(file, damage("unreadable", { offset: 0, endOffset: 0 }, code, message)) : [],
    ending: () => [],
  };
}

function verdictOf(line: Line): Item["verdict"] {
  if (isDamage(line)) return line.fields.verdict;
  return isPassedOver(line) ? line.kind : "sound";
}
