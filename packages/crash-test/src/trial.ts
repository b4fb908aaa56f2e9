import type { CrashChoice, Personality, Trace } from "@holdfast/fs-seam/crash";
import type { CrashFailure } from "./crash-matrix-report.js";
import { choiceWithout, type Loss } from "./lost-effects.js";

/** Judges a path of power losses again; undefined when it passes, a rejection when it is not legal. */
export type Replay = (choices: readonly CrashChoice[]) => Promise<CrashFailure | undefined>;

/** Tries other power losses in place of the last one of a failure, as long as it may. */
export class Trial {
  readonly failure: CrashFailure;
  readonly judge: Personality;
  readonly #replay: Replay;
  #left: number;

  constructor(failure: CrashFailure, judge: Personality, replay: Replay, maxReplays: number) {
    this.failure = failure;
    this.judge = judge;
    this.#replay = replay;
    this.#left = maxReplays;
  }

  /** The run in which the last power loss happens. */
  get trace(): Trace {
    return this.failure.trace;
  }

  get choice(): CrashChoice {
    return this.failure.choices.at(-1) as CrashChoice; // a failure has at least one
  }

  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** The failure of this crash, or undefined when it passes, is not legal, or may not be tried any more. */
  async at(moment: number, loss: Loss): Promise<CrashFailure | undefined> {
    const choice = choiceWithout(this.trace, this.judge, moment, loss);
    if (choice === undefined || this.isSpent) return undefined;
    this.#left -= 1;
    const path = [...this.failure.choices.slice(0, -1), choice];
    const again = await this.#replay(path).catch(() => undefined);
    return again?.choices.length === path.length ? again : undefined; // a failure further up the path is another one
  }
}
