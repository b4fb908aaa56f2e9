/**
 * Entry `@holdfast/crash-test`: runs storage code once, cuts the power at every moment, and judges what recovery makes
 * of every disk that may be left.
 * @packageDocumentation
 */
export { auto } from "./auto-oracle.js";
export { callText, describeCall, siteOf } from "./call-site.js";
export type { Blame } from "./blame.js";
export { crashMatrix } from "./crash-matrix.js";
export {
  defaultPersonalities,
  type CrashContext,
  type CrashMatrixOptions,
  type ExplorationStrategy,
  type LadderStrategy,
  type LazyStrategy,
  type SampledStrategy,
  type WorkloadRun,
} from "./crash-matrix-options.js";
export { CrashTestError, crashTestErrorCodes, type CrashTestErrorCode } from "./crash-test-error.js";
export type { CrashFailure, CrashMatrixReport, PersonalityReport } from "./crash-matrix-report.js";
export { effectText } from "./failure-text.js";
export { htmlReport, type HtmlReportOptions } from "./report/html-report.js";
export { jsonReport, type JsonReportOptions } from "./report/json-report.js";
export {
  crashReportFormat,
  crashReportVersion,
  type JsonBarrier,
  type JsonBlame,
  type JsonCall,
  type JsonCounts,
  type JsonData,
  type JsonEffect,
  type JsonEvent,
  type JsonFailure,
  type JsonInode,
  type JsonMark,
  type JsonMissingBarrier,
  type JsonName,
  type JsonPersonality,
  type JsonRecord,
  type JsonReport,
  type JsonRun,
  type JsonSize,
  type JsonTruncation,
} from "./report/report-format.js";
export {
  ackedCount,
  allOf,
  atomic,
  BrokenPromise,
  durable,
  idempotent,
  monotonic,
  noGarbage,
  noLeak,
  prefix,
  where,
  type NoLeakOptions,
  type Oracle,
} from "./oracles.js";
