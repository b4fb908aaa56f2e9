import { htmlReport, type CrashFailure, type CrashMatrixReport } from "@holdfast/crash-test";
import type { Judged } from "./judge-module.js";
import { kindOf } from "./kinds-of-loss.js";

/**
 * A page about a module under all file systems that it was judged under: the page switches between them, and tells one
 * failure of each kind.
 *
 * @param judged - at least one, the gravest first: the page opens on its failure.
 */
export function modulePage(judged: readonly [Judged, ...Judged[]]): string {
  const reports = judged.map(({ report }) => report);
  const [{ report: first }] = judged;
  const sum = (of: (report: CrashMatrixReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return htmlReport({
    ...first,
    personalities: reports.flatMap(({ personalities }) => personalities),
    distinct: sum(({ distinct }) => distinct),
    recoveries: sum(({ recoveries }) => recoveries),
    level: Math.min(...reports.map(({ level }) => level)),
    complete: reports.every(({ complete }) => complete),
    failures: oneOfEachKind(judged),
  });
}

/** The module is run anew under each file system; failures of a run that made other calls do not fit the page. */
function oneOfEachKind(judged: readonly [Judged, ...Judged[]]): CrashFailure[] {
  const shown = judged[0].report.trace;
  const seen = new Set<string>();
  return judged.flatMap(({ verdict, report: { failures, trace, recoveries } }) => {
    if (seen.has(kindOf(verdict)) || callsOf(trace) !== callsOf(shown)) return [];
    seen.add(kindOf(verdict));
    return failures.slice(0, 1).map((failure) => {
      const told = { ...failure, recoveries };
      return failure.trace === trace ? { ...told, trace: shown } : told;
    });
  });
}

function callsOf({ records }: CrashMatrixReport["trace"]): string {
  return records.map(({ kind }) => kind).join(" ");
}
