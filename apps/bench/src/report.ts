import type { CommittedResults, CommittedRow } from "./committed-results.js";
import { markdownNotes, markdownTable, valueText } from "./markdown-table.js";
import { profileLine } from "./machine-profile.js";
import { judgedValue, type Bar, type Row } from "./row.js";
import type { Curve, RawLimit, RunRow, RunStamp, SuiteRun } from "./run-document.js";

/** How far a figure may move before the report mentions it. */
const tolerance = 1.25;

/**
 * Rows that have become worse than the committed run by more than a quarter, one sentence each. Only ratios and sizes are compared, because times of
 * two machines say nothing about the code; and only rows that did the same work, by their workload.
 */
export function regressions(rows: readonly Row[], committed: CommittedResults | undefined): string[] {
  return rows.flatMap((row) => {
    const before = committed?.rows.find(({ id, workload }) => id === row.id && workload === row.workload);
    if (before === undefined) return [];
    const [now, then] = comparable(row, before);
    if (now === undefined || then === undefined || then === 0) return [];
    const worse = lowerIsBetter(row) ? now / then : then / now;
    return worse > tolerance ? [`${row.workload}: ${now.toFixed(2)}, committed ${then.toFixed(2)}`] : [];
  });
}

function comparable(row: Row, before: CommittedRow): [number | undefined, number | undefined] {
  if (row.ratio !== undefined) return [row.ratio.value, before.ratio?.value];
  const portable = row.ours.unit === "bytes" || row.ours.unit === "per-byte" || row.ours.unit === "count";
  return portable ? [row.ours.value, before.ours.value] : [undefined, undefined];
}

function lowerIsBetter(row: Row): boolean {
  return row.ratio === undefined || row.ratio.of === "time";
}

/** Which run it was and where, as one line. */
export function runLine({ date, commit, scale, machine }: RunStamp): string {
  const how = scale === "usual" ? "" : ` with \`--${scale}\``;
  return `Run of ${date.slice(0, 10)}${how}${commit === null ? "" : ` at ${commit}`}. ${profileLine(machine)}.`;
}

/** What one suite measured, as Markdown. */
export function markdownReport(stamp: RunStamp, run: SuiteRun, committed: CommittedResults | undefined): string {
  const { suite, rows, skippedPeers, limits } = run;
  const notes = markdownNotes(rows);
  const missed = rows.filter(({ met }) => met === false);
  const worse = stamp.scale === "quick" ? [] : regressions(rows, committed);
  const skipped = skippedPeers.map(({ name, version, reason }) => `${name} ${version}: ${reason}`);
  const sections = [
    `## ${suite}${stamp.scale === "quick" ? " (quick look, not a measurement)" : ""}`,
    runLine(stamp),
    markdownTable(rows, skippedPeers),
    missed.length === 0 ? "Every bar is met." : `Bars missed:${list(missed.map(missText))}`,
    skipped.length === 0 ? "" : `Peers skipped, and their rows with them:${list(skipped)}`,
    worse.length === 0 ? "" : `Worse than the committed run by more than a quarter:${list(worse)}`,
    limits.length === 0 ? "" : `Raw limits, right before:${list(limits.map((limit) => limitText(limit, rows)))}`,
    run.curves.length === 0 ? "" : `Cost against size:${list(run.curves.map(curveText))}`,
    run.parts.length === 0 ? "" : `Parts:${list(run.parts.map(partText))}`,
    notes === "" ? "" : `Notes:\n\n${notes}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function list(entries: readonly string[]): string {
  return `\n\n${entries.map((entry) => `- ${entry}`).join("\n")}`;
}

/** The row, what it came to, and its bar. */
export function missText(row: Row): string {
  const { bar } = row;
  return bar === undefined ? row.workload : `${row.workload}: ${missedBy(row, bar)}`;
}

function missedBy(row: Row, bar: Bar): string {
  const value = judgedValue(row) ?? Number.NaN;
  if (bar.on === "ratio") return `${value.toFixed(2)}x, the bar is at ${bar.at} ${bar.value}x`;
  const { unit } = row.ours;
  const text = (amount: number): string => valueText(unit === "rate" ? 1e9 / amount : amount, unit);
  return `${text(value)}, the bar is at ${bar.at} ${text(bar.value)}`;
}

/** A limit, with the rows that are held against it. */
function limitText({ id, workload, figure, bytes }: RawLimit, rows: readonly RunRow[]): string {
  const bandwidth = bytes === 0 ? "" : `, ${((bytes / figure.value) * 1000).toFixed(0)} MB/s`;
  const held = rows.flatMap(({ workload: row, limit }) =>
    limit?.id === id ? [`${row} takes ${limit.factor.toFixed(2)}x its time`] : [],
  );
  const text = `${workload}: ${valueText(figure.value, "time")}${bandwidth}`;
  return held.length === 0 ? text : `${text}; ${held.join(", ")}`;
}

function curveText({ workload, unit, xLabel, points, slope }: Curve): string {
  const sizes = [points[0], points.at(-1)].map((point) => point?.x.toLocaleString("en")).join(" to ");
  const slopes = Object.entries(slope).map(([name, value]) => `${name} ${value.toFixed(2)}`);
  return `${workload}: ${unit} for each, ${sizes} ${xLabel}; slope of ${slopes.join(", ")}`;
}

function partText({ part, wallNs, cpuNs, eventLoopDelay, memory }: SuiteRun["parts"][number]): string {
  const seconds = (ns: number): string => `${(ns / 1e9).toFixed(1)} s`;
  const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const delay = `event loop late by ${valueText(eventLoopDelay.p99Ns, "time")} (99th percentile)`;
  const most = `at most ${mib(memory.rssPeakBytes)} resident, ${mib(memory.heapPeakBytes)} of heap`;
  return `${part}: ${seconds(wallNs)}, ${seconds(cpuNs)} of the processor; ${delay}; ${most}`;
}
