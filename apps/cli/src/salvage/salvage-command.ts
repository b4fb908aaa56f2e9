import { parseArgs } from "node:util";
import { CliError, messageOf } from "../cli-error.js";
import type { Command } from "../command.js";
import { durabilityRecordLogFormat } from "../inspect/durability-file.js";
import { headOf } from "../inspect/file-format.js";
import { openPath, type OpenedPath } from "../inspect/host-tree.js";
import { durabilityDigits, durabilitySegmentId } from "../inspect/durability-name.js";
import { WalDirectory } from "../inspect/wal-directory.js";
import { parseCheckpointFileName, parseSegmentFileName } from "@holdfast/wal/files";
import { countText, paintFor, plural, type CommandIo, type Paint } from "../terminal.js";
import { quoted, sentence, shown } from "../inspect/safe-text.js";
import { salvageDurabilityLog, salvageDurabilityRecords } from "./durability-salvage.js";
import { holdsSection, salvageRecordLog } from "./record-log-salvage.js";
import type { Lost } from "./salvage-event.js";
import {
  createOutput,
  explainWriteError,
  writeDurabilityLogs,
  writeDurabilityRecords,
  writeLogs,
  type CheckpointToSalvage,
  type SalvageNews,
} from "./salvage-output.js";
import { salvageDirectory } from "./wal-salvage.js";

const help = `holdfast salvage: copies everything that verifies out of a damaged log

Usage: holdfast salvage SRC --out DIR [--json]

  SRC        a log's directory, a record log, or a log, segment or record log of durability; opened for reading only
  --out DIR  is made, and must not exist. Each stretch of records without a gap becomes a log of its own there, log-<first LSN>,
             with the LSNs that its records had; nothing is joined over a gap
  --json     one JSON object a line: docs/dump.md explains kinds and fields, which are stable

Exit code: 0 nothing was lost; 1 something was, and the lines say what; 2 wrong usage, no log, or DIR could not be written.
`;

export const salvageCommand: Command = {
  name: "salvage",
  summary: "copies everything that verifies out of a damaged log",
  help,
  run: async (args, io) => {
    const options = parse(args);
    if (options === undefined) {
      io.stdout.write(help);
      return 0;
    }
    return salvage(options, io);
  },
};

interface SalvageOptions {
  readonly source: string;
  readonly out: string;
  readonly json: boolean;
}

function parse(args: readonly string[]): SalvageOptions | undefined {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (cause) {
    throw new CliError("CLI_USAGE", messageOf(cause), { cause });
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [source, surplus] = positionals;
  if (source === undefined || source === "") throw new CliError("CLI_USAGE", "salvage needs a log");
  if (surplus !== undefined) throw new CliError("CLI_USAGE", `one log at a time: "${surplus}" is another`);
  if (values.out === undefined || values.out === "") throw new CliError("CLI_USAGE", "salvage needs --out DIR");
  return { source, out: values.out, json: values.json };
}

async function salvage({ source, out, json }: SalvageOptions, io: CommandIo): Promise<number> {
  const opened = openPath(source);
  const plan = planFor(opened, source);
  const directory = createOutput(out, opened);
  const paint = paintFor(io.stdout, io.env);
  const tally = { records: 0, lost: 0, pieces: 0 };
  try {
    for await (const news of plan(directory)) {
      if (news.kind === "lost") tally.lost++;
      if (news.kind === "salvaged") {
        tally.records += news.records;
        tally.pieces++;
      }
      io.stdout.write(json ? newsJson(news) : newsText(news, paint));
      await io.stdout.drained?.();
    }
  } catch (error) {
    throw explainWriteError(error, out);
  }
  if (!json) {
    const { records, pieces, lost } = tally;
    const losses = lost === 0 ? "nothing was lost" : `${countText(lost)} ${lost === 1 ? "loss" : "losses"}`;
    io.stdout.write(`${plural(records, "record")} in ${plural(pieces, "log")}; ${losses}\n`);
  }
  return tally.lost === 0 ? 0 : 1;
}

type Plan = (out: ReturnType<typeof createOutput>) => AsyncGenerator<SalvageNews, void, undefined>;

/** How what lies there is salvaged. Throws `CLI_NOT_A_LOG`. */
function planFor({ kind, folder, directories }: OpenedPath, argument: string): Plan {
  const { siblings } = folder;
  const [file] = siblings;
  const isLog = siblings.some(({ name }) => {
    return parseSegmentFileName(name) !== undefined || parseCheckpointFileName(name) !== undefined;
  });
  if (isLog) return (out) => writeLogs(salvageDirectory(folder), out, checkpointsOf(WalDirectory.of(folder)));
  if (siblings.some(({ name }) => durabilitySegmentId(name) !== undefined)) return durabilityPlan(folder, "");
  if (kind === "directory" && directories.includes("wal")) {
    const inner = openPath(`${argument}/wal`);
    if (inner.folder.siblings.some(({ name }) => durabilityDigits(name) !== undefined)) {
      return durabilityPlan(inner.folder, "wal/");
    }
  }
  if (kind === "file" && file !== undefined) {
    const { isOurs, isDurability } = contentOf(file);
    if (isDurability) {
      return (out) => writeDurabilityRecords(salvageDurabilityRecords(file), out, outputName(file.name));
    }
    if (isOurs) return (out) => recordLogPlan(out, file);
  }
  throw new CliError("CLI_NOT_A_LOG", `${argument} is no log that is known here, nor a directory with one`);
}

/** What a file holds that has no name by which it is known. */
function contentOf(file: OpenedPath["folder"]["siblings"][number]): {
  readonly isOurs: boolean;
  readonly isDurability: boolean;
} {
  const source = file.open();
  try {
    const isDurability = durabilityRecordLogFormat.recognise(headOf(source), file.name);
    return { isDurability, isOurs: !isDurability && holdsSection(source) };
  } finally {
    source.close();
  }
}

function durabilityPlan(folder: OpenedPath["folder"], prefix: string): Plan {
  const version = folder.siblings.some((sibling) => sibling.head()[4] === 3) ? 3 : 2;
  return (out) => writeDurabilityLogs(salvageDurabilityLog(folder, prefix), out, version);
}

async function* recordLogPlan(
  out: ReturnType<typeof createOutput>,
  file: OpenedPath["folder"]["siblings"][number],
): AsyncGenerator<SalvageNews, void, undefined> {
  const source = file.open();
  try {
    yield* writeLogs(salvageRecordLog(file.name, source), out, [], outputName(file.name));
  } finally {
    source.close();
  }
}

/** The name of a record log, where one that is made may have it. */
function outputName(name: string): string {
  return /^[\w-][\w.-]{0,99}$/.test(name) && !/\.lock|\.aside-/.test(name) ? name : "records";
}

/** Checkpoints that verify, and those that do not; the oldest first, so that the newest is written last. */
function* checkpointsOf(log: WalDirectory): Generator<CheckpointToSalvage | Lost, void, undefined> {
  for (const { name, lsn } of log.checkpoints.toReversed()) {
    const refused = (code: string, reason: string): Lost => {
      return { kind: "lost", file: name, offset: 0, length: 0, firstId: null, lastId: null, code, reason };
    };
    try {
      const outcome = log.readCheckpoint(name);
      if (outcome.kind === "checkpoint") yield { lsn, payload: outcome.payload };
      else yield refused("INSPECT_CHECKPOINT_DAMAGED", outcome.why);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      yield refused(error.code, error.message);
    }
  }
}

function newsJson(news: SalvageNews): string {
  const fields = Object.entries(news).map(([name, value]: [string, string | number | null]) => {
    const isId = name === "firstId" || name === "lastId" || name === "lastAppliedId";
    if (typeof value === "string") return `"${name}":${quoted(value)}`;
    return `"${name}":${isId && value !== null ? `"${value}"` : String(value)}`;
  });
  return `{${fields.join(",")}}\n`;
}

function newsText(news: SalvageNews, paint: Paint): string {
  const kind = news.kind.padEnd(11);
  switch (news.kind) {
    case "salvaged":
      return `${paint.good(kind)}  ${shown(news.output)}  ${plural(news.records, "record")}${idsText(news)}\n`;
    case "checkpoint":
      return `${paint.good(kind)}  ${shown(news.output)}  covers ${news.lastAppliedId}\n`;
    case "passed-over":
      return `${paint.dim(kind)}  ${shown(news.file)}  ${sentence(news.reason)}\n`;
    case "lost": {
      const place = news.file === null ? "" : `${shown(news.file)}  ${news.offset}..${news.offset + news.length}  `;
      return `${paint.bad(kind)}  ${place}${news.code}: ${sentence(news.reason)}${idsText(news)}\n`;
    }
  }
}

function idsText({ firstId, lastId }: { readonly firstId: number | null; readonly lastId: number | null }): string {
  return firstId === null ? "" : `, ${firstId} to ${lastId}`;
}
