import { parseArgs } from "node:util";
import type { Command } from "../command.js";
import { onePath, usage } from "../inspect/inspect-options.js";
import { openPath } from "../inspect/host-tree.js";
import { LineOutput } from "../inspect/line-output.js";
import { quoted, sentence, shown } from "../inspect/safe-text.js";
import { countText, paintFor, plural, tableLines, type CommandIo, type Paint } from "../terminal.js";
import { isDatabase, readDatabaseStats } from "./database-stats.js";
import { databaseStatsJson, databaseStatsLines } from "./database-stats-text.js";
import type { CursorState } from "./store-companions.js";
import { readStoreStats, type StoreStats } from "./store-stats.js";

const help = `holdfast stats: a store or a database in numbers

Usage: holdfast stats DIR [--json]

  DIR     the directory of a store or of a database; read beside whoever writes it, and never changed
  --json  one JSON object: docs/dump.md explains its fields, which are stable

Exit code: 0 everything was read; 1 there is damage: the numbers are those of what could be read; 2 wrong usage, no store and no
database, or something that cannot be read. Of a database no table is opened: that is for verify.
`;

export const statsCommand: Command = {
  name: "stats",
  summary: "counts what is in a store or a database: events, streams, tables, bytes",
  help,
  run: async (args, io) => {
    const { values, positionals } = usage(() =>
      parseArgs({
        args: [...args],
        allowPositionals: true,
        options: {
          json: { type: "boolean", default: false },
          help: { type: "boolean", short: "h", default: false },
        },
      }),
    );
    if (values.help) {
      io.stdout.write(help);
      return 0;
    }
    const path = onePath("stats", positionals, "the directory of a store");
    const paint = paintFor(io.stdout, io.env);
    const opened = openPath(path);
    if (isDatabase(opened.folder)) {
      const database = readDatabaseStats(path, opened.folder);
      await print(values.json ? [databaseStatsJson(database)] : databaseStatsLines(database, paint), io);
      return database.damage.length === 0 ? 0 : 1;
    }
    const stats = readStoreStats(path);
    await print(values.json ? [statsJson(stats)] : statsLines(stats, paint), io);
    return stats.damage.length === 0 ? 0 : 1;
  },
};

async function print(lines: readonly string[], io: CommandIo): Promise<void> {
  const output = new LineOutput(io.stdout);
  for (const line of lines) if (!output.push(`${line}\n`)) await output.drain();
  await output.drain();
}

function statsLines(
  { tally, segments, fileBytes, index, accelerator, cursors, damage }: StoreStats,
  paint: Paint,
): string[] {
  const { events, firstSequence, lastSequence } = tally;
  const range = events === 0 ? "" : `, sequences ${countText(firstSequence)} to ${countText(lastSequence)}`;
  const dropped = tally.dropped === 0 ? "" : `, ${countText(tally.dropped)} without payload`;
  const rows: (readonly [string, string])[] = [
    ["events", `${countText(events)}${range}${dropped}`],
    ["streams", countText(tally.streams)],
    ["segments", `${countText(segments)}, ${plural(fileBytes, "byte")}`],
  ];
  if (events > 0) {
    const [record, payload] = [tally.recordBytes / events, tally.payloadBytes / events];
    rows.push(
      [
        "bytes per event",
        `${countText(fileBytes / events)} on disk, ${countText(record)} of record, ${countText(payload)} of payload`,
      ],
      ["time", `${timeText(tally.firstTimeUs)} to ${timeText(tally.lastTimeUs)}`],
    );
  }
  if (index !== undefined) {
    const { footers, frames } = index;
    const counted = index.accelerator === 0 ? "" : `the accelerator for ${plural(index.accelerator, "segment")}, `;
    rows.push(["opens from", `${counted}${plural(footers, "footer")}, and the frames of ${plural(frames, "segment")}`]);
  }
  const { state, reason } = accelerator;
  rows.push(["accelerator", reason === null ? state : `${state}: ${sentence(reason)}`]);
  const lines = rows.map(([name, text]) => `${name.padEnd(16)}  ${text}`);
  const kinds = tally
    .kinds()
    .map(([kind, count]) => [kindText(kind), countText(count.events), countText(count.payloadBytes)]);
  if (kinds.length > 0) lines.push("", ...tableLines([["kind", "events", "payload bytes"], ...kinds]));
  if (cursors.length > 0) {
    lines.push("", ...tableLines([["cursor", "acknowledged", "behind"], ...cursors.map(cursorCells)]));
  }
  for (const text of damage) lines.push(paint.bad(`damaged           ${sentence(text)}`));
  return lines;
}

function cursorCells({ name, sequence, lag }: CursorState): string[] {
  return [shown(name), ...[sequence, lag].map((number) => (number === null ? "unknown" : countText(number)))];
}

function statsJson({ tally, segments, fileBytes, index, accelerator, cursors, damage }: StoreStats): string {
  const { events, streams, dropped, firstSequence, lastSequence, recordBytes, payloadBytes } = tally;
  const kinds = tally.kinds().map(([eventKind, count]) => ({ eventKind, ...count }));
  const numbers = JSON.stringify({
    kind: "stats",
    ...{ events, streams, dropped, firstSequence, lastSequence, segments, fileBytes, recordBytes, payloadBytes },
    bytesPerEvent: events === 0 ? null : Math.round(fileBytes / events),
    firstTimestampUs: tally.firstTimeUs === undefined ? null : String(tally.firstTimeUs),
    lastTimestampUs: tally.lastTimeUs === undefined ? null : String(tally.lastTimeUs),
    index: index ?? null,
    kinds,
    accelerator,
    cursors,
  });
  return `${numbers.slice(0, -1)},"damage":[${damage.map(quoted).join(",")}]}`;
}

function timeText(timeUs: number | undefined): string {
  const date = new Date((timeUs ?? 0) / 1000);
  return Number.isNaN(date.getTime()) ? `${timeUs} µs since 1970` : date.toISOString();
}

function kindText(kind: number): string {
  return `0x${kind.toString(16).padStart(4, "0")}`;
}
