export { callText, describeCall, siteOf } from "./call-site.js";
export { crashMatrix } from "./crash-matrix.js";
export type { CrashContext, CrashMatrixOptions, WorkloadRun } from "./crash-matrix-options.js";
export { CrashTestError, crashTestErrorCodes, type CrashTestErrorCode } from "./crash-test-error.js";
export type { CrashFailure, CrashMatrixReport, PersonalityReport } from "./explore.js";
export { effectText } from "./failure-text.js";
