import { profileLine } from "../machine-profile.js";
import { valueText } from "../markdown-table.js";
import { missText } from "../report.js";
import type { PartRun, RawLimit, RunDocument, SuiteRun } from "../run-document.js";
import { curveChart } from "./curve-chart.js";
import { markup, withCode, type Markup } from "./markup.js";
import { pageStyle } from "./page-style.js";
import { ratioTable } from "./ratio-chart.js";

/**
 * A run as one page that needs nothing but itself: no script, no font, no picture, no network. Every chart is drawn here, as SVG, and what it shows stands
 * beside it as text. The content security policy lets the page's own style in and nothing else.
 *
 * @returns HTML, whatever names, notes and reasons of the run contain.
 */
export function htmlPage(run: RunDocument): string {
  const { suites, date, commit, scale, machine } = run;
  const rows = suites.flatMap((suite) => suite.rows);
  const count = (met: boolean): number => rows.filter((row) => row.met === met).length;
  const page = markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Holdfast, measured ${date}</title><style>STYLE</style></head><body>
<h1>Holdfast beside its peers</h1>
<p>Measured ${date}${commit === null ? "" : `, commit ${commit}`}, scale ${scale}. ${rows.length} rows; bars met: ${count(true)}, missed: ${count(false)}.</p>
<p class="note">${profileLine(machine)}</p>
<p class="note">Contestants took turns within each round, and a ratio is the median of those within the rounds: compare ratios, not machines. A diamond is a missed bar.</p>
<nav>${suites.map(({ suite }) => markup`<a href="#${suite}">${suite}</a>`)}</nav>
<main>${suites.map(section)}</main></body></html>
`;
  return page.text.replace("STYLE", () => pageStyle);
}

function section(run: SuiteRun): Markup {
  const { suite, rows, curves, limits, parts, skippedPeers } = run;
  const skipped = skippedPeers.map(
    ({ name, version, reason }) => markup`<li>${name} ${version} is missing: ${reason}</li>`,
  );
  const missed = rows.filter(({ met }) => met === false).map((row) => markup`<li>${withCode(missText(row))}</li>`);
  return markup`<section id="${suite}"><h2>${suite}</h2>
${missed.length === 0 ? "" : markup`<p>Bars missed:</p><ul class="misses">${missed}</ul>`}
${skipped.length === 0 ? "" : markup`<ul class="skipped">${skipped}</ul>`}
${rows.length === 0 ? "" : markup`<div class="scroll">${ratioTable(run)}</div>`}
${curves.length === 0 ? "" : markup`<h3>Cost against size</h3><div class="curves">${curves.map(curveChart)}</div>`}
${limits.length === 0 ? "" : limitTable(limits)}${parts.length === 0 ? "" : partTable(parts)}</section>
`;
}

function limitTable(limits: readonly RawLimit[]): Markup {
  const body = limits.map(({ workload, figure, bytes }) => {
    const speed = bytes === 0 ? "" : `${Math.round((bytes / figure.value) * 1000)} MB/s`;
    return markup`<tr><th scope="row">${workload}</th><td class="number">${valueText(figure.value, "time")}</td><td>${speed}</td></tr>`;
  });
  return markup`<h3>What the machine does with nothing of ours in between</h3><div class="scroll"><table class="limits">
<thead><tr><th scope="col">limit</th><th scope="col">one operation</th><th scope="col">bytes a second</th></tr></thead><tbody>${body}</tbody></table></div>`;
}

function partTable(parts: readonly PartRun[]): Markup {
  const time = (ns: number): string => valueText(ns, "time");
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  const body = parts.map(
    ({ part, wallNs, cpuNs, eventLoopDelay: delay, memory }) =>
      markup`<tr><th scope="row">${part}</th><td>${time(wallNs)}</td><td>${time(cpuNs)}</td><td>${time(delay.p50Ns)}</td><td>${time(delay.p99Ns)}</td><td>${time(delay.maxNs)}</td><td>${mebibytes(memory.rssPeakBytes)}</td><td>${mebibytes(memory.heapPeakBytes)}</td></tr>`,
  );
  const head = [
    "part",
    "wall time",
    "CPU time",
    "loop delay p50",
    "p99",
    "longest",
    "resident at most",
    "heap at most",
  ];
  return markup`<h3>Processes</h3><div class="scroll"><table class="parts">
<thead><tr>${head.map((title) => markup`<th scope="col">${title}</th>`)}</tr></thead><tbody>${body}</tbody></table></div>`;
}
