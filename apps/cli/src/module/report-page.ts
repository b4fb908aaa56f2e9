import type { CrashMatrixReport } from "@holdfast/crash-test";

/** The report of one exploration as the text of a file: plain JSON. */
export function reportPage(report: CrashMatrixReport): string {
  const { name, recoveries, distinct, complete, personalities, failures } = report;
  const shown = failures.map(({ choices, admittedBy, cause }) => ({
    choices,
    admittedBy,
    outcome: cause instanceof Error ? cause.message : String(cause),
  }));
  return `${JSON.stringify({ name, recoveries, distinct, complete, personalities, failures: shown }, undefined, 2)}\n`;
}
