/** Raised inside to end an exploration whose budget is spent. */
export class BudgetSpent extends Error {}

/** What an exploration may cost. */
export interface BudgetLimits {
  readonly maxRecoveries: number;
  /** Milliseconds by `now`. */
  readonly maxMilliseconds: number;
  readonly now: () => number;
}

/** Counts recoveries and watches the clock. */
export class Budget {
  recoveries = 0;
  readonly #limits: BudgetLimits;
  readonly #deadline: number;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#deadline = limits.now() + limits.maxMilliseconds;
  }

  /** Pays for one recovery. Throws {@link BudgetSpent} when there is nothing left. */
  spend(): void {
    const { maxRecoveries } = this.#limits;
    if (this.recoveries >= maxRecoveries) throw new BudgetSpent(`${maxRecoveries} recoveries`);
    this.checkTime();
    this.recoveries += 1;
  }

  checkTime(): void {
    const { maxMilliseconds, now } = this.#limits;
    if (maxMilliseconds < Number.POSITIVE_INFINITY && now() > this.#deadline) {
      throw new BudgetSpent(`${maxMilliseconds} ms`);
    }
  }
}
