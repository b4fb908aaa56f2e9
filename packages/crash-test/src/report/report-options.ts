import { CrashTestError } from "../crash-test-error.js";
import type { CrashMatrixReport } from "../crash-matrix-report.js";

const reportFields: readonly (readonly [keyof CrashMatrixReport, (value: unknown) => boolean])[] = [
  ["name", (value) => typeof value === "string"],
  ["trace", (value) => isObject(value) && Array.isArray(value["records"])],
  ["personalities", (value) => isList(value, "rules")],
  ["failures", (value) => isList(value, "choices")],
  ["distinct", (value) => typeof value === "number"],
  ["recoveries", (value) => typeof value === "number"],
];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isList(value: unknown, field: string): boolean {
  return Array.isArray(value) && value.every((each) => isObject(each) && isObject(each[field]));
}

/** Refuses what is no report, with `CRASH_TEST_INVALID_OPTION` naming the function and what it was given. */
export function requireReport(taker: string, given: unknown): void {
  const what = whatElse(given);
  if (what === undefined) return;
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", `${taker} takes the report of a crash matrix, and got ${what}`);
}

function whatElse(given: unknown): string | undefined {
  if (given instanceof Promise) return "a promise: await it";
  if (given instanceof CrashTestError) return "its error: take the report of that, where it has one";
  if (!isObject(given)) return given === null ? "null" : `a value of type ${typeof given}`;
  const missing = reportFields.find(([field, fits]) => !fits(given[field]));
  return missing === undefined ? undefined : `an object whose ${missing[0]} is none of a report`;
}

/**
 * Refuses options that are unknown or no counts from `least` on, with `CRASH_TEST_INVALID_OPTION` naming the option.
 *
 * @param defaults - every option there is.
 */
export function checkCounts(options: unknown, defaults: Readonly<Record<string, number>>, least = 1): void {
  if (!isObject(options)) throw new CrashTestError("CRASH_TEST_INVALID_OPTION", "options must be an object");
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, key)) refuse(key, "is unknown");
    const fits = value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= least);
    if (!fits) refuse(key, `must be a whole number from ${least} on`);
  }
}

function refuse(option: string, why: string): never {
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", `option ${option} ${why}`);
}
