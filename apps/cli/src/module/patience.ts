import { setImmediate } from "node:timers/promises";
import { CrashTestError } from "@holdfast/crash-test";

/** Turns of the event loop at most, whatever is going on: some seconds. */
export const mostTurns = 2_000_000;
/** Turns at most in a row in which nothing is under way that could settle a promise. Generous: not all work is listed. */
const mostIdleTurns = 100_000;
const turnsBetweenLooks = 1000;

/**
 * Waits for a recovery: long while a timer, a request or a process of it is under way, and shortly otherwise. A promise
 * that nothing can settle any more is found out in a fraction of the time that a slow one is given.
 */
export class Patience {
  #idleTurns = 0;
  readonly #mostIdleTurns: number;

  constructor(idleTurns: number = mostIdleTurns) {
    this.#mostIdleTurns = idleTurns;
  }

  /** Call at the start of every recovery. */
  begin(): void {
    this.#idleTurns = 0;
  }

  /** @throws {@link CrashTestError} `CRASH_TEST_UNSETTLED` */
  async turn(): Promise<void> {
    await setImmediate();
    this.#idleTurns += 1;
    if (this.#idleTurns % turnsBetweenLooks !== 0) return;
    if (isAtWork()) this.#idleTurns = 0;
    if (this.#idleTurns < this.#mostIdleTurns) return;
    const why = `recovery did not come to an end: nothing is under way that could settle its promise`;
    throw new CrashTestError("CRASH_TEST_UNSETTLED", why);
  }
}

/** Standard streams are open all the time. */
function isAtWork(): boolean {
  return process.getActiveResourcesInfo().some((name) => !["Immediate", "PipeWrap", "TTYWrap"].includes(name));
}
