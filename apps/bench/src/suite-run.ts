import { isMet, type Figure, type Row } from "./row.js";
import {
  runSchemaVersion,
  type Curve,
  type PartRun,
  type RawLimit,
  type RunDocument,
  type RunRow,
  type RunStamp,
  type SkippedPeer,
  type SuiteRun,
} from "./run-document.js";
import { limitOfRow } from "./raw-limits.js";

/** What the process of one part sends back. Plain JSON. */
export interface PartResult {
  readonly usage: PartRun;
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
  readonly skippedPeers: readonly SkippedPeer[];
}

/** Puts the parts of one suite together. Throws where two rows or curves have one name: results and READMEs go by it. */
export function suiteRun(suite: string, limits: readonly RawLimit[], results: readonly PartResult[]): SuiteRun {
  const rows = results.flatMap(({ usage, rows: measured }) =>
    measured.map((row) => runRow(suite, usage.part, limits, row)),
  );
  const curves = results.flatMap((result) => result.curves);
  requireDistinct(suite, rows);
  requireDistinct(suite, curves);
  const skipped = new Map(results.flatMap((result) => result.skippedPeers).map((peer) => [peer.name, peer]));
  return {
    suite,
    limits,
    parts: results.map(({ usage }) => usage),
    rows,
    skippedPeers: [...skipped.values()],
    curves,
  };
}

function runRow(suite: string, part: string, limits: readonly RawLimit[], row: Row): RunRow {
  const found = { ...row, part, met: isMet(row) ?? null };
  const limit = limits.find(({ id }) => id === limitOfRow(suite, row.id));
  return limit === undefined ? found : { ...found, limit: { id: limit.id, factor: factor(row.ours, limit.figure) } };
}

function factor(ours: Figure, limit: Figure): number {
  return ours.value / limit.value; // both are nanoseconds of one operation
}

function requireDistinct(suite: string, named: readonly { readonly id: string }[]): void {
  const seen = new Set<string>();
  for (const { id } of named) {
    if (seen.has(id)) throw new Error(`the suite ${suite} has two of the id ${id}`);
    seen.add(id);
  }
}

export function runDocument(stamp: RunStamp, suites: readonly SuiteRun[]): RunDocument {
  return { schema: "holdfast-bench-run", schemaVersion: runSchemaVersion, ...stamp, suites };
}
