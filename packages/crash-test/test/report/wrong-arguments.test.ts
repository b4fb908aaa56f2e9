// Goal: a report is asked for of what is none, as code without types may do, and the answer is a coded error that says what
// it was given.
import { expect, test } from "vitest";
import { crashMatrix, CrashTestError, htmlReport, jsonReport, type CrashMatrixReport } from "../../src/index.js";
import { failureOf, oneByte } from "../small-program.js";

const takers = [
  ["jsonReport", jsonReport],
  ["htmlReport", htmlReport],
] as const;

const whole = await crashMatrix({ ...oneByte, check: () => true });
const failed = (await failureOf({ ...oneByte, check: () => false })).report as CrashMatrixReport;

const refused = (message: string): CrashTestError =>
  expect.objectContaining({ name: "CrashTestError", code: "CRASH_TEST_INVALID_OPTION", message }) as CrashTestError;

const { trace: _, ...withoutTrace } = whole;

test.each<[string, unknown]>([
  ["a value of type undefined", undefined],
  ["null", null],
  ["a value of type string", "report"],
  ["an object whose name is none of a report", {}],
  ["an object whose trace is none of a report", withoutTrace],
  ["an object whose trace is none of a report", { ...whole, trace: { records: 7 } }],
  ["an object whose personalities is none of a report", { ...whole, personalities: [{ personality: "posix" }] }],
  ["an object whose failures is none of a report", { ...whole, failures: undefined }],
  ["an object whose failures is none of a report", { ...whole, failures: [null] }],
  ["an object whose distinct is none of a report", { ...whole, distinct: "1" }],
  ["an object whose recoveries is none of a report", { ...whole, recoveries: undefined }],
  ["its error: take the report of that, where it has one", new CrashTestError("CRASH_TEST_FAILED", "broken", whole)],
  ["a promise: await it", Promise.resolve(whole)],
])("no report is %s", (what, given) => {
  for (const [name, take] of takers) {
    const message = `${name} takes the report of a crash matrix, and got ${what}`;
    expect(() => take(given as CrashMatrixReport)).toThrow(refused(message));
  }
});

test.each([null, 7, "maxRecords"])("%j is no options", (options) => {
  for (const [, take] of takers) {
    expect(() => take(whole, options as unknown as object)).toThrow(refused("options must be an object"));
  }
});

test("what a matrix gives is one, whether it passed or failed, and so is a copy", () => {
  for (const report of [whole, failed, { ...failed }]) {
    expect(jsonReport(report).counts.recoveries).toBe(report.recoveries);
    expect(htmlReport(report)).toContain(`<title>${report.name}: ${report === whole ? "passed" : "failed"}</title>`);
  }
});
