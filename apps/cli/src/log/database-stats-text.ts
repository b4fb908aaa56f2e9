import { hexOf } from "../inspect/line-json.js";
import { quoted, sentence } from "../inspect/safe-text.js";
import { countText, plural, tableLines, type Paint } from "../terminal.js";
import type { DatabaseStats } from "./database-stats.js";

/** A database in numbers, for people. */
export function databaseStatsLines(
  { state, totals, levels, log, orphans, damage }: DatabaseStats,
  paint: Paint,
): string[] {
  const { pendingRecords, pendingOperations, pendingClears } = log;
  const clears = pendingClears === 0 ? "" : `, ${plural(pendingClears, "clear")}`;
  const orphanBytes = orphans.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  const rows: (readonly [string, string])[] = [
    ["database", hexOf(state.database.databaseId)],
    ["tables", `${countText(totals.tables)}, ${plural(totals.fileBytes, "byte")}`],
    ["entries", `${countText(totals.entries)}, ${countText(totals.deletes)} of them deletes`],
    [
      "log",
      `${plural(log.segments, "segment")}, ${plural(log.fileBytes, "byte")}, up to record ${countText(log.lastLsn)}`,
    ],
    ["not in tables", `${plural(pendingRecords, "record")}, ${plural(pendingOperations, "operation")}${clears}`],
    [
      "in tables",
      `records up to ${countText(state.flushedLsn)}, seqnos up to ${countText(state.lastSeqno)}; the next file is ${countText(state.nextFileNumber)}`,
    ],
  ];
  if (orphans.length > 0) rows.push(["orphans", `${plural(orphans.length, "table")}, ${plural(orphanBytes, "byte")}`]);
  const lines = rows.map(([name, text]) => `${name.padEnd(16)}  ${text}`);
  if (levels.length > 0) {
    const cells = levels.map(({ level, tables, fileBytes, entries, deletes }) =>
      [level, tables, fileBytes, entries, deletes].map(countText),
    );
    lines.push("", ...tableLines([["level", "tables", "bytes", "entries", "deletes"], ...cells]));
  }
  for (const text of damage) lines.push(paint.bad(`damaged           ${sentence(text)}`));
  return lines;
}

/** The same as one JSON object. */
export function databaseStatsJson({ state, totals, levels, log, orphans, missing, damage }: DatabaseStats): string {
  const { database, nextFileNumber, lastSeqno, flushedLsn } = state;
  const { databaseId, formatVersion, levelCount } = database;
  const numbers = JSON.stringify({
    kind: "database-stats",
    ...{ databaseId: hexOf(databaseId), formatVersion, levelCount },
    ...totals,
    levels,
    watermarks: { nextFileNumber, lastSeqno: String(lastSeqno), flushedLsn: String(flushedLsn) },
    log: { ...log, firstLsn: String(log.firstLsn), lastLsn: String(log.lastLsn) },
    orphans,
    missing,
  });
  return `${numbers.slice(0, -1)},"damage":[${damage.map(quoted).join(",")}]}`;
}
