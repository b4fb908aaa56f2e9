import { isMet, type Figure, type Row, type Unit } from "./row.js";

/** The report for people: one Markdown table, columns padded so that it reads as text too. */
export function markdownTable(rows: readonly Row[]): string {
  const head = ["workload", "ours", "peer", "ratio", "bar", "met"];
  const body = rows.map((row) => [
    row.workload,
    figureText(row.ours),
    row.peer === undefined ? "-" : figureText(row.peer),
    ratioText(row),
    barText(row),
    metText(row),
  ]);
  const widths = head.map((title, column) => Math.max(...[head, ...body].map((cells) => (cells[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [line(head), rule, ...body.map(line)].join("\n");
}

/** Notes of the rows that have one, as a list. */
export function markdownNotes(rows: readonly Row[]): string {
  return rows
    .filter(({ note }) => note !== undefined)
    .map(({ workload, note }) => `- **${workload}**: ${note}`)
    .join("\n");
}

function figureText(figure: Figure): string {
  const cpu = figure.cpu === undefined ? "" : ` (${timeText(figure.cpu)} CPU)`;
  return `${figure.name} ${valueText(figure.value, figure.unit)}${cpu}`.trim();
}

function ratioText({ ratio }: Row): string {
  if (ratio === undefined) return "-";
  return ratio.cpu === undefined
    ? `${significant(ratio.value)}x`
    : `${significant(ratio.value)}x (CPU ${significant(ratio.cpu)}x)`;
}

function barText({ bar, ratio, ours }: Row): string {
  if (bar === undefined) return "-";
  if (bar.on === "ratio") return `at ${bar.at} ${bar.value}x${ratio?.of === "time" ? " the time" : ""}`;
  return `at ${bar.at} ${ours.unit === "rate" ? rateText(bar.value) : valueText(bar.value, ours.unit)}`;
}

function metText(row: Row): string {
  const met = isMet(row);
  if (met === undefined) return "-";
  return met ? "yes" : "**no**";
}

/** A value in its unit. */
export function valueText(value: number, unit: Unit): string {
  switch (unit) {
    case "rate":
      return rateText(1e9 / value);
    case "time":
      return timeText(value);
    case "bytes":
      return `${Math.round(value).toLocaleString("en")} B`;
    case "per-byte":
      return value.toFixed(2);
    case "factor":
      return `${significant(value)}x`;
    case "count":
      return String(Math.round(value));
  }
}

function rateText(perSecond: number): string {
  if (perSecond >= 1e6) return `${significant(perSecond / 1e6)} M/s`;
  if (perSecond >= 1e3) return `${significant(perSecond / 1e3)} k/s`;
  return `${significant(perSecond)} /s`;
}

function timeText(ns: number): string {
  if (ns < 1e3) return `${significant(ns)} ns`;
  if (ns < 1e6) return `${significant(ns / 1e3)} µs`;
  return `${significant(ns / 1e6)} ms`;
}

/** Three digits that mean something, never an exponent. */
function significant(value: number): string {
  if (value >= 100) return String(Math.round(value));
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}
