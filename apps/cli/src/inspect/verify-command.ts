import type { CliError } from "../cli-error.js";
import type { Command } from "../command.js";
import { countText, paintFor, plural, type CommandIo, type Paint } from "../terminal.js";
import type { Inspected } from "./host-tree.js";
import { parseInspectOptions } from "./inspect-options.js";
import { runInspection, type Item, type Presentation } from "./inspection.js";
import { jsonParts } from "./line-json.js";
import { regionsOf, type Region } from "./regions.js";
import { soundText } from "./sound-text.js";
import { sentence, shown } from "./safe-text.js";
import { VerifyProgress } from "./verify-progress.js";

const help = `holdfast verify: what is sound, torn, corrupt or foreign in files that we write, or batpak, or durability

Usage: holdfast verify FILE|DIR [--json]

  FILE|DIR  a file, or a directory with everything below it; opened for reading only
  --json    one JSON object a line for each region of a file: docs/dump.md explains kinds and fields, which are stable

Exit code: 0 every file of ours is sound; 1 something is torn or corrupt, or FILE is of no known format; 2 wrong usage,
or something that cannot be read.
`;

export const verifyCommand: Command = {
  name: "verify",
  summary: "says what is sound, torn, corrupt or foreign in a file or directory",
  help,
  run: async (args, io) => {
    const options = parseInspectOptions("verify", args);
    if (options === undefined) {
      io.stdout.write(help);
      return 0;
    }
    return runInspection(options, io, verifyPresentation(options.json, io));
  },
};

/** From the worst to the best: a file is what its worst region is. */
const kinds = [
  "unreadable",
  "corrupt",
  "torn",
  "sound",
  "aside",
  "auxiliary",
  "foreign",
] as const satisfies readonly Region["kind"][];

function verifyPresentation(json: boolean, io: CommandIo): Presentation {
  const paint = paintFor(io.stdout, io.env);
  const progress = new VerifyProgress(io.stderr);
  const counts = new Map<Region["kind"], number>(kinds.map((kind) => [kind, 0]));
  return {
    endsUnread: false,
    *items({ file, lines }: Inspected): Generator<Item> {
      let worst: number = kinds.length - 1;
      for (const region of regionsOf(progress.followed(file, lines))) {
        worst = Math.min(worst, kinds.indexOf(region.kind));
        progress.clear();
        const parts = json ? jsonParts(file, region) : [`${regionText(file, region, paint)}\n`];
        yield { verdict: region.kind, parts };
      }
      const kind = kinds[worst] ?? "foreign"; // worst is one of its indices
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    },
    refusal(file: string, { code, message }: CliError) {
      const region: Region = { kind: "unreadable", offset: 0, length: 0, fields: { code, reason: message } };
      return json ? jsonParts(file, region) : [];
    },
    ending: () => (json ? [] : [`${summary(counts)}\n`]),
  };
}

function regionText(file: string, region: Region, paint: Paint): string {
  const { kind, offset, length } = region;
  const place = `${shown(file)}  ${offset}..${offset + length}`;
  const line = (colour: (text: string) => string, text: string): string =>
    `${colour(kind.padEnd(10))}  ${place}  ${text}`;
  switch (region.kind) {
    case "sound":
      return line(paint.good, soundText(region.fields));
    case "foreign":
    case "aside":
    case "auxiliary":
      return line(paint.dim, sentence(region.fields.reason));
    default:
      return line(paint.bad, `${region.fields.code}: ${sentence(region.fields.reason)}`);
  }
}

function summary(counts: ReadonlyMap<Region["kind"], number>): string {
  const found = kinds.filter((kind) => (counts.get(kind) ?? 0) > 0).reverse();
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const texts = found.map((kind) => `${countText(counts.get(kind) ?? 0)} ${kind}`);
  return total === 0 ? "no file" : `${plural(total, "file")}: ${texts.join(", ")}`;
}
