import { personalityOf, type CrashChoice, type Personality, type Trace } from "@holdfast/fs-seam/crash";
import { guessedBlame } from "../blame.js";
import type { CrashFailure, CrashMatrixReport } from "../crash-matrix-report.js";
import { failureText } from "../failure-text.js";
import { fixFor, fixText } from "../fix.js";
import { checkCounts, requireReport } from "./report-options.js";
import {
  crashReportFormat,
  crashReportVersion,
  type JsonBlame,
  type JsonFailure,
  type JsonReport,
  type JsonRun,
  type JsonTruncation,
} from "./report-format.js";
import { runRecord, windowOf } from "./run-record.js";

/** How much of an exploration goes into its report. */
export interface JsonReportOptions {
  /** Records of one run at most; a longer one is cut to a window around its failure. Default 10,000. */
  readonly maxRecords?: number;
  /** Failures at most. Default 20. */
  readonly maxFailures?: number;
}

/** Characters of a message, and of a label, that are kept. */
const longestText = 10_000;
const longestLabel = 1000;
/** Acknowledgements of a failure that are kept, the latest. */
const maxAcknowledged = 1000;

/**
 * A report as plain data, ready for `JSON.stringify`; the format is in `docs/formats/crash-report.md`. Takes what
 * `crashMatrix` resolved with, or the `report` of the error it rejected with. Nothing of the report is changed.
 *
 * @throws {@link CrashTestError} `CRASH_TEST_INVALID_OPTION` for anything else, and for options that are unknown or no counts.
 */
export function jsonReport(report: CrashMatrixReport, options: JsonReportOptions = {}): JsonReport {
  requireReport("jsonReport", report);
  const { maxRecords, maxFailures } = resolve(options);
  const personalities = report.personalities.map(({ rules }) => rules);
  const truncated: JsonTruncation[] = [];
  const shown = report.failures.slice(0, maxFailures);
  noteCut(truncated, "failures", shown.length, report.failures.length);

  const traces = tracesOf(report, shown);
  const runs = traces.map(({ trace, depth, around }): JsonRun => {
    const window = windowOf(trace.records.length, maxRecords, around);
    noteCut(
      truncated,
      depth === 0 ? "records" : `records of recovery ${depth}`,
      window.end - window.first,
      trace.records.length,
    );
    return runRecord(trace, depth, personalities, window);
  });
  const failures = shown.map((failure): JsonFailure => {
    const run = traces.findIndex(({ trace }) => trace === failure.trace);
    return failureRecord(report, failure, run, personalities);
  });
  return {
    format: crashReportFormat,
    version: crashReportVersion,
    name: report.name,
    outcome: report.failures.length > 0 ? "failed" : report.complete ? "passed" : "incomplete",
    level: report.level,
    stopped: report.stopped,
    hash: report.hash,
    counts: { distinct: report.distinct, recoveries: report.recoveries, remembered: report.remembered },
    personalities: report.personalities.map(({ personality, rules, images, limited }) => ({
      name: personality,
      describes: rules.describes,
      images,
      limited: [...limited],
    })),
    runs,
    failures,
    truncated,
  };
}

interface ShownTrace {
  readonly trace: Trace;
  readonly depth: number;
  /** The record number to keep in sight when the run is too long to be shown whole. */
  readonly around: number;
}

/** The workload, then each run in which a failure happened. */
function tracesOf(report: CrashMatrixReport, failures: readonly CrashFailure[]): ShownTrace[] {
  const first = failures[0]?.choices[0]?.at ?? report.trace.records.length;
  const shown: ShownTrace[] = [{ trace: report.trace, depth: 0, around: first }];
  for (const { trace, choices } of failures) {
    if (shown.some((each) => each.trace === trace)) continue;
    shown.push({ trace, depth: choices.length - 1, around: choices.at(-1)?.at ?? 0 });
  }
  return shown;
}

function failureRecord(
  report: CrashMatrixReport,
  failure: CrashFailure,
  run: number,
  personalities: readonly Personality[],
): JsonFailure {
  const { choices, cause, admittedBy, context } = failure;
  const last = choices.at(-1) as CrashChoice; // a failure has at least one
  const judge = personalities.find(({ name }) => name === last.personality) ?? personalityOf(last.personality);
  return {
    run,
    choices,
    admittedBy,
    blame: blameRecord(failure, judge),
    outcome: shortened(cause instanceof Error ? cause.message : String(cause)),
    acknowledged: context.acks.slice(-maxAcknowledged).map(({ label }) => shortened(label, longestLabel)),
    text: shortened(failureText(report.name, failure, judge, failure.recoveries ?? report.recoveries)),
  };
}

function blameRecord({ trace, choices, blame }: CrashFailure, judge: Personality): JsonBlame {
  const found = blame ?? guessedBlame(trace, judge, choices.at(-1) as CrashChoice); // a failure has at least one
  const fix = fixFor(trace, found);
  return {
    kind: found.kind,
    lost: found.lost ?? null,
    trigger: found.trigger ?? null,
    fix: fix === undefined ? null : fixText(trace, fix),
    barriers: fix?.kind === "barriers" ? fix.barriers : [],
  };
}

function shortened(text: string, most = longestText): string {
  return text.length <= most ? text : `${text.slice(0, most)}... (${text.length} characters)`;
}

function noteCut(truncated: JsonTruncation[], what: string, kept: number, total: number): void {
  if (kept < total) truncated.push({ what, kept, total });
}

const defaults = { maxRecords: 10_000, maxFailures: 20 };

function resolve(options: JsonReportOptions): Required<JsonReportOptions> {
  checkCounts(options, defaults);
  return { ...defaults, ...options };
}
