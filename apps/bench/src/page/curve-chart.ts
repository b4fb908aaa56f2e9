import type { Curve } from "../run-document.js";
import { logScale, tickText, type LogScale } from "./log-scale.js";
import { markup, type Markup } from "./markup.js";

/**
 * One curve as a chart with two logarithmic axes, so that its slope is what the eye sees: flat is a cost that does not grow with size. Contestants differ
 * by colour, by the shape of their points and by the name at the end of their line.
 */

const size = { width: 460, height: 260 };
const plot = { left: 58, right: 330, top: 12, bottom: 220 };

/** Shapes of points around 0, 0; with more contestants than shapes they begin again. */
const shapes: readonly string[] = [
  "M-4 0A4 4 0 1 0 4 0A4 4 0 1 0 -4 0Z",
  "M-4 -4H4V4H-4Z",
  "M0 -5L5 4H-5Z",
  "M0 -5L5 0L0 5L-5 0Z",
];

export function curveChart(curve: Curve): Markup {
  const { id, workload, unit, xLabel, points, slope } = curve;
  const xs = logScale(points.map(({ x }) => x));
  const ys = logScale(points.flatMap(({ y }) => Object.values(y)));
  const names = [...new Set(points.flatMap(({ y }) => Object.keys(y)))];
  const at = {
    x: (value: number) => along(xs, value, plot.left, plot.right),
    y: (value: number) => along(ys, value, plot.bottom, plot.top),
  };
  const ends = endsOf(curve, names, at.y);
  const lines = names.map((name, index) => {
    const places = points
      .filter(({ y }) => (y[name] ?? 0) > 0)
      .map(({ x, y }) => ({ x: at.x(x), y: at.y(y[name] ?? 0), value: y[name] ?? 0, size: x }));
    const path = places.map(({ x, y }, step) => `${step === 0 ? "M" : "L"}${x} ${y}`).join("");
    const marks = places.map(
      ({ x, y, value, size: many }) =>
        markup`<path class="mark" transform="translate(${x} ${y})" d="${shapes[index % shapes.length] ?? ""}"><title>${name}: ${threeDigits(value)} ${unit} at ${tickText(many)} ${xLabel}</title></path>`,
    );
    const label = markup`<text class="name" x="${plot.right + 10}" y="${(ends.get(name) ?? 0) + 4}">${name}, slope ${(slope[name] ?? 0).toFixed(2)}</text>`;
    return markup`<g class="contestant c${index % shapes.length}"><path class="line" d="${path}"/>${marks}${label}</g>`;
  });
  return markup`<figure class="curve"><figcaption>${workload} <span class="unit">${unit} for each operation</span></figcaption>
<svg viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-label="${id}: ${unit} by ${xLabel}">
${horizontal(ys, at.y)}${vertical(xs, at.x)}
<text class="axis" x="${(plot.left + plot.right) / 2}" y="${size.height - 6}" text-anchor="middle">${xLabel}</text>
${lines}</svg></figure>`;
}

function along(scale: LogScale, value: number, from: number, to: number): number {
  return Math.round((from + scale.at(value) * (to - from)) * 10) / 10;
}

/** Where the names stand: beside the last point, moved apart so that no two lie on each other. */
function endsOf(curve: Curve, names: readonly string[], at: (value: number) => number): Map<string, number> {
  const wanted = names
    .map((name) => ({ name, y: at(curve.points.findLast(({ y }) => (y[name] ?? 0) > 0)?.y[name] ?? 1) }))
    .toSorted((left, right) => left.y - right.y);
  const ends = new Map<string, number>();
  let above = -Infinity;
  for (const { name, y } of wanted) {
    above = Math.max(y, above + 15);
    ends.set(name, above);
  }
  return ends;
}

function horizontal(ys: LogScale, at: (value: number) => number): readonly Markup[] {
  return ys.ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at(tick)}" y2="${at(tick)}"/><text class="axis" x="${plot.left - 6}" y="${at(tick) + 4}" text-anchor="end">${tickText(tick)}</text>`,
  );
}

function vertical(xs: LogScale, at: (value: number) => number): readonly Markup[] {
  return xs.ticks.map(
    (tick) =>
      markup`<line class="grid" x1="${at(tick)}" x2="${at(tick)}" y1="${plot.top}" y2="${plot.bottom}"/><text class="axis" x="${at(tick)}" y="${plot.bottom + 16}" text-anchor="middle">${tickText(tick)}</text>`,
  );
}

function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}
