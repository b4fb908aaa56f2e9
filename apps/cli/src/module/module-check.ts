import { statSync, writeFileSync } from "node:fs";
import { extname } from "node:path";
import { CleanupStack, cleanUpOnSignals } from "../cleanup-stack.js";
import { CliError, messageOf } from "../cli-error.js";
import { countText, paintFor, tableLines, type CommandIo, type Paint } from "../terminal.js";
import { version } from "../version.js";
import type { ModuleOutcome, ModuleVerdict } from "./judge-module.js";
import { isFinding, kindsOfLoss } from "./kinds-of-loss.js";
import { defaultDeadlineMs, judgeInChild } from "./module-process.js";

export interface ModuleCheck {
  /** Path of the module. */
  readonly module: string;
  /** Where the page about it is written. Default: beside the module, `save.mjs` gives `save.crash.html`. */
  readonly html: string | undefined;
  /** One JSON object on stdout, and nothing else. */
  readonly json: boolean;
  /** Milliseconds until the module is given up. Default {@link defaultDeadlineMs}. */
  readonly deadlineMs: number | undefined;
}

/**
 * Crash-tests the user's module in a process of its own and prints the verdict of each file system.
 *
 * @returns the exit code: 0 it survives all of them, 1 there is a finding, 2 there is none, and not all could be judged.
 * @throws {@link CliError} `CLI_USAGE` when the page would replace the module, `CLI_MODULE_UNFIT` when the module cannot be
 * judged, `CLI_FILE_UNWRITABLE`
 */
export async function checkModule(check: ModuleCheck, io: CommandIo): Promise<number> {
  const html = check.html ?? pageBeside(check.module);
  if (isSameFile(html, check.module)) {
    throw new CliError("CLI_USAGE", `the page would replace the module: ${html} is the same file as ${check.module}`);
  }
  const outcome = await judge(check, io);
  if (outcome.kind === "refused") throw new CliError("CLI_MODULE_UNFIT", outcome.why);
  const { verdicts, page } = outcome;
  if (page !== undefined) writeReport(html, page);
  const written = page === undefined ? undefined : html;
  const ok = verdicts.every(({ verdict }) => verdict === "survives");
  if (check.json) {
    const result = {
      holdfast: version(),
      command: "module",
      module: check.module,
      ok,
      report: written ?? null,
      verdicts,
    };
    io.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  } else {
    const lines = story(check.module, written, verdicts, paintFor(io.stdout, io.env));
    for (const line of lines) io.stdout.write(`${line}\n`);
  }
  return ok ? 0 : verdicts.some(isFinding) ? 1 : 2;
}

/** A signal that ends the command ends the module with it. */
async function judge({ module, deadlineMs = defaultDeadlineMs }: ModuleCheck, io: CommandIo): Promise<ModuleOutcome> {
  const cleanup = new CleanupStack();
  const release = cleanUpOnSignals(cleanup);
  try {
    return await judgeInChild({ module, deadlineMs, cleanup, heard: (text) => void io.stderr.write(text) });
  } finally {
    cleanup.run();
    release();
  }
}

function pageBeside(module: string): string {
  return `${module.slice(0, -extname(module).length)}.crash.html`;
}

/** Also by another name: through a symbolic or a hard link. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [identityOf(one), identityOf(other)];
  return a !== undefined && a === b;
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined; // nothing there that could be replaced; what else is wrong shows when it is used
  }
}

function writeReport(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    throw new CliError("CLI_FILE_UNWRITABLE", `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}

const words: Readonly<Record<ModuleVerdict["verdict"], string>> = {
  survives: "survives",
  forgets: "FORGETS a reported save",
  hangs: "HANGS in load",
  loses: "LOSES the document",
  unjudged: "not judged",
};

function story(module: string, html: string | undefined, verdicts: readonly ModuleVerdict[], paint: Paint): string[] {
  const rows = verdicts.map(({ personality, verdict, recoveries, explored, text }) => [
    personality,
    countText(recoveries),
    words[verdict] + (verdict === "survives" ? ` ${explored}` : "") + (verdict === "unjudged" ? `: ${text}` : ""),
  ]);
  const [head = "", ...table] = tableLines([["file system", "recoveries", "verdict"], ...rows]);
  const lines = [
    paint.bold(`${module}: save(path, bytes), and the power fails at every moment of it`),
    "",
    paint.dim(`  ${head}`),
  ];
  for (const [index, line] of table.entries()) {
    const paintLine = verdicts[index]?.verdict === "survives" ? paint.good : paint.bad;
    lines.push(`  ${paintLine(line)}`);
  }
  for (const { verdict, text, personalities } of kindsOfLoss(verdicts)) {
    const head = `${words[verdict]} (${personalities.join(", ")})`;
    lines.push("", paint.bold(head), ...text.split("\n").map((line) => `  ${line}`));
  }
  if (html !== undefined) lines.push("", `To look at, disk by disk: ${html}`);
  return lines;
}
