import { markdownNotes, markdownTable, valueText } from "./markdown-table.js";
import { profileLine, type MachineProfile } from "./machine-profile.js";
import { isMet, judgedValue, type Bar, type Row } from "./row.js";

/** One run of one suite. Plain JSON: this is what `--json` writes. */
export interface Report {
  readonly suite: string;
  /** True for a run with `--quick`, whose figures are a look and not a measurement. */
  readonly quick: boolean;
  readonly machine: MachineProfile;
  readonly rows: readonly (Row & { readonly met: boolean | null })[];
}

/** What is committed about a suite: where it was measured, and the figures that mean something elsewhere too. */
export interface Baseline {
  readonly suite: string;
  readonly machine: MachineProfile;
  readonly rows: Readonly<Record<string, BaselineRow>>;
}

export interface BaselineRow {
  readonly workload: string;
  /** Ratio against the peer; null for a row without one. */
  readonly ratio: number | null;
  /** Our own figure in its unit: for a rate, nanoseconds per operation. Means little on another machine. */
  readonly ours: number;
  readonly met: boolean | null;
}

export function reportOf(suite: string, quick: boolean, machine: MachineProfile, rows: readonly Row[]): Report {
  return { suite, quick, machine, rows: rows.map((row) => ({ ...row, met: isMet(row) ?? null })) };
}

export function baselineOf(report: Report): Baseline {
  const rows = report.rows.map((row): [string, BaselineRow] => [
    row.id,
    {
      workload: row.workload,
      ratio: row.ratio === undefined ? null : rounded(row.ratio.value),
      ours: rounded(row.ours.value),
      met: row.met,
    },
  ]);
  return { suite: report.suite, machine: report.machine, rows: Object.fromEntries(rows) };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

/** How far a ratio may move before the report mentions it. */
const tolerance = 1.25;

/**
 * Rows that have become worse than the committed baseline by more than a quarter, one sentence each. Only ratios and
 * sizes are compared: times of two machines say nothing about the code.
 */
export function regressions(report: Report, baseline: Baseline | undefined): string[] {
  if (baseline === undefined) return [];
  return report.rows.flatMap((row) => {
    const before = baseline.rows[row.id];
    if (before === undefined) return [];
    const [now, then] = comparable(row, before);
    if (now === undefined || then === undefined || then === 0) return [];
    const worse = lowerIsBetter(row) ? now / then : then / now;
    return worse > tolerance ? [`${row.workload}: ${now.toFixed(2)}, baseline ${then.toFixed(2)}`] : [];
  });
}

function comparable(row: Row, before: BaselineRow): [number | undefined, number | undefined] {
  if (row.ratio !== undefined) return [row.ratio.value, before.ratio ?? undefined];
  const portable = row.ours.unit === "bytes" || row.ours.unit === "per-byte" || row.ours.unit === "count";
  return portable ? [row.ours.value, before.ours] : [undefined, undefined];
}

function lowerIsBetter(row: Row): boolean {
  return row.ratio === undefined || row.ratio.of === "time";
}

/** The whole report as Markdown. */
export function markdownReport(report: Report, baseline: Baseline | undefined): string {
  const { suite, quick, machine, rows } = report;
  const notes = markdownNotes(rows);
  const missed = rows.filter(({ met }) => met === false);
  const worse = regressions(report, baseline);
  const sections = [
    `## ${suite}${quick ? " (quick look, not a measurement)" : ""}`,
    profileLine(machine),
    markdownTable(rows),
    missed.length === 0 ? "Every bar is met." : `Bars missed:${list(missed.map(missText))}`,
    notes === "" ? "" : `Notes:\n\n${notes}`,
    worse.length === 0 ? "" : `Worse than the committed baseline by more than a quarter:${list(worse)}`,
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function list(entries: readonly string[]): string {
  return `\n\n${entries.map((entry) => `- ${entry}`).join("\n")}`;
}

function missText(row: Row): string {
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
