import { runSeedCase, type Difference } from "./seed-case-run.js";
import type { SeedCaseFile } from "./seed-case-file.js";
import type { SeedFormat } from "./seed-outcome.js";

/** What came of one file of cases. Plain JSON. */
export interface SeedFileReport {
  readonly file: string;
  readonly format: SeedFormat;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly { readonly id: string; readonly differences: readonly Difference[] }[];
}

export interface SeedReport {
  readonly format: "seed-report/1";
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly files: readonly SeedFileReport[];
}

/** Runs every case of a file. */
export function reportOn(file: string, { format, cases }: SeedCaseFile): SeedFileReport {
  const failures = cases
    .map((each) => ({ id: each.id, differences: runSeedCase(format, each) }))
    .filter(({ differences }) => differences.length > 0);
  const failed = failures.length;
  return { file, format, cases: cases.length, passed: cases.length - failed, failed, failures };
}

export function sumUp(files: readonly SeedFileReport[]): SeedReport {
  const sum = (field: "cases" | "passed" | "failed"): number => files.reduce((total, file) => total + file[field], 0);
  return { format: "seed-report/1", cases: sum("cases"), passed: sum("passed"), failed: sum("failed"), files };
}

/** The report for people: one line a file, and four for each operation that differs. */
export function describeReport({ files, cases, passed, failed }: SeedReport): string {
  const lines: string[] = [];
  for (const { file, format, cases, failed, failures } of files) {
    const verdict = failed === 0 ? `all ${cases} cases as recorded` : `${failed} of ${cases} cases differ`;
    lines.push(`${file} (${format}): ${verdict}`);
    for (const { id, differences } of failures) {
      for (const { index, op, expected, actual } of differences) {
        lines.push(`  ${id}, operation ${index} (${op})`);
        lines.push(`    expected ${JSON.stringify(expected)}`);
        lines.push(`    actual   ${JSON.stringify(actual)}`);
      }
    }
  }
  lines.push(`${cases} cases: ${passed} passed, ${failed} failed`);
  return `${lines.join("\n")}\n`;
}
