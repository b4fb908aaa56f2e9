import { CliError } from "./cli-error.js";
import type { Command } from "./command.js";
import { dumpCommand } from "./inspect/dump-command.js";
import { verifyCommand } from "./inspect/verify-command.js";
import { statsCommand } from "./log/stats-command.js";
import { tailCommand } from "./log/tail-command.js";
import { salvageCommand } from "./salvage/salvage-command.js";
import type { CommandIo } from "./terminal.js";
import { tourCommand } from "./tour/tour-command.js";
import { version } from "./version.js";

const commands: readonly Command[] = [
  tourCommand,
  dumpCommand,
  verifyCommand,
  tailCommand,
  statsCommand,
  salvageCommand,
];

/**
 * The `holdfast` command. Resolves with its exit code: 0 all is well, 1 a claim failed, 2 wrong usage or an input that
 * does not serve. Never throws.
 */
export async function runCommandLine(args: readonly string[], io: CommandIo): Promise<number> {
  const [first, ...rest] = args;
  try {
    switch (first) {
      case undefined:
        io.stderr.write(overview());
        return 2;
      case "--help":
      case "-h":
        return answer(io, overview(), rest);
      case "--version":
      case "-v":
        return answer(io, `${version()}\n`, rest);
      case "help":
        return answer(io, helpFor(rest[0]), rest.slice(1));
      default:
        return await commandNamed(first).run(rest, io);
    }
  } catch (error) {
    const usage = error instanceof CliError && error.code === "CLI_USAGE";
    const prefix = error instanceof CliError ? "" : "unexpected: ";
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`holdfast: ${prefix}${message}\n`);
    if (usage) io.stderr.write(`${usageLine(first)}\n`);
    return error instanceof CliError ? 2 : 1;
  }
}

function answer(io: CommandIo, text: string, surplus: readonly string[]): number {
  if (surplus[0] !== undefined) throw new CliError("CLI_USAGE", `unexpected argument "${surplus[0]}"`);
  io.stdout.write(text);
  return 0;
}

function commandNamed(name: string): Command {
  const found = commands.find((command) => command.name === name);
  if (found !== undefined) return found;
  const what = name.startsWith("-") ? "option" : "command";
  throw new CliError("CLI_USAGE", `unknown ${what} "${name}"`);
}

function helpFor(name: string | undefined): string {
  return name === undefined ? overview() : commandNamed(name).help;
}

function usageLine(first: string | undefined): string {
  const known = commands.some(({ name }) => name === first);
  return known ? `Usage: holdfast help ${first}` : `Usage: holdfast --help`;
}

function overview(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return `holdfast ${version()}: crash-safe files, shown and checked

Usage: holdfast <command> [options]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join("\n")}

  holdfast help <command>   options and exit codes of a command
  holdfast --version        the version and nothing else
`;
}
