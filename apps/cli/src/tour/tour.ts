import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { CleanupStack, cleanUpOnSignals } from "../cleanup-stack.js";
import { CliError, messageOf } from "../cli-error.js";
import { durationText, paintFor, type CommandIo } from "../terminal.js";
import { atomicReplaceStep } from "./atomic-replace-step.js";
import { databaseStep } from "./database-step.js";
import { figuresStep } from "./figures-step.js";
import { killStep } from "./kill-step.js";
import { logCrashStep } from "./log-crash-step.js";
import { ordersStep } from "./orders-step.js";
import { naiveSaveStep } from "./naive-save-step.js";
import { ownModuleStep } from "./own-module-step.js";
import type { TourDocument } from "./tour-document.js";
import { documentText, summaryLines, type TourReport } from "./tour-report.js";
import type { Claim, Figure, TourContext, TourStep } from "./tour-step.js";

/** What `npm start` shows, in order. */
export function tourSteps(): TourStep[] {
  return [
    naiveSaveStep(),
    ownModuleStep(),
    atomicReplaceStep(),
    killStep(),
    logCrashStep(),
    ordersStep(),
    databaseStep(),
    figuresStep(),
  ];
}

export interface TourSettings {
  readonly seed: number;
  readonly document: TourDocument;
  /** Leave the temporary directory in place. */
  readonly keep: boolean;
  /** Nothing on stdout but one JSON object. */
  readonly json: boolean;
}

/**
 * Takes the steps in a temporary directory of its own, tells the story, and resolves with the report. The directory is
 * gone when it resolves, when it rejects and when a signal ends the process, unless it is to be kept.
 *
 * @throws {@link CliError} `CLI_NO_WORK_DIRECTORY`
 */
export async function runTour(steps: readonly TourStep[], settings: TourSettings, io: CommandIo): Promise<TourReport> {
  const cleanup = new CleanupStack();
  const release = cleanUpOnSignals(cleanup);
  try {
    const directory = makeDirectory(cleanup, settings.keep);
    const start = performance.now();
    const figures: Figure[] = [];
    const context = contextFor(directory, settings, io, cleanup, figures);
    const { say, paint } = context;
    say(paint.bold(`Holdfast tour, seed ${settings.seed}`));
    say(
      `Working in ${directory} (${settings.keep ? "kept" : "removed at the end"}), on ${documentText(settings.document)}.`,
    );
    const claims: Claim[] = [];
    for (const [index, step] of steps.entries()) {
      say("");
      say(paint.bold(`${index + 1}/${steps.length}  ${step.title}`));
      claims.push(...(await take(step, context)));
      await setImmediate(); // let an interrupt through
    }
    const milliseconds = Math.round(performance.now() - start);
    const report = { claims, figures, directory, milliseconds, steps: steps.length };
    for (const line of summaryLines(report, settings, paint)) say(line);
    return report;
  } finally {
    for (const failure of cleanup.run()) io.stderr.write(`holdfast: cleaning up failed: ${messageOf(failure)}\n`);
    release();
  }
}

/** A step that cannot be taken has not shown what it is there to show. */
async function take(step: TourStep, context: TourContext): Promise<Claim[]> {
  const start = performance.now();
  try {
    return await step.run(context);
  } catch (error) {
    const says = `the step "${step.title}" could not be taken: ${messageOf(error)}`;
    return [{ name: "step-was-taken", ok: false, details: { says, step: step.title } }];
  } finally {
    context.progress(`took ${durationText(performance.now() - start)}`);
  }
}

function makeDirectory(cleanup: CleanupStack, keep: boolean): string {
  const parent = tmpdir();
  try {
    const directory = mkdtempSync(join(parent, "holdfast-tour-"));
    // Retries: a child that was killed a moment ago may still be creating its last file.
    if (!keep) cleanup.add(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 }));
    return directory;
  } catch (cause) {
    const why = `cannot make a temporary directory in ${parent}: ${messageOf(cause)}`;
    throw new CliError("CLI_NO_WORK_DIRECTORY", why, { cause });
  }
}

function contextFor(
  directory: string,
  { json, seed, document }: TourSettings,
  io: CommandIo,
  cleanup: CleanupStack,
  figures: Figure[],
): TourContext {
  const story = json ? io.stderr : io.stdout;
  const dim = paintFor(io.stderr, io.env).dim;
  return {
    directory,
    seed,
    document,
    cleanup,
    paint: paintFor(story, io.env),
    say: (line) => void story.write(`${line}\n`),
    progress: (line) => void io.stderr.write(`${dim(`... ${line}`)}\n`),
    measured: (figure) => void figures.push(figure),
  };
}
