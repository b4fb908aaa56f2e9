import type { Curve, RawLimit, RunRow, RunStamp, Scale, SkippedPeer, SuiteRun } from "./run-document.js";

/**
 * What is committed about a suite, in `results/<suite>.json`: the latest run of each of its rows. READMEs show it, and a run is held against it.
 */
export interface CommittedResults {
  readonly suite: string;
  /** The latest run first. Rows that it did not measure keep an earlier one. */
  readonly runs: readonly RunStamp[];
  /** Of the latest run. */
  readonly limits: readonly RawLimit[];
  readonly skippedPeers: readonly SkippedPeer[];
  readonly rows: readonly CommittedRow[];
  readonly curves: readonly CommittedCurve[];
}

/** A row without its single rounds, to four digits. */
export interface CommittedRow extends RunRow {
  /** Index in `runs`. */
  readonly run: number;
}

export interface CommittedCurve extends Curve {
  /** Index in `runs`. */
  readonly run: number;
}

const scales: readonly Scale[] = ["quick", "usual", "full", "huge"];

/**
 * What is to be committed after a run, when `before` was. A row of before that this run lacks is kept where this run could not have it: where it was
 * measured at a greater scale, or where a peer was skipped. Otherwise it is gone from the suite.
 */
export function committedAfter(
  { date, commit, scale, machine }: RunStamp,
  { suite, limits, rows, skippedPeers, curves }: SuiteRun,
  before: CommittedResults | undefined,
): CommittedResults {
  const stamp: RunStamp = { date, commit, scale, machine };
  const stays = ({ run }: { readonly run: number }): boolean => {
    const { scale: of } = before?.runs[run] ?? stamp;
    return skippedPeers.length > 0 || scales.indexOf(of) > scales.indexOf(scale);
  };
  const keptRows = missingFrom(rows, before?.rows ?? []).filter(stays);
  const keptCurves = missingFrom(curves, before?.curves ?? []).filter(stays);
  const earlier = [...new Set([...keptRows, ...keptCurves].map(({ run }) => run))].sort((a, b) => a - b);
  const moved = <T extends { readonly run: number }>(kept: T): T => ({ ...kept, run: 1 + earlier.indexOf(kept.run) });
  return {
    suite,
    runs: [stamp, ...earlier.flatMap((run) => before?.runs[run] ?? [])],
    limits: limits.map((limit) => ({ ...limit, figure: shortNumbers(limit.figure) })),
    skippedPeers,
    rows: [...rows.map((row) => ({ ...shortRow(row), run: 0 })), ...keptRows.map(moved)],
    curves: [...curves.map((curve) => ({ ...shortCurve(curve), run: 0 })), ...keptCurves.map(moved)],
  };
}

/** What keeps a run from being one that results are committed of, a sentence each. */
export function stampComplaints({ scale, commit }: Pick<RunStamp, "scale" | "commit">): string[] {
  const complaints: string[] = [];
  if (scale !== "full" && scale !== "huge") complaints.push(`it is of the scale ${scale}, and neither full nor huge`);
  if (commit === null) complaints.push("it is of no commit");
  else if (commit.endsWith("-dirty")) complaints.push(`it is not of the commit ${commit.replace("-dirty", "")} alone`);
  return complaints;
}

/** Rows and curves that are shown of a run that they should not be of, the run they were kept of included. */
export function resultComplaints({ suite, runs, rows, curves }: CommittedResults): string[] {
  return runs.flatMap((stamp, index) => {
    const ids = [...rows, ...curves].flatMap(({ id, run }) => (run === index ? [id] : []));
    return stampComplaints(stamp).map(
      (complaint) => `${suite}, run of ${stamp.date}: ${complaint} (${ids.join(", ")})`,
    );
  });
}

/** Those of before that a run lacks, by their ids. */
function missingFrom<T extends { readonly id: string }>(
  now: readonly { readonly id: string }[],
  before: readonly T[],
): T[] {
  const ids = new Set(now.map(({ id }) => id));
  return before.filter(({ id }) => !ids.has(id));
}

/** Four digits that mean something: more would change with every run and say nothing. */
function short(value: number): number {
  return Number(value.toPrecision(4));
}

function shortRow(row: RunRow): RunRow {
  const { ours, peer, ratio, limit } = row;
  return {
    ...row,
    ours: shortNumbers(ours),
    ...(peer && { peer: shortNumbers(peer) }),
    ...(ratio && { ratio: shortNumbers(ratio) }),
    ...(limit && { limit: { ...limit, factor: short(limit.factor) } }),
  };
}

function shortCurve(curve: Curve): Curve {
  const points = curve.points.map(({ x, y }) => ({ x, y: shortNumbers(y) }));
  return { ...curve, points, slope: shortNumbers(curve.slope) };
}

/** Without the single rounds. */
function shortNumbers<T extends object>(figures: T): T {
  const entries = Object.entries(figures).flatMap(([name, value]) => {
    if (name === "rounds") return [];
    return [[name, typeof value === "number" ? short(value) : value] as const];
  });
  return Object.fromEntries(entries) as T; // the same names with values of the same types; rounds are optional
}

/** One row a line, so that a diff of two runs reads as one. */
export function committedText({ rows, curves, limits, ...rest }: CommittedResults): string {
  const lines = (entries: readonly unknown[]): string =>
    entries.length === 0 ? "[]" : `[\n${entries.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n  ]`;
  const head = Object.entries(rest).map(([name, value]) => `  "${name}": ${JSON.stringify(value)}`);
  const lists = Object.entries({ limits, rows, curves }).map(([name, value]) => `  "${name}": ${lines(value)}`);
  return `{\n${[...head, ...lists].join(",\n")}\n}\n`;
}
