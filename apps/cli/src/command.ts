import type { CommandIo } from "./terminal.js";

/** One subcommand of `holdfast`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Everything `holdfast help NAME` says. */
  readonly help: string;
  /** Runs with the arguments behind the name and resolves with the exit code. Rejects with a `CliError`. */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}
