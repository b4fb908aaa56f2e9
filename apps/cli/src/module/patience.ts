import { setImmediate } from "node:timers/promises";
import { CrashTestError } from "@holdfast/crash-test";

/** Turns of the event loop at most, whatever is going on: some seconds. */
export const mostTurns = 2_000_000;
/** Turns at most in a row in which nothing is under way that could settle a promise. Generous: not all work is listed. */
const mostIdleTurns = 100_000;
const turnsBetweenLooks = 1000;
/** By so much the patience is cut that the next recovery is given, once one was waited for in vain. */
const disappointment = 20;
/** No recovery is given up before it took so many times as long as one that came to an end. */
const slowness = 10;

export interface PatienceOptions {
  /** Default 2,000,000. */
  readonly mostTurns?: number;
  /** Default 100,000. */
  readonly mostIdleTurns?: number;
}

/**
 * Waits for recoveries: long while a timer, a request or a process of it is under way, and shortly otherwise. A promise
 * that nothing can settle any more is found out in a fraction of the time that a slow one is given. Where one recovery
 * was waited for in vain, the many that are tried to find out why are not waited for as long.
 */
export class Patience {
  readonly #mostIdleTurns: number;
  readonly #most: number;
  #limit: number;
  #turns = 0;
  #idleTurns = 0;
  /** Of the recoveries that came to an end. */
  #mostTurns = 0;

  constructor(options: PatienceOptions = {}) {
    this.#most = options.mostTurns ?? mostTurns;
    this.#limit = this.#most;
    this.#mostIdleTurns = options.mostIdleTurns ?? mostIdleTurns;
  }

  /** Call at the start of every recovery, and of what else is waited for. */
  begin(): void {
    this.#mostTurns = Math.max(this.#mostTurns, this.#turns);
    this.#turns = 0;
    this.#idleTurns = 0;
  }

  /** @throws {@link CrashTestError} `CRASH_TEST_UNSETTLED` */
  async turn(): Promise<void> {
    await setImmediate();
    this.#turns += 1;
    this.#idleTurns += 1;
    if (this.#turns >= Math.max(this.#limit, slowness * this.#mostTurns)) {
      const turns = this.#turns;
      this.#limit = Math.ceil(this.#most / disappointment);
      throw this.#givenUp(` within ${turns.toLocaleString("en")} turns of the event loop`);
    }
    if (this.#idleTurns % turnsBetweenLooks !== 0) return;
    if (isAtWork()) this.#idleTurns = 0;
    if (this.#idleTurns >= this.#mostIdleTurns) {
      throw this.#givenUp(": nothing is under way that could settle its promise");
    }
  }

  /** Its turns say nothing about those of a recovery that comes to an end. */
  #givenUp(why: string): CrashTestError {
    this.#turns = 0;
    return new CrashTestError("CRASH_TEST_UNSETTLED", `recovery did not come to an end${why}`);
  }
}

/** Standard streams are open all the time. */
function isAtWork(): boolean {
  return process.getActiveResourcesInfo().some((name) => !["Immediate", "PipeWrap", "TTYWrap"].includes(name));
}
