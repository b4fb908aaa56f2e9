import { isMet, type Figure, type Ratio, type Row, type Unit } from "./row.js";
import type { SkippedPeer } from "./run-document.js";

/**
 * The report for people: one Markdown table, columns padded so that it reads as text too. What stands behind a ratio in brackets is the least and the
 * greatest within a round.
 *
 * @param skipped - a line each, because the rows that they would have are not there.
 */
export function markdownTable(rows: readonly Row[], skipped: readonly SkippedPeer[] = []): string {
  const head = ["workload", "ours", "peer", "ratio", "bar", "met"];
  const body = rows.map((row) => [
    row.workload,
    figureText(row.ours),
    row.peer === undefined ? "-" : figureText(row.peer),
    ratioText(row),
    barText(row) ?? "-",
    metText(row),
  ]);
  body.push(
    ...skipped.map(({ name, version }) => [`rows with ${name}`, "-", `${name} ${version}`, "-", "-", "skipped"]),
  );
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
  const beside = [spreadText(ratio), ratio.cpu === undefined ? "" : `CPU ${significant(ratio.cpu)}x`];
  const inBrackets = beside.filter((text) => text !== "").join(", ");
  return inBrackets === "" ? timesText(ratio.value) : `${timesText(ratio.value)} (${inBrackets})`;
}

/** The least and the greatest within a round, where they read differently. */
function spreadText({ least, greatest }: Ratio): string {
  if (least === undefined || greatest === undefined) return "";
  const [low, high] = [significant(least), significant(greatest)];
  return low === high ? "" : `${low} to ${high}`;
}

/** So many times. */
export function timesText(value: number): string {
  return `${significant(value)}x`;
}

/** What a ratio is of, in words, where it is not of speed. */
export function ratioOfWhat({ of }: Ratio, { unit }: Figure): string {
  if (of === "speed") return "";
  return unit === "rate" || unit === "time" || unit === "factor" ? " the time" : " as much";
}

/** What the row promises; undefined where it promises nothing. */
export function barText({ bar, ratio, ours }: Row): string | undefined {
  if (bar === undefined) return undefined;
  if (bar.on === "ratio") return `at ${bar.at} ${bar.value}x${ratio === undefined ? "" : ratioOfWhat(ratio, ours)}`;
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
      return significant(value);
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
  if (ns < 1e9) return `${significant(ns / 1e6)} ms`;
  return `${significant(ns / 1e9)} s`;
}

/** Three digits that mean something, two of a small value, never an exponent. */
function significant(value: number): string {
  if (value === 0) return "0";
  if (value < 0.1) return value.toFixed(1 - Math.floor(Math.log10(value)));
  if (value >= 100) return String(Math.round(value));
  if (value >= 10) return value.toFixed(1);
  return value.toFixed(2);
}
