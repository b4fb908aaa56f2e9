import { randomInt } from "node:crypto";
import type { Command } from "../command.js";
import { CliError } from "../cli-error.js";
import { checkModule } from "../module/module-check.js";
import type { CommandIo } from "../terminal.js";
import { version } from "../version.js";
import { runTour, tourSteps } from "./tour.js";
import { readDocument, sampleDocument, type TourDocument } from "./tour-document.js";
import { parseTourOptions, seedBound, tourHelp, type TourOptions } from "./tour-options.js";
import { allHeld, reportAsJson } from "./tour-report.js";
import type { JsonValue, TourStep } from "./tour-step.js";

export const tourCommand: Command = {
  name: "tour",
  summary: "shows on real files what a crash does to them, and what keeps them whole",
  help: tourHelp,
  run: (args, io) => takeTour(args, io, tourSteps()),
};

/** The command with its steps passed in. Resolves with 0 when every claim held, and with 1 otherwise. */
export async function takeTour(args: readonly string[], io: CommandIo, steps: readonly TourStep[]): Promise<number> {
  const options = parseTourOptions(args);
  if (options.help) {
    io.stdout.write(tourHelp);
    return 0;
  }
  try {
    if (options.module !== undefined) {
      const { module, html, json, deadlineMs } = options;
      return await checkModule({ module, html, json, deadlineMs }, io);
    }
    const settings = {
      seed: options.seed ?? randomInt(seedBound),
      document: documentFor(options),
      keep: options.keep,
      json: options.json,
    };
    const report = await runTour(steps, settings, io);
    if (options.json) printJson(io, reportAsJson(report, settings, version()));
    return allHeld(report) ? 0 : 1;
  } catch (error) {
    // Who asked for JSON gets JSON, also about a tour that cannot begin.
    if (options.json && error instanceof CliError) {
      const { code, message } = error;
      printJson(io, { holdfast: version(), command: "tour", ok: false, error: { code, message }, claims: [] });
    }
    throw error;
  }
}

function documentFor({ file }: TourOptions): TourDocument {
  return file === undefined ? sampleDocument() : readDocument(file);
}

function printJson(io: CommandIo, value: JsonValue): void {
  io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
