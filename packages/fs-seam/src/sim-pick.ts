import { Prng, streamSeed, type Seed } from "./prng.js";

/** One thing that may happen next in a simulation. */
export interface SimCandidate {
  /**
   * `start`: a job begins. `effect`: an issued operation is carried out. `completion`: the program learns of one that was.
   * `timer`: the earliest timer fires.
   */
  readonly kind: "start" | "effect" | "completion" | "timer";
  /** For people: `sync /log`, `writer`. */
  readonly label: string;
  /** The same for the effect and the completion of one operation, and for nothing else of the run. */
  readonly id: number;
}

/**
 * Chooses what happens next: the index of one candidate. Called once for every decision, also when there is one candidate
 * only. The array is lent until the call returns. A promise holds the simulation until it resolves.
 *
 * The program cannot run meanwhile, so whoever chooses may look at the file systems and must not change them.
 */
export type SimPick = (candidates: readonly SimCandidate[], step: number) => number | PromiseLike<number>;

const twoTo32 = 0x1_0000_0000;

/** Chooses by the stream `schedule` of a seed, one draw for each decision; the default of a scheduler. */
export function seededPick(seed: Seed): SimPick {
  const prng = new Prng(streamSeed(seed, "schedule"));
  // A product instead of a rejected remainder: always one draw, and the bias is below candidates / 2^32.
  return (candidates) => Math.floor((prng.nextU32() * candidates.length) / twoTo32);
}

/** Makes the choices of an earlier run again, from `SimScheduler.picks`; behind their end the first candidate. */
export function replayPicks(picks: readonly number[]): SimPick {
  return (candidates, step) => Math.min(picks[step] ?? 0, candidates.length - 1);
}

/**
 * Visits every schedule of a program, each once: depth first, by running the program again with the next choices.
 *
 * ```ts
 * const walk = new ScheduleWalk();
 * do {
 *   const scheduler = new SimScheduler({ pick: walk.pick });
 *   // build the file system, spawn the jobs, run, check
 * } while (walk.next());
 * ```
 *
 * The program must be deterministic but for the choices, and the clock must not order what the search is to order: leave
 * latencies out. The number of schedules grows with the factorial of what is in flight, so keep programs small.
 */
export class ScheduleWalk {
  /** Choices of the present run, and how many there were to choose from. */
  readonly #path: { index: number; readonly count: number }[] = [];
  #visited = 0;

  /** Takes the next branch of the walk; to be passed as the option `pick` of a scheduler. */
  readonly pick: SimPick = (candidates, step) => {
    const known = this.#path[step];
    if (known === undefined) {
      this.#path.push({ index: 0, count: candidates.length });
      return 0;
    }
    if (known.count === candidates.length) return known.index;
    const change = `${known.count} candidates became ${candidates.length}`;
    throw new TypeError(`the program is not deterministic: at decision ${step} ${change}`);
  };

  /** Schedules that have been run to their end. */
  get visited(): number {
    return this.#visited;
  }

  /** Goes to the next schedule; false when all have been visited. */
  next(): boolean {
    this.#visited += 1;
    for (let last = this.#path.at(-1); last !== undefined; last = this.#path.at(-1)) {
      if (last.index + 1 < last.count) {
        last.index += 1;
        return true;
      }
      this.#path.pop();
    }
    return false;
  }
}
