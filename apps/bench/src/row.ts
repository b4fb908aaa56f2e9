import { best, median, pairedRatios, worst, type Timing } from "./workload.js";

/** One line of a report. Plain JSON, because it crosses from the process that measured to the one that prints. */
export interface Row {
  /** Names the row in committed results and READMEs, for example `memory/append`; never reused for something else. */
  readonly id: string;
  readonly workload: string;
  readonly ours: Figure;
  /** Absent for a figure that stands on its own. */
  readonly peer?: Figure;
  /** Compares the two; absent without a peer. */
  readonly ratio?: Ratio;
  /** Absent for a row that is there for orientation. */
  readonly bar?: Bar;
  /** What a reader must know to judge the row. */
  readonly note?: string;
}

/**
 * `rate`: nanoseconds per operation, shown as operations per second. `time`: nanoseconds. `bytes`: a size. `per-byte`: bytes
 * for each byte written. `factor`: how many times the time. `count`: things.
 */
export type Unit = "rate" | "time" | "bytes" | "per-byte" | "factor" | "count";

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  /** Median over the rounds, where there were rounds. */
  readonly value: number;
  /** Best and worst round. */
  readonly best?: number;
  readonly worst?: number;
  /** Every round, in order; committed results leave them out. */
  readonly rounds?: readonly number[];
  /** Nanoseconds of the processor per operation, where they were counted: the median. */
  readonly cpu?: number;
}

export interface Ratio {
  /** `speed`: how many times as fast as the peer. `time`: how many times its time, or its size. */
  readonly of: "speed" | "time";
  /** Median of the ratios within the rounds; it decides. */
  readonly value: number;
  /** The least and the greatest of the ratios within a round. */
  readonly least?: number;
  readonly greatest?: number;
  /** Every ratio within a round, in order; committed results leave them out. */
  readonly rounds?: readonly number[];
  /** The same of the processor's time, the median; it does not decide. */
  readonly cpu?: number;
}

/** What a row promises about its ratio, or about our figure. */
export interface Bar {
  readonly on: "ratio" | "ours";
  readonly at: "least" | "most";
  readonly value: number;
}

export function atLeast(ratio: number): Bar {
  return { on: "ratio", at: "least", value: ratio };
}

export function atMost(ratio: number): Bar {
  return { on: "ratio", at: "most", value: ratio };
}

/** A bound on our own figure, in its unit; for a rate, `least` operations a second. */
export function bound(at: "least" | "most", value: number): Bar {
  return { on: "ours", at, value };
}

/** Median, best and worst of a timing. */
export function figureOf(timing: Timing, unit: "rate" | "time" = "rate"): Figure {
  const { name, nsPerOperation, cpuNsPerOperation } = timing;
  const figure = {
    name,
    unit,
    value: median(nsPerOperation),
    best: best(nsPerOperation),
    worst: worst(nsPerOperation),
    rounds: nsPerOperation,
  };
  return cpuNsPerOperation === undefined ? figure : { ...figure, cpu: median(cpuNsPerOperation) };
}

/** The ratio of two timings whose rounds were interleaved. */
export function ratioOf(of: Ratio["of"], ours: Timing, peer: Timing): Ratio {
  const [above, below] = of === "speed" ? [peer, ours] : [ours, peer];
  const rounds = pairedRatios(above.nsPerOperation, below.nsPerOperation);
  const ratio = { of, value: median(rounds), least: best(rounds), greatest: worst(rounds), rounds };
  const [cpuAbove, cpuBelow] = [above.cpuNsPerOperation, below.cpuNsPerOperation];
  if (cpuAbove === undefined || cpuBelow === undefined) return ratio;
  return { ...ratio, cpu: median(pairedRatios(cpuAbove, cpuBelow)) };
}

/** A row that compares two interleaved timings. */
export function compare(
  labels: { readonly id: string; readonly workload: string; readonly note?: string },
  ours: Timing,
  peer: Timing,
  judge: { readonly of: Ratio["of"]; readonly bar?: Bar; readonly unit?: "rate" | "time" },
): Row {
  const row = { ...labels, ours: figureOf(ours, judge.unit), peer: figureOf(peer, judge.unit) };
  const ratio = ratioOf(judge.of, ours, peer);
  return judge.bar === undefined ? { ...row, ratio } : { ...row, ratio, bar: judge.bar };
}

/** The number that the bar is about, in the bar's unit; for a rate, operations per second. */
export function judgedValue(row: Row): number | undefined {
  if (row.bar?.on === "ratio") return row.ratio?.value;
  return row.ours.unit === "rate" ? 1e9 / row.ours.value : row.ours.value;
}

/** Whether the row keeps what it promises; undefined when it promises nothing. */
export function isMet(row: Row): boolean | undefined {
  const value = judgedValue(row);
  if (row.bar === undefined || value === undefined) return undefined;
  return row.bar.at === "least" ? value >= row.bar.value : value <= row.bar.value;
}
