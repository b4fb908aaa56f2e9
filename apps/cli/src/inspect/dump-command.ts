import { CliError } from "../cli-error.js";
import type { Command } from "../command.js";
import { paintFor, type CommandIo } from "../terminal.js";
import type { Inspected } from "./host-tree.js";
import { isMeant } from "./event-filter.js";
import { parseDumpOptions, type DumpOptions } from "./inspect-options.js";
import { runInspection, type Item, type Presentation } from "./inspection.js";
import { jsonParts } from "./line-json.js";
import { dumpText } from "./line-text.js";
import { damage, isDamage, isPassedOver, type Line } from "./line.js";
import { shown } from "./safe-text.js";
import { storeContent } from "./store-history.js";

const help = `holdfast dump: every header, frame and footer of files that we write, or batpak, or durability

Usage: holdfast dump FILE|DIR [--json]
       holdfast dump DIR [--from N] [--to N] [--entity NAME] [--lane N] [--kind N] [--json]

  FILE|DIR       a file, or a directory with everything below it; opened for reading only
  --json         one JSON object a line: docs/dump.md explains kinds and fields, which are stable

With any of these, events of stores alone, and damage:

  --from N, --to N  by their sequences, both inclusive
  --entity NAME     of this entity
  --lane N          of this lane
  --kind N          of this kind, decimal or as 0x1001

Exit code: 0 all that was printed is sound; 1 there is damage, or FILE is of no known format; 2 wrong usage, or something
that cannot be read.
`;

export const dumpCommand: Command = {
  name: "dump",
  summary: "prints every header, frame and footer of a file or directory",
  help,
  run: async (args, io) => {
    const options = parseDumpOptions(args);
    if (options === undefined) {
      io.stdout.write(help);
      return 0;
    }
    return runInspection(options, io, dumpPresentation(options, io));
  },
};

function dumpPresentation({ json, filter, path }: DumpOptions, io: CommandIo): Presentation {
  const paint = paintFor(io.stdout, io.env);
  let storeCount = 0;
  const parts = (file: string, line: Line): Iterable<string> =>
    json ? jsonParts(file, line) : [`${dumpText(line, paint)}\n`];
  return {
    endsUnread: true,
    *items({ file, lines }: Inspected): Generator<Item> {
      let isHeaded = json;
      for (const line of lines) {
        if (isOfStore(line)) storeCount += 1;
        const isShown = filter === undefined || isDamage(line) || isMeant(filter, line);
        if (isShown && !isHeaded) yield { verdict: "sound", parts: [`${paint.bold(shown(file))}\n`] };
        isHeaded ||= isShown;
        yield { verdict: verdictOf(line), parts: isShown ? parts(file, line) : [] };
      }
    },
    refusal: (file: string, { code, message }: CliError) =>
      json ? jsonParts(file, damage("unreadable", { offset: 0, endOffset: 0 }, code, message)) : [],
    ending() {
      if (filter === undefined || storeCount > 0) return [];
      throw new CliError("CLI_NOT_A_STORE", `${path} holds no store, and events were asked for`);
    },
  };
}

function isOfStore({ kind, fields }: Line): boolean {
  return kind === "segment-header" && fields["content"] === storeContent;
}

function verdictOf(line: Line): Item["verdict"] {
  if (isDamage(line)) return line.fields.verdict;
  return isPassedOver(line) ? line.kind : "sound";
}
