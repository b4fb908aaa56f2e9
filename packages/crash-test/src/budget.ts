/** Raised inside to end an exploration whose budget is spent. */
export class BudgetSpent extends Error {}

/** Raised inside to end a part of an exploration that has had its share. */
class ShareSpent extends Error {}

/** What an exploration may cost. */
export interface BudgetLimits {
  readonly maxRecoveries: number;
  /** Milliseconds by `now`. */
  readonly maxMilliseconds: number;
  readonly now: () => number;
}

/** What a part of an exploration may cost. Never milliseconds: how far it comes must not depend on the machine. */
export interface Share {
  readonly recoveries: number;
  /** Effects that are put on disks which are only asked, not recovered from. Default: no bound. */
  readonly effects?: number;
}

const noShare: Required<Share> = { recoveries: Number.POSITIVE_INFINITY, effects: Number.POSITIVE_INFINITY };

/** Counts recoveries and watches the clock. */
export class Budget {
  recoveries = 0;
  readonly #limits: BudgetLimits;
  readonly #deadline: number;
  /** What the present share has left. */
  #share = noShare;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#deadline = limits.now() + limits.maxMilliseconds;
  }

  /** Recoveries that are left. */
  get left(): number {
    return this.#limits.maxRecoveries - this.recoveries;
  }

  /** Does a part of the work, and says whether its share was enough. Shares do not nest. */
  async within({ recoveries, effects = noShare.effects }: Share, work: () => Promise<void>): Promise<boolean> {
    this.#share = { recoveries, effects };
    try {
      await work();
      return true;
    } catch (error) {
      if (error instanceof ShareSpent) return false;
      throw error;
    } finally {
      this.#share = noShare;
    }
  }

  /** Pays for one recovery. Throws {@link BudgetSpent} when there is nothing left. */
  spend(): void {
    const { maxRecoveries } = this.#limits;
    if (this.recoveries >= maxRecoveries) throw new BudgetSpent(`${maxRecoveries} recoveries`);
    this.checkTime();
    if (this.#share.recoveries <= 0) throw new ShareSpent();
    if (this.#share !== noShare) this.#share = { ...this.#share, recoveries: this.#share.recoveries - 1 };
    this.recoveries += 1;
  }

  /** Pays for disks that are only asked, from the share alone. */
  spendEffects(count: number): void {
    if (this.#share === noShare) return;
    if (this.#share.effects <= 0) throw new ShareSpent();
    this.#share = { ...this.#share, effects: this.#share.effects - count };
  }

  checkTime(): void {
    const { maxMilliseconds, now } = this.#limits;
    if (maxMilliseconds < Number.POSITIVE_INFINITY && now() > this.#deadline) {
      throw new BudgetSpent(`${maxMilliseconds} ms`);
    }
  }
}
