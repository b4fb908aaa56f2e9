import { barText, timesText, valueText } from "../markdown-table.js";
import type { Bar, Figure, Ratio } from "../row.js";
import type { RunRow, SuiteRun } from "../run-document.js";
import { logScale, tickText, type LogScale } from "./log-scale.js";
import { markup, withCode, type Markup } from "./markup.js";

/**
 * The rows of one suite as a table with a chart in one column. All marks lie on one logarithmic axis, on which right is better: how many times as fast
 * as the peer, or how many times less time or space. A dot is the median of the ratios within the rounds, the line through it reaches from the least to the
 * greatest, and the upright stroke is the bar.
 */

const width = 320;
const height = 22;
const margin = 10;

export function ratioTable({ rows }: Pick<SuiteRun, "rows">): Markup {
  const scale = logScale([1, ...rows.flatMap(marksOf)]);
  return markup`<table class="rows">
<thead><tr><th scope="col">workload</th><th scope="col">ours</th><th scope="col">peer</th><th scope="col">${axis(scale)}</th><th scope="col">ratio</th><th scope="col">bar</th><th scope="col">met</th></tr></thead>
<tbody>${rows.map((row) => tableRow(row, scale))}</tbody></table>`;
}

function tableRow(row: RunRow, scale: LogScale): Markup {
  const { workload, note, ours, peer, ratio, limit, met } = row;
  const chart = ratio === undefined ? "" : marks(row, ratio, scale);
  const state = met === false ? "missed" : met === true ? "met" : "open";
  return markup`<tr class="${state}"><th scope="row">${withCode(workload)}${note === undefined ? "" : markup`<p class="note">${withCode(note)}</p>`}</th>
<td>${figure(ours)}${limit === undefined ? "" : markup`<p class="note">${timesText(limit.factor)} the limit ${limit.id}</p>`}</td>
<td>${peer === undefined ? "" : figure(peer)}</td><td class="chart">${chart}</td>
<td class="number">${ratio === undefined ? "" : ratioCell(ratio)}</td><td>${barText(row) ?? ""}</td><td>${metText(met)}</td></tr>`;
}

function ratioCell({ value, of, cpu }: Ratio): Markup {
  const unit = of === "time" ? markup` <span class="unit">of its time or size</span>` : "";
  const processor = cpu === undefined ? "" : markup`<p class="note">CPU ${timesText(cpu)}</p>`;
  return markup`${timesText(value)}${unit}${processor}`;
}

function metText(met: boolean | null): string {
  if (met === null) return "";
  return met ? "yes" : "no";
}

function figure({ name, unit, value, best, worst, cpu }: Figure): Markup {
  const spread =
    best === undefined || worst === undefined
      ? ""
      : markup`<p class="note">${valueText(worst, unit)} to ${valueText(best, unit)}</p>`;
  const processor = cpu === undefined ? "" : markup`<p class="note">${valueText(cpu, "time")} of CPU</p>`;
  return markup`${name} <b>${valueText(value, unit)}</b>${spread}${processor}`;
}

/** Everything of a row that must lie on the axis. */
function marksOf({ ratio, bar }: RunRow): readonly number[] {
  if (ratio === undefined) return [];
  const { value, least = value, greatest = value } = ratio;
  return [value, least, greatest, ...barOn(bar)].map((each) => advantage(ratio, each));
}

function barOn(bar: Bar | undefined): readonly number[] {
  return bar?.on === "ratio" ? [bar.value] : [];
}

/** So that right is better, whatever the ratio is of. */
function advantage({ of }: Ratio, value: number): number {
  return of === "time" ? 1 / value : value;
}

function place(scale: LogScale, value: number): number {
  return Math.round((margin + scale.at(value) * (width - 2 * margin)) * 10) / 10;
}

function axis(scale: LogScale): Markup {
  const labels = scale.ticks.map(
    (tick) => markup`<text x="${place(scale, tick)}" y="14" text-anchor="middle">${tickText(tick)}x</text>`,
  );
  return markup`<span class="unit">times better than the peer</span><br><svg width="${width}" height="18" aria-hidden="true">${labels}</svg>`;
}

function marks({ workload, bar, met }: RunRow, ratio: Ratio, scale: LogScale): Markup {
  const at = (value: number): number => place(scale, advantage(ratio, value));
  const { value, least = value, greatest = value } = ratio;
  const middle = height / 2;
  const grid = scale.ticks.map((tick) => {
    const x = place(scale, tick);
    return markup`<line class="${tick === 1 ? "even" : "grid"}" x1="${x}" x2="${x}" y1="0" y2="${height}"/>`;
  });
  const promised = barOn(bar).map(
    (each) => markup`<line class="bar" x1="${at(each)}" x2="${at(each)}" y1="3" y2="${height - 3}"/>`,
  );
  const x = at(value);
  const dot =
    met === false
      ? markup`<path class="mark" d="M${x - 6} ${middle}L${x} ${middle - 6}L${x + 6} ${middle}L${x} ${middle + 6}Z"/>`
      : markup`<circle class="mark" cx="${x}" cy="${middle}" r="5"/>`;
  return markup`<svg width="${width}" height="${height}" role="img" aria-label="${workload}: ${timesText(value)}"><title>${workload}: ${timesText(value)}, ${timesText(least)} to ${timesText(greatest)} within a round</title>
${grid}${promised}<line class="spread" x1="${at(least)}" x2="${at(greatest)}" y1="${middle}" y2="${middle}"/>${dot}</svg>`;
}
