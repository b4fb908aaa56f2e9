import { setTimeout as delay } from "node:timers/promises";
import { isFsError } from "@holdfast/fs-seam";
import { WalError } from "@holdfast/wal";
import { CliError, messageOf } from "../cli-error.js";
import type { Command } from "../command.js";
import { isMeant } from "../inspect/event-filter.js";
import { inspectPath } from "../inspect/host-tree.js";
import { jsonParts } from "../inspect/line-json.js";
import { LineOutput } from "../inspect/line-output.js";
import { dumpText } from "../inspect/line-text.js";
import type { Line } from "../inspect/line.js";
import { sentence } from "../inspect/safe-text.js";
import { paintFor, type CommandIo } from "../terminal.js";
import { parseTailOptions, tailHelp, type TailOptions } from "./tail-options.js";
import { WatchedLog } from "./watched-log.js";

/** Milliseconds between two looks at a log that is followed. */
const pollIntervalMs = 100;

export const tailCommand: Command = {
  name: "tail",
  summary: "prints the last events of a store, or records of a log, and follows them",
  help: tailHelp,
  run: async (args, io) => {
    const options = parseTailOptions(args);
    if (options === undefined) {
      io.stdout.write(tailHelp);
      return 0;
    }
    const ending = new AbortController();
    const end = (): void => ending.abort();
    if (options.follow) for (const signal of endingSignals) process.once(signal, end);
    try {
      return await tail(options, io, ending.signal);
    } finally {
      for (const signal of endingSignals) process.off(signal, end);
    }
  },
};

const endingSignals = ["SIGINT", "SIGTERM"] as const;

/** Prints the end of a log, and what comes until `signal` says enough. Resolves with the exit code. */
export async function tail(options: TailOptions, io: CommandIo, signal: AbortSignal): Promise<number> {
  const output = new LineOutput(io.stdout);
  const textOf = presentation(options, io);
  try {
    await printTail(options, output, textOf, signal);
  } catch (error) {
    if (!(error instanceof WalError)) throw explained(error, options.path);
    if (error.code === "WAL_UNSUPPORTED") throw new CliError("CLI_FILE_UNREADABLE", error.message, { cause: error });
    if (output.count === 0) for (const text of soundLines(options, textOf)) await push(output, text);
    await output.drain();
    io.stderr.write(`holdfast: damaged, ${error.code}: ${sentence(messageOf(error))}\n`);
    return 1;
  }
  await output.drain();
  return 0;
}

type TextOf = (file: string, line: Line) => string | undefined;

async function printTail(options: TailOptions, output: LineOutput, textOf: TextOf, signal: AbortSignal): Promise<void> {
  const log = new WatchedLog(options.path);
  try {
    refuseFilterOf(log, options);
    let next = Math.max(log.firstLsn, log.lastLsn - options.count + 1);
    for (;;) {
      for (const line of log.lines(next)) {
        await push(output, textOf(line.file, line));
        if (output.closed || signal.aborted) return;
      }
      next = log.lastLsn + 1;
      await output.drain();
      if (!options.follow || !(await isAwaited(signal)) || output.closed) return;
      log.refresh();
    }
  } finally {
    log.close();
  }
}

/** Waits for the next look; false once nobody wants one. */
async function isAwaited(signal: AbortSignal): Promise<boolean> {
  try {
    await delay(pollIntervalMs, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

async function push(output: LineOutput, text: string | undefined): Promise<void> {
  if (text !== undefined && !output.push(text)) await output.drain();
}

/** The last of what can still be read in a log that is damaged: so many lines, as they lie in the files. */
function soundLines({ path, count }: TailOptions, textOf: TextOf): string[] {
  const last: string[] = [];
  for (const { file, lines } of inspectPath(path)) {
    for (const line of lines) {
      if (line.kind !== "store-event" && line.kind !== "record") continue;
      const text = textOf(file, line);
      if (text !== undefined) last.push(text);
      if (last.length > 2 * count) last.splice(0, last.length - count);
    }
  }
  return last.slice(Math.max(0, last.length - count));
}

function presentation({ json, filter }: TailOptions, io: CommandIo): TextOf {
  const paint = paintFor(io.stdout, io.env);
  return (file, line) => {
    if (filter !== undefined && !isMeant(filter, line)) return undefined;
    return json ? [...jsonParts(file, line)].join("") : `${dumpText(line, paint)}\n`;
  };
}

function refuseFilterOf(log: WatchedLog, { filter, path }: TailOptions): void {
  if (filter === undefined || log.isStore) return;
  throw new CliError("CLI_NOT_A_STORE", `${path} is a log of records, and events were asked for`);
}

function explained(error: unknown, path: string): unknown {
  return isFsError(error)
    ? new CliError("CLI_FILE_UNREADABLE", `${path}: ${messageOf(error)}`, { cause: error })
    : error;
}
