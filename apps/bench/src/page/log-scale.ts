/** A logarithmic axis: numbers above 0 to places along it. */
export interface LogScale {
  /** Ends of what is shown, both among the ticks. */
  readonly from: number;
  readonly to: number;
  /** Ascending. */
  readonly ticks: readonly number[];
  /** Where a number lies: 0 at `from`, 1 at `to`. What lies outside is moved to the nearer end. */
  at(value: number): number;
}

/**
 * The smallest axis of whole steps that holds all values. A step is a decade, and where less than three of them are shown, 1, 2 or 5 times one.
 *
 * @param values - above 0; others are left out. Without any the axis is that of 1.
 */
export function logScale(values: readonly number[]): LogScale {
  const shown = values.filter((value) => value > 0 && Number.isFinite(value));
  const [least, greatest] = shown.length === 0 ? [1, 1] : [Math.min(...shown), Math.max(...shown)];
  const decades = Math.floor(Math.log10(greatest)) - Math.floor(Math.log10(least));
  const steps = decades < 3 ? [1, 2, 5] : [1];
  const candidates: number[] = [];
  for (let power = Math.floor(Math.log10(least)) - 1; power <= Math.floor(Math.log10(greatest)) + 1; power += 1) {
    candidates.push(...steps.map((step) => Number(`${step}e${power}`)));
  }
  const first = candidates.findLastIndex((tick) => tick <= least);
  const last = candidates.findIndex((tick) => tick >= greatest && tick > (candidates[first] ?? 0));
  const ticks = candidates.slice(first, last + 1);
  const [from, to] = [ticks[0] ?? 1, ticks.at(-1) ?? 10];
  const width = Math.log(to / from);
  return { from, to, ticks, at: (value) => Math.min(1, Math.max(0, Math.log(value / from) / width)) };
}

/** A tick for people: 0.5, 20, 1 k, 10 M. */
export function tickText(value: number): string {
  if (value >= 1e9) return `${value / 1e9} G`;
  if (value >= 1e6) return `${value / 1e6} M`;
  if (value >= 1e3) return `${value / 1e3} k`;
  return String(value);
}
