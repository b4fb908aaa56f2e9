import type { CrashMatrixReport } from "./crash-matrix-report.js";

/** Every code of a {@link CrashTestError}. The README says for each what to do. */
export const crashTestErrorCodes = [
  "CRASH_TEST_FAILED",
  "CRASH_TEST_UNSETTLED",
  "CRASH_TEST_VACUOUS",
  "CRASH_TEST_BUDGET",
  "CRASH_TEST_NONDETERMINISTIC",
  "CRASH_TEST_INVALID_OPTION",
  "CRASH_TEST_INVALID_REPLAY",
] as const;

/** One of {@link crashTestErrorCodes}. Codes change only in a major version. */
export type CrashTestErrorCode = (typeof crashTestErrorCodes)[number];

/** Thrown by {@link crashMatrix}: a promise was broken, or nothing was proved. */
export class CrashTestError extends Error {
  override readonly name: string = "CrashTestError";
  /** What ended it; stable. */
  readonly code: CrashTestErrorCode;
  /** What had been explored when it ended. Not enumerable: Node prints what is, hundreds of lines below the message. */
  declare readonly report: CrashMatrixReport | undefined;

  constructor(code: CrashTestErrorCode, message: string, report?: CrashMatrixReport, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, "report", { value: report });
  }
}
