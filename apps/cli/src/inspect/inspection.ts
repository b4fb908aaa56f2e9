import { basename } from "node:path";
import { CliError, messageOf } from "../cli-error.js";
import type { CommandIo } from "../terminal.js";
import { Finding } from "./finding.js";
import { inspectPath, type Inspected } from "./host-tree.js";
import type { InspectOptions } from "./inspect-options.js";
import { LineOutput } from "./line-output.js";
import type { Region } from "./regions.js";

/** Something to print, and what it means for the exit code. */
export interface Item {
  readonly verdict: Region["kind"];
  /** The text in parts of bounded length. */
  readonly parts: Iterable<string>;
}

export interface Presentation {
  /** What is printed about one file. */
  items(inspected: Inspected): Iterable<Item>;
  /** What is printed instead when the argument itself cannot be opened. */
  refusal(file: string, error: CliError): Iterable<string>;
  /** What is printed at the end. */
  ending(): Iterable<string>;
  /** False when the exit code is worth the work although nobody reads the text any more. */
  readonly endsUnread: boolean;
}

/**
 * Inspects what the options name and prints it as it is found: neither the files nor the text are ever held whole.
 *
 * @throws {@link CliError} about the argument, after the refusal was printed, and about output that cannot be written.
 */
export async function runInspection(options: InspectOptions, io: CommandIo, present: Presentation): Promise<number> {
  const output = new LineOutput(io.stdout);
  const finding = new Finding();
  try {
    for (const inspected of inspectPath(options.path)) {
      for (const { verdict, parts } of present.items(inspected)) {
        finding.note(verdict, inspected.named);
        for (const part of parts) if (!output.push(part)) await output.drain();
        if (output.closed && present.endsUnread) return finding.exitCode;
      }
    }
  } catch (error) {
    // Anything else than a refusal is a mistake of ours. It must not end in exit code 1, which says that files are damaged.
    const refusal =
      error instanceof CliError
        ? error
        : new CliError("CLI_UNEXPECTED", `unexpected: ${messageOf(error)}`, { cause: error });
    for (const part of present.refusal(basename(options.path), refusal)) output.push(part);
    await output.drain();
    throw refusal;
  }
  for (const part of present.ending()) output.push(part);
  await output.drain();
  return finding.exitCode;
}
