import { CrashTestError } from "../crash-test-error.js";

/**
 * Refuses options that are unknown or no counts from `least` on, with `CRASH_TEST_INVALID_OPTION` naming the option.
 *
 * @param defaults - every option there is.
 */
export function checkCounts(options: object, defaults: Readonly<Record<string, number>>, least = 1): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(defaults, key)) refuse(key, "is unknown");
    const fits = value === undefined || (Number.isSafeInteger(value) && value >= least);
    if (!fits) refuse(key, `must be a whole number from ${least} on`);
  }
}

function refuse(option: string, why: string): never {
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", `option ${option} ${why}`);
}
